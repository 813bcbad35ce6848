/* Which exemplars of an answer are shown. */
import type { ExemplarSeries, LabelSet } from '../api/prometheus';

export interface Exemplar {
  time: number; // milliseconds
  value: number;
  /** Of the exemplar, and then of its series. */
  labels: LabelSet;
}

/** Exemplars shown of one query at most. */
const most = 200;

/** How many of one stretch of time stay where there are too many. */
const perStretch = 4;

/** Those that stay: of each stretch of time the least, the greatest and some between, by their values. In order of time. */
export function thinned(all: Exemplar[], limit = most): Exemplar[] {
  const sorted = [...all].sort((a, b) => a.time - b.time);
  if (sorted.length <= limit) {
    return sorted;
  }
  const stretches = Math.max(Math.floor(limit / perStretch), 1);
  const first = sorted[0].time;
  const span = sorted[sorted.length - 1].time - first + 1;
  const parts = new Map<number, Exemplar[]>();
  for (const x of sorted) {
    const at = Math.floor(((x.time - first) / span) * stretches);
    parts.set(at, [...(parts.get(at) ?? []), x]);
  }
  return [...parts.values()].flatMap((part) => {
    const byValue = [...part].sort((a, b) => a.value - b.value);
    const kept = new Set(Array.from({ length: perStretch }, (_, i) => byValue[Math.round((i * (byValue.length - 1)) / (perStretch - 1))]));
    return part.filter((x) => kept.has(x));
  });
}

/** All exemplars of an answer, each once: several series of a query may have the same. */
export function exemplarsOf(series: ExemplarSeries[]): Exemplar[] {
  const all = new Map<string, Exemplar>();
  for (const s of series) {
    const { __name__: _, le: _le, ...own } = s.seriesLabels;
    for (const e of s.exemplars) {
      const x = { time: e.timestamp * 1000, value: Number(e.value), labels: { ...e.labels, ...Object.fromEntries(Object.entries(own).filter(([k]) => !(k in e.labels))) } };
      if (Number.isFinite(x.value)) {
        all.set(JSON.stringify([x.time, x.value, Object.entries(x.labels).sort()]), x);
      }
    }
  }
  return [...all.values()];
}
