/* Rows of panels with spans (until schema 16) as a grid of 24 columns. */
import { number, record, records, text, type AnyRecord, type PanelJSON } from '../dashboard';

/** Pixels of a grid cell with its gap, as panels of Grafana's grid have. */
const cell = 38;
const standardHeight = 250;
const columns = 24;

/** The grid cells of a height such as 250, "250px" or "". */
export function gridHeight(height: unknown): number {
  const px = number(typeof height === 'string' ? height.replace(/px$/, '') : height) ?? standardHeight;
  return Math.max(Math.ceil(px / cell), 3);
}

function bottomOf(panels: PanelJSON[]): number {
  return Math.max(0, ...panels.map((p) => (p.gridPos?.y ?? 0) + (p.gridPos?.h ?? 0)));
}

/** The panels of all rows below those that are there already. */
export function rowsToPanels(rows: AnyRecord[], above: PanelJSON[]): PanelJSON[] {
  const titled = rows.some((r) => r.collapse || r.showTitle || r.repeat);
  let y = bottomOf(above);
  let nextId = Math.max(0, ...above.map((p) => Number(p.id) || 0), ...rows.flatMap((r) => records(r.panels).map((p) => Number(p.id) || 0))) + 1;
  const out: PanelJSON[] = [];
  for (const row of rows.filter((r) => !r.repeatRowId)) { // rows that a repeat made are made anew
    const header = titled ? 1 : 0;
    const placed = placeRow(row, y + header);
    if (header) {
      out.push(rowPanel(row, nextId++, y, placed));
    }
    if (!row.collapse) {
      out.push(...placed);
    }
    y = row.collapse ? y + 1 : Math.max(bottomOf(placed), y + header);
  }
  return out;
}

function rowPanel(row: AnyRecord, id: number, y: number, placed: PanelJSON[]): PanelJSON {
  return {
    id,
    type: 'row',
    title: text(row.title) ?? '',
    collapsed: Boolean(row.collapse),
    gridPos: { x: 0, y, w: columns, h: 1 },
    ...(row.repeat ? { repeat: String(row.repeat) } : {}),
    panels: row.collapse ? placed : [],
  };
}

/** From left to right, and on the next line what does not fit. */
function placeRow(row: AnyRecord, top: number): PanelJSON[] {
  const rowHeight = gridHeight(row.height);
  let x = 0;
  let y = top;
  let line = 0;
  return records(row.panels).filter((p) => !p.repeatPanelId).map((p) => {
    const w = Math.min(Math.max(Math.round((number(p.span) ?? 4) * 2), 1), columns);
    const h = p.height ? gridHeight(p.height) : rowHeight;
    if (x + w > columns) {
      x = 0;
      y += line;
      line = 0;
    }
    const panel = withoutSpan(p);
    panel.gridPos = { x, y, w, h };
    x += w;
    line = Math.max(line, h);
    return panel;
  });
}

function withoutSpan(p: AnyRecord): PanelJSON {
  const { span: _span, height: _height, minSpan, ...rest } = p;
  const panel = rest as PanelJSON;
  const least = number(minSpan);
  if (least && panel.repeat) {
    panel.maxPerRow = Math.max(Math.floor(12 / least), 1);
  }
  if (!panel.type) {
    panel.type = text(record(p).type) ?? 'graph';
  }
  return panel;
}
