/* Dashboards of every age, brought to the shape that is drawn. Each step looks at
   the shape it finds, not at schemaVersion alone: exported dashboards are mixed. */
import { record, records, type DashboardJSON, type PanelJSON } from '../dashboard';
import { migrateAnnotations, migrateLinks, migrateTime, migrateVariables } from './dashboard';
import { migratePanel } from './panel';
import { rowsToPanels } from './rows';

/** The newest schema this app writes. */
export const newestSchema = 42;

/** What is no dashboard this app can show, and why. */
export class NotADashboard extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NotADashboard';
  }
}

/**
 * The dashboard in what someone pasted: the JSON itself, or what Grafana's API,
 * a snapshot of it or a Kubernetes-style resource wraps around it.
 */
export function unwrap(json: unknown): DashboardJSON {
  const o = record(json);
  if (!Object.keys(o).length) {
    throw new NotADashboard('This is not a JSON object, so it is no dashboard.');
  }
  const apiVersion = typeof o.apiVersion === 'string' ? o.apiVersion : '';
  if (apiVersion.startsWith('dashboard.grafana.app/')) {
    return unwrapResource(apiVersion, o);
  }
  if (o.elements && o.layout) {
    throw newFormat('with "elements" and "layout"');
  }
  for (const key of ['dashboard', 'json']) {
    if (o[key] && !o.panels && !o.rows && !o.title) {
      return unwrap(o[key]);
    }
  }
  if (!o.panels && !o.rows && !o.templating && !o.title) {
    throw new NotADashboard('This JSON has neither "panels" nor "rows" nor a "title": it is no dashboard.');
  }
  return o as DashboardJSON;
}

function unwrapResource(apiVersion: string, o: Record<string, unknown>): DashboardJSON {
  const version = apiVersion.split('/')[1];
  const spec = record(o.spec);
  if (version.startsWith('v2') || spec.elements) {
    throw newFormat(apiVersion);
  }
  const uid = record(o.metadata).name;
  return { ...(typeof uid === 'string' ? { uid } : {}), ...spec } as DashboardJSON;
}

function newFormat(what: string): NotADashboard {
  return new NotADashboard(
    `This dashboard is in the v2 format (${what}), which is not shown here. In Grafana export it with "Export as classic".`
  );
}

/** A deep copy in the newest shape. The argument stays as it is. */
export function migrate(json: DashboardJSON): DashboardJSON {
  const d = structuredClone(json);
  migrateTime(d);
  if (Array.isArray(d.rows)) {
    d.panels = [...(d.panels ?? []), ...rowsToPanels(records(d.rows), d.panels ?? [])];
    delete d.rows;
  }
  d.panels = migratePanels(d.panels ?? []);
  numberPanels(d.panels);
  migrateVariables(d);
  migrateAnnotations(d);
  migrateLinks(d);
  d.schemaVersion = Math.max(Number(d.schemaVersion) || 0, newestSchema);
  return d;
}

function migratePanels(panels: PanelJSON[]): PanelJSON[] {
  return panels
    .filter((p) => typeof p === 'object' && p !== null)
    .map((p) => {
      const migrated = migratePanel(p);
      if (Array.isArray(migrated.panels)) {
        migrated.panels = migratePanels(migrated.panels);
      }
      return migrated;
    });
}

/** Every panel gets an id of its own: links, saves and repeats go by it. */
export function numberPanels(panels: PanelJSON[]): void {
  const all = panels.flatMap((p) => [p, ...(p.panels ?? [])]);
  const used = new Set<number>();
  let next = Math.max(0, ...all.map((p) => Number(p.id) || 0)) + 1;
  for (const p of all) {
    if (typeof p.id !== 'number' || used.has(p.id)) {
      p.id = next++;
    }
    used.add(p.id);
  }
}
