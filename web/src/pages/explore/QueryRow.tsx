/* One query of Explore: what is asked and how, and what can be done with it. */
import { css, cx } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Badge, Button, Dropdown, IconButton, Menu, RadioButtonGroup, useStyles2 } from '@grafana/ui';
import { useState } from 'react';
import { registry } from '../../boot/runtime';
import { copyText } from '../../components/copy';
import { Legend } from '../../components/Legend';
import { PromEditor } from '../../components/PromEditor';
import type { PrometheusSource } from '../../datasource/prometheus';
import type { Copy } from './copies';
import { keptQueries } from './history';
import { Metrics } from './Metrics';
import { Parts } from './Parts';
import type { ExploreQuery, Kind } from './state';
import { Stats } from './Stats';

const kinds: Array<{ value: Kind; label: string }> = [{ value: 'both', label: 'Both' }, { value: 'range', label: 'Range' }, { value: 'instant', label: 'Instant' }];

interface Props {
  query: ExploreQuery;
  /** The expression as it is being written. */
  text: string;
  setText: (text: string) => void;
  /** Runs all queries of the view; this one as it is told, if it comes from the history. */
  run: (kept?: string) => void;
  change: (more: Partial<ExploreQuery>) => void;
  source: PrometheusSource | undefined;
  /** An expression with Grafana's windows filled in. */
  filled: (expr: string) => string;
  copies: Copy[];
  range: { from: string; to: string; round: number };
  /** Where it stands among how many. */
  at: number;
  of: number;
  duplicate: () => void;
  remove: () => void;
  move: (by: number) => void;
}

type Opened = 'metrics' | 'explain' | 'stats';

export function QueryRow(p: Props) {
  const { query: q, text, setText, run, change, source } = p;
  const s = useStyles2(styles);
  const [opened, setOpened] = useState<Opened[]>([]);
  const is = (o: Opened) => opened.includes(o);
  const toggle = (o: Opened) => () => setOpened(is(o) ? opened.filter((x) => x !== o) : [...opened, o]);
  const quiet = { variant: 'secondary', fill: 'text', size: 'sm' } as const;
  const history = (
    <Menu>
      {keptQueries().map((k) => <Menu.Item key={k} label={k.length > 90 ? k.slice(0, 90) + '…' : k} onClick={() => run(k)} />)}
      {!keptQueries().length && <Menu.Item label="Queries you run stand here" disabled />}
    </Menu>
  );
  const copy = <Menu>{p.copies.map((c) => <Menu.Item key={c.name} label={`Copy as ${c.name}`} onClick={() => void copyText(c.text, 'Copied', c.name)} />)}</Menu>;
  return (
    <div role="group" aria-label={`Query ${q.refId}`} className={cx(s.row, q.hide && s.off)}>
      <div className={s.head}>
        <strong className={s.ref}>{q.refId}</strong>
        {q.ds && <Badge color="blue" text={registry.getInstanceSettings(q.ds)?.name ?? q.ds} />}
        <RadioButtonGroup size="sm" aria-label={`Type of query ${q.refId}`} value={q.kind} options={kinds} onChange={(kind) => change({ kind })} />
        <Legend id={`explore-legend-${q.refId}`} label={`Legend of query ${q.refId}`} value={q.legend} set={(legend) => change({ legend })} />
        <div className={s.acts}>
          <Button {...quiet} icon="book-open" aria-expanded={is('metrics')} onClick={toggle('metrics')}>Metrics</Button>
          <Dropdown overlay={history}><Button {...quiet} icon="history">History</Button></Dropdown>
          <Button {...quiet} icon="sitemap" aria-expanded={is('explain')} onClick={toggle('explain')} disabled={!text.trim()}>Explain</Button>
          <Button {...quiet} icon="info-circle" aria-expanded={is('stats')} onClick={toggle('stats')} disabled={!q.expr.trim()}>Statistics</Button>
          <Dropdown overlay={copy}><Button {...quiet} icon="clipboard-alt" disabled={!text.trim()}>Copy as</Button></Dropdown>
          <span className={s.icons}>
            {p.of > 1 && <IconButton name="arrow-up" tooltip={`Move query ${q.refId} up`} disabled={p.at === 0} onClick={() => p.move(-1)} />}
            {p.of > 1 && <IconButton name="arrow-down" tooltip={`Move query ${q.refId} down`} disabled={p.at === p.of - 1} onClick={() => p.move(1)} />}
            <IconButton name="copy" tooltip={`Duplicate query ${q.refId}`} onClick={p.duplicate} />
            <IconButton name={q.hide ? 'eye-slash' : 'eye'} tooltip={q.hide ? `Switch query ${q.refId} on` : `Switch query ${q.refId} off`} onClick={() => change({ hide: !q.hide })} />
            {p.of > 1 && <IconButton name="trash-alt" tooltip={`Remove query ${q.refId}`} onClick={p.remove} />}
          </span>
        </div>
      </div>
      <PromEditor value={text} source={source} onChange={setText} onRun={() => run()} />
      {is('metrics') && source && <Metrics api={source.api} pick={setText} />}
      {is('explain') && source && text.trim() && <Parts api={source.api} expr={p.filled(text)} />}
      {is('stats') && source && q.expr.trim() && <Stats key={p.range.round} api={source.api} expr={p.filled(q.expr)} from={p.range.from} to={p.range.to} instant={q.kind === 'instant'} />}
    </div>
  );
}

const styles = (t: GrafanaTheme2) => ({
  row: css({ display: 'flex', flexDirection: 'column', gap: t.spacing(1), padding: t.spacing(1, 1.5, 1.5), background: t.colors.background.primary, border: `1px solid ${t.colors.border.weak}`, borderRadius: t.shape.radius.default }),
  off: css({ '& [data-testid=promql]': { opacity: 0.55 } }),
  head: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: t.spacing(0.5, 1), minHeight: 32 }),
  ref: css({ color: t.colors.primary.text, minWidth: 16 }),
  acts: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: t.spacing(0.5, 1), marginLeft: 'auto', [t.breakpoints.down('md')]: { marginLeft: t.spacing(-1) } }),
  icons: css({ display: 'inline-flex', gap: t.spacing(0.5), paddingLeft: t.spacing(0.5) }),
});
