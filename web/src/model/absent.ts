/* Data sources that a dashboard names outright, and that are not here. */
import type { SourceName } from './inputs';
import { record, text, type DashboardJSON } from './dashboard';

export interface AbsentSource {
  /** As the dashboard has it: a uid, or in old ones a name. */
  name: string;
  type?: string;
  places: number;
}

/** Names of no data source: variables and inputs, Grafana's own, the default one, expressions. */
const special = /\$|\[\[|^-- .* --$|^(default|grafana|__expr__)?$/;

function nameOf(ref: unknown): string {
  return text(ref) ?? (record(ref).type === '__expr__' ? '' : (text(record(ref).uid) ?? ''));
}

/** The JSON with each value of the key "datasource" exchanged, wherever it stands. */
function exchanged(v: unknown, by: (ref: unknown) => unknown): unknown {
  if (Array.isArray(v)) {
    return v.map((x) => exchanged(x, by));
  }
  return typeof v === 'object' && v !== null ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, k === 'datasource' ? by(x) : exchanged(x, by)])) : v;
}

/** What panels, queries, variables and annotations name and is not here, in their order. */
export function absentSources(d: DashboardJSON, isHere: (name: string) => boolean): AbsentSource[] {
  const found = new Map<string, AbsentSource>();
  exchanged(d, (ref) => {
    const name = nameOf(ref);
    if (!special.test(name) && !isHere(name)) {
      const known = found.get(name);
      found.set(name, { name, type: known?.type ?? text(record(ref).type), places: (known?.places ?? 0) + 1 });
    }
    return ref;
  });
  return [...found.values()];
}

/** The dashboard with other data sources in their place; one that got none stays. */
export function replaceSources(d: DashboardJSON, by: Map<string, SourceName>): DashboardJSON {
  return exchanged(d, (ref) => {
    const to = by.get(nameOf(ref));
    if (!to || typeof ref === 'string') {
      return to?.uid ?? ref;
    }
    const { type } = record(ref);
    return { ...record(ref), ...(type === undefined ? {} : { type: to.type }), uid: to.uid };
  }) as DashboardJSON;
}
