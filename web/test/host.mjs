// A Grafana workspace under a host of its own, as wildcard DNS gives it. Started by `go test
// ./test/browser`.
import { api, check, failures, grafana, launch, openPage, panelOf, password, quiet, serious, url } from './browser.mjs';

const port = new URL(url).port;
const home = `http://${grafana}.hearth.test:${port}`;
// A browser takes a host as it takes https ones; otherwise it warns of each page.
const browser = await launch('--host-resolver-rules=MAP *.hearth.test 127.0.0.1', `--unsafely-treat-insecure-origin-as-secure=${home}`);
const noted = await openPage(browser, { viewport: { width: 1360, height: 900 } });
const { page } = noted;
const foreign = [];
page.on('request', (r) => !r.url().startsWith(home + '/') && !/^(data|blob):/.test(r.url()) && foreign.push(r.url()));
const link = (name) => page.getByRole('link', { name, exact: true });

const dashboard = { uid: 'of-host', title: 'Of the host', schemaVersion: 42, links: [{ type: 'dashboards', title: 'Others', tags: ['of-host'], asDropdown: false }], tags: ['of-host'], panels: [{ id: 1, type: 'stat', title: 'Percent', datasource: { type: 'prometheus', uid: 'prom' }, gridPos: { x: 0, y: 0, w: 12, h: 6 }, targets: [{ refId: 'A', expr: 'demo_percent' }] }] };
for (const one of [dashboard, { ...dashboard, uid: 'of-host-too', title: 'Its neighbour' }]) {
  const stored = await api('/api/dashboards/db', { method: 'POST', body: JSON.stringify({ dashboard: one, overwrite: true }) });
  check(`${one.uid} is stored`, stored.ok, stored.ok ? '' : await stored.text());
}
const { url: short } = await (await api('/api/short-urls', { method: 'POST', body: JSON.stringify({ path: 'd/of-host' }) })).json();

// Who is not signed in comes to the form, whether by a page or by a short address.
noted.expected = true; // that nobody is signed in is told with 401
await page.goto(home + new URL(short, home).pathname.replace(`/grafana/${grafana}`, ''));
await page.getByLabel('Password').waitFor();
check('a short address asks who one is on the same host', page.url().startsWith(`${home}/login?return_to=`), page.url());
await page.goto(`${home}/d/of-host`);
await page.getByLabel('Password').fill('not this one');
await page.getByRole('button', { name: 'Sign in', exact: true }).click();
await page.getByRole('alert').filter({ hasText: 'You could not be signed in' }).waitFor();
await page.getByLabel('Password').fill(password);
await page.getByRole('button', { name: 'Sign in', exact: true }).click();
await panelOf(page, 'Percent').getByText('42.5').first().waitFor();
await quiet(page);
noted.expected = false;
check('the dashboard is drawn where it was asked for', new URL(page.url()).pathname.startsWith('/d/of-host'), page.url());
check('a cookie is of this host alone', (await page.context().cookies()).every((c) => c.domain === `${grafana}.hearth.test` && c.path === '/' && c.httpOnly), JSON.stringify(await page.context().cookies()));

// Links stay on the host: those of the frame, of dashboards, and addresses of the host of all.
const links = await page.locator('a[href]').evaluateAll((all) => all.map((a) => a.href));
const away = links.filter((l) => !l.startsWith(home + '/') || l.includes('/grafana/g-'));
check(`${links.length} links stay on the host`, links.length > 5 && away.length === 0, away.join('\n'));
await link('Its neighbour').click();
check('a link of the dashboard leads to its neighbour', await page.waitForURL(`${home}/d/of-host-too**`).then(() => true, () => false), page.url());
await quiet(page);
for (const [name, at] of [['Explore', '/explore'], ['Alerts', '/alerts'], ['Data sources', '/connections/datasources'], ['Dashboards', '/dashboards']]) {
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click();
  await page.waitForURL(home + at + '**');
  await quiet(page);
}
await link('Of the host').click();
await panelOf(page, 'Percent').getByText('42.5').first().waitFor();
await page.goto(`${home}/grafana/${grafana}/d/of-host?from=now-5m`);
await panelOf(page, 'Percent').getByText('42.5').first().waitFor();
check('an address of the host of all becomes one of this', page.url().startsWith(`${home}/d/of-host`) && page.url().includes('from=now-5m'), page.url());
const bad = await serious(page);
check('nothing serious for axe', bad.length === 0, JSON.stringify(bad));

// Signing out ends the session here.
await page.getByRole('button', { name: 'Signed in as admin', exact: true }).click();
await page.getByRole('menuitem', { name: 'Sign out' }).click();
await page.getByLabel('Password').waitFor();
check('who signs out is still on the host', page.url().startsWith(home + '/'), page.url());
check('and has no cookie', (await page.context().cookies()).length === 0);

check('nothing from elsewhere', foreign.length === 0, foreign.join('\n'));
check('no error in the console', noted.errors.length === 0, noted.errors.join('\n'));
await browser.close();
process.exit(failures() ? 1 : 0);
