// What people do to keep a dashboard: arrange it, save it, take it along, go back.
import { readFileSync } from 'node:fs';
import { api, base, becomes, check, drawn, panelOf, quiet, visit } from './browser.mjs';

const prom = { type: 'prometheus', uid: 'prom' };
const comes = (locator) => locator.first().waitFor().then(() => true, () => false);
const stored = async (uid) => (await (await api(`/api/dashboards/uid/${uid}`)).json()).dashboard;
const stat = (id, x, y, expr, more = {}) => ({ id, type: 'stat', title: `Number ${id}`, datasource: prom, gridPos: { x, y, w: 6, h: 4 }, targets: [{ refId: 'A', expr }], ...more });
const store = async (dashboard) => check(`${dashboard.uid} is stored`, (await api('/api/dashboards/db', { method: 'POST', body: JSON.stringify({ dashboard: { schemaVersion: 42, ...dashboard }, overwrite: true }) })).ok);
const menu = async (page, entry) => {
  await page.getByRole('button', { name: 'More', exact: true }).click();
  await page.getByRole('menuitem', { name: entry, exact: true }).click();
};
const save = async (page, message, first = async () => {}) => {
  await page.getByRole('button', { name: 'Save', exact: true }).first().click();
  const dialog = page.getByRole('dialog');
  await first(dialog);
  await dialog.getByLabel('What has changed').fill(message);
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
  await dialog.waitFor({ state: 'hidden' });
  await quiet(page);
};

/** Panels are dragged and sized; rows are named and removed. */
export async function arrange(page) {
  const row = { id: 3, type: 'row', title: 'Below', collapsed: false, gridPos: { x: 0, y: 4, w: 24, h: 1 }, panels: [] };
  await store({ uid: 'arranged', title: 'Arranged', panels: [stat(1, 0, 0, 'demo_percent'), stat(2, 6, 0, 'demo_bytes'), row, stat(4, 0, 5, 'demo_seconds')] });
  await visit(page, '/d/arranged');
  await page.getByText('42.5').first().waitFor();
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await page.getByRole('button', { name: 'Done', exact: true }).waitFor();
  await quiet(page); // panels make room for what stands above them then
  const drag = async (handle, dx, dy) => {
    const at = await handle.boundingBox();
    await page.mouse.move(at.x + at.width / 2, at.y + at.height / 2);
    await page.mouse.down();
    await page.mouse.move(at.x + at.width / 2 + dx / 2, at.y + at.height / 2 + dy / 2, { steps: 4 });
    await page.mouse.move(at.x + at.width / 2 + dx, at.y + at.height / 2 + dy, { steps: 4 });
    await page.mouse.up();
    await quiet(page);
  };
  const column = (await panelOf(page, 'Number 2').boundingBox()).width / 6;
  await drag(panelOf(page, 'Number 2').getByRole('heading', { name: 'Number 2' }), column * 8, 0);
  const item = page.locator('.react-grid-item').filter({ has: page.getByRole('heading', { name: 'Number 1', exact: true }) });
  await drag(item.locator('.scene-resize-handle').first(), column * 3, 40);
  await page.getByRole('button', { name: 'Options of row Below' }).click();
  await page.getByRole('dialog').getByLabel('Title').fill('Further down');
  await page.getByRole('dialog').getByRole('button', { name: 'Update' }).click();
  check('a row has its new name', await comes(page.getByRole('button', { name: /row with title Further down/ })));
  await page.getByRole('button', { name: 'Done', exact: true }).click();
  check('what was dragged is not saved yet', await comes(page.getByText('not saved')));
  check('and can be after Done', await comes(page.getByRole('button', { name: 'Save', exact: true })));
  await save(page, 'arranged');
  const [one, two, three] = (await stored('arranged')).panels;
  check('a panel is where it was dragged to', two.gridPos.x === 14 && two.gridPos.y === 0 && two.gridPos.w === 6, JSON.stringify(two.gridPos));
  check('and as large as it was drawn', one.gridPos.w === 9 && one.gridPos.h === 5 && one.gridPos.x === 0, JSON.stringify(one.gridPos));
  check('the row keeps its name', three.title === 'Further down' && three.type === 'row', JSON.stringify(three));
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await page.getByRole('button', { name: 'Remove row Further down' }).click();
  await page.getByRole('button', { name: 'Remove the row and its panels' }).click();
  await save(page, 'without the row');
  check('a row goes with its panels', (await stored('arranged')).panels.map((p) => p.id).join() === '1,2');
}

/** What is on show becomes what the dashboard opens with; a copy stands beside it. */
export async function defaults(page) {
  const list = [{ name: 'which', type: 'custom', query: 'a,b,c', current: { text: 'a', value: 'a' }, later: 1 }];
  await store({ uid: 'opens', title: 'Opens', time: { from: 'now-1h', to: 'now' }, templating: { list }, panels: [stat(1, 0, 0, 'demo_share{instance="$which:9100"}')] });
  await visit(page, '/d/opens?from=now-3h&to=now&var-which=b');
  check('an address has the values of variables', await comes(panelOf(page, 'Number 1').getByText('40', { exact: true })));
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await save(page, 'as it is now', async (dialog) => {
    await dialog.getByLabel('Time range and refresh of now').click({ force: true });
    await dialog.getByLabel('Values of variables of now').click({ force: true });
  });
  const after = await stored('opens');
  check('the dashboard opens with the time and the values of now', after.time.from === 'now-3h' && after.templating.list[0].current.value === 'b' && after.templating.list[0].later === 1, JSON.stringify([after.time, after.templating]));
  const title = `Another ${Date.now()}`;
  await menu(page, 'Save as copy');
  check('a copy has a name of its own', (await page.getByRole('dialog').getByLabel('Title').inputValue()) === 'Opens (copy)');
  await page.getByRole('dialog').getByLabel('Title').fill(title);
  await page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click();
  await page.waitForURL((u) => /\/d\//.test(u.pathname) && !u.pathname.endsWith('/d/opens'), { waitUntil: 'commit' });
  const copy = await stored(/\/d\/([^/?]+)/.exec(page.url())[1]);
  check('a copy is another dashboard', copy.title === title && copy.uid !== 'opens' && copy.panels.length === 1 && (await stored('opens')).title === 'Opens', JSON.stringify(copy));
}

/** Versions are listed with what was said, compared, and brought back. */
export async function versions(page) {
  await store({ uid: 'versions', title: 'At first', panels: [stat(1, 0, 0, 'demo_percent')] });
  const first = await stored('versions');
  await api('/api/dashboards/db', { method: 'POST', body: JSON.stringify({ dashboard: { ...first, title: 'Later' }, message: 'renamed' }) });
  await visit(page, '/d/versions');
  await page.getByText('42.5').first().waitFor();
  await menu(page, 'Versions');
  const drawer = page.getByRole('dialog');
  check('versions have what was said at each', await comes(drawer.getByRole('row').filter({ hasText: 'renamed' })));
  await drawer.getByRole('button', { name: 'Compare' }).first().click();
  check('a version is compared with now', (await comes(drawer.getByText('"At first"'))) && (await comes(drawer.getByText('"Later"'))));
  await drawer.getByRole('button', { name: 'Restore' }).first().click();
  const back = await becomes(async () => {
    const now = await stored('versions');
    return { ok: now.title === 'At first' && now.version === first.version + 2, now };
  });
  check('a version comes back as a new one', back.ok, JSON.stringify(back.now));
  check('and is on show', await comes(page.getByRole('navigation').getByText('At first')));
}

/** A link has the time, the time zone and the variables in it. */
export async function share(page) {
  const hour = 3_600_000;
  const from = Math.floor(Date.now() / hour) * hour - 3 * hour;
  const panels = [{ id: 1, type: 'timeseries', title: 'Loads of $which', datasource: prom, gridPos: { x: 0, y: 0, w: 24, h: 10 }, targets: [{ refId: 'A', expr: 'demo_load{instance=~"$which:.*"}', legendFormat: '{{instance}}' }] }];
  const list = [{ name: 'which', type: 'query', query: 'label_values(demo_load, instance)', regex: '/(.*):9100/', datasource: prom, multi: true, includeAll: true, refresh: 1, current: { text: 'All', value: '$__all' } }];
  await store({ uid: 'zoned', title: 'Zoned', timezone: 'Asia/Tokyo', time: { from: 'now-1h', to: 'now' }, templating: { list }, panels });
  await visit(page, `/d/zoned?from=${from}&to=${from + hour}&var-which=a&var-which=c`);
  const clock = (zone) => `${new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit' }).format(from).padStart(2, '0')}:30`;
  const marked = (text) => becomes(async () => ({ ok: (await drawn(page, 'Loads of a + c')).texts.some((t) => t.text === text) }));
  check('axes are in the dashboard\'s time zone', (await marked(clock('Asia/Tokyo'))).ok, JSON.stringify((await drawn(page, 'Loads of a + c')).texts.map((t) => t.text)));
  const picker = () => page.getByTestId('data-testid TimePicker Open Button').textContent();
  check('and so is the time picker', (await picker()).includes(`${clock('Asia/Tokyo').slice(0, 2)}:00:00`), await picker());
  await menu(page, 'Share link');
  const link = (await page.getByText(/\/d\/zoned\?/).first().textContent()).match(/http\S+/)[0];
  await page.goto(link);
  check('a shared link shows the same', (await marked(clock('Asia/Tokyo'))).ok && (await panelOf(page, 'Loads of a + c').getByText('b:9100').count()) === 0, link);
  await page.goto(base + `/d/zoned?from=${from}&to=${from + hour}&timezone=utc&var-which=a&var-which=c`);
  check('an address can say another time zone', (await marked(clock('UTC'))).ok, JSON.stringify((await drawn(page, 'Loads of a + c')).texts.map((t) => t.text)));
}

/** A dashboard goes as a file, and comes back with another data source. */
export async function travel(page) {
  await store({ uid: 'goes', title: 'Goes', panels: [stat(1, 0, 0, 'demo_percent'), stat(2, 6, 0, 'hearth_no_such_metric')] });
  await visit(page, '/d/goes');
  await page.getByText('42.5').first().waitFor();
  const [file] = await Promise.all([page.waitForEvent('download'), menu(page, 'Export for another Grafana')]);
  const text = readFileSync(await file.path(), 'utf8');
  check('an export asks for its data source', JSON.parse(text).panels[0].datasource.uid === '${DS_KNOWN}' && JSON.parse(text).__inputs[0].label === 'Known', text.slice(0, 300));
  const sources = await (await api('/api/datasources')).json();
  const other = sources.find((s) => s.uid !== 'prom' && s.name.includes('demo')); // others may come and go meanwhile
  await api('/api/dashboards/uid/came', { method: 'DELETE' }); // of a run before
  await visit(page, '/dashboard/import');
  await page.getByLabel('A file with the dashboard').setInputFiles({ name: 'goes.json', mimeType: 'application/json', buffer: Buffer.from(text) });
  await page.getByLabel('Name', { exact: true }).fill('Came');
  await page.getByLabel('Unique identifier (uid)').fill('came');
  check('the default data source is offered', (await page.getByLabel('Known', { exact: true }).inputValue()) === 'Known');
  await page.getByRole('button', { name: 'Check which panels have data' }).click();
  check('what has data there is told before it is saved', await comes(page.getByText('1 of 2 panels have data.')));
  await page.getByLabel('Known', { exact: true }).click();
  await page.getByRole('option').filter({ hasText: other.name }).first().click();
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await page.waitForURL(/\/d\/came/, { waitUntil: 'commit' });
  const came = await stored('came');
  check('an import asks the data source that was chosen', came.panels.every((p) => p.datasource.uid === other.uid) && came.__inputs === undefined, JSON.stringify(came));
}

/** A dashboard that names data sources of elsewhere gets those of here for them, and stays what it is. */
export async function adopt(page) {
  const gone = 'k8s_prometheus';
  const place = (id, x) => ({ id, title: `Adopted ${id}`, type: 'stat', gridPos: { x, y: 0, w: 6, h: 4 } });
  const given = {
    uid: 'adopted', title: 'Adopted', schemaVersion: 16, tags: [gone],
    annotations: { list: [{ name: 'Old', datasource: gone, enable: true, expr: 'ALERTS' }] },
    templating: { list: [{ name: 'of', type: 'query', datasource: gone, query: 'label_values(demo_load, instance)', refresh: 1, current: {} }] },
    panels: [
      { ...place(1, 0), datasource: gone, targets: [{ refId: 'A', expr: 'demo_percent' }] },
      { ...place(2, 6), datasource: { type: 'prometheus', uid: 'P4F1' }, targets: [{ refId: 'A', datasource: { type: 'prometheus', uid: 'P4F1' }, expr: 'demo_share' }] },
    ],
  };
  const replaced = (from, to) => JSON.parse(from.replaceAll(`"datasource":"${gone}"`, `"datasource":"${to}"`).replaceAll('"uid":"P4F1"', `"uid":"${to}"`));
  await api('/api/dashboards/uid/adopted', { method: 'DELETE' }); // of a run before
  await visit(page, '/dashboard/import');
  await page.getByLabel('JSON').fill(JSON.stringify(given));
  await page.getByRole('button', { name: 'Load' }).last().click();
  check('what the dashboard names and is not here is told', await comes(page.getByText('Some data sources of this dashboard are not here')));
  await page.getByRole('button', { name: 'Check which panels have data' }).click();
  check('without a data source nothing has data', await comes(page.getByText('0 of 2 panels have data.')));
  for (const name of [gone, 'P4F1']) {
    await page.getByLabel(`${name}Named in`).click();
    await page.getByRole('option').filter({ hasText: 'Known' }).first().click();
  }
  check('with one of here both panels have', await comes(page.getByText('2 of 2 panels have data.')));
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await page.waitForURL(/\/d\/adopted/, { waitUntil: 'commit' });
  check('and so has the dashboard', await comes(panelOf(page, 'Adopted 1').getByText('42.5')) && await comes(panelOf(page, 'Adopted 2').getByText('a:9100')));
  const { id: _id, version: _version, ...kept } = await stored('adopted');
  const want = replaced(JSON.stringify(given), 'prom');
  check('all else came as it was', Object.keys(kept).length === Object.keys(want).length && Object.keys(want).every((k) => JSON.stringify(kept[k]) === JSON.stringify(want[k])), JSON.stringify(kept));
}
