/* What each kind of contact point needs to know. */

export interface Setting {
  /** Grafana's name of the setting. */
  key: string;
  label: string;
  example?: string;
  secret?: boolean;
  long?: boolean;
  optional?: boolean;
}

const url = (example: string): Setting => ({ key: 'url', label: 'URL', example });
const secret = (key: string, label: string): Setting => ({ key, label, secret: true });
const message: Setting = { key: 'message', label: 'Message', long: true, optional: true, example: '{{ template "default.message" . }}' };

/** Kinds of contact points with their settings; those that a form does not show stay as they are. */
export const contactKinds: Record<string, { label: string; settings: Setting[] }> = {
  sns: { label: 'Amazon SNS', settings: [{ key: 'topic_arn', label: 'Topic ARN', example: 'arn:aws:sns:us-east-1:000000000000:grafana-notification' }, { key: 'subject', label: 'Subject', optional: true }, message] },
  email: { label: 'E-mail', settings: [{ key: 'addresses', label: 'Addresses', example: 'me@example.org; you@example.org' }, { key: 'subject', label: 'Subject', optional: true }, message] },
  slack: { label: 'Slack', settings: [{ ...secret('url', 'Webhook URL'), example: 'https://hooks.slack.com/services/…' }, { key: 'recipient', label: 'Channel', optional: true, example: '#on-call' }] },
  teams: { label: 'Microsoft Teams', settings: [url('https://example.webhook.office.com/…'), message] },
  pagerduty: { label: 'PagerDuty', settings: [secret('integrationKey', 'Integration key'), { key: 'severity', label: 'Severity', optional: true, example: 'critical' }] },
  webhook: { label: 'Webhook', settings: [url('https://example.org/alerts'), { key: 'username', label: 'User', optional: true }, { ...secret('password', 'Password'), optional: true }] },
  opsgenie: { label: 'OpsGenie', settings: [secret('apiKey', 'API key'), message] },
  discord: { label: 'Discord', settings: [secret('url', 'Webhook URL'), message] },
  telegram: { label: 'Telegram', settings: [secret('bottoken', 'Bot token'), { key: 'chatid', label: 'Chat id' }, message] },
  pushover: { label: 'Pushover', settings: [secret('apiToken', 'API token'), secret('userKey', 'User key'), message] },
  victorops: { label: 'Splunk On-Call (VictorOps)', settings: [{ ...secret('url', 'URL'), example: 'https://alert.victorops.com/integrations/generic/20131114/alert/KEY/ROUTING_KEY' }, { key: 'description', label: 'Message', long: true, optional: true }] },
  googlechat: { label: 'Google Chat', settings: [{ ...secret('url', 'Webhook URL'), example: 'https://chat.googleapis.com/v1/spaces/…' }, message] },
  webex: { label: 'Webex', settings: [secret('bot_token', 'Bot token'), { key: 'room_id', label: 'Room id' }, message] },
};

const redacted = '[REDACTED]';

/** Whether a secret is kept, which is not told. */
export const isKept = (value: unknown) => value === redacted;

/** Where a contact point leads, in a few words. */
export function leadsTo(type: string, settings: Record<string, unknown>): string {
  for (const s of contactKinds[type]?.settings ?? []) {
    const v = settings[s.key];
    if (!s.secret && !s.optional && typeof v === 'string' && v) {
      return v;
    }
  }
  return '';
}

/** The settings as they are sent: what was left empty is not there. */
export function filled(settings: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([, v]) => v !== '' && v !== undefined));
}

/** What has to be written still. */
export function lacking(type: string, settings: Record<string, unknown>): string[] {
  return (contactKinds[type]?.settings ?? []).filter((s) => !s.optional && !String(settings[s.key] ?? '').trim()).map((s) => s.label);
}
