/* Options and field settings that changed their shape without the panel changing its kind. */
import type { FieldConfigSource, ValueMapping } from '@grafana/data';
import { compact, number, record, records, text, type AnyRecord, type PanelJSON } from '../dashboard';

export function migrateFieldConfig(p: PanelJSON): PanelJSON {
  const out = { ...p };
  const options = record(p.options);
  if (options.tooltipOptions && !options.tooltip) {
    const { tooltipOptions, ...rest } = options;
    out.options = { ...rest, tooltip: tooltipOptions };
  }
  const legend = record(record(out.options).legend);
  if (legend.displayMode === 'hidden' || (legend.isVisible === false && legend.showLegend === undefined)) {
    out.options = { ...out.options, legend: { ...legend, displayMode: 'list', showLegend: false } };
  } else if (Object.keys(legend).length && legend.showLegend === undefined && out.type !== 'heatmap') {
    out.options = { ...out.options, legend: { ...legend, showLegend: true } };
  }
  if (p.fieldConfig) {
    out.fieldConfig = migrateSource(p.fieldConfig);
  }
  return out;
}

function migrateSource(source: FieldConfigSource): FieldConfigSource {
  const defaults = migrateDefaults(record(source.defaults));
  const overrides = records(source.overrides).map((o) => ({
    ...o,
    matcher: o.matcher ?? { id: 'byName', options: '' },
    properties: records(o.properties).map(migrateProperty),
  }));
  return { ...source, defaults, overrides } as unknown as FieldConfigSource;
}

function migrateDefaults(defaults: AnyRecord): AnyRecord {
  const out = { ...defaults };
  if (Array.isArray(defaults.mappings)) {
    out.mappings = migrateMappings(records(defaults.mappings));
  }
  if (defaults.title !== undefined && defaults.displayName === undefined) {
    out.displayName = defaults.title;
    delete out.title;
  }
  const custom = record(defaults.custom);
  if (custom.displayMode !== undefined && custom.cellOptions === undefined) {
    const { displayMode, ...rest } = custom;
    out.custom = { ...rest, cellOptions: cellOptions(text(displayMode) ?? 'auto') };
  }
  if (custom.hidden !== undefined) {
    const { hidden, ...rest } = record(out.custom);
    out.custom = { ...rest, hideFrom: { viz: Boolean(hidden) } };
  }
  return out;
}

function migrateProperty(q: AnyRecord): AnyRecord {
  switch (q.id) {
    case 'mappings':
      return { ...q, value: migrateMappings(records(q.value)) };
    case 'custom.displayMode':
      return { id: 'custom.cellOptions', value: cellOptions(text(q.value) ?? 'auto') };
    case 'custom.hidden': // a column of a table, until Grafana 12
      return { id: 'custom.hideFrom', value: { viz: Boolean(q.value) } };
    default:
      return q;
  }
}

/** How a table's cell is drawn, in the words of before Grafana 9.4. */
export function cellOptions(mode: string): AnyRecord {
  switch (mode) {
    case 'basic':
    case 'gradient-gauge':
    case 'lcd-gauge':
      return { type: 'gauge', mode: mode === 'basic' ? 'basic' : mode === 'lcd-gauge' ? 'lcd' : 'gradient' };
    case 'color-background':
      return { type: 'color-background', mode: 'gradient' };
    case 'color-background-solid':
      return { type: 'color-background', mode: 'basic' };
    default:
      return { type: mode };
  }
}

/** Value mappings of before Grafana 8: {type: 1, value, text} and {type: 2, from, to, text}. */
export function migrateMappings(mappings: AnyRecord[]): ValueMapping[] {
  const values: Record<string, unknown> = {};
  const out: ValueMapping[] = [];
  let index = 0;
  for (const m of mappings) {
    if (typeof m.type === 'string' && m.options !== undefined) {
      out.push(m as unknown as ValueMapping);
      continue;
    }
    const result = compact({ text: text(m.text), color: text(m.color), index: index++ });
    const isRange = m.type === 2 || (m.type === undefined && m.from !== undefined);
    if (isRange) {
      out.push(rangeMapping(m, result));
    } else if (m.value === 'null' || m.value === null) {
      out.push({ type: 'special', options: { match: 'null', result } } as never);
    } else if (m.value !== undefined && m.value !== '') {
      values[String(m.value)] = result;
    }
  }
  if (Object.keys(values).length) {
    out.unshift({ type: 'value', options: values } as never);
  }
  return out;
}

function rangeMapping(m: AnyRecord, result: AnyRecord): ValueMapping {
  if (m.from === 'null' && m.to === 'null') {
    return { type: 'special', options: { match: 'null', result } } as never;
  }
  return { type: 'range', options: { from: number(m.from) ?? null, to: number(m.to) ?? null, result } } as never;
}

/** The mappings of singlestat and old tables: valueMaps and rangeMaps, by mappingType. */
export function oldMappings(p: AnyRecord): ValueMapping[] {
  if (number(p.mappingType) === 2) {
    return migrateMappings(records(p.rangeMaps).map((m) => ({ ...m, type: 2 })));
  }
  return migrateMappings(records(p.valueMaps).map((m) => ({ ...m, type: 1 })));
}

/** Threshold steps of "80,90" and three colours. */
export function thresholdSteps(limits: unknown, colors: unknown): Array<{ value: number; color: string }> {
  const values = (Array.isArray(limits) ? limits : String(limits ?? '').split(','))
    .map((v) => number(typeof v === 'string' ? v.trim() : v))
    .filter((v): v is number => v !== undefined);
  const palette = (Array.isArray(colors) ? colors : []).map(String);
  const fallback = ['green', 'orange', 'red'];
  const color = (i: number) => palette[i] || fallback[Math.min(i, fallback.length - 1)];
  return [{ value: -Infinity, color: color(0) }, ...values.map((value, i) => ({ value, color: color(i + 1) }))];
}
