import { describe, expect, it } from 'vitest';
import { hasExemplars, linkFor, shownOf } from '../panels/exemplarframes';
import { exemplarsOf, thinned } from './exemplarlist';

const one = (timestamp: number, value: string, labels: Record<string, string> = { trace_id: `t${timestamp}` }) => ({ timestamp, value, labels });

describe('exemplars', () => {
  it('have their labels before those of their series', () => {
    const found = exemplarsOf([{ seriesLabels: { __name__: 'x_bucket', le: '1', job: 'a', trace_id: 'not this' }, exemplars: [one(1.5, '0.25')] }]);
    expect(found).toEqual([{ time: 1500, value: 0.25, labels: { trace_id: 't1.5', job: 'a' } }]);
  });
  it('that are the same in several series are one, and what is no number is none', () => {
    const s = (le: string) => ({ seriesLabels: { le, job: 'a' }, exemplars: [one(1, '2'), one(2, 'NaN')] });
    expect(exemplarsOf([s('1'), s('2')]).length).toBe(1);
  });
  it('are shown with the labels that each has, whose links are the data source\'s', () => {
    const field = (name: string, values: unknown[], url?: string) => ({ name, values, config: url ? { links: [{ title: 'There', url }] } : {} });
    const frame = { name: 'exemplar', length: 2, fields: [field('Time', [1000, 2000]), field('Value', [1, 2]), field('job', ['a', 'a']), field('trace_id', [undefined, 't 2'], 'https://traces/${__value.raw}?x=1')] } as never;
    expect(hasExemplars(frame)).toBe(true);
    expect(shownOf(frame)).toEqual([
      { time: 1000, value: 1, labels: [{ name: 'job', value: 'a', links: [] }] },
      { time: 2000, value: 2, labels: [{ name: 'job', value: 'a', links: [] }, { name: 'trace_id', value: 't 2', links: [{ title: 'There', href: 'https://traces/t%202?x=1' }] }] },
    ]);
  });
  it('lead nowhere but to pages', () => {
    expect(linkFor('https://t/${__value.raw}', 'a/b c')).toBe('https://t/a%2Fb%20c');
    expect(linkFor('javascript:alert(1)', 'x')).toBe('about:blank');
  });
  it('that are too many are thinned over the whole time', () => {
    const all = Array.from({ length: 5000 }, (_, i) => ({ time: i * 10, value: i % 97, labels: { n: String(i) } }));
    const kept = thinned([...all].reverse(), 100);
    expect(kept.length).toBeLessThanOrEqual(100);
    expect(kept.length).toBeGreaterThan(80);
    expect(kept.every((x, i) => i === 0 || kept[i - 1].time < x.time)).toBe(true);
    expect(kept[0].time).toBeLessThan(2000);
    expect(kept[kept.length - 1].time).toBeGreaterThan(48_000);
    expect(Math.max(...kept.map((x) => x.value))).toBe(96);
    const same = Array.from({ length: 300 }, () => ({ time: 5, value: 1, labels: {} }));
    expect(thinned(same).length).toBeLessThanOrEqual(4);
    expect(thinned(all.slice(0, 3))).toEqual(all.slice(0, 3));
  });
});
