// What a dashboard asks for, and what editing it writes. journeys.mjs runs it in its
// browser, as an administrator who is signed in.
import { becomes, choose, patience, quiet, sorted } from './browser.mjs';

const prom = { type: 'prometheus', uid: 'prom' };
/** Whether it comes. */
const comes = (locator) => locator.first().waitFor().then(() => true, () => false);

/** The range queries the page of thirty charts sends while something is done, until it has no more to ask; what the page before still asks does not count. */
async function asked(page, act) {
  const sent = [];
  const note = (r) => /\/api\/v1\/query_range/.test(r.url()) && /\/d\/thirty/.test(r.frame().url()) && sent.push(new URLSearchParams(r.postData() ?? new URL(r.url()).search));
  page.on('request', note);
  await act(sent);
  await quiet(page);
  page.off('request', note);
  return sent;
}

/** The titles of the panels that can be seen, and whether each is drawn. */
const inView = (page) =>
  page.locator('section').evaluateAll((all) => all.filter((s) => s.getBoundingClientRect().top < innerHeight && s.getBoundingClientRect().bottom > 0).map((s) => ({ title: s.querySelector('h2,h6,[role=heading]')?.textContent, drawn: Boolean(s.querySelector('.uplot canvas')) })));

async function queries({ page, base, check, store }) {
  const exprOf = (i) => (i < 3 ? 'sum(demo_load)' : `demo_load + ${i}`);
  const panels = Array.from({ length: 30 }, (_, i) => ({ id: i + 1, type: 'timeseries', title: `Panel ${i + 1}`, gridPos: { x: (i % 3) * 8, y: Math.floor(i / 3) * 8, w: 8, h: 8 }, datasource: prom, targets: [{ refId: 'A', expr: exprOf(i) }] }));
  await store({ uid: 'thirty', title: 'Thirty charts', schemaVersion: 42, time: { from: 'now-24h', to: 'now' }, panels });
  await page.setViewportSize({ width: 1440, height: 900 });
  const first = await asked(page, async () => {
    await page.goto(base + '/d/thirty');
    await becomes(async () => {
      const seen = await inView(page);
      return { ok: seen.length >= 6 && seen.every((s) => s.drawn) };
    });
  });
  const exprs = first.map((q) => q.get('query')).sort();
  const seen = (await inView(page)).map((s) => exprOf(Number(s.title.replace('Panel ', '')) - 1));
  check('panels in view alone ask', seen.length >= 6 && seen.length <= 15 && seen.every((e) => exprs.includes(e)) && exprs.every((e) => seen.includes(e)), `${seen.length} of 30 panels are in view, asked was ${exprs.join(', ')}`);
  check('what three panels ask goes out once', new Set(exprs).size === exprs.length, exprs.join(', '));
  const again = await asked(page, async (sent) => {
    await page.getByTestId('data-testid RefreshPicker run button').click();
    await becomes(() => ({ ok: sent.length >= exprs.length }));
  });
  const spans = again.map((q) => Number(q.get('end')) - Number(q.get('start')));
  check('a refresh asks for what is new alone', spans.length === exprs.length && spans.every((s) => s < 3600), `${again.length} queries over ${spans.join(', ')} s`);
  const later = await asked(page, async (sent) => {
    await page.getByRole('heading', { name: `Panel ${seen.length + 1}`, exact: true }).or(page.locator('.react-grid-item').nth(seen.length)).first().scrollIntoViewIfNeeded();
    await becomes(() => ({ ok: sent.length > 0 }));
  });
  check('the others ask when they come into view', later.length > 0 && later.every((q) => !exprs.includes(q.get('query'))), later.map((q) => q.get('query')).join(', '));
  await page.setViewportSize({ width: 1440, height: 2200 });
}

/** A dashboard with what no form knows, everywhere. */
const before = {
  uid: 'edited', title: 'Edited', schemaVersion: 36, later: { a: [1] }, time: { from: 'now-1h', to: 'now' }, tags: ['kept'],
  templating: { list: [{ name: 'old', type: 'custom', query: 'x,y', current: { text: 'x', value: 'x' }, options: [{ text: 'x', value: 'x', selected: true }], later: 1 }] },
  annotations: { list: [] },
  panels: [
    { id: 1, type: 'timeseries', title: 'Loads', gridPos: { x: 0, y: 0, w: 12, h: 8, later: 1 }, datasource: prom, later: true, fieldConfig: { defaults: { unit: 'percent', custom: { later: 2 } }, overrides: [] }, options: { later: 3 }, targets: [{ refId: 'A', expr: 'demo_load', legendFormat: '{{instance}}', later: 4 }] },
    { id: 2, type: 'stat', title: 'Share', gridPos: { x: 12, y: 0, w: 12, h: 8 }, datasource: prom, targets: [{ refId: 'A', expr: 'avg(demo_share)' }] },
  ],
};

async function forms({ page, base, api, check, store, panel }) {
  await store(before);
  await page.goto(base + '/d/edited?editPanel=1');
  await page.getByRole('tab', { name: 'Overrides' }).click();
  await page.getByRole('button', { name: 'Add field override' }).click();
  await page.getByRole('menuitem', { name: 'Fields with name matching regex' }).click();
  const regex = page.getByLabel('Regular expression');
  await regex.fill('/^a/');
  await regex.press('Enter');
  const all = page.locator('body');
  const named = page.getByRole('list', { name: 'Overrides' }).getByPlaceholder('none');
  await choose(all, 'Add override property', 'Display name', async () => (await named.count()) > 0);
  await named.fill('first one');
  await named.press('Enter');
  check('an override shows at once', await comes(panel('Loads').getByText('first one').first()));

  await page.getByRole('tab', { name: 'All', exact: true }).click();
  await page.getByLabel('Search options').fill('thresholds');
  await page.getByRole('button', { name: 'Add threshold' }).click();
  await page.getByLabel('Search options').fill('value mappings');
  await page.getByRole('button', { name: 'Add mapping' }).click();
  await page.getByRole('menuitem', { name: 'Range' }).click();
  await page.getByLabel('From', { exact: true }).fill('90');
  await page.getByLabel('From', { exact: true }).press('Enter');
  await page.getByLabel('Shown text').fill('full');
  await page.getByLabel('Shown text').press('Enter');

  await page.getByRole('tab', { name: 'Transformations' }).click();
  await choose(all, 'Add transformation', 'Rename fields by regex', async () => (await page.getByLabel('Match', { exact: true }).count()) > 0);
  await page.getByLabel('Match', { exact: true }).fill('c:(.*)');
  await page.getByLabel('Match', { exact: true }).press('Enter');
  await page.getByPlaceholder('$1').fill('sea $1');
  await page.getByPlaceholder('$1').press('Enter');
  check('a transformation shows at once', await comes(panel('Loads').getByText('sea 9100').first()));
  await page.getByRole('button', { name: 'Back to dashboard' }).click();

  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await page.getByRole('button', { name: 'Settings', exact: true }).click();
  const drawer = page.getByRole('dialog');
  await drawer.getByRole('tab', { name: 'Variables' }).click();
  await drawer.getByRole('button', { name: 'Add variable' }).click();
  await drawer.getByRole('button', { name: /variable2/ }).first().click();
  await drawer.getByLabel(/^Query/).fill('label_values(demo_share, instance)');
  await drawer.getByLabel(/^Query/).press('Enter');
  check('the values of a variable are shown', await comes(drawer.getByText('Values found: 3')));
  await drawer.getByRole('tab', { name: 'Annotations' }).click();
  await drawer.getByRole('button', { name: 'Add annotation query' }).click();
  await drawer.getByRole('button', { name: /Annotation 1/ }).first().click();
  await drawer.getByLabel(/^Query/).fill('demo_load > 89');
  await drawer.getByLabel(/^Query/).press('Enter');
  await drawer.getByRole('button', { name: 'Close', exact: true }).click();
  await save(page, 'by forms');

  const after = (await (await api('/api/dashboards/uid/edited')).json()).dashboard;
  const want = structuredClone(before);
  Object.assign(want.panels[0].fieldConfig.defaults, {
    thresholds: after.panels[0].fieldConfig.defaults.thresholds,
    mappings: [{ type: 'range', options: { from: 90, to: null, result: { text: 'full', index: 0 } } }],
  });
  want.panels[0].fieldConfig.overrides = [{ matcher: { id: 'byRegexp', options: '/^a/' }, properties: [{ id: 'displayName', value: 'first one' }] }];
  want.panels[0].transformations = [{ id: 'renameByRegex', options: { regex: 'c:(.*)', renamePattern: 'sea $1' } }];
  want.templating.list.push({ type: 'query', name: 'variable2', query: 'label_values(demo_share, instance)', refresh: 1, sort: 1, regex: '', datasource: after.templating.list[1].datasource, current: {} });
  want.annotations.list = [{ name: 'Annotation 1', enable: true, iconColor: 'red', datasource: after.annotations.list[0]?.datasource, expr: 'demo_load > 89' }];
  const same = JSON.stringify(sorted({ ...want, id: after.id, version: after.version })) === JSON.stringify(sorted(after));
  check('forms write what was edited, and nothing else', same, JSON.stringify(after));
  check('a threshold more stands after the others', JSON.stringify(after.panels[0].fieldConfig.defaults.thresholds?.steps?.map((s) => s.value)) === '[null,80,100]', JSON.stringify(after.panels[0].fieldConfig.defaults.thresholds));
}

async function save(page, message) {
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByLabel('What has changed').fill(message);
  await page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Saved', { exact: true }).first().waitFor();
  await quiet(page);
}

async function conflict({ page, base, api, check, store, panel }) {
  await page.goto(base + '/d/edited');
  await panel('Share').hover();
  await page.keyboard.press('v');
  check('v shows the panel under the cursor alone', await page.waitForURL(/viewPanel=2/, { timeout: patience }).then(() => true, () => false));
  await page.keyboard.press('v');
  await page.waitForURL((u) => !u.search.includes('viewPanel'));
  await panel('Share').hover();
  await page.keyboard.press('e');
  await page.getByLabel('Title', { exact: true }).fill('Mine');
  await page.getByLabel('Title', { exact: true }).press('Enter');
  await page.getByRole('heading', { name: 'Mine', exact: true }).waitFor();

  let question = '';
  page.once('dialog', (d) => ((question = d.message()), d.dismiss()));
  await page.getByRole('link', { name: 'Explore' }).first().click();
  check('leaving with edits asks first', /not saved/.test(question) && page.url().includes('/d/edited'), question);

  const theirs = (await (await api('/api/dashboards/uid/edited')).json()).dashboard;
  await store({ ...theirs, description: 'theirs' });
  await page.getByRole('button', { name: 'Back to dashboard' }).click();
  await page.keyboard.press('Control+s');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
  await dialog.getByRole('button', { name: 'See what they changed' }).click();
  check('a conflict shows what the others changed', await comes(dialog.getByText('"theirs"')));
  await dialog.getByRole('button', { name: 'Save over theirs' }).click();
  await page.getByText('Saved', { exact: true }).first().waitFor();
  const after = (await (await api('/api/dashboards/uid/edited')).json()).dashboard;
  check('saving over theirs does', after.panels[1].title === 'Mine' && after.description === undefined, JSON.stringify(after.panels[1]));
}

async function library({ page, base, api, check, panel }) {
  for (const { uid } of (await (await api('/api/library-elements/name/Mine')).json()).result ?? []) {
    await api(`/api/library-elements/${uid}`, { method: 'DELETE' }); // of a run before
  }
  await page.goto(base + '/d/edited');
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await panel('Mine').hover();
  await panel('Mine').getByRole('button', { name: /Menu/ }).click();
  await page.getByRole('menuitem', { name: 'Create library panel' }).click();
  await page.getByRole('button', { name: 'Create library panel' }).click();
  await page.getByText('The panel is in the library').waitFor();
  await save(page, 'shared');
  const stored = (await (await api('/api/dashboards/uid/edited')).json()).dashboard.panels[1];
  check('a dashboard keeps a link to a library panel', stored.libraryPanel?.name === 'Mine' && stored.targets === undefined && stored.gridPos?.x === 12, JSON.stringify(stored));
  await page.goto(base + '/d/edited?editPanel=2');
  await page.getByLabel('Title', { exact: true }).fill('Everywhere');
  await page.getByLabel('Title', { exact: true }).press('Enter');
  await page.getByRole('button', { name: 'Save to the library' }).click();
  await page.getByText('Saved to the library').waitFor();
  const element = await (await api(`/api/library-elements/${stored.libraryPanel.uid}`)).json();
  check('and the library has what is edited', element.result.model.title === 'Everywhere' && element.result.version === 2, JSON.stringify(element.result));
}

export async function editing(tools) {
  const store = async (dashboard) => {
    const answer = await tools.api('/api/dashboards/db', { method: 'POST', body: JSON.stringify({ dashboard, overwrite: true }) });
    tools.check(`${dashboard.title} is stored`, answer.ok, answer.ok ? '' : await answer.text());
  };
  for (const part of [queries, forms, conflict, library]) {
    await part({ ...tools, store }).catch((err) => tools.check(`${part.name} of dashboards`, false, String(err)));
  }
}
