import { PanelPlugin, PluginType, type PanelPluginMeta } from '@grafana/data';

// A panel's options are its own; nothing here looks into them.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Loader = () => Promise<{ plugin: PanelPlugin<any, any> }>;

interface Kind {
  name: string;
  load: Loader;
  /** Draws without asking for data. */
  dataless?: boolean;
  /** Shown in the editor's list of visualisations. */
  icon?: string;
}

/** The panels this app draws. */
export const kinds: Record<string, Kind> = {
  timeseries: { name: 'Time series', load: () => import('./timeseries') },
  stat: { name: 'Stat', load: () => import('./stat') },
  gauge: { name: 'Gauge', load: () => import('./gauge') },
  bargauge: { name: 'Bar gauge', load: () => import('./bargauge') },
  table: { name: 'Table', load: () => import('./table') },
  piechart: { name: 'Pie chart', load: () => import('./piechart') },
  heatmap: { name: 'Heatmap', load: () => import('./heatmap') },
  barchart: { name: 'Bar chart', load: () => import('./barchart') },
  histogram: { name: 'Histogram', load: () => import('./histogram') },
  'state-timeline': { name: 'State timeline', load: () => import('./statetimeline').then((m) => ({ plugin: m.timeline })) },
  'status-history': { name: 'Status history', load: () => import('./statetimeline').then((m) => ({ plugin: m.history })) },
  text: { name: 'Text', load: () => import('./text'), dataless: true },
};

function metaOf(id: string, kind: Kind | undefined): PanelPluginMeta {
  return {
    id,
    name: kind?.name ?? id,
    type: PluginType.panel,
    module: '',
    baseUrl: '',
    sort: 0,
    skipDataQuery: kind ? Boolean(kind.dataless) : true,
    info: {
      author: { name: '' }, description: '', links: [], logos: { large: '', small: '' }, screenshots: [], updated: '', version: '12.4.10',
    },
  };
}

const loaded = new Map<string, Promise<PanelPlugin>>();

/** The panel of a kind. A kind nobody knows is a panel that says so. */
export function loadPanel(id: string): Promise<PanelPlugin> {
  let plugin = loaded.get(id);
  if (!plugin) {
    plugin = load(id);
    loaded.set(id, plugin);
  }
  return plugin;
}

async function load(id: string): Promise<PanelPlugin> {
  const kind = Object.hasOwn(kinds, id) ? kinds[id] : undefined;
  const plugin = kind ? (await kind.load()).plugin : (await import('./unsupported')).unsupported(id);
  plugin.meta = metaOf(id, kind);
  return plugin;
}
