/* Hearth's own operations: its ledger, clusters, the scraper's doctor, CloudWatch jobs; and the console's session. */
import { page } from '../boot/page';
import { AwsError, ask, askJSON, toBase64 } from './aws';

export interface ConsoleSession {
  signedIn: boolean;
  arn?: string;
  account?: string;
  userId?: string;
  root?: boolean;
  provider?: string;
  expiresAt?: string;
}

async function plain<T>(path: string, init: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(page.root + path, { credentials: 'same-origin', redirect: 'error', ...init });
  } catch {
    throw new AwsError(0, 'Unreachable', 'Hearth cannot be reached.', undefined, '');
  }
  const body = (await response.json().catch(() => ({}))) as T & { message?: string };
  if (!response.ok) {
    throw new AwsError(response.status, '', body.message ?? response.statusText, body, response.headers.get('X-Amzn-Requestid') ?? '');
  }
  return body;
}

export const consoleSession = () => plain<ConsoleSession>('/ui/session');

export interface SignInWay {
  provider: string;
  label: string;
  url: string;
  method: string;
}

export const signInWays = () => plain<{ options: SignInWay[] }>('/ui/login/options').then((r) => r.options);

export const signInWithKeys = (keys: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }) =>
  plain<{ redirectUrl: string }>('/ui/login', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(keys) });

/** Signs out, and tells where the identity provider signs out, if it is to. */
export const signOut = () =>
  plain<{ redirectUrl?: string }>('/ui/logout', { method: 'POST', headers: { 'X-Hearth-Service': 'hearth' } })
    .then(({ redirectUrl = '' }) => (/^https?:/.test(redirectUrl) ? redirectUrl : ''));

export interface Event {
  time: string;
  requestId?: string;
  workspaceId?: string;
  principal?: string;
  kind: string;
  summary: string;
  details: { name: string; value: string }[];
}

export interface EventQuery {
  kind?: string;
  workspace?: string;
  request_id?: string;
  alert?: string;
  since?: string;
  limit?: number;
}

export const events = (q: EventQuery, cli?: string) =>
  askJSON<{ events: Event[] }>({ service: 'hearth', path: '/hearth/v1/events', params: { ...q }, cli }).then((r) => r.events);

/** The values an event has under a name. */
export function details(e: Event, name: string): string[] {
  return e.details.filter((d) => d.name === name).map((d) => d.value);
}

export const detail = (e: Event, name: string) => details(e, name)[0] ?? '';

export interface DoctorJob {
  job: string;
  discovered: number;
  droppedByRelabelling?: { rule: number; text: string; targets: number; example?: string }[];
  invalid?: number;
  invalidReason?: string;
  kept: number;
  overTheLimit?: number;
  duplicates?: number;
  notYetScraped?: number;
  up: number;
  down: number;
  samplesScraped: number;
  samplesAfterRelabelling: number;
  samplesAccepted: number;
  samplesRefused?: number;
  targets?: { url: string; labels: string; health: string; lastError?: string; lastRefusal?: string; lastScrape?: string; lastScrapeSeconds?: number; samplesScraped: number; samplesAccepted: number }[];
  targetsNotListed?: number;
}

export interface Doctor {
  scraperId: string;
  statusCode: string;
  statusReason?: string;
  workspaceArn: string;
  jobs: DoctorJob[] | null;
  missingRights?: string;
  hints?: string[];
}

export const doctor = (id: string) => askJSON<Doctor>({ service: 'hearth', path: `/hearth/v1/scrapers/${encodeURIComponent(id)}/doctor`, cli: `hearth scraper doctor ${id}` });

export interface ClusterReport {
  checkedAt: string;
  unreachable?: string;
  version?: string;
  oidcIssuer?: string;
  oidcIssuerError?: string;
  oidcProviderError?: string;
  clockSkewSeconds: number;
  impersonationError?: string;
  gaps: { verbs: string[]; resources?: string[]; nonResourceURLs?: string[] }[];
  gapsYaml?: string;
  awsAuth: object[];
  awsAuthError?: string;
  insecureSkipTlsVerify?: boolean;
}

export interface Cluster {
  name: string;
  arn: string;
  status: string;
  endpoint?: string;
  version?: string;
  oidcIssuer?: string;
  oidcProvider: boolean;
  credential?: string;
  tags: Record<string, string>;
  createdAt: string;
  scrapers: string[];
  healthy?: boolean;
  report?: ClusterReport;
}

export const listClusters = () => askJSON<{ clusters: Cluster[] }>({ service: 'hearth', path: '/hearth/v1/clusters', cli: 'eks list-clusters' }).then((r) => r.clusters);
export const describeCluster = (name: string) => askJSON<Cluster>({ service: 'hearth', path: `/hearth/v1/clusters/${encodeURIComponent(name)}`, cli: `eks describe-cluster --name ${name}` });
export const checkCluster = (name: string) => askJSON<ClusterReport>({ service: 'hearth', method: 'POST', path: `/hearth/v1/clusters/${encodeURIComponent(name)}/check`, cli: `hearth cluster check ${name}` });
export const registerCluster = (name: string, kubeconfig: string, pin: boolean, noCheck: boolean) =>
  askJSON<Cluster>({ service: 'hearth', method: 'POST', path: '/hearth/v1/clusters', json: { name, kubeconfig, oidcProvider: pin, noCheck }, cli: `hearth cluster register ${name} --kubeconfig ~/.kube/config${noCheck ? ' --no-check' : ''}` });

/** One job in one region by one role. */
export interface CloudWatchPlace {
  job: string; kind: string; region: string; role?: string;
  resources: number; found: number; skipped: number; duplicates: number; requested: number; answered: number; absent: number; written: number; writtenTotal: number;
  refusedTotal: number; errorsTotal: number; lastRefusal?: string; problems?: Record<string, string>; capped: boolean; lastPoll: string; nextPoll: string;
  unlisted?: string[]; unwanted?: string[]; predictedMonth: number; clockSkewNanoseconds: number;
}

export interface CloudWatchJob {
  scraperId: string;
  name: string;
  workspaceId: string;
  dailyCap: number;
  hasCredentials: boolean;
  fixed: boolean;
  createdAt?: string;
  configuration?: string;
  status?: {
    running: boolean;
    problem?: string;
    spent: { day: string; cost: number; metrics: number; requests: number; capped: boolean };
    predictedMonth: number;
    dailyCap: number;
    currency: string;
    places: CloudWatchPlace[] | null;
  };
}

export const cloudwatchJobs = (workspace: string) => askJSON<{ scrapers: CloudWatchJob[] }>({ service: 'hearth', path: `/hearth/v1/workspaces/${encodeURIComponent(workspace)}/cloudwatch-scrapers` }).then((r) => r.scrapers);
export const cloudwatchJob = (id: string) => askJSON<CloudWatchJob>({ service: 'hearth', path: `/hearth/v1/cloudwatch-scrapers/${encodeURIComponent(id)}` });
export const createCloudwatchJob = (workspace: string, json: { name: string; configuration: string; dailyCap: number; credentials?: { accessKeyId: string; secretAccessKey: string } }) =>
  // What a terminal would do is shown without the secret.
  askJSON<CloudWatchJob>({ service: 'hearth', method: 'POST', path: `/hearth/v1/workspaces/${encodeURIComponent(workspace)}/cloudwatch-scrapers`, json, cli: `awscurl --service hearth -X POST -d @job.json ${window.location.origin}${page.root}/hearth/v1/workspaces/${workspace}/cloudwatch-scrapers` });
export const deleteCloudwatchJob = (id: string) => ask({ service: 'hearth', method: 'DELETE', path: `/hearth/v1/cloudwatch-scrapers/${encodeURIComponent(id)}` });

export const loginLink = () => askJSON<{ url: string }>({ service: 'hearth', method: 'POST', path: '/hearth/v1/login-links', json: {}, cli: 'hearth ui login-link' });

export interface Fault {
  line?: number;
  message: string;
}

/** What is wrong with a rules file or an alert manager definition; nothing is changed. */
export const check = (workspace: string, kind: 'rules' | 'alertmanager', text: string) =>
  askJSON<{ faults: Fault[] }>({ service: 'hearth', method: 'POST', path: `/hearth/v1/workspaces/${encodeURIComponent(workspace)}/checks`, json: { kind, data: toBase64(text) }, cli: kind === 'rules' ? 'hearth check rules rules.yml' : 'hearth check alertmanager am.yml' }).then((r) => r.faults);
