/* What an exported dashboard asks of whoever imports it: __inputs. */
import { record, records, text, type DashboardJSON, type InputJSON, type PanelJSON } from './dashboard';

/** The inputs an exported dashboard names, and the data sources it uses without naming them. */
export function inputsOf(d: DashboardJSON): InputJSON[] {
  const named = records(d.__inputs).filter((i) => text(i.name)) as unknown as InputJSON[];
  const used = new Set([...JSON.stringify(d).matchAll(/\$\{(DS_[A-Z0-9_-]+)\}/g)].map((m) => m[1]));
  const missing = [...used].filter((name) => !named.some((i) => i.name === name));
  return [...named, ...missing.map((name) => ({ name, label: name.replace(/^DS_/, ''), type: 'datasource', pluginId: 'prometheus' }))];
}

/** The dashboard with each ${INPUT} replaced, wherever it stands in a text. */
export function fillInputs(d: DashboardJSON, values: Record<string, string>): DashboardJSON {
  const fill = (v: unknown): unknown => {
    if (typeof v === 'string') {
      return v.replace(/\$\{([A-Z][A-Z0-9_-]*)\}/g, (all, name: string) => (Object.hasOwn(values, name) ? values[name] : all));
    }
    if (Array.isArray(v)) {
      return v.map(fill);
    }
    return typeof v === 'object' && v !== null ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, fill(x)])) : v;
  };
  const { __inputs, ...rest } = d;
  return { ...(fill(rest) as DashboardJSON), ...(__inputs ? { __inputs } : {}) };
}

/** What a data source of this Grafana workspace is, for whoever imports a dashboard elsewhere. */
export interface SourceName {
  uid: string;
  name: string;
  type: string;
}

/**
 * The dashboard for another Grafana: what names a data source of here asks for one there
 * (${DS_NAME} and __inputs), and its number and version stay behind.
 */
export function asExport(d: DashboardJSON, sources: SourceName[]): DashboardJSON {
  const asked = new Map<string, InputJSON>();
  const ask = (uid: unknown): string | undefined => {
    const s = sources.find((x) => x.uid === uid && !x.uid.startsWith('-- '));
    if (!s) {
      return undefined;
    }
    const name = `DS_${s.name.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}`;
    asked.set(name, { name, label: s.name, description: '', type: 'datasource', pluginId: s.type, pluginName: s.type });
    return '${' + name + '}';
  };
  const fill = (v: unknown, key = ''): unknown => {
    if (Array.isArray(v)) {
      return v.map((x) => fill(x));
    }
    if (key === 'datasource') {
      const uid = ask(typeof v === 'string' ? v : record(v).uid);
      return uid === undefined ? v : typeof v === 'string' ? uid : { ...record(v), uid };
    }
    return typeof v === 'object' && v !== null ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, fill(x, k)])) : v;
  };
  const { id: _id, version: _version, __inputs: _inputs, ...rest } = d;
  const filled = fill(rest) as DashboardJSON;
  return { __inputs: [...asked.values()], ...filled, id: null };
}

/** The dashboard with the library panels that an export carries along as panels of its own. */
export function withElements(d: DashboardJSON): DashboardJSON {
  const elements = record(d.__elements);
  const fill = (p: PanelJSON): PanelJSON => {
    const panels = p.panels ? { panels: p.panels.map(fill) } : {};
    const element = record(elements[p.libraryPanel?.uid ?? '']);
    if (!element.model) {
      return { ...p, ...panels };
    }
    const { libraryPanel: _library, ...place } = p;
    return { ...(record(element.model) as unknown as PanelJSON), ...place, ...panels, type: text(record(element.model).type) ?? p.type ?? 'text' };
  };
  return Object.keys(elements).length ? { ...d, panels: d.panels?.map(fill) } : d;
}

/** The kinds of panels it has. */
export function kindsOf(d: DashboardJSON): string[] {
  const panels = [...(d.panels ?? []), ...records(d.rows).flatMap((r) => records(r.panels))];
  const nested = panels.flatMap((p) => [p, ...records(record(p).panels)]);
  const old: Record<string, string> = { graph: 'timeseries', singlestat: 'stat', 'table-old': 'table', 'grafana-piechart-panel': 'piechart', 'heatmap-new': 'heatmap' };
  return [...new Set(nested.map((p) => String(record(p).type ?? 'graph')).map((k) => old[k] ?? k))];
}
