/* Grafana-managed alert rules and contact points, as its provisioning API keeps them.
   https://grafana.com/docs/grafana/latest/developers/http_api/alerting_provisioning/ */
import { getJSON, send } from './http';

const encoded = encodeURIComponent;
const at = '/api/v1/provisioning';
/** What people change by hand stays theirs to change; without it, the rule would belong to a program. */
const byHand = { 'X-Disable-Provenance': 'true' };

export interface RuleQuery {
  refId: string;
  queryType?: string;
  relativeTimeRange: { from: number; to: number };
  datasourceUid: string;
  model: Record<string, unknown>;
}

export interface AlertRule {
  uid?: string;
  orgID: number;
  folderUID: string;
  ruleGroup: string;
  title: string;
  condition: string;
  data: RuleQuery[];
  noDataState: string;
  execErrState: string;
  for: string;
  keep_firing_for?: string;
  annotations?: Record<string, string>;
  labels?: Record<string, string>;
  /** Who made it, if it was a program: "api" or "file". */
  provenance?: string;
  isPaused?: boolean;
  notification_settings?: { receiver: string } | null;
}

export const listRules = () => getJSON<AlertRule[]>(`${at}/alert-rules`);
export const getRule = (uid: string) => getJSON<AlertRule>(`${at}/alert-rules/${encoded(uid)}`);

export const putRule = (r: AlertRule) =>
  getJSON<AlertRule>(r.uid ? `${at}/alert-rules/${encoded(r.uid)}` : `${at}/alert-rules`, { method: r.uid ? 'PUT' : 'POST', json: r, headers: byHand });

export const deleteRule = (uid: string) => send(`${at}/alert-rules/${encoded(uid)}`, { method: 'DELETE', headers: byHand });

interface RuleGroup {
  title: string;
  folderUid: string;
  /** Seconds. */
  interval: number;
  rules: AlertRule[];
}

const groupAt = (folder: string, group: string) => `${at}/folder/${encoded(folder)}/rule-groups/${encoded(group)}`;

/** How often a group is evaluated, seconds; a group has the interval of its rules together. */
export async function setInterval(folder: string, group: string, seconds: number): Promise<void> {
  const g = await getJSON<RuleGroup>(groupAt(folder, group));
  if (g.interval !== seconds) {
    await send(groupAt(folder, group), { method: 'PUT', json: { ...g, interval: seconds }, headers: byHand });
  }
}

export const intervalOf = (folder: string, group: string) => getJSON<RuleGroup>(groupAt(folder, group)).then((g) => g.interval);

interface Frame {
  schema?: { fields?: { name: string; labels?: Record<string, string> }[] };
  data?: { values?: unknown[][] };
}

/** What each query and expression gives now: a value for each set of labels. */
export interface Evaluated {
  labels: Record<string, string>;
  value: number | null;
}

export async function evaluate(data: RuleQuery[], condition: string): Promise<Record<string, Evaluated[]>> {
  const { results } = await getJSON<{ results: Record<string, { error?: string; frames?: Frame[] }> }>('/api/v1/eval', { method: 'POST', json: { data, condition } });
  const out: Record<string, Evaluated[]> = {};
  for (const [ref, r] of Object.entries(results)) {
    if (r.error) {
      throw new Error(`${ref}: ${r.error}`);
    }
    out[ref] = (r.frames ?? []).flatMap(lastOf);
  }
  return out;
}

function lastOf(f: Frame): Evaluated[] {
  const values = f.data?.values?.at(-1);
  const last = values?.at(-1);
  return values?.length ? [{ labels: f.schema?.fields?.at(-1)?.labels ?? {}, value: typeof last === 'number' ? last : null }] : [];
}

export interface ContactPoint {
  uid?: string;
  name: string;
  type: string;
  settings: Record<string, unknown>;
  disableResolveMessage?: boolean;
  provenance?: string;
}

export const listContacts = () => getJSON<ContactPoint[]>(`${at}/contact-points`);

export const putContact = (c: ContactPoint) =>
  send(c.uid ? `${at}/contact-points/${encoded(c.uid)}` : `${at}/contact-points`, { method: c.uid ? 'PUT' : 'POST', json: c, headers: byHand });

export const deleteContact = (uid: string) => send(`${at}/contact-points/${encoded(uid)}`, { method: 'DELETE', headers: byHand });

interface Tried {
  receivers: { grafana_managed_receiver_configs: { status: string; error?: string }[] }[];
}

/** Sends a test alert to a contact point; what it has of secrets is Hearth's to add. */
export async function testContact({ uid, name, type, settings, disableResolveMessage }: ContactPoint) {
  const config = { uid, name, type, settings, disableResolveMessage };
  const out = await getJSON<Tried>('/api/alertmanager/grafana/config/api/v1/receivers/test', { method: 'POST', json: { receivers: [{ name, grafana_managed_receiver_configs: [config] }] } });
  const bad = out.receivers.flatMap((r) => r.grafana_managed_receiver_configs).find((c) => c.status !== 'ok');
  if (bad) {
    throw new Error(bad.error ?? 'no reason was given');
  }
}

export interface Policy {
  receiver?: string;
  provenance?: string;
  routes?: Policy[];
  [more: string]: unknown;
}

export const getPolicies = () => getJSON<Policy>(`${at}/policies`);
export const putPolicies = (p: Policy) => send(`${at}/policies`, { method: 'PUT', json: p, headers: byHand });
