/* What is on show, as what a dashboard opens with. */
import { AdHocFiltersVariable, MultiValueVariable, sceneGraph, type SceneVariable } from '@grafana/scenes';
import { isEqual } from 'lodash';
import type { DashboardJSON, VariableJSON } from '../model/dashboard';
import type { DashboardScene } from './dashboard';

/** The dashboard that opens with the time range and the refresh of now. */
export function withTime(d: DashboardJSON, scene: DashboardScene): DashboardJSON {
  const { from, to } = sceneGraph.getTimeRange(scene).state;
  const { refresh } = scene.state.refreshPicker.state;
  const was = typeof d.refresh === 'string' ? d.refresh : '';
  return { ...d, ...(isEqual(d.time, { from, to }) ? {} : { time: { from, to } }), ...(refresh === was ? {} : { refresh }) };
}

/** The dashboard whose variables have the values that are chosen now. */
export function withValues(d: DashboardJSON, scene: DashboardScene): DashboardJSON {
  const before = d.templating?.list ?? [];
  const list = before.map((v) => chosen(v, scene.state.$variables?.getByName(v.name)));
  return list.every((v, i) => v === before[i]) ? d : { ...d, templating: { ...d.templating, list } };
}

function chosen(v: VariableJSON, shown: SceneVariable | undefined): VariableJSON {
  if (!shown || v.type === 'constant') {
    return v;
  }
  if (shown instanceof AdHocFiltersVariable) {
    const filters = shown.state.filters.filter((f) => f.key).map(({ key, operator, value, values }) => ({ key, operator, value, ...(values ? { values } : {}) }));
    return isEqual(filters, v.filters ?? []) ? v : { ...v, filters };
  }
  const value = shown.getValue();
  const state = shown instanceof MultiValueVariable ? { text: shown.state.text, value: shown.state.value } : { text: value, value };
  return isEqual(v.current?.value, state.value) ? v : { ...v, current: { ...v.current, ...state } };
}
