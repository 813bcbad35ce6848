/* A panel of the JSON as an object of the scene. */
import { getDefaultTimeRange, LoadingState, standardTransformersRegistry, toDataFrame, type DataTransformerConfig } from '@grafana/data';
import type { DataSourceRef } from '@grafana/schema';
import {
  LocalValueVariable,
  SceneDataNode,
  SceneDataTransformer,
  SceneQueryRunner,
  SceneVariableSet,
  VizPanel,
  VizPanelMenu,
  type CustomTransformerDefinition,
  type SceneDataProvider,
  type SceneDataQuery,
} from '@grafana/scenes';
import { isEqual } from 'lodash';
import { throwError } from 'rxjs';
import { mixedUid } from '../datasource/registry';
import { isExpression } from '../datasource/server';
import { number, type PanelJSON, type Target } from '../model/dashboard';
import { takeOn } from '../model/edit';
import type { LocalValue } from '../model/layout';
import { kinds } from '../panels/load';
import { offerFilters } from './adhoc';
import { offerAnnotations } from './annotate';
import { PanelLinks } from './links';
import { PanelNotices } from './notices';
import { SharedData } from './shareddata';
import { PanelTimeRange } from './timeoverride';
import { refOf } from './variables';

const dashboardSource = '-- Dashboard --';

/** Kinds that ask for no data. */
const dataless = new Set(['text', 'news', 'welcome', 'dashlist', 'row', 'alertlist', 'pluginlist', 'gettingstarted']);

function isMixed(ref: DataSourceRef | undefined): boolean {
  return ref?.uid === mixedUid;
}

/** Each query with the data source it goes to. */
function queriesOf(p: PanelJSON): SceneDataQuery[] {
  const own = refOf(p.datasource);
  return (p.targets ?? []).map((t: Target) => {
    const named = refOf(t.datasource as never);
    // Of several data sources in one panel, a query that names none goes to the default one.
    const ref = named && !isMixed(named) ? named : isMixed(own) ? { uid: 'default' } : own;
    return { ...t, ...(ref ? { datasource: ref } : { datasource: undefined }) } as SceneDataQuery;
  });
}

/** Values that are in the JSON itself: those of a snapshot. */
function kept(frames: unknown[]): SceneDataNode {
  const series = frames.map((f) => toDataFrame(f));
  return new SceneDataNode({ data: { state: LoadingState.Done, series, timeRange: getDefaultTimeRange() } });
}

/** What the panel's queries answer, with its transformations; undefined for one that asks nothing. */
export function dataOf(p: PanelJSON): SceneDataProvider | undefined {
  if (dataless.has(p.type) || !Object.hasOwn(kinds, p.type)) {
    return undefined;
  }
  if (Array.isArray(p.snapshotData)) {
    return kept(p.snapshotData);
  }
  if (!p.targets?.length) {
    return kept([]);
  }
  const queries = queriesOf(p).filter((q) => !q.hide || usedByExpression(q, p.targets ?? []));
  const own = refOf(p.datasource) ?? (queries[0]?.datasource as DataSourceRef | undefined);
  const source = own?.uid === dashboardSource ? sharedOf(queries) : runnerOf(p, queries, queries.some(isExpression) ? { uid: mixedUid } : own);
  // The library's transformations write into their options.
  return new SceneDataTransformer({ $data: source as never, transformations: (p.transformations ?? []).map(stepOf) as never });
}

/** A transformation that is not known here is told instead of drawing nothing. */
function stepOf(t: DataTransformerConfig): DataTransformerConfig | CustomTransformerDefinition {
  if (t.disabled || standardTransformersRegistry.getIfExists(t.id)) {
    return structuredClone(t);
  }
  return () => () => throwError(() => new Error(`the transformation ${JSON.stringify(t.id)} is not known here`));
}

function usedByExpression(q: SceneDataQuery, all: Target[]): boolean {
  return all.some((t) => isExpression(t) && String(t.expression ?? '').includes(q.refId));
}

function sharedOf(queries: SceneDataQuery[]): SceneDataProvider {
  const first = queries[0] as (SceneDataQuery & { panelId?: number; withTransforms?: boolean }) | undefined;
  return new SharedData({ panelId: first?.panelId ?? 0, withTransforms: Boolean(first?.withTransforms) });
}

function runnerOf(p: PanelJSON, queries: SceneDataQuery[], own: DataSourceRef | undefined): SceneQueryRunner {
  return new SceneQueryRunner({
    datasource: own,
    queries,
    maxDataPoints: number(p.maxDataPoints) || undefined,
    maxDataPointsFromWidth: true,
    minInterval: p.interval || undefined,
    dataLayerFilter: { panelId: p.id ?? 0 },
  });
}

export interface PanelScene {
  key: string;
  panel: PanelJSON;
  local: LocalValue[];
  menu?: VizPanelMenu;
}

/** The variables whose one value holds in a copy of a repeat. */
export function localVariables(local: LocalValue[]): SceneVariableSet | undefined {
  if (!local.length) {
    return undefined;
  }
  return new SceneVariableSet({
    variables: local.map((l) => new LocalValueVariable({ name: l.name, value: l.value, text: l.text, isMulti: true })),
  });
}

/** What a panel on show can take on without asking for its data again. */
const looks = new Set(['title', 'description', 'options', 'fieldConfig', 'transparent', 'links', 'libraryPanel', 'gridPos']);

/** Whether two states of a panel ask for the same and are of the same kind. */
export function sameQuestions(a: PanelJSON, b: PanelJSON): boolean {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((k) => looks.has(k) || isEqual(a[k], b[k]));
}

function headOf(p: PanelJSON) {
  return {
    title: p.title ?? '',
    description: p.description,
    displayMode: p.transparent ? ('transparent' as const) : ('default' as const),
    hoverHeader: (p.title ?? '') === '' && !p.timeFrom && !p.timeShift,
    titleItems: [...(p.links?.length ? [new PanelLinks({ links: p.links })] : []), new PanelNotices({})],
  };
}

/** A panel on show looks as its JSON says now. */
export function restyle(viz: VizPanel, p: PanelJSON): void {
  viz.setState(headOf(p));
  viz.onFieldConfigChange(structuredClone(p.fieldConfig ?? { defaults: {}, overrides: [] }), true);
  viz.onOptionsChange(structuredClone(p.options ?? {}), true);
}

type Look = Pick<VizPanel['state'], 'options' | 'fieldConfig'>;

/** The JSON of a panel whose look has changed on show; the same where it has not. */
export function touched(p: PanelJSON, before: Look, now: Look): PanelJSON {
  if (isEqual(before.options, now.options) && isEqual(before.fieldConfig, now.fieldConfig)) {
    return p;
  }
  const options = takeOn(p.options, before.options, now.options);
  const fieldConfig = takeOn(p.fieldConfig, before.fieldConfig, now.fieldConfig);
  return { ...p, ...(options !== undefined && { options }), ...(fieldConfig !== undefined && { fieldConfig }) } as PanelJSON;
}

export function vizPanelOf({ key, panel: p, local, menu }: PanelScene): VizPanel {
  const ownTime = p.timeFrom || p.timeShift;
  return new VizPanel({
    key,
    ...headOf(p),
    pluginId: p.type,
    options: (p.options ?? {}) as never,
    fieldConfig: (p.fieldConfig ?? { defaults: {}, overrides: [] }) as never,
    pluginVersion: p.pluginVersion,
    $data: dataOf(p),
    $variables: localVariables(local),
    $timeRange: ownTime ? new PanelTimeRange({ timeFrom: p.timeFrom ?? undefined, timeShift: p.timeShift ?? undefined, hide: p.hideTimeOverride }) : undefined,
    menu,
    extendPanelContext: (viz, context) => {
      offerFilters(viz, context);
      offerAnnotations(viz, context, p.id ?? 0);
    },
  });
}
