import type { DataQueryRequest } from '@grafana/data';
import { getDataSourceSrv } from '@grafana/runtime';
import { Button, Toggletip } from '@grafana/ui';
import { useState } from 'react';
import { messageOf } from '../api/http';
import { PrometheusSource } from '../datasource/prometheus';
import type { PromQuery } from '../datasource/query';
import { explain, type Finding } from '../lib/why';

interface Props {
  request?: DataQueryRequest;
  compact?: boolean;
}

async function findings(request: DataQueryRequest): Promise<Finding[]> {
  const out: Finding[] = [];
  for (const target of request.targets as PromQuery[]) {
    const ds = await getDataSourceSrv().get(target.datasource, request.scopedVars);
    if (!(ds instanceof PrometheusSource) || !target.expr) {
      continue;
    }
    const vars = { ...request.scopedVars, __interval: { value: '1m', text: '1m' }, __interval_ms: { value: '60000', text: '60000' }, __range_s: { value: '3600', text: '3600' }, __range_ms: { value: '3600000', text: '3600000' }, __rate_interval: { value: '5m', text: '5m' }, __range: { value: '1h', text: '1h' } };
    const expr = ds.interpolated(target.expr, vars, request.filters);
    out.push(...(await explain(ds.api, expr, { start: request.range.from.unix(), end: request.range.to.unix() })));
  }
  return out;
}

/** Tells, when asked, why a panel's queries found nothing. */
export function WhyNoData({ request, compact }: Props) {
  const [found, setFound] = useState<Finding[] | string>();
  if (!request?.targets.some((t) => 'expr' in t)) {
    return null;
  }
  const ask = () => {
    findings(request).then(setFound, (err: unknown) => setFound(messageOf(err)));
  };
  const told = (
    <div role="status" style={{ maxWidth: 420 }}>
      {found === undefined && 'Looking…'}
      {typeof found === 'string' && found}
      {Array.isArray(found) && (found.length ? <ul style={{ paddingLeft: 16, margin: 0 }}>{found.map((f, i) => <li key={i}>{f.text}{f.nearest.length > 0 && <> Nearest: {f.nearest.map((n) => <code key={n} style={{ marginRight: 4 }}>{n}</code>)}</>}</li>)}</ul> : 'Every series the query names exists in this range; the expression itself leaves nothing (a comparison or a match between series).')}
    </div>
  );
  return (
    <Toggletip content={told} onOpen={ask} placement="bottom">
      <Button size="sm" variant="secondary" fill={compact ? 'text' : 'outline'}>Why?</Button>
    </Toggletip>
  );
}
