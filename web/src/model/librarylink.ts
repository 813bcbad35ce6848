/* A panel of the library, and what of it a dashboard keeps. */
import type { PanelJSON } from './dashboard';

/** What the dashboard alone says of a library panel. */
const ofTheDashboard = new Set(['id', 'gridPos', 'libraryPanel', 'repeat', 'repeatDirection', 'maxPerRow']);

/** What the library keeps of a panel: all but its place and its link. */
export function libraryModel(p: PanelJSON): Record<string, unknown> {
  return Object.fromEntries(Object.entries(p).filter(([k]) => !ofTheDashboard.has(k)));
}

/** What a dashboard keeps of a panel of the library. */
export function libraryLink(p: PanelJSON): PanelJSON {
  const kept = Object.entries(p).filter(([k, v]) => (ofTheDashboard.has(k) || k === 'title') && v !== undefined);
  return Object.fromEntries(kept) as unknown as PanelJSON;
}
