import {
  DataSourceApi,
  LoadingState,
  type DataQueryRequest,
  type DataQueryResponse,
  type DataSourceInstanceSettings,
  type DataSourceJsonData,
  type DataSourcePluginMeta,
  type DataSourceRef,
  type ScopedVars,
  type TestDataSourceResponse,
} from '@grafana/data';
import {
  DataSourceWithBackend,
  getTemplateSrv,
  type DataSourceSrv,
  type GetDataSourceListFilters,
  type RuntimeDataSourceRegistration,
} from '@grafana/runtime';
import { from, map, merge, mergeMap, scan, toArray, type Observable } from 'rxjs';
import type { DataSource } from '../api/grafana';
import type { PrometheusAPI } from '../api/prometheus';
import { sourceUid } from '../model/dashboard';
import { BuiltinSource } from './builtin';
import { PrometheusSource } from './prometheus';
import { askServer, isExpression } from './server';

export const mixedUid = '-- Mixed --';
const builtinUids = ['-- Grafana --', 'grafana'];

function metaOf(type: string): DataSourcePluginMeta {
  return {
    id: type,
    name: type,
    type: 'datasource' as never,
    module: '',
    baseUrl: '',
    metrics: true,
    annotations: true,
    mixed: type === 'mixed',
    builtIn: type === 'mixed' || type === 'grafana' || type === 'datasource',
    info: { author: { name: '' }, description: '', links: [], logos: { large: '', small: '' }, screenshots: [], updated: '', version: '' },
  };
}

function settingsOf(d: DataSource): DataSourceInstanceSettings {
  return {
    id: d.id,
    uid: d.uid,
    name: d.name,
    type: d.type,
    url: d.url,
    isDefault: d.isDefault,
    readOnly: d.readOnly ?? false,
    access: 'proxy',
    jsonData: (d.jsonData ?? {}) as DataSourceJsonData,
    meta: metaOf(d.type),
  };
}

const builtins: DataSource[] = [
  { id: -1, uid: '-- Grafana --', name: '-- Grafana --', type: 'datasource' },
  { id: -2, uid: mixedUid, name: mixedUid, type: 'mixed' },
];

/** Types whose queries go out as Prometheus'. */
export function isPrometheus(type: string | undefined): boolean {
  return type === 'prometheus' || type === 'grafana-amazonprometheus-datasource';
}

/** Sends each query to the data source it names, and all of them to Hearth where there are expressions among them. */
class MixedSource extends DataSourceApi {
  constructor(
    settings: DataSourceInstanceSettings,
    private readonly registry: Registry
  ) {
    super(settings);
  }

  query(request: DataQueryRequest): Observable<DataQueryResponse> {
    if (request.targets.some(isExpression)) {
      return from(askServer(request, (q) => this.registry.get(q.datasource?.uid === mixedUid ? 'default' : q.datasource, request.scopedVars)));
    }
    const groups = new Map<string, typeof request.targets>();
    for (const t of request.targets) {
      const uid = t.datasource?.uid && t.datasource.uid !== mixedUid ? t.datasource.uid : 'default';
      groups.set(uid, [...(groups.get(uid) ?? []), t]);
    }
    const parts = [...groups].map(([uid, targets]) =>
      from(this.registry.get(uid === 'default' ? uid : targets[0].datasource, request.scopedVars)).pipe(
        mergeMap((ds) => from(ds.query({ ...request, targets })) as Observable<DataQueryResponse>)
      )
    );
    return merge(...parts).pipe(
      scan((all: DataQueryResponse[], one) => [...all, one], []),
      toArray(),
      map((steps) => joined(steps[steps.length - 1] ?? []))
    );
  }

  async testDatasource(): Promise<TestDataSourceResponse> {
    return { status: 'success', message: '' };
  }
}

function joined(answers: DataQueryResponse[]): DataQueryResponse {
  const errors = answers.flatMap((a) => a.errors ?? []);
  return {
    data: answers.flatMap((a) => a.data),
    state: errors.length ? LoadingState.Error : LoadingState.Done,
    errors: errors.length ? errors : undefined,
  };
}

/** The data sources of this Grafana workspace. */
export class Registry implements DataSourceSrv {
  private readonly instances = new Map<string, DataSourceApi>();

  constructor(
    private sources: DataSource[],
    private readonly load: () => Promise<DataSource[]>,
    /** How a data source is asked, if not through the proxy. */
    private readonly api?: (uid: string) => PrometheusAPI
  ) {}

  async get(ref?: DataSourceRef | string | null, scopedVars?: ScopedVars): Promise<DataSourceApi> {
    const settings = this.getInstanceSettings(ref, scopedVars);
    if (!settings) {
      throw new Error(`No data source here has the name or uid ${JSON.stringify(this.wanted(ref, scopedVars))}.`);
    }
    let instance = this.instances.get(settings.uid);
    if (!instance) {
      instance = this.make(settings);
      this.instances.set(settings.uid, instance);
    }
    return instance;
  }

  private make(settings: DataSourceInstanceSettings): DataSourceApi {
    let instance: DataSourceApi;
    if (settings.uid === mixedUid) {
      instance = new MixedSource(settings, this);
    } else if (builtinUids.includes(settings.uid)) {
      instance = new BuiltinSource(settings);
    } else if (isPrometheus(settings.type)) {
      instance = new PrometheusSource(settings, this.api?.(settings.uid)) as DataSourceApi;
    } else {
      instance = new DataSourceWithBackend(settings) as unknown as DataSourceApi;
    }
    instance.meta = settings.meta;
    return instance;
  }

  /** The name or uid that is asked for, variables filled in. */
  private wanted(ref: DataSourceRef | string | null | undefined, vars?: ScopedVars): string {
    return getTemplateSrv().replace(sourceUid(ref), vars, (v: unknown) => (Array.isArray(v) ? String(v[0]) : String(v)));
  }

  getInstanceSettings(ref?: DataSourceRef | string | null, vars?: ScopedVars): DataSourceInstanceSettings | undefined {
    const wanted = this.wanted(ref, vars);
    const type = typeof ref === 'object' ? ref?.type : undefined;
    const all = [...this.sources, ...builtins];
    const found =
      all.find((d) => d.uid === wanted) ??
      all.find((d) => d.name === wanted) ??
      (builtinUids.includes(wanted) ? builtins[0] : undefined) ??
      (wanted === '' || wanted === 'default' ? this.standard(type) : undefined);
    return found && settingsOf(found);
  }

  /** The default one, of the wanted type if there is a wish. */
  private standard(type: string | undefined): DataSource | undefined {
    const fitting = type ? this.sources.filter((d) => d.type === type || (isPrometheus(type) && isPrometheus(d.type))) : this.sources;
    return fitting.find((d) => d.isDefault) ?? fitting[0];
  }

  /** The data source that something new asks: the default one, if it is of the wanted type. */
  first(type?: string): DataSourceInstanceSettings | undefined {
    const found = this.standard(type) ?? this.standard(undefined);
    return found && settingsOf(found);
  }

  getList(filters: GetDataSourceListFilters = {}): DataSourceInstanceSettings[] {
    const list = filters.mixed || filters.all ? [...this.sources, ...builtins] : this.sources;
    return list
      .map(settingsOf)
      .filter((d) => !filters.pluginId || d.type === filters.pluginId || (isPrometheus(filters.pluginId) && isPrometheus(d.type)))
      .filter((d) => !filters.type || [filters.type].flat().includes(d.type))
      .filter((d) => !filters.filter || filters.filter(d));
  }

  reload(): void {
    void this.refresh();
  }

  async refresh(): Promise<void> {
    this.sources = await this.load();
    this.instances.clear();
  }

  registerRuntimeDataSource(entry: RuntimeDataSourceRegistration): void {
    this.instances.set(entry.dataSource.uid, entry.dataSource);
  }
}
