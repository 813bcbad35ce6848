/* Changes of a dashboard, and what of it a save has to write. */
import { isEqual } from 'lodash';
import type { DashboardJSON, GridPos, PanelJSON } from './dashboard';
import { libraryLink } from './librarylink';
import { newestSchema } from './migrate';

function mapPanels(panels: PanelJSON[], change: (p: PanelJSON) => PanelJSON | undefined): PanelJSON[] {
  return panels.flatMap((p) => {
    const next = change(p);
    if (!next) {
      return [];
    }
    if (next !== p || !p.panels) {
      return [next];
    }
    const inner = mapPanels(p.panels, change);
    return [inner.every((x, i) => x === p.panels?.[i]) && inner.length === p.panels.length ? p : { ...p, panels: inner }];
  });
}

export function findPanel(d: DashboardJSON, id: number): PanelJSON | undefined {
  return (d.panels ?? []).flatMap((p) => [p, ...(p.panels ?? [])]).find((p) => p.id === id);
}

/** The dashboard with a panel replaced by the one of the same id. */
export function setPanel(d: DashboardJSON, panel: PanelJSON): DashboardJSON {
  return { ...d, panels: mapPanels(d.panels ?? [], (p) => (p.id === panel.id ? panel : p)) };
}

export function removePanel(d: DashboardJSON, id: number): DashboardJSON {
  return { ...d, panels: mapPanels(d.panels ?? [], (p) => (p.id === id ? undefined : p)) };
}

/** The panels of a row: those in it while it is closed, else those that follow until the next row. */
export function panelsOfRow(d: DashboardJSON, id: number): PanelJSON[] {
  const all = [...(d.panels ?? [])].sort((a, b) => (a.gridPos?.y ?? 0) - (b.gridPos?.y ?? 0) || (a.gridPos?.x ?? 0) - (b.gridPos?.x ?? 0));
  const at = all.findIndex((p) => p.id === id);
  if (at < 0 || all[at].collapsed) {
    return all[at]?.panels ?? [];
  }
  const end = all.findIndex((p, i) => i > at && p.type === 'row');
  return all.slice(at + 1, end < 0 ? undefined : end);
}

/** The dashboard without a row; its panels stay where they are, or go with it. */
export function removeRow(d: DashboardJSON, id: number, withPanels: boolean): DashboardJSON {
  const inside = panelsOfRow(d, id);
  const row = findPanel(d, id);
  const kept = (d.panels ?? []).filter((p) => p.id !== id && !(withPanels && inside.includes(p)));
  return { ...d, panels: row?.collapsed && !withPanels ? opened(kept, row, inside) : kept };
}

/** What was in a closed row stands in its place, and what is below makes room. */
function opened(others: PanelJSON[], row: PanelJSON, inside: PanelJSON[]): PanelJSON[] {
  const y = row.gridPos?.y ?? 0;
  const top = Math.min(...inside.map((p) => p.gridPos?.y ?? 0));
  const down = (p: PanelJSON, by: number): PanelJSON => (p.gridPos ? { ...p, gridPos: { ...p.gridPos, y: p.gridPos.y + by } } : p);
  const height = Math.max(0, ...inside.map((p) => (p.gridPos?.y ?? 0) - top + (p.gridPos?.h ?? 0)));
  const at = others.findIndex((p) => (p.gridPos?.y ?? 0) > y);
  const above = at < 0 ? others : others.slice(0, at);
  return [...above, ...inside.map((p) => down(p, y - top)), ...(at < 0 ? [] : others.slice(at)).map((p) => down(p, height))];
}

function nextId(d: DashboardJSON): number {
  return Math.max(0, ...(d.panels ?? []).flatMap((p) => [p, ...(p.panels ?? [])]).map((p) => p.id ?? 0)) + 1;
}

/** The dashboard with a panel more, below all others; the new id comes along. */
export function addPanel(d: DashboardJSON, panel: PanelJSON): { dashboard: DashboardJSON; id: number } {
  const id = nextId(d);
  const y = Math.max(0, ...(d.panels ?? []).map((p) => (p.gridPos?.y ?? 0) + (p.gridPos?.h ?? 0)));
  const size = panel.gridPos ?? { x: 0, y: 0, w: 12, h: 8 };
  return { id, dashboard: { ...d, panels: [...(d.panels ?? []), { ...panel, id, gridPos: { ...size, x: 0, y } }] } };
}

export function duplicatePanel(d: DashboardJSON, id: number): DashboardJSON {
  const panel = findPanel(d, id);
  return panel ? addPanel(d, structuredClone({ ...panel, libraryPanel: undefined })).dashboard : d;
}

/** The dashboard with panels as far from where they were as the user has moved them; who has not moved stays the same object. */
export function movePanels(d: DashboardJSON, moves: Map<number, GridPos>): DashboardJSON {
  if (!moves.size) {
    return d;
  }
  const panels = mapPanels(d.panels ?? [], (p) => {
    const by = moves.get(p.id ?? -1);
    const from = p.gridPos ?? { x: 0, y: 0, w: 12, h: 8 };
    // A repeated panel's width is the repeat's, not its own.
    const across = p.repeat && p.repeatDirection !== 'v' ? { x: 0, w: 0 } : { x: by?.x ?? 0, w: by?.w ?? 0 };
    return by ? { ...p, gridPos: { ...from, x: from.x + across.x, y: from.y + by.y, w: from.w + across.w, h: from.h + by.h } } : p;
  });
  return { ...d, panels };
}

/**
 * What to save: the dashboard as it was stored, with what was edited since it was
 * migrated, and nothing else. One with rows is saved as migrated, for there is no
 * place in it for a panel of today.
 */
export function edited(stored: DashboardJSON, migrated: DashboardJSON, now: DashboardJSON): DashboardJSON {
  if (isEqual(migrated, now)) {
    return stored;
  }
  if (stored.rows) {
    return { ...now, schemaVersion: newestSchema };
  }
  const { schemaVersion: _, ...before } = migrated;
  const { schemaVersion: __, ...after } = withoutLibrary(migrated, now);
  const out = rebase(stored, before, after) as DashboardJSON;
  return stored.schemaVersion === undefined ? out : { ...out, schemaVersion: stored.schemaVersion };
}

/** What is in the library is saved there: a dashboard has the link and the place. */
function withoutLibrary(migrated: DashboardJSON, now: DashboardJSON): DashboardJSON {
  if (!now.panels?.some((p) => p.libraryPanel || p.panels?.some((x) => x.libraryPanel))) {
    return now;
  }
  const panels = mapPanels(now.panels, (p) => {
    if (!p.libraryPanel) {
      return p;
    }
    const before = findPanel(migrated, p.id ?? 0);
    return before?.libraryPanel?.uid === p.libraryPanel.uid ? { ...before, ...placeOf(p) } : libraryLink(p);
  });
  return { ...now, panels };
}

const placeOf = (p: PanelJSON) => ({ gridPos: p.gridPos, repeat: p.repeat, repeatDirection: p.repeatDirection, maxPerRow: p.maxPerRow });

function isRecord(v: unknown): v is Record<string, unknown> {
  return typeof v === 'object' && v !== null && !Array.isArray(v);
}

/**
 * A value as stored with what changed between how it was migrated and how it is now.
 * What has not changed keeps the form it was stored in, however old. An object that
 * changed its type, by migration or by hand, is the new one.
 */
function rebase(stored: unknown, migrated: unknown, now: unknown): unknown {
  if (isEqual(migrated, now)) {
    return stored;
  }
  if (Array.isArray(stored) && Array.isArray(migrated) && Array.isArray(now)) {
    return rebaseList(stored, migrated, now);
  }
  if (!isRecord(stored) || !isRecord(migrated) || !isRecord(now) || (stored.type !== now.type && typeof now.type === 'string')) {
    return now;
  }
  const out: Record<string, unknown> = { ...stored };
  for (const key of new Set([...Object.keys(migrated), ...Object.keys(now)])) {
    if (isEqual(now[key], migrated[key])) {
      continue;
    }
    if (now[key] === undefined) {
      delete out[key];
    } else {
      out[key] = rebase(stored[key], migrated[key], now[key]);
    }
  }
  return out;
}

/** What things in lists are told apart by. */
const names = ['id', 'refId', 'name', 'uid'];

function rebaseList(stored: unknown[], migrated: unknown[], now: unknown[]): unknown[] {
  if (stored.length !== migrated.length) {
    return now;
  }
  const taken = new Set<number>();
  const take = (i: number) => (i >= 0 ? (taken.add(i), i) : undefined);
  const same = now.map((n) => take(migrated.findIndex((m, i) => !taken.has(i) && isEqual(m, n))));
  return now.map((n, at) => {
    const i = same[at] ?? take(migrated.findIndex((m, j) => !taken.has(j) && sameThing(m, n)));
    return i === undefined ? n : rebase(stored[i], migrated[i], n);
  });
}

function sameThing(a: unknown, b: unknown): boolean {
  if (!isRecord(a) || !isRecord(b)) {
    return false;
  }
  const key = names.find((k) => a[k] !== undefined || b[k] !== undefined);
  return key !== undefined && a[key] === b[key];
}

const isPlain = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v);

/** What is kept, with what has changed from one state to another; all else in it stays as it is. */
export function takeOn(kept: unknown, before: unknown, now: unknown): unknown {
  if (isEqual(before, now)) {
    return kept;
  }
  if (Array.isArray(before) && Array.isArray(now)) {
    return takeOnList(Array.isArray(kept) ? kept : [], before, now);
  }
  if (!isPlain(before) || !isPlain(now)) {
    return structuredClone(now);
  }
  const out: Record<string, unknown> = isPlain(kept) ? { ...kept } : {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const value = takeOn(out[key], before[key], now[key]);
    if (value !== undefined) {
      out[key] = value;
    } else {
      delete out[key];
    }
  }
  return out;
}

function takeOnList(kept: unknown[], before: unknown[], now: unknown[]): unknown[] {
  if (kept.length !== before.length) { // more is kept than is on show: properties the kind of panel does not know
    return [...kept.filter((k) => !before.some((b) => isEqual(b, k))), ...structuredClone(now)];
  }
  return now.map((v, i) => {
    const at = before.findIndex((b) => isEqual(b, v));
    return at >= 0 ? kept[at] : before.length === now.length ? takeOn(kept[i], before[i], v) : structuredClone(v);
  });
}

export interface Change {
  path: string;
  before: unknown;
  after: unknown;
}

/** What differs between two values, leaf by leaf. */
export function changes(before: unknown, after: unknown, path = ''): Change[] {
  if (isEqual(before, after)) {
    return [];
  }
  const both = [before, after].every((v) => typeof v === 'object' && v !== null);
  if (!both || Array.isArray(before) !== Array.isArray(after)) {
    return [{ path: path || '(all)', before, after }];
  }
  const a = before as Record<string, unknown>;
  const b = after as Record<string, unknown>;
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((k) => changes(a[k], b[k], path ? `${path}.${k}` : k));
}
