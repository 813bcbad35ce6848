/* Transformations of Grafana that its libraries leave to it, by what its documentation says
   of them. https://grafana.com/docs/grafana/latest/panels-visualizations/query-transform-data/transform-data/ */
import {
  createDataFrame,
  DataFrameType,
  FieldType,
  fieldMatchers,
  getFieldDisplayName,
  guessFieldTypeFromValue,
  isTimeSeriesFrame,
  outerJoinDataFrames as joinDataFrames,
  reduceField,
  ReducerID,
  ThresholdsMode,
  type DataFrame,
  type Field,
  type FieldConfig,
  type Labels,
} from '@grafana/data';
import { get } from 'lodash';
import { heatOf } from '../panels/buckets';

/** A transformation of whole frames; options are as a dashboard has them. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Transform = (frames: DataFrame[], options: any) => DataFrame[] | Promise<DataFrame[]>;

interface Mapping {
  fieldName: string;
  handlerKey?: string | null;
  reducerId?: string;
}

const named = (frame: DataFrame, name: string | undefined, frames: DataFrame[]): Field | undefined =>
  name ? frame.fields.find((f) => f.name === name || getFieldDisplayName(f, frame, frames) === name) : undefined;

const texts = (f: DataFrame) => f.fields.find((x) => x.type === FieldType.string);
const numbers = (f: DataFrame) => f.fields.find((x) => x.type === FieldType.number);
const times = (f: DataFrame) => f.fields.find((x) => x.type === FieldType.time);

/** What a column called so configures, if a mapping does not say: "Max" is the maximum. */
const byName: Record<string, string> = {
  max: 'max', maximum: 'max', min: 'min', minimum: 'min', unit: 'unit', units: 'unit', decimals: 'decimals',
  displayname: 'displayName', 'display name': 'displayName', color: 'color', 'threshold 1': 'threshold1', threshold1: 'threshold1',
};

/** Puts one value of a column where the configuration of a field has it. */
function configure(config: FieldConfig, handler: string, value: unknown): void {
  switch (handler) {
    case 'max':
    case 'min':
    case 'decimals':
      if (value !== null && Number.isFinite(Number(value))) {
        config[handler] = Number(value);
      }
      break;
    case 'unit':
    case 'displayName':
      config[handler] = String(value ?? '');
      break;
    case 'color':
      config.color = { mode: 'fixed', fixedColor: String(value) };
      break;
    case 'threshold1':
      config.thresholds = { mode: ThresholdsMode.Absolute, steps: [{ value: -Infinity, color: 'green' }, { value: Number(value), color: 'red' }] };
      break;
  }
}

const handlerOf = (f: Field, mappings: Mapping[]) => {
  const mapping = mappings.find((m) => m.fieldName === f.name);
  return mapping ? (mapping.handlerKey ?? '__ignore') : byName[f.name.toLowerCase()];
};

/** Each row becomes a field: of the row's name, with its value, other columns as its configuration or labels. */
export const rowsToFields: Transform = (frames, options: { nameField?: string; valueField?: string; mappings?: Mapping[] }) => {
  const mappings = options.mappings ?? [];
  const chosen = (key: string) => mappings.find((m) => m.handlerKey === key)?.fieldName;
  return frames.map((frame) => {
    const name = named(frame, options.nameField ?? chosen('field.name'), frames) ?? texts(frame);
    const value = named(frame, options.valueField ?? chosen('field.value'), frames) ?? numbers(frame);
    if (!name || !value) {
      return frame;
    }
    const fields = Array.from({ length: frame.length }, (_, row): Field => {
      const config: FieldConfig = { ...value.config };
      const labels: Labels = {};
      for (const f of frame.fields) {
        const handler = handlerOf(f, mappings) ?? (f.type === FieldType.string ? 'field.label' : undefined);
        if (f === name || f === value || !handler) {
          continue;
        }
        if (handler === 'field.label') {
          labels[f.name] = String(f.values[row] ?? '');
        } else {
          configure(config, handler, f.values[row]);
        }
      }
      return { name: String(name.values[row]), type: value.type, config, values: [value.values[row]], labels };
    });
    return { fields, length: 1, refId: frame.refId, name: frame.name };
  });
};

/** One query's answer configures the fields of the others: its maximum, thresholds, unit. */
export const configFromData: Transform = (frames, options: { configRefId?: string; mappings?: Mapping[]; applyTo?: { id: string; options?: unknown } }) => {
  const source = frames.find((f) => f.refId === (options.configRefId ?? 'config'));
  if (!source) {
    return frames;
  }
  const config: FieldConfig = {};
  for (const f of source.fields) {
    const handler = handlerOf(f, options.mappings ?? []);
    if (handler && handler !== '__ignore') {
      const reducer = options.mappings?.find((m) => m.fieldName === f.name)?.reducerId ?? ReducerID.lastNotNull;
      configure(config, handler, reduceField({ field: f, reducers: [reducer] })[reducer]);
    }
  }
  const matches = options.applyTo ? fieldMatchers.get(options.applyTo.id).get(options.applyTo.options) : (f: Field) => f.type === FieldType.number;
  const others = frames.filter((f) => f !== source);
  return others.map((frame) => ({ ...frame, fields: frame.fields.map((f) => (matches(f, frame, others) ? { ...f, config: { ...f.config, ...config } } : f)) }));
};

/** A table with some columns becomes a table for each of their values. */
export const partitionByValues: Transform = (frames, options: { fields?: string[]; keepFields?: boolean; naming?: { asLabels?: boolean; append?: boolean; withName?: boolean; withNames?: boolean } }) =>
  frames.flatMap((frame) => {
    const by = (options.fields ?? []).map((n) => named(frame, n, frames)).filter((f) => f !== undefined);
    if (!by.length) {
      return [frame];
    }
    const groups = new Map<string, number[]>();
    for (let row = 0; row < frame.length; row++) {
      const key = JSON.stringify(by.map((f) => f.values[row]));
      groups.set(key, [...(groups.get(key) ?? []), row]);
    }
    const naming = options.naming ?? { asLabels: true };
    return [...groups.values()].map((rows) => {
      const labels = Object.fromEntries(by.map((f) => [f.name, String(f.values[rows[0]])]));
      const said = Object.entries(labels).map(([k, v]) => (naming.withNames || naming.withName ? `${k} ${v}` : v)).join(' ');
      const kept = frame.fields.filter((f) => options.keepFields || !by.includes(f));
      const fields = kept.map((f): Field => ({
        ...f, values: rows.map((r) => f.values[r]), state: undefined,
        ...(naming.asLabels && !by.includes(f) ? { labels: { ...f.labels, ...labels } } : {}),
      }));
      const name = naming.asLabels ? frame.name : naming.append && frame.name ? `${frame.name} ${said}` : said;
      return { ...frame, name, fields, length: rows.length };
    });
  });

const timeSorted = (frame: DataFrame, time: Field) => {
  const order = time.values.map((_, i) => i).sort((a, b) => time.values[a] - time.values[b]);
  return frame.fields.map((f) => ({ ...f, values: order.map((i) => f.values[i]) }));
};

/** The series of a frame, a frame each; columns of text tell them apart. */
function seriesOf(frame: DataFrame): DataFrame[] {
  const time = times(frame);
  if (!time) {
    return [];
  }
  const keys = frame.fields.filter((f) => f.type === FieldType.string || f.type === FieldType.boolean);
  const parts = keys.length ? (partitionByValues([frame], { fields: keys.map((f) => f.name), naming: { asLabels: true } }) as DataFrame[]) : [frame];
  return parts.flatMap((p) => {
    const at = times(p) as Field;
    const fields = timeSorted(p, at);
    const ordered = fields.find((f) => f.type === FieldType.time) as Field;
    return fields
      .filter((f) => f.type === FieldType.number)
      .map((f) => ({ ...p, name: frame.name, fields: [ordered, f], length: p.length, meta: { ...frame.meta, type: DataFrameType.TimeSeriesMulti } }));
  });
}

/** Time series in the shape that is asked for: a frame each, all in one wide frame, or rows with text columns. */
export const prepareTimeSeries: Transform = async (frames, options: { format?: string }) => {
  const series = frames.flatMap(seriesOf);
  if (options.format === 'long') {
    return [longOf(series)];
  }
  if (options.format !== 'wide') {
    return series;
  }
  const wide = series.length > 1 ? joinDataFrames({ frames: series }) : series[0];
  return wide ? [{ ...wide, meta: { ...wide.meta, type: DataFrameType.TimeSeriesWide } }] : [];
};

function longOf(series: DataFrame[]): DataFrame {
  const labels = [...new Set(series.flatMap((s) => Object.keys(s.fields[1].labels ?? {})))].sort();
  const rows = series.flatMap((s) => s.fields[0].values.map((t, i) => ({ t, v: s.fields[1].values[i], of: s.fields[1] })));
  rows.sort((a, b) => a.t - b.t);
  const values = [...new Set(series.map((s) => s.fields[1].name))];
  return createDataFrame({
    meta: { type: DataFrameType.TimeSeriesLong },
    fields: [
      { name: 'Time', type: FieldType.time, values: rows.map((r) => r.t) },
      ...values.map((n) => ({ name: n, type: FieldType.number, values: rows.map((r) => (r.of.name === n ? r.v : null)) })),
      ...labels.map((l) => ({ name: l, type: FieldType.string, values: rows.map((r) => r.of.labels?.[l] ?? '') })),
    ],
  });
}

/** A row a series: its labels, and the series itself as a trend. */
export const timeSeriesTable: Transform = (frames, options: Record<string, { stat?: string } | undefined> & { refIdToStat?: Record<string, string> }) => {
  const series = frames.filter((f) => isTimeSeriesFrame(f)).flatMap(seriesOf);
  const refs = [...new Set(series.map((s) => s.refId ?? ''))];
  const tables = refs.map((refId) => {
    const own = series.filter((s) => (s.refId ?? '') === refId);
    const labels = [...new Set(own.flatMap((s) => Object.keys(s.fields[1].labels ?? {})))];
    const stat = options[refId]?.stat ?? options.refIdToStat?.[refId] ?? ReducerID.lastNotNull;
    const trends = own.map((s) => ({ ...s, value: reduceField({ field: s.fields[1], reducers: [stat] })[stat] ?? null }));
    return createDataFrame({
      refId,
      fields: [
        ...labels.map((l) => ({ name: l, type: FieldType.string, values: own.map((s) => s.fields[1].labels?.[l] ?? '') })),
        { name: refId ? `Trend #${refId}` : 'Trend', type: FieldType.frame, config: {}, values: trends },
      ],
    });
  });
  return [...frames.filter((f) => !isTimeSeriesFrame(f)), ...tables];
};

/** What stands in one text: the pairs of JSON, or of a=b c="d". */
function pairsOf(text: unknown, format: string | undefined): Record<string, unknown> {
  if (text !== null && typeof text === 'object') {
    return text as Record<string, unknown>;
  }
  if (typeof text !== 'string') {
    return {};
  }
  if (format !== 'kvp') {
    try {
      const found: unknown = JSON.parse(text);
      return found !== null && typeof found === 'object' ? (found as Record<string, unknown>) : {};
    } catch {
      if (format === 'json') {
        return {};
      }
    }
  }
  const pairs: Record<string, unknown> = {};
  for (const [, key, quoted, word] of text.matchAll(/([^\s=,&;{}"]+)\s*[=:]\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,&;{}]*))/g)) {
    pairs[key] = quoted ?? word;
  }
  return pairs;
}

/** A column of texts, or the labels of the series, become columns. */
export const extractFields: Transform = (frames, options: { source?: string; format?: string; jsonPaths?: Array<{ path: string; alias?: string }>; replace?: boolean; keepTime?: boolean; delimiter?: string }) =>
  frames.map((frame) => {
    const source = named(frame, options.source, frames) ?? (options.source ? undefined : frame.fields.find((f) => f.type === FieldType.string || f.type === FieldType.other));
    const labelled = options.source === 'labels' && !source ? frame.fields.find((f) => f.labels) : undefined;
    if (!source && !labelled) {
      return frame;
    }
    const columns = new Map<string, unknown[]>();
    for (let row = 0; row < frame.length; row++) {
      const all = labelled ? (labelled.labels ?? {}) : options.format === 'delimiter' ? splitOf(source?.values[row], options.delimiter) : pairsOf(source?.values[row], options.format);
      const paths = options.jsonPaths?.filter((p) => p.path);
      const found = paths?.length && options.format === 'json' ? Object.fromEntries(paths.map((p) => [p.alias || p.path, get(all, p.path)])) : all;
      for (const [k, v] of Object.entries(found)) {
        const values = columns.get(k) ?? Array(frame.length).fill(null);
        values[row] = v ?? null;
        columns.set(k, values);
      }
    }
    const added = [...columns].map(([name, values]): Field => {
      const first = values.find((v) => v !== null);
      const type = guessFieldTypeFromValue(first);
      return { name, type, config: {}, values: type === FieldType.number ? values.map((v) => (v === null ? null : Number(v))) : values };
    });
    const kept = options.replace ? frame.fields.filter((f) => options.keepTime && f.type === FieldType.time) : frame.fields;
    return { ...frame, fields: [...kept, ...added] };
  });

function splitOf(text: unknown, delimiter = ','): Record<string, unknown> {
  return Object.fromEntries(String(text ?? '').split(delimiter || ',').map((part) => [part.trim(), 1]));
}

/** One label tells the column, the others the row. */
export const joinByLabels: Transform = (frames, options: { value?: string; join?: string[] }) => {
  const label = options.value;
  const fields = frames.flatMap((f) => f.fields.filter((x) => label && x.labels?.[label] !== undefined));
  if (!label || !fields.length) {
    throw new Error(label ? `no series has the label ${label}` : 'no label is chosen that tells the columns');
  }
  const join = options.join?.length ? options.join : [...new Set(fields.flatMap((f) => Object.keys(f.labels ?? {})))].filter((l) => l !== label);
  const columns = [...new Set(fields.map((f) => String(f.labels?.[label])))];
  const rows = new Map<string, { labels: string[]; values: Record<string, unknown[]> }>();
  for (const f of fields) {
    const labels = join.map((l) => f.labels?.[l] ?? '');
    const row = rows.get(JSON.stringify(labels)) ?? { labels, values: {} };
    row.values[String(f.labels?.[label])] = f.values;
    rows.set(JSON.stringify(labels), row);
  }
  const out = [...rows.values()].flatMap(({ labels, values }) =>
    Array.from({ length: Math.max(...Object.values(values).map((v) => v.length)) }, (_, i) => ({ labels, cells: columns.map((c) => values[c]?.[i] ?? null) }))
  );
  return [
    createDataFrame({
      fields: [
        ...join.map((l, i) => ({ name: l, type: FieldType.string, values: out.map((r) => r.labels[i]) })),
        ...columns.map((c, i) => ({ name: c, type: fields[0].type, config: fields.find((f) => f.labels?.[label] === c)?.config, values: out.map((r) => r.cells[i]) })),
      ],
    }),
  ];
};

/** Values counted into the cells of a heatmap. */
export const heatmap: Transform = (frames, options: object) => {
  const heat = heatOf(frames, true, options, { x: 30, y: 20 });
  const cells = heat.cells;
  if (!cells.length) {
    return [];
  }
  const { config } = heat.field ?? { config: {} };
  return [
    createDataFrame({
      meta: { type: DataFrameType.HeatmapCells },
      fields: [
        { name: 'xMax', type: FieldType.time, config: { interval: cells[0].x1 - cells[0].x0 }, values: cells.map((c) => c.x1) },
        { name: 'yMin', type: FieldType.number, config, values: cells.map((c) => c.y0) },
        { name: 'yMax', type: FieldType.number, config, values: cells.map((c) => c.y1) },
        { name: 'count', type: FieldType.number, config: {}, values: cells.map((c) => c.count) },
      ],
    }),
  ];
};

/** Least squares for a polynomial: its coefficients, the constant first. */
export function fit(points: Array<[number, number]>, degree: number): number[] {
  const n = degree + 1;
  const rows = Array.from({ length: n }, (_, i) => [
    ...Array.from({ length: n }, (_, j) => points.reduce((sum, [x]) => sum + x ** (i + j), 0)),
    points.reduce((sum, [x, y]) => sum + y * x ** i, 0),
  ]);
  for (let i = 0; i < n; i++) {
    const best = rows.slice(i).reduce((b, r, k) => (Math.abs(r[i]) > Math.abs(rows[b][i]) ? k + i : b), i);
    [rows[i], rows[best]] = [rows[best], rows[i]];
    for (let k = 0; k < n; k++) {
      if (k !== i && rows[i][i] !== 0) {
        const by = rows[k][i] / rows[i][i];
        rows[k] = rows[k].map((v, j) => v - by * rows[i][j]);
      }
    }
  }
  return rows.map((r, i) => (r[i] ? r[n] / r[i] : 0));
}

/** A line or a polynomial through the points, as a frame of its own. */
export const regression: Transform = (frames, options: { modelType?: string; degree?: number; predictionCount?: number; xFieldName?: string; yFieldName?: string }) => {
  for (const frame of frames) {
    const x = named(frame, options.xFieldName, frames) ?? times(frame);
    const y = named(frame, options.yFieldName, frames) ?? frame.fields.find((f) => f.type === FieldType.number && f !== x);
    if (!x || !y) {
      continue;
    }
    const points = x.values.map((v, i): [number, number] => [v, y.values[i]]).filter(([a, b]) => Number.isFinite(a) && Number.isFinite(b));
    if (!points.length) {
      continue;
    }
    const from = Math.min(...points.map((p) => p[0]));
    const wide = Math.max(...points.map((p) => p[0])) - from || 1;
    const degree = options.modelType === 'polynomial' ? (options.degree ?? 2) : 1;
    const c = fit(points.map(([a, b]) => [(a - from) / wide, b]), Math.min(degree, points.length - 1));
    const count = Math.max(options.predictionCount ?? 100, 2);
    const at = Array.from({ length: count }, (_, i) => from + (wide * i) / (count - 1));
    const name = `${degree > 1 ? 'Polynomial' : 'Linear'} regression`;
    const values = at.map((v) => c.reduce((sum, k, i) => sum + k * ((v - from) / wide) ** i, 0));
    return [...frames, createDataFrame({ name, fields: [{ name: x.name, type: x.type, config: x.config, values: at }, { name, type: FieldType.number, config: y.config, values }] })];
  }
  return frames;
};

/** A window's mean in the place of each value. */
export const smoothing: Transform = (frames, options: { resolution?: number }) =>
  frames.map((frame) => {
    const half = Math.max(Math.floor(frame.length / Math.max(options.resolution ?? 100, 1) / 2), 1);
    const smooth = (values: number[]) =>
      values.map((v, i) => {
        const near = values.slice(Math.max(0, i - half), i + half + 1).filter((n) => Number.isFinite(n));
        return Number.isFinite(v) && near.length ? near.reduce((a, b) => a + b, 0) / near.length : v;
      });
    return { ...frame, fields: frame.fields.map((f) => (f.type === FieldType.number ? { ...f, values: smooth(f.values) } : f)) };
  });

