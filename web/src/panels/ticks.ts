/* Where axes have their marks. */
import { dateTimeFormat } from '@grafana/data';
import { roundUp } from './buckets';

/** Round values between two, about as many as wanted; powers of ten on a logarithmic axis. */
export function axisTicks(min: number, max: number, count: number, log: boolean): number[] {
  if (!(max > min)) {
    return [min];
  }
  if (log && min > 0) {
    if (max / min < 100) {
      return doublings(min, max, count);
    }
    const from = Math.floor(Math.log10(min));
    const to = Math.ceil(Math.log10(max));
    const every = Math.max(Math.ceil((to - from) / count), 1);
    return Array.from({ length: Math.floor((to - from) / every) + 1 }, (_, i) => 10 ** (from + i * every)).filter((v) => v >= min * 0.999 && v <= max * 1.001);
  }
  const step = roundUp((max - min) / count);
  const first = Math.ceil(min / step);
  return Array.from({ length: Math.floor(max / step) - first + 1 }, (_, i) => (first + i) * step);
}

/** Powers of two, where powers of ten would be too few. */
function doublings(min: number, max: number, count: number): number[] {
  const from = Math.floor(Math.log2(min));
  const to = Math.ceil(Math.log2(max));
  const every = Math.max(Math.ceil((to - from) / count), 1);
  return Array.from({ length: Math.floor((to - from) / every) + 1 }, (_, i) => 2 ** (from + i * every)).filter((v) => v >= min * 0.999 && v <= max * 1.001);
}

/** Where a mark's text stands so that it ends before the edge: pixels, and its anchor. */
export function within(x: number, text: string, width: number): { x: number; textAnchor: 'middle' | 'end' } {
  return x + text.length * 3.6 > width ? { x: width - 1, textAnchor: 'end' } : { x, textAnchor: 'middle' };
}

const second = 1000;
const steps = [1, 5, 15, 30, 60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 2592000, 31536000].map((s) => s * second);

export function timeTicks(from: number, to: number, count: number, timeZone?: string): Array<{ at: number; text: string }> {
  const step = steps.find((s) => (to - from) / s <= count) ?? steps[steps.length - 1];
  const format = step < 60 * second ? 'HH:mm:ss' : step < 86400 * second ? ((to - from) > 86400 * second * 1.2 ? 'MM/DD HH:mm' : 'HH:mm') : step < 31536000 * second ? 'MM/DD' : 'YYYY';
  const offset = offsetOf(from, timeZone);
  const out = [];
  for (let t = Math.ceil((from + offset) / step) * step - offset; t <= to; t += step) {
    out.push({ at: t, text: dateTimeFormat(t, { timeZone, format }) });
  }
  return out;
}

/** How far the zone's clock is ahead of UTC, milliseconds, so that days begin at its midnight. */
function offsetOf(at: number, timeZone?: string): number {
  const local = dateTimeFormat(at, { timeZone, format: 'Z' });
  const m = /^([+-])(\d\d):?(\d\d)$/.exec(local);
  return m ? (m[1] === '-' ? -1 : 1) * (Number(m[2]) * 60 + Number(m[3])) * 60 * second : 0;
}
