/* Identical queries go out once, and a refresh asks only for what is new. */
import type { Answer, MatrixSeries, PrometheusAPI, QueryData } from '../api/prometheus';
import { metricText } from './legend';

export interface RangeAsk {
  query: string;
  start: number; // seconds
  end: number;
  step: number;
}

interface Kept {
  ask: RangeAsk;
  answer: Answer<QueryData>;
  /** When the whole window was last asked for, milliseconds. */
  whole: number;
}

/** Seconds before the end that are asked again: samples may arrive late. */
const overlap = 600;

/** Milliseconds after which the whole window is asked again, for samples later than that. */
const wholeEvery = 300_000;

/** Answers kept at most; each is one panel's query. */
const maxKept = 200;

/** Samples one kept answer may have. */
const maxSamples = 500_000;

interface Request<T> {
  promise: Promise<T>;
  abort: AbortController;
  users: number;
}

/** Questions under way: whoever asks the same in the meantime gets the same answer. */
export class UnderWay<T> {
  private readonly requests = new Map<string, Request<T>>();

  ask(key: string, fetch: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    let shared = this.requests.get(key);
    if (!shared) {
      const abort = new AbortController();
      const promise = fetch(abort.signal).finally(() => this.end(key, promise));
      shared = { promise, abort, users: 0 };
      this.requests.set(key, shared);
    }
    return this.join(key, shared, signal);
  }

  /** A new request under the same key stays, when one that was left ends at last. */
  private end(key: string, promise: Promise<T>) {
    if (this.requests.get(key)?.promise === promise) {
      this.requests.delete(key);
    }
  }

  /** Whoever leaves before the answer leaves alone; the last one out ends the request. */
  private join(key: string, shared: Request<T>, signal?: AbortSignal) {
    shared.users++;
    return new Promise<T>((resolve, reject) => {
      const leave = () => {
        if (--shared.users === 0) {
          shared.abort.abort();
          this.end(key, shared.promise);
        }
        reject(new DOMException('The query was cancelled.', 'AbortError'));
      };
      signal?.addEventListener('abort', leave, { once: true });
      shared.promise.then(resolve, reject).finally(() => signal?.removeEventListener('abort', leave));
    });
  }
}

/**
 * Range queries of one data source. Two that are the same while the first is
 * under way share its answer. One that continues an earlier one (same
 * expression and step, later window) asks for the rest alone.
 */
export class RangeCache {
  private readonly underWay = new UnderWay<Answer<QueryData>>();
  private readonly kept = new Map<string, Kept>();

  constructor(
    private readonly api: Pick<PrometheusAPI, 'queryRange'>,
    private readonly now: () => number = Date.now
  ) {}

  ask(ask: RangeAsk, signal?: AbortSignal): Promise<Answer<QueryData>> {
    const key = JSON.stringify([ask.query, ask.step, ask.start, ask.end]);
    return this.underWay.ask(key, (abort) => this.fetch(ask, abort), signal);
  }

  private async fetch(ask: RangeAsk, signal: AbortSignal): Promise<Answer<QueryData>> {
    const key = JSON.stringify([ask.query, ask.step]);
    const before = this.kept.get(key);
    const from = before && this.now() - before.whole < wholeEvery && continues(before.ask, ask) ? resume(before.ask, ask) : undefined;
    const fresh = await this.api.queryRange({ ...ask, start: from ?? ask.start }, signal);
    const answer = before && from !== undefined ? joined(before.answer, fresh, ask, from) : fresh;
    this.keep(key, { ask, answer, whole: before && from !== undefined ? before.whole : this.now() });
    return answer;
  }

  private keep(key: string, k: Kept) {
    this.kept.delete(key);
    if (!isExact(k.ask.query) || k.answer.data.resultType !== 'matrix' || samplesOf(k.answer.data.result) > maxSamples) {
      return;
    }
    this.kept.set(key, k);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= maxKept) {
        break;
      }
      this.kept.delete(oldest);
    }
  }
}

function samplesOf(result: MatrixSeries[]): number {
  return result.reduce((n, s) => n + (s.values?.length ?? 0) + (s.histograms?.length ?? 0), 0);
}

/**
 * Whether each point of the expression depends on its own time alone. With
 * start() and end() in it a point depends on the window; the words may stand in
 * a label's value, which costs a whole query and nothing else.
 */
export function isExact(query: string): boolean {
  return !/\b(start|end|range|step)\s*\(\s*\)/.test(query);
}

/** Whether the points of b that are in a's window are points of a. */
function continues(a: RangeAsk, b: RangeAsk): boolean {
  const steps = (b.start - a.start) / b.step;
  const onGrid = Math.abs(steps - Math.round(steps)) < 1e-6;
  return onGrid && b.start >= a.start && b.start <= a.end && b.end >= a.end;
}

/** The first point to ask for: on the grid, `overlap` before the end of what is known. */
function resume(a: RangeAsk, b: RangeAsk): number | undefined {
  const wanted = a.end - overlap;
  const steps = Math.floor((wanted - b.start) / b.step);
  return steps <= 0 ? undefined : b.start + steps * b.step;
}

/** What is known before `from`, and the fresh answer after it. */
function joined(before: Answer<QueryData>, fresh: Answer<QueryData>, ask: RangeAsk, from: number): Answer<QueryData> {
  if (before.data.resultType !== 'matrix' || fresh.data.resultType !== 'matrix') {
    return fresh;
  }
  const keep = <T extends [number, unknown]>(values: T[] | undefined) => (values ?? []).filter(([t]) => t >= ask.start - 1e-3 && t < from - 1e-3);
  const series = new Map<string, MatrixSeries>();
  for (const s of before.data.result) {
    series.set(metricText(s.metric), { metric: s.metric, values: keep(s.values), histograms: keep(s.histograms) });
  }
  for (const s of fresh.data.result) {
    const known = series.get(metricText(s.metric));
    series.set(metricText(s.metric), {
      metric: s.metric,
      values: [...(known?.values ?? []), ...(s.values ?? [])],
      histograms: [...(known?.histograms ?? []), ...(s.histograms ?? [])],
    });
  }
  const result = [...series.values()].filter((s) => s.values?.length || s.histograms?.length);
  result.sort((a, b) => (metricText(a.metric) < metricText(b.metric) ? -1 : 1));
  return { ...fresh, data: { resultType: 'matrix', result } };
}
