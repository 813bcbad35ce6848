/* Frames of exemplars among a panel's annotations, and what is shown of them. */
import type { DataFrame } from '@grafana/data';

/** Whether a frame among a panel's annotations is one of exemplars. */
export const hasExemplars = (f: DataFrame): boolean => f.name === 'exemplar' && f.length > 0;

interface Link {
  title: string;
  href: string;
}

export interface Shown {
  time: number;
  value: number;
  labels: Array<{ name: string; value: string; links: Link[] }>;
}

/** The address that a data source's link has for a value; it leads to a page, or nowhere. */
export function linkFor(url: string, value: string): string {
  const filled = url.replace(/\$\{__value\.(raw|text)\}|\$__value\b/g, () => encodeURIComponent(value));
  return /^(https?:\/\/|\/)/i.test(filled) ? filled : 'about:blank';
}

export function shownOf(frame: DataFrame): Shown[] {
  const [time, value, ...labels] = frame.fields;
  return Array.from({ length: frame.length }, (_, i) => ({
    time: Number(time.values[i]),
    value: Number(value.values[i]),
    labels: labels.filter((f) => f.values[i] !== undefined).map((f) => {
      const text = String(f.values[i]);
      return { name: f.name, value: text, links: (f.config.links ?? []).map((l) => ({ title: l.title, href: linkFor(l.url, text) })) };
    }),
  }));
}
