/* The views of Explore: queries, their answer as a graph and a table, and what they are made of. */
import { css } from '@emotion/css';
import { rangeUtil, type GrafanaTheme2 } from '@grafana/data';
import { Button, Combobox, InlineField, InlineSwitch, Stack, useStyles2 } from '@grafana/ui';
import { useId, useMemo, useState } from 'react';
import { useSearchParams } from 'react-router-dom';
import { registry } from '../../boot/runtime';
import { Empty, Failed } from '../../components/States';
import { HttpError } from '../../api/http';
import { PrometheusSource } from '../../datasource/prometheus';
import { useAsync } from '../../lib/useAsync';
import { Answer } from './Answer';
import { copies, type Range, type Target } from './copies';
import { keepQuery } from './history';
import { QueryRow } from './QueryRow';
import { askedOf, changedQuery, dropPane, movedQuery, ownParams, readPane, suffixes, withoutQuery, withQuery, writePane, type ExploreQuery, type Pane } from './state';

export interface ExploreProps {
  /** The parameter of the address that names the data source, and what people call it. */
  dsParam: string;
  dsLabel: string;
  /** Of commands to copy: the variable of a token, the region, and the metrics workspace's address, empty if there is none or it is not told. */
  token: string;
  region?: string;
  addressOf: (uid: string) => Promise<string>;
  onDs?: (uid: string) => void;
}

export function ExplorePanes(props: ExploreProps) {
  const { dsParam } = props;
  const s = useStyles2(styles);
  const [address, setAddress] = useSearchParams();
  const params = useMemo(() => ownParams(address, dsParam), [address, dsParam]);
  const split = params.has('split');
  const edit = (how: (next: URLSearchParams) => void) =>
    setAddress((before) => {
      const next = new URLSearchParams(ownParams(before, dsParam));
      how(next);
      return next;
    });
  const change = (suffix: string) => (p: Partial<Pane>) => edit((next) => writePane(next, suffix, dsParam, { ...readPane(next, suffix, dsParam), ...p }));
  const toggle = () =>
    edit((next) => {
      dropPane(next, suffixes[1], dsParam);
      next.delete('split');
      if (!split) {
        next.set('split', '1');
        writePane(next, suffixes[1], dsParam, readPane(next, suffixes[0], dsParam));
      }
    });
  return (
    <div className={s.panes}>
      <h1 className="visually-hidden">Explore</h1>
      {suffixes.slice(0, split ? 2 : 1).map((suffix) => (
        <ExplorePane key={suffix} {...props} pane={readPane(params, suffix, dsParam)} change={change(suffix)} extra={suffix === '' && <Button variant="secondary" icon="columns" onClick={toggle}>{split ? 'One view' : 'Split'}</Button>} />
      ))}
    </div>
  );
}

/** What was written into queries and not run yet, by letter; it counts as long as the query is the one it was written into. */
type Drafts = Record<string, { over: string; text: string }>;

function ExplorePane({ pane, change, extra, dsLabel, token, region, addressOf, onDs }: ExploreProps & { pane: Pane; change: (p: Partial<Pane>) => void; extra?: React.ReactNode }) {
  const s = useStyles2(styles);
  const named = useId();
  const sources = registry.getList().filter((d) => d.type === 'prometheus' || d.type === 'grafana-amazonprometheus-datasource');
  const uid = pane.ds || (sources.find((d) => d.isDefault) ?? sources[0])?.uid || '';
  const [drafts, setDrafts] = useState<Drafts>({});
  const [round, setRound] = useState(0);
  const { queries } = pane;
  const textOf = (q: ExploreQuery) => (drafts[q.refId]?.over === q.expr ? drafts[q.refId].text : q.expr);
  const set = (next: ExploreQuery[]) => change({ queries: next });
  /** Runs what is written in all queries; one that comes from the history says that instead. */
  const run = (refId?: string, text?: string) => {
    const next = queries.map((q) => ({ ...q, expr: q.refId === refId && text !== undefined ? text : textOf(q) }));
    [...next].reverse().filter((q) => q.refId !== refId).forEach((q) => keepQuery(q.expr));
    setDrafts({});
    change({ queries: next, ds: uid });
    setRound((n) => n + 1);
  };
  const duplicate = (q: ExploreQuery) => set(withQuery(queries, { ...q, expr: textOf(q) }));
  if (!sources.length) {
    return <Failed error={new HttpError(404, 'This Grafana workspace has no Prometheus data source. An administrator adds one.')} />;
  }
  const asked = askedOf(queries);
  return (
    <section className={s.pane} aria-label="Explore">
      <Stack wrap="wrap" gap={1} alignItems="center">
        <span id={`${named}-ds`} className="visually-hidden">{dsLabel}</span>
        <Combobox aria-labelledby={`${named}-ds`} width={28} options={sources.map((d) => ({ value: d.uid, label: d.name }))} value={uid} onChange={(o) => { onDs?.(o.value); change({ ds: o.value, queries: queries.map(({ ds: _, ...q }) => q) }); }} />
        <Button variant="secondary" icon="plus" onClick={() => set(withQuery(queries))}>Add query</Button>
        {extra}
        <InlineField label="Exemplars" htmlFor={`${named}-exemplars`} transparent><InlineSwitch id={`${named}-exemplars`} transparent value={pane.exemplars} onChange={(e) => change({ exemplars: e.currentTarget.checked })} /></InlineField>
        <span className={s.gap} />
        <Button onClick={() => run()} icon="play">Run</Button>
      </Stack>
      {queries.map((q, i) => (
        <SourceOf key={q.refId} uid={q.ds ?? uid} token={token} region={region} addressOf={addressOf}>
          {(prom, target) => {
            const filled = (expr: string) => (prom ? prom.interpolated(expr, windows) : expr);
            return (
              <QueryRow
                query={q} text={textOf(q)} setText={(text) => setDrafts((d) => ({ ...d, [q.refId]: { over: q.expr, text } }))} run={(kept) => (kept === undefined ? run() : run(q.refId, kept))} source={prom} filled={filled}
                change={(more) => set(changedQuery(queries, q.refId, more))} copies={copies(target, filled(textOf(q)), rangeOf(pane, q))} range={{ from: pane.from, to: pane.to, round }}
                at={i} of={queries.length} duplicate={() => duplicate(q)} remove={() => set(withoutQuery(queries, q.refId))} move={(by) => set(movedQuery(queries, q.refId, by))}
              />
            );
          }}
        </SourceOf>
      ))}
      {!asked.length && (queries.some((q) => q.expr.trim()) ? <Empty message="All queries are switched off">Switch one on to see what it answers.</Empty> : <Empty message="Nothing is asked yet">Write PromQL above and press Run. Metrics lists what there is to ask for.</Empty>)}
      {asked.length > 0 && <Answer key={`${uid} ${JSON.stringify([asked, pane.exemplars, round])}`} pane={pane} uid={uid} change={change} />}
    </section>
  );
}

interface SourceProps extends Pick<ExploreProps, 'token' | 'region' | 'addressOf'> {
  uid: string;
  children: (source: PrometheusSource | undefined, target: Target) => React.ReactNode;
}

/** The data source of a query, and where commands find it. */
function SourceOf({ uid, token, region, addressOf, children }: SourceProps) {
  const source = useAsync(() => registry.get(uid), [uid]);
  const address = useAsync(() => addressOf(uid).catch(() => ''), [uid]);
  const settings = registry.getInstanceSettings(uid);
  const target: Target = { token, url: new URL(settings?.url ?? '', window.location.origin).href, workspace: address.state === 'done' ? address.value : '', region: region ?? (settings?.jsonData as { sigV4Region?: string } | undefined)?.sigV4Region };
  return <>{children(source.state === 'done' && source.value instanceof PrometheusSource ? source.value : undefined, target)}</>;
}

/** The range of a query that is for a graph alone. */
function rangeOf({ from, to }: Pane, q: ExploreQuery): Range | undefined {
  if (q.kind !== 'range') {
    return undefined;
  }
  const r = rangeUtil.convertRawToRange({ from, to });
  return { start: r.from.unix(), end: r.to.unix() };
}

/** The windows of Grafana, as usual ones. */
const windows = Object.fromEntries([['__rate_interval', '5m'], ['__interval', '1m'], ['__range', '1h']].map(([k, value]) => [k, { value, text: value }]));

const styles = (t: GrafanaTheme2) => ({
  panes: css({ display: 'flex', gap: t.spacing(1), padding: t.spacing(1.5), alignItems: 'flex-start', [t.breakpoints.down('md')]: { flexDirection: 'column' } }),
  pane: css({ flex: 1, minWidth: 0, width: '100%', display: 'flex', flexDirection: 'column', gap: t.spacing(1.5) }),
  gap: css({ flex: 1 }),
});
