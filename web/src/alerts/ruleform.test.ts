import { expect, test, vi } from 'vitest';
import type { AlertRule } from '../api/alerting';
import { contactKinds, filled, isKept, lacking, leadsTo } from './contacts';
import type { RuleDraft } from './ruleform';

vi.mock('../boot/page', () => ({ page: { root: '', base: '/ui', region: 'us-east-1' } }));
const { blankRule, complete, draftOf, faultsOf, queriesOf, ruleOf } = await import('./ruleform');

const latency: RuleDraft = {
  ...blankRule, title: ' Downstream latency ', source: 'prom', expr: 'envoy_latency', reducer: 'mean', window: '1m', compare: 'gt', than: '5', folder: 'mesh', pending: '5m', labels: 'severity=page, team="kitchen, cold"', summary: 'Slow', contact: 'grafana-notification',
};

test('a draft is a query, a reduction and a threshold', () => {
  const r = ruleOf(latency);
  expect(r.data.map((q) => [q.refId, q.datasourceUid, q.relativeTimeRange.from])).toEqual([['A', 'prom', 60], ['B', '__expr__', 0], ['C', '__expr__', 0]]);
  expect(r.data[1].model).toMatchObject({ type: 'reduce', expression: 'A', reducer: 'mean' });
  expect(r.data[2].model).toMatchObject({ type: 'threshold', expression: 'B', conditions: [{ evaluator: { type: 'gt', params: [5] } }] });
  expect(r).toMatchObject({ title: 'Downstream latency', condition: 'C', for: '5m', labels: { severity: 'page', team: 'kitchen, cold' }, annotations: { summary: 'Slow' }, notification_settings: { receiver: 'grafana-notification' } });
});

test('a rule comes back as its draft, and keeps what the form does not show', () => {
  const kept: AlertRule = { ...ruleOf(latency), uid: 'u', isPaused: true, annotations: { summary: 'Slow', runbook_url: 'https://example.org' } };
  const d = draftOf(kept, 90)!;
  expect({ ...d, labels: '' }).toEqual({ ...latency, title: 'Downstream latency', every: '1m30s', labels: '' });
  const next = ruleOf({ ...d, summary: '' }, kept);
  expect(next).toMatchObject({ uid: 'u', isPaused: true, annotations: { runbook_url: 'https://example.org' }, labels: kept.labels });
  expect(next.annotations).not.toHaveProperty('summary');
});

test('a rule of another making has no draft', () => {
  const r = ruleOf(latency);
  expect(draftOf({ ...r, data: r.data.slice(0, 2), condition: 'B' }, 60)).toBeUndefined();
  expect(draftOf({ ...r, data: [r.data[0], r.data[1], { ...r.data[2], model: { type: 'math', expression: '$B > 5' } }] }, 60)).toBeUndefined();
  expect(draftOf({ ...r, data: [...r.data, r.data[0]] }, 60)).toBeUndefined();
});

test('what is wrong is told by field', () => {
  expect(faultsOf(latency)).toEqual({});
  expect(Object.keys(faultsOf({ ...latency, window: 'soon', than: '', labels: 'severity=~"p.*"' })).sort()).toEqual(['labels', 'than', 'window']);
  expect(complete(latency)).toBe(true);
  expect(complete({ ...latency, folder: '' })).toBe(false);
  expect(queriesOf({ ...latency, window: '' })[0].relativeTimeRange.from).toBe(600);
});

test('contact points say what they lack and where they lead', () => {
  expect(lacking('sns', {})).toEqual(['Topic ARN']);
  expect(lacking('sns', { topic_arn: 'arn:aws:sns:us-east-1:000000000000:grafana-x' })).toEqual([]);
  expect(lacking('webhook', { url: 'http://x' })).toEqual([]);
  expect(leadsTo('email', { addresses: 'me@example.org' })).toBe('me@example.org');
  expect(leadsTo('slack', { url: '[REDACTED]' })).toBe('');
  expect(isKept('[REDACTED]')).toBe(true);
  expect(filled({ topic_arn: 'a', subject: '', message: undefined })).toEqual({ topic_arn: 'a' });
  expect(Object.keys(contactKinds)).toHaveLength(13);
});
