import { describe, expect, it } from 'vitest';
import { askedOf, changedQuery, dropPane, movedQuery, ownParams, paneOfTargets, readPane, withoutQuery, withQuery, writePane, type Pane } from './state';

const read = (text: string, suffix = '') => readPane(new URLSearchParams(text), suffix, 'ds');
const written = (pane: Pane, suffix = '', before = '') => {
  const params = new URLSearchParams(before);
  writePane(params, suffix, 'ds', pane);
  return params;
};
const letters = (queries: Array<{ refId: string }>) => queries.map((q) => q.refId).join('');

describe('the address of a view', () => {
  it('of one query is that of before', () => {
    const pane = read('ds=prom&expr=up&mode=instant&from=1700000000&to=1700003600000');
    expect(pane).toEqual({ ds: 'prom', from: '2023-11-14T22:13:20.000Z', to: '2023-11-14T23:13:20.000Z', exemplars: false, queries: [{ refId: 'A', expr: 'up', kind: 'instant', legend: '__auto', hide: false }] });
    expect(written(pane).toString()).toBe('ds=prom&expr=up&mode=instant&from=2023-11-14T22%3A13%3A20.000Z&to=2023-11-14T23%3A13%3A20.000Z');
    expect(read('')).toEqual({ ds: '', from: 'now-1h', to: 'now', exemplars: false, queries: [{ refId: 'A', expr: '', kind: 'both', legend: '__auto', hide: false }] });
  });
  it('keeps every query as it is', () => {
    const pane: Pane = {
      ds: 'prom', from: 'now-2h', to: 'now', exemplars: true,
      queries: [
        { refId: 'B', expr: 'a{b="ü & =?#"}', kind: 'range', legend: '', hide: false },
        { refId: 'A', expr: 'rate(c[5m])\n+ 1', kind: 'both', legend: '{{job}}', hide: true },
        { refId: 'C', expr: '', kind: 'instant', legend: '__auto', hide: false, ds: 'other' },
      ],
    };
    expect(read(written(pane).toString())).toEqual(pane);
    expect(read(written(pane, '2').toString(), '2')).toEqual(pane);
    const one = { ...pane, queries: [{ ...pane.queries[1] }] };
    expect(read(written(one).toString())).toEqual(one);
    const legend = { ...pane, queries: [{ ...pane.queries[1], hide: false, legend: '' }] };
    expect(read(written(legend).toString())).toEqual(legend);
  });
  it('of one view leaves the other alone', () => {
    const first = read('expr=up');
    const both = written({ ...first, queries: withQuery(first.queries) }, '2', 'ds=x&expr=up&theme=dark');
    expect(both.get('expr')).toBe('up');
    dropPane(both, '2', 'ds');
    expect(both.toString()).toBe('ds=x&expr=up&theme=dark');
  });
  it('that is damaged is read as far as it goes', () => {
    expect(read('queries={]&expr=up').queries[0].expr).toBe('up');
    expect(read('queries=[]&expr=up').queries[0].expr).toBe('up');
    expect(read('queries=' + encodeURIComponent('[7,{"refId":"A","expr":5,"kind":"x","hide":"yes"},{"refId":"A","expr":"b"},{"expr":"c"}]')).queries).toEqual([
      { refId: 'A', expr: '', kind: 'both', legend: '__auto', hide: false },
      { refId: 'B', expr: 'b', kind: 'both', legend: '__auto', hide: false },
      { refId: 'C', expr: 'c', kind: 'both', legend: '__auto', hide: false },
    ]);
    const many = JSON.stringify(Array.from({ length: 999 }, (_, i) => ({ refId: `Q${i}`, expr: 'up' })));
    expect(read('queries=' + encodeURIComponent(many)).queries.length).toBe(50);
  });
});

describe('an address of Grafana', () => {
  it('has panes', () => {
    const panes = { one: { datasource: 'prom', queries: [{ refId: 'A', expr: 'up', legendFormat: '{{job}}', range: true, instant: true, exemplar: true, datasource: { type: 'prometheus', uid: 'prom' } }, { refId: 'B', expr: 'down', datasource: { uid: 'other' } }], range: { from: 'now-3h', to: '1700003600000' } }, two: { datasource: 'other', queries: [{ refId: 'A', expr: 'x', instant: true }], range: { from: 'now-1h', to: 'now' } } };
    const own = ownParams(new URLSearchParams({ schemaVersion: '1', orgId: '1', panes: JSON.stringify(panes) }), 'ds');
    expect([...own.keys()].sort().join()).toBe('ds,ds2,exemplars,expr2,from,from2,legend2,mode2,queries,split,to,to2');
    expect(readPane(own, '', 'ds')).toEqual({ ds: 'prom', from: 'now-3h', to: '2023-11-14T23:13:20.000Z', exemplars: true, queries: [{ refId: 'A', expr: 'up', kind: 'both', legend: '{{job}}', hide: false }, { refId: 'B', expr: 'down', kind: 'range', legend: '', hide: false, ds: 'other' }] });
    expect(readPane(own, '2', 'ds').queries[0]).toEqual({ refId: 'A', expr: 'x', kind: 'instant', legend: '', hide: false });
  });
  it('of older ones has left', () => {
    const own = ownParams(new URLSearchParams({ left: JSON.stringify({ datasource: 'prom', queries: [{ refId: 'A', expr: 'up' }], range: { from: 'now-1h', to: 'now' } }) }), 'ds');
    expect(readPane(own, '', 'ds')).toMatchObject({ ds: 'prom', queries: [{ expr: 'up' }] });
    expect(own.has('split')).toBe(false);
  });
  it('that holds nothing changes nothing', () => {
    for (const text of ['expr=up', 'panes=%7B', 'panes=5', 'left=%5B1%5D']) {
      expect(ownParams(new URLSearchParams(text), 'ds').toString()).toBe(text);
    }
  });
});

describe('queries', () => {
  const abc = [...'ABC'].map((refId) => ({ refId, expr: refId.toLowerCase(), kind: 'both' as const, legend: '', hide: false }));
  it('of a panel come all', () => {
    const pane = paneOfTargets([{ refId: 'A', expr: 'a', legendFormat: 'x', datasource: { uid: 'p' } }, { refId: 'M', type: 'math', expression: '$A' } as never, { refId: 'C', expr: 'c', instant: true, hide: true, datasource: { uid: 'q' } }], { ds: '-- Mixed --', from: 'now-1h', to: 'now' });
    expect(pane.ds).toBe('p');
    expect(pane.queries).toEqual([{ refId: 'A', expr: 'a', kind: 'range', legend: 'x', hide: false }, { refId: 'C', expr: 'c', kind: 'instant', legend: '', hide: true, ds: 'q' }]);
    expect(letters(paneOfTargets([], { ds: '', from: '', to: '' }).queries)).toBe('A');
  });
  it('get letters that are free', () => {
    expect(letters(withQuery(abc))).toBe('ABCD');
    expect(letters(withQuery(withoutQuery(abc, 'B')))).toBe('ACB');
    expect(letters(withQuery(abc, abc[0]))).toBe('ADBC');
    expect(withQuery(abc, abc[0])[1]).toEqual({ ...abc[0], refId: 'D' });
    const z = Array.from({ length: 30 }).reduce<typeof abc>((all) => withQuery(all) as typeof abc, abc);
    expect(new Set(z.map((q) => q.refId)).size).toBe(33);
    expect(Array.from({ length: 99 }).reduce<typeof abc>((all) => withQuery(all) as typeof abc, abc).length).toBe(50);
  });
  it('go, the last one leaving an empty one', () => {
    expect(letters(withoutQuery(abc, 'A'))).toBe('BC');
    expect(withoutQuery([abc[1]], 'B')).toEqual([{ refId: 'A', expr: '', kind: 'both', legend: '__auto', hide: false }]);
  });
  it('move, and stay at the ends', () => {
    expect(letters(movedQuery(abc, 'A', 1))).toBe('BAC');
    expect(letters(movedQuery(abc, 'C', -2))).toBe('CAB');
    expect(movedQuery(abc, 'A', -1)).toBe(abc);
    expect(movedQuery(abc, 'C', 1)).toBe(abc);
    expect(movedQuery(abc, 'X', 1)).toBe(abc);
  });
  it('that are off or empty are not asked', () => {
    const off = changedQuery(changedQuery(abc, 'A', { hide: true }), 'B', { expr: '  ' });
    expect(letters(askedOf(off))).toBe('C');
  });
});
