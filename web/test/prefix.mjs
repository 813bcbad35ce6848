// The pages of a Hearth that stands below a path: nothing is asked for beside it. Started by
// `go test ./test/browser`, which says where Hearth is.
import { readFileSync } from 'node:fs';
import { api, base, check, failures, key, launch, openPage, panelOf, password, quiet } from './browser.mjs';

const url = process.env.HEARTH_URL;
const stored = await api('/api/dashboards/db', { method: 'POST', body: JSON.stringify({ dashboard: JSON.parse(readFileSync(new URL('../testdata/dashboards/kinds.json', import.meta.url), 'utf8')), overwrite: true }) });
check('a dashboard is stored', stored.ok, await stored.text());

const browser = await launch();
const noted = await openPage(browser, { viewport: { width: 1360, height: 900 } });
const { page } = noted;
const beside = [];
page.on('request', (r) => !r.url().startsWith(url + '/') && !/^(data|blob):/.test(r.url()) && beside.push(r.url()));
const comes = (what, locator) => locator.first().waitFor().then(() => true, () => false).then((ok) => check(what, ok, `not at ${page.url()}`));

await page.goto(base + '/d/kinds');
await page.getByLabel('Password').fill(password);
await page.getByRole('button', { name: 'Sign in' }).click();
await comes('a dashboard is drawn after signing in', panelOf(page, 'Percent').getByText('42.5%'));
check('at its own address', page.url().startsWith(base + '/d/kinds'), page.url());
const cookies = await page.context().cookies();
check('the session is of the path alone', cookies.every((c) => c.path.startsWith('/eu/hearth')), JSON.stringify(cookies.map((c) => [c.name, c.path])));
await page.getByRole('link', { name: 'Explore' }).first().click();
await page.waitForURL(/\/explore/, { waitUntil: 'commit' });
await page.goto(base + '/explore?ds=prom&expr=' + encodeURIComponent('sum(demo_share)'));
await comes('Explore answers', page.getByText('120', { exact: true }));
await page.goto(base + '/alerts');
await comes('the alerts are there', page.getByRole('heading', { level: 1 }));
await quiet(page);

// A browser that sends a service account's token, as programs that draw dashboards have
// one, is let in without signing in.
const drawing = await openPage(browser, { extraHTTPHeaders: { Authorization: `Bearer ${key}` } });
await drawing.page.goto(base + '/d/kinds');
const drawn = await panelOf(drawing.page, 'Percent').getByText('42.5%').first().waitFor().then(() => true, () => false);
check('a dashboard is drawn by token', drawn, drawing.page.url());
check('without another error than its broken panel has', drawing.errors.every((e) => /400/.test(e)), drawing.errors.join('\n'));
await drawing.page.context().close();

await page.goto(url + '/');
await page.getByLabel('Access key id').fill('test');
await page.getByLabel('Secret access key').fill('test');
await page.getByRole('button', { name: 'Sign in' }).click();
await comes('the console lists the workspaces', page.getByRole('link', { name: 'browser' }));
for (const path of ['/iam', '/sns', '/scrapers', '/clusters', '/cloudwatch', '/grafana', '/alerts', '/explore']) {
  await page.goto(`${url}/ui${path}`);
  await comes(`the console's ${path} is there`, page.getByRole('heading', { level: 1 }));
  await quiet(page);
}
check('nothing is asked for beside the path', beside.length === 0, beside.join(' '));
check('no error in the console', noted.errors.filter((e) => !/401/.test(e)).length === 0, noted.errors.join('\n'));
await browser.close();
console.log(failures() ? `${failures()} failed` : 'all well');
process.exit(failures() ? 1 : 0);
