/* Metrics workspaces: all of them, and one. */
import { css } from '@emotion/css';
import { Button, Field, Input, LinkButton, Select, Stack, Tab, TabContent } from '@grafana/ui';
import { useEffect, useState } from 'react';
import { Link, useNavigate, useParams, useSearchParams } from 'react-router-dom';
import { createWorkspace, deleteWorkspace, describeConfiguration, describeWorkspace, findDefinition, listNamespaces, listWorkspaces, renameWorkspace, setRetention, type Workspace as WorkspaceOf } from '../api/aps';
import { region } from '../api/aws';
import { detail, events } from '../api/hearth';
import { cardinality, usage, type Stat, type Usage } from '../api/plane';
import { page } from '../boot/page';
import { Modal } from '../components/Modal';
import { toast } from '../components/Toasts';
import { useAsync } from '../lib/useAsync';
import { Act, Bar, Block, Copy, DeleteByName, Facts, Failure, Figure, Figures, Labels, Nothing, Page, Rows, Section, Shown, State, Tabs } from './parts';
import { ago, bytes, count, rate, when } from './words';

export function Workspaces() {
  const all = useAsync(listWorkspaces, []);
  const [params, setParams] = useSearchParams();
  const creating = params.has('create');
  const create = (on: boolean) => setParams(on ? { create: '' } : {}, { replace: true });
  return (
    <Page title="Workspaces" sub={`Where metrics are kept, in ${region()}.`} actions={<Button icon="plus" size="sm" onClick={() => create(true)}>Create workspace</Button>}>
      <Shown of={all} what="the workspaces">
        {(list) =>
          list.length ? (
            <Rows
              label="Workspaces"
              rows={list}
              id={(w) => w.workspaceId}
              columns={[
                { head: 'Alias', cell: (w) => <Link to={`/workspaces/${w.workspaceId}`}>{w.alias || '(no alias)'}</Link> },
                { head: 'Workspace id', cell: (w) => <code>{w.workspaceId}</code> },
                { head: 'Status', cell: (w) => <State of={w.status.statusCode} /> },
                { head: 'Created', line: true, cell: (w) => when(w.createdAt), wide: true },
              ]}
            />
          ) : (
            <Nothing title={`There are no workspaces in ${region()} yet.`} cli="aws amp create-workspace --alias my-first">Create one here, or in a terminal:</Nothing>
          )
        }
      </Shown>
      {creating && <Create onClose={() => create(false)} />}
    </Page>
  );
}

function Create({ onClose }: { onClose: () => void }) {
  const [alias, setAlias] = useState('');
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const navigate = useNavigate();
  const make = async () => {
    setBusy(true);
    try {
      const made = await createWorkspace(alias.trim());
      toast('success', 'The workspace is there', made.workspaceId);
      navigate(`/workspaces/${made.workspaceId}`);
    } catch (err) {
      setError(err);
      setBusy(false);
    }
  };
  return (
    <Modal title="Create a workspace" isOpen onDismiss={onClose}>
      <form onSubmit={(e) => { e.preventDefault(); void make(); }}>
        <Field label="Alias" htmlFor="alias" description="A name for people. It need not be unique."><Input id="alias" autoFocus value={alias} maxLength={100} onChange={(e) => setAlias(e.currentTarget.value)} /></Field>
        {error !== undefined && <Failure error={error} title="The workspace was not created" />}
        <Modal.ButtonRow>
          <Button type="button" variant="secondary" onClick={onClose}>Cancel</Button>
          <Button type="submit" disabled={busy}>Create</Button>
        </Modal.ButtonRow>
      </form>
    </Modal>
  );
}

const tabs = ['Overview', 'Series', 'Refused', 'Rules and alert manager'] as const;

export function Workspace() {
  const { id = '' } = useParams();
  const [params, setParams] = useSearchParams();
  const [doomed, setDoomed] = useState(false);
  const [renaming, setRenaming] = useState(false);
  const navigate = useNavigate();
  const found = useAsync(() => describeWorkspace(id), [id]);
  const tab = tabs.find((t) => t === params.get('tab')) ?? 'Overview';
  const w = found.state === 'done' ? found.value : undefined;
  const moving = w !== undefined && /ING$/.test(w.status.statusCode);
  const { again } = found;
  useEffect(() => {
    const t = moving ? setInterval(again, 500) : undefined;
    return () => clearInterval(t);
  }, [moving, again]);
  const actions = w && (
    <>
      <LinkButton icon="compass" size="sm" variant="secondary" href={`${page.base}/explore?workspace=${id}`}>Explore</LinkButton>
      <Button icon="pen" size="sm" variant="secondary" onClick={() => setRenaming(true)}>Rename</Button>
      <Button icon="trash-alt" size="sm" variant="destructive" onClick={() => setDoomed(true)}>Delete</Button>
    </>
  );
  return (
    <Page title={w?.alias || id} crumbs={[{ text: 'Workspaces', to: '/workspaces' }]} sub={w && <Stack alignItems="center" wrap="wrap"><State of={w.status.statusCode} /><code>{id}</code></Stack>} actions={actions}>
      <Shown of={found} what="the workspace">
        {(ws) => (
          <>
            <Tabs>{tabs.map((t) => <Tab key={t} label={t} active={t === tab} onChangeTab={() => setParams({ tab: t }, { replace: true })} />)}</Tabs>
            <TabContent className={css({ background: 'none', display: 'flex', flexDirection: 'column', gap: 16 })}>
              {tab === 'Overview' && <Overview w={ws} />}
              {tab === 'Series' && <Series id={id} />}
              {tab === 'Refused' && <Refused id={id} />}
              {tab === 'Rules and alert manager' && <RulesOf id={id} />}
            </TabContent>
            {doomed && <DeleteByName what="workspace" name={ws.alias || id} note="Its samples, rules, alert manager and silences go with it, and cannot be brought back." onDelete={() => deleteWorkspace(id).then(() => navigate('/workspaces'))} onClose={() => setDoomed(false)} />}
            {renaming && <Rename w={ws} onClose={() => setRenaming(false)} done={again} />}
          </>
        )}
      </Shown>
    </Page>
  );
}

function Rename({ w, onClose, done }: { w: WorkspaceOf; onClose: () => void; done: () => void }) {
  const [alias, setAlias] = useState(w.alias ?? '');
  const [error, setError] = useState<unknown>();
  const go = () => renameWorkspace(w.workspaceId, alias.trim()).then(() => { done(); onClose(); }, setError);
  return (
    <Modal title="Rename the workspace" isOpen onDismiss={onClose}>
      <form onSubmit={(e) => { e.preventDefault(); void go(); }}>
        <Field label="Alias" htmlFor="alias"><Input id="alias" autoFocus value={alias} maxLength={100} onChange={(e) => setAlias(e.currentTarget.value)} /></Field>
        {error !== undefined && <Failure error={error} title="It was not renamed" />}
        <Modal.ButtonRow><Button type="submit">Rename</Button></Modal.ButtonRow>
      </form>
    </Modal>
  );
}

/** What a workspace holds, read every few seconds; two readings make a rate. */
function useUsage(id: string) {
  const [read, setRead] = useState<{ now?: Usage; before?: Usage; error?: unknown }>({});
  useEffect(() => {
    let current = true;
    const ask = () => usage(id).then((now) => current && setRead((r) => ({ now, before: r.now ?? r.before })), (error: unknown) => current && setRead({ error }));
    void ask();
    const t = setInterval(() => void ask(), 5000);
    return () => {
      current = false;
      clearInterval(t);
    };
  }, [id]);
  const { now, before, error } = read;
  const passed = now && before ? (Date.parse(now.at) - Date.parse(before.at)) / 1000 : 0;
  const perSecond = now && before && passed > 0 ? Math.max(0, now.samplesAppended - before.samplesAppended) / passed : undefined;
  return { now, perSecond, error };
}

function Overview({ w }: { w: WorkspaceOf }) {
  const id = w.workspaceId;
  const u = useUsage(id);
  const retention = useAsync(() => describeConfiguration(id), [id]);
  const base = (w.prometheusEndpoint ?? '').replace(/\/$/, '');
  return (
    <>
      {u.error !== undefined ? <Failure error={u.error} /> : <Size now={u.now} perSecond={u.perSecond} />}
      <Section title="Endpoints">
        <Facts wide of={[['Remote write', <Address key="w" url={`${base}/api/v1/remote_write`} />], ['Query', <Address key="q" url={`${base}/api/v1/query`} />], ['Data source URL (Grafana)', <Address key="d" url={base} />], ['OTLP metrics', <Address key="o" url={`${base}/api/v1/otlp/v1/metrics`} />], ['ARN', <Address key="a" url={w.arn} />]]} />
      </Section>
      <Section title="Write from Prometheus" note="Into prometheus.yml. Prometheus signs with the keys of its environment, of a role or of these lines.">
        <Block label="the remote_write section" text={remoteWrite(`${base}/api/v1/remote_write`)} />
      </Section>
      <Section title="Settings">
        <Shown of={retention} what="the settings">{(c) => <Settings id={id} days={c.retentionPeriodInDays} facts={[['Out-of-order window', `${c.outOfOrderTimeWindowInSeconds} s`], ['Rules look back by', `${c.ruleQueryOffsetInSeconds} s`], ['Created', when(w.createdAt)]]} done={retention.again} />}</Shown>
        {Object.keys(w.tags).length > 0 && <Labels of={w.tags} />}
      </Section>
    </>
  );
}

function Settings({ id, days, facts, done }: { id: string; days: number; facts: [string, string][]; done: () => void }) {
  const [value, setValue] = useState(String(days));
  const n = Number(value);
  return (
    <>
      <Facts of={facts} />
      <Stack alignItems="flex-end" wrap="wrap">
        <Field noMargin label="Retention, days" htmlFor="retention"><Input id="retention" type="number" min={1} width={14} value={value} onChange={(e) => setValue(e.currentTarget.value)} /></Field>
        {n !== days && <Act variant="primary" done="The retention is changed" fails="The retention was not changed" does={() => setRetention(id, n).then(done)}>Save</Act>}
      </Stack>
    </>
  );
}

const ratio = (n: number, limit: number) => (limit > 0 ? n / limit : undefined);
const ofLimit = (limit: number, text: string) => (limit > 0 ? `of ${text}` : 'no limit');

function Size({ now, perSecond }: { now?: Usage; perSecond?: number }) {
  const dash = '…';
  return (
    <>
      <Figures>
        <Figure label="Active series" value={now ? count(now.activeSeries) : dash} part={now && ratio(now.activeSeries, now.activeSeriesLimit)} note={now && ofLimit(now.activeSeriesLimit, count(now.activeSeriesLimit))} />
        <Figure label="Ingest rate" value={perSecond === undefined ? dash : `${rate(perSecond)} /s`} part={now && perSecond !== undefined ? ratio(perSecond, now.ingestRateLimit) : undefined} note={now && `samples, ${ofLimit(now.ingestRateLimit, count(now.ingestRateLimit) + ' /s')}`} />
        <Figure label="Native histograms" value={now ? count(now.nativeHistogramSeries) : dash} note="of the active series" />
        <Figure label="On disk" value={now ? bytes(now.diskBytes) : dash} />
        <Figure label="Newest sample" value={now?.newestSample ? ago(now.newestSample, Date.parse(now.at)) : now ? 'none' : dash} note={now?.oldestSample && `in memory since ${when(now.oldestSample)}`} />
      </Figures>
      {now && !now.newestSample && <Nothing title="Nothing has been written here yet.">Give the remote_write section below to a Prometheus, or let a <Link to="/scrapers/new">scraper</Link> collect.</Nothing>}
      {now && now.labelSets.length > 0 && (
        <Section title="Limits per label set">
          <Rows label="Limits per label set" rows={now.labelSets} id={(l) => JSON.stringify(l.labelSet)} columns={[{ head: 'Labels', cell: (l) => <Labels of={l.labelSet} /> }, { head: 'Active series', number: true, cell: (l) => count(l.activeSeries) }, { head: 'Limit', number: true, cell: (l) => count(l.maxSeries) }]} />
        </Section>
      )}
    </>
  );
}

function Address({ url }: { url: string }) {
  return <Stack alignItems="flex-start" gap={0.5}><code>{url}</code><Copy text={url} what="the address" /></Stack>;
}

function remoteWrite(url: string): string {
  return `remote_write:
- url: ${url}
  sigv4:
    region: ${region()}
    # access_key: AKIA…
    # secret_key: …
  queue_config:
    max_samples_per_send: 1000
    max_shards: 200
    capacity: 2500
`;
}

function Series({ id }: { id: string }) {
  const [limit, setLimit] = useState(20);
  const c = useAsync(() => cardinality(id, limit), [id, limit]);
  return (
    <>
      <Field noMargin label="How many of each" htmlFor="most"><Select inputId="most" width={14} options={[10, 20, 50, 100].map((n) => ({ label: String(n), value: n }))} value={limit} onChange={(o) => setLimit(o.value ?? 20)} /></Field>
      <Shown of={c} what="what the series are">
        {(v) =>
          v.headStats.numSeries === 0 ? <Nothing title="There are no active series." /> : (
            <>
              <Top title="Metrics by series" note="One of these is usually why a workspace is big." all={v.seriesCountByMetricName ?? []} of={v.headStats.numSeries} link={(n) => `/explore?workspace=${id}&expr=${encodeURIComponent(n)}`} />
              <Top title="Labels by values" note="A label with many values multiplies series." all={v.labelValueCountByLabelName ?? []} />
              <Top title="Label values by series" all={v.seriesCountByLabelValuePair ?? []} of={v.headStats.numSeries} />
            </>
          )
        }
      </Shown>
    </>
  );
}

function Top({ title, note, all, of, link }: { title: string; note?: string; all: Stat[]; of?: number; link?: (name: string) => string }) {
  const most = of ?? Math.max(1, ...all.map((s) => s.value));
  return (
    <Section title={title} note={note}>
      <Rows
        label={title}
        rows={all}
        id={(s) => s.name}
        columns={[
          { head: 'Name', cell: (s) => (link ? <Link to={link(s.name)}><code>{s.name}</code></Link> : <code>{s.name}</code>) },
          { head: 'Count', number: true, cell: (s) => count(s.value) },
          { head: of ? 'Share' : 'Compared', wide: true, cell: (s) => <div style={{ width: 160 }}><Bar part={s.value / most} tone="good" label={`${Math.round((100 * s.value) / most)} %`} /></div> },
        ]}
      />
    </Section>
  );
}

function Refused({ id }: { id: string }) {
  const found = useAsync(() => events({ workspace: id, kind: 'rejected', limit: 1000 }, `hearth why ${id}`), [id]);
  return (
    <Shown of={found} what="what was refused">
      {(all) => {
        const reasons = new Map<string, { samples: number; last: string }>();
        for (const e of all) {
          const reason = detail(e, 'reason') || 'other';
          const had = reasons.get(reason) ?? { samples: 0, last: e.time };
          const n = Number(detail(e, 'samples') || detail(e, 'count') || 1);
          reasons.set(reason, { samples: had.samples + n, last: had.last > e.time ? had.last : e.time });
        }
        if (!all.length) {
          return <Nothing title="No sample was refused, as far back as the ledger goes." />;
        }
        return (
          <>
            <Section title="By reason" note="Amazon's reasons, as in the vended metric DiscardedSamples.">
              <Rows label="Refused samples by reason" rows={[...reasons]} id={([r]) => r} columns={[{ head: 'Reason', cell: ([r]) => <code>{r}</code> }, { head: 'Samples', number: true, cell: ([, v]) => count(v.samples) }, { head: 'Last', line: true, cell: ([, v]) => when(v.last) }]} />
            </Section>
            <Section title="The newest">
              <Rows
                label="Newest refusals"
                rows={all.slice(0, 50)}
                id={(e) => e.time + e.requestId + e.summary + detail(e, 'labels')}
                columns={[
                  { head: 'When', line: true, cell: (e) => when(e.time) },
                  { head: 'What', cell: (e) => <>{e.summary}{detail(e, 'hint') && <div><small>{detail(e, 'hint')}</small></div>}</> },
                  { head: 'Request', wide: true, cell: (e) => e.requestId && <Stack gap={0.5}><code>{e.requestId.slice(0, 8)}…</code><Copy text={`hearth why ${e.requestId}`} what="hearth why of this request" /></Stack> },
                ]}
              />
            </Section>
          </>
        );
      }}
    </Shown>
  );
}

function RulesOf({ id }: { id: string }) {
  const spaces = useAsync(() => listNamespaces(id), [id]);
  const definition = useAsync(() => findDefinition(id), [id]);
  const [naming, setNaming] = useState('');
  const navigate = useNavigate();
  return (
    <>
      <Section title="Rule groups namespaces" note="Each is a Prometheus rules file.">
        <Shown of={spaces} what="the namespaces">
          {(all) =>
            all.length ? (
              <Rows label="Rule groups namespaces" rows={all} id={(n) => n.name ?? ''} columns={[{ head: 'Name', cell: (n) => <Link to={`/workspaces/${id}/rules/${encodeURIComponent(n.name ?? '')}`}>{n.name}</Link> }, { head: 'Status', cell: (n) => <><State of={n.status.statusCode} />{n.status.statusReason && <div><small>{n.status.statusReason}</small></div>}</> }, { head: 'Changed', wide: true, cell: (n) => when(n.modifiedAt) }]} />
            ) : (
              <Nothing title="There are no rules yet." cli={`hearth rules install kubernetes --workspace ${id}`}>Alerts about Kubernetes, Fargate and Envoy come with Hearth; or write your own below.</Nothing>
            )
          }
        </Shown>
        <form onSubmit={(e) => { e.preventDefault(); navigate(`/workspaces/${id}/rules/${encodeURIComponent(naming.trim())}`); }}>
          <Stack alignItems="flex-end" wrap="wrap"><Field noMargin label="New namespace" htmlFor="namespace"><Input id="namespace" placeholder="name" width={24} value={naming} onChange={(e) => setNaming(e.currentTarget.value)} /></Field><Button type="submit" size="md" variant="secondary" icon="plus" disabled={!/^[0-9A-Za-z][-.0-9A-Z_a-z]*$/.test(naming.trim())}>Write rules</Button></Stack>
        </form>
      </Section>
      <Section title="Alert manager definition" actions={<LinkButton size="sm" variant="secondary" icon="pen" href={`${page.base}/workspaces/${id}/alertmanager`}>{definition.state === 'done' && !definition.value ? 'Write one' : 'Edit'}</LinkButton>}>
        <Shown of={definition} what="the definition">{(d) => (d ? <Facts of={[['Status', <State key="s" of={d.status.statusCode} />], ['Reason', d.status.statusReason], ['Changed', when(d.modifiedAt)]]} /> : <Nothing title="There is none: alerts of this workspace reach nobody." />)}</Shown>
      </Section>
    </>
  );
}
