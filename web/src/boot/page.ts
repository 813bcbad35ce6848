/**
 * What the server writes into index.html: where the app stands and what it is
 * the app of.
 */
export interface Page {
  /** Path below which the pages stand, without a trailing slash: /grafana/g-0123456789 or /ui; empty on a Grafana workspace's own host. */
  base: string;
  /** Path below which Hearth stands, without a trailing slash: empty, or what a proxy puts before it. */
  root: string;
  /** Path below which the assets stand, with a trailing slash. */
  assets: string;
  /** The Grafana workspace; empty in the console. */
  workspace: string;
  /** The region of requests that name none. */
  region: string;
  /** Version of the program. */
  version: string;
  /** For style elements, as the Content-Security-Policy asks. */
  nonce: string;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Reads what the server wrote. In development it is empty, and the address tells. */
export function readPage(): Page {
  let raw: Record<string, unknown> = {};
  try {
    raw = JSON.parse(document.getElementById('hearth-boot')?.textContent ?? '{}');
  } catch {
    raw = {};
  }
  const here = typeof raw.base === 'string' ? null : /^(.*)\/grafana\/(g-[0-9a-f]{10})(?:\/|$)/.exec(window.location.pathname);
  return {
    base: typeof raw.base === 'string' ? raw.base : here ? `${here[1]}/grafana/${here[2]}` : '/ui',
    root: text(raw.root) || (here?.[1] ?? ''),
    assets: text(raw.assets) || '/',
    workspace: text(raw.workspace) || (here?.[2] ?? ''),
    region: text(raw.region) || 'us-east-1',
    version: text(raw.version) || 'development',
    nonce: text(raw.nonce),
  };
}

export const page: Page = readPage();
