/* The menu of a panel, and what its entries do. */
import { FieldType, outerJoinDataFrames, toCSV, type DataFrame, type IconName, type PanelMenuItem } from '@grafana/data';
import { sceneGraph, VizPanelMenu } from '@grafana/scenes';
import { getTemplateSrv } from '@grafana/runtime';
import { messageOf } from '../../api/http';
import { toast } from '../../components/Toasts';
import { variableText } from '../../datasource/interpolate';
import { sourceUid, type PanelJSON, type Target } from '../../model/dashboard';
import type { DashboardScene } from '../../scene/dashboard';
import { paneOfTargets, writePane } from '../explore/state';
import { download } from './Toolbar';
import { findPanel } from './ViewPanel';

export interface Acts {
  take: (panel: PanelJSON) => void;
  edit: (id: number) => void;
  view: (id: string) => void;
  duplicate: (id: number) => void;
  remove: (id: number) => void;
  toLibrary: (id: number) => void;
  unlink: (id: number) => void;
  csv: (key: string) => void;
  png: (key: string) => void;
  explore: (panel: PanelJSON, key: string) => void;
  alert: (panel: PanelJSON) => void;
}

/** The menu of a panel; a copy is named by its key. */
export function menuOf({ panel, clone, key }: { panel: PanelJSON; clone: boolean; key: string }, editor: boolean, acts: () => Acts): VizPanelMenu {
  const id = panel.id ?? 0;
  const asks = (panel.targets ?? []).some((t) => typeof t.expr === 'string');
  const entry = (text: string, iconClassName: IconName, onClick: () => void): PanelMenuItem => ({ text, iconClassName, onClick });
  const items = [
    entry('View', 'eye', () => acts().view(key === `panel-${id}` ? String(id) : key)),
    ...(editor && !clone ? [entry('Edit', 'pen', () => acts().edit(id))] : []),
    ...(editor && asks ? [entry('Explore', 'compass', () => acts().explore(panel, key))] : []),
    ...(editor && asks && !clone ? [entry('New alert rule', 'bell', () => acts().alert(panel))] : []),
    ...(asks ? [entry('Download CSV', 'download-alt', () => acts().csv(key)), entry('Download PNG', 'camera', () => acts().png(key))] : []),
    ...(editor && !clone ? [entry('Duplicate', 'copy', () => acts().duplicate(id)), panel.libraryPanel ? entry('Unlink library panel', 'link', () => acts().unlink(id)) : entry('Create library panel', 'share-alt', () => acts().toLibrary(id)), entry('Remove', 'trash-alt', () => acts().remove(id))] : []),
  ];
  return new VizPanelMenu({ items });
}

/** What a panel shows, as comma-separated values. */
export function csvOf(scene: DashboardScene, key: string): void {
  const panel = findPanel(scene, key);
  const series = panel && sceneGraph.getData(panel).state.data?.series;
  if (!panel || !series?.length) {
    toast('info', 'This panel has no data');
    return;
  }
  download(`${panel.state.title || 'panel'}.csv`, toCSV(oneTable(series)), 'text/csv');
}

/** Series over time side by side, by their times; tables stay as they are. */
function oneTable(series: DataFrame[]): DataFrame[] {
  const overTime = series.length > 1 && series.every((f) => f.fields.length === 2 && f.fields[0].type === FieldType.time);
  const joined = overTime ? outerJoinDataFrames({ frames: series }) : undefined;
  return joined ? [joined] : series;
}

/** A panel as it is drawn, as a picture. */
export async function pngOf(scene: DashboardScene, key: string): Promise<void> {
  const box = document.querySelector<HTMLElement>(`[data-viz-panel-key="${CSS.escape(key)}"]`);
  const panel = findPanel(scene, key);
  if (!box || !panel) {
    return;
  }
  try {
    const blob = await (await import('./picture')).pictureOf(box);
    if (blob) {
      download(`${panel.state.title || 'panel'}.png`, blob, 'image/png');
    }
  } catch (err) {
    toast('error', 'The picture was not made', messageOf(err));
  }
}

interface Filled {
  ds: string;
  targets: Target[];
}

/** A panel's queries with its variables filled in, and its data source. */
function filledQueries(scene: DashboardScene, panel: PanelJSON, key = String(panel.id)): Filled {
  const drawn = findPanel(scene, key);
  const vars = (drawn ? { __sceneObject: { value: { valueOf: () => drawn }, text: '__sceneObject' } } : {}) as never;
  const fill = (text: string) => getTemplateSrv().replace(text.replace(/\$(__rate_interval|__interval|__range)\b/g, '\u0001$1'), vars, variableText).replace(/\u0001/g, '$');
  const uidOf = (ref: unknown) => getTemplateSrv().replace(sourceUid(ref), vars);
  const targets = (panel.targets ?? []).filter((t) => typeof t.expr === 'string');
  return {
    ds: uidOf(panel.datasource),
    targets: targets.map((t) => ({ ...t, expr: fill(String(t.expr)), ...(t.legendFormat !== undefined && { legendFormat: fill(String(t.legendFormat)) }), ...(t.datasource ? { datasource: { uid: uidOf(t.datasource) } } : {}) }) as Target),
  };
}

/** Explore with the panel's queries at the same time. */
export function exploreAddress(scene: DashboardScene, panel: PanelJSON, key: string): string {
  const { from, to } = sceneGraph.getTimeRange(scene).state;
  const { ds, targets } = filledQueries(scene, panel, key);
  const params = new URLSearchParams();
  writePane(params, '', 'ds', paneOfTargets(targets, { ds, from, to }));
  return '/explore?' + params.toString();
}

/** A new alert rule with the panel's first query, in the dashboard's folder. */
export function alertAddress(scene: DashboardScene, panel: PanelJSON, dashboard: string, folder: string): string {
  const { ds, targets } = filledQueries(scene, panel);
  const own = (targets[0]?.datasource as { uid?: string } | undefined)?.uid;
  return '/alerts/new?' + new URLSearchParams({ ds: own || ds, expr: String(targets[0]?.expr ?? ''), title: panel.title ?? '', dashboard, panel: String(panel.id ?? ''), folder }).toString();
}
