/* The routes of a workspace's Alertmanager, as a tree, and where an alert would go. */
import { css, cx } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Field, Input, LinkButton, useStyles2 } from '@grafana/ui';
import { useState } from 'react';
import { parseMatchers } from '../api/plane';
import { messageOf } from '../api/http';
import { Section, Shown } from '../console/parts';
import { useAsync } from '../lib/useAsync';
import { AlertsPage, NoManager } from './around';
import { goes, type Receiver, type Route } from './routing';
import { useAlertSource, type AlertSource } from './source';

async function read(source: AlertSource) {
  const routing = await source.routing();
  return routing && { ...routing, alerts: await source.alerts().catch(() => []) };
}

export function RoutesPage() {
  return <AlertsPage title="Routes" at="/alerts/routes"><Tree /></AlertsPage>;
}

function Tree() {
  const source = useAlertSource();
  const found = useAsync(() => read(source), [source]);
  const [text, setText] = useState('');
  return (
    <Shown of={found} what="the routes">
      {(r) => {
        if (!r?.route) {
          return <NoManager />;
        }
        let labels: Record<string, string> = {};
        let error = '';
        try {
          labels = Object.fromEntries(parseMatchers(text).map((m) => [m.name, m.value]));
        } catch (err) {
          error = messageOf(err);
        }
        const asked = text.trim() !== '' && !error;
        const taken = new Set(asked ? goes(r.route, labels) : []);
        const counts = new Map<Route, number>();
        for (const a of r.alerts) {
          for (const x of goes(r.route, a.labels)) {
            counts.set(x, (counts.get(x) ?? 0) + 1);
          }
        }
        return (
          <>
            <Section title="Routes" actions={source.edit && <LinkButton size="sm" variant="secondary" icon="pen" href={source.edit}>Edit</LinkButton>} note="An alert goes down to the first child whose matchers hold, and further where a route continues. The numbers count alerts of now.">
              <Field noMargin label="Where would an alert go?" htmlFor="labels" description="Its labels: alertname=HighLatency, severity=page" invalid={Boolean(error)} error={error}><Input id="labels" value={text} onChange={(e) => setText(e.currentTarget.value)} placeholder="alertname=HighLatency, severity=page" /></Field>
              {asked && <p role="status">It goes to {[...new Set([...taken].map((x) => x.receiver))].join(' and ')}.</p>}
              <ul style={{ listStyle: 'none', padding: 0, margin: 0 }}><Branch of={r.route} receivers={r.receivers} taken={taken} counts={counts} root /></ul>
            </Section>
          </>
        );
      }}
    </Shown>
  );
}

function Branch({ of, receivers, taken, counts, root }: { of: Route; receivers: Map<string, Receiver>; taken: Set<Route>; counts: Map<Route, number>; root?: boolean }) {
  const s = useStyles2(styles);
  const n = counts.get(of) ?? 0;
  const to = receivers.get(of.receiver);
  return (
    <li className={cx(!root && s.child)}>
      <div className={cx(s.node, taken.has(of) && s.taken)}>
        <div>{root && !of.matchers.length ? <strong>every alert</strong> : of.matchers.map((m) => <code key={m.text} className={s.matcher}>{m.text}</code>)}{of.continue && <em className={s.dim}>, then on to the next</em>}</div>
        <div className={s.to}>→ <strong>{of.receiver}</strong> <span className={s.dim}>{to ? to.kinds.join(', ') || 'nobody' : ''}</span>{n > 0 && <span className={s.count}>{n === 1 ? '1 alert' : `${n} alerts`}</span>}</div>
        <small className={s.dim}>grouped by {of.groupBy.join(', ') || 'nothing'}; waits {of.groupWait}, then every {of.groupInterval}; again after {of.repeatInterval}{of.mute.length > 0 && `; muted in ${of.mute.join(', ')}`}{of.active.length > 0 && `; only in ${of.active.join(', ')}`}</small>
      </div>
      {of.routes.length > 0 && <ul className={s.children}>{of.routes.map((c, i) => <Branch key={i} of={c} receivers={receivers} taken={taken} counts={counts} />)}</ul>}
    </li>
  );
}

const styles = (t: GrafanaTheme2) => ({
  children: css({ listStyle: 'none', margin: 0, padding: 0, paddingLeft: t.spacing(3), [t.breakpoints.down('md')]: { paddingLeft: t.spacing(1.5) } }),
  child: css({ position: 'relative', paddingTop: t.spacing(1), '&::before': { content: '""', position: 'absolute', left: -14, top: 0, bottom: 0, borderLeft: `1px solid ${t.colors.border.medium}` }, '&:last-child::before': { bottom: 'auto', height: 28 }, '&::after': { content: '""', position: 'absolute', left: -14, top: 28, width: 14, borderTop: `1px solid ${t.colors.border.medium}` } }),
  node: css({ display: 'inline-flex', flexDirection: 'column', gap: 2, maxWidth: '100%', padding: t.spacing(1, 1.5), border: `1px solid ${t.colors.border.medium}`, borderRadius: 6, background: t.colors.background.secondary }),
  taken: css({ borderColor: t.colors.success.border, boxShadow: `0 0 0 1px ${t.colors.success.border}` }),
  matcher: css({ marginRight: 6, overflowWrap: 'anywhere', whiteSpace: 'normal' }),
  to: css({ display: 'flex', gap: 6, flexWrap: 'wrap' }),
  dim: css({ color: t.colors.text.secondary }),
  count: css({ color: t.colors.error.text }),
});
