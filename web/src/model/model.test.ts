import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { absentSources, replaceSources } from './absent';
import type { DashboardJSON, PanelJSON } from './dashboard';
import { addPanel, changes, edited, movePanels, panelsOfRow, removePanel, removeRow, setPanel, takeOn } from './edit';
import { asExport, fillInputs, inputsOf, withElements } from './inputs';
import { place, type RepeatValue } from './layout';
import { migrate, NotADashboard, unwrap } from './migrate';
import { migratePanel } from './migrate/panel';

const samples = ['dashboards', 'gallery', 'ages'].flatMap((name) => {
  const folder = new URL(`../../testdata/${name}/`, import.meta.url);
  return readdirSync(folder).map((f) => [f, JSON.parse(readFileSync(new URL(f, folder), 'utf8')) as DashboardJSON] as const);
});
const panelsOf = (d: DashboardJSON) => (d.panels ?? []).flatMap((p) => [p, ...(p.panels ?? [])]);

describe('migration', () => {
  it.each(samples)('%s becomes panels of today, and stays so', (_, json) => {
    const before = JSON.stringify(json);
    const once = migrate(unwrap(json));
    expect(JSON.stringify(json)).toBe(before);
    expect(migrate(once)).toEqual(once);
    expect(once.rows).toBeUndefined();
    const ids = panelsOf(once).map((p) => p.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(panelsOf(once).filter((p) => ['graph', 'singlestat', 'table-old'].includes(p.type))).toEqual([]);
  });

  it('places rows with spans on the grid', () => {
    const d = migrate(unwrap(samples.find(([f]) => f === 'rows-v4.json')?.[1]));
    expect((d.panels ?? []).map((p) => [p.type, p.title, p.gridPos])).toEqual([
      ['row', 'Totals', { x: 0, y: 0, w: 24, h: 1 }],
      ['stat', 'Old bytes', { x: 0, y: 1, w: 6, h: 4 }],
      ['gauge', 'Old gauge', { x: 6, y: 1, w: 6, h: 4 }],
      ['stat', 'Old mapping', { x: 12, y: 1, w: 6, h: 4 }],
      ['text', 'Old text', { x: 18, y: 1, w: 6, h: 4 }],
      ['row', 'Graphs', { x: 0, y: 5, w: 24, h: 1 }],
      ['timeseries', 'Old graph', { x: 0, y: 6, w: 12, h: 7 }],
      ['table', 'Old table', { x: 12, y: 6, w: 12, h: 7 }],
      ['row', 'Closed', { x: 0, y: 13, w: 24, h: 1 }],
    ]);
  });

  it('keeps what a graph said about its series', () => {
    const p = migratePanel({ type: 'graph', stack: true, percentage: true, nullPointMode: 'connected', steppedLine: true, fill: 3, aliasColors: { idle: '#0f0' }, yaxes: [{ format: 'bytes', min: '0', logBase: 2 }, { format: 'percent' }], seriesOverrides: [{ alias: '/err/', yaxis: 2, transform: 'negative-Y' }], thresholds: [{ value: 5, op: 'gt', fill: true, line: true, colorMode: 'critical' }] } as PanelJSON);
    expect(p.fieldConfig?.defaults).toMatchObject({ unit: 'bytes', min: 0, custom: { stacking: { mode: 'percent' }, spanNulls: true, lineInterpolation: 'stepAfter', fillOpacity: 30, scaleDistribution: { type: 'log', log: 2 }, thresholdsStyle: { mode: 'line+area' } } });
    expect(p.fieldConfig?.defaults.thresholds?.steps).toEqual([{ value: -Infinity, color: 'transparent' }, { value: 5, color: 'red' }]);
    expect(p.fieldConfig?.overrides).toEqual([
      { matcher: { id: 'byName', options: 'idle' }, properties: [{ id: 'color', value: { mode: 'fixed', fixedColor: '#0f0' } }] },
      { matcher: { id: 'byRegexp', options: '/err/' }, properties: [{ id: 'custom.axisPlacement', value: 'right' }, { id: 'unit', value: 'percent' }, { id: 'custom.transform', value: 'negative-Y' }] },
    ]);
  });

  it('turns texts of values into mappings', () => {
    const p = migratePanel({ type: 'stat', fieldConfig: { defaults: { mappings: [{ type: 1, value: '1', text: 'up' }, { type: 2, from: '2', to: '5', text: 'many' }, { type: 1, value: 'null', text: 'N/A' }] }, overrides: [] } } as never);
    expect(p.fieldConfig?.defaults.mappings).toEqual([
      { type: 'value', options: { '1': { text: 'up', index: 0 } } },
      { type: 'range', options: { from: 2, to: 5, result: { text: 'many', index: 1 } } },
      { type: 'special', options: { match: 'null', result: { text: 'N/A', index: 2 } } },
    ]);
  });

  it('keeps null and new words of tables, and what gauges called their reducers', () => {
    const t = migratePanel({ type: 'table', fieldConfig: { defaults: { custom: { hidden: true } }, overrides: [{ matcher: { id: 'byName', options: 'a' }, properties: [{ id: 'custom.hidden', value: true }] }] } } as never);
    expect(t.fieldConfig).toEqual({ defaults: { custom: { hideFrom: { viz: true } } }, overrides: [{ matcher: { id: 'byName', options: 'a' }, properties: [{ id: 'custom.hideFrom', value: { viz: true } }] }] });
    const g = migratePanel({ type: 'gauge', options: { valueOptions: { stat: 'current' } } } as never);
    expect(g.options?.reduceOptions).toMatchObject({ calcs: ['lastNotNull'] });
  });

  it('refuses what is no dashboard, and says why', () => {
    expect(() => unwrap([])).toThrow(NotADashboard);
    expect(() => unwrap({ a: 1 })).toThrow(/neither "panels"/);
    expect(() => unwrap({ apiVersion: 'dashboard.grafana.app/v2beta1', spec: { elements: {} } })).toThrow(/v2 format/);
    expect(() => unwrap({ elements: {}, layout: {}, title: 'x' })).toThrow(/v2 format/);
    expect(unwrap({ apiVersion: 'dashboard.grafana.app/v1beta1', metadata: { name: 'abc' }, spec: { title: 'T', panels: [] } })).toMatchObject({ uid: 'abc', title: 'T' });
    expect(unwrap({ dashboard: { title: 'T' }, meta: {} })).toEqual({ title: 'T' });
  });
});

describe('layout', () => {
  const values = (...v: string[]): RepeatValue[] => v.map((value) => ({ value, text: value }));
  const panel = (id: number, x: number, y: number, w: number, h: number, more: Partial<PanelJSON> = {}): PanelJSON => ({ id, type: 'stat', gridPos: { x, y, w, h }, ...more });

  it('repeats panels side by side and moves what is below', () => {
    const placed = place([panel(1, 0, 0, 24, 4, { repeat: 'v', maxPerRow: 2 }), panel(2, 0, 4, 24, 4)], () => values('a', 'b', 'c'));
    expect(placed.map((p) => p.kind === 'panel' && [p.key, p.pos, p.local[0]?.value])).toEqual([
      ['panel-1@a', { x: 0, y: 0, w: 12, h: 4 }, 'a'],
      ['panel-1@b', { x: 12, y: 0, w: 12, h: 4 }, 'b'],
      ['panel-1@c', { x: 0, y: 4, w: 12, h: 4 }, 'c'],
      ['panel-2', { x: 0, y: 8, w: 24, h: 4 }, undefined],
    ]);
  });

  it('leaves out the copies that a repeat of old saved along', () => {
    const saved = panel(2, 12, 0, 12, 4, { repeatPanelId: 1, repeatIteration: 1 });
    expect(place([panel(1, 0, 0, 12, 4, { repeat: 'v' }), saved], () => values('a', 'b')).map((p) => p.key)).toEqual(['panel-1@a', 'panel-1@b']);
    const d = migrate({ rows: [{ title: 'R', repeat: 'v', panels: [{ id: 1, type: 'text', span: 12 }] }, { title: 'R', repeatRowId: 1, repeatIteration: 1, panels: [{ id: 2, type: 'text' }] }] });
    expect(d.panels?.map((p) => p.type)).toEqual(['row', 'text']);
  });

  it('repeats rows with all that is in them', () => {
    const placed = place([{ id: 1, type: 'row', title: 'R', repeat: 'v', gridPos: { x: 0, y: 0, w: 24, h: 1 } }, panel(2, 0, 1, 24, 4)], () => values('a', 'b'));
    expect(placed.map((p) => p.kind === 'row' && [p.key, p.y, p.children.map((c) => [c.key, c.pos.y])])).toEqual([
      ['row-1@a', 0, [['panel-2@a', 1]]],
      ['row-1@b', 5, [['panel-2@b', 6]]],
    ]);
  });
});

describe('edits', () => {
  const stored: DashboardJSON = { title: 'T', schemaVersion: 27, custom: [1], panels: [{ id: 1, type: 'graph', title: 'old', gridPos: { x: 0, y: 0, w: 12, h: 8 }, targets: [] }, { id: 2, type: 'stat', title: 'two', gridPos: { x: 12, y: 0, w: 12, h: 8 }, options: { x: 1 } }] };
  const model = migrate(stored);

  it('save nothing else than what was edited', () => {
    const panel = model.panels?.[1] as PanelJSON;
    const saved = edited(stored, model, setPanel(model, { ...panel, title: 'zwei' }));
    expect(changes(stored, saved)).toEqual([{ path: 'panels.1.title', before: 'two', after: 'zwei' }]);
    expect(edited(stored, model, model)).toBe(stored);
  });

  it('save only the panels that were moved', () => {
    const moved = movePanels(model, new Map([[2, { x: 0, y: 0, w: 0, h: -2 }]]));
    expect(changes(stored, edited(stored, model, moved))).toEqual([{ path: 'panels.1.gridPos.h', before: 8, after: 6 }]);
  });

  it('save new and removed panels', () => {
    const { dashboard, id } = addPanel(removePanel(model, 1), { type: 'text' });
    const saved = edited(stored, model, dashboard);
    expect(saved.panels?.map((p) => p.id)).toEqual([2, id]);
    expect(saved.panels?.[0]).toEqual(stored.panels?.[1]);
    expect(saved.schemaVersion).toBe(27);
  });
});

describe('edits of old dashboards', () => {
  const stored = {
    title: 'T', schemaVersion: 22,
    templating: { list: [{ name: 'a', type: 'query', query: 'up', allFormat: 'glob', refresh: true }, { name: 'b', type: 'custom', query: 'x,y' }] },
    annotations: { list: [{ name: 'deploys', datasource: 'prom', expr: 'x', showIn: 0 }] },
    panels: [{ id: 1, type: 'stat', gridPos: { x: 0, y: 0, w: 6, h: 4 }, fieldConfig: { defaults: { mappings: [{ type: 1, value: '1', text: 'up' }], unit: 'short', custom: { later: true } }, overrides: [] }, targets: [{ expr: 'up', refId: 'A', legacy: 1 }, { expr: 'down', refId: 'B' }] }],
  } as never as DashboardJSON;
  const model = migrate(stored);

  it('keep the old form of all that was not edited', () => {
    const panel = structuredClone(model.panels?.[0]) as PanelJSON;
    (panel.fieldConfig as { defaults: { unit?: string } }).defaults.unit = 'bytes';
    (panel.targets as Array<{ expr?: string }>)[1].expr = 'off';
    expect(changes(stored, edited(stored, model, setPanel(model, panel)))).toEqual([
      { path: 'panels.0.fieldConfig.defaults.unit', before: 'short', after: 'bytes' },
      { path: 'panels.0.targets.1.expr', before: 'down', after: 'off' },
    ]);
  });

  it('keep the other variables and annotations as they were', () => {
    const [a, b] = model.templating?.list ?? [];
    const saved = edited(stored, model, { ...model, templating: { list: [a, { ...b, label: 'B' }, { name: 'c', type: 'textbox', query: '' }] } });
    expect(saved.templating?.list).toEqual([stored.templating?.list?.[0], { ...stored.templating?.list?.[1], label: 'B' }, { name: 'c', type: 'textbox', query: '' }]);
    expect(saved.annotations).toBe(stored.annotations);
    expect(saved.panels).toBe(stored.panels);
  });
});

describe('rows', () => {
  const at = (id: number, y: number, more = {}) => ({ id, type: 'stat', gridPos: { x: 0, y, w: 24, h: 4 }, ...more }) as PanelJSON;
  const row = (id: number, y: number, more = {}) => at(id, y, { type: 'row', gridPos: { x: 0, y, w: 24, h: 1 }, ...more });
  const d: DashboardJSON = { panels: [at(1, 0), row(2, 4), at(3, 5), at(4, 9), row(5, 13, { collapsed: true, panels: [at(6, 14), at(7, 18)] }), row(8, 14), at(9, 15)] };
  const left = (id: number, all: boolean) => removeRow(d, id, all).panels?.map((p) => [p.id, p.gridPos?.y]);

  it('have what is in them, open or closed', () => {
    expect([2, 5, 8, 77].map((id) => panelsOfRow(d, id).map((p) => p.id))).toEqual([[3, 4], [6, 7], [9], []]);
  });

  it('go alone or with their panels', () => {
    expect(left(2, false)).toEqual([[1, 0], [3, 5], [4, 9], [5, 13], [8, 14], [9, 15]]);
    expect(left(2, true)).toEqual([[1, 0], [5, 13], [8, 14], [9, 15]]);
    expect(left(5, true)).toEqual([[1, 0], [2, 4], [3, 5], [4, 9], [8, 14], [9, 15]]);
    expect(left(5, false)).toEqual([[1, 0], [2, 4], [3, 5], [4, 9], [6, 13], [7, 17], [8, 22], [9, 23]]);
  });
});

describe('inputs', () => {
  it('are made by an export, and come back by an import', () => {
    const sources = [{ uid: 'abc', name: 'Our metrics', type: 'prometheus' }, { uid: '-- Mixed --', name: '-- Mixed --', type: 'mixed' }];
    const d: DashboardJSON = { id: 7, uid: 'x', version: 3, title: 'T', templating: { list: [{ name: 'v', type: 'query', datasource: 'abc' }] }, panels: [{ id: 1, type: 'stat', datasource: { type: 'mixed', uid: '-- Mixed --' }, targets: [{ refId: 'A', expr: 'abc', datasource: { type: 'prometheus', uid: 'abc' } }, { refId: 'B', datasource: { uid: '${ds}' } }] }] };
    const out = asExport(d, sources);
    expect(out.__inputs).toEqual([{ name: 'DS_OUR_METRICS', label: 'Our metrics', description: '', type: 'datasource', pluginId: 'prometheus', pluginName: 'prometheus' }]);
    expect([out.id, out.version, out.uid]).toEqual([null, undefined, 'x']);
    const { __inputs: _, ...back } = fillInputs(out, { DS_OUR_METRICS: 'abc' });
    expect({ ...back, id: 7, version: 3 }).toEqual(d);
  });

  it('bring the library panels that an export carries', () => {
    const d = withElements({ __elements: { x: { uid: 'x', name: 'X', model: { type: 'stat', title: 'From the library' } } }, panels: [{ id: 3, gridPos: { x: 0, y: 0, w: 4, h: 4 }, libraryPanel: { uid: 'x', name: 'X' } }] } as never);
    expect(d.panels).toEqual([{ type: 'stat', title: 'From the library', id: 3, gridPos: { x: 0, y: 0, w: 4, h: 4 } }]);
  });
  it('are asked for and filled in wherever they stand', () => {
    const d = { title: 'T', __inputs: [{ name: 'DS_PROM', type: 'datasource', pluginId: 'prometheus', label: 'Prom' }], panels: [{ type: 'stat', datasource: { uid: '${DS_PROM}' }, targets: [{ refId: 'A', expr: 'up{a="${X}"}', datasource: '${DS_OTHER}' }] }] } as never as DashboardJSON;
    expect(inputsOf(d).map((i) => i.name)).toEqual(['DS_PROM', 'DS_OTHER']);
    const filled = fillInputs(d, { DS_PROM: 'p', DS_OTHER: 'o' });
    expect(filled.panels?.[0]).toMatchObject({ datasource: { uid: 'p' }, targets: [{ expr: 'up{a="${X}"}', datasource: 'o' }] });
  });
});

describe('data sources that are not here', () => {
  const gone = 'k8s_prometheus';
  const d = {
    title: 'Of elsewhere', annotations: { list: [{ name: 'Own', datasource: '-- Grafana --' }, { name: 'Deploys', datasource: gone }] },
    templating: { list: [{ name: 'node', type: 'query', query: gone, datasource: gone }, { name: 'source', type: 'datasource', query: 'prometheus' }] },
    rows: [{ panels: [{ type: 'graph', title: gone, datasource: gone, targets: [{ refId: 'A', expr: gone }] }] }],
    panels: [
      { type: 'stat', datasource: null }, { type: 'stat', datasource: 'Here' }, { type: 'stat', datasource: '$source' }, { type: 'stat', datasource: '${DS_X}' }, { type: 'stat', datasource: { type: 'prometheus' } },
      { type: 'row', panels: [{ type: 'stat', datasource: { type: 'datasource', uid: '-- Mixed --' }, targets: [{ refId: 'A', datasource: { type: 'prometheus', uid: 'P1' } }, { refId: 'B', datasource: { uid: 'P1' } }, { refId: 'C', datasource: { type: '__expr__', uid: 'P2' } }, { refId: 'D', datasource: { type: 'loki', uid: 'P3', more: 1 } }] }] },
    ],
  } as unknown as DashboardJSON;
  const here = (name: string) => name === 'Here';

  it('are told, each once', () => {
    expect(absentSources(d, here)).toEqual([{ name: gone, places: 3 }, { name: 'P1', type: 'prometheus', places: 2 }, { name: 'P3', type: 'loki', places: 1 }]);
    expect(absentSources(d, () => true)).toEqual([]);
  });

  it('are replaced, and nothing else is', () => {
    const to = { uid: 'amp', name: 'Known', type: 'grafana-amazonprometheus-datasource' };
    const text = JSON.stringify(d).replaceAll(`"datasource":"${gone}"`, '"datasource":"amp"').replace('{"type":"prometheus","uid":"P1"}', `{"type":"${to.type}","uid":"amp"}`).replace('{"uid":"P1"}', '{"uid":"amp"}');
    expect(JSON.stringify(replaceSources(d, new Map([[gone, to], ['P1', to]])))).toBe(text);
    expect(replaceSources(d, new Map())).toEqual(d);
  });
});

describe('what is changed on a panel', () => {
  const kept = { defaults: { unit: 'percent', later: 1 }, overrides: [{ matcher: { id: 'byName', options: 'a' }, properties: [{ id: 'later', value: 1 }, { id: 'unit', value: 's' }] }] };
  const shown = { defaults: { unit: 'percent', color: { mode: 'x' } }, overrides: [{ matcher: { id: 'byName', options: 'a' }, properties: [{ id: 'unit', value: 's' }] }] };

  it('is taken on, and neither defaults nor what is unknown come or go', () => {
    const hidden = { matcher: { id: 'byNames', options: { names: ['b'] } }, properties: [] };
    expect(takeOn(kept, shown, { ...shown, overrides: [...shown.overrides, hidden] })).toEqual({ ...kept, overrides: [...kept.overrides, hidden] });
    expect(takeOn(kept, shown, { ...shown, defaults: { ...shown.defaults, decimals: 2 } })).toEqual({ ...kept, defaults: { ...kept.defaults, decimals: 2 } });
    expect(takeOn(kept, shown, structuredClone(shown))).toBe(kept);
  });

  it('keeps what else a rule says', () => {
    const wider = { ...shown.overrides[0], properties: [...shown.overrides[0].properties, { id: 'custom.width', value: 90 }] };
    const after = takeOn(kept, shown, { ...shown, overrides: [wider] }) as typeof kept;
    expect(after.overrides[0].properties).toEqual([{ id: 'later', value: 1 }, { id: 'unit', value: 's' }, { id: 'custom.width', value: 90 }]);
  });

  it('goes again with what took it back', () => {
    const sorted = { sortBy: [{ displayName: 'a', desc: true }] };
    expect(takeOn(undefined, { cellHeight: 'sm' }, { cellHeight: 'sm', ...sorted })).toEqual(sorted);
    expect(takeOn({ x: 1, ...sorted }, { ...sorted, y: 1 }, { y: 1 })).toEqual({ x: 1 });
  });
});
