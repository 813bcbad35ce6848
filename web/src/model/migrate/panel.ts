/* One panel, whatever its age, as the panels of today. */
import type { DataLink } from '@grafana/data';
import { number, records, text, type PanelJSON, type Target } from '../dashboard';
import { migrateBarsAndGauges } from './gauges';
import { migrateGraph } from './graph';
import { migrateHeatmap } from './heatmap';
import { migrateFieldConfig } from './fieldconfig';
import { migratePie } from './pie';
import { migrateSinglestat } from './singlestat';
import { migrateTable } from './table';

/** Panel kinds that were renamed without another change. */
const renamed: Record<string, string> = {
  text2: 'text',
  table2: 'table',
  'heatmap-new': 'heatmap',
  'grafana-singlestat-panel': 'singlestat',
  'grafana-piechart-panel': 'piechart-old',
  'vonage-status-panel': 'stat',
  'natel-discrete-panel': 'state-timeline',
  'flant-statusmap-panel': 'status-history',
  'briangann-gauge-panel': 'gauge',
};

/** A copy of a panel in today's shape. A kind nobody knows keeps its own. */
export function migratePanel(json: PanelJSON): PanelJSON {
  let p: PanelJSON = { ...json, type: renamed[json.type] ?? text(json.type) ?? 'text' };
  p.targets = Array.isArray(p.targets) ? migrateTargets(records(p.targets)) : undefined;
  if (p.targets === undefined) {
    delete p.targets;
  }
  p = migrateKind(p);
  if (Array.isArray(p.links)) {
    p.links = records(p.links).map(migratePanelLink);
  }
  if (p.minSpan !== undefined && p.maxPerRow === undefined) {
    p.maxPerRow = Math.max(Math.floor(24 / (number(p.minSpan) || 24)), 1);
    delete p.minSpan;
  }
  if (!p.gridPos && p.type !== 'row') {
    p.gridPos = { x: 0, y: 0, w: 12, h: 8 };
  }
  return migrateFieldConfig(p);
}

function migrateKind(p: PanelJSON): PanelJSON {
  switch (p.type) {
    case 'graph':
      return migrateGraph(p);
    case 'singlestat':
      return migrateSinglestat(p);
    case 'table':
    case 'table-old':
      return migrateTable(p);
    case 'heatmap':
      return migrateHeatmap(p);
    case 'piechart-old':
      return migratePie(p);
    case 'text':
      return migrateText(p);
    case 'gauge':
    case 'bargauge':
    case 'stat':
      return migrateBarsAndGauges(p);
    default:
      return p;
  }
}

function migrateText(p: PanelJSON): PanelJSON {
  if (p.options?.content !== undefined) {
    return p;
  }
  const { content, mode, ...rest } = p;
  return { ...rest, options: { ...p.options, content: text(content) ?? '', mode: text(mode) ?? 'markdown' } } as PanelJSON;
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** Queries get a letter of their own; those of before letters get the next free one. */
function migrateTargets(targets: Array<Record<string, unknown>>): Target[] {
  const used = new Set(targets.map((t) => text(t.refId)).filter(Boolean));
  return targets.map((t) => {
    if (text(t.refId)) {
      return t as Target;
    }
    const refId = [...letters].find((l) => !used.has(l)) ?? `Q${used.size}`;
    used.add(refId);
    return { ...t, refId } as Target;
  });
}

/** Links of panels of before schema 21 name dashboards and switches instead of a URL. */
export function migratePanelLink(l: Record<string, unknown>): DataLink {
  const { type, dashboard, dashUri, keepTime, includeVars, params, ...rest } = l;
  if (text(l.url) && type === undefined && dashboard === undefined) {
    return rest as unknown as DataLink;
  }
  let url = text(l.url) ?? '';
  if (type === 'dashboard' || dashboard !== undefined) {
    const slug = text(dashUri) ?? 'db/' + slugOf(text(dashboard) ?? '');
    url = 'dashboard/' + slug;
  }
  const query = [keepTime ? '$__url_time_range' : '', includeVars ? '$__all_variables' : '', text(params) ?? ''].filter(Boolean);
  if (query.length) {
    url += (url.includes('?') ? '&' : '?') + query.join('&');
  }
  return { ...rest, title: text(l.title) ?? text(dashboard) ?? '', url } as DataLink;
}

/** As Grafana makes the readable part of a dashboard's address. */
export function slugOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\w ]+/g, '')
    .trim()
    .replace(/ +/g, '-');
}

