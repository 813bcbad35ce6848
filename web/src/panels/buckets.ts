/* Cells of heatmaps and bars of histograms, from whatever frames come. */
import { DataFrameType, FieldType, type DataFrame, type Field } from '@grafana/data';

/** What lies between two times and two values, and how many. */
export interface Cell {
  x0: number;
  x1: number;
  y0: number;
  y1: number;
  count: number;
}

export interface Heat {
  cells: Cell[];
  /** Names of the rows, where a row is a bucket and not a range of numbers. */
  rows?: string[];
  /** Formats the vertical axis. */
  field?: Field;
  log?: boolean;
}

interface Calculation {
  xBuckets?: { mode?: string; value?: string };
  yBuckets?: { mode?: string; value?: string; scale?: { type?: string; log?: number } };
}

const empty: Heat = { cells: [] };

/** The cells of a panel's frames: native histograms, buckets of a classic one, or counted here. */
export function heatOf(series: DataFrame[], calculate: boolean, calculation: Calculation | undefined, widthOf: { x: number; y: number }): Heat {
  const native = series.filter((f) => f.meta?.type === DataFrameType.HeatmapCells);
  if (native.length) {
    return nativeHeat(native);
  }
  return calculate ? counted(series, calculation ?? {}, widthOf) : rowsHeat(series);
}

function fieldNamed(f: DataFrame, name: string): Field | undefined {
  return f.fields.find((x) => x.name === name);
}

/** Many native histograms in one panel add up where their buckets are the same. */
function nativeHeat(frames: DataFrame[]): Heat {
  const cells = new Map<string, Cell>();
  for (const f of frames) {
    const x = fieldNamed(f, 'xMax')?.values ?? [];
    const step = fieldNamed(f, 'xMax')?.config.interval ?? 60_000;
    const lo = fieldNamed(f, 'yMin')?.values ?? [];
    const hi = fieldNamed(f, 'yMax')?.values ?? [];
    const n = fieldNamed(f, 'count')?.values ?? [];
    for (let i = 0; i < f.length; i++) {
      const key = `${x[i]}:${lo[i]}`;
      const known = cells.get(key);
      if (known) {
        known.count += n[i];
      } else {
        cells.set(key, { x0: x[i] - step, x1: x[i], y0: lo[i], y1: hi[i], count: n[i] });
      }
    }
  }
  const all = [...cells.values()];
  return { cells: all, field: fieldNamed(frames[0], 'yMin'), log: all.every((c) => c.y0 > 0) };
}

/** Each numeric field is a bucket, from below upwards. */
function rowsHeat(series: DataFrame[]): Heat {
  const frames = series.filter((f) => f.fields.some((x) => x.type === FieldType.time));
  if (!frames.length) {
    return empty;
  }
  const rows = frames.flatMap((f) => f.fields.filter((x) => x.type === FieldType.number).map((field) => ({ field, time: f.fields.find((x) => x.type === FieldType.time) as Field })));
  rows.sort((a, b) => bound(a.field) - bound(b.field) || 0);
  const step = stepOf(rows[0]?.time);
  const cells: Cell[] = [];
  rows.forEach(({ field, time }, row) => {
    for (let i = 0; i < field.values.length; i++) {
      const count = field.values[i];
      if (count !== null && count !== undefined && !Number.isNaN(count)) {
        cells.push({ x0: time.values[i] - step, x1: time.values[i], y0: row, y1: row + 1, count });
      }
    }
  });
  return { cells, rows: rows.map((r) => nameOf(r.field)), field: rows[0]?.field };
}

function nameOf(f: Field): string {
  return f.config.displayName ?? f.config.displayNameFromDS ?? f.state?.displayName ?? f.name;
}

/** The bucket's bound, by its label le or its name; names that are no number keep their order. */
function bound(f: Field): number {
  const text = f.labels?.le ?? nameOf(f);
  return text === '+Inf' || text === 'Inf' ? Infinity : Number.isNaN(Number(text)) ? 0 : Number(text);
}

function stepOf(time: Field | undefined): number {
  const t = time?.values ?? [];
  return time?.config.interval ?? (t.length > 1 ? t[1] - t[0] : 60_000);
}

/** Values counted into cells of a width and a height. */
function counted(series: DataFrame[], c: Calculation, widthOf: { x: number; y: number }): Heat {
  const points: Array<[number, number]> = [];
  let field: Field | undefined;
  for (const f of series) {
    const time = f.fields.find((x) => x.type === FieldType.time);
    for (const v of f.fields.filter((x) => x.type === FieldType.number)) {
      field ??= v;
      v.values.forEach((y, i) => time && Number.isFinite(y) && points.push([time.values[i], y]));
    }
  }
  if (!points.length) {
    return empty;
  }
  const log = c.yBuckets?.scale?.type === 'log' ? (c.yBuckets.scale.log ?? 2) : 0;
  const usable = log ? points.filter(([, y]) => y > 0) : points;
  const scale = (y: number) => (log ? Math.log(y) / Math.log(log) : y);
  const back = (y: number) => (log ? log ** y : y);
  const xs = sizeOf(usable.map((p) => p[0]), c.xBuckets, widthOf.x);
  const ys = log && !c.yBuckets?.value ? 1 : sizeOf(usable.map((p) => scale(p[1])), c.yBuckets, widthOf.y);
  const cells = new Map<string, Cell>();
  for (const [x, y] of usable) {
    const i = Math.floor(x / xs);
    const j = Math.floor(scale(y) / ys);
    const key = `${i}:${j}`;
    const cell = cells.get(key) ?? { x0: i * xs, x1: (i + 1) * xs, y0: back(j * ys), y1: back((j + 1) * ys), count: 0 };
    cell.count++;
    cells.set(key, cell);
  }
  return { cells: [...cells.values()], field, log: Boolean(log) };
}

const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A bucket's size: as given, or a round one that makes about as many buckets as wanted. */
export function sizeOf(values: number[], b: { mode?: string; value?: string } | undefined, wanted: number): number {
  const given = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(b?.value ?? '');
  if (given && b?.mode !== 'count') {
    return Math.max(Number(given[1]) * (given[2] ? units[given[2]] : 1), Number.EPSILON);
  }
  const buckets = given ? Number(given[1]) : wanted;
  let min = Infinity;
  let max = -Infinity;
  for (const v of values) {
    min = Math.min(min, v);
    max = Math.max(max, v);
  }
  return roundUp((max - min) / Math.max(buckets, 1)) || 1;
}

/** The next of 1, 2, 2.5, 5, 10 times a power of ten. */
export function roundUp(n: number): number {
  if (!(n > 0)) {
    return 0;
  }
  const power = 10 ** Math.floor(Math.log10(n));
  return ([1, 2, 2.5, 5, 10].find((f) => f * power >= n * 0.999999) ?? 10) * power;
}
