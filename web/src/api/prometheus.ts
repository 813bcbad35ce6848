/* Prometheus' HTTP API behind a data source's proxy.
   https://prometheus.io/docs/prometheus/latest/querying/api/ */
import { HttpError, isObject, send, urlOf, type Ask } from './http';

/** A sample: Unix seconds and a value in text. */
export type Sample = [number, string];

/** A native histogram's bucket: boundary rule, lower, upper, count. */
export type Bucket = [number, string, string, string];

export interface Histogram {
  count: string;
  sum: string;
  buckets?: Bucket[];
}

export type HistogramSample = [number, Histogram];

export type LabelSet = Record<string, string>;

export interface MatrixSeries {
  metric: LabelSet;
  values?: Sample[];
  histograms?: HistogramSample[];
}

export interface VectorSample {
  metric: LabelSet;
  value?: Sample;
  histogram?: HistogramSample;
}

export type QueryData =
  | { resultType: 'matrix'; result: MatrixSeries[] }
  | { resultType: 'vector'; result: VectorSample[] }
  | { resultType: 'scalar' | 'string'; result: Sample };

/** The exemplars of a series: labels, usually of a trace, with a value and Unix seconds. */
export interface ExemplarSeries {
  seriesLabels: LabelSet;
  exemplars: Array<{ labels: LabelSet; value: string; timestamp: number }>;
}

export interface Answer<T> {
  data: T;
  warnings: string[];
  infos: string[];
  stats?: QueryStats;
}

export interface QueryStats {
  timings?: Record<string, number>;
  samples?: { totalQueryableSamples?: number; peakSamples?: number };
}

/** A query the engine refused: a wrong expression, a limit. */
export class QueryError extends Error {
  constructor(
    readonly kind: string,
    message: string,
    readonly status: number
  ) {
    super(message);
    this.name = 'QueryError';
  }
}

/** How requests get there: whose session, and where paths stand. */
export interface Way {
  send: (path: string, ask: Ask) => Promise<Response>;
  url: (path: string) => string;
  headers: () => Record<string, string>;
}

const grafanaWay: Way = { send, url: (path) => urlOf(path), headers: () => ({ 'X-Hearth-Session': '1' }) };

/** Asks the Prometheus API of one data source, or of a workspace. */
export class PrometheusAPI {
  constructor(
    readonly base: string,
    readonly way: Way = grafanaWay
  ) {}

  query(params: { query: string; time: number; stats?: string }, signal?: AbortSignal) {
    return this.post<QueryData & { stats?: QueryStats }>('query', params, signal);
  }

  queryRange(params: { query: string; start: number; end: number; step: number; stats?: string }, signal?: AbortSignal) {
    return this.post<QueryData & { stats?: QueryStats }>('query_range', params, signal);
  }

  queryExemplars(params: { query: string; start: number; end: number }, signal?: AbortSignal) {
    return this.post<ExemplarSeries[]>('query_exemplars', params, signal);
  }

  labelNames(params: { match?: string[]; start?: number; end?: number; limit?: number }, signal?: AbortSignal) {
    return this.post<string[]>('labels', rename(params), signal);
  }

  async labelValues(name: string, params: { match?: string[]; start?: number; end?: number; limit?: number }, signal?: AbortSignal) {
    return this.get<string[]>(`label/${encodeURIComponent(name)}/values`, rename(params), signal);
  }

  series(params: { match: string[]; start?: number; end?: number; limit?: number }, signal?: AbortSignal) {
    return this.post<LabelSet[]>('series', rename(params), signal);
  }

  metadata(params: { metric?: string; limit?: number }, signal?: AbortSignal) {
    return this.get<Record<string, Array<{ type: string; help: string; unit: string }>>>('metadata', params, signal);
  }

  formatQuery(query: string, signal?: AbortSignal) {
    return this.post<string>('format_query', { query }, signal);
  }

  private async get<T>(path: string, params: Params, signal?: AbortSignal): Promise<Answer<T>> {
    return this.read(() => this.way.send(`${this.base}/api/v1/${path}`, { params, signal }));
  }

  private async post<T>(path: string, params: Params, signal?: AbortSignal): Promise<Answer<T>> {
    const form = new URLSearchParams();
    for (const [name, value] of Object.entries(params)) {
      for (const one of Array.isArray(value) ? value : [value]) {
        if (one !== undefined) {
          form.append(name, String(one));
        }
      }
    }
    return this.read(() => this.way.send(`${this.base}/api/v1/${path}`, { method: 'POST', form, signal }));
  }

  private async read<T>(ask: () => Promise<Response>): Promise<Answer<T>> {
    let body: unknown;
    try {
      body = await (await ask()).json();
    } catch (err) {
      throw queryError(err);
    }
    if (!isObject(body) || body.status !== 'success') {
      throw new QueryError('unexpected', 'The data source did not answer as Prometheus does.', 200);
    }
    const data = body.data as T;
    const stats = isObject(data) ? (data.stats as QueryStats | undefined) : undefined;
    return { data, warnings: texts(body.warnings), infos: texts(body.infos), stats };
  }
}

type Params = Record<string, string | number | boolean | string[] | undefined>;

function rename({ match, ...rest }: { match?: string[]; start?: number; end?: number; limit?: number }): Params {
  return { ...rest, 'match[]': match };
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((v) => typeof v === 'string') : [];
}

function queryError(err: unknown): unknown {
  if (err instanceof HttpError && isObject(err.body) && typeof err.body.errorType === 'string') {
    return new QueryError(err.body.errorType, String(err.body.error ?? err.message), err.status);
  }
  return err;
}
