/* Where panels stand once rows and panels that repeat have been repeated. */
import type { GridPos, PanelJSON } from './dashboard';

export interface RepeatValue {
  value: string;
  text: string;
}

/** A variable's value that holds below a repeated panel or row. */
export interface LocalValue extends RepeatValue {
  name: string;
}

export interface PlacedPanel {
  kind: 'panel';
  /** The same after every change of values: what keeps its key keeps its data. */
  key: string;
  panel: PanelJSON;
  pos: GridPos;
  local: LocalValue[];
  /** Made by a repeat, and not the first. */
  clone: boolean;
}

export interface PlacedRow {
  kind: 'row';
  key: string;
  panel: PanelJSON;
  y: number;
  collapsed: boolean;
  children: PlacedPanel[];
  local: LocalValue[];
  clone: boolean;
}

export type Placed = PlacedPanel | PlacedRow;

/** The values to repeat for by variable; undefined if there is no such variable yet. */
export type ValuesOf = (variable: string) => RepeatValue[] | undefined;

const columns = 24;

interface Section {
  row?: PanelJSON;
  panels: PanelJSON[];
}

const position = (p: PanelJSON): GridPos => p.gridPos ?? { x: 0, y: 0, w: 12, h: 8 };

/** A copy made by a repeat, which Grafana before 5 (panels) and 8 (rows) saved along: it is made anew. */
export function savedCopy(p: PanelJSON): boolean {
  return Boolean(p.repeatPanelId) || (Boolean(p.repeatedByRow) && p.repeatIteration !== undefined);
}

/** Panels from top to bottom, each row with what belongs to it. */
export function sections(panels: PanelJSON[]): Section[] {
  const sorted = panels.filter((p) => !savedCopy(p)).sort((a, b) => position(a).y - position(b).y || position(a).x - position(b).x);
  const out: Section[] = [{ panels: [] }];
  for (const p of sorted) {
    if (p.type !== 'row') {
      out[out.length - 1].panels.push(p);
      continue;
    }
    out.push({ row: p, panels: p.collapsed ? [...(p.panels ?? [])] : [] });
    if (p.collapsed) {
      out.push({ panels: [] });
    }
  }
  return out.filter((s) => s.row || s.panels.length);
}

/** All panels, placed. */
export function place(panels: PanelJSON[], valuesOf: ValuesOf): Placed[] {
  const out: Placed[] = [];
  let shift = 0; // how much lower than in the JSON the next section stands
  for (const section of sections(panels)) {
    if (!section.row) {
      const { placed, added } = placePanels(section.panels, shift, { local: [], suffix: '', clone: false }, valuesOf);
      out.push(...placed);
      shift += added;
      continue;
    }
    shift += placeRow(section.row, section.panels, shift, valuesOf, out);
  }
  return out;
}

function placeRow(row: PanelJSON, panels: PanelJSON[], shift: number, valuesOf: ValuesOf, out: Placed[]): number {
  const repeats = row.repeat ? valuesOf(row.repeat) : undefined;
  const values: Array<RepeatValue | undefined> = repeats?.length ? repeats : [undefined];
  const top = position(row).y;
  let y = top + shift;
  let height = 0;
  values.forEach((value, i) => {
    const local = value && row.repeat ? [{ ...value, name: row.repeat }] : [];
    const suffix = value ? '@' + encodeURIComponent(value.value) : '';
    const { placed, bottom } = placePanels(panels, y - top, { local, suffix, clone: i > 0 }, valuesOf);
    const collapsed = Boolean(row.collapsed);
    out.push({ kind: 'row', key: `row-${row.id}${suffix}`, panel: row, y, collapsed, children: placed, local, clone: i > 0 });
    height = collapsed ? 1 : Math.max(bottom - y, 1);
    y += height;
  });
  const asWritten = row.collapsed ? 1 : Math.max(...panels.map((p) => position(p).y + position(p).h - top), 1);
  return y - (top + shift) - asWritten;
}

/** What panels of a repeated row have of their copy of it. */
interface Within {
  local: LocalValue[];
  suffix: string;
  clone: boolean;
}

function placePanels(panels: PanelJSON[], shift: number, within: Within, valuesOf: ValuesOf) {
  const placed: PlacedPanel[] = [];
  let added = 0;
  const grown: Array<{ below: number; by: number }> = [];
  for (const p of panels) {
    const pos = position(p);
    const lower = Math.max(0, ...grown.filter((g) => pos.y >= g.below).map((g) => g.by));
    const at = { ...pos, y: pos.y + shift + lower };
    const known = within.local.some((l) => l.name === p.repeat);
    const values = p.repeat && !known ? valuesOf(p.repeat) : undefined;
    const copies = values?.length ? repeated(p, at, values, within) : [one(p, at, within)];
    placed.push(...copies);
    const bottom = Math.max(...copies.map((c) => c.pos.y + c.pos.h));
    const growth = bottom - (at.y + at.h);
    if (growth > 0) {
      grown.push({ below: pos.y + pos.h, by: lower + growth });
      added = Math.max(added, lower + growth);
    }
  }
  return { placed, added, bottom: Math.max(0, ...placed.map((p) => p.pos.y + p.pos.h)) };
}

function one(panel: PanelJSON, pos: GridPos, { local, suffix, clone }: Within): PlacedPanel {
  return { kind: 'panel', key: `panel-${panel.id}${suffix}`, panel, pos, local, clone };
}

/** Side by side, at most maxPerRow of them, or one below the other. */
function repeated(panel: PanelJSON, pos: GridPos, values: RepeatValue[], { local, suffix, clone }: Within): PlacedPanel[] {
  const vertical = panel.repeatDirection === 'v';
  const perRow = Math.min(Math.max(panel.maxPerRow || 4, 1), values.length);
  const width = vertical ? pos.w : Math.max(Math.floor(columns / perRow), 1);
  return values.map((value, i) => {
    const column = vertical ? 0 : i % perRow;
    const line = vertical ? i : Math.floor(i / perRow);
    const at = { x: vertical ? pos.x : column * width, y: pos.y + line * pos.h, w: width, h: pos.h };
    const key = `panel-${panel.id}${suffix}@${encodeURIComponent(value.value)}`;
    return { kind: 'panel', key, panel, pos: at, local: [...local, { ...value, name: panel.repeat as string }], clone: clone || i > 0 };
  });
}

/** The variables that rows and panels repeat for. */
export function repeatVariables(panels: PanelJSON[]): string[] {
  const all = panels.flatMap((p) => [p, ...(p.panels ?? [])]);
  return [...new Set(all.map((p) => p.repeat).filter((r): r is string => Boolean(r)))];
}
