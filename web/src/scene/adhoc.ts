/* "Filter for this value" of a panel, where the dashboard has ad hoc filters. */
import type { DataSourceRef } from '@grafana/schema';
import { getDataSourceSrv } from '@grafana/runtime';
import { AdHocFiltersVariable, SceneDataTransformer, SceneQueryRunner, type AdHocFilterWithLabels, type SceneObject, type VizPanel } from '@grafana/scenes';
import type { PanelContext } from '@grafana/ui';

type Filter = Pick<AdHocFilterWithLabels, 'key' | 'operator' | 'value'>;

/** The filters with one more: what said something else of the same value goes, and so does another value that is asked for. */
export function withFilter<F extends Filter>(all: F[], added: F): F[] {
  const sameValue = (f: F) => f.key === added.key && f.value === added.value;
  const contrary = (f: F) => f.key === added.key && f.operator === '=' && added.operator === '=';
  return [...all.filter((f) => !sameValue(f) && !contrary(f)), added];
}

/** Gives a panel's cells the two buttons, if there is a variable to write to. */
export function offerFilters(viz: VizPanel, context: PanelContext): void {
  if (filtersOf(viz)) {
    context.onAddAdHocFilter = ({ key, operator, value }) => {
      const variable = filtersOf(viz);
      variable?.setState({ filters: withFilter(variable.state.filters, { key, operator, value }) });
    };
  }
}

/** The variable whose filters go into the queries of a panel: that of their data source. */
function filtersOf(viz: VizPanel): AdHocFiltersVariable | undefined {
  const uidOf = (ref: DataSourceRef | null | undefined) => getDataSourceSrv().getInstanceSettings(ref, { __sceneObject: { value: viz } as never })?.uid;
  const data = viz.state.$data instanceof SceneDataTransformer ? viz.state.$data.state.$data : viz.state.$data;
  if (!(data instanceof SceneQueryRunner)) {
    return undefined;
  }
  const uid = uidOf(data.state.datasource);
  return variablesAbove(viz).find((v): v is AdHocFiltersVariable => v instanceof AdHocFiltersVariable && uidOf(v.state.datasource) === uid);
}

function variablesAbove(o: SceneObject | undefined): SceneObject[] {
  return o ? [...(o.state.$variables?.state.variables ?? []), ...variablesAbove(o.parent)] : [];
}
