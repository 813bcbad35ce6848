/* The table of before Grafana 7, with its styles by column, as today's. */
import type { ConfigOverrideRule, DataTransformerConfig, DynamicConfigValue } from '@grafana/data';
import { number, record, records, text, type AnyRecord, type PanelJSON } from '../dashboard';
import { oldMappings, thresholdSteps } from './fieldconfig';

const ownKeys = ['columns', 'styles', 'transform', 'sort', 'scroll', 'showHeader', 'pageSize', 'fontSize', 'filterNull', 'height', 'editable', 'error', 'isNew', 'options', 'fieldConfig', 'transformations'];

const columnCalcs: Record<string, string> = { avg: 'mean', min: 'min', max: 'max', total: 'sum', current: 'lastNotNull', count: 'count' };

/** What the reduce transformation calls its columns. */
const columnNames: Record<string, string> = { avg: 'Mean', min: 'Min', max: 'Max', total: 'Total', current: 'Last *', count: 'Count' };

export function migrateTable(p: PanelJSON): PanelJSON {
  if (!Array.isArray(p.styles) && p.type !== 'table-old' && p.transform === undefined) {
    return p.type === 'table' ? p : { ...p, type: 'table' };
  }
  const rest: AnyRecord = { ...p };
  for (const key of ownKeys) {
    delete rest[key];
  }
  const styles = records(p.styles);
  const plain = styles.find((s) => s.pattern === '/.*/' && s.type === 'number');
  const specific = styles.filter((s) => s !== plain);
  return {
    ...rest,
    type: 'table',
    fieldConfig: {
      defaults: { custom: { align: 'auto', filterable: false }, ...(plain ? defaultsOf(plain) : {}) },
      overrides: specific.map(overrideOf).filter((o): o is ConfigOverrideRule => o !== undefined),
    },
    options: { showHeader: p.showHeader !== false, cellHeight: 'sm', ...sortOf(p) },
    transformations: transformations(p),
  } as unknown as PanelJSON;
}

function sortOf(p: PanelJSON): AnyRecord {
  const sort = record(p.sort);
  const column = records(p.columns)[number(sort.col) ?? -1];
  return column && text(column.text) ? { sortBy: [{ displayName: column.text, desc: Boolean(sort.desc) }] } : {};
}

function transformations(p: PanelJSON): DataTransformerConfig[] {
  switch (p.transform) {
    case 'timeseries_to_columns':
      return [{ id: 'joinByField', options: { byField: 'Time', mode: 'outer' } }];
    case 'timeseries_to_rows':
      return [{ id: 'seriesToRows', options: {} }];
    case 'timeseries_aggregations': {
      const reducers = records(p.columns).map((c) => columnCalcs[text(c.value) ?? '']).filter(Boolean);
      const named = records(p.columns).filter((c) => text(c.text) && columnNames[text(c.value) ?? '']);
      const renameByName = Object.fromEntries([['Field', 'Metric'], ...named.map((c) => [columnNames[text(c.value) ?? ''], text(c.text)])]);
      return [{ id: 'reduce', options: { reducers: reducers.length ? reducers : ['lastNotNull'] } }, { id: 'organize', options: { excludeByName: {}, indexByName: {}, renameByName } }];
    }
    case 'table':
      return [{ id: 'merge', options: {} }];
    default:
      return [];
  }
}

function defaultsOf(style: AnyRecord): AnyRecord {
  return { unit: text(style.unit) ?? 'short', ...(number(style.decimals) === undefined ? {} : { decimals: number(style.decimals) }) };
}

function overrideOf(style: AnyRecord): ConfigOverrideRule | undefined {
  const pattern = text(style.pattern);
  if (!pattern) {
    return undefined;
  }
  const isRegex = /^\/.*\/[gim]*$/.test(pattern);
  const properties = propertiesOf(style);
  return properties.length ? { matcher: { id: isRegex ? 'byRegexp' : 'byName', options: pattern }, properties } : undefined;
}

function propertiesOf(style: AnyRecord): DynamicConfigValue[] {
  const out: DynamicConfigValue[] = [];
  const add = (id: string, value: unknown) => value !== undefined && value !== '' && out.push({ id, value });
  add('displayName', text(style.alias));
  switch (style.type) {
    case 'hidden':
      add('custom.hideFrom', { viz: true });
      return out;
    case 'date':
      add('unit', text(style.dateFormat) ? 'time: ' + text(style.dateFormat) : 'dateTimeAsIso');
      break;
    case 'number':
      add('unit', text(style.unit));
      add('decimals', number(style.decimals));
      break;
    case 'string': {
      const mappings = oldMappings(style);
      add('mappings', mappings.length ? mappings : undefined);
    }
  }
  if (style.link && text(style.linkUrl)) {
    const url = (text(style.linkUrl) ?? '').replace(/\$\{__cell_(\d+)\}/g, '${__data.fields[$1]}').replace(/\$\{__cell(?::raw)?\}/g, '${__value.raw}');
    add('links', [{ title: text(style.linkTooltip) ?? '', url, targetBlank: Boolean(style.linkTargetBlank) }]);
  }
  if (style.colorMode) {
    add('custom.cellOptions', style.colorMode === 'value' ? { type: 'color-text' } : { type: 'color-background', mode: 'basic', applyToRow: style.colorMode === 'row' });
    add('color', { mode: 'thresholds' });
    add('thresholds', { mode: 'absolute', steps: thresholdSteps(style.thresholds, style.colors) });
  }
  if (text(style.align) && style.align !== 'auto') {
    add('custom.align', style.align);
  }
  return out;
}
