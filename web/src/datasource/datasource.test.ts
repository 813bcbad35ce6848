import { describe, expect, it } from 'vitest';
import type { Answer, QueryData } from '../api/prometheus';
import { align, formatDuration, parseDuration, rateInterval, stepFor } from '../lib/interval';
import { distance, explain, nearest, selectorsOf } from '../lib/why';
import { copies, hclString, shellWord } from '../pages/explore/copies';
import { partsOf } from '../pages/explore/parts';
import { isExact, RangeCache, UnderWay, type RangeAsk } from './cache';
import { parseFind } from './find';
import { withFilters } from './filters';
import { variableText } from './interpolate';
import { displayName, metricText } from './legend';

describe('intervals', () => {
  it('are read and written as Prometheus does', () => {
    expect(parseDuration('1h30m')).toBe(5_400_000);
    expect(parseDuration('15')).toBe(15_000);
    expect(parseDuration('x')).toBeUndefined();
    expect(formatDuration(5_415_000)).toBe('1h30m15s');
  });
  it('make a step no finer than wanted and allowed', () => {
    expect(stepFor({ rangeMs: 3_600_000, intervalMs: 2000, minMs: 15_000 })).toBe(15_000);
    expect(stepFor({ rangeMs: 86_400_000 * 30, intervalMs: 1000, minMs: 0 })).toBe(236_000);
    expect(rateInterval(15_000, 15_000)).toBe(60_000);
    expect(rateInterval(60_000, 15_000)).toBe(75_000);
    expect(align(61_000, 125_000, 60_000)).toEqual({ start: 60, end: 120 });
  });
});

describe('variables in PromQL', () => {
  it.each([
    ['a.b', {}, 'a.b'],
    ['a.b', { multi: true }, 'a\\\\.b'],
    [['a', 'b|c'], { multi: true }, '(a|b\\\\|c)'],
    [['a'], { includeAll: true }, 'a'],
  ])('%j of %j is %s', (value, kind, want) => expect(variableText(value, kind)).toBe(want));

  it.each([
    ['label_values(up{a="b,c"}, job)', { kind: 'label_values', label: 'job', match: 'up{a="b,c"}' }],
    ['label_values(job)', { kind: 'label_values', label: 'job', match: undefined }],
    ['label_names()', { kind: 'label_names', match: undefined }],
    ['metrics(node_.*)', { kind: 'metrics', pattern: 'node_.*' }],
    ['query_result(topk(3, up))', { kind: 'query_result', expr: 'topk(3, up)' }],
    ['up{job="x"}', { kind: 'series', match: 'up{job="x"}' }],
  ])('%s is understood', (text, want) => expect(parseFind(text)).toEqual(want));
});

describe('filters', () => {
  it('stand in every selector', () => {
    const f = [{ key: 'job', operator: '=', value: 'a"b' }];
    expect(withFilters('rate(x{a="1"}[5m]) / sum(y)', f)).toBe('rate(x{a="1",job="a\\"b"}[5m]) / sum(y{job="a\\"b"})');
  });
});

describe('names of series', () => {
  it('follow the legend', () => {
    const m = { __name__: 'up', b: '2', a: '1' };
    expect(metricText(m)).toBe('up{a="1", b="2"}');
    expect(displayName('{{a}}-{{ b }}-{{c}}', 'up', m)).toBe('1-2-');
    expect(displayName('__auto', 'up', {})).toBe('up');
    expect(displayName('__auto', 'up', m)).toBeUndefined();
  });
});

function source() {
  const asked: RangeAsk[] = [];
  const queryRange = async (p: RangeAsk): Promise<Answer<QueryData>> => {
    asked.push(p);
    const values: Array<[number, string]> = [];
    for (let t = p.start; t <= p.end; t += p.step) {
      values.push([t, String(t)]);
    }
    return { data: { resultType: 'matrix', result: [{ metric: { a: '1' }, values }] }, warnings: [], infos: [] };
  };
  return { asked, cache: (now: () => number) => new RangeCache({ queryRange } as never, now) };
}

describe('range cache', () => {
  const ask = { query: 'up', start: 0, end: 3600, step: 60 };
  it('sends what is the same once', async () => {
    const s = source();
    const cache = s.cache(() => 0);
    await Promise.all([cache.ask(ask), cache.ask(ask)]);
    expect(s.asked).toHaveLength(1);
  });
  it('asks a refresh for the new window alone, and answers the whole', async () => {
    const s = source();
    let now = 0;
    const cache = s.cache(() => now);
    await cache.ask(ask);
    now = 60_000;
    const answer = await cache.ask({ ...ask, start: 60, end: 3660 });
    expect(s.asked[1]).toEqual({ ...ask, start: 3000, end: 3660 });
    const series = answer.data.resultType === 'matrix' ? answer.data.result[0] : undefined;
    expect(series?.values?.map((v) => v[0])).toEqual(Array.from({ length: 61 }, (_, i) => 60 + i * 60));
    now = 400_000;
    await cache.ask({ ...ask, start: 120, end: 3720 });
    expect(s.asked[2].start).toBe(120);
  });
  it('never joins what depends on the window', async () => {
    expect(isExact('up @ end()')).toBe(false);
    const s = source();
    const cache = s.cache(() => 0);
    await cache.ask({ ...ask, query: 'up @ end()' });
    await cache.ask({ ...ask, query: 'up @ end()', start: 60, end: 3660 });
    expect(s.asked[1].start).toBe(60);
  });
});

describe('questions under way', () => {
  it('are asked once, and again when they are answered', async () => {
    let asked = 0;
    const u = new UnderWay<number>();
    const ask = () => u.ask('a', async () => ++asked);
    expect(await Promise.all([ask(), ask(), u.ask('b', async () => 9)])).toEqual([1, 1, 9]);
    expect(await ask()).toBe(2);
  });
  it('end when the last has left, and not before', async () => {
    const u = new UnderWay<void>();
    const leavers = [new AbortController(), new AbortController()];
    let ended = false;
    const never = (signal: AbortSignal) => new Promise<void>((_, reject) => signal.addEventListener('abort', () => ((ended = true), reject(new Error('ended')))));
    const all = leavers.map((l) => u.ask('a', never, l.signal).catch(() => 'left'));
    leavers[0].abort();
    expect([await all[0], ended]).toEqual(['left', false]);
    leavers[1].abort();
    expect([await all[1], ended]).toEqual(['left', true]);
    expect(await u.ask('a', async () => undefined)).toBeUndefined();
  });
});

describe('why there is no data', () => {
  const all = [
    { __name__: 'demo_load', job: 'demo', instance: 'a' },
    { __name__: 'up', job: 'demo', instance: 'a' },
  ] as Array<Record<string, string>>;
  const fits = (s: Record<string, string>, match: string) => {
    const sel = selectorsOf(match)[0];
    return (!sel.metric || s.__name__ === sel.metric) && sel.matchers.every((m) => (m.op === '=' ? (s[m.name] ?? '') === m.value : m.op === '=~' ? new RegExp(`^(?:${m.value})$`).test(s[m.name] ?? '') : true));
  };
  const answer = <T>(data: T) => Promise.resolve({ data, warnings: [], infos: [] });
  const api = {
    series: ({ match }: { match: string[] }) => answer(all.filter((s) => fits(s, match[0]))),
    labelNames: ({ match }: { match?: string[] }) => answer([...new Set(all.filter((s) => !match || fits(s, match[0])).flatMap((s) => Object.keys(s)))]),
    labelValues: (name: string, { match }: { match?: string[] }) => answer([...new Set(all.filter((s) => !match || fits(s, match[0])).map((s) => s[name]))].filter(Boolean)),
  };
  it.each([
    ['rate(demo_lod[5m])', 'metric', ['demo_load']],
    ['demo_load{instnce="a"}', 'label', ['instance']],
    ['demo_load{instance="b"}', 'value', ['a']],
    ['nothing_like{job="demos"}', 'job', ['demo']],
  ])('%s', async (expr, kind, near) => {
    const [found] = await explain(api as never, expr, { start: 0, end: 1 });
    expect(found).toMatchObject({ kind, nearest: near });
  });
  it('says nothing of what is there', async () => expect(await explain(api as never, 'demo_load / up', { start: 0, end: 1 })).toEqual([]));
  it('knows names that are alike', () => {
    expect(distance('load', 'laod')).toBe(2);
    expect(nearest('container_cpu_usage', ['container_cpu_usage_seconds_total', 'zebra'])).toEqual(['container_cpu_usage_seconds_total']);
  });
});

describe('explore', () => {
  it('splits an expression into what can be asked', () => {
    expect(partsOf('sum by (a) (rate(x{b="1"}[5m])) / 2').map((p) => [p.depth, p.kind, p.text])).toEqual([
      [0, 'operation', 'sum by (a) (rate(x{b="1"}[5m])) / 2'],
      [1, 'aggregation', 'sum by (a) (rate(x{b="1"}[5m]))'],
      [2, 'function', 'rate(x{b="1"}[5m])'],
      [3, 'range of a selector', 'x{b="1"}[5m]'],
    ]);
  });
  it('copies queries that no shell changes', () => {
    expect(shellWord("a'b$c")).toBe("'a'\\''b$c'");
    expect(hclString('a"${b}')).toBe('"a\\"$${b}"');
    const workspace = 'http://h/workspaces/ws-00000000-0000-0000-0000-000000000000';
    for (const c of copies({ url: workspace, token: 'T', workspace }, 'up{a="b"}')) {
      expect(c.text).toContain(c.name.startsWith('awscurl') ? 'up%7Ba%3D%22b%22%7D' : 'up{a=');
    }
    expect(copies({ url: 'http://h/proxy/uid/x', token: 'T', workspace: 'http://prometheus:9090' }, 'up').map((c) => c.name)).toEqual(['curl']);
  });
});
