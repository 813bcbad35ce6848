/* Numbers and times as people read them. */

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

export const count = (n: number) => grouped.format(n);

/** A rate, to three figures. */
export const rate = (n: number) => (n >= 100 ? grouped.format(n) : new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 }).format(n));

export function bytes(n: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let i = 0;
  while (n >= 1024 && i < units.length - 1) {
    n /= 1024;
    i++;
  }
  return `${n >= 10 || i === 0 ? Math.round(n) : n.toFixed(1)} ${units[i]}`;
}

/** Seconds since the epoch, or a time as text, as a date. */
export function when(at: number | string | undefined): string {
  if (at === undefined || at === '' || (typeof at === 'string' && at.startsWith('0001-'))) {
    return 'never';
  }
  const d = typeof at === 'number' ? new Date(at * 1000) : new Date(at);
  return Number.isNaN(d.getTime()) ? String(at) : d.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

/** A span of seconds. */
export function span(seconds: number): string {
  const s = Math.round(Math.abs(seconds));
  const parts: [number, string][] = [[86400, 'd'], [3600, 'h'], [60, 'm'], [1, 's']];
  let rest = s;
  const out: string[] = [];
  for (const [size, unit] of parts) {
    const n = Math.floor(rest / size);
    if (n && out.length < 2) {
      out.push(`${n}${unit}`);
      rest -= n * size;
    }
  }
  return out.join(' ') || '0s';
}

/** How long ago. */
export function ago(at: string | number, now: number): string {
  const t = typeof at === 'number' ? at * 1000 : Date.parse(at);
  if (Number.isNaN(t) || t < 0) {
    return 'never';
  }
  return t > now ? `in ${span((t - now) / 1000)}` : `${span((now - t) / 1000)} ago`;
}

/** The last part of an ARN. */
export const nameIn = (arn: string) => arn.split(/[/:]/).pop() ?? arn;

/** A span as people and Prometheus write it, in seconds; NaN if it is none. */
export function seconds(text: string): number {
  const m = /^(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text.trim());
  if (!m || !text.trim()) {
    return NaN;
  }
  const [w, d, h, min, s] = m.slice(1).map((x) => Number(x ?? 0));
  return (((w * 7 + d) * 24 + h) * 60 + min) * 60 + s;
}
