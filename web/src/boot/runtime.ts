/* The services that @grafana/runtime expects of whoever hosts it. */
import {
  DataQueryError,
  EventBusSrv,
  LoadingState,
  locationUtil,
  PanelPlugin,
  toDataFrame,
  type DataFrame,
  type DataQueryRequest,
  type DataQueryResponse,
  type DataSourceApi,
  type PanelData,
  type ScopedVars,
} from '@grafana/data';
import {
  setAppEvents,
  setBackendSrv,
  setDataSourceSrv,
  setEchoSrv,
  setPluginImportUtils,
  setRunRequest,
  setTemplateSrv,
  type BackendSrv,
  type BackendSrvRequest,
  type FetchResponse,
} from '@grafana/runtime';
import { sceneGraph, type SceneObject } from '@grafana/scenes';
import { catchError, from, map, merge, of, timer, type Observable, share, takeUntil } from 'rxjs';
import { getDataSources, type DataSource } from '../api/grafana';
import { HttpError, isObject, messageOf, send } from '../api/http';
import type { PrometheusAPI } from '../api/prometheus';
import { Registry } from '../datasource/registry';
import { loadPanel } from '../panels/load';
import { page } from './page';
import { activeScene } from '../scene/active';

export const events = new EventBusSrv();
export let registry: Registry;

/** Variables of a query are those where the query stands; elsewhere those of the page. */
function sceneOf(vars: ScopedVars | undefined): SceneObject | undefined {
  const wrapped = vars?.__sceneObject?.value as { valueOf(): SceneObject } | undefined;
  return wrapped?.valueOf() ?? activeScene();
}

function replace(target = '', vars?: ScopedVars, format?: string | Function): string {
  const scene = sceneOf(vars);
  return scene ? sceneGraph.interpolate(scene, target, vars, format as never) : replaceScoped(target, vars);
}

/** Outside of a scene only what came along is known. */
function replaceScoped(target: string, vars: ScopedVars | undefined): string {
  return target.replace(/\$\{(\w+)(?:[.:][^}]*)?\}|\$(\w+)|\[\[(\w+)\]\]/g, (all, a?: string, b?: string, c?: string) => {
    const found = vars?.[a ?? b ?? c ?? ''];
    return found ? String(found.value) : all;
  });
}

function errorOf(err: unknown): DataQueryError {
  return { message: messageOf(err), status: err instanceof HttpError ? err.status : undefined };
}

function panelData(request: DataQueryRequest, r: DataQueryResponse): PanelData {
  const frames = r.data.map((d) => toDataFrame(d) as DataFrame);
  const topic = (f: DataFrame) => (f.meta as { dataTopic?: string } | undefined)?.dataTopic === 'annotations';
  return {
    state: r.state ?? (r.errors?.length || r.error ? LoadingState.Error : LoadingState.Done),
    series: frames.filter((f) => !topic(f)),
    annotations: frames.filter(topic),
    errors: r.errors ?? (r.error ? [r.error] : undefined),
    error: r.error ?? r.errors?.[0],
    timeRange: request.range,
    request: { ...request, endTime: Date.now() },
  };
}

/** How long an answer may take before a panel says that it is loading, milliseconds. */
const patience = 100;

function runRequest(ds: DataSourceApi, request: DataQueryRequest, query?: typeof ds.query): Observable<PanelData> {
  const empty: PanelData = { state: LoadingState.Loading, series: [], timeRange: request.range, request };
  let answer: Observable<PanelData>;
  try {
    const asked = query ? query(request) : ds.query(request);
    answer = (from(asked as Observable<DataQueryResponse>) as Observable<DataQueryResponse>).pipe(
      map((r) => panelData(request, r)),
      catchError((err) => of({ ...empty, state: LoadingState.Error, errors: [errorOf(err)], error: errorOf(err) })),
      share()
    );
  } catch (err) {
    return of({ ...empty, state: LoadingState.Error, errors: [errorOf(err)], error: errorOf(err) });
  }
  return merge(timer(patience).pipe(map(() => empty), takeUntil(answer)), answer);
}

/** For the library's own classes that ask by themselves. */
async function fetchAs<T>(o: BackendSrvRequest): Promise<FetchResponse<T>> {
  let response: Response;
  try {
    response = await send(o.url, {
      method: (o.method ?? 'GET') as never,
      params: o.params,
      json: o.data,
      headers: o.headers,
      signal: o.abortSignal,
    });
  } catch (err) {
    const status = err instanceof HttpError ? err.status : 0;
    const data = err instanceof HttpError && isObject(err.body) ? err.body : { message: messageOf(err) };
    throw { status, data, message: messageOf(err), config: o };
  }
  const { status, statusText, ok, headers, redirected, type, url } = response;
  const data = (o.responseType === 'text' ? await response.text() : await response.json().catch(() => undefined)) as T;
  return { data, status, statusText, ok, headers, redirected, type, url, config: o };
}

function backend(): BackendSrv {
  const request = async <T>(o: BackendSrvRequest) => (await fetchAs<T>(o)).data;
  const by = (method: string) => (url: string, data?: unknown, o?: Partial<BackendSrvRequest>) => request({ ...o, method, url, data });
  return {
    get: (url, params, _id, o) => request({ ...o, method: 'GET', url, params }),
    post: by('POST'),
    put: by('PUT'),
    patch: by('PATCH'),
    delete: by('DELETE'),
    request,
    datasourceRequest: fetchAs,
    fetch: (o) => from(fetchAs(o)),
    chunked: () => {
      throw new Error('Answers in pieces are not asked for here.');
    },
  } as BackendSrv;
}

/** Joins the libraries with this app. Call it once, before anything is drawn. api tells how data sources are asked that are not behind the proxy. */
export async function provideRuntime(load: () => Promise<DataSource[]> = getDataSources, api?: (uid: string) => PrometheusAPI): Promise<void> {
  // Data links are below this Grafana workspace, as all of Grafana's addresses.
  locationUtil.initialize({ config: { appSubUrl: page.base } as never, getTimeRangeForUrl: () => ({}) as never, getVariablesUrlParams: () => ({}) });
  setAppEvents(events);
  setBackendSrv(backend());
  setEchoSrv({ flush() {}, addBackend() {}, addEvent() {} });
  setTemplateSrv({
    getVariables: () => [],
    replace,
    containsTemplate: (target = '') => /\$\w+|\$\{|\[\[/.test(target),
    updateTimeRange() {},
  });
  setRunRequest(runRequest);
  setPluginImportUtils({
    importPanelPlugin: loadPanel,
    getPanelPluginFromCache: () => undefined as PanelPlugin | undefined,
  });
  registry = new Registry(await load(), load, api);
  setDataSourceSrv(registry);
}
