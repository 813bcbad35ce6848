import {
  arrayToDataFrame,
  LoadingState,
  type AnnotationEvent,
  type AnnotationQuery,
  type AnnotationSupport,
  type DataQueryRequest,
  type DataQueryResponse,
} from '@grafana/data';
import type { DataQuery } from '@grafana/schema';

/**
 * How the data sources here answer annotations: query() is asked with the
 * annotation in its scoped variables, and answers with one row an event.
 */
export function annotationSupport<Q extends DataQuery>(): AnnotationSupport<Q> {
  return {
    prepareAnnotation: (json: unknown) => json as AnnotationQuery<Q>,
    prepareQuery: () => ({ refId: 'Anno' }) as Q,
  };
}

/** The annotation a request is for; undefined for a panel's request. */
export function annotationOf(request: DataQueryRequest): AnnotationQuery | undefined {
  return request.scopedVars.__annotation?.value as AnnotationQuery | undefined;
}

export function eventFrames(events: AnnotationEvent[]): DataQueryResponse {
  return { data: events.length ? [arrayToDataFrame(events)] : [], state: LoadingState.Done };
}
