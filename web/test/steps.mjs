// What becomes of answers before they are drawn: transformations, expressions, repeats, links.
import { readFileSync } from 'node:fs';
import { api, base, becomes, check, openPage, panelOf, quiet, visit } from './browser.mjs';

const prom = { type: 'prometheus', uid: 'prom' };
const expression = { type: '__expr__', uid: '__expr__' };
const table = (expr) => ({ refId: 'A', expr, instant: true, format: 'table', datasource: prom });
const panel = (id, type, title, more) => ({ id, type, title, datasource: prom, gridPos: { x: ((id - 1) % 3) * 8, y: Math.floor((id - 1) / 3) * 5, w: 8, h: 5 }, options: {}, fieldConfig: { defaults: {}, overrides: [] }, ...more });

export const dashboard = {
  uid: 'steps', title: 'Steps', schemaVersion: 42, timezone: 'utc', time: { from: 'now-1h', to: 'now' },
  templating: { list: [
    { type: 'custom', name: 'word', query: 'one,two', current: { text: 'one', value: 'one' } },
    { type: 'custom', name: 'who', query: 'a,b', multi: true, current: { text: ['a', 'b'], value: ['a', 'b'] } },
    { type: 'switch', name: 'only', current: { text: 'all', value: '.*' }, options: [{ text: 'a', value: 'a' }, { text: 'all', value: '.*' }] },
  ] },
  panels: [
    panel(1, 'stat', 'Rows', { targets: [table('demo_share')], transformations: [{ id: 'rowsToFields', options: { nameField: 'instance', valueField: 'Value' } }] }),
    panel(2, 'table', 'Trends', { targets: [{ refId: 'A', expr: 'demo_share', datasource: prom }], transformations: [{ id: 'timeSeriesTable', options: {} }] }),
    panel(3, 'table', 'Unknown step', { targets: [table('demo_share')], transformations: [{ id: 'of-tomorrow', options: {} }] }),
    panel(4, 'stat', 'Doubled', { targets: [{ ...table('demo_share'), format: undefined, hide: true }, { refId: 'B', type: 'math', expression: '$A * 2', datasource: expression }] }),
    panel(5, 'stat', 'Linked', { targets: [table('demo_percent')], fieldConfig: { defaults: { links: [{ title: 'There', url: '/d/gallery-values?var-x=${__field.name}' }] }, overrides: [] } }),
    panel(6, 'text', 'Said', { options: { mode: 'markdown', content: '[There](/d/gallery-values) ${__dashboard} ${__dashboard.uid} $word' } }),
    panel(7, 'stat', 'Copy $who', { targets: [{ refId: 'A', expr: 'demo_share{instance="$who:9100"}', legendFormat: '{{instance}}', datasource: prom }], repeat: 'who', repeatDirection: 'h', gridPos: { x: 0, y: 10, w: 24, h: 5 } }),
    panel(8, 'stat', 'Its own hour', { targets: [table('demo_percent')], timeFrom: '1h', gridPos: { x: 0, y: 15, w: 8, h: 5 } }),
    panel(9, 'stat', 'A quiet hour', { targets: [table('demo_percent')], timeFrom: '1h', hideTimeOverride: true, gridPos: { x: 8, y: 15, w: 8, h: 5 } }),
    panel(10, 'table', 'Chosen', { targets: [table('demo_share{instance=~"${only}:.*"}')], gridPos: { x: 16, y: 15, w: 8, h: 5 } }),
  ],
};

const words = (page, title) => panelOf(page, title).innerText().catch(() => '');
const shows = async (page, title, wants) => {
  const found = await becomes(async () => {
    const text = (await words(page, title)).replace(/\s+/g, ' ');
    return { ok: wants.every((w) => text.includes(w)), text };
  });
  check(`${title} shows ${wants.join(' | ')}`, found.ok, found.text.slice(0, 300));
};
const menu = async (page, title, entry) => {
  await panelOf(page, title).hover();
  await page.getByRole('button', { name: `Menu for panel ${title}`, exact: true }).click();
  await page.getByRole('menuitem', { name: entry, exact: true }).click();
};

export async function steps(given) {
  const stored = await api('/api/dashboards/db', { method: 'POST', body: JSON.stringify({ dashboard, overwrite: true }) });
  check('steps is stored', stored.ok, await stored.text());
  // An unknown transformation is an error in the console of the libraries.
  const noted = await openPage(given.context().browser(), { storageState: await given.context().storageState() });
  const { page } = noted;
  await page.goto(base + '/d/steps');
  await shows(page, 'Rows', ['a:9100', '20', 'c:9100', '60']);
  await shows(page, 'Trends', ['instance', 'a:9100', 'Trend']);
  const trend = await becomes(async () => ({ ok: (await panelOf(page, 'Trends').locator('canvas, svg').count()) > 0 }));
  check('a trend is drawn in its row', trend.ok);
  await shows(page, 'Doubled', ['40', '80', '120']);
  await shows(page, 'Said', ['There', 'Steps', 'steps', 'one']);
  const root = new URL(base).pathname;
  check('a link of a text stays in the Grafana workspace', (await panelOf(page, 'Said').getByRole('link', { name: 'There' }).getAttribute('href')) === `${root}/d/gallery-values`);
  await shows(page, 'Linked', ['42.5']);
  const href = await panelOf(page, 'Linked').locator('a[href*="gallery-values"]').first().getAttribute('href').catch(() => 'none');
  check('and so does a data link', href?.startsWith(`${root}/d/gallery-values?var-x=`), href);
  await panelOf(page, 'Unknown step').locator('[data-testid*="Panel status error"], button[aria-label*="error" i]').first().waitFor();
  await panelOf(page, 'Unknown step').locator('[data-testid*="Panel status error"], button[aria-label*="error" i]').first().hover();
  check('an unknown transformation is named', await page.getByText(/the transformation "of-tomorrow" is not known here/).first().waitFor().then(() => true, () => false));

  check('a range of its own is said', (await words(page, 'Its own hour')).includes('Last 1 hour'), await words(page, 'Its own hour'));
  check('unless the panel hides it', !(await words(page, 'A quiet hour')).includes('Last'), await words(page, 'A quiet hour'));
  await shows(page, 'Chosen', ['a:9100', 'b:9100']);
  await page.getByRole('switch', { name: 'only' }).or(page.getByLabel('only')).first().click({ force: true });
  const one = await becomes(async () => ({ ok: !(await words(page, 'Chosen')).includes('b:9100') && (await words(page, 'Chosen')).includes('a:9100') }));
  check('a switch has the values it says', one.ok, `${page.url()} ${await words(page, 'Chosen')}`);
  await visit(page, '/d/steps?var-word=two');
  await shows(page, 'Said', ['two']);

  // Copies of a repeat are panels of their own.
  await shows(page, 'Copy b', ['40']);
  await panelOf(page, 'Copy b').hover();
  await page.getByRole('button', { name: 'Menu for panel Copy b', exact: true }).click();
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: 'Download CSV' }).click()]);
  const csv = readFileSync(await file.path()).toString();
  check('CSV of a copy has its own data', csv.includes('b:9100') && !csv.includes('a:9100'), csv.slice(0, 200));
  await menu(page, 'Copy b', 'View');
  await shows(page, 'Copy b', ['40']);
  check('and it is shown alone', (await becomes(async () => ({ ok: (await page.locator('section').count()) === 1 }))).ok, page.url());
  await page.reload();
  await shows(page, 'Copy b', ['40']);
  await visit(page, '/d/steps');
  await menu(page, 'Copy a', 'Edit');
  await shows(page, 'Copy a', ['20']);
  await page.getByLabel('Title', { exact: true }).fill('Share of $who');
  await page.getByLabel('Title', { exact: true }).blur();
  await page.getByRole('button', { name: 'Back to dashboard' }).click();
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await shows(page, 'Share of b', ['40']);
  await quiet(page);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Saved', { exact: true }).first().waitFor();
  const after = (await (await api('/api/dashboards/uid/steps')).json()).dashboard;
  const want = structuredClone(dashboard.panels);
  want[6].title = 'Share of $who';
  check('an edit of a repeated panel saves that alone', JSON.stringify(after.panels) === JSON.stringify(want), JSON.stringify(after.panels));
  const errors = noted.errors.filter((e) => !/of-tomorrow/.test(e));
  check('steps: no error in the console', errors.length === 0, errors.join('\n'));
  await page.context().close();
}

/** Addresses as Grafana hands them out, dashboards that are not to be edited, and what Prometheus remarks. */
export async function addresses(page) {
  const make = async (path, body) => (await api(path, { method: 'POST', body: JSON.stringify(body) })).json();
  await api('/api/dashboards/db', { method: 'POST', body: JSON.stringify({ dashboard: { ...dashboard, panels: dashboard.panels.slice(0, 2) }, overwrite: true }) });
  const folder = await make('/api/folders', { title: 'Rules ' + Date.now() });
  const rule = await make('/api/v1/provisioning/alert-rules', {
    title: 'Far', ruleGroup: 'far', folderUID: folder.uid, condition: 'B', for: '5m', noDataState: 'OK', execErrState: 'OK',
    data: [
      { refId: 'A', datasourceUid: 'prom', relativeTimeRange: { from: 600, to: 0 }, model: { refId: 'A', expr: 'demo_percent', instant: true } },
      { refId: 'B', datasourceUid: '__expr__', model: { refId: 'B', type: 'threshold', expression: 'A', conditions: [{ evaluator: { type: 'gt', params: [1000] } }] } },
    ],
  });
  await visit(page, `/alerting/grafana/${rule.uid}/view`);
  await page.waitForURL(/\/alerts\/rule\?/, { waitUntil: 'commit' });
  check('what a notification links to is the rule', await page.getByRole('heading', { name: 'Far' }).first().waitFor().then(() => true, () => false), page.url());
  await visit(page, '/dashboard/db/steps');
  await shows(page, 'Rows', ['a:9100']);
  check('an address with a slug leads to the dashboard', page.url().includes('/d/steps'), page.url());
  await visit(page, '/d-solo/steps/steps?panelId=1');
  await shows(page, 'Rows', ['a:9100']);
  const alone = async () => (await page.getByRole('navigation', { name: 'Pages' }).count()) === 0 && (await page.locator('section').count()) === 1;
  check('a panel to embed has nothing around it', (await becomes(async () => ({ ok: await alone() }))).ok, page.url());
  const frame = { schema: { fields: [{ name: 'Value', type: 'number' }] }, data: { values: [[77]] } };
  const snapshot = await make('/api/snapshots', { name: 'Kept', dashboard: { title: 'Kept', schemaVersion: 42, panels: [panel(1, 'stat', 'As it was', { targets: [table('demo_lod')], snapshotData: [{ fields: [{ name: 'Value', type: 'number', config: {}, values: [77] }] }] }), panel(2, 'stat', 'In columns', { snapshotData: [frame] })] } });
  await visit(page, new URL(snapshot.url).pathname.slice(new URL(base).pathname.length));
  await shows(page, 'As it was', ['77']);
  check('a snapshot is not edited', await page.getByRole('button', { name: 'Edit', exact: true }).isDisabled());

  await api('/api/dashboards/db', { method: 'POST', body: JSON.stringify({ dashboard: { uid: 'fixed', title: 'Fixed', schemaVersion: 42, editable: false, panels: [panel(1, 'stat', 'Remarked', { targets: [{ refId: 'A', expr: 'rate(demo_load[5m])', datasource: prom }] })] }, overwrite: true }) });
  await visit(page, '/d/fixed');
  await page.getByRole('button', { name: 'Edit', exact: true }).waitFor();
  check('a read-only dashboard is not edited', await page.getByRole('button', { name: 'Edit', exact: true }).isDisabled());
  check('what Prometheus remarks is on the panel', await panelOf(page, 'Remarked').getByLabel(/might not be a counter/).first().waitFor().then(() => true, () => false), await words(page, 'Remarked'));
  await page.getByRole('button', { name: 'More', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Make editable' }).click();
  check('until it is made editable', (await becomes(async () => ({ ok: await page.getByRole('button', { name: 'Edit', exact: true }).isEnabled() }))).ok);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Saved', { exact: true }).first().waitFor();
  check('which is saved', (await becomes(async () => ({ ok: (await (await api('/api/dashboards/uid/fixed')).json()).dashboard.editable === true }))).ok);
}

/** An annotation is added where somebody clicks, and a region where they drag with Control. */
export async function annotating(page) {
  const notes = { list: [{ builtIn: 1, name: 'Annotations & Alerts', enable: true, type: 'dashboard', datasource: { type: 'grafana', uid: '-- Grafana --' }, iconColor: 'rgba(0, 211, 255, 1)' }] };
  await api('/api/dashboards/db', { method: 'POST', body: JSON.stringify({ dashboard: { uid: 'notes', title: 'Notes', schemaVersion: 42, time: { from: 'now-1h', to: 'now' }, annotations: notes, panels: [panel(1, 'timeseries', 'Annotated', { targets: [{ refId: 'A', expr: 'demo_share', datasource: prom }], gridPos: { x: 0, y: 0, w: 24, h: 10 } })] }, overwrite: true }) });
  await visit(page, '/d/notes');
  const over = panelOf(page, 'Annotated').locator('.u-over').first();
  await over.waitFor();
  await quiet(page);
  const box = await over.boundingBox();
  const at = (share) => [box.x + box.width * share, box.y + box.height / 2];
  await page.mouse.move(...at(0.5), { steps: 3 });
  await page.mouse.down();
  await page.mouse.up();
  await page.getByRole('button', { name: 'Add annotation' }).first().click();
  await page.getByLabel('What happened').fill('A deploy');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  const mark = (text) => panelOf(page, 'Annotated').getByRole('button', { name: `Annotation: ${text}` });
  check('an annotation is added by a click', await mark('A deploy').waitFor().then(() => true, () => false));
  await page.keyboard.down('Control');
  await page.mouse.move(...at(0.2), { steps: 3 });
  await page.mouse.down();
  await page.mouse.move(...at(0.4), { steps: 5 });
  await page.mouse.up();
  await page.keyboard.up('Control');
  await page.getByLabel('What happened').fill('An outage');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  check('and a region by dragging with Control', await mark('An outage').waitFor().then(() => true, () => false));
  const kept = await (await api('/api/annotations?dashboardUID=notes')).json();
  const [deploy, outage] = ['A deploy', 'An outage'].map((t) => kept.find((a) => a.text === t));
  check('with their times and their panel', deploy?.panelId === 1 && outage && outage.timeEnd - outage.time > 600_000 && outage.timeEnd - outage.time < 800_000, JSON.stringify(kept));
}
