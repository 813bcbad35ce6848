/* Data sources, as an administrator of a Grafana workspace keeps them.
   https://grafana.com/docs/grafana/latest/developers/http_api/data_source/ */
import type { DataSource } from './grafana';
import { getJSON, HttpError, isObject, send } from './http';

const encoded = encodeURIComponent;

export interface KeptSource extends DataSource {
  typeName?: string;
  basicAuth?: boolean;
  basicAuthUser?: string;
  version?: number;
  secureJsonFields?: Record<string, boolean>;
}

export type SourceInput = Pick<KeptSource, 'name' | 'type' | 'url' | 'access' | 'isDefault' | 'basicAuth' | 'basicAuthUser' | 'jsonData' | 'version'> & {
  secureJsonData?: Record<string, string>;
};

export const listSources = () => getJSON<KeptSource[]>('/api/datasources');

export const getSource = (uid: string) => getJSON<KeptSource>(`/api/datasources/uid/${encoded(uid)}`);

interface Changed {
  datasource: KeptSource;
}

export const addSource = (source: SourceInput) => getJSON<Changed>('/api/datasources', { method: 'POST', json: source }).then((r) => r.datasource);

export const updateSource = (uid: string, source: SourceInput) =>
  getJSON<Changed>(`/api/datasources/uid/${encoded(uid)}`, { method: 'PUT', json: source }).then((r) => r.datasource);

export const deleteSource = async (uid: string) => {
  await send(`/api/datasources/uid/${encoded(uid)}`, { method: 'DELETE' });
};

export interface Health {
  ok: boolean;
  message: string;
}

/** Asks a data source one question. That it fails is an answer too. */
export async function testSource(uid: string): Promise<Health> {
  try {
    const answer = await getJSON<{ message: string }>(`/api/datasources/uid/${encoded(uid)}/health`);
    return { ok: true, message: answer.message };
  } catch (err) {
    if (err instanceof HttpError && isObject(err.body) && err.body.status === 'ERROR') {
      return { ok: false, message: err.message };
    }
    throw err;
  }
}

/** A metrics workspace that can be a data source; it has dataSource if it is one. */
export interface FoundWorkspace {
  id: string;
  alias?: string;
  region: string;
  url: string;
  dataSource?: string;
}

export const discover = (region: string) =>
  getJSON<{ region: string; workspaces: FoundWorkspace[] }>('/api/datasources/discover', { params: { region: region || undefined } });

export const addFound = async (region: string, workspaces: string[]) => {
  await send('/api/datasources/discover', { method: 'POST', json: { region, workspaces } });
};
