import {
  AdHocFiltersVariable,
  ConstantVariable,
  CustomVariable,
  DataSourceVariable,
  GroupByVariable,
  IntervalVariable,
  QueryVariable,
  SceneVariableSet,
  SwitchVariable,
  TextBoxVariable,
  type SceneVariable,
  type SceneVariables,
  type VariableValue,
} from '@grafana/scenes';
import type { DataSourceRef, VariableHide } from '@grafana/schema';
import { isEqual } from 'lodash';
import { findText } from '../datasource/find';
import type { DashboardJSON, DataSourceName, VariableJSON } from '../model/dashboard';

/** A reference by uid, of whatever a dashboard says. */
export function refOf(name: DataSourceName | undefined): DataSourceRef | undefined {
  if (name === null || name === undefined || name === '') {
    return undefined;
  }
  return typeof name === 'string' ? { uid: name } : { type: name.type, uid: name.uid ?? '' };
}

function valueOf(v: VariableJSON, what: 'value' | 'text'): VariableValue {
  const found = v.current?.[what] as VariableValue | undefined;
  if (v.multi) {
    return found === undefined || found === '' ? [] : Array.isArray(found) ? found : [found as string];
  }
  return Array.isArray(found) ? ((found[0] as string) ?? '') : (found ?? '');
}

function multi(v: VariableJSON) {
  return {
    isMulti: Boolean(v.multi),
    includeAll: Boolean(v.includeAll),
    allValue: v.allValue || undefined,
    defaultToAll: Boolean(v.includeAll) && !v.current?.value,
    allowCustomValue: v.allowCustomValue ?? true,
    value: valueOf(v, 'value'),
    text: valueOf(v, 'text'),
  };
}

function common(v: VariableJSON) {
  return {
    name: v.name,
    label: v.label || undefined,
    description: v.description || undefined,
    hide: (v.hide ?? 0) as VariableHide,
    skipUrlSync: v.skipUrlSync || undefined,
  };
}

/** A query that is asked when the page opens and, if it says so, whenever the time range changes. */
function queryVariable(v: VariableJSON): SceneVariable {
  return new QueryVariable({
    ...common(v),
    ...multi(v),
    datasource: refOf(v.datasource) ?? null,
    query: findText(v.query),
    regex: v.regex ?? '',
    sort: (v.sort ?? 0) as never,
    refresh: (Number(v.refresh) === 2 ? 2 : 1) as never,
    ...(Array.isArray(v.staticOptions) && { staticOptions: v.staticOptions as never, staticOptionsOrder: v.staticOptionsOrder as never }),
  });
}

function intervalVariable(v: VariableJSON): SceneVariable {
  const value = String(v.current?.value ?? '');
  return new IntervalVariable({
    ...common(v),
    intervals: String(v.query ?? '').split(',').map((s) => s.trim()).filter((s) => s && s !== 'auto'),
    autoEnabled: Boolean(v.auto),
    autoStepCount: v.auto_count ?? 30,
    autoMinInterval: v.auto_min ?? '10s',
    refresh: 2 as never,
    value: value.startsWith('$__auto') ? '$__auto' : value,
  });
}

function adhocVariable(v: VariableJSON): SceneVariable {
  return new AdHocFiltersVariable({
    ...common(v),
    datasource: refOf(v.datasource) ?? null,
    filters: (v.filters ?? []).map(({ key, operator, value, values }) => ({ key, operator, value, values })),
    baseFilters: v.baseFilters,
    applyMode: 'auto',
    allowCustomValue: v.allowCustomValue ?? true,
    layout: 'horizontal',
  } as never);
}

/** On and off have the values that the options say, on first. */
function switchVariable(v: VariableJSON): SceneVariable {
  const [enabledValue, disabledValue] = ['true', 'false'].map((standard, i) => String(v.options?.[i]?.value ?? standard));
  return new SwitchVariable({ ...common(v), enabledValue, disabledValue, value: String(v.current?.value ?? disabledValue) } as never);
}

/** A variable of a dashboard. A kind nobody knows is a constant: its value still fills in. */
export function variableOf(v: VariableJSON): SceneVariable {
  switch (v.type) {
    case 'query':
      return queryVariable(v);
    case 'custom':
      return new CustomVariable({ ...common(v), ...multi(v), query: String(v.query ?? ''), valuesFormat: v.valuesFormat === 'json' ? 'json' : 'csv' });
    case 'datasource':
      return new DataSourceVariable({ ...common(v), ...multi(v), pluginId: String(v.query ?? ''), regex: v.regex ?? '' });
    case 'interval':
      return intervalVariable(v);
    case 'textbox':
      return new TextBoxVariable({ ...common(v), value: String(v.current?.value ?? v.query ?? '') });
    case 'adhoc':
      return adhocVariable(v);
    case 'groupby':
      return new GroupByVariable({ ...common(v), datasource: refOf(v.datasource) ?? null, value: valueOf({ ...v, multi: true }, 'value'), text: valueOf({ ...v, multi: true }, 'text') } as never);
    case 'switch':
      return switchVariable(v);
    default:
      return new ConstantVariable({ ...common(v), hide: 2 as VariableHide, value: (v.current?.value as VariableValue) ?? String(v.query ?? '') });
  }
}

export function variablesOf(d: DashboardJSON): SceneVariableSet {
  return new SceneVariableSet({ variables: (d.templating?.list ?? []).map(variableOf) });
}

/** The variables after an edit: one that was not edited keeps the value that is chosen. */
export function variablesAfter(shown: SceneVariables | undefined, before: DashboardJSON, now: DashboardJSON): SceneVariableSet {
  const was = new Map((before.templating?.list ?? []).map((v) => [v.name, v]));
  return new SceneVariableSet({
    variables: (now.templating?.list ?? []).map((v) => {
      const kept = isEqual(was.get(v.name), v) ? shown?.getByName(v.name) : undefined;
      return kept ? (kept.clone() as SceneVariable) : variableOf(v);
    }),
  });
}
