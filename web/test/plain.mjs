// Hearth as others of the same network open it: over plain http, by a name that is not this
// machine's own. Browsers withhold there what they give to secure pages. Started by `go test
// ./test/browser`.
import { api, becomes, check, finish, grafana, launch, openPage, panelOf, quiet, signIn, signInWithKeys, url } from './browser.mjs';

const home = url.replace('127.0.0.1', 'hearth.lan');
const base = `${home}/grafana/${grafana}`;
const browser = await launch('--host-resolver-rules=MAP hearth.lan 127.0.0.1');
const noted = await openPage(browser, { home, viewport: { width: 1440, height: 900 } });
const { page } = noted;
const param = (name) => new URL(page.url()).searchParams.get(name);

/** What the browser's own key brings from the clipboard, in a page of its own. */
async function pasted() {
  const blank = await page.context().newPage();
  await blank.setContent('<textarea></textarea>');
  await blank.locator('textarea').focus();
  await blank.keyboard.press('Control+V');
  const text = await blank.locator('textarea').inputValue();
  await blank.close();
  return text;
}
const brings = async (what, ok) => {
  const text = await pasted();
  check(what, ok(text), JSON.stringify(text.slice(0, 300)));
};
const says = (text) => page.getByRole('status').getByText(text, { exact: true }).first().waitFor();

async function explore() {
  await page.goto(base + '/explore?expr=demo_percent');
  await page.getByRole('gridcell', { name: '42.5' }).first().waitFor();
  check('the page is none of the secure ones', await page.evaluate(() => !isSecureContext));
  await page.getByRole('button', { name: 'Copy as' }).click();
  await page.getByRole('menuitem', { name: 'Copy as curl', exact: true }).click();
  await says('Copied');
  await brings('a query is copied for curl', (t) => t.startsWith('curl -sS') && t.includes('demo_percent') && t.includes(home));
}

async function dashboard() {
  const panel = { id: 1, type: 'timeseries', title: 'Percent', datasource: { type: 'prometheus', uid: 'prom' }, gridPos: { x: 0, y: 0, w: 24, h: 8 }, targets: [{ refId: 'A', expr: 'demo_percent' }] };
  const stored = await api('/api/dashboards/db', { method: 'POST', body: JSON.stringify({ dashboard: { uid: 'plain', title: 'Plain', schemaVersion: 42, panels: [panel] }, overwrite: true }) });
  check('a dashboard is stored', stored.ok, stored.ok ? '' : await stored.text());
  await page.goto(base + '/d/plain?from=now-2h&to=now-1h');
  await panelOf(page, 'Percent').locator('.u-over').first().waitFor();
  await quiet(page);
  await page.getByRole('button', { name: 'More', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Share link' }).click();
  await says('Link copied');
  await brings('the link is copied', (t) => t.startsWith(`${base}/d/plain?`) && t.includes('now-2h'));
  await page.keyboard.press('t');
  await page.keyboard.press('c');
  await says('Time range copied');
  await page.goto(base + '/d/plain?from=now-15m&to=now');
  await panelOf(page, 'Percent').locator('.u-over').first().waitFor();
  await quiet(page);
  await page.keyboard.press('t');
  await page.keyboard.press('v');
  const back = await becomes(async () => ({ ok: param('from') === 'now-2h' && param('to') === 'now-1h' }));
  check('a time range is taken along', back.ok, page.url());
}

async function console_() {
  await signInWithKeys(noted, home);
  await page.getByRole('button', { name: /^(Create|New) workspace/ }).first().click();
  await page.getByRole('dialog').getByRole('textbox').first().fill('plain http');
  await page.getByRole('dialog').getByRole('button', { name: /^Create/ }).click();
  await page.getByRole('heading', { level: 1, name: 'plain http' }).waitFor();
  await page.getByRole('button', { name: /^Copy / }).first().click();
  await says('Copied');
  await brings('what stands there is copied', (t) => t !== '' && !t.includes('now-2h'));
}

/** A browser that lets nothing be copied is not said to have done it. */
async function refused() {
  await page.evaluate(() => (document.execCommand = () => false));
  await page.getByRole('button', { name: /^Copy / }).first().click();
  check('what could not be copied is said', await page.getByText(/^Not copied/).first().waitFor().then(() => true, () => false));
}

await signIn(noted, '/dashboards', base);
for (const act of [explore, dashboard, console_, refused]) {
  await act().catch((err) => check(act.name, false, String(err)));
}
noted.errors = noted.errors.filter((e) => !/Cross-Origin-Opener-Policy header has been ignored/.test(e)); // so it is, over plain http
await finish(browser, noted);
