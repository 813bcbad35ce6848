/* An alert rule as its form shows it: one PromQL query, brought to a number, compared with another. */
import { parseMatchers } from '../api/plane';
import type { AlertRule, RuleQuery } from '../api/alerting';
import { seconds, span } from '../console/words';

export interface RuleDraft {
  title: string;
  source: string;
  expr: string;
  reducer: string;
  /** How far the query looks back, as 10m. */
  window: string;
  compare: string;
  than: string;
  folder: string;
  group: string;
  every: string;
  pending: string;
  noData: string;
  onError: string;
  labels: string;
  summary: string;
  /** Empty: by the notification policies. */
  contact: string;
}

export const blankRule: RuleDraft = {
  title: '', source: '', expr: '', reducer: 'last', window: '10m', compare: 'gt', than: '0', folder: '', group: 'alerts', every: '1m', pending: '1m', noData: 'NoData', onError: 'Error', labels: '', summary: '', contact: '',
};

export const reducers = [['last', 'the last value'], ['mean', 'the average'], ['max', 'the maximum'], ['min', 'the minimum'], ['sum', 'the sum'], ['count', 'the count']] as const;
export const comparisons = [['gt', 'above'], ['lt', 'below'], ['gte', 'at least'], ['lte', 'at most'], ['eq', 'equal to'], ['ne', 'not equal to']] as const;

const expression = (refId: string, model: Record<string, unknown>): RuleQuery => ({ refId, relativeTimeRange: { from: 0, to: 0 }, datasourceUid: '__expr__', model: { refId, datasource: { type: '__expr__', uid: '__expr__' }, ...model } });

export function queriesOf(d: RuleDraft): RuleQuery[] {
  return [
    { refId: 'A', relativeTimeRange: { from: seconds(d.window) || 600, to: 0 }, datasourceUid: d.source, model: { refId: 'A', expr: d.expr, instant: false, range: true, intervalMs: 15000, maxDataPoints: 1000 } },
    expression('B', { type: 'reduce', expression: 'A', reducer: d.reducer, settings: { mode: 'dropNN' } }),
    expression('C', { type: 'threshold', expression: 'B', conditions: [{ evaluator: { type: d.compare, params: [Number(d.than)] } }] }),
  ];
}

/** What is wrong with a draft, by field. */
export function faultsOf(d: RuleDraft): Partial<Record<keyof RuleDraft, string>> {
  const out: Partial<Record<keyof RuleDraft, string>> = {};
  for (const k of ['window', 'every', 'pending'] as const) {
    if (Number.isNaN(seconds(d[k]))) {
      out[k] = 'Write a span as 30s, 5m or 1h.';
    }
  }
  if (d.than.trim() === '' || Number.isNaN(Number(d.than))) {
    out.than = 'Write a number.';
  }
  try {
    labelsOf(d.labels);
  } catch (err) {
    out.labels = err instanceof Error ? err.message : String(err);
  }
  return out;
}

/** Whether what has to be there is there. */
export const complete = (d: RuleDraft) => Boolean(d.title.trim() && d.source && d.expr.trim() && d.folder && d.group.trim());

function labelsOf(text: string): Record<string, string> {
  const all = parseMatchers(text);
  if (all.some((m) => !m.isEqual || m.isRegex)) {
    throw new Error('A label is name=value.');
  }
  return Object.fromEntries(all.map((m) => [m.name, m.value]));
}

/** The rule of a draft; what the form does not show stays as it is in the rule there was. */
export function ruleOf(d: RuleDraft, was?: AlertRule, annotations: Record<string, string> = {}): AlertRule {
  const { summary: _, ...others } = was?.annotations ?? annotations;
  return {
    ...was, orgID: 1, folderUID: d.folder, ruleGroup: d.group.trim(), title: d.title.trim(), condition: 'C', data: queriesOf(d), noDataState: d.noData, execErrState: d.onError, for: d.pending.trim() || '0s',
    labels: labelsOf(d.labels), annotations: d.summary.trim() ? { ...others, summary: d.summary.trim() } : others,
    notification_settings: d.contact ? { ...was?.notification_settings, receiver: d.contact } : null,
  };
}

interface Model {
  type?: string;
  expr?: string;
  expression?: string;
  reducer?: string;
  conditions?: { evaluator?: { type?: string; params?: number[] } }[];
}

/** A rule as a draft; nothing if it is made otherwise than the form makes rules. */
export function draftOf(r: AlertRule, every: number): RuleDraft | undefined {
  const by = (ref: string | undefined) => r.data.find((q) => q.refId === ref);
  const model = (q: RuleQuery | undefined) => (q?.model ?? {}) as Model;
  const test = model(by(r.condition));
  const reduce = model(by(test.expression));
  const query = by(reduce.expression);
  const evaluator = test.conditions?.[0]?.evaluator;
  const shaped = r.data.length === 3 && test.type === 'threshold' && reduce.type === 'reduce' && typeof model(query).expr === 'string';
  const offered = comparisons.some(([c]) => c === evaluator?.type) && reducers.some(([k]) => k === reduce.reducer);
  if (!shaped || !offered || !query) {
    return undefined;
  }
  return {
    title: r.title, source: query.datasourceUid, expr: model(query).expr ?? '', reducer: reduce.reducer ?? 'last', window: span(query.relativeTimeRange.from).replaceAll(' ', ''), compare: evaluator?.type ?? 'gt', than: String(evaluator?.params?.[0] ?? 0),
    folder: r.folderUID, group: r.ruleGroup, every: span(every).replaceAll(' ', ''), pending: r.for, noData: r.noDataState, onError: r.execErrState,
    labels: Object.entries(r.labels ?? {}).map(([k, v]) => `${k}=${JSON.stringify(v)}`).join(', '), summary: r.annotations?.summary ?? '', contact: r.notification_settings?.receiver ?? '',
  };
}
