/* Prometheus' answers as data frames. */
import {
  DataFrameType,
  FieldType,
  TIME_SERIES_TIME_FIELD_NAME,
  TIME_SERIES_VALUE_FIELD_NAME,
  type DataFrame,
  type Field,
  type QueryResultMetaNotice,
} from '@grafana/data';
import type { Answer, HistogramSample, LabelSet, MatrixSeries, QueryData, Sample } from '../api/prometheus';
import { displayName, metricText } from './legend';
import type { PromQuery } from './query';

/** How the frames of one query are made. */
export interface FrameContext {
  query: PromQuery;
  /** Interpolated. */
  expr: string;
  /** Of a range query; undefined for an instant one. */
  stepMs?: number;
  /** Several queries share the panel. */
  several: boolean;
}

/** A sample's text as a number; +Inf, -Inf and NaN included. */
export function parseValue(text: string): number {
  switch (text) {
    case '+Inf':
    case 'Inf':
      return Infinity;
    case '-Inf':
      return -Infinity;
  }
  return Number(text);
}

/** The frames of an answer, in the form the query asks for. */
export function toFrames(answer: Answer<QueryData>, c: FrameContext): DataFrame[] {
  const frames = framesOf(answer.data, c);
  const notices = noticesOf(answer);
  for (const f of frames) {
    f.refId = c.query.refId;
    f.meta = { ...f.meta, executedQueryString: executed(c), ...(notices.length ? { notices } : {}) };
  }
  return frames;
}

function executed(c: FrameContext): string {
  return `Expr: ${c.expr}\nStep: ${c.stepMs === undefined ? 'instant' : c.stepMs / 1000 + 's'}`;
}

function noticesOf(answer: Answer<unknown>): QueryResultMetaNotice[] {
  return [
    ...answer.warnings.map((text) => ({ severity: 'warning' as const, text })),
    ...answer.infos.map((text) => ({ severity: 'info' as const, text })),
  ];
}

function framesOf(data: QueryData, c: FrameContext): DataFrame[] {
  switch (data.resultType) {
    case 'matrix':
      return c.query.format === 'table' ? [tableOf(rowsOf(data.result), c)] : matrixFrames(data.result, c);
    case 'vector': {
      const series = data.result.map((s) => ({
        metric: s.metric,
        values: s.value && [s.value],
        histograms: s.histogram && ([[(s.value ?? [0])[0], s.histogram]] as never),
      }));
      const native = data.result.some((s) => s.histogram);
      if (c.query.format === 'table' && !native) {
        return [tableOf(rowsOf(series), c)];
      }
      return native ? matrixFrames(nativeVector(data.result), c) : matrixFrames(series, c);
    }
    default:
      return [scalarFrame(data.result, c)];
  }
}

/** Instant native histograms come as [time, histogram] pairs. */
function nativeVector(result: Array<{ metric: LabelSet; histogram?: unknown }>): MatrixSeries[] {
  return result
    .filter((s) => Array.isArray(s.histogram))
    .map((s) => ({ metric: s.metric, histograms: [s.histogram as HistogramSample] }));
}

function matrixFrames(result: MatrixSeries[], c: FrameContext): DataFrame[] {
  const native = result.filter((s) => s.histograms?.length);
  const plain = result.filter((s) => s.values?.length);
  const frames = native.map((s) => nativeFrame(s, c));
  if (c.query.format === 'heatmap' && plain.some((s) => 'le' in s.metric)) {
    return [...frames, ...bucketFrames(plain, c)];
  }
  return [...frames, ...plain.map((s) => seriesFrame(s, c))];
}

function seriesFrame(s: MatrixSeries, c: FrameContext): DataFrame {
  const values = s.values ?? [];
  const time: number[] = new Array(values.length);
  const numbers: number[] = new Array(values.length);
  for (let i = 0; i < values.length; i++) {
    time[i] = values[i][0] * 1000;
    numbers[i] = parseValue(values[i][1]);
  }
  return {
    name: undefined,
    length: values.length,
    fields: [timeField(time, c.stepMs), valueField(numbers, s.metric, displayName(c.query.legendFormat, c.expr, s.metric))],
    meta: { type: c.stepMs === undefined ? DataFrameType.NumericMulti : DataFrameType.TimeSeriesMulti },
  };
}

function timeField(values: number[], stepMs?: number): Field<number> {
  return {
    name: TIME_SERIES_TIME_FIELD_NAME,
    type: FieldType.time,
    config: stepMs ? { interval: stepMs } : {},
    values,
  };
}

function valueField(values: number[], labels: LabelSet, name: string | undefined): Field<number> {
  return {
    name: TIME_SERIES_VALUE_FIELD_NAME,
    type: FieldType.number,
    config: name === undefined ? {} : { displayNameFromDS: name },
    labels: withoutName(labels, name),
    values,
  };
}

/** The metric's name tells series apart only where nothing else named them. */
function withoutName(labels: LabelSet, name: string | undefined): LabelSet {
  return name === undefined ? labels : { ...labels };
}

function scalarFrame([time, value]: Sample, c: FrameContext): DataFrame {
  return seriesFrame({ metric: {}, values: [[time, value]] }, c);
}

interface Row {
  time: number;
  metric: LabelSet;
  value: number;
}

function rowsOf(result: MatrixSeries[]): Row[] {
  return result.flatMap((s) => (s.values ?? []).map(([t, v]) => ({ time: t * 1000, metric: s.metric, value: parseValue(v) })));
}

/** One row a sample, one column a label. */
function tableOf(rows: Row[], c: FrameContext): DataFrame {
  const names = [...new Set(rows.flatMap((r) => Object.keys(r.metric)))].sort();
  const fields: Field[] = [
    { name: 'Time', type: FieldType.time, config: {}, values: rows.map((r) => r.time) },
    ...names.map((name) => ({
      name,
      type: FieldType.string,
      config: { filterable: true },
      values: rows.map((r) => r.metric[name] ?? ''),
    })),
    {
      name: c.several ? `Value #${c.query.refId}` : 'Value',
      type: FieldType.number,
      config: {},
      values: rows.map((r) => r.value),
    },
  ];
  return { fields, length: rows.length, meta: { preferredVisualisationType: 'table' } };
}

/** Cumulative buckets of one classic histogram as what each bucket counts. */
export function bucketFrames(result: MatrixSeries[], c: FrameContext): DataFrame[] {
  const groups = new Map<string, MatrixSeries[]>();
  for (const s of result) {
    const { le: _, ...rest } = s.metric;
    const key = metricText(rest);
    groups.set(key, [...(groups.get(key) ?? []), s]);
  }
  return [...groups.values()].map((g) => bucketFrame(g, c));
}

function bucketFrame(series: MatrixSeries[], c: FrameContext): DataFrame {
  const sorted = [...series].sort((a, b) => parseValue(a.metric.le ?? '') - parseValue(b.metric.le ?? ''));
  const times = [...new Set(sorted.flatMap((s) => (s.values ?? []).map((v) => v[0])))].sort((a, b) => a - b);
  const at = new Map(times.map((t, i) => [t, i]));
  let below = new Array<number>(times.length).fill(0);
  const fields: Field[] = [timeField(times.map((t) => t * 1000), c.stepMs)];
  for (const s of sorted) {
    const cumulative = new Array<number>(times.length).fill(NaN);
    for (const [t, v] of s.values ?? []) {
      cumulative[at.get(t) as number] = parseValue(v);
    }
    const own = cumulative.map((v, i) => (Number.isNaN(v) ? 0 : Math.max(v - below[i], 0)));
    below = cumulative.map((v, i) => (Number.isNaN(v) ? below[i] : v));
    fields.push({
      name: s.metric.le ?? '',
      type: FieldType.number,
      config: { displayNameFromDS: legendFor(s.metric, c) },
      labels: s.metric,
      values: own,
    });
  }
  return { fields, length: times.length, meta: { type: DataFrameType.HeatmapRows } };
}

function legendFor(metric: LabelSet, c: FrameContext): string {
  const given = c.query.legendFormat;
  return given && given !== '__auto' ? (displayName(given, c.expr, metric) ?? '') : (metric.le ?? '');
}

/** A native histogram's series as cells of a heatmap. */
function nativeFrame(s: MatrixSeries, c: FrameContext): DataFrame {
  const time: number[] = [];
  const low: number[] = [];
  const high: number[] = [];
  const count: number[] = [];
  for (const [t, h] of s.histograms ?? []) {
    for (const [, from, to, n] of h.buckets ?? []) {
      time.push(t * 1000);
      low.push(parseValue(from));
      high.push(parseValue(to));
      count.push(parseValue(n));
    }
  }
  const number = (name: string, values: number[]): Field<number> => ({ name, type: FieldType.number, config: {}, values });
  return {
    fields: [timeFieldNamed('xMax', time, c.stepMs), number('yMin', low), number('yMax', high), { ...number('count', count), labels: s.metric }],
    length: time.length,
    meta: { type: DataFrameType.HeatmapCells },
  };
}

function timeFieldNamed(name: string, values: number[], stepMs?: number): Field<number> {
  return { ...timeField(values, stepMs), name };
}
