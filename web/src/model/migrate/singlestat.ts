/* singlestat as stat or gauge. */
import { compact, number, record, records, text, type AnyRecord, type PanelJSON } from '../dashboard';
import { oldMappings, thresholdSteps } from './fieldconfig';

const ownKeys = [
  'cacheTimeout', 'colorBackground', 'colorPostfix', 'colorPrefix', 'colorValue', 'colors', 'decimals', 'format', 'gauge', 'mappingType',
  'mappingTypes', 'nullPointMode', 'nullText', 'postfix', 'postfixFontSize', 'prefix', 'prefixFontSize', 'rangeMaps', 'sparkline',
  'tableColumn', 'thresholds', 'valueFontSize', 'valueMaps', 'valueName', 'height', 'editable', 'error', 'isNew', 'options', 'fieldConfig',
];

/** What singlestat made of a series, in its words and in today's. */
const calcs: Record<string, string> = {
  avg: 'mean', current: 'lastNotNull', min: 'min', max: 'max', total: 'sum', first: 'firstNotNull', delta: 'delta', diff: 'diff',
  range: 'range', last_time: 'lastNotNull', name: 'lastNotNull', last: 'lastNotNull',
};

export function migrateSinglestat(p: PanelJSON): PanelJSON {
  const rest: AnyRecord = { ...p };
  for (const key of ownKeys) {
    delete rest[key];
  }
  const gauge = record(p.gauge);
  const isGauge = Boolean(gauge.show);
  const column = text(p.tableColumn);
  const reduceOptions = {
    calcs: [calcs[text(p.valueName) ?? 'avg'] ?? 'lastNotNull'],
    fields: column && records(p.targets).some((t) => t.format === 'table') ? `/^${column.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')}$/` : '',
    values: false,
  };
  return {
    ...rest,
    type: isGauge ? 'gauge' : 'stat',
    fieldConfig: { defaults: defaultsOf(p, isGauge), overrides: [] },
    options: isGauge
      ? { reduceOptions, orientation: 'auto', showThresholdLabels: Boolean(gauge.thresholdLabels), showThresholdMarkers: gauge.thresholdMarkers !== false }
      : { reduceOptions, orientation: 'horizontal', justifyMode: 'auto', ...look(p) },
  } as unknown as PanelJSON;
}

function look(p: PanelJSON): AnyRecord {
  return {
    colorMode: p.colorBackground ? 'background' : p.colorValue ? 'value' : 'none',
    graphMode: record(p.sparkline).show ? 'area' : 'none',
    textMode: p.valueName === 'name' ? 'name' : 'auto',
  };
}

function defaultsOf(p: PanelJSON, isGauge: boolean): AnyRecord {
  const gauge = record(p.gauge);
  const coloured = p.colorBackground || p.colorValue || isGauge;
  return compact({
    unit: unitOf(p),
    decimals: number(p.decimals),
    noValue: text(p.nullText) || undefined,
    mappings: oldMappings(p),
    min: isGauge ? (number(gauge.minValue) ?? 0) : undefined,
    max: isGauge ? (number(gauge.maxValue) ?? 100) : undefined,
    color: coloured ? { mode: 'thresholds' } : { mode: 'fixed', fixedColor: text(record(p.sparkline).lineColor) ?? 'text' },
    thresholds: { mode: 'absolute', steps: thresholdSteps(p.thresholds, p.colors) },
  });
}

/** Text before or after the value of a plain number becomes its unit. */
function unitOf(p: PanelJSON): string {
  const format = text(p.format) ?? 'none';
  const before = (text(p.prefix) ?? '').trim();
  const after = (text(p.postfix) ?? '').trim();
  if (format === 'none' && before && !after) {
    return 'prefix:' + before + ' ';
  }
  if (format === 'none' && after && !before) {
    return 'suffix:' + (/^[\w]/.test(after) ? ' ' : '') + after;
  }
  return format;
}
