/* Explore over the metrics workspaces of the account: the views of a Grafana workspace's, asked with the console's session. */
import { listWorkspaces } from '../api/aps';
import { ask, region, sessionHeaders } from '../api/aws';
import type { DataSource } from '../api/grafana';
import { PrometheusAPI, type Way } from '../api/prometheus';
import { page } from '../boot/page';
import { provideRuntime } from '../boot/runtime';
import { useCrumbs } from '../components/Crumbs';
import { useAsync } from '../lib/useAsync';
import { ExplorePanes } from '../pages/explore/Panes';
import { Nothing, Shown } from './parts';

const way: Way = {
  send: (path, { method, params, form, signal }) => ask({ service: 'aps', path, method, params, form, signal }),
  url: (path) => page.root + path,
  headers: () => sessionHeaders('aps'),
};

const apiOf = (id: string) => new PrometheusAPI(`/workspaces/${encodeURIComponent(id)}`, way);

/** The metrics workspaces as data sources. One that is gone by now, or may not be listed, is asked all the same. */
async function sources(): Promise<DataSource[]> {
  const named = new URLSearchParams(window.location.search).get('workspace') ?? '';
  const all = await listWorkspaces().catch((err: unknown) => {
    if (named) {
      return [];
    }
    throw err;
  });
  const out = all.map((w, i): DataSource => ({ id: i + 1, uid: w.workspaceId, name: w.alias ? `${w.alias} (${w.workspaceId.slice(0, 11)}…)` : w.workspaceId, type: 'prometheus', url: `${window.location.origin}${page.root}/workspaces/${w.workspaceId}`, isDefault: w.workspaceId === kept() }));
  return named && !out.some((d) => d.uid === named) ? [...out, { id: 0, uid: named, name: named, type: 'prometheus', url: `${window.location.origin}${page.root}/workspaces/${named}` }] : out;
}

const addressOf = async (id: string) => `${window.location.origin}${page.root}/workspaces/${id}`;

const kept = () => window.localStorage.getItem('hearth.workspace');

async function ready(): Promise<boolean> {
  await provideRuntime(sources, apiOf);
  return (await sources()).length > 0;
}

export function Explore() {
  useCrumbs([{ text: 'Explore' }]);
  const found = useAsync(ready, []);
  return (
    <Shown of={found} what="Explore">
      {(some) => (some ? <ExplorePanes dsParam="workspace" dsLabel="Workspace" token="TOKEN" region={region()} addressOf={addressOf} onDs={(id) => window.localStorage.setItem('hearth.workspace', id)} /> : <div style={{ padding: 24 }}><Nothing title="There are no workspaces yet." cli="aws amp create-workspace --alias my-first" /></div>)}
    </Shown>
  );
}
