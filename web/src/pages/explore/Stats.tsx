/* What a query costs: how long it took, how much it read. */
import { css } from '@emotion/css';
import { rangeUtil, type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import type { PrometheusAPI } from '../../api/prometheus';
import { Failed, Loading } from '../../components/States';
import { useAsync } from '../../lib/useAsync';

interface Props {
  api: PrometheusAPI;
  expr: string;
  from: string;
  to: string;
  instant: boolean;
}

/** How many steps a range is asked in, as a graph does. */
const steps = 400;

async function ask({ api, expr, from, to, instant }: Props) {
  const range = rangeUtil.convertRawToRange({ from, to });
  const start = range.from.valueOf() / 1000;
  const end = range.to.valueOf() / 1000;
  const began = performance.now();
  const answer = instant ? await api.query({ query: expr, time: end, stats: 'all' }) : await api.queryRange({ query: expr, start, end, step: Math.max(1, Math.ceil((end - start) / steps)), stats: 'all' });
  const series = answer.data.resultType === 'vector' || answer.data.resultType === 'matrix' ? answer.data.result.length : 1;
  return { stats: answer.stats, series, took: performance.now() - began, notes: [...answer.warnings, ...answer.infos] };
}

const ms = (seconds: number | undefined) => (seconds === undefined ? '' : `${(seconds * 1000).toFixed(1)} ms`);
const number = (n: number | undefined) => (n === undefined ? '' : n.toLocaleString('en-US'));

export function Stats(props: Props) {
  const s = useStyles2(styles);
  const found = useAsync(() => ask(props), [props.expr, props.from, props.to, props.instant]);
  if (found.state === 'loading') {
    return <Loading what="the statistics" />;
  }
  if (found.state === 'failed') {
    return <Failed error={found.error} retry={found.again} />;
  }
  const { stats, series, took, notes } = found.value;
  const t = stats?.timings ?? {};
  const facts: [string, string][] = [
    ['Series', number(series)],
    ['Samples read', number(stats?.samples?.totalQueryableSamples)],
    ['Most at once', number(stats?.samples?.peakSamples)],
    ['Evaluated in', ms(t.evalTotalTime)],
    ['of that finding series', ms(t.queryPreparationTime)],
    ['Waited for a place', ms(t.execQueueTime)],
    ['With the way here', `${took.toFixed(0)} ms`],
  ];
  return (
    <div>
      <dl className={s.facts} aria-label="Statistics of the query">{facts.filter(([, v]) => v).map(([k, v]) => <div key={k}><dt className={s.name}>{k}</dt><dd className={s.value}>{v}</dd></div>)}</dl>
      {notes.map((n) => <p key={n}>{n}</p>)}
    </div>
  );
}

const styles = (t: GrafanaTheme2) => ({
  facts: css({ display: 'flex', flexWrap: 'wrap', gap: t.spacing(1, 4), margin: 0 }),
  name: css({ color: t.colors.text.secondary, fontSize: 12, fontWeight: 400 }),
  value: css({ margin: 0, fontVariantNumeric: 'tabular-nums' }),
});
