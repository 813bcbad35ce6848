/* What the queries of a view answer: one graph and one table of them all. */
import { EmbeddedScene, SceneDataTransformer, SceneFlexItem, SceneFlexLayout, SceneQueryRunner, SceneTimePicker, SceneTimeRange, VizPanel, sceneGraph } from '@grafana/scenes';
import { Alert } from '@grafana/ui';
import { useEffect, useMemo, useState } from 'react';
import { mixedUid } from '../../datasource/registry';
import { askedOf, type ExploreQuery, type Pane } from './state';

function runnerOf(queries: ExploreQuery[], uid: string, more: Record<string, unknown>): SceneQueryRunner {
  const mixed = queries.some((q) => q.ds && q.ds !== uid);
  const targets = queries.map((q) => ({ refId: q.refId, expr: q.expr, legendFormat: q.legend, datasource: { uid: q.ds ?? uid, type: 'prometheus' }, ...more }));
  return new SceneQueryRunner({ datasource: { uid: mixed ? mixedUid : uid, type: mixed ? 'mixed' : 'prometheus' }, queries: targets as never, maxDataPointsFromWidth: true });
}

function sceneOf(pane: Pane, uid: string): EmbeddedScene {
  const asked = askedOf(pane.queries);
  const [drawn, listed] = [asked.filter((q) => q.kind !== 'instant'), asked.filter((q) => q.kind !== 'range')];
  const graph = new VizPanel({
    title: 'Graph', pluginId: 'timeseries', $data: runnerOf(drawn, uid, { range: true, exemplar: pane.exemplars }),
    options: { legend: { showLegend: true, displayMode: 'table', placement: 'bottom', calcs: ['lastNotNull', 'max'] }, tooltip: { mode: 'multi', sort: 'desc' } } as never,
    fieldConfig: { defaults: { custom: { fillOpacity: 0 } as never }, overrides: [] },
  });
  // What counts are the values: the time, which is one and the same, is not to push them out.
  const fieldConfig = { defaults: { custom: { minWidth: 60 } as never }, overrides: [{ matcher: { id: 'byName', options: 'Time' }, properties: [{ id: 'custom.width', value: 180 }] }] };
  const rows = runnerOf(listed, uid, { instant: true, range: false, format: 'table' });
  const table = new VizPanel({ title: 'Table', pluginId: 'table', $data: listed.length > 1 ? new SceneDataTransformer({ $data: rows, transformations: [{ id: 'merge', options: {} }] }) : rows, options: { showHeader: true } as never, fieldConfig });
  return new EmbeddedScene({
    $timeRange: new SceneTimeRange({ from: pane.from, to: pane.to }),
    controls: [new SceneTimePicker({ isOnCanvas: true })],
    body: new SceneFlexLayout({
      direction: 'column',
      children: [
        ...(drawn.length ? [new SceneFlexItem({ minHeight: 380, body: graph })] : []),
        ...(listed.length ? [new SceneFlexItem({ minHeight: 300, body: table })] : []),
      ],
    }),
  });
}

interface Wrong {
  refId: string;
  text: string;
}

/** Tells what queries of a scene end in: for each that failed its error's words, once. Returns how to stop. */
function failures(scene: EmbeddedScene, told: (wrong: Wrong[]) => void): () => void {
  const runners = sceneGraph.findAllObjects(scene, (o) => o instanceof SceneQueryRunner) as SceneQueryRunner[];
  const all = () => runners.flatMap((r) => (r.state.data?.errors ?? []).map((e) => ({ refId: e.refId ?? '', text: e.message ?? '' })));
  const subs = runners.map((r) => r.subscribeToState(() => told(all().filter((w, i, ws) => ws.findIndex((o) => o.refId === w.refId && o.text === w.text) === i))));
  return () => subs.forEach((s) => s.unsubscribe());
}

export function Answer({ pane, uid, change }: { pane: Pane; uid: string; change: (p: Partial<Pane>) => void }) {
  const scene = useMemo(() => sceneOf(pane, uid), []); // eslint-disable-line react-hooks/exhaustive-deps
  const [wrong, setWrong] = useState<Wrong[]>([]);
  const asked = askedOf(pane.queries);
  useEffect(() => {
    const sub = scene.state.$timeRange?.subscribeToState((s) => change({ from: s.from, to: s.to }));
    const errors = failures(scene, setWrong);
    return () => {
      sub?.unsubscribe();
      errors();
    };
  }, [scene]); // eslint-disable-line react-hooks/exhaustive-deps
  const none = asked.every((q) => wrong.some((w) => w.refId === q.refId || !w.refId));
  return (
    <>
      {wrong.map((w) => <Alert key={w.refId + w.text} severity="error" title={asked.length > 1 && w.refId ? `Query ${w.refId} was refused` : 'The query was refused'}>{w.text}</Alert>)}
      <div style={{ display: wrong.length && none ? 'none' : undefined }}><scene.Component model={scene} /></div>
    </>
  );
}
