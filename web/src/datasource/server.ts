import { dataFrameFromJSON, LoadingState, type DataFrameJSON, type DataQuery, type DataQueryRequest, type DataQueryResponse, type DataSourceApi } from '@grafana/data';
import { getTemplateSrv } from '@grafana/runtime';
import { send } from '../api/http';

/** What expressions name as their data source. */
export const expressionUid = '__expr__';

interface Results {
  results?: Record<string, { frames?: DataFrameJSON[]; error?: string; status?: number } | undefined>;
}

type Query = DataQuery & { expression?: string };

export const isExpression = (q: DataQuery) => q.datasource?.uid === expressionUid || q.datasource?.type === expressionUid;

/**
 * Asks Hearth for queries and the expressions on their results, which it evaluates as it
 * does for alert rules.
 */
export async function askServer(request: DataQueryRequest, sourceOf: (q: DataQuery) => Promise<DataSourceApi>): Promise<DataQueryResponse> {
  const { range, scopedVars, filters, intervalMs, maxDataPoints } = request;
  const queries = await Promise.all(
    request.targets.map(async (q: Query) => {
      const asked = { ...q, intervalMs, maxDataPoints };
      if (isExpression(q)) {
        return { ...asked, datasource: { type: expressionUid, uid: expressionUid }, expression: getTemplateSrv().replace(q.expression ?? '', scopedVars) };
      }
      const source = await sourceOf(q);
      // What depends on the step is left to whoever chooses it.
      const { __interval: _, __interval_ms: __, ...vars } = scopedVars;
      const [filled] = source.interpolateVariablesInQueries?.([asked as never], vars, filters) ?? [asked];
      return { ...filled, datasource: source.getRef() };
    })
  );
  const json = { queries, from: String(range.from.valueOf()), to: String(range.to.valueOf()) };
  const answer = (await (await send('/api/ds/query', { method: 'POST', json })).json()) as Results;
  const shown = request.targets.filter((t) => !t.hide).map((t) => [t.refId, answer.results?.[t.refId]] as const);
  const errors = shown.flatMap(([refId, r]) => (r?.error ? [{ refId, message: r.error, status: r.status }] : []));
  return {
    data: shown.flatMap(([refId, r]) => (r?.frames ?? []).map((f) => ({ refId, ...dataFrameFromJSON(f) }))),
    state: errors.length ? LoadingState.Error : LoadingState.Done,
    errors: errors.length ? errors : undefined,
  };
}
