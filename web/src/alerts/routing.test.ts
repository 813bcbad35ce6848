import { describe, expect, it, vi } from 'vitest';
import YAML from 'yaml';

vi.mock('../boot/page', () => ({ page: { root: '', base: '/ui', region: 'us-east-1' } }));
const { goes, receiversOf, routeOf } = await import('./routing');

const text = `
route:
  receiver: default
  group_by: [alertname]
  group_wait: 5s
  routes:
  - receiver: pages
    matchers: ['severity="page"', 'team=~"a|b"']
    continue: true
  - receiver: audit
    match: {severity: page}
    group_by: ['...']
    routes:
    - receiver: nights
      match_re: {hour: "2.|0."}
receivers:
- name: default
- name: pages
  sns_configs: [{topic_arn: x}]
- name: audit
  webhook_configs: [{url: y}]
- name: nights
`;

describe('routes', () => {
  const doc: unknown = YAML.parse(text);
  const root = routeOf(doc)!;
  const to = (labels: Record<string, string>) => goes(root, labels).map((r) => r.receiver);

  it('goes where Alertmanager goes', () => {
    expect(to({})).toEqual(['default']);
    expect(to({ severity: 'page' })).toEqual(['audit']);
    expect(to({ severity: 'page', team: 'a' })).toEqual(['pages', 'audit']);
    expect(to({ severity: 'page', team: 'ab' })).toEqual(['audit']);
    expect(to({ severity: 'page', hour: '23' })).toEqual(['nights']);
  });

  it('inherits', () => {
    expect(root.routes[0]).toMatchObject({ groupBy: ['alertname'], groupWait: '5s', groupInterval: '5m', repeatInterval: '4h' });
    expect(root.routes[1].routes[0].groupBy).toEqual(['...']);
  });

  it('knows what receivers send by', () => {
    expect(receiversOf(doc).get('pages')?.kinds).toEqual(['sns']);
    expect(receiversOf(doc).get('nights')?.kinds).toEqual([]);
  });
});
