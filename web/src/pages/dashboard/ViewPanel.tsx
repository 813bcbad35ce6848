import { sceneGraph, SceneGridItem, type VizPanel } from '@grafana/scenes';
import { css } from '@emotion/css';
import { Failed } from '../../components/States';
import { HttpError } from '../../api/http';
import type { DashboardScene } from '../../scene/dashboard';

/** The panel of an id, as an address names it: 5 or panel-5, panel-5@a for a copy. Of a repeated one without its copy's name it is the first. */
export function findPanel(scene: DashboardScene, id: string): VizPanel | undefined {
  const key = 'item-' + (/^\d+$/.test(id) ? `panel-${id}` : id);
  const find = (is: (k: string) => boolean) => sceneGraph.findObject(scene.state.body, (o) => o instanceof SceneGridItem && is(o.state.key ?? '')) as SceneGridItem | null;
  return (find((k) => k === key) ?? find((k) => k.startsWith(key + '@')))?.state.body as VizPanel | undefined;
}

/** One panel over the whole page. */
export function ViewPanel({ scene, id }: { scene: DashboardScene; id: string }) {
  scene.state.body.useState();
  const panel = findPanel(scene, id);
  if (!panel) {
    return <Failed error={new HttpError(404, `This dashboard has no panel ${id}.`)} />;
  }
  return <div className={css({ flex: 1, minHeight: 300, position: 'relative', '& > *': { position: 'absolute !important' as never, inset: 0 } })}><panel.Component model={panel} /></div>;
}
