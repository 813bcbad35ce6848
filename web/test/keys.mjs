// What keys do on a dashboard: each changes what it says. Started by `go test
// ./test/browser`.
import { api, base, becomes, check, finish, launch, openPage, panelOf, quiet, signIn } from './browser.mjs';

const browser = await launch();
const noted = await openPage(browser, { viewport: { width: 1440, height: 900 }, permissions: ['clipboard-read', 'clipboard-write'] });
const { page } = noted;
const press = async (...keys) => {
  for (const k of keys) {
    await page.keyboard.press(k);
  }
};
const param = (name) => new URL(page.url()).searchParams.get(name);
const time = (name) => (/^\d+$/.test(param(name) ?? '') ? Number(param(name)) : Date.parse(param(name)));
const comes = async (what, locator) => check(what, await locator.first().waitFor().then(() => true, () => false), `not at ${page.url()}`);
const goes = async (what, locator) => check(what, await locator.first().waitFor({ state: 'hidden' }).then(() => true, () => false), `at ${page.url()}`);
const until = async (what, ask) => {
  const found = await becomes(async () => ({ ok: await ask() }));
  check(what, found.ok, page.url());
};

const hour = 3_600_000;
const to = Math.floor(Date.now() / hour) * hour;
const from = to - 4 * hour;
const prom = { type: 'prometheus', uid: 'prom' };
const graph = (id, y, title) => ({ id, type: 'timeseries', title, datasource: prom, gridPos: { x: 0, y, w: 12, h: 6 }, targets: [{ refId: 'A', expr: 'demo_load' }] });
const row = (id, y, title, panels) => ({ id, type: 'row', title, collapsed: true, gridPos: { x: 0, y, w: 24, h: 1 }, panels });
const dashboard = { uid: 'keys', title: 'Of keys', schemaVersion: 42, time: { from: 'now-1h', to: 'now' }, panels: [graph(1, 0, 'First'), row(2, 6, 'One row', [graph(3, 7, 'Within')]), row(4, 8, 'Another row', [graph(5, 9, 'Further')])] };
const stored = await api('/api/dashboards/db', { method: 'POST', body: JSON.stringify({ dashboard, overwrite: true }) });
check('the dashboard is stored', stored.ok, stored.ok ? '' : await stored.text());

const open = async (query = '') => {
  await page.goto(`${base}/d/keys${query}`);
  await panelOf(page, 'First').locator('.u-over').first().waitFor();
  await quiet(page);
};
/** The range of the address, as hours before its begin of old and after its end of old; the picker says another time, too. */
async function moves(what, keys, wantFrom, wantTo) {
  await open(`?from=${from}&to=${to}`);
  const picker = page.getByTestId('dashboard-controls').getByRole('button', { name: /Time range selected/ });
  const before = await picker.innerText();
  await press(...keys);
  const found = await becomes(async () => ({ ok: time('from') === from + wantFrom * hour && time('to') === to + wantTo * hour && (await picker.innerText()) !== before }));
  check(what, found.ok, `${page.url()} ${await picker.innerText()}, before ${before}`);
}

/** Through time. */
async function times() {
  await moves('t z zooms out', ['t', 'z'], -2, 2);
  await moves('t - too', ['t', '-'], -2, 2);
  await moves('t + zooms in', ['t', '+'], 1, -1);
  await moves('t and an arrow to the left go back', ['t', 'ArrowLeft'], -2, -2);
  await moves('and to the right on', ['t', 'ArrowRight'], 2, 2);
  await open();
  check('the range is relative', !/^\d/.test(param('from') ?? 'now-1h'));
  await press('t', 'a');
  await until('t a makes it absolute', () => Math.abs(time('to') - time('from') - hour) < 2000 && Math.abs(time('to') - Date.now()) < hour / 4);
  await open(`?from=${from}&to=${to}`);
  await press('t', 'c');
  await page.getByText('Time range copied').first().waitFor();
  await open();
  await press('t', 'v');
  await until('t c takes a range along, t v brings it', () => time('from') === from && time('to') === to);
  await page.evaluate(() => navigator.clipboard.writeText('no range'));
  await press('t', 'v');
  await comes('what is no range is told', page.getByText('There is no time range in the clipboard'));
  check('and changes nothing', time('from') === from);
}

/** The dashboard and its rows. */
async function around() {
  await open();
  let asked = 0;
  page.on('request', (r) => (asked += /query_range/.test(r.url()) ? 1 : 0));
  await press('d', 'r');
  await until('d r asks again', () => asked > 0);
  await press('d', 'k');
  await goes('d k is the kiosk', page.getByRole('banner'));
  await press('d', 'k');
  await comes('and ends it', page.getByRole('banner'));
  await press('d', 'e');
  await comes('d e opens all rows', page.getByRole('heading', { name: 'Further', exact: true }));
  await comes('really all', page.getByRole('heading', { name: 'Within', exact: true }));
  await press('d', 'C');
  await goes('d C closes them', page.getByRole('heading', { name: 'Further', exact: true }));
  await goes('all of them', page.getByRole('heading', { name: 'Within', exact: true }));
  await press('d', 's');
  const settings = page.getByRole('dialog').or(page.getByRole('heading', { name: 'Settings' }));
  await comes('d s are the settings', settings);
}

/** The panel under the cursor. */
async function panels() {
  await open(`?from=${from}&to=${to}`);
  await panelOf(page, 'First').hover();
  await press('p', 'd');
  await until('p d duplicates the panel under the cursor', async () => (await page.getByRole('heading', { name: 'First', exact: true }).count()) === 2);
  await panelOf(page, 'First').hover();
  await press('p', 'r');
  await until('p r removes it', async () => (await page.getByRole('heading', { name: 'First', exact: true }).count()) === 1);
  page.once('dialog', (d) => d.accept()); // it was edited
  await open(`?from=${from}&to=${to}`);
  await panelOf(page, 'First').hover();
  await press('p', 'x');
  await page.waitForURL(/\/explore/);
  check('p x takes its query and the time to Explore', param('expr') === 'demo_load' && time('from') === from && time('to') === to, page.url());
  await open();
  await panelOf(page, 'First').hover();
  await press('v');
  await page.waitForURL(/viewPanel=1/);
  await press('Escape');
  await until('Escape leaves a panel alone', () => param('viewPanel') === null);
  await press('Control+o');
  await comes('Ctrl-O switches the shared crosshair, which can be saved', page.getByText('not saved'));
  await press('Control+o');
  await goes('and back', page.getByText('not saved'));
}

/** The search, and the list of keys. */
async function search() {
  const palette = page.getByRole('combobox', { name: 'Search or jump to' });
  for (const [name, key] of [['/', '/'], ['Ctrl-K', 'Control+k']]) {
    await page.goto(base + '/dashboards');
    await quiet(page);
    await press(key);
    await palette.waitFor();
    await palette.fill('of keys');
    await page.getByRole('option', { name: /Of keys/ }).waitFor();
    await press('Enter');
    await page.waitForURL(/\/d\/keys/);
    check(`${name} finds a dashboard and goes there`, true);
    await press(key);
    await palette.fill('silen');
    await page.getByRole('option', { name: /Silences/ }).waitFor();
    await press('ArrowDown', 'ArrowUp', 'Enter');
    await page.waitForURL(/\/alerts\/silences/);
    await press(key);
    await palette.waitFor();
    await press('Escape');
    await goes(`Escape closes what ${name} opened`, palette);
  }
  await page.goto(base + '/explore');
  await page.getByRole('textbox', { name: 'PromQL query' }).click();
  await press('/', 't', 'z');
  check('where one writes, keys are letters', (await palette.count()) === 0 && (await page.getByRole('textbox', { name: 'PromQL query' }).innerText()).trim() === '/tz');
  await open();
  await press('?');
  const list = page.getByRole('dialog').getByRole('rowheader');
  await list.first().waitFor();
  const keys = (await list.allInnerTexts()).join(' | ');
  check('? is the list of keys', ['p x', 't z', 't c, t v', 'd C', 'Ctrl-O', '?'].every((k) => keys.includes(k)), keys);
  await press('t', 'z', 'd', 'k');
  check('which other keys leave alone', param('kiosk') === null && param('from') === null);
  await press('Escape');
  await goes('Escape closes it', list);
}

await signIn(noted);

const only = process.argv.slice(2);
for (const act of [times, around, panels, search]) {
  if (!only.length || only.includes(act.name)) {
    await act().catch((err) => check(act.name, false, String(err)));
  }
}

await finish(browser, noted);
