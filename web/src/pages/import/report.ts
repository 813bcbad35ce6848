import { dateMath } from '@grafana/data';
import { getDataSourceSrv } from '@grafana/runtime';
import { messageOf } from '../../api/http';
import { PrometheusSource } from '../../datasource/prometheus';
import { explain } from '../../lib/why';
import type { DashboardJSON, PanelJSON, Target, VariableJSON } from '../../model/dashboard';

export interface PanelReport {
  id: number;
  title: string;
  state: 'data' | 'none' | 'error';
  why: string;
}

interface Range {
  start: number;
  end: number;
}

/** A text with the dashboard's variables at what lets most through: as saved, else anything. */
export function filledRoughly(text: string, variables: VariableJSON[]): string {
  return text.replace(/\$\{(\w+)(?::\w+)?\}|\$(\w+)|\[\[(\w+)\]\]/g, (_, a?: string, b?: string, c?: string) => {
    const name = a ?? b ?? c ?? '';
    if (/^__(rate_)?interval(_ms)?$|^__range(_s|_ms)?$|^interval$/.test(name)) {
      return name.endsWith('_ms') ? '300000' : name.endsWith('_s') ? '300' : '5m';
    }
    const v = variables.find((x) => x.name === name);
    if (v?.type === 'interval') {
      return String(v.current?.value ?? '5m').replace(/^\$__auto.*/, '5m');
    }
    if (v?.type === 'custom' || v?.type === 'constant' || v?.type === 'textbox') {
      const value = v.current?.value ?? v.query ?? '';
      return Array.isArray(value) ? value.join('|').replace('$__all', '.*') : String(value).replace('$__all', '.*').split(',')[0];
    }
    return '.*';
  });
}

/** An equality with anything is a regular expression. */
function loosened(expr: string): string {
  return expr.replace(/=\s*"\.\*"/g, '=~".*"').replace(/!=~/g, '!~');
}

/** Asks each panel once, four at a time. */
export async function report(d: DashboardJSON): Promise<PanelReport[]> {
  const panels = (d.panels ?? []).flatMap((p) => [p, ...(p.panels ?? [])]).filter((p) => p.targets?.some((t) => typeof t.expr === 'string'));
  const range = { start: (dateMath.parse(d.time?.from ?? 'now-6h')?.valueOf() ?? Date.now() - 21_600_000) / 1000, end: Date.now() / 1000 };
  const out: PanelReport[] = [];
  const queue = [...panels];
  const worker = async () => {
    for (let p = queue.shift(); p; p = queue.shift()) {
      out.push(await one(p, d.templating?.list ?? [], range));
    }
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
  return out.sort((a, b) => panels.findIndex((p) => p.id === a.id) - panels.findIndex((p) => p.id === b.id));
}

async function one(p: PanelJSON, variables: VariableJSON[], range: Range): Promise<PanelReport> {
  const base = { id: p.id ?? 0, title: p.title || `Panel ${p.id}` };
  let why = '';
  try {
    for (const t of p.targets ?? []) {
      const found = await queried(p, t, variables, range);
      if (found === true) {
        return { ...base, state: 'data', why: '' };
      }
      why ||= found;
    }
    return { ...base, state: 'none', why };
  } catch (err) {
    return { ...base, state: 'error', why: messageOf(err) };
  }
}

async function queried(p: PanelJSON, t: Target, variables: VariableJSON[], range: Range): Promise<true | string> {
  const ref = (t.datasource ?? p.datasource) as { uid?: string } | string | null | undefined;
  const uid = typeof ref === 'string' ? ref : ref?.uid;
  const ds = await getDataSourceSrv().get(uid?.startsWith('$') ? null : (ref as never));
  if (!(ds instanceof PrometheusSource) || typeof t.expr !== 'string' || !t.expr) {
    return 'Its data source is not asked here.';
  }
  const expr = loosened(filledRoughly(t.expr, variables));
  const step = Math.max((range.end - range.start) / 50, 60);
  const { data } = await ds.api.queryRange({ query: expr, ...range, step });
  if (data.resultType !== 'matrix' || data.result.length) {
    return true;
  }
  const findings = await explain(ds.api, expr, range);
  return findings.map((f) => f.text + (f.nearest.length ? ` Nearest: ${f.nearest.join(', ')}.` : '')).join(' ');
}
