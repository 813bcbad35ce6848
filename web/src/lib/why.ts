/* Why a query finds nothing: the first thing in each of its selectors that does not exist. */
import { parser } from '@prometheus-io/lezer-promql';
import type { PrometheusAPI } from '../api/prometheus';

export interface Matcher {
  name: string;
  op: '=' | '!=' | '=~' | '!~';
  value: string;
}

export interface Selector {
  metric: string;
  matchers: Matcher[];
}

export interface Finding {
  kind: 'metric' | 'label' | 'value' | 'job' | 'combination' | 'range';
  text: string;
  /** What exists and looks most like it. */
  nearest: string[];
}

function unquote(text: string): string {
  if (text.startsWith('`')) {
    return text.slice(1, -1);
  }
  return text.slice(1, -1).replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c === 't' ? '\t' : c));
}

/** The selectors of an expression, each once. */
export function selectorsOf(expr: string): Selector[] {
  const out = new Map<string, Selector>();
  parser.parse(expr).iterate({
    enter(node) {
      if (node.name !== 'VectorSelector') {
        return;
      }
      const text = expr.slice(node.from, node.to);
      const name = node.node.getChild('Identifier');
      const matchers: Matcher[] = [];
      node.node.getChild('LabelMatchers')?.cursor().iterate((m) => {
        const part = /^\s*([\w:.]+|"(?:[^"\\]|\\.)*")\s*(=~|!~|!=|=)\s*([\s\S]+)$/.exec(expr.slice(m.from, m.to));
        if (/Matcher$/.test(m.name) && part) {
          matchers.push({ name: part[1].replace(/^"|"$/g, ''), op: part[2] as Matcher['op'], value: unquote(part[3].trim()) });
        }
      });
      const named = matchers.find((m) => m.name === '__name__' && m.op === '=');
      out.set(text, { metric: name ? expr.slice(name.from, name.to) : (named?.value ?? ''), matchers: matchers.filter((m) => m !== named) });
    },
  });
  return [...out.values()];
}

/** The names most like one: few edits apart, or sharing its words. */
export function nearest(name: string, among: string[], count = 3): string[] {
  const words = new Set(name.toLowerCase().split(/[_:.\-/]+/).filter(Boolean));
  const score = (other: string) => {
    const shared = other.toLowerCase().split(/[_:.\-/]+/).filter((w) => words.has(w)).length;
    return distance(name.toLowerCase(), other.toLowerCase()) / Math.max(name.length, other.length, 1) - (shared / Math.max(words.size, 1)) * 0.5;
  };
  return among
    .filter((n) => n !== name)
    .map((n) => ({ n, s: score(n) }))
    .filter(({ s }) => s < 0.45)
    .sort((a, b) => a.s - b.s)
    .slice(0, count)
    .map(({ n }) => n);
}

/** Edits from a to b, adjacent swaps included; lengths are bounded by the caller's names. */
export function distance(a: string, b: string): number {
  const x = a.slice(0, 120);
  const y = b.slice(0, 120);
  let before = Array.from({ length: y.length + 1 }, (_, i) => i);
  for (let i = 1; i <= x.length; i++) {
    const row = [i];
    for (let j = 1; j <= y.length; j++) {
      row[j] = Math.min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x[i - 1] === y[j - 1] ? 0 : 1));
    }
    before = row;
  }
  return before[y.length];
}

type API = Pick<PrometheusAPI, 'labelValues' | 'labelNames' | 'series'>;

interface Window {
  start: number;
  end: number;
}

function quoted(m: Matcher): string {
  return `${m.name}${m.op}${JSON.stringify(m.value)}`;
}

function selectorText(metric: string, matchers: Matcher[]): string {
  return `${metric}{${matchers.map(quoted).join(',')}}`;
}

/** One finding for each selector that selects nothing. */
export async function explain(api: API, expr: string, window: Window): Promise<Finding[]> {
  const found = await Promise.all(selectorsOf(expr).slice(0, 12).map((s) => explainSelector(api, s, window)));
  return found.filter((f): f is Finding => f !== undefined);
}

async function explainSelector(api: API, s: Selector, window: Window): Promise<Finding | undefined> {
  const exists = async (text: string, w: Partial<Window> = window) => (await api.series({ ...w, match: [text], limit: 1 })).data.length > 0;
  if (!s.metric) {
    const text = selectorText('', s.matchers);
    return !s.matchers.length || (await exists(text)) ? undefined : { kind: 'combination', text: `No series matches ${text} in this time range.`, nearest: [] };
  }
  if (await exists(selectorText(s.metric, s.matchers))) {
    return undefined;
  }
  if (!(await exists(s.metric))) {
    return absentMetric(api, s, window, exists);
  }
  for (const m of s.matchers) {
    if (!(await exists(selectorText(s.metric, [m])))) {
      return absentLabel(api, s.metric, m, window);
    }
  }
  return { kind: 'combination', text: `${s.metric} exists, and each of its matchers matches something, but no series matches all of ${selectorText('', s.matchers)}.`, nearest: [] };
}

async function absentMetric(api: API, s: Selector, window: Window, exists: (t: string, w?: Partial<Window>) => Promise<boolean>): Promise<Finding> {
  if (await exists(s.metric, {})) {
    return { kind: 'range', text: `${s.metric} has samples, but none in this time range.`, nearest: [] };
  }
  const job = s.matchers.find((m) => m.name === 'job' && m.op === '=');
  if (job && !(await exists(`{job=${JSON.stringify(job.value)}}`))) {
    const jobs = (await api.labelValues('job', window)).data;
    return { kind: 'job', text: `Nothing is scraped as job "${job.value}" in this time range, so there is no ${s.metric}.`, nearest: nearest(job.value, jobs) };
  }
  const names = (await api.labelValues('__name__', window)).data;
  return { kind: 'metric', text: `No metric is called ${s.metric}.`, nearest: nearest(s.metric, names) };
}

async function absentLabel(api: API, metric: string, m: Matcher, window: Window): Promise<Finding> {
  const names = (await api.labelNames({ ...window, match: [metric] })).data;
  if (!names.includes(m.name)) {
    return { kind: 'label', text: `No series of ${metric} has the label ${m.name}.`, nearest: nearest(m.name, names) };
  }
  const values = (await api.labelValues(m.name, { ...window, match: [metric], limit: 5000 })).data;
  const kind = m.name === 'job' ? 'job' : 'value';
  return { kind, text: `No series of ${metric} has ${quoted(m)}.`, nearest: nearest(m.value, values).length ? nearest(m.value, values) : values.slice(0, 3) };
}
