import { sceneUtils, type SceneObject } from '@grafana/scenes';
import { DashboardScene } from './dashboard';

/** ${__dashboard} is the dashboard's title, ${__dashboard.uid} its uid. */
class DashboardMacro {
  readonly state: { name: string; type: string };

  constructor(
    name: string,
    private readonly at: SceneObject
  ) {
    this.state = { name, type: 'dashboard_macro' };
  }

  getValue(path?: string): string {
    const root = this.at.getRoot();
    if (!(root instanceof DashboardScene)) {
      return '';
    }
    return (path === 'uid' ? root.state.model.uid : root.state.model.title) ?? '';
  }

  getValueText(): string {
    return this.getValue();
  }
}

let registered = false;

/** Fills in what the libraries leave to whoever has dashboards. */
export function registerMacros(): void {
  if (!registered) {
    registered = true;
    sceneUtils.registerVariableMacro('__dashboard', DashboardMacro as never);
  }
}
