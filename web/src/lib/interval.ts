/* Durations and steps, as Grafana and Prometheus write them. */

const unitMs: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  M: 2_592_000_000,
  y: 31_536_000_000,
};

/** Milliseconds of "1m", "1h30m", "15s", "500ms" or a bare number of seconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim();
  if (/^\d+(\.\d+)?$/.test(trimmed)) {
    return Number(trimmed) * 1000;
  }
  let ms = 0;
  let rest = trimmed;
  while (rest) {
    const m = /^(\d+(?:\.\d+)?)(ms|[smhdwMy])/.exec(rest);
    if (!m) {
      return undefined;
    }
    ms += Number(m[1]) * unitMs[m[2]];
    rest = rest.slice(m[0].length);
  }
  return trimmed ? ms : undefined;
}

/** "1h30m" of milliseconds; whole milliseconds, Prometheus' units. */
export function formatDuration(ms: number): string {
  let left = Math.round(ms);
  if (left <= 0) {
    return '0s';
  }
  let text = '';
  for (const [unit, size] of [['d', 86_400_000], ['h', 3_600_000], ['m', 60_000], ['s', 1000], ['ms', 1]] as const) {
    const n = Math.floor(left / size);
    if (n) {
      text += n + unit;
      left -= n * size;
    }
  }
  return text;
}

/** How many steps a range query may have, https://github.com/prometheus/prometheus/issues/2253 */
export const maxPoints = 11_000;

export interface StepInput {
  /** Of the visible range, milliseconds. */
  rangeMs: number;
  /** Of the panel's width and points, milliseconds. */
  intervalMs: number;
  /** The query's or the data source's least interval, milliseconds. */
  minMs: number;
  /** Only every n-th step is wanted. */
  factor?: number;
}

/** The step of a range query, whole milliseconds: no finer than asked, wanted or allowed. */
export function stepFor({ rangeMs, intervalMs, minMs, factor = 1 }: StepInput): number {
  const safe = Math.ceil(rangeMs / maxPoints);
  const step = Math.max(Math.max(intervalMs, minMs) * Math.max(factor, 1), safe, 1);
  return step > 1000 ? Math.ceil(step / 1000) * 1000 : Math.ceil(step);
}

/**
 * The window of $__rate_interval, milliseconds: at least four scrapes, and a
 * scrape more than the step, so that rate() always finds two samples.
 * https://grafana.com/blog/2020/09/28/new-in-grafana-7.2-__rate_interval-for-prometheus-rate-queries-that-just-work/
 */
export function rateInterval(stepMs: number, scrapeMs: number): number {
  return Math.max(stepMs + scrapeMs, 4 * scrapeMs);
}

/** Start and end moved onto multiples of the step, so that a refresh asks for the same points. Seconds. */
export function align(fromMs: number, toMs: number, stepMs: number, offsetMs = 0): { start: number; end: number } {
  const down = (t: number) => Math.floor((t + offsetMs) / stepMs) * stepMs - offsetMs;
  return { start: down(fromMs) / 1000, end: down(toMs) / 1000 };
}
