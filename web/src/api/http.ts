import { page } from '../boot/page';

/** What a request that was not answered well ends in. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly body: unknown = undefined,
    readonly requestId = ''
  ) {
    super(message);
    this.name = 'HttpError';
  }

  /** The session is over, or there never was one. */
  get signedOut(): boolean {
    return this.status === 401;
  }

  get denied(): boolean {
    return this.status === 403;
  }
}

export interface Ask {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Appended to the path. */
  params?: Record<string, string | number | boolean | string[] | undefined>;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as a form. */
  form?: URLSearchParams;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

type Listener = () => void;
const signedOut = new Set<Listener>();

/** Calls back when an answer says that nobody is signed in. */
export function onSignedOut(l: Listener): () => void {
  signedOut.add(l);
  return () => signedOut.delete(l);
}

export function queryString(params: Ask['params']): string {
  const q = new URLSearchParams();
  for (const [name, value] of Object.entries(params ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined) {
        q.append(name, String(one));
      }
    }
  }
  const text = q.toString();
  return text && '?' + text;
}

/** Where a path of the API stands: below the pages of this Grafana workspace. */
export function urlOf(path: string, params?: Ask['params']): string {
  const absolute = path.startsWith('/') ? path : '/' + path;
  return (absolute.startsWith(page.base + '/') ? absolute : page.base + absolute) + queryString(params);
}

/** Asks, and returns the response of a request that was answered well. Everything else is an HttpError. */
export async function send(path: string, ask: Ask = {}): Promise<Response> {
  // Forms of other origins cannot set this header.
  const headers: Record<string, string> = { Accept: 'application/json', 'X-Hearth-Session': '1', ...ask.headers };
  let body: BodyInit | undefined;
  if (ask.json !== undefined) {
    headers['Content-Type'] = 'application/json';
    body = JSON.stringify(ask.json);
  } else if (ask.form) {
    body = ask.form;
  }
  let response: Response;
  try {
    response = await fetch(urlOf(path, ask.params), {
      method: ask.method ?? 'GET',
      headers,
      body,
      signal: ask.signal,
      credentials: 'same-origin',
      redirect: 'error',
    });
  } catch (err) {
    if (ask.signal?.aborted) {
      throw err;
    }
    throw new HttpError(0, 'Hearth cannot be reached.');
  }
  if (!response.ok) {
    throw await failure(response);
  }
  return response;
}

async function failure(response: Response): Promise<HttpError> {
  const text = await response.text().catch(() => '');
  let body: unknown = text;
  try {
    body = JSON.parse(text);
  } catch {
    // plain text
  }
  if (response.status === 401) {
    signedOut.forEach((l) => l());
  }
  const id = response.headers.get('X-Amzn-Requestid') ?? '';
  return new HttpError(response.status, messageIn(body) || response.statusText || `status ${response.status}`, body, id);
}

/** The sentence for people in an answer of Grafana's, Prometheus' or Amazon's API. */
function messageIn(body: unknown): string {
  if (typeof body === 'string') {
    return body.length < 400 && !body.trimStart().startsWith('<') ? body.trim() : '';
  }
  if (isObject(body)) {
    for (const name of ['message', 'error', 'Message']) {
      const value = body[name];
      if (typeof value === 'string' && value) {
        return value;
      }
    }
  }
  return '';
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export async function getJSON<T>(path: string, ask: Ask = {}): Promise<T> {
  const response = await send(path, ask);
  return (await response.json()) as T;
}

/** What to show of anything thrown. */
export function messageOf(err: unknown): string {
  return err instanceof Error ? err.message : String(err);
}
