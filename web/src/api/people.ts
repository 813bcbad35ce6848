/* Users, teams and service accounts of a Grafana workspace.
   https://grafana.com/docs/grafana/latest/developers/http_api/ */
import type { Role } from './grafana';
import { getJSON, send } from './http';

export interface OrgUser {
  userId: number;
  login: string;
  name: string;
  email: string;
  role: Role;
  lastSeenAtAge?: string;
}

export const listUsers = () => getJSON<OrgUser[]>('/api/org/users');

export const removeUser = async (user: number) => {
  await send(`/api/org/users/${user}`, { method: 'DELETE' });
};

export interface ServiceAccount {
  id: number;
  name: string;
  login: string;
  role: Role;
  isDisabled: boolean;
  tokens: number;
}

export const listServiceAccounts = () =>
  getJSON<{ serviceAccounts: ServiceAccount[] }>('/api/serviceaccounts/search', { params: { perpage: 1000 } }).then((r) => r.serviceAccounts);

export const createServiceAccount = (name: string, role: Role) => getJSON<ServiceAccount>('/api/serviceaccounts', { method: 'POST', json: { name, role } });

export const deleteServiceAccount = async (id: number) => {
  await send(`/api/serviceaccounts/${id}`, { method: 'DELETE' });
};

export interface Token {
  id: number;
  name: string;
  created: string;
  expiration: string | null;
  hasExpired?: boolean;
}

export const listTokens = (account: number) => getJSON<Token[]>(`/api/serviceaccounts/${account}/tokens`);

/** Makes a token; its key is told this once. secondsToLive 0 means for good. */
export const createToken = (account: number, name: string, secondsToLive: number) =>
  getJSON<{ id: number; key: string }>(`/api/serviceaccounts/${account}/tokens`, { method: 'POST', json: { name, secondsToLive } });

export const deleteToken = async (account: number, token: number) => {
  await send(`/api/serviceaccounts/${account}/tokens/${token}`, { method: 'DELETE' });
};

export interface Team {
  id: number;
  name: string;
  email?: string;
  memberCount: number;
}

export interface Member {
  userId: number;
  login: string;
  email?: string;
}

export const listTeams = () => getJSON<{ teams: Team[] }>('/api/teams/search', { params: { perpage: 1000 } }).then((r) => r.teams);

export const createTeam = async (name: string) => {
  await send('/api/teams', { method: 'POST', json: { name } });
};

export const deleteTeam = async (id: number) => {
  await send(`/api/teams/${id}`, { method: 'DELETE' });
};

export const listMembers = (team: number) => getJSON<Member[]>(`/api/teams/${team}/members`);

export const addMember = async (team: number, userId: number) => {
  await send(`/api/teams/${team}/members`, { method: 'POST', json: { userId } });
};

export const removeMember = async (team: number, user: number) => {
  await send(`/api/teams/${team}/members/${user}`, { method: 'DELETE' });
};
