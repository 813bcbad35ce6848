/* The graph panel of before Grafana 8 as timeseries, bar chart or histogram. */
import type { ConfigOverrideRule, DynamicConfigValue } from '@grafana/data';
import { compact, list, number, record, records, text, type AnyRecord, type PanelJSON } from '../dashboard';

const ownKeys = [
  'aliasColors', 'bars', 'dashLength', 'dashes', 'decimals', 'fill', 'fillGradient', 'grid', 'hiddenSeries', 'leftYAxisLabel', 'legend',
  'lines', 'linewidth', 'nullPointMode', 'percentage', 'pointradius', 'points', 'renderer', 'rightYAxisLabel', 'seriesOverrides',
  'spaceLength', 'stack', 'steppedLine', 'thresholds', 'timeRegions', 'tooltip', 'xaxis', 'yaxis', 'yaxes', 'y_formats', 'x-axis',
  'y-axis', 'zerofill', 'alert', 'height', 'editable', 'error', 'annotate', 'resolution', 'scale', 'derivative', 'isNew', 'options', 'fieldConfig',
];

/** The values a legend showed, in its old words and in today's. */
const legendCalcs: Array<[string, string]> = [
  ['min', 'min'], ['max', 'max'], ['avg', 'mean'], ['current', 'lastNotNull'], ['total', 'sum'],
];

export function migrateGraph(p: PanelJSON): PanelJSON {
  const rest: AnyRecord = { ...p };
  for (const key of ownKeys) {
    delete rest[key];
  }
  const mode = text(record(p.xaxis).mode) ?? 'time';
  const kind = mode === 'series' ? 'barchart' : mode === 'histogram' ? 'histogram' : 'timeseries';
  return {
    ...rest,
    type: kind,
    fieldConfig: { defaults: defaultsOf(p, kind), overrides: [...aliasColors(p), ...seriesOverrides(p)] },
    options: optionsOf(p, kind, mode),
    ...(kind === 'barchart' ? { transformations: [...(p.transformations ?? []), reduceFor(p)] } : {}),
  } as unknown as PanelJSON;
}

function reduceFor(p: PanelJSON): PanelJSON['transformations'] extends Array<infer T> | undefined ? T : never {
  const value = list(record(p.xaxis).values)[0];
  const calc = legendCalcs.find(([old]) => old === value)?.[1] ?? 'lastNotNull';
  return { id: 'reduce', options: { reducers: [calc] } } as never;
}

/** Left and right axes. Before schema 6 they stood in three places. */
function axes(p: PanelJSON): [AnyRecord, AnyRecord] {
  const found = records(p.yaxes);
  if (found.length) {
    return [found[0] ?? {}, found[1] ?? {}];
  }
  const grid = record(p.grid);
  const formats = list(p.y_formats).map(String);
  const show = p['y-axis'] === undefined ? true : Boolean(p['y-axis']);
  const side = (i: number, name: 'left' | 'right') => ({
    format: formats[i] ?? 'short',
    label: text(p[`${name}YAxisLabel`]),
    logBase: grid[`${name}LogBase`],
    min: grid[`${name}Min`],
    max: grid[`${name}Max`],
    show,
  });
  return [side(0, 'left'), side(1, 'right')];
}

function axisConfig(axis: AnyRecord): AnyRecord {
  const base = number(axis.logBase) ?? 1;
  return compact({
    axisPlacement: axis.show === false ? 'hidden' : 'auto',
    axisLabel: text(axis.label) ?? '',
    scaleDistribution: base > 1 ? { type: 'log', log: base === 2 ? 2 : 10 } : { type: 'linear' },
  });
}

function defaultsOf(p: PanelJSON, kind: string): AnyRecord {
  const [left] = axes(p);
  const defaults = compact({
    unit: text(left.format) ?? 'short',
    min: number(left.min),
    max: number(left.max),
    decimals: number(p.decimals) ?? number(left.decimals),
    color: { mode: 'palette-classic' },
  });
  if (kind !== 'timeseries') {
    return defaults;
  }
  const { steps, style } = thresholds(p);
  return {
    ...defaults,
    ...(steps.length ? { thresholds: { mode: 'absolute', steps } } : {}),
    custom: { ...axisConfig(left), ...drawing(p), ...(steps.length ? { thresholdsStyle: { mode: style } } : {}) },
  };
}

/** How lines, bars and points are drawn. An override has some of these alone. */
function drawing(p: PanelJSON): AnyRecord {
  const bars = Boolean(p.bars);
  const lines = p.lines === undefined ? true : Boolean(p.lines);
  const points = Boolean(p.points);
  const fill = number(p.fill) ?? 1;
  return compact({
    drawStyle: bars ? 'bars' : lines ? 'line' : 'points',
    lineWidth: bars || !lines ? (bars ? 1 : 0) : (number(p.linewidth) ?? 1),
    fillOpacity: bars ? 100 : lines ? fill * 10 : 0,
    gradientMode: number(p.fillGradient) ? 'opacity' : 'none',
    showPoints: points ? 'always' : 'never',
    pointSize: Math.max((number(p.pointradius) ?? 2) * 2, 2),
    lineInterpolation: p.steppedLine ? 'stepAfter' : 'linear',
    spanNulls: p.nullPointMode === 'connected',
    lineStyle: p.dashes ? dash(p) : undefined,
    stacking: { mode: p.stack ? (p.percentage ? 'percent' : 'normal') : 'none', group: 'A' },
  });
}

function dash(p: AnyRecord): AnyRecord {
  return { fill: 'dash', dash: [number(p.dashLength) ?? 10, number(p.spaceLength) ?? 10] };
}

const criticalColors: Record<string, string> = { critical: 'red', warning: 'orange', ok: 'green' };

function thresholds(p: PanelJSON): { steps: Array<{ value: number; color: string }>; style: string } {
  const found = records(p.thresholds).filter((t) => number(t.value) !== undefined);
  const grid = record(p.grid);
  if (!found.length && number(grid.threshold1) !== undefined) {
    found.push({ value: grid.threshold1, op: 'gt', fill: true, line: Boolean(grid.thresholdLine), colorMode: 'warning' });
    if (number(grid.threshold2) !== undefined) {
      found.push({ value: grid.threshold2, op: 'gt', fill: true, line: Boolean(grid.thresholdLine), colorMode: 'critical' });
    }
  }
  if (!found.length) {
    return { steps: [], style: 'off' };
  }
  const fill = found.some((t) => t.fill);
  const line = found.some((t) => t.line);
  return { steps: stepsOf(found), style: fill && line ? 'line+area' : fill ? 'area' : 'line' };
}

/** Above a "gt" limit and below a "lt" limit is its colour; elsewhere nothing. */
function stepsOf(found: AnyRecord[]): Array<{ value: number; color: string }> {
  const colorOf = (t: AnyRecord) => criticalColors[text(t.colorMode) ?? ''] ?? text(t.fillColor) ?? text(t.lineColor) ?? 'red';
  const sorted = [...found].sort((a, b) => (number(a.value) ?? 0) - (number(b.value) ?? 0));
  const steps: Array<{ value: number; color: string }> = [];
  let base = 'transparent';
  for (const t of sorted) {
    const value = number(t.value) ?? 0;
    if (t.op === 'lt') {
      if (!steps.length) {
        base = colorOf(t);
      } else {
        steps[steps.length - 1].color = colorOf(t);
      }
      steps.push({ value, color: 'transparent' });
    } else {
      steps.push({ value, color: colorOf(t) });
    }
  }
  return [{ value: -Infinity, color: base }, ...steps];
}

function aliasColors(p: PanelJSON): ConfigOverrideRule[] {
  return Object.entries(record(p.aliasColors)).map(([name, color]) => ({
    matcher: { id: 'byName', options: name },
    properties: [{ id: 'color', value: { mode: 'fixed', fixedColor: String(color) } }],
  }));
}

function seriesOverrides(p: PanelJSON): ConfigOverrideRule[] {
  const [, right] = axes(p);
  return records(p.seriesOverrides)
    .filter((o) => text(o.alias))
    .map((o) => {
      const alias = text(o.alias) ?? '';
      const isRegex = /^\/.*\/[gim]*$/.test(alias);
      return { matcher: { id: isRegex ? 'byRegexp' : 'byName', options: alias }, properties: overrideProperties(o, p, right) };
    })
    .filter((o) => o.properties.length > 0);
}

function overrideProperties(o: AnyRecord, p: PanelJSON, right: AnyRecord): DynamicConfigValue[] {
  const out: DynamicConfigValue[] = [];
  const add = (id: string, value: unknown) => value !== undefined && out.push({ id, value });
  const custom = (id: string, value: unknown) => add('custom.' + id, value);
  if (number(o.yaxis) === 2) {
    custom('axisPlacement', right.show === false ? 'hidden' : 'right');
    custom('axisLabel', text(right.label) || undefined);
    add('unit', text(right.format));
    add('min', number(right.min));
    add('max', number(right.max));
    add('decimals', number(right.decimals));
    custom('scaleDistribution', (number(right.logBase) ?? 1) > 1 ? axisConfig(right).scaleDistribution : undefined);
  }
  add('color', text(o.color) && { mode: 'fixed', fixedColor: o.color });
  custom('drawStyle', o.bars ? 'bars' : o.lines === true ? 'line' : o.lines === false && o.points ? 'points' : undefined);
  custom('lineWidth', o.lines === false && !o.bars ? 0 : number(o.linewidth));
  custom('fillOpacity', o.bars ? 100 : number(o.fill) === undefined ? undefined : (number(o.fill) ?? 0) * 10);
  custom('gradientMode', number(o.fillGradient) === undefined ? undefined : number(o.fillGradient) ? 'opacity' : 'none');
  custom('showPoints', o.points === undefined ? undefined : o.points ? 'always' : 'never');
  custom('pointSize', number(o.pointradius) === undefined ? undefined : Math.max((number(o.pointradius) ?? 1) * 2, 2));
  custom('lineInterpolation', o.steppedLine === undefined ? undefined : o.steppedLine ? 'stepAfter' : 'linear');
  custom('lineStyle', o.dashes ? dash({ ...p, ...o }) : undefined);
  custom('spanNulls', o.nullPointMode === undefined ? undefined : o.nullPointMode === 'connected');
  custom('fillBelowTo', text(o.fillBelowTo));
  custom('transform', o.transform === 'negative-Y' ? 'negative-Y' : undefined);
  custom('stacking', stacking(o, p));
  custom('hideFrom', o.hiddenSeries || o.legend === false ? { viz: Boolean(o.hiddenSeries), legend: o.legend === false, tooltip: false } : undefined);
  return out;
}

function stacking(o: AnyRecord, p: PanelJSON): AnyRecord | undefined {
  if (o.stack === undefined) {
    return undefined;
  }
  const mode = o.stack === false ? 'none' : p.percentage ? 'percent' : 'normal';
  return { mode, group: typeof o.stack === 'string' ? o.stack : 'A' };
}

function optionsOf(p: PanelJSON, kind: string, mode: string): AnyRecord {
  const legend = legendOf(record(p.legend));
  const tooltip = record(p.tooltip);
  const sort = ['none', 'asc', 'desc'][number(tooltip.sort) ?? 0] ?? 'none';
  const options: AnyRecord = { legend, tooltip: { mode: tooltip.shared === false ? 'single' : 'multi', sort } };
  if (kind === 'histogram') {
    const buckets = number(record(p.xaxis).buckets);
    return { ...options, combine: true, ...(buckets ? { bucketCount: buckets } : {}) };
  }
  return mode === 'series' ? { ...options, legend: { ...legend, showLegend: false }, xField: 'Field', orientation: 'auto' } : options;
}

function legendOf(legend: AnyRecord): AnyRecord {
  const calcs = legend.values === false ? [] : legendCalcs.filter(([old]) => legend[old]).map(([, now]) => now);
  const sortBy: Record<string, string> = { min: 'Min', max: 'Max', avg: 'Mean', current: 'Last *', total: 'Total' };
  return compact({
    showLegend: legend.show === undefined ? true : Boolean(legend.show),
    displayMode: legend.alignAsTable ? 'table' : 'list',
    placement: legend.rightSide ? 'right' : 'bottom',
    calcs,
    width: legend.rightSide ? number(legend.sideWidth) : undefined,
    sortBy: text(legend.sort) ? sortBy[text(legend.sort) ?? ''] : undefined,
    sortDesc: text(legend.sort) ? legend.sortDesc !== false : undefined,
  });
}
