/* Where the pages of alerts ask: a metrics workspace, or a Grafana workspace. */
import { createContext, useContext } from 'react';
import YAML from 'yaml';
import { findDefinition } from '../api/aps';
import { AwsError } from '../api/aws';
import { alertRecord, amOf, getUser, grafanaRules, notificationsOf, notifyAgain } from '../api/grafana';
import { consoleSession, detail, events, type Event } from '../api/hearth';
import { amAlerts, amStatus, expireSilence, putSilence, rules, silences, type Alert, type Group, type Matcher, type NewSilence, type Silence } from '../api/plane';
import { publish } from '../api/sns';
import { page } from '../boot/page';
import { receiversOf, routeOf, type Receiver, type Route } from './routing';

export interface Routing {
  route?: Route;
  receivers: Map<string, Receiver>;
}

export interface AlertSource {
  /** The metrics workspace; empty of a Grafana workspace. */
  workspace: string;
  /** Why nothing can be changed; empty if it can. */
  readOnly: string;
  rules: () => Promise<Group[]>;
  alerts: (matching?: Matcher[]) => Promise<Alert[]>;
  silences: () => Promise<Silence[]>;
  putSilence: (s: NewSilence) => Promise<unknown>;
  expireSilence: (id: string) => Promise<unknown>;
  /** Whether there is an alert manager: without one nobody is told, and nothing can be silenced. */
  manager: () => Promise<boolean>;
  routing: () => Promise<Routing | undefined>;
  /** What evaluations of a rule changed. */
  record: (rule: string) => Promise<Event[]>;
  notifications: () => Promise<Event[]>;
  again: (e: Event, payload: string) => Promise<unknown>;
  author: () => Promise<string>;
  /** The address of a page with these parameters, below the app's. */
  to: (path: string, params?: Record<string, string>) => string;
  /** Where the routes are edited; empty if not here. */
  edit: string;
  /** The address of a query in Explore. */
  explore: (expr: string) => string;
}

export const AlertSourceContext = createContext<AlertSource | undefined>(undefined);
export const AlertSourceProvider = AlertSourceContext.Provider;

export function useAlertSource(): AlertSource {
  const source = useContext(AlertSourceContext);
  if (!source) {
    throw new Error('a page of alerts without a source');
  }
  return source;
}

const query = (params: Record<string, string>) => (Object.keys(params).length ? '?' + new URLSearchParams(params).toString() : '');

/** A metrics workspace, asked with the session of the console. */
export function metricsSource(id: string): AlertSource {
  const manager = async () => {
    try {
      return (await findDefinition(id)) !== undefined;
    } catch (err) {
      if (err instanceof AwsError && err.denied) {
        return true; // whoever may not know asks the alert manager itself
      }
      throw err;
    }
  };
  return {
    workspace: id,
    readOnly: '',
    rules: () => rules(id),
    alerts: (m) => amAlerts(id, m),
    silences: () => silences(id),
    putSilence: (s) => putSilence(id, s),
    expireSilence: (s) => expireSilence(id, s),
    manager,
    routing: async () => ((await manager()) ? routingOf(await amStatus(id)) : undefined),
    record: (rule) => events({ workspace: id, kind: 'rule', limit: 1000 }, `hearth why alert ${rule}`),
    notifications: () => events({ workspace: id, kind: 'notification', limit: 500 }, `hearth why ${id}`),
    again: async (e, payload) => {
      const topic = await publishedTo(detail(e, 'message_id'));
      return publish(topic, payload, detail(e, 'subject') || undefined);
    },
    author: async () => (await consoleSession()).arn ?? '',
    to: (path, params = {}) => path + query({ workspace: id, ...params }),
    edit: `${page.base}/workspaces/${id}/alertmanager`,
    explore: (expr) => `${page.base}/explore` + query({ workspace: id, expr }),
  };
}

/** Where a message was published, as its first event tells. */
async function publishedTo(message: string): Promise<string> {
  for (const e of await events({ request_id: message, limit: 50 }, `hearth why delivery ${message}`)) {
    const topic = detail(e, 'topic');
    if (topic) {
      return topic;
    }
  }
  throw new Error('The ledger no longer knows which topic the message was published to.');
}

/** The Grafana workspace that this app is of. */
export function grafanaSource(editor: boolean): AlertSource {
  const am = amOf();
  return {
    workspace: '',
    readOnly: editor ? '' : 'Editors and administrators of the Grafana workspace change silences.',
    rules: grafanaRules,
    alerts: am.alerts,
    silences: am.silences,
    putSilence: am.putSilence,
    expireSilence: am.expireSilence,
    manager: async () => true,
    routing: async () => routingOf(await am.status()),
    record: alertRecord,
    notifications: notificationsOf,
    again: (e) => notifyAgain(detail(e, 'message_id')),
    author: async () => {
      const u = await getUser();
      return u.login || u.email || u.name;
    },
    to: (path, params = {}) => path + query(params),
    edit: '',
    explore: (expr) => `${page.base}/explore` + query({ expr }),
  };
}

function routingOf(config: string): Routing {
  const doc: unknown = YAML.parse(config);
  return { route: routeOf(doc), receivers: receiversOf(doc) };
}
