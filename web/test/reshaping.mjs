// The forms of the transformations that give data another shape: what each writes.
import { api, base, becomes, check, choose, openPage, panelOf, quiet, sorted } from './browser.mjs';

const prom = { type: 'prometheus', uid: 'prom' };
const dashboard = {
  uid: 'reshaping', title: 'Reshaping', schemaVersion: 42, time: { from: 'now-1h', to: 'now' },
  panels: [
    { id: 1, type: 'table', title: 'Shaped', datasource: prom, gridPos: { x: 0, y: 0, w: 24, h: 10 }, options: {}, fieldConfig: { defaults: {}, overrides: [] },
      targets: [{ refId: 'A', expr: 'demo_share', datasource: prom }, { refId: 'B', expr: 'demo_percent', instant: true, format: 'table', datasource: prom }] },
  ],
};

/** One of several, which stand beside each other once they are taken. */
const several = async (row, label, text) => {
  await choose(row, label, text, async () => (await row.getByRole('button', { name: `Remove ${text}` }).count()) > 0);
  await row.page().keyboard.press('Escape');
};
const on = async (input) => {
  await input.click({ force: true });
  await becomes(async () => ({ ok: await input.isChecked() }));
};
const pick = (row, name) => on(row.getByRole('radio', { name, exact: true }).first());
const flip = (row, name) => on(row.getByRole('switch', { name }));
const write = async (box, text) => {
  await box.fill(text);
  await box.press('Enter');
};

/** What is done in each form, and the options that it writes. */
const forms = [
  ['Rows to fields', 'rowsToFields', { nameField: 'instance', valueField: 'Value', mappings: [{ fieldName: 'job', handlerKey: 'unit' }] }, async (row) => {
    await choose(row, 'Names of the fields', 'instance');
    await choose(row, 'Their values', 'Value');
    await row.getByRole('button', { name: 'Add setting' }).click();
    await choose(row, 'Field', 'job');
    await choose(row, 'Sets', 'Unit');
  }],
  ['Config from query results', 'configFromData', { configRefId: 'B', mappings: [{ fieldName: 'Time', handlerKey: 'min' }] }, async (row) => {
    await choose(row, 'Query that configures the others', 'B');
    await row.getByRole('button', { name: 'Add setting' }).click();
    await choose(row, 'Field', 'Time');
    await choose(row, 'Sets', 'Min');
  }],
  ['Partition by values', 'partitionByValues', { fields: ['instance'], keepFields: true, naming: { asLabels: false } }, async (row) => {
    await several(row, 'A table for each value of', 'instance');
    await pick(row, 'The table\'s name');
    await flip(row, 'Keep these fields');
  }],
  ['Prepare time series', 'prepareTimeSeries', { format: 'long' }, (row) => pick(row, 'Long: rows with labels')],
  ['Extract fields', 'extractFields', { source: 'labels', format: 'json', jsonPaths: [{ path: 'a.b', alias: 'c' }], replace: true, keepTime: true }, async (row) => {
    await choose(row, 'Source', 'labels');
    await choose(row, 'Format', 'JSON');
    await row.getByRole('button', { name: 'Add path' }).click();
    await write(row.getByLabel('Path', { exact: true }), 'a.b');
    await write(row.getByLabel('Name', { exact: true }), 'c');
    await flip(row, 'Replace all fields');
    await flip(row, 'Keep time');
  }],
  ['Join by labels', 'joinByLabels', { value: 'instance', join: ['job'] }, async (row) => {
    await choose(row, 'Its values name the columns', 'instance');
    await several(row, 'A row for each', 'job');
  }],
  ['Create heatmap', 'heatmap', { xBuckets: { mode: 'count', value: '12' } }, async (row) => {
    await pick(row, 'Count');
    await write(row.getByLabel('X buckets: value'), '12');
  }],
  ['Regression analysis', 'regression', { modelType: 'polynomial', predictionCount: 50, degree: 3 }, async (row) => {
    await pick(row, 'Polynomial');
    await write(row.getByLabel('Degree'), '3');
    await write(row.getByLabel('Points'), '50');
  }],
  ['Smoothing', 'smoothing', { resolution: 20 }, (row) => write(row.getByLabel('Resolution'), '20')],
  ['Time series to table', 'timeSeriesTable', { A: { stat: 'max' } }, async (row) => {
    await row.getByRole('combobox').first().fill('Max');
    await row.getByRole('combobox').first().press('Enter');
  }],
];

export async function reshaping(given) {
  const stored = await api('/api/dashboards/db', { method: 'POST', body: JSON.stringify({ dashboard, overwrite: true }) });
  check('reshaping is stored', stored.ok, await stored.text());
  const { page } = await openPage(given.context().browser(), { storageState: await given.context().storageState() });
  await page.goto(base + '/d/reshaping?editPanel=1');
  await page.getByRole('tab', { name: 'Transformations' }).click();
  const list = page.getByRole('region', { name: 'Transformations' });
  for (const [i, [name, id, options, fill]] of forms.entries()) {
    const row = list.getByRole('listitem').filter({ hasText: `${i + 1}. ${name}` });
    await choose(list, 'Add transformation', name, async () => (await row.count()) > 0);
    const done = await fill(row).then(() => '', String);
    check(`the form of ${id}`, !done, done || JSON.stringify(options));
    if (i < forms.length - 1) {
      await row.getByRole('button', { name: 'Switch off' }).click();
      await row.getByRole('button', { name: 'Switch on' }).waitFor();
    }
  }
  check('the last one shows at once', await panelOf(page, 'Shaped').getByText('Trend #A').first().waitFor().then(() => true, () => false));
  await page.getByRole('button', { name: 'Back to dashboard' }).click();
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await quiet(page);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Saved', { exact: true }).first().waitFor();
  const after = (await (await api('/api/dashboards/uid/reshaping')).json()).dashboard.panels[0].transformations;
  for (const [i, [, id, options]] of forms.entries()) {
    const t = after[i];
    check(`what the form of ${id} writes`, t?.id === id && JSON.stringify(sorted(t.options)) === JSON.stringify(sorted(options)), JSON.stringify(t));
  }
  await page.context().close();
}
