/* The data a panel has, for editors that offer the names in it. */
import { getFieldDisplayName, transformDataFrame, type DataFrame, type DataTransformerConfig } from '@grafana/data';
import { SceneDataTransformer, sceneGraph, type VizPanel } from '@grafana/scenes';
import { useEffect, useState } from 'react';
import { findPanel } from '../pages/dashboard/ViewPanel';
import type { DashboardScene } from '../scene/dashboard';

export interface PanelFrames {
  /** As the panel draws them. */
  drawn: DataFrame[];
  /** As the queries answered, before any transformation. */
  raw: DataFrame[];
}

const none: PanelFrames = { drawn: [], raw: [] };

function framesOf(viz: VizPanel): PanelFrames {
  const data = sceneGraph.getData(viz);
  const source = data instanceof SceneDataTransformer ? data.state.$data : data;
  return { drawn: data.state.data?.series ?? [], raw: source?.state.data?.series ?? [] };
}

/** The panel's data, as it comes in. */
export function useFrames(scene: DashboardScene, id: number): PanelFrames {
  const { body } = scene.useState();
  const [frames, setFrames] = useState(none);
  const viz = findPanel(scene, String(id));
  useEffect(() => {
    if (!viz) {
      setFrames(none);
      return;
    }
    setFrames(framesOf(viz));
    const sub = sceneGraph.getData(viz).subscribeToState(() => setFrames(framesOf(viz)));
    return () => sub.unsubscribe();
  }, [viz, body]);
  return frames;
}

/** The names of fields, each once, as a panel shows them. */
export function namesOf(frames: DataFrame[]): string[] {
  return [...new Set(frames.flatMap((f) => f.fields.map((x) => getFieldDisplayName(x, f, frames))))];
}

/** What the frames are after some transformations. */
export function useTransformed(raw: DataFrame[], configs: DataTransformerConfig[]): DataFrame[] {
  const [frames, setFrames] = useState(raw);
  const key = JSON.stringify(configs);
  useEffect(() => {
    const context = { interpolate: (text: string) => text };
    const sub = transformDataFrame(structuredClone(configs).filter((c) => !c.disabled), raw, context).subscribe({ next: setFrames, error: () => setFrames(raw) });
    return () => sub.unsubscribe();
  }, [raw, key]); // eslint-disable-line react-hooks/exhaustive-deps
  return frames;
}
