import { getLibraryPanel } from '../api/grafana';
import { messageOf } from '../api/http';
import type { DashboardJSON, PanelJSON } from './dashboard';
import { migratePanel } from './migrate/panel';

const versions = new Map<string, number>();

/** The version of a library panel that was read last. */
export const libraryVersion = (uid: string): number | undefined => versions.get(uid);

export function rememberVersion(e: { uid: string; version?: number }): void {
  versions.set(e.uid, e.version ?? 1);
}

/** The dashboard with each library panel as the library has it now. Place and id stay the dashboard's. */
export async function withLibraryPanels(d: DashboardJSON): Promise<DashboardJSON> {
  const asked = new Map<string, Promise<PanelJSON>>();
  const fill = async (p: PanelJSON): Promise<PanelJSON> => {
    const panels = p.panels ? await Promise.all(p.panels.map(fill)) : undefined;
    const uid = p.libraryPanel?.uid;
    if (!uid) {
      return panels ? { ...p, panels } : p;
    }
    let model = asked.get(uid);
    if (!model) {
      model = getLibraryPanel(uid).then((e) => {
        rememberVersion(e);
        return { ...(e.model as PanelJSON), libraryPanel: { uid: e.uid, name: e.name } };
      });
      asked.set(uid, model);
    }
    try {
      const found = migratePanel(await model);
      return { ...found, id: p.id, gridPos: p.gridPos, repeat: p.repeat, repeatDirection: p.repeatDirection, maxPerRow: p.maxPerRow };
    } catch (err) {
      return { ...p, type: 'text', title: p.title ?? p.libraryPanel?.name, options: { mode: 'code', content: `The library panel ${p.libraryPanel?.name ?? uid} cannot be read: ${messageOf(err)}` } };
    }
  };
  return { ...d, panels: await Promise.all((d.panels ?? []).map(fill)) };
}
