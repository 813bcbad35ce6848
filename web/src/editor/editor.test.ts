import type { ValueMapping } from '@grafana/data';
import { describe, expect, it } from 'vitest';
import { mappingsOf, rowsOf } from './mappings';

describe('value mappings', () => {
  const mappings = [
    { type: 'value', options: { '1': { text: 'on', color: 'green', index: 1 }, '0': { text: 'off', index: 0 } } },
    { type: 'range', options: { from: 2, to: null, result: { text: 'many', index: 2 } } },
    { type: 'regex', options: { pattern: '^a', result: { icon: 'x', index: 3 } } },
    { type: 'special', options: { match: 'null', result: { text: '-', index: 4 } } },
  ] as ValueMapping[];

  it('are rows in the order of their indexes', () => {
    expect(rowsOf(mappings).map((r) => r.key ?? r.pattern ?? r.match ?? r.from)).toEqual(['0', '1', 2, '^a', 'null']);
  });

  it('come back as they were, with what no form shows', () => {
    expect(mappingsOf(rowsOf(mappings))).toEqual(mappings);
  });

  it('take the place in the list as index', () => {
    const [first, ...others] = rowsOf(mappings);
    const moved = mappingsOf([...others, first]);
    expect(moved[0]).toEqual({ type: 'value', options: { '1': { text: 'on', color: 'green', index: 0 }, '0': { text: 'off', index: 4 } } });
  });
});
