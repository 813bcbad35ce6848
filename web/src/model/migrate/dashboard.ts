/* What stands beside the panels: time, variables, annotations, links. */
import { list, number, record, records, text, type AnnotationJSON, type DashboardJSON, type VariableJSON } from '../dashboard';

/** Time range, refresh and crosshair of old dashboards. */
export function migrateTime(d: DashboardJSON): void {
  const services = record(d.services);
  const filter = record(services.filter);
  if (!d.time && filter.time) {
    d.time = filter.time as DashboardJSON['time'];
  }
  if (!d.templating && Array.isArray(filter.list)) {
    d.templating = { list: filter.list as VariableJSON[] };
  }
  if (d.sharedCrosshair === true && d.graphTooltip === undefined) {
    d.graphTooltip = 1;
  }
  const nav = records(d.nav)[0];
  if (!d.timepicker && nav) {
    d.timepicker = nav as DashboardJSON['timepicker'];
  }
  for (const key of ['services', 'sharedCrosshair', 'nav', 'pulldowns', 'originalTitle', 'hideControls']) {
    delete d[key];
  }
  if (typeof d.refresh === 'boolean') {
    d.refresh = '';
  }
}

export function migrateVariables(d: DashboardJSON): void {
  const found = records(record(d.templating).list) as unknown as VariableJSON[];
  d.templating = { ...d.templating, list: found.filter((v) => text(v.name)).map(migrateVariable) };
}

export function migrateVariable(v: VariableJSON): VariableJSON {
  const out: VariableJSON = { ...v, type: kindOf(v) };
  if (typeof v.refresh === 'boolean' || typeof v.refresh === 'string') {
    out.refresh = v.refresh ? 1 : 0;
  }
  if (out.hide === undefined && (v.hideVariable || v.hideLabel)) {
    out.hide = v.hideVariable ? 2 : 1;
  }
  if (out.hide !== undefined) {
    out.hide = number(out.hide) ?? 0;
  }
  if (out.type === 'query' && out.query === undefined && text(v.definition)) {
    out.query = v.definition;
  }
  if (out.type === 'custom' && typeof out.query !== 'string') {
    out.query = records(v.options)
      .filter((o) => o.value !== '$__all')
      .map((o) => String(o.value ?? o.text ?? ''))
      .join(',');
  }
  for (const key of ['allFormat', 'multiFormat', 'hideLabel', 'hideVariable', 'useTags', 'tagsQuery', 'tagValuesQuery', 'tags', 'refresh_on_load']) {
    delete out[key];
  }
  out.current = currentOf(v);
  return out;
}

function kindOf(v: VariableJSON): string {
  const kind = text(v.type) ?? 'query';
  return kind === 'filter' ? 'query' : kind;
}

/** The value on show. Old ones have it as one object of many, or as text alone. */
function currentOf(v: VariableJSON): VariableJSON['current'] {
  const current = record(v.current);
  if (current.value !== undefined || current.text !== undefined) {
    const value = current.value ?? current.text;
    return { ...current, value, text: current.text ?? value };
  }
  const selected = records(v.options).filter((o) => o.selected);
  if (selected.length) {
    const value = v.multi ? selected.map((o) => o.value) : selected[0].value;
    const label = v.multi ? selected.map((o) => o.text) : selected[0].text;
    return { value, text: label };
  }
  return {};
}

export function migrateAnnotations(d: DashboardJSON): void {
  const found = records(record(d.annotations).list) as unknown as AnnotationJSON[];
  d.annotations = { ...d.annotations, list: found.map((a) => ({ ...a, name: text(a.name) ?? 'Annotations', enable: a.enable ?? true })) };
}

export function migrateLinks(d: DashboardJSON): void {
  d.links = records(d.links).map((l) => ({ ...l, type: text(l.type) ?? (l.url ? 'link' : 'dashboards'), tags: list(l.tags).map(String) }));
  d.tags = list(d.tags).map(String);
}
