/* The views of Explore: a query, its answer as a graph and a table, and what it is made of. */
import { css } from '@emotion/css';
import { rangeUtil, type GrafanaTheme2 } from '@grafana/data';
import { SceneQueryRunner, SceneTimePicker, SceneTimeRange, VizPanel, EmbeddedScene, SceneFlexLayout, SceneFlexItem, sceneGraph } from '@grafana/scenes';
import { Alert, Button, Combobox, Dropdown, Menu, RadioButtonGroup, Stack, useStyles2 } from '@grafana/ui';
import { useEffect, useId, useMemo, useState } from 'react';
import { useSearchParams } from 'react-router-dom';
import { registry } from '../../boot/runtime';
import { PromEditor } from '../../components/PromEditor';
import { Empty, Failed } from '../../components/States';
import { HttpError } from '../../api/http';
import { copyText } from '../../components/copy';
import { PrometheusSource } from '../../datasource/prometheus';
import { useAsync } from '../../lib/useAsync';
import { copies, type Range, type Target } from './copies';
import { Metrics } from './Metrics';
import { Parts } from './Parts';
import { Stats } from './Stats';
import { keepQuery, keptQueries } from './history';

interface Pane {
  ds: string;
  expr: string;
  from: string;
  to: string;
  mode: 'both' | 'range' | 'instant';
}

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

/** A time of the address: seconds or milliseconds since the epoch become a date; dates and now-1h stay. */
function timeText(text: string): string {
  const n = Number(text);
  return text !== '' && Number.isFinite(n) ? new Date(n > 1e11 ? n : n * 1000).toISOString() : text;
}

function paneOf(params: URLSearchParams, suffix: string, dsParam: string): Pane {
  const get = (name: string) => params.get(name + suffix) ?? '';
  const mode = get('mode');
  return { ds: get(dsParam), expr: get('expr'), from: timeText(get('from')) || 'now-1h', to: timeText(get('to')) || 'now', mode: mode === 'range' || mode === 'instant' ? mode : 'both' };
}

export function ExplorePanes(props: ExploreProps) {
  const { dsParam } = props;
  const s = useStyles2(styles);
  const [params, setParams] = useSearchParams();
  const split = params.has('split');
  const change = (suffix: string) => (p: Partial<Pane>) =>
    setParams((before) => {
      const next = new URLSearchParams(before);
      Object.entries(p).forEach(([k, v]) => next.set((k === 'ds' ? dsParam : k) + suffix, v));
      return next;
    });
  const toggle = () =>
    setParams((before) => {
      const next = new URLSearchParams(before);
      if (split) {
        [...next.keys()].filter((k) => k.endsWith('2') || k === 'split').forEach((k) => next.delete(k));
      } else {
        next.set('split', '1');
        Object.entries(paneOf(before, '', dsParam)).forEach(([k, v]) => next.set((k === 'ds' ? dsParam : k) + '2', v));
      }
      return next;
    });
  return (
    <div className={s.panes}>
      <h1 className="visually-hidden">Explore</h1>
      <ExplorePane {...props} pane={paneOf(params, '', dsParam)} change={change('')} extra={<Button variant="secondary" icon="columns" onClick={toggle}>{split ? 'One view' : 'Split'}</Button>} />
      {split && <ExplorePane {...props} pane={paneOf(params, '2', dsParam)} change={change('2')} />}
    </div>
  );
}

function ExplorePane({ pane, change, extra, dsLabel, token, region, addressOf, onDs }: ExploreProps & { pane: Pane; change: (p: Partial<Pane>) => void; extra?: React.ReactNode }) {
  const s = useStyles2(styles);
  const named = useId();
  const sources = registry.getList().filter((d) => d.type === 'prometheus' || d.type === 'grafana-amazonprometheus-datasource');
  const uid = pane.ds || (sources.find((d) => d.isDefault) ?? sources[0])?.uid || '';
  const source = useAsync(() => registry.get(uid), [uid]);
  const prom = source.state === 'done' && source.value instanceof PrometheusSource ? source.value : undefined;
  const address = useAsync(() => addressOf(uid).catch(() => ''), [uid]);
  const [text, setText] = useState(pane.expr);
  const [browsing, setBrowsing] = useState(false);
  const [explaining, setExplaining] = useState(false);
  const [counting, setCounting] = useState(false);
  const [round, setRound] = useState(0);
  useEffect(() => setText(pane.expr), [pane.expr]);
  const run = () => {
    keepQuery(text);
    change({ expr: text, ds: uid });
    setRound((n) => n + 1);
  };
  if (!sources.length) {
    return <Failed error={new HttpError(404, 'This Grafana workspace has no Prometheus data source. An administrator adds one.')} />;
  }
  const history = (
    <Menu>
      {keptQueries().map((q) => <Menu.Item key={q} label={q.length > 90 ? q.slice(0, 90) + '…' : q} onClick={() => { setText(q); change({ expr: q }); }} />)}
      {!keptQueries().length && <Menu.Item label="Queries you run stand here" disabled />}
    </Menu>
  );
  const settings = registry.getInstanceSettings(uid);
  const target: Target = {
    token, url: new URL(settings?.url ?? '', window.location.origin).href, workspace: address.state === 'done' ? address.value : '',
    region: region ?? (settings?.jsonData as { sigV4Region?: string } | undefined)?.sigV4Region,
  };
  const copy = (
    <Menu>
      {copies(target, prom ? filled(prom, text) : text, rangeOf(pane)).map((c) => (
        <Menu.Item key={c.name} label={`Copy as ${c.name}`} onClick={() => void copyText(c.text, 'Copied', c.name)} />
      ))}
    </Menu>
  );
  return (
    <section className={s.pane} aria-label="Explore">
      <Stack wrap="wrap" gap={1} alignItems="center">
        <span id={`${named}-ds`} className="visually-hidden">{dsLabel}</span>
        <Combobox aria-labelledby={`${named}-ds`} width={28} options={sources.map((d) => ({ value: d.uid, label: d.name }))} value={uid} onChange={(o) => { onDs?.(o.value); change({ ds: o.value }); }} />
        <RadioButtonGroup value={pane.mode} options={[{ value: 'both', label: 'Both' }, { value: 'range', label: 'Range' }, { value: 'instant', label: 'Instant' }]} onChange={(mode) => change({ mode: mode as Pane['mode'] })} />
        <Button variant="secondary" icon="book-open" aria-expanded={browsing} onClick={() => setBrowsing(!browsing)}>Metrics</Button>
        <Dropdown overlay={history}><Button variant="secondary" icon="history">History</Button></Dropdown>
        <Button variant="secondary" icon="sitemap" aria-expanded={explaining} onClick={() => setExplaining(!explaining)} disabled={!text.trim()}>Explain</Button>
        <Button variant="secondary" icon="info-circle" aria-expanded={counting} onClick={() => setCounting(!counting)} disabled={!pane.expr.trim()}>Statistics</Button>
        <Dropdown overlay={copy}><Button variant="secondary" icon="copy" disabled={!text.trim()}>Copy as</Button></Dropdown>
        {extra}
      </Stack>
      <Stack gap={1}>
        <div className={s.editor}><PromEditor value={text} source={prom} onChange={setText} onRun={run} /></div>
        <Button onClick={run} icon="play">Run</Button>
      </Stack>
      {browsing && prom && <Metrics api={prom.api} pick={(selector) => setText(selector)} />}
      {explaining && prom && <Parts api={prom.api} expr={filled(prom, text)} />}
      {counting && prom && pane.expr.trim() && <Stats key={round} api={prom.api} expr={filled(prom, pane.expr)} from={pane.from} to={pane.to} instant={pane.mode === 'instant'} />}
      {!pane.expr.trim() && !browsing && <Empty message="Nothing is asked yet">Write PromQL above and press Run. Metrics lists what there is to ask for.</Empty>}
      {pane.expr.trim() && <Answer key={`${uid} ${pane.expr} ${pane.mode} ${round}`} pane={pane} uid={uid} change={change} />}
    </section>
  );
}

/** The range of a pane that shows a graph alone. */
function rangeOf({ mode, from, to }: Pane): Range | undefined {
  if (mode !== 'range') {
    return undefined;
  }
  const r = rangeUtil.convertRawToRange({ from, to });
  return { start: r.from.unix(), end: r.to.unix() };
}

const windows = Object.fromEntries([['__rate_interval', '5m'], ['__interval', '1m'], ['__range', '1h']].map(([k, value]) => [k, { value, text: value }]));

/** The expression with the windows of Grafana filled in, as usual ones. */
const filled = (prom: PrometheusSource, expr: string) => prom.interpolated(expr, windows);

function sceneOf(pane: Pane, uid: string): EmbeddedScene {
  const target = (refId: string, more: Record<string, unknown>) => ({ refId, expr: pane.expr, datasource: { uid, type: 'prometheus' }, ...more });
  const runner = (queries: Array<Record<string, unknown> & { refId: string }>) => new SceneQueryRunner({ datasource: { uid, type: 'prometheus' }, queries: queries as never, maxDataPointsFromWidth: true });
  const graph = new VizPanel({
    title: 'Graph', pluginId: 'timeseries', $data: runner([target('A', { range: true, legendFormat: '__auto' })]),
    options: { legend: { showLegend: true, displayMode: 'table', placement: 'bottom', calcs: ['lastNotNull', 'max'] }, tooltip: { mode: 'multi', sort: 'desc' } } as never,
    fieldConfig: { defaults: { custom: { fillOpacity: 0 } as never }, overrides: [] },
  });
  const table = new VizPanel({ title: 'Table', pluginId: 'table', $data: runner([target('A', { instant: true, range: false, format: 'table' })]), options: { showHeader: true } as never });
  return new EmbeddedScene({
    $timeRange: new SceneTimeRange({ from: pane.from, to: pane.to }),
    controls: [new SceneTimePicker({ isOnCanvas: true })],
    body: new SceneFlexLayout({
      direction: 'column',
      children: [
        ...(pane.mode !== 'instant' ? [new SceneFlexItem({ minHeight: 380, body: graph })] : []),
        ...(pane.mode !== 'range' ? [new SceneFlexItem({ minHeight: 300, body: table })] : []),
      ],
    }),
  });
}

/** Tells what the queries of a scene end in: an error's words, or nothing. Returns how to stop. */
function failures(scene: EmbeddedScene, told: (text: string) => void): () => void {
  const runners = sceneGraph.findAllObjects(scene, (o) => o instanceof SceneQueryRunner) as SceneQueryRunner[];
  const subs = runners.map((r) => r.subscribeToState(() => told(runners.map((x) => x.state.data?.errors?.[0]?.message ?? '').find(Boolean) ?? '')));
  return () => subs.forEach((s) => s.unsubscribe());
}

function Answer({ pane, uid, change }: { pane: Pane; uid: string; change: (p: Partial<Pane>) => void }) {
  const scene = useMemo(() => sceneOf(pane, uid), []); // eslint-disable-line react-hooks/exhaustive-deps
  const [wrong, setWrong] = useState('');
  useEffect(() => {
    const sub = scene.state.$timeRange?.subscribeToState((s) => change({ from: s.from, to: s.to }));
    const errors = failures(scene, setWrong);
    return () => {
      sub?.unsubscribe();
      errors();
    };
  }, [scene]); // eslint-disable-line react-hooks/exhaustive-deps
  return (
    <>
      {wrong && <Alert severity="error" title="The query was refused">{wrong}</Alert>}
      <div style={{ display: wrong ? 'none' : undefined }}><scene.Component model={scene} /></div>
    </>
  );
}

const styles = (t: GrafanaTheme2) => ({
  panes: css({ display: 'flex', gap: t.spacing(1), padding: t.spacing(1.5), alignItems: 'flex-start', [t.breakpoints.down('md')]: { flexDirection: 'column' } }),
  pane: css({ flex: 1, minWidth: 0, width: '100%', display: 'flex', flexDirection: 'column', gap: t.spacing(1.5) }),
  editor: css({ flex: 1, minWidth: 0 }),
});
