/* The data plane of a workspace: queries, rules, the Alertmanager. */
import { ask, askJSON, quote, region, type Call } from './aws';
import { page } from '../boot/page';

const at = (id: string, rest: string) => `/workspaces/${encodeURIComponent(id)}/${rest}`;

interface Envelope<T> {
  status: string;
  data: T;
  warnings?: string[];
  infos?: string[];
}

const prometheus = <T>(c: Omit<Call, 'service'>) => askJSON<Envelope<T>>({ ...c, service: 'aps' });

export interface Usage {
  activeSeries: number;
  activeSeriesLimit: number;
  nativeHistogramSeries: number;
  labelSets: { labelSet: Record<string, string>; activeSeries: number; maxSeries: number }[];
  /** Appended since the process started. */
  samplesAppended: number;
  ingestRateLimit: number;
  ingestBurst: number;
  diskBytes: number;
  oldestSample?: string;
  newestSample?: string;
  at: string;
}

export const usage = (id: string) => askJSON<Usage>({ service: 'hearth', path: `/hearth/v1/workspaces/${encodeURIComponent(id)}/usage` });

export interface Stat {
  name: string;
  value: number;
}

export interface Cardinality {
  headStats: { numSeries: number; numLabelPairs: number };
  seriesCountByMetricName: Stat[];
  labelValueCountByLabelName: Stat[];
  seriesCountByLabelValuePair: Stat[];
}

export const cardinality = (id: string, limit = 10) => prometheus<Cardinality>({ path: at(id, 'api/v1/status/tsdb'), params: { limit } }).then((r) => r.data);

export interface Sampled {
  metric: Record<string, string>;
  value?: [number, string];
  values?: [number, string][];
}

export const rangeQuery = (id: string, query: string, start: number, end: number, step: number) =>
  prometheus<{ resultType: string; result: Sampled[] }>({ path: at(id, 'api/v1/query_range'), params: { query, start, end, step } });

export const instantQuery = (id: string, query: string, time: number) =>
  prometheus<{ resultType: string; result: Sampled[] | [number, string] }>({ path: at(id, 'api/v1/query'), params: { query, time } });

export interface Instance {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  state: string;
  activeAt?: string;
  value: string;
}

export interface Rule {
  /** Of a Grafana workspace's rule. */
  uid?: string;
  type: 'alerting' | 'recording';
  name: string;
  query: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  health: string;
  lastError?: string;
  evaluationTime: number;
  lastEvaluation: string;
  state?: string;
  duration?: number;
  keepFiringFor?: number;
  alerts?: Instance[];
}

export interface Group {
  name: string;
  /** The namespace. */
  file: string;
  interval: number;
  evaluationTime: number;
  lastEvaluation: string;
  queryOffset?: number;
  rules: Rule[];
}

export const rules = (id: string) => prometheus<{ groups: Group[] }>({ path: at(id, 'api/v1/rules') }).then((r) => r.data.groups ?? []);

export interface Matcher {
  name: string;
  value: string;
  isEqual: boolean;
  isRegex: boolean;
}

export interface Silence {
  id: string;
  status: { state: 'active' | 'pending' | 'expired' };
  matchers: Matcher[];
  startsAt: string;
  endsAt: string;
  createdBy: string;
  comment: string;
}

export interface Alert {
  fingerprint: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  endsAt: string;
  status: { state: string; silencedBy: string[]; inhibitedBy: string[]; mutedBy?: string[] };
  receivers: { name: string }[];
}

const am = (id: string, rest: string) => at(id, 'alertmanager/api/v2/' + rest);
const amtool = (id: string) => `--alertmanager.url=${window.location.origin}${page.root}${at(id, 'alertmanager')}`;

export const silences = (id: string) => askJSON<Silence[]>({ service: 'aps', path: am(id, 'silences') });

export const amAlerts = (id: string, matchers: Matcher[] = []) =>
  askJSON<Alert[]>({ service: 'aps', path: am(id, 'alerts'), params: { filter: matchers.map(matcherText) } });

export interface NewSilence {
  id?: string;
  matchers: Matcher[];
  startsAt: string;
  endsAt: string;
  createdBy: string;
  comment: string;
}

export const putSilence = (id: string, s: NewSilence) => askJSON<{ silenceID: string }>({ service: 'aps', method: 'POST', path: am(id, 'silences'), json: s });

export const expireSilence = (id: string, silence: string) => ask({ service: 'aps', method: 'DELETE', path: am(id, 'silence/' + encodeURIComponent(silence)) });

export const amStatus = (id: string) => askJSON<{ config: { original: string } }>({ service: 'aps', path: am(id, 'status') }).then((r) => r.config.original);

/** A matcher as Alertmanager writes it. */
export function matcherText(m: Matcher): string {
  const op = m.isEqual ? (m.isRegex ? '=~' : '=') : m.isRegex ? '!~' : '!=';
  return `${m.name}${op}${JSON.stringify(m.value)}`;
}

/** What a person writes, `a=b, c=~"d.*"`, as matchers. An Error says what cannot be read. */
export function parseMatchers(text: string): Matcher[] {
  const out: Matcher[] = [];
  const one = /\s*([^\s=!~,"{}]+)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|(?!")[^,}]*)\s*(?:,|$)/y;
  const body = text.trim().replace(/^\{/, '').replace(/\}$/, '').trim();
  let at = 0;
  while (at < body.length) {
    one.lastIndex = at;
    const m = one.exec(body);
    if (!m) {
      throw new Error(`Cannot read ${JSON.stringify(body.slice(at))}: write matchers as name="value" or name=~"regex", with commas between them.`);
    }
    const raw = m[3].trim();
    const value = raw.startsWith('"') ? (JSON.parse(raw) as string) : raw;
    out.push({ name: m[1], value, isEqual: !m[2].startsWith('!'), isRegex: m[2].endsWith('~') });
    at = one.lastIndex;
  }
  return out;
}

export const awscurlOf = (id: string, rest: string) => `awscurl --service aps --region ${region()} ${quote(window.location.origin + page.root + at(id, rest))}`;
export { amtool };
