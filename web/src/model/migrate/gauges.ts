/* stat, gauge and bar gauge of Grafana 6 and 7.0. */
import type { FieldConfigSource } from '@grafana/data';
import { compact, number, record, records, text, type AnyRecord, type PanelJSON } from '../dashboard';
import { migrateMappings } from './fieldconfig';

export function migrateBarsAndGauges(p: PanelJSON): PanelJSON {
  const options = record(p.options);
  if (options.valueOptions) {
    return fromValueOptions(p, options);
  }
  return options.fieldOptions ? fromFieldOptions(p, options) : p;
}

/** Grafana 6.0 and 6.1. */
function fromValueOptions(p: PanelJSON, options: AnyRecord): PanelJSON {
  const { valueOptions, minValue, maxValue, thresholds, valueMappings, baseColor: _, ...rest } = options;
  const v = record(valueOptions);
  const defaults = compact({
    unit: text(v.unit),
    decimals: number(v.decimals),
    min: number(minValue),
    max: number(maxValue),
    mappings: migrateMappings(records(valueMappings)),
    thresholds: { mode: 'absolute', steps: steps(records(thresholds)) },
    color: { mode: 'thresholds' },
  });
  return finish(p, rest, [text(v.stat) ?? 'mean'], false, defaults, []);
}

/** Grafana 6.2 to 6.7. */
function fromFieldOptions(p: PanelJSON, options: AnyRecord): PanelJSON {
  const { fieldOptions, ...rest } = options;
  const f = record(fieldOptions);
  const d = { ...record(f.defaults) };
  const old = f.thresholds ?? d.thresholds;
  if (Array.isArray(old)) {
    d.thresholds = { mode: 'absolute', steps: steps(records(old)) };
  }
  if (Array.isArray(f.mappings) && !d.mappings) {
    d.mappings = f.mappings;
  }
  d.color ??= { mode: 'thresholds' };
  const calcs = Array.isArray(f.calcs) ? f.calcs.map(String) : ['mean'];
  return finish(p, rest, calcs, Boolean(f.values), d, records(f.overrides), number(f.limit));
}

function steps(found: AnyRecord[]): AnyRecord[] {
  const out = found.map((t) => ({ value: number(t.value) ?? -Infinity, color: text(t.color) ?? 'green' }));
  return out.length ? out : [{ value: -Infinity, color: 'green' }];
}

/** What reducers were called until Grafana 6. */
const oldCalcs: Record<string, string> = { last: 'lastNotNull', current: 'lastNotNull', avg: 'mean', total: 'sum', first: 'firstNotNull' };

function finish(p: PanelJSON, options: AnyRecord, calcs: string[], values: boolean, defaults: AnyRecord, overrides: AnyRecord[], limit?: number): PanelJSON {
  const reduceOptions = compact({ calcs: calcs.map((c) => oldCalcs[c] ?? c), fields: '', values, limit });
  return {
    ...p,
    options: { ...options, reduceOptions },
    fieldConfig: { defaults: { ...record(p.fieldConfig?.defaults), ...defaults }, overrides: [...(p.fieldConfig?.overrides ?? []), ...overrides] } as FieldConfigSource,
  };
}
