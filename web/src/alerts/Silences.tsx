/* Silences: those there are, and a new one with what it would silence. */
import { Button, Checkbox, Field, Input, LinkButton, Stack, TextArea } from '@grafana/ui';
import { useEffect, useState } from 'react';
import { useNavigate, useSearchParams } from 'react-router-dom';
import { matcherText, parseMatchers, type Alert, type Matcher, type Silence } from '../api/plane';
import { messageOf } from '../api/http';
import { page } from '../boot/page';
import { toast } from '../components/Toasts';
import { Act, Failure, Labels, Nothing, Rows, Section, Shown, State, useNow } from '../console/parts';
import { ago, seconds, when } from '../console/words';
import { useAsync } from '../lib/useAsync';
import { AlertsPage, useAgain, WithManager } from './around';
import { useAlertSource } from './source';

export function Silences() {
  return <AlertsPage title="Silences" at="/alerts/silences"><WithManager><List /></WithManager></AlertsPage>;
}

const order = { active: 0, pending: 1, expired: 2 };

function List() {
  const source = useAlertSource();
  const found = useAsync(source.silences, [source]);
  const [old, setOld] = useState(false);
  const now = useNow(5000);
  return (
    <Shown of={found} what="the silences">
      {(all) => {
        const shown = all.filter((s) => old || s.status.state !== 'expired').sort((a, b) => order[a.status.state] - order[b.status.state] || (a.endsAt < b.endsAt ? -1 : 1));
        const expired = all.filter((s) => s.status.state === 'expired').length;
        return (
          <>
            <Stack alignItems="center" wrap="wrap" gap={2}>
              <NewButton />
              {expired > 0 && <Checkbox label={`Show ${expired} expired`} value={old} onChange={(e) => setOld(e.currentTarget.checked)} />}
            </Stack>
            {shown.length ? <Rows
              label="Silences"
              rows={shown}
              id={(s) => s.id}
              columns={[
                { head: 'State', cell: (s) => <State of={s.status.state} tone={s.status.state === 'pending' ? 'warn' : undefined} /> },
                { head: 'Silences alerts with', cell: (s) => <Matchers of={s.matchers} /> },
                { head: 'Why', cell: (s) => <>{s.comment}<div><small>{s.createdBy}</small></div></> },
                { head: 'Ends', line: true, cell: (s) => <span title={when(s.endsAt)}>{ago(s.endsAt, now)}</span> },
                { head: 'Actions', cell: (s) => <Doing s={s} done={found.again} /> },
              ]}
            /> : <Nothing title="No alert is silenced." cli={source.workspace && `amtool silence add alertname=HighLatency --comment "we know" --duration 2h`}>{source.workspace ? 'Make a silence here. With the signing proxy of Hearth (hearth proxy), amtool does it too:' : 'A silence keeps alerts that match it from being told, while they go on firing.'}</Nothing>}
          </>
        );
      }}
    </Shown>
  );
}

function NewButton() {
  const source = useAlertSource();
  return source.readOnly ? <Button size="sm" icon="plus" disabled tooltip={source.readOnly}>New silence</Button> : <LinkButton size="sm" icon="plus" href={page.base + source.to('/alerts/silences/new')}>New silence</LinkButton>;
}

function Matchers({ of }: { of: Matcher[] }) {
  return <Stack wrap="wrap" gap={0.5}>{of.map((m) => <code key={matcherText(m)}>{matcherText(m)}</code>)}</Stack>;
}

function Doing({ s, done }: { s: Silence; done: () => void }) {
  const source = useAlertSource();
  if (source.readOnly) {
    return <Button size="sm" variant="secondary" disabled tooltip={source.readOnly}>{s.status.state === 'expired' ? 'Again' : 'Expire'}</Button>;
  }
  const again = page.base + source.to('/alerts/silences/new', { matchers: s.matchers.map(matcherText).join(','), comment: s.comment });
  return s.status.state === 'expired' ? <LinkButton size="sm" variant="secondary" href={again}>Again</LinkButton> : <Act done="The silence is over" fails="The silence was not ended" does={() => source.expireSilence(s.id).then(done)}>Expire</Act>;
}

export function NewSilence() {
  return <AlertsPage title="New silence" at="/alerts/silences"><WithManager><Form /></WithManager></AlertsPage>;
}

function read(text: string): { matchers: Matcher[]; error: string } {
  try {
    return { matchers: parseMatchers(text), error: '' };
  } catch (err) {
    return { matchers: [], error: messageOf(err) };
  }
}

function Form() {
  const source = useAlertSource();
  const [params] = useSearchParams();
  const [text, setText] = useState(params.get('matchers') ?? '');
  const [lasts, setLasts] = useState('2h');
  const [comment, setComment] = useState(params.get('comment') ?? '');
  const [by, setBy] = useState('');
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const navigate = useNavigate();
  const who = useAsync(source.author, [source]);
  const author = by || (who.state === 'done' ? who.value : '');
  const { matchers, error: unreadable } = read(text);
  const length = seconds(lasts);
  const ends = new Date(Date.now() + (length || 0) * 1000);
  const ready = matchers.length > 0 && length > 0 && comment.trim() && author.trim();
  const make = async () => {
    setBusy(true);
    try {
      await source.putSilence({ matchers, startsAt: new Date().toISOString(), endsAt: ends.toISOString(), createdBy: author.trim(), comment: comment.trim() });
      toast('success', 'The alerts are silenced', `until ${ends.toLocaleString()}`);
      navigate(source.to('/alerts/silences'));
    } catch (err) {
      setError(err);
      setBusy(false);
    }
  };
  return (
    <>
      <Section title="What, for how long, why">
        <form onSubmit={(e) => { e.preventDefault(); if (ready) { void make(); } }}>
          <Field label="Alerts with" htmlFor="matchers" description='name="value", name!="value", name=~"regex" or name!~"regex", with commas between; all must hold.' invalid={Boolean(unreadable)} error={unreadable}>
            <TextArea id="matchers" rows={2} spellCheck={false} placeholder='alertname="HighLatency", pod=~"web-.*"' value={text} onChange={(e) => setText(e.currentTarget.value)} />
          </Field>
          <Field label="Lasts" htmlFor="lasts" description={length > 0 ? `until ${ends.toLocaleString()}` : undefined} invalid={!(length > 0)} error="Write a span as 30m, 2h or 1d12h.">
            <Stack wrap="wrap"><Input id="lasts" width={16} value={lasts} onChange={(e) => setLasts(e.currentTarget.value)} />{['30m', '2h', '8h', '1d', '1w'].map((d) => <Button key={d} type="button" variant="secondary" fill="text" onClick={() => setLasts(d)}>{d}</Button>)}</Stack>
          </Field>
          <Field label="Why" htmlFor="comment"><Input id="comment" value={comment} onChange={(e) => setComment(e.currentTarget.value)} placeholder="The next person on call reads this" /></Field>
          <Field label="By" htmlFor="by"><Input id="by" value={author} onChange={(e) => setBy(e.currentTarget.value)} /></Field>
          {error !== undefined && <Failure error={error} title="The silence was not made" />}
          <Button type="submit" disabled={!ready || busy || source.readOnly !== ''} tooltip={source.readOnly}>Silence</Button>
        </form>
      </Section>
      <Preview matchers={matchers} />
    </>
  );
}

/** Which alerts of now the matchers are true of; asked when the writing rests. */
function Preview({ matchers }: { matchers: Matcher[] }) {
  const source = useAlertSource();
  const key = matchers.map(matcherText).join();
  const [rested, setRested] = useState({ key, matchers });
  useEffect(() => {
    const t = setTimeout(() => setRested({ key, matchers }), 300);
    return () => clearTimeout(t);
  }, [key]); // eslint-disable-line react-hooks/exhaustive-deps
  const found = useAsync<Alert[]>(() => (rested.matchers.length ? source.alerts(rested.matchers) : Promise.resolve([])), [source, rested.key]);
  const now = useNow(10000);
  useAgain(found.again, 5000);
  return (
    <Section title="Alerts it silences now">
      {!rested.matchers.length ? <Nothing title="Write what the alerts have in common." /> : (
        <Shown of={found} what="the alerts">
          {(all) => all.length ? (
            <>
              <p role="status">{all.length === 1 ? '1 alert matches.' : `${all.length} alerts match.`}</p>
              <Rows label="Matching alerts" rows={all} id={(a) => a.fingerprint} columns={[{ head: 'State', cell: (a) => <State of={a.status.state} tone={a.status.state === 'active' ? 'bad' : undefined} /> }, { head: 'Labels', cell: (a) => <Labels of={a.labels} /> }, { head: 'Since', wide: true, line: true, cell: (a) => ago(a.startsAt, now) }]} />
            </>
          ) : <Nothing title="No alert that is firing now matches. The silence holds for those to come." />}
        </Shown>
      )}
    </Section>
  );
}
