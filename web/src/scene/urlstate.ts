import { sceneGraph, sceneUtils, type SceneObject, type SceneVariable } from '@grafana/scenes';

/** The time range and the variables on show, as an address holds them. */
export function stateParams(scene: SceneObject): { time: string; variables: string } {
  const { from, to } = sceneGraph.getTimeRange(scene).state;
  return { time: new URLSearchParams({ from, to }).toString(), variables: variableParams(scene).toString() };
}

export function variableParams(scene: SceneObject): URLSearchParams {
  const params = new URLSearchParams();
  const known: SceneVariable[] = [];
  for (let at: SceneObject | undefined = scene; at; at = at.parent) {
    for (const v of at.state.$variables?.state.variables ?? []) {
      if (!known.some((k) => k.state.name === v.state.name)) {
        known.push(v);
      }
    }
  }
  for (const v of known) {
    for (const [name, value] of Object.entries(v.urlSync?.getUrlState() ?? {})) {
      for (const one of Array.isArray(value) ? value : [value]) {
        if (one !== null && one !== undefined) {
          params.append(name, one);
        }
      }
    }
  }
  return params;
}

/** All that the scene keeps in the address. */
export function sceneParams(scene: SceneObject): Record<string, unknown> {
  return sceneUtils.getUrlState(scene);
}
