/* What a view of Explore asks, and how an address holds it. */
import { freeLetter } from '../../lib/letters';
import { autoLegend } from '../../datasource/legend';
import { sourceUid } from '../../model/dashboard';

export type Kind = 'both' | 'range' | 'instant';

export interface ExploreQuery {
  refId: string;
  expr: string;
  kind: Kind;
  /** As panels have it: a format, __auto, or empty for all labels. */
  legend: string;
  hide: boolean;
  /** Its data source, if it is not the view's. */
  ds?: string;
}

export interface Pane {
  ds: string;
  from: string;
  to: string;
  queries: ExploreQuery[];
  /** Whether the graph has exemplars. */
  exemplars: boolean;
}

/** The views by what their parameters end in. */
export const suffixes = ['', '2'];

/** Queries of one view at most: an address cannot hold many more. */
const most = 50;

const fresh = (refId: string): ExploreQuery => ({ refId, expr: '', kind: 'both', legend: autoLegend, hide: false });

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const kindOf = (value: unknown): Kind => (value === 'range' || value === 'instant' ? value : 'both');
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function parsed(text: string | null): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

/** Queries out of an address: each has a letter of its own. */
function lettered(queries: ExploreQuery[]): ExploreQuery[] {
  return queries.slice(0, most).reduce<ExploreQuery[]>((all, q) => [...all, q.refId && !all.some((o) => o.refId === q.refId) ? q : { ...q, refId: freeLetter([...all, ...queries]) }], []);
}

/** A time of the address: seconds or milliseconds since the epoch become a date; dates and now-1h stay. */
function timeText(text: string): string {
  const n = Number(text);
  return text !== '' && Number.isFinite(n) ? new Date(n > 1e11 ? n : n * 1000).toISOString() : text;
}

/** The view that an address holds: its one query as expr and mode, or all of them as queries. */
export function readPane(params: URLSearchParams, suffix: string, dsParam: string): Pane {
  const get = (name: string) => params.get(name + suffix) ?? '';
  const many = parsed(params.get('queries' + suffix));
  const queries = Array.isArray(many)
    ? many.filter(isObject).map((q) => ({ refId: textOf(q.refId), expr: textOf(q.expr), kind: kindOf(q.kind), legend: typeof q.legend === 'string' ? q.legend : autoLegend, hide: q.hide === true, ...(textOf(q.ds) && { ds: textOf(q.ds) }) }))
    : [];
  const one: ExploreQuery = { ...fresh('A'), expr: get('expr'), kind: kindOf(get('mode')), legend: params.get('legend' + suffix) ?? autoLegend };
  return { ds: get(dsParam), from: timeText(get('from')) || 'now-1h', to: timeText(get('to')) || 'now', queries: queries.length ? lettered(queries) : [one], exemplars: get('exemplars') === '1' };
}

const names = ['from', 'to', 'expr', 'mode', 'legend', 'queries', 'exemplars'];

/** Takes a view out of an address. */
export function dropPane(params: URLSearchParams, suffix: string, dsParam: string): void {
  [dsParam, ...names].forEach((n) => params.delete(n + suffix));
}

/** Puts a view into an address. */
export function writePane(params: URLSearchParams, suffix: string, dsParam: string, p: Pane): void {
  dropPane(params, suffix, dsParam);
  const set = (name: string, value: string, unless = '') => value !== unless && params.set(name + suffix, value);
  const [first] = p.queries;
  set(dsParam, p.ds);
  if (p.queries.length === 1 && first.refId === 'A' && !first.hide && !first.ds) {
    set('expr', first.expr);
    set('mode', first.kind, 'both');
    set('legend', first.legend, autoLegend);
  } else {
    const short = p.queries.map(({ refId, expr, kind, legend, hide, ds }) => ({ refId, expr, ...(kind !== 'both' && { kind }), ...(legend !== autoLegend && { legend }), ...(hide && { hide }), ...(ds && { ds }) }));
    set('queries', JSON.stringify(short));
  }
  set('from', p.from);
  set('to', p.to);
  set('exemplars', p.exemplars ? '1' : '');
}

/** A query of a panel, or of Grafana's Explore. */
export interface TargetLike {
  refId?: unknown;
  expr?: unknown;
  legendFormat?: unknown;
  instant?: unknown;
  range?: unknown;
  hide?: unknown;
  exemplar?: unknown;
  datasource?: unknown;
}

/** A view with the queries of a panel. What is not PromQL stays behind. */
export function paneOfTargets(targets: TargetLike[], of: { ds: string; from: string; to: string }): Pane {
  const asked = targets.filter((t) => typeof t.expr === 'string');
  const ds = of.ds && !of.ds.startsWith('--') ? of.ds : sourceUid(asked[0]?.datasource);
  const queries = asked.map((t): ExploreQuery => {
    const own = sourceUid(t.datasource);
    return { refId: textOf(t.refId), expr: textOf(t.expr), kind: t.instant ? (t.range ? 'both' : 'instant') : 'range', legend: textOf(t.legendFormat), hide: t.hide === true, ...(own && own !== ds && { ds: own }) };
  });
  return { ds, from: of.from || 'now-1h', to: of.to || 'now', queries: queries.length ? lettered(queries) : [fresh('A')], exemplars: asked.some((t) => t.exemplar === true) };
}

/** The views of an address as Grafana's Explore writes it: panes, or before Grafana 10 left and right. */
function grafanaPanes(params: URLSearchParams): unknown[] {
  const panes = parsed(params.get('panes'));
  return isObject(panes) ? Object.values(panes) : [parsed(params.get('left')), parsed(params.get('right'))];
}

/** An address as this Explore writes it, of one of Grafana's; the same where it is none. */
export function ownParams(params: URLSearchParams, dsParam: string): URLSearchParams {
  const views = grafanaPanes(params).filter(isObject).slice(0, suffixes.length);
  if (!views.length) {
    return params;
  }
  const out = new URLSearchParams(params);
  ['panes', 'left', 'right', 'schemaVersion', 'orgId'].forEach((n) => out.delete(n));
  views.forEach((v, i) => {
    const range = isObject(v.range) ? v.range : {};
    const time = (t: unknown) => timeText(typeof t === 'number' ? String(t) : textOf(t));
    writePane(out, suffixes[i], dsParam, paneOfTargets(Array.isArray(v.queries) ? v.queries.filter(isObject) : [], { ds: sourceUid(v.datasource), from: time(range.from), to: time(range.to) }));
  });
  if (views.length > 1) {
    out.set('split', '1');
  }
  return out;
}

/** With a new query at the end, or after the one it is a copy of. */
export function withQuery(all: ExploreQuery[], copyOf?: ExploreQuery): ExploreQuery[] {
  const refId = freeLetter(all);
  if (all.length >= most) {
    return all;
  }
  const at = copyOf ? all.findIndex((q) => q.refId === copyOf.refId) + 1 : all.length;
  return [...all.slice(0, at), copyOf ? { ...copyOf, refId } : fresh(refId), ...all.slice(at)];
}

/** Without one of them; the last one becomes an empty one. */
export function withoutQuery(all: ExploreQuery[], refId: string): ExploreQuery[] {
  const rest = all.filter((q) => q.refId !== refId);
  return rest.length ? rest : [fresh('A')];
}

export function changedQuery(all: ExploreQuery[], refId: string, more: Partial<ExploreQuery>): ExploreQuery[] {
  return all.map((q) => (q.refId === refId ? { ...q, ...more } : q));
}

/** With one of them so many places further down; at the ends it stays. */
export function movedQuery(all: ExploreQuery[], refId: string, by: number): ExploreQuery[] {
  const from = all.findIndex((q) => q.refId === refId);
  const to = from + by;
  if (from < 0 || to < 0 || to >= all.length) {
    return all;
  }
  const out = [...all];
  out.splice(to, 0, ...out.splice(from, 1));
  return out;
}

/** The queries that are asked. */
export const askedOf = (all: ExploreQuery[]): ExploreQuery[] => all.filter((q) => !q.hide && q.expr.trim());
