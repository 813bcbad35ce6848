import {
  DataSourceApi,
  LoadingState,
  dateTime,
  type AdHocVariableFilter,
  type AnnotationEvent,
  type AnnotationQuery,
  type DataFrame,
  type DataQueryError,
  type DataQueryRequest,
  type DataQueryResponse,
  type DataSourceGetTagKeysOptions,
  type DataSourceGetTagValuesOptions,
  type DataSourceInstanceSettings,
  type MetricFindValue,
  type ScopedVars,
  type TestDataSourceResponse,
  type TimeRange,
} from '@grafana/data';
import { getTemplateSrv } from '@grafana/runtime';
import { from, map, Observable, of } from 'rxjs';
import { PrometheusAPI, type Answer, type ExemplarSeries, type MatrixSeries, type QueryData } from '../api/prometheus';
import { align, formatDuration, parseDuration, rateInterval, stepFor } from '../lib/interval';
import { messageOf } from '../api/http';
import { annotationOf, annotationSupport, eventFrames } from './annotations';
import { RangeCache, UnderWay } from './cache';
import { exemplarFrame } from './exemplars';
import { withFilters } from './filters';
import { findText, parseFind, type FindQuery } from './find';
import { parseValue, toFrames } from './frames';
import { variableText } from './interpolate';
import { legendText, metricText } from './legend';
import type { PromQuery, PromSettings, TraceDestination } from './query';

const defaultScrapeMs = 15_000;

/** How many values a variable is offered at most. */
const maxValues = 10_000;

interface Planned {
  query: PromQuery;
  expr: string;
  stepMs: number;
  instant: boolean;
  start: number;
  end: number;
}

/** A Prometheus behind a data source's proxy. */
export class PrometheusSource extends DataSourceApi<PromQuery> {
  readonly api: PrometheusAPI;
  private readonly cache: RangeCache;
  private readonly moments = new UnderWay<Answer<QueryData>>();
  private readonly finds = new UnderWay<string[]>();
  private readonly scrapeMs: number;
  private readonly traced = new UnderWay<Answer<ExemplarSeries[]>>();
  private readonly destinations: TraceDestination[];

  constructor(settings: DataSourceInstanceSettings, api = new PrometheusAPI(`/api/datasources/proxy/uid/${encodeURIComponent(settings.uid)}`)) {
    super(settings);
    const json = (settings.jsonData ?? {}) as PromSettings;
    this.api = api;
    this.cache = new RangeCache(this.api);
    this.scrapeMs = parseDuration(json.timeInterval ?? '') || defaultScrapeMs;
    this.destinations = Array.isArray(json.exemplarTraceIdDestinations) ? json.exemplarTraceIdDestinations : [];
    this.interval = formatDuration(this.scrapeMs);
    this.annotations = annotationSupport();
  }

  getDefaultQuery(): Partial<PromQuery> {
    return { expr: '', range: true };
  }

  filterQuery(query: PromQuery): boolean {
    return !query.hide && Boolean(query.expr?.trim());
  }

  getQueryDisplayText(query: PromQuery): string {
    return query.expr;
  }

  query(request: DataQueryRequest<PromQuery>): Observable<DataQueryResponse> {
    const annotation = annotationOf(request);
    if (annotation) {
      return from(this.events(annotation as PromAnnotation, request.range)).pipe(map(eventFrames));
    }
    const wanted = request.targets.filter((q) => this.filterQuery(q));
    if (!wanted.length) {
      return of({ data: [], state: LoadingState.Done });
    }
    const plans = wanted.flatMap((q) => this.plan(q, request));
    return new Observable((out) => {
      const abort = new AbortController();
      void this.answer(plans, wanted.length > 1, abort.signal).then((response) => {
        if (!abort.signal.aborted) {
          out.next(response);
          out.complete();
        }
      });
      return () => abort.abort();
    });
  }

  private async answer(plans: Planned[], several: boolean, signal: AbortSignal): Promise<DataQueryResponse> {
    const errors: DataQueryError[] = [];
    const parts = await Promise.all(
      plans.map(async (p) => {
        try {
          const [answer, traced] = await Promise.all([this.ask(p, signal), this.exemplars(p, signal)]);
          return [...this.framesOf(p, several, withNote(answer, traced.wrong)), ...traced.frames];
        } catch (err) {
          errors.push({ refId: p.query.refId, message: messageOf(err), status: (err as { status?: number }).status });
          return [];
        }
      })
    );
    const state = errors.length ? LoadingState.Error : LoadingState.Done;
    return { data: parts.flat(), state, errors: errors.length ? errors : undefined };
  }

  private ask(p: Planned, signal: AbortSignal): Promise<Answer<QueryData>> {
    return p.instant
      ? this.moments.ask(JSON.stringify([p.expr, p.end]), (abort) => this.api.query({ query: p.expr, time: p.end }, abort), signal)
      : this.cache.ask({ query: p.expr, start: p.start, end: p.end, step: p.stepMs / 1000 }, signal);
  }

  /** The exemplars of a query that asks for them. That they cannot be had is said beside the answer. */
  private async exemplars(p: Planned, signal: AbortSignal): Promise<{ frames: DataFrame[]; wrong?: string }> {
    if (!p.query.exemplar || p.instant) {
      return { frames: [] };
    }
    const asked = { query: p.expr, start: p.start, end: p.end };
    try {
      const { data } = await this.traced.ask(JSON.stringify(asked), (abort) => this.api.queryExemplars(asked, abort), signal);
      const frame = exemplarFrame(data, p.query.refId, this.destinations);
      return { frames: frame ? [frame] : [] };
    } catch (err) {
      return { frames: [], wrong: `There are no exemplars: ${messageOf(err)}` };
    }
  }

  private framesOf(p: Planned, several: boolean, answer: Answer<QueryData>): DataFrame[] {
    return toFrames(answer, { query: p.query, expr: p.expr, several, stepMs: p.instant ? undefined : p.stepMs });
  }

  /** The requests a query makes: one over the range, one at its end, or both. */
  private plan(query: PromQuery, request: DataQueryRequest<PromQuery>): Planned[] {
    const fromMs = request.range.from.valueOf();
    const toMs = request.range.to.valueOf();
    const minText = getTemplateSrv().replace(query.interval ?? '', request.scopedVars).replace(/^>\s*/, '');
    const minMs = parseDuration(minText) ?? 0;
    const stepMs = stepFor({
      rangeMs: toMs - fromMs,
      intervalMs: request.intervalMs,
      minMs: Math.max(minMs, minText ? 0 : this.scrapeMs),
      factor: query.intervalFactor,
    });
    const vars = this.scoped(request.scopedVars, stepMs, minMs || this.scrapeMs, toMs - fromMs);
    const expr = this.interpolated(query.expr, vars, request.filters);
    const aligned = align(fromMs, toMs, stepMs);
    const base = { query, expr, stepMs };
    const instant = { ...base, instant: true, start: fromMs / 1000, end: toMs / 1000 };
    const range = { ...base, instant: false, ...aligned };
    return [...(query.instant ? [instant] : []), ...(!query.instant || query.range ? [range] : [])];
  }

  private scoped(vars: ScopedVars, stepMs: number, scrapeMs: number, rangeMs: number): ScopedVars {
    const value = (v: string | number) => ({ text: String(v), value: v });
    return {
      ...vars,
      __interval: value(formatDuration(stepMs)),
      __interval_ms: value(stepMs),
      __rate_interval: value(formatDuration(rateInterval(stepMs, scrapeMs))),
      __rate_interval_ms: value(rateInterval(stepMs, scrapeMs)),
      __range: value(`${Math.max(Math.round(rangeMs / 1000), 1)}s`),
      __range_s: value(Math.max(Math.round(rangeMs / 1000), 1)),
      __range_ms: value(rangeMs),
    };
  }

  /** The expression with its variables filled in and the ad hoc filters in every selector. */
  interpolated(expr: string, vars: ScopedVars, filters: AdHocVariableFilter[] = []): string {
    return withFilters(getTemplateSrv().replace(expr, vars, variableText), filters);
  }

  interpolateVariablesInQueries(queries: PromQuery[], vars: ScopedVars, filters?: AdHocVariableFilter[]): PromQuery[] {
    return queries.map((q) => ({ ...q, expr: this.interpolated(q.expr ?? '', vars, filters) }));
  }

  async metricFindQuery(query: unknown, options?: { range?: TimeRange; scopedVars?: ScopedVars }): Promise<MetricFindValue[]> {
    const range = options?.range;
    const rangeMs = range ? range.to.valueOf() - range.from.valueOf() : 3_600_000;
    const vars = this.scoped(options?.scopedVars ?? {}, this.scrapeMs, this.scrapeMs, rangeMs);
    const text = getTemplateSrv().replace(findText(query), vars, variableText);
    if (!text.trim()) {
      return [];
    }
    const window = range ? { start: range.from.valueOf() / 1000, end: range.to.valueOf() / 1000 } : {};
    const values = await this.finds.ask(JSON.stringify([text, window]), () => this.find(parseFind(text), window));
    return values.slice(0, maxValues).map((v) => ({ text: v, expandable: true }));
  }

  private async find(q: FindQuery, window: { start?: number; end?: number }): Promise<string[]> {
    switch (q.kind) {
      case 'label_names':
        return (await this.api.labelNames({ ...window, match: q.match ? [q.match] : undefined })).data;
      case 'label_values':
        return (await this.api.labelValues(q.label, { ...window, match: q.match ? [q.match] : undefined })).data;
      case 'metrics':
        return this.metrics(q.pattern, window);
      case 'query_result':
        return this.queryResult(q.expr, window.end);
      case 'series':
        return (await this.api.series({ ...window, match: [q.match] })).data.map(metricText);
    }
  }

  private async metrics(pattern: string, window: { start?: number; end?: number }): Promise<string[]> {
    const names = (await this.api.labelValues('__name__', window)).data;
    const re = new RegExp(pattern || '.*');
    return names.filter((n) => re.test(n));
  }

  private async queryResult(expr: string, end?: number): Promise<string[]> {
    const { data } = await this.api.query({ query: expr, time: end ?? Date.now() / 1000 });
    if (data.resultType === 'vector') {
      return data.result.map((s) => `${metricText(s.metric)} ${s.value?.[1] ?? ''} ${(s.value?.[0] ?? 0) * 1000}`);
    }
    return data.resultType === 'scalar' || data.resultType === 'string' ? [data.result[1]] : [];
  }

  async getTagKeys(options: DataSourceGetTagKeysOptions<PromQuery> = {} as never): Promise<MetricFindValue[]> {
    const { data } = await this.api.labelNames({ ...windowOf(options.timeRange), match: matchOf(options.filters) });
    return data.filter((n) => n !== '__name__').map((text) => ({ text }));
  }

  async getTagValues(options: DataSourceGetTagValuesOptions<PromQuery>): Promise<MetricFindValue[]> {
    const others = options.filters?.filter((f) => f.key !== options.key);
    const { data } = await this.api.labelValues(options.key, { ...windowOf(options.timeRange), match: matchOf(others) });
    return data.map((text) => ({ text }));
  }

  /** The annotations an expression makes: an event where its value is not 0, joined while it stays so. */
  private async events(a: PromAnnotation, range: TimeRange): Promise<AnnotationEvent[]> {
    const expr = a.expr ?? a.target?.expr ?? '';
    if (!expr.trim()) {
      return [];
    }
    const fromMs = range.from.valueOf();
    const toMs = range.to.valueOf();
    const stepText = getTemplateSrv().replace(a.step ?? a.target?.interval ?? '60s');
    const stepMs = stepFor({ rangeMs: toMs - fromMs, intervalMs: 0, minMs: parseDuration(stepText) ?? 60_000 });
    const vars = this.scoped({}, stepMs, this.scrapeMs, toMs - fromMs);
    const ask = { query: this.interpolated(expr, vars), step: stepMs / 1000, ...align(fromMs, toMs, stepMs) };
    const { data } = await this.cache.ask(ask);
    return data.resultType === 'matrix' ? data.result.flatMap((s) => eventsOf(s, a, stepMs)) : [];
  }

  async testDatasource(): Promise<TestDataSourceResponse> {
    try {
      await this.api.query({ query: '1+1', time: Date.now() / 1000 });
      return { status: 'success', message: 'The data source answers.' };
    } catch (err) {
      return { status: 'error', message: messageOf(err) };
    }
  }
}

interface PromAnnotation extends AnnotationQuery {
  expr?: string;
  step?: string;
  titleFormat?: string;
  textFormat?: string;
  tagKeys?: string;
  useValueForTime?: boolean | string;
  target?: PromQuery;
}

/** Neighbouring points become one region. */
export function eventsOf(s: MatrixSeries, a: PromAnnotation, stepMs: number): AnnotationEvent[] {
  const events: AnnotationEvent[] = [];
  const tags = (a.tagKeys ?? '').split(',').map((k) => s.metric[k.trim()]).filter(Boolean);
  const texts = { title: legendText(a.titleFormat ?? '', s.metric), text: legendText(a.textFormat ?? '', s.metric), tags };
  for (const [t, v] of s.values ?? []) {
    const value = parseValue(v);
    if (a.useValueForTime === true || a.useValueForTime === 'on') {
      events.push({ ...texts, time: Math.floor(value) });
      continue;
    }
    const last = events[events.length - 1];
    const time = t * 1000;
    if (!value) {
      continue;
    }
    if (last && time - (last.timeEnd ?? last.time ?? 0) <= stepMs) {
      last.timeEnd = time;
    } else {
      events.push({ ...texts, time, timeEnd: time });
    }
  }
  return events.map((e) => ({ ...e, isRegion: e.timeEnd !== undefined && e.timeEnd !== e.time }));
}

const withNote = (answer: Answer<QueryData>, note?: string): Answer<QueryData> => (note ? { ...answer, warnings: [...answer.warnings, note] } : answer);

function windowOf(range: TimeRange | undefined): { start?: number; end?: number } {
  return range ? { start: dateTime(range.from).unix(), end: dateTime(range.to).unix() } : {};
}

function matchOf(filters: AdHocVariableFilter[] | undefined): string[] | undefined {
  const selector = withFilters('{__name__!=""}', filters ?? []);
  return filters?.length ? [selector] : undefined;
}
