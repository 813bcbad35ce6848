import type { SceneObject } from '@grafana/scenes';

let scene: SceneObject | undefined;

/** The scene on show, whose variables texts outside of a query are filled with. */
export function activeScene(): SceneObject | undefined {
  return scene;
}

export function setActiveScene(s: SceneObject | undefined): void {
  scene = s;
}
