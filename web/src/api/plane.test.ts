import { describe, expect, it, vi } from 'vitest';

vi.mock('../boot/page', () => ({ page: { root: '', base: '/ui', region: 'us-east-1' } }));
const { matcherText, parseMatchers } = await import('./plane');

describe('matchers', () => {
  it('reads what Alertmanager writes', () => {
    const text = 'alertname="Up",pod=~"web-.*",team!="a, \\"b\\"",x!~"y"';
    expect(parseMatchers(text).map(matcherText).join()).toBe(text);
  });
  it('reads what people write', () => {
    expect(parseMatchers('{ severity = page , a=b }').map(matcherText)).toEqual(['severity="page"', 'a="b"']);
    expect(parseMatchers('')).toEqual([]);
  });
  it('says what it cannot read', () => {
    expect(() => parseMatchers('a="b" c')).toThrow(/Cannot read/);
    expect(() => parseMatchers('nothing')).toThrow(/nothing/);
  });
});
