/* What became of notifications: from the ledger, with what was sent. */
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { RadioButtonGroup, useStyles2 } from '@grafana/ui';
import { useSearchParams } from 'react-router-dom';
import { detail, details, type Event } from '../api/hearth';
import { Act, Block, Command, Facts, Nothing, Shown, State } from '../console/parts';
import { when } from '../console/words';
import { useAsync } from '../lib/useAsync';
import { AlertsPage } from './around';
import { useAlertSource } from './source';

export function Notifications() {
  return <AlertsPage title="Notifications" at="/alerts/notifications"><Log /></AlertsPage>;
}

const sorts = [
  { label: 'Sent or failed', value: 'ends' },
  { label: 'Everything', value: 'all' },
];

const ends = new Set(['delivered', 'failed', 'failing', 'refused']);

function Log() {
  const source = useAlertSource();
  const s = useStyles2(styles);
  const [params, setParams] = useSearchParams();
  const sort = params.get('show') ?? 'ends';
  const found = useAsync(source.notifications, [source]);
  const choose = (v: string) => {
    const p = new URLSearchParams(params);
    p.set('show', v);
    setParams(p, { replace: true });
  };
  return (
    <>
      <div><RadioButtonGroup aria-label="Which" options={sorts} value={sort} onChange={choose} /></div>
      <Shown of={found} what="the notifications">
        {(all) => {
          const shown = all.filter((e) => sort === 'all' || ends.has(detail(e, 'reason')));
          return shown.length ? <ol className={s.list}>{shown.map((e, i) => <One key={e.time + i} e={e} />)}</ol> : <Nothing title={sort === 'all' ? 'Nothing was to be told yet.' : 'Nothing was sent yet.'} cli={source.workspace && 'hearth why alert NAME'}>{source.workspace && 'The chain from a rule to a person, link by link, for one alert:'}</Nothing>;
        }}
      </Shown>
    </>
  );
}

function One({ e }: { e: Event }) {
  const source = useAlertSource();
  const s = useStyles2(styles);
  const payload = detail(e, 'payload');
  const delivery = detail(e, 'delivery');
  return (
    <li className={s.one}>
      <div className={s.head}><State of={detail(e, 'reason')} /> <strong>{when(e.time)}</strong></div>
      <div>{e.summary}</div>
      {detail(e, 'error') && <div className={s.error}>{detail(e, 'error')}</div>}
      <ul className={s.alerts}>{details(e, 'alert').map((a) => <li key={a}><code className={s.code}>{a}</code></li>)}</ul>
      {detail(e, 'receiver') && (
        <details>
          <summary>How it went, and what was sent</summary>
          <div className={s.more}>
            <Facts of={[['Receiver', detail(e, 'receiver')], ['By', detail(e, 'integration')], ['Route', detail(e, 'route')], ['Group', detail(e, 'group')], ['Why now', detail(e, 'cause')], ['Subject', detail(e, 'subject')], ['Attempts', detail(e, 'attempts')], ['Waits for others', detail(e, 'wait')]]} />
            {payload && <Block label="what was sent" text={pretty(payload)} />}
            {delivery && source.workspace && <Command text={`hearth why delivery ${delivery}`} />}
            {payload && <Again e={e} payload={payload} />}
          </div>
        </details>
      )}
    </li>
  );
}

/** JSON is easier to read with its lines broken. */
function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function Again({ e, payload }: { e: Event; payload: string }) {
  const source = useAlertSource();
  const message = detail(e, 'message_id');
  const cut = payload.endsWith('…');
  if (!detail(e, 'integration').startsWith('sns') || !message || cut) {
    return <small>{cut ? 'What was sent is too long to be kept whole, so that it cannot be sent again as it was.' : 'Only what went through a topic can be sent again; other receivers are told again after the repeat interval.'}</small>;
  }
  return <div><Act icon="message" done="It was published to the topic again" fails="It was not sent again" does={() => source.again(e, payload)}>Send again</Act></div>;
}

const styles = (t: GrafanaTheme2) => ({
  list: css({ listStyle: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column', gap: t.spacing(1) }),
  one: css({ border: `1px solid ${t.colors.border.weak}`, borderRadius: 6, padding: t.spacing(1.5), background: t.colors.background.primary, minWidth: 0 }),
  head: css({ display: 'flex', gap: t.spacing(2), flexWrap: 'wrap' }),
  error: css({ color: t.colors.error.text, overflowWrap: 'anywhere' }),
  alerts: css({ listStyle: 'none', margin: t.spacing(0.5, 0), padding: 0 }),
  code: css({ background: 'none', border: 0, padding: 0, fontSize: 12, color: t.colors.text.secondary, overflowWrap: 'anywhere', whiteSpace: 'normal' }),
  more: css({ display: 'flex', flexDirection: 'column', gap: t.spacing(1), marginTop: t.spacing(1) }),
});
