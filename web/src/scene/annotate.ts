/* Annotations that people add on a chart. */
import { config } from '@grafana/runtime';
import { sceneGraph, type VizPanel } from '@grafana/scenes';
import type { PanelContext } from '@grafana/ui';
import { createAnnotation } from '../api/grafana';
import { currentDashboard } from './current';

/** Lets editors annotate a panel of a dashboard that is stored. */
export function offerAnnotations(viz: VizPanel, context: PanelContext, panelId: number): void {
  const may = () => Boolean(currentDashboard()) && ['Editor', 'Admin'].includes(config.bootData.user.orgRole);
  context.canAddAnnotations = may;
  context.onAnnotationCreate = async ({ from, to, description, tags }) => {
    await createAnnotation({ dashboardUID: currentDashboard(), panelId, time: Math.round(from), timeEnd: Math.round(to), text: description, tags });
    sceneGraph.getTimeRange(viz).onRefresh();
  };
}
