// What is done on a panel itself: by its legend, its columns, its cells, along its time axis.
import { api, base, becomes, check, drawn, panelOf, quiet, serious, url, visit } from './browser.mjs';

const prom = { type: 'prometheus', uid: 'prom' };
const comes = (locator) => locator.first().waitFor().then(() => true, () => false);
const stored = async (uid) => (await (await api(`/api/dashboards/uid/${uid}`)).json()).dashboard;
const panel = (id, type, title, expr, more = {}, query = {}) => ({
  id, type, title, datasource: prom, gridPos: { x: ((id - 1) % 2) * 12, y: Math.floor((id - 1) / 2) * 9, w: 12, h: 9 }, targets: [{ refId: 'A', expr, ...query }], ...more,
});
const store = async (dashboard) => check(`${dashboard.uid} is stored`, (await api('/api/dashboards/db', { method: 'POST', body: JSON.stringify({ dashboard: { schemaVersion: 42, ...dashboard }, overwrite: true }) })).ok);
const named = { legendFormat: '{{instance}}' };
const table = { format: 'table', instant: true };

async function save(page) {
  await page.getByRole('button', { name: 'Save', exact: true }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
  await dialog.waitFor({ state: 'hidden' });
  await quiet(page);
}

async function drag(page, at, dx) {
  await page.mouse.move(at.x, at.y);
  await page.mouse.down();
  await page.mouse.move(at.x + dx / 2, at.y, { steps: 4 });
  await page.mouse.move(at.x + dx, at.y, { steps: 4 });
  await page.mouse.up();
}

/** While a dashboard is edited, what is changed on its panels is an edit; else it lasts until the page is left. */
export async function touched(page) {
  const look = { fieldConfig: { defaults: { unit: 'percent', later: 1 }, overrides: [{ matcher: { id: 'byName', options: 'instance' }, properties: [{ id: 'later', value: 1 }] }] }, options: { later: 1 } };
  await store({ uid: 'touched', title: 'Touched', time: { from: 'now-1h', to: 'now' }, panels: [panel(1, 'timeseries', 'Lines', 'demo_load', look, named), panel(2, 'table', 'Cells', 'demo_share', look, table)] });
  await visit(page, '/d/touched');
  const name = (text) => panelOf(page, 'Lines').getByRole('button', { name: text, exact: true });
  const lines = async () => new Set((await drawn(page, 'Lines')).strokes.filter((s) => !/rgba/.test(s.color)).map((s) => s.color)).size;
  await name('a:9100').click();
  check('a series is shown alone', (await becomes(async () => ({ ok: (await lines()) === 1 }))).ok, `${await lines()} lines`);
  check('which is no edit while only looking', (await page.getByText('not saved').count()) === 0 && (await page.getByRole('button', { name: 'Save', exact: true }).count()) === 0);
  await name('a:9100').click();

  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await name('b:9100').click({ modifiers: ['Control'] });
  check('hiding a series is an edit while editing', await comes(page.getByText('not saved')));
  await panelOf(page, 'Lines').getByTestId('series-icon').first().click();
  await page.getByRole('button', { name: 'dark-purple color', exact: true }).click();
  await page.keyboard.press('Escape');
  const cells = panelOf(page, 'Cells');
  await cells.getByRole('columnheader', { name: 'instance' }).getByRole('button').first().click();
  const box = await cells.getByRole('columnheader', { name: 'instance' }).boundingBox();
  await drag(page, { x: box.x + box.width - 2, y: box.y + box.height / 2 }, 60);
  await quiet(page);
  await save(page);

  const [one, two] = (await stored('touched')).panels;
  const rule = (p, id, options) => p.fieldConfig.overrides.find((r) => r.matcher.id === id && (!options || r.matcher.options === options));
  check('a hidden series is saved', rule(one, 'byNames')?.properties.some((p) => p.id === 'custom.hideFrom' && p.value.viz), JSON.stringify(one.fieldConfig));
  check('and so is a colour', rule(one, 'byName', 'a:9100')?.properties.some((p) => p.id === 'color' && p.value.fixedColor === 'dark-purple'), JSON.stringify(one.fieldConfig));
  check('a sorted column is saved', two.options.sortBy?.[0]?.displayName === 'instance', JSON.stringify(two.options));
  const wide = rule(two, 'byName', 'instance')?.properties.find((p) => p.id === 'custom.width')?.value;
  check('and so is its width', wide > box.width + 40 && wide < box.width + 80, `${box.width} became ${JSON.stringify(two.fieldConfig)}`);
  const kept = (p) => p.fieldConfig.defaults.later === 1 && Object.keys(p.fieldConfig.defaults).length === 2 && p.options.later === 1 && rule(p, 'byName', 'instance').properties[0].id === 'later';
  check('and nothing else', kept(one) && kept(two) && Object.keys(two.options).length === 2, JSON.stringify([one, two]));
  await page.reload();
  check('it is there again', (await becomes(async () => ({ ok: (await lines()) === 2 }))).ok, `${await lines()} lines`);
}

/** The cells of a table filter the dashboard, and each kind of cell has its settings. */
export async function cells(page) {
  const cell = { fieldConfig: { defaults: {}, overrides: [{ matcher: { id: 'byName', options: 'Value' }, properties: [{ id: 'custom.cellOptions', value: { type: 'gauge', mode: 'basic', later: 1 } }] }] } };
  const organize = { transformations: [{ id: 'organize', options: { excludeByName: { Time: true, __name__: true, job: true } } }] };
  await store({ uid: 'cells', title: 'Cells', time: { from: 'now-1h', to: 'now' }, templating: { list: [{ name: 'only', type: 'adhoc', datasource: prom, filters: [] }] }, panels: [panel(1, 'table', 'Cells', 'demo_share', { ...cell, ...organize }, table)] });
  await visit(page, '/d/cells');
  const row = (text) => panelOf(page, 'Cells').getByRole('row').filter({ hasText: text });
  const rows = async (want) => becomes(async () => {
    const n = await panelOf(page, 'Cells').getByRole('row').filter({ hasText: ':9100' }).count();
    return { ok: n === want, n };
  });
  const press = async (text, button) => {
    await row(text).getByRole('gridcell', { name: text }).hover();
    await row(text).getByRole('button', { name: button }).click();
  };
  await row('b:9100').first().waitFor();
  await press('b:9100', 'Filter out value');
  check('a value is filtered out from its cell', (await rows(2)).ok, `${(await rows(2)).n} rows`);
  await press('a:9100', 'Filter for value');
  check('or asked for alone', (await rows(1)).ok, `${(await rows(1)).n} rows`);
  await visit(page, '/d/cells?editPanel=1');
  await page.getByRole('tab', { name: 'Overrides' }).click();
  check('a kind of cell has an editor', await comes(page.getByText('Cell options > Cell type')));
  await page.getByRole('radio', { name: 'Retro LCD' }).check({ force: true });
  await page.getByRole('button', { name: 'Back to dashboard' }).click();
  await save(page);
  const value = (await stored('cells')).panels[0].fieldConfig.overrides[0].properties[0].value;
  check('its mode is edited, and what else is said of it kept', JSON.stringify(value) === '{"type":"gauge","mode":"lcd","later":1}', JSON.stringify(value));
}

/** The bar of ad hoc filters: label, operator and value, in every query of their data source. */
export async function filters(page) {
  await store({ uid: 'filters', title: 'Filters', time: { from: 'now-1h', to: 'now' }, templating: { list: [{ name: 'Filters', type: 'adhoc', datasource: prom, filters: [] }] }, panels: [
    panel(1, 'stat', 'Sum', 'sum(demo_share{job="demo"})', {}, { instant: true, legendFormat: 'all' }), panel(2, 'table', 'Shares', 'demo_share', {}, table),
  ] });
  const filter = (key) => page.getByTestId(`AdHocFilter-${key}`);
  const inAddress = () => new URL(page.url()).searchParams.getAll('var-Filters').join();
  const are = async (what, sum, instances, address) => {
    const found = await becomes(async () => {
      const [stat, rows] = [await panelOf(page, 'Sum').innerText().catch(() => ''), await panelOf(page, 'Shares').innerText().catch(() => '')];
      return { ok: new RegExp(`\\b${sum}(\\.0+)?\\b`).test(stat) && ['a:9100', 'b:9100', 'c:9100'].every((i) => rows.includes(i) === instances.includes(i[0])) && inAddress() === address, stat, rows };
    });
    check(what, found.ok, `${found.stat} ${found.rows} ${inAddress()}`.replace(/\s+/g, ' '));
  };
  const choose = async (key, nth, text) => {
    await filter(key).getByRole('combobox').nth(nth).click();
    await page.keyboard.type(text);
    await page.getByRole('option').filter({ hasText: text }).first().click();
  };
  await page.goto(`${base}/d/filters?var-Filters=${encodeURIComponent('instance|=|b:9100')}`);
  await are('an address of Grafana filters all panels', 40, 'b', 'instance|=|b:9100');
  await filter('instance').getByRole('button', { name: 'Remove filter' }).click();
  await are('a filter is removed', 120, 'abc', '');
  await page.getByRole('button', { name: 'Add filter' }).click();
  await choose('', 0, 'instance');
  await choose('instance', 2, 'a:9100');
  await are('one is added, from the labels and values that there are', 20, 'a', 'instance|=|a:9100');
  await choose('instance', 1, '!=');
  await are('its operator is changed', 100, 'bc', 'instance|!=|a:9100');
  await choose('instance', 1, '=~');
  await filter('instance').getByRole('combobox').nth(2).click();
  await page.keyboard.type('[ab].*');
  await page.keyboard.press('Enter');
  await are('a value may be written, such as an expression', 60, 'ab', 'instance|=~|[ab].*');
  await page.reload();
  await are('the address keeps it', 60, 'ab', 'instance|=~|[ab].*');
  const bad = await serious(page);
  check('the bar: nothing serious for axe', bad.length === 0, JSON.stringify(bad));
}

/** Exemplars are diamonds on the chart of a query that asks for them. */
export async function exemplars(page) {
  const asked = [];
  const note = (r) => r.url().includes('query_exemplars') && asked.push(r.postData());
  page.on('request', note);
  const quantile = (le) => `histogram_quantile(0.9, sum by (le) (rate(demo_latency_seconds_bucket{le=~"${le}"}[5m])))`;
  await store({ uid: 'exemplars', title: 'Exemplars', time: { from: 'now-1h', to: 'now' }, panels: [
    panel(1, 'timeseries', 'Traced', quantile('.+'), {}, { exemplar: true, legendFormat: 'p90' }), panel(2, 'timeseries', 'Untraced', quantile('.*'), {}, { legendFormat: 'p90' }),
  ] });
  await visit(page, '/d/exemplars');
  const diamonds = panelOf(page, 'Traced').getByTestId('exemplar');
  // Six, seven if both ends have one, five if the newest is not yet written.
  const found = await becomes(async () => ({ ok: [5, 6, 7].includes(await diamonds.count()) }));
  check('an hour has an exemplar every ten minutes', found.ok, `${await diamonds.count()}`);
  await quiet(page);
  check('who asks for none gets none', (await panelOf(page, 'Untraced').getByTestId('exemplar').count()) === 0 && asked.length > 0 && asked.every((a) => new URLSearchParams(a).get('query').includes('.+')), asked.join('\n'));
  await diamonds.nth(3).hover();
  const link = page.getByRole('link', { name: 'The trace' });
  await link.waitFor();
  const trace = await page.getByText(/^trace-\d+$/).first().innerText();
  check('one tells its labels, and leads to its trace', (await link.getAttribute('href')) === `${url}/traces/${trace}`, `${trace} ${await link.getAttribute('href')}`);
  check('the chart\'s own tooltip makes way', (await becomes(async () => ({ ok: (await page.getByTestId('chart-tooltip').count()) === 0 }))).ok);
  page.off('request', note);
}

/** States over time have what charts have along their time axis. */
export async function lanes(page) {
  const list = [{ name: 'High', datasource: prom, enable: true, iconColor: 'red', expr: 'demo_load{instance="a:9100"} > 80', step: '60s' }];
  const states = { legendFormat: '{{unit}}' };
  await store({ uid: 'lanes', title: 'Lanes', time: { from: 'now-6h', to: 'now' }, graphTooltip: 1, annotations: { list }, panels: [
    panel(1, 'state-timeline', 'States', 'demo_state', {}, states), panel(2, 'timeseries', 'Lines', 'demo_load', {}, named),
    panel(3, 'status-history', 'History', 'demo_state', { maxDataPoints: 30 }, states), panel(4, 'state-timeline', 'Paged', 'demo_requests_total', { options: { perPage: 4 } }),
    panel(5, 'heatmap', 'Heat', 'sum by (le) (rate(demo_latency_seconds_bucket[5m]))', {}, { legendFormat: '{{le}}', format: 'heatmap' }),
  ] });
  await visit(page, '/d/lanes');
  for (const title of ['States', 'History']) {
    check(`${title}: annotations are marked`, await comes(panelOf(page, title).getByRole('button', { name: /^Annotation: / })));
  }
  const paged = panelOf(page, 'Paged');
  check('rows are shown a page at a time', (await becomes(async () => ({ ok: (await paged.getByTestId('lane').count()) === 4 }))).ok, `${await paged.getByTestId('lane').count()} rows`);
  await paged.getByRole('button', { name: '2', exact: true }).click();
  check('and the others on the next one', (await becomes(async () => ({ ok: (await paged.getByTestId('lane').count()) === 2 }))).ok, `${await paged.getByTestId('lane').count()} rows`);
  await quiet(page);
  const middle = async (locator) => {
    const box = await locator.boundingBox();
    return { x: box.x + box.width / 2, y: box.y + box.height / 3 };
  };
  const crossed = (title) => panelOf(page, title).getByTestId('crosshair').waitFor({ state: 'attached' }).then(() => true, () => false); // a line is too thin to be seen, for Playwright
  const at = await middle(panelOf(page, 'States').getByTestId('states'));
  await page.mouse.move(at.x, at.y, { steps: 3 });
  check('the cursor is in step with the one of another panel', await crossed('History'));
  check('also with a chart\'s', (await becomes(async () => ({ ok: await panelOf(page, 'Lines').locator('.u-cursor-x').first().isVisible() }))).ok);
  const heat = await middle(panelOf(page, 'Heat').getByTestId('heatmap'));
  await page.mouse.move(heat.x, heat.y, { steps: 3 });
  check('a heatmap\'s cursor is in step with a chart\'s', (await becomes(async () => ({ ok: await panelOf(page, 'Lines').locator('.u-cursor-x').first().isVisible() }))).ok);
  let moved = 0;
  const together = () => becomes(async () => {
    await page.mouse.move(heat.x + (++moved % 2), heat.y);
    const ofPanel = (title, place) => panelOf(page, title).locator(place).first().evaluate((e) => e.getBoundingClientRect().x).catch(() => NaN);
    const share = async (title, line, area, left, right) => {
      const box = await panelOf(page, title).locator(area).first().boundingBox();
      return ((await ofPanel(title, line)) - box.x - left) / (box.width - left - right);
    };
    const [a, b] = [await share('Heat', '[data-testid=crosshair]', '[data-testid=heatmap]', 56, 8), await share('Lines', '.u-cursor-x', '.u-over', 0, 0)];
    return { ok: Math.abs(a - b) < 0.02, a, b };
  });
  const apart = await together();
  check('at the same time', apart.ok, JSON.stringify(apart));
  const chart = await middle(panelOf(page, 'Lines').locator('.u-over').first());
  await page.mouse.move(chart.x, chart.y, { steps: 3 });
  check('and a chart\'s cursor with these', await crossed('States'));
  check('and with a heatmap', await crossed('Heat'));
  const again = await together();
  check('also when the pointer had been on the chart', again.ok, JSON.stringify(again));
  await drag(page, at, 60);
  const range = async () => [new URL(page.url()).searchParams.get('from'), new URL(page.url()).searchParams.get('to')];
  const zoomed = await becomes(async () => ({ ok: /^\d{4}-|^\d{13}$/.test((await range())[0] ?? '') }));
  check('a range is dragged', zoomed.ok, JSON.stringify(await range()));
}

/** Bars, slices and buckets look as their settings say. */
export async function shapes(page) {
  const legend = { showLegend: true, displayMode: 'list', placement: 'bottom' };
  const mappings = [{ type: 'value', options: { 200: { color: '#00ff00', index: 0 }, 500: { color: '#ff0000', index: 1 } } }];
  await store({ uid: 'shapes', title: 'Of many shapes', time: { from: 'now-6h', to: 'now' }, panels: [
    panel(1, 'histogram', 'Over each other', 'demo_load', { options: { legend } }, named),
    panel(2, 'barchart', 'Bars', 'demo_requests_total', { options: { xField: 'instance', xTickLabelRotation: 45, barRadius: 0.3, colorByField: 'code', legend }, fieldConfig: { defaults: { mappings }, overrides: [] } }, table),
    panel(3, 'piechart', 'Pie', 'demo_share', { fieldConfig: { defaults: { links: [{ title: 'See ${__field.labels.instance}', url: '/see/${__field.labels.instance}' }] }, overrides: [] } }, named),
    panel(4, 'heatmap', 'Heat', 'sum by (le) (increase(demo_latency_seconds_bucket[5m]))', {}, { format: 'heatmap', legendFormat: '{{le}}' }),
  ] });
  await visit(page, '/d/shapes');
  const bars = async (title) => panelOf(page, title).getByTestId('bar').evaluateAll((all) => all.map((b) => ({ x: Math.round(b.getBBox().x), color: b.getAttribute('fill'), round: /a/.test(b.getAttribute('d')) })));
  const over = await becomes(async () => {
    const all = await bars('Over each other');
    return { ok: all.length > 9 && new Set(all.map((b) => b.x)).size * 3 === all.length, all };
  });
  check('histograms of several series stand over each other', over.ok, JSON.stringify(over.all));
  const coloured = await becomes(async () => {
    const all = await bars('Bars');
    return { ok: all.length === 6 && all.every((b) => b.round) && all.filter((b) => b.color === '#00ff00').length === 3 && all.filter((b) => b.color === '#ff0000').length === 3, all };
  });
  check('bars are round and have the colours of a field', coloured.ok, JSON.stringify(coloured.all));
  check('their names stand at an angle', (await panelOf(page, 'Bars').locator('svg text[transform*="rotate(-45)"]').count()) === 6);
  await panelOf(page, 'Pie').getByTestId('pie-slice').first().waitFor();
  const links = await panelOf(page, 'Pie').locator('a[href*="/see/"]').evaluateAll((all) => all.map((a) => a.getAttribute('href')).sort());
  check('slices have their links', links.length === 3 && links[0].endsWith('/see/a:9100'), JSON.stringify(links));
  const press = (title, name) => panelOf(page, title).getByRole('button', { name, exact: true }).click();
  await press('Over each other', 'b:9100');
  const alone = await becomes(async () => ({ ok: new Set((await bars('Over each other')).map((b) => b.color)).size === 1 }));
  check('a click on a name shows its bars alone', alone.ok && await comes(panelOf(page, 'Over each other').getByRole('button', { name: 'a:9100' })));
  await press('Pie', 'b:9100');
  check('and its slice', (await becomes(async () => ({ ok: (await panelOf(page, 'Pie').getByTestId('pie-slice').count()) === 1 }))).ok);
  await press('Pie', 'b:9100');
  check('until it is clicked again', (await becomes(async () => ({ ok: (await panelOf(page, 'Pie').getByTestId('pie-slice').count()) === 3 }))).ok);
  const marks = await becomes(async () => {
    const all = (await drawn(page, 'Heat')).texts.map((t) => t.text);
    return { ok: ['0.01', '0.05', '0.5', '+Inf'].every((t) => all.includes(t)), all };
  });
  check('buckets are called what their bounds are', marks.ok, JSON.stringify(marks.all));
}

/** What Grafana lets one say of lines and legends can be said here. */
export async function lines(page) {
  await store({ uid: 'lines', title: 'Lines', time: { from: 'now-1h', to: 'now' }, panels: [panel(1, 'timeseries', 'Lines', 'demo_load', {}, { legendFormat: '__auto' })] });
  await visit(page, '/d/lines?editPanel=1');
  await panelOf(page, 'Lines').getByText('a:9100').first().waitFor();
  const legend = page.getByRole('combobox', { name: 'Legend' });
  check('an automatic legend is called so', await comes(page.getByText('Auto', { exact: true })));
  const choose = (name) => page.getByRole('radio', { name, exact: true }).first().check({ force: true });
  const search = (text) => page.getByLabel('Search options').fill(text);
  await legend.click();
  await page.getByRole('option', { name: /^Custom/ }).click();
  await page.getByLabel('Legend format').fill('of {{instance}}');
  await page.getByLabel('Legend format').press('Enter');
  check('and can be written', await comes(panelOf(page, 'Lines').getByText('of a:9100')));
  await search('line style');
  await choose('Dash');
  check('lines can be dashed', (await becomes(async () => ({ ok: (await drawn(page, 'Lines')).strokes.some((s) => s.dash && !/rgba/.test(s.color)) }))).ok);
  await search('connect null');
  await choose('Threshold');
  await page.getByLabel('Connect null values: threshold').fill('10m');
  await page.getByLabel('Connect null values: threshold').press('Enter');
  await page.getByRole('button', { name: 'Back to dashboard' }).click();
  await save(page);
  const [{ fieldConfig, targets }] = (await stored('lines')).panels;
  check('and all is saved as Grafana writes it', JSON.stringify(fieldConfig.defaults.custom) === '{"lineStyle":{"fill":"dash","dash":[10,10]},"spanNulls":600000}' && targets[0].legendFormat === 'of {{instance}}', JSON.stringify([fieldConfig, targets]));
}

/** What several panels or variables ask at the same time goes out once. */
export async function once(page) {
  const variable = (name) => ({ name, type: 'query', query: 'label_values(demo_share, instance)', refresh: 1, datasource: prom });
  const panels = [1, 2, 3].map((id) => panel(id, 'stat', `Number ${id}`, 'sum(demo_share) + 7', {}, { instant: true }));
  await store({ uid: 'once', title: 'Once', time: { from: 'now-1h', to: 'now' }, templating: { list: ['a', 'b', 'c'].map(variable) }, panels });
  const asked = [];
  const note = (r) => /\/api\/v1\//.test(r.url()) && asked.push(new URL(r.url()).pathname.replace(/.*\/api\/v1\//, '') + ' ' + (r.postData() ?? ''));
  page.on('request', note);
  await visit(page, '/d/once');
  await panelOf(page, 'Number 3').getByText('127').first().waitFor();
  await quiet(page);
  page.off('request', note);
  check('three panels ask for a moment once', asked.filter((a) => /^query /.test(a)).length === 1, asked.join('\n'));
  check('and three variables for their values', asked.filter((a) => /^label\/instance\/values/.test(a)).length === 1, asked.join('\n'));
}
