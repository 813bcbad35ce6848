/* How a data source proves who asks: what its form shows, and what is kept. */
import type { KeptSource, SourceInput } from '../api/connections';

export type Auth = 'none' | 'basic' | 'bearer' | 'role' | 'keys';

export const authOptions: { value: Auth; label: string; description: string }[] = [
  { value: 'none', label: 'No authentication', description: 'requests as they are' },
  { value: 'basic', label: 'Basic authentication', description: 'user and password' },
  { value: 'bearer', label: 'Bearer token', description: 'Authorization: Bearer …' },
  { value: 'role', label: "SigV4 as this workspace's role", description: 'metrics workspaces of this Hearth' },
  { value: 'keys', label: 'SigV4 with access keys', description: 'Hearth elsewhere, or AWS' },
];

/** What the form edits. Secrets that are kept already are not told: empty leaves them. */
export interface Draft {
  name: string;
  url: string;
  isDefault: boolean;
  auth: Auth;
  user: string;
  password: string;
  token: string;
  region: string;
  accessKey: string;
  secretKey: string;
  interval: string;
  method: 'POST' | 'GET';
  skipVerify: boolean;
}

export const blank: Draft = { name: '', url: '', isDefault: false, auth: 'none', user: '', password: '', token: '', region: 'us-east-1', accessKey: '', secretKey: '', interval: '', method: 'POST', skipVerify: false };

const text = (v: unknown) => (typeof v === 'string' ? v : '');

function authOf(s: KeptSource): Auth {
  const j = s.jsonData ?? {};
  if (j.sigV4Auth || s.type === 'grafana-amazonprometheus-datasource') {
    return j.sigV4AuthType === 'keys' ? 'keys' : 'role';
  }
  if (s.basicAuth) {
    return 'basic';
  }
  return bearerHeader(s) ? 'bearer' : 'none';
}

/** The number of the header that carries a token. */
function bearerHeader(s: KeptSource): string | undefined {
  const name = Object.entries(s.jsonData ?? {}).find(([k, v]) => /^httpHeaderName\d+$/.test(k) && /^authorization$/i.test(text(v)))?.[0];
  return name?.replace('httpHeaderName', '');
}

export function draftOf(s: KeptSource): Draft {
  const j = s.jsonData ?? {};
  return { ...blank, name: s.name, url: s.url ?? '', isDefault: Boolean(s.isDefault), auth: authOf(s), user: s.basicAuthUser ?? '', region: text(j.sigV4Region) || blank.region, interval: text(j.timeInterval), method: j.httpMethod === 'GET' ? 'GET' : 'POST', skipVerify: Boolean(j.tlsSkipVerify) };
}

/** What is sent: everything that the form does not show stays as it is kept. */
export function inputOf(d: Draft, kept?: KeptSource): SourceInput {
  const json: Record<string, unknown> = { ...kept?.jsonData };
  const secure: Record<string, string> = {};
  const put = (name: string, value: unknown, on: boolean) => { if (on) { json[name] = value; } else { delete json[name]; } };
  const signs = d.auth === 'role' || d.auth === 'keys';
  put('httpMethod', d.method, true);
  put('timeInterval', d.interval.trim(), d.interval.trim() !== '');
  put('tlsSkipVerify', true, d.skipVerify);
  put('sigV4Auth', true, signs);
  put('sigV4AuthType', d.auth === 'keys' ? 'keys' : 'ec2_iam_role', signs);
  put('sigV4Region', d.region.trim(), signs);
  const header = (kept && bearerHeader(kept)) ?? freeHeader(json);
  put('httpHeaderName' + header, 'Authorization', d.auth === 'bearer');
  if (d.auth === 'bearer' && d.token) {
    secure['httpHeaderValue' + header] = 'Bearer ' + d.token.trim();
  } else if (d.auth !== 'bearer' && kept?.secureJsonFields?.['httpHeaderValue' + header]) {
    secure['httpHeaderValue' + header] = '';
  }
  for (const [name, value, on] of [['basicAuthPassword', d.password, d.auth === 'basic'], ['sigV4AccessKey', d.accessKey.trim(), d.auth === 'keys'], ['sigV4SecretKey', d.secretKey.trim(), d.auth === 'keys']] as const) {
    if (on && value) {
      secure[name] = value;
    } else if (!on && kept?.secureJsonFields?.[name]) {
      secure[name] = ''; // what is not used any more is not kept
    }
  }
  return { name: d.name.trim(), type: kept?.type ?? 'prometheus', url: d.url.trim(), access: 'proxy', isDefault: d.isDefault, basicAuth: d.auth === 'basic', basicAuthUser: d.auth === 'basic' ? d.user : '', jsonData: json, secureJsonData: secure, version: kept?.version };
}

function freeHeader(json: Record<string, unknown>): string {
  let n = 1;
  while (json['httpHeaderName' + n] !== undefined) {
    n++;
  }
  return String(n);
}
