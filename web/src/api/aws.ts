/*
 * The console's one way to Amazon's APIs: unsigned requests with the session's
 * cookie. Every operation says what the aws CLI calls it, and pages show it.
 */
import { page } from '../boot/page';
import { HttpError, isObject, queryString, type Ask } from './http';

/** An operation as it is asked. */
export interface Call {
  /** The signing name: aps, iam, sns, … */
  service: string;
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  params?: Ask['params'];
  json?: unknown;
  form?: URLSearchParams;
  /** The same for a terminal, without the leading "aws" if it is of the aws CLI. */
  cli?: string;
  /** The statuses besides 2xx whose body is an answer. */
  signal?: AbortSignal;
}

/** An error of Amazon's APIs: its type, and its sentence. */
export class AwsError extends HttpError {
  constructor(
    status: number,
    readonly code: string,
    message: string,
    body: unknown,
    requestId: string
  ) {
    super(status, message, body, requestId);
    this.name = 'AwsError';
  }

  override get signedOut(): boolean {
    return this.status === 401 || this.code === 'ExpiredTokenException' || this.code === 'ExpiredToken';
  }

  override get denied(): boolean {
    return /AccessDenied|AuthorizationError|NotAuthorized/.test(this.code) || (this.status === 403 && !this.signedOut);
  }
}

const regionKey = 'hearth.region';

/** The region that requests are for: as chosen here, else Hearth's own. */
export function region(): string {
  return window.localStorage.getItem(regionKey) || page.region;
}

export function chooseRegion(name: string): void {
  if (name === page.region) {
    window.localStorage.removeItem(regionKey);
  } else {
    window.localStorage.setItem(regionKey, name);
  }
}

/** How many commands are kept of one page. */
const mostCommands = 30;

let told: { path: string; commands: string[] } = { path: '', commands: [] };
const listeners = new Set<() => void>();

/** Keeps the command of what the page at this address asks for. */
function tell(command: string): void {
  const path = window.location.pathname;
  const before = told.path === path ? told.commands : [];
  if (told.path !== path || !before.includes(command)) {
    told = { path, commands: [...before.slice(1 - mostCommands), command] };
    listeners.forEach((l) => l());
  }
}

/** The commands that would do what the page did, oldest first, and the page they are of. */
export const commands = {
  now: () => told,
  watch: (l: () => void) => {
    listeners.add(l);
    return () => listeners.delete(l);
  },
};

const signedOut = new Set<() => void>();

/** Calls back when an answer says that the session is over. */
export function onSessionOver(l: () => void): () => void {
  signedOut.add(l);
  return () => signedOut.delete(l);
}

/** The command line of a call: the aws CLI's, or awscurl's where that has no words. */
export function commandOf(c: Call): string {
  if (c.cli) {
    return /^(hearth|awscurl|curl) /.test(c.cli) ? c.cli : 'aws ' + c.cli;
  }
  const method = c.method && c.method !== 'GET' ? ` -X ${c.method}` : '';
  const sent = c.json === undefined ? c.form?.toString() : JSON.stringify(c.json);
  const data = sent === undefined ? '' : ` -d ${quote(sent)}`;
  return `awscurl --service ${c.service} --region ${region()}${method}${data} ${quote(window.location.origin + page.root + c.path + queryString(c.params))}`;
}

/** A word of a POSIX shell. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, `'\\''`)}'`;
}

/** What a request made with the session says about itself. */
export function sessionHeaders(service: string): Record<string, string> {
  const own: Record<string, string> = { 'X-Hearth-Service': service };
  return region() === page.region ? own : { ...own, 'X-Hearth-Region': region() };
}

/** Asks, and returns what was answered well. Everything else is an AwsError. */
export async function ask(c: Call): Promise<Response> {
  tell(commandOf(c));
  const headers: Record<string, string> = { Accept: 'application/json, text/xml', ...sessionHeaders(c.service) };
  if (c.json !== undefined) {
    headers['Content-Type'] = 'application/json';
  }
  let response: Response;
  try {
    response = await fetch(page.root + c.path + queryString(c.params), {
      method: c.method ?? 'GET',
      headers,
      body: c.json === undefined ? c.form : JSON.stringify(c.json),
      signal: c.signal,
      credentials: 'same-origin',
      redirect: 'error',
    });
  } catch (err) {
    if (c.signal?.aborted) {
      throw err;
    }
    throw new AwsError(0, 'Unreachable', 'Hearth cannot be reached.', undefined, '');
  }
  if (!response.ok) {
    const failed = await failure(response);
    if (failed.signedOut) {
      signedOut.forEach((l) => l());
    }
    throw failed;
  }
  return response;
}

async function failure(response: Response): Promise<AwsError> {
  const text = await response.text().catch(() => '');
  const id = response.headers.get('X-Amzn-Requestid') ?? '';
  const header = (response.headers.get('X-Amzn-Errortype') ?? '').split(':')[0];
  const fallback = response.statusText || `status ${response.status}`;
  if (text.trimStart().startsWith('<')) {
    const x = valueOf(new DOMParser().parseFromString(text, 'text/xml').documentElement);
    const error = isObject(x) && isObject(x.Error) ? x.Error : {};
    return new AwsError(response.status, said(error.Code) || header, said(error.Message) || fallback, x, id);
  }
  let body: unknown = text;
  try {
    body = JSON.parse(text);
  } catch {
    // plain text
  }
  const b = isObject(body) ? body : {};
  const code = header || said(b.__type) || said(b.code) || said(b.errorType);
  return new AwsError(response.status, code, said(b.message) || said(b.Message) || said(b.error) || (typeof body === 'string' ? body.trim() : '') || fallback, body, id);
}

function said(v: unknown): string {
  return typeof v === 'string' ? v : '';
}

export async function askJSON<T>(c: Call): Promise<T> {
  const text = await (await ask(c)).text();
  return (text ? JSON.parse(text) : {}) as T;
}

const versions: Record<string, string> = { iam: '2010-05-08', sts: '2011-06-15', sns: '2010-03-31' };

/** Asks an API of the query protocol, and returns its Result. Lists are arrays, all else is text. */
export async function askQuery<T>(service: string, action: string, params: Record<string, string | undefined>, cli: string): Promise<T> {
  const form = new URLSearchParams({ Action: action, Version: versions[service] ?? '' });
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined) {
      form.set(name, value);
    }
  }
  const response = await ask({ service, method: 'POST', path: '/', form, cli });
  const root = new DOMParser().parseFromString(await response.text(), 'text/xml').documentElement;
  const result = [...root.children].find((e) => e.localName === action + 'Result');
  const value = result ? valueOf(result) : {};
  return (value === '' ? {} : value) as T;
}

export type XMLValue = string | XMLValue[] | { [name: string]: XMLValue };

/** What an element says: members as an array, entries as a map, children by name, else its text. */
export function valueOf(e: Element): XMLValue {
  const children = [...e.children];
  if (!children.length) {
    return e.textContent ?? '';
  }
  if (children.every((c) => c.localName === 'member')) {
    return children.map(valueOf);
  }
  if (children.every((c) => c.localName === 'entry')) {
    return Object.fromEntries(children.map((c) => [c.children[0]?.textContent ?? '', c.children[1] ? valueOf(c.children[1]) : '']));
  }
  return Object.fromEntries(children.map((c) => [c.localName, valueOf(c)]));
}

/** A list of the query protocol; an empty one is text there. */
export function list<T>(value: T[] | string | undefined): T[] {
  return Array.isArray(value) ? value : [];
}

/** All pages of a list, at most so many. */
export async function pages<T>(one: (token?: string) => Promise<{ items: T[]; next?: string }>, most = 20): Promise<T[]> {
  const out: T[] = [];
  let token: string | undefined;
  for (let i = 0; i < most; i++) {
    const { items, next } = await one(token);
    out.push(...items);
    if (!next) {
      break;
    }
    token = next;
  }
  return out;
}

/** Text as UTF-8 in base64, as members that hold bytes are sent, and back. */
export function toBase64(text: string): string {
  let raw = '';
  for (const b of new TextEncoder().encode(text)) {
    raw += String.fromCharCode(b);
  }
  return btoa(raw);
}

export function fromBase64(data: string): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(atob(data), (c) => c.charCodeAt(0)));
}
