// What people do in the browser, on a real Hearth with known samples.
// Started by `go test ./test/browser`, which says where Hearth is.
import { readdirSync, readFileSync } from 'node:fs';
import { api, base, becomes, check, failures, launch, noMore, openPage, panelOf, password, quiet } from './browser.mjs';
import { editing } from './editing.mjs';

const folder = new URL('../testdata/dashboards/', import.meta.url);

for (const name of readdirSync(folder)) {
  const answer = await api('/api/dashboards/db', { method: 'POST', body: JSON.stringify({ dashboard: JSON.parse(readFileSync(new URL(name, folder), 'utf8')), overwrite: true }) });
  check(`${name} is stored`, answer.ok, await answer.text());
}

const browser = await launch();
const noted = await openPage(browser, { viewport: { width: 1440, height: 2200 } });
const { page } = noted;

const panel = (title) => panelOf(page, title);
/** Whether it comes. */
const comes = (locator) => locator.first().waitFor().then(() => true, () => false);
const open = async (path) => {
  await page.goto(base + path);
  await quiet(page);
};
const texts = async (title, wants) => {
  for (const want of wants) {
    const ok = await comes(panel(title).getByText(want));
    check(`${title} shows ${want}`, ok, ok ? '' : `it shows ${JSON.stringify((await panel(title).textContent({ timeout: 1000 }).catch(() => 'nothing')) ?? '')}`);
  }
};
const count = async (title, id, want) => {
  const found = await becomes(async () => {
    const n = await panel(title).getByTestId(id).count();
    return { ok: typeof want === 'function' ? want(n) : n === want, n };
  });
  check(`${title} has ${want} of ${id}`, found.ok, `it has ${found.n}`);
};

// Sign in, by the form.
noted.expected = true; // the first question is answered 401
await page.goto(base + '/d/kinds');
await page.getByLabel('Password').fill(password);
await page.getByRole('button', { name: 'Sign in' }).click();
await page.waitForURL(/\/d\/kinds/);
await page.getByRole('heading', { name: 'Load', exact: true }).waitFor();
await quiet(page);
check('who signs in comes back to where they were', page.url().includes('/d/kinds'));

// Every kind of panel, with the values of known samples.
await texts('Load', ['a:9100', 'Mean', '90%']);
await texts('Bytes', ['1.50']);
await texts('Percent', ['42.5%']);
await texts('Shares', ['a:9100', 'c:9100']);
await texts('Targets', ['fine', 'down', 'c:9100']);
const pie = await becomes(async () => {
  const text = (await panel('Pie').textContent()) ?? '';
  return { ok: ['c:9100 60%50%', 'b:9100 40%33%', 'a:9100 20%17%'].every((t) => text.includes(t)), text };
});
check('Pie shows values and parts of the whole', pie.ok, pie.text);
await texts('Requests', ['11.0 req/s', '22.0 req/s', '33.0 req/s']);
await texts('States', ['pump', 'idle', 'on']);
await texts('Words', ['A heading']);
await texts('Somewhere', [/not drawn here/]);
await texts('Nothing', ['No data']);
await texts('Wrong', [/parse error/]);
await count('Pie', 'pie-slice', 3);
await count('Requests', 'bar', 3);
await count('Distribution', 'bar', (n) => n > 5);
await count('States', 'lane', 2);
await count('Latency', 'heatmap', 1);
const fill = await panel('Percent').getByTestId('gauge-fill').getAttribute('stroke');
check('Percent is orange: 42.5 is between 30 and 50', fill?.toLowerCase() === '#ff9830', `it is ${fill}`);
check('a script in a text does not run', (await page.locator('script:has-text("alert(1)")').count()) === 0);
await panel('Nothing').getByRole('button', { name: 'Why?' }).click();
check('no data is explained, with the nearest name', await comes(page.getByText('No metric is called demo_lod.')));
check('the nearest name is demo_load', await comes(page.getByText('demo_load', { exact: true })));
await noMore(noted);

await open('/d/rows-v4');
await texts('Old bytes', ['1.50']);
await texts('Old gauge', ['42.5%']);
await texts('Old mapping', ['UP']);
await texts('Old graph', ['a:9100', 'Mean']);
await texts('Old table', ['20.0%', '60.0%']);
check('the collapsed row is closed', (await page.getByRole('heading', { name: 'Hidden graph' }).count()) === 0);
await page.getByRole('button', { name: /Expand row with title Closed/ }).click();
check('and opens', await comes(page.getByRole('heading', { name: 'Hidden graph' })));

await open('/d/variables');
for (const i of ['a', 'b', 'c']) {
  check(`the panel is repeated for ${i}`, await comes(page.getByRole('heading', { name: `Copy ${i}`, exact: true })));
  check(`the row is repeated for ${i}`, await comes(page.getByText(`Row of ${i}`)));
}
await texts('Copy b', ['40']);
await open('/d/units');
await texts('Seconds', ['12.5']);
await texts('Decimals', ['42.500']);
await texts('Mapped', ['between']);
await open('/d/shared');
await texts('Follower', ['60']);
await open('/d/transformed');
await texts('Joined', ['Share', 'Up', 'a:9100']);
for (const uid of ['annotated', 'overrides', 'gauge-6', 'pie-old', 'heatmap-old', 'heatmap-counted', 'mixed', 'dressed', 'collapsed', 'links', 'rows-v1', 'library', 'empty', 'many']) {
  await open(`/d/${uid}`);
  check(`${uid} is drawn without an error`, (await page.getByText('An unexpected error happened').count()) === 0);
  if (!['empty', 'links'].includes(uid)) {
    const bad = await page.getByText('No data', { exact: true }).count();
    check(`${uid} has data everywhere`, bad === 0, `${bad} panels have none`);
  }
}

// An edit writes what was edited, and nothing else.
const before = await (await api('/api/dashboards/uid/overrides')).json();
await open('/d/overrides?editPanel=1');
await page.getByLabel('Title', { exact: true }).fill('Painted');
await page.getByLabel('Title', { exact: true }).blur();
await page.getByRole('button', { name: 'Back to dashboard' }).click();
await page.getByRole('button', { name: 'Edit', exact: true }).click();
await page.getByRole('button', { name: 'Save', exact: true }).click();
await page.getByLabel('What has changed').fill('another name');
await page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click();
await page.getByText('Saved', { exact: true }).first().waitFor();
const after = await (await api('/api/dashboards/uid/overrides')).json();
before.dashboard.panels[0].title = 'Painted';
before.dashboard.version = after.dashboard.version;
check('the save changed the title alone', JSON.stringify(before.dashboard) === JSON.stringify(after.dashboard), JSON.stringify(after.dashboard));

noted.expected = true; // a save that is refused is part of it
await editing({ page, base, api, check, panel });
await noMore(noted);

// Explore.
await open('/explore?ds=prom&expr=' + encodeURIComponent('sum(demo_share)'));
check('explore shows the sum', await comes(page.getByText('120', { exact: true }).first()));
await page.getByRole('button', { name: 'Explain' }).click();
check('explore explains the parts', await comes(page.getByText(/1 series = 120/)));

// Import, by pasting.
await api('/api/dashboards/uid/pasted', { method: 'DELETE' }); // of a run before
await open('/dashboard/import');
await page.getByLabel('JSON').fill(JSON.stringify({ title: 'Pasted', uid: 'pasted', schemaVersion: 30, __inputs: [{ name: 'DS_X', label: 'Prometheus', type: 'datasource', pluginId: 'prometheus' }], panels: [{ id: 1, type: 'stat', title: 'Pasted percent', datasource: '${DS_X}', gridPos: { x: 0, y: 0, w: 12, h: 6 }, targets: [{ refId: 'A', expr: 'demo_percent' }] }, { id: 2, type: 'stat', title: 'Pasted nothing', datasource: '${DS_X}', gridPos: { x: 12, y: 0, w: 12, h: 6 }, targets: [{ refId: 'A', expr: 'demo_percnt' }] }] }));
await page.getByRole('button', { name: 'Load' }).last().click();
await page.getByRole('button', { name: 'Check which panels have data' }).click();
check('the report names the panel without data', await comes(page.getByText('1 of 2 panels have data.')));
await page.getByRole('button', { name: 'Import', exact: true }).click();
await page.waitForURL(/\/d\/pasted/, { waitUntil: 'commit' });
await texts('Pasted percent', ['42.5']);

// All that a first load transfers: scripts, styles, fonts and the page.
const first = await page.context().newPage();
await first.goto(base + '/d/kinds');
await first.getByRole('heading', { name: 'Load', exact: true }).waitFor();
await quiet(first);
const bytes = await first.evaluate(() =>
  [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource').filter((e) => /\/ui\/assets\//.test(e.name))].reduce((n, e) => n + e.encodedBodySize, 0)
);
check(`a dashboard of all kinds of panels loads ${Math.round(bytes / 1000)} kB`, bytes > 300_000 && bytes < 970_000, `${bytes} bytes`);
check('no request went elsewhere', noted.foreign.length === 0, noted.foreign.join(' '));
check('no error in the console', noted.errors.length === 0, noted.errors.join('\n'));
await browser.close();
console.log(failures() ? `${failures()} failed` : 'all well');
process.exit(failures() ? 1 : 0);
