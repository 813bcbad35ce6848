import {
  DataSourceApi,
  LoadingState,
  type AnnotationEvent,
  type AnnotationQuery,
  type DataQueryRequest,
  type DataQueryResponse,
  type DataSourceInstanceSettings,
  type TestDataSourceResponse,
  type TimeRange,
} from '@grafana/data';
import { getTemplateSrv } from '@grafana/runtime';
import { from, map, of, type Observable } from 'rxjs';
import { getAnnotations } from '../api/grafana';
import { annotationOf, annotationSupport, eventFrames } from './annotations';
import { currentDashboard } from '../scene/current';

interface BuiltinAnnotation extends AnnotationQuery {
  type?: string;
  tags?: string[];
  limit?: number;
  matchAny?: boolean;
}

/** The data source "-- Grafana --": the annotations kept in the Grafana workspace. */
export class BuiltinSource extends DataSourceApi {
  constructor(settings: DataSourceInstanceSettings) {
    super(settings);
    this.annotations = annotationSupport();
  }

  query(request: DataQueryRequest): Observable<DataQueryResponse> {
    const annotation = annotationOf(request);
    if (!annotation) {
      return of({ data: [], state: LoadingState.Done });
    }
    return from(this.events(annotation as BuiltinAnnotation, request.range)).pipe(map(eventFrames));
  }

  private async events(a: BuiltinAnnotation, range: TimeRange): Promise<AnnotationEvent[]> {
    const target = { ...a, ...(a.target as Partial<BuiltinAnnotation> | undefined) };
    const byTags = target.type === 'tags' && (target.tags?.length ?? 0) > 0;
    const uid = currentDashboard();
    if (!byTags && !uid) {
      return [];
    }
    const found = await getAnnotations({
      from: range.from.valueOf(),
      to: range.to.valueOf(),
      limit: target.limit ?? 100,
      matchAny: byTags ? target.matchAny : undefined,
      tags: byTags ? target.tags?.map((t) => getTemplateSrv().replace(t)) : undefined,
      dashboardUID: byTags ? undefined : uid,
    });
    return found.map((f) => ({ ...f, id: String(f.id), isRegion: Boolean(f.timeEnd && f.timeEnd !== f.time) }));
  }

  async testDatasource(): Promise<TestDataSourceResponse> {
    return { status: 'success', message: '' };
  }
}
