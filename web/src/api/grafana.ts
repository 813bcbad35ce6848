/* Grafana's HTTP API, as this app uses it.
   https://grafana.com/docs/grafana/latest/developers/http_api/ */
import type { DashboardJSON } from '../model/dashboard';
import type { Event } from './hearth';
import { getJSON, HttpError, isObject, send } from './http';
import { matcherText, type Alert, type Group, type Matcher, type NewSilence, type Silence } from './plane';

export interface DataSource {
  id: number;
  uid: string;
  name: string;
  type: string;
  url?: string;
  isDefault?: boolean;
  readOnly?: boolean;
  access?: string;
  jsonData?: Record<string, unknown>;
}

export type Role = 'Viewer' | 'Editor' | 'Admin';

export interface User {
  id: number;
  uid?: string;
  login: string;
  name: string;
  email: string;
  theme?: string;
  orgRole: Role;
  isGrafanaAdmin?: boolean;
}

export interface DashboardMeta {
  slug?: string;
  url?: string;
  version?: number;
  folderUid?: string;
  folderTitle?: string;
  canEdit?: boolean;
  canSave?: boolean;
  canAdmin?: boolean;
  canDelete?: boolean;
  canStar?: boolean;
  isStarred?: boolean;
  provisioned?: boolean;
  provisionedExternalId?: string;
  created?: string;
  createdBy?: string;
  updated?: string;
  updatedBy?: string;
}

export interface Stored {
  dashboard: DashboardJSON;
  meta: DashboardMeta;
}

export interface SearchHit {
  uid: string;
  title: string;
  uri?: string;
  url: string;
  type: 'dash-db' | 'dash-folder';
  tags: string[];
  isStarred: boolean;
  folderUid?: string;
  folderTitle?: string;
}

export interface Folder {
  uid: string;
  title: string;
  canSave?: boolean;
  parentUid?: string;
}

export interface Saved {
  uid: string;
  version: number;
  url: string;
  slug: string;
}

export interface Version {
  id: number;
  version: number;
  created: string;
  createdBy: string;
  message: string;
  restoredFrom?: number;
}

const encoded = encodeURIComponent;

export const getUser = () => getJSON<User>('/api/user');

/** What whoever is signed in may do here. */
export async function getRole(): Promise<Role> {
  const orgs = await getJSON<Array<{ role: Role }>>('/api/user/orgs');
  return orgs[0]?.role ?? 'Viewer';
}

/** The frontend's settings; the data sources in it are by name. */
export interface Settings {
  datasources?: Record<string, unknown>;
  defaultDatasource?: string;
  buildInfo?: { version?: string };
}

export const getSettings = () => getJSON<Settings>('/api/frontend/settings');

/** The dashboard that people begin with, as a path below this Grafana workspace: of the person, else of everybody. */
export async function getHome(): Promise<string | undefined> {
  const { redirectUri } = await getJSON<{ redirectUri?: string }>('/api/dashboards/home');
  const at = redirectUri?.lastIndexOf('/d/') ?? -1;
  return at < 0 ? undefined : redirectUri?.slice(at);
}

export const getOrg = () => getJSON<{ id: number; name: string }>('/api/org');

const readDashboard = (uid: string) => getJSON<Stored>(`/api/dashboards/uid/${encoded(uid)}`);

/** The dashboard that the page was opened with, asked for before its page is there to ask. */
let ahead: { uid: string; answer: Promise<Stored> } | undefined;

/** Asks already now for what the page at a path will ask for. */
export function fetchAhead(path: string): void {
  const uid = /^\/d\/([^/?#]+)/.exec(path)?.[1];
  if (uid) {
    const name = decodeURIComponent(uid);
    ahead = { uid: name, answer: readDashboard(name) };
    ahead.answer.catch(() => undefined); // whoever takes it sees how it failed
  }
}

export function getDashboard(uid: string): Promise<Stored> {
  const taken = ahead?.uid === uid ? ahead.answer : undefined;
  ahead = undefined;
  return taken ?? readDashboard(uid);
}

export const search = (params: { query?: string; folderUIDs?: string; type?: string; tag?: string[]; starred?: boolean; limit?: number }) =>
  getJSON<SearchHit[]>('/api/search', { params: { limit: 1000, ...params } });

export const getFolders = (parentUid?: string) => getJSON<Folder[]>('/api/folders', { params: { limit: 1000, parentUid } });

export const createFolder = (title: string, parentUid?: string) =>
  getJSON<Folder>('/api/folders', { method: 'POST', json: { title, parentUid } });

export const deleteFolder = async (uid: string) => {
  await send(`/api/folders/${encoded(uid)}`, { method: 'DELETE' });
};

export interface SaveOptions {
  message?: string;
  folderUid?: string;
  overwrite?: boolean;
}

export const saveDashboard = (dashboard: DashboardJSON, options: SaveOptions) =>
  getJSON<Saved>('/api/dashboards/db', { method: 'POST', json: { dashboard, ...options } });

export const deleteDashboard = async (uid: string) => {
  await send(`/api/dashboards/uid/${encoded(uid)}`, { method: 'DELETE' });
};

export const star = async (uid: string, on: boolean) => {
  await send(`/api/user/stars/dashboard/uid/${encoded(uid)}`, { method: on ? 'POST' : 'DELETE' });
};

export async function getVersions(uid: string): Promise<Version[]> {
  const answer = await getJSON<Version[] | { versions: Version[] }>(`/api/dashboards/uid/${encoded(uid)}/versions`, {
    params: { limit: 100 },
  });
  return Array.isArray(answer) ? answer : answer.versions;
}

export async function getVersion(uid: string, version: number): Promise<DashboardJSON> {
  const answer = await getJSON<{ data: DashboardJSON }>(`/api/dashboards/uid/${encoded(uid)}/versions/${version}`);
  return answer.data;
}

export const restoreVersion = (uid: string, version: number) =>
  getJSON<Saved>(`/api/dashboards/uid/${encoded(uid)}/restore`, { method: 'POST', json: { version } });

/** The data sources, as whoever is signed in may know them: the settings tell every role. */
export async function getDataSources(): Promise<DataSource[]> {
  const { datasources = {} } = await getSettings();
  return Object.entries(datasources)
    .map(([name, d]) => ({ ...(d as DataSource), name: (d as DataSource).name ?? name }))
    .filter((d) => typeof d.uid === 'string' && !d.uid.startsWith('-- ') && d.uid !== 'grafana');
}

/** A dashboard of the local directory by its grafana.com id. */
export interface DirectoryEntry {
  json: DashboardJSON;
}

export const getGnetDashboard = (id: number) => getJSON<DirectoryEntry>(`/api/gnet/dashboards/${id}`);

export interface LibraryElement {
  uid: string;
  name: string;
  kind: number;
  type?: string;
  version?: number;
  folderUid?: string;
  description?: string;
  model: Record<string, unknown>;
}

export async function getLibraryPanel(uid: string): Promise<LibraryElement> {
  const answer = await getJSON<{ result: LibraryElement }>(`/api/library-elements/${encoded(uid)}`);
  return answer.result;
}

export async function getLibraryPanels(): Promise<LibraryElement[]> {
  const answer = await getJSON<{ result: { elements: LibraryElement[] } }>('/api/library-elements', {
    params: { kind: 1, perPage: 500 },
  });
  return answer.result.elements;
}

export async function createLibraryPanel(e: { name: string; folderUid: string; model: Record<string, unknown> }): Promise<LibraryElement> {
  const answer = await getJSON<{ result: LibraryElement }>('/api/library-elements', { method: 'POST', json: { ...e, kind: 1 } });
  return answer.result;
}

/** Changes a panel of the library; 412 if somebody else did since the version. */
export async function updateLibraryPanel(uid: string, e: { name: string; model: Record<string, unknown>; version: number }): Promise<LibraryElement> {
  const answer = await getJSON<{ result: LibraryElement }>(`/api/library-elements/${encoded(uid)}`, { method: 'PATCH', json: { ...e, kind: 1 } });
  return answer.result;
}

export interface StoredAnnotation {
  id: number;
  time: number;
  timeEnd?: number;
  text: string;
  tags?: string[];
  dashboardUID?: string;
  panelId?: number;
  login?: string;
  newState?: string;
}

export const getAnnotations = (params: {
  from: number;
  to: number;
  dashboardUID?: string;
  tags?: string[];
  limit?: number;
  matchAny?: boolean;
  type?: string;
}) => getJSON<StoredAnnotation[]>('/api/annotations', { params });

export const createAnnotation = (a: Omit<StoredAnnotation, 'id'>) =>
  getJSON<{ id: number }>('/api/annotations', { method: 'POST', json: a });

/** Grafana says what stands in the way of a save in the answer's status. */
export function saveConflict(err: unknown): 'version' | 'name' | 'provisioned' | null {
  if (!(err instanceof HttpError) || err.status !== 412 || !isObject(err.body)) {
    return null;
  }
  switch (err.body.status) {
    case 'version-mismatch':
      return 'version';
    case 'name-exists':
      return 'name';
    case 'plugin-dashboard':
      return 'provisioned';
  }
  return 'version';
}

/** Grafana-managed rules by folder and group. */
export const grafanaRules = async (): Promise<Group[]> =>
  (await getJSON<{ data: { groups: Group[] } }>('/api/prometheus/grafana/api/v1/rules')).data.groups;

const am = '/api/alertmanager/grafana/api/v2/';

/** The alert manager of the Grafana workspace. */
export const amOf = () => ({
  status: () => getJSON<{ config: { original: string } }>(am + 'status').then((r) => r.config.original),
  alerts: (matching: Matcher[] = []) => getJSON<Alert[]>(am + 'alerts', { params: { filter: matching.map(matcherText) } }),
  silences: () => getJSON<Silence[]>(am + 'silences'),
  putSilence: (s: NewSilence) => getJSON<{ silenceID: string }>(am + 'silences', { method: 'POST', json: s }),
  expireSilence: (id: string) => send(am + 'silence/' + encoded(id), { method: 'DELETE' }),
});

/** What evaluations changed, and what became of notifications, as the ledger has it. */
export const alertRecord = () => getJSON<{ events: Event[] }>('/api/hearth/alerts/record', { params: { limit: 1000 } }).then((r) => r.events);
export const notificationsOf = () => getJSON<{ events: Event[] }>('/api/hearth/alerts/notifications', { params: { limit: 500 } }).then((r) => r.events);
export const notifyAgain = (messageId: string) => send('/api/hearth/alerts/notifications/again', { method: 'POST', json: { messageId } });

/** Whether somebody is signed in; asking is no error for who is not. */
export const loginSession = () => getJSON<{ signedIn: boolean }>('/login/session');

export interface SignInOption {
  provider: 'SAML' | 'AWS_SSO' | 'LOCAL' | 'KEYS';
  label: string;
  url: string;
  method: 'GET' | 'POST';
}

export const getSignInOptions = () =>
  getJSON<{ workspaceName: string; options: SignInOption[] }>('/login/options');

export const signIn = async (user: string, password: string) => {
  await send('/login', { method: 'POST', json: { user, password } });
};

/** Signs out, and tells where the identity provider signs out, if it is to. */
export async function signOut(): Promise<string> {
  const answer = await send('/logout', { method: 'POST' });
  const { redirectUrl = '' } = (await answer.json()) as { redirectUrl?: string };
  return /^https?:/.test(redirectUrl) ? redirectUrl : '';
}
