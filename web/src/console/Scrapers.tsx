/* Scrapers: all, one with the doctor's funnel, and a new one. */
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Button, Field, Input, LinkButton, Select, useStyles2 } from '@grafana/ui';
import { useEffect, useState } from 'react';
import { Link, useNavigate, useParams, useSearchParams } from 'react-router-dom';
import { createScraper, defaultScrape, deleteScraper, describeScraper, listScrapers, listWorkspaces, previewScrape, type Preview } from '../api/aps';
import { fromBase64 } from '../api/aws';
import { doctor, listClusters, type Doctor, type DoctorJob } from '../api/hearth';
import { page } from '../boot/page';
import { useAsync } from '../lib/useAsync';
import { Editor, markOf } from './Editor';
import { Bar, Block, DeleteByName, Facts, Failure, Nothing, Page, Rows, Section, Shown, State, useNow } from './parts';
import { ago, count, nameIn, when } from './words';

export function Scrapers() {
  const all = useAsync(listScrapers, []);
  return (
    <Page title="Scrapers" sub="They find targets and scrape them into a workspace, with no agent." actions={<LinkButton size="sm" icon="plus" href={`${page.base}/scrapers/new`}>Create scraper</LinkButton>}>
      <Shown of={all} what="the scrapers">
        {(list) => list.length ? (
          <Rows label="Scrapers" rows={list} id={(s) => s.scraperId} columns={[
            { head: 'Scraper', cell: (s) => <Link to={`/scrapers/${s.scraperId}`}>{s.alias || s.scraperId}</Link> },
            { head: 'Status', cell: (s) => <><State of={s.status.statusCode} />{s.statusReason && <div><small>{s.statusReason}</small></div>}</> },
            { head: 'Looks into', cell: (s) => (s.source.eksConfiguration ? nameIn(s.source.eksConfiguration.clusterArn) : 'its own network') },
            { head: 'Writes into', wide: true, cell: (s) => <WorkspaceLink arn={s.destination.ampConfiguration?.workspaceArn ?? ''} /> },
            { head: 'Created', wide: true, line: true, cell: (s) => when(s.createdAt) },
          ]} />
        ) : <Nothing title="There are no scrapers yet." cli="aws amp get-default-scraper-configuration --query configuration --output text | base64 -d > scrape.yml">Create one here; AWS' default configuration is where it begins:</Nothing>}
      </Shown>
    </Page>
  );
}

function WorkspaceLink({ arn }: { arn: string }) {
  const id = nameIn(arn);
  return <Link to={`/workspaces/${id}`}><code>{id}</code></Link>;
}

export function ScraperPage() {
  const { id = '' } = useParams();
  const found = useAsync(() => describeScraper(id), [id]);
  const sick = useAsync(() => doctor(id), [id]);
  const [doomed, setDoomed] = useState(false);
  const navigate = useNavigate();
  const { again } = sick;
  const { again: describe } = found;
  useEffect(() => {
    const t = setInterval(() => {
      again();
      describe();
    }, 5000);
    return () => clearInterval(t);
  }, [again, describe]);
  const s = found.state === 'done' ? found.value : undefined;
  return (
    <Page title={s?.alias || id} crumbs={[{ text: 'Scrapers', to: '/scrapers' }]} sub={s && <State of={s.status.statusCode} />} actions={s && <Button size="sm" icon="trash-alt" variant="destructive" onClick={() => setDoomed(true)}>Delete</Button>}>
      <Section title="From targets to samples" note="Where targets and samples are lost on their way."><Shown of={sick} what="what the doctor finds">{(d) => <Funnel d={d} />}</Shown></Section>
      <Shown of={found} what="the scraper">
        {(x) => (
          <Section title="What it is">
            {x.statusReason && <Failure error={new Error(x.statusReason)} title="Why it does not run" />}
            <Facts of={[['Id', <code key="i">{x.scraperId}</code>], ['Looks into', x.source.eksConfiguration?.clusterArn ?? 'its own network'], ['Writes into', <WorkspaceLink key="w" arn={x.destination.ampConfiguration?.workspaceArn ?? ''} />], ['Role', x.roleArn], ['Created', when(x.createdAt)], ['Changed', when(x.lastModifiedAt)]]} />
            {x.scrapeConfiguration && <details><summary>Scrape configuration</summary><Block label="the scrape configuration" text={fromBase64(x.scrapeConfiguration.configurationBlob)} /></details>}
          </Section>
        )}
      </Shown>
      {doomed && s && <DeleteByName what="scraper" name={s.alias || id} note="What it collected stays." onDelete={() => deleteScraper(id).then(() => navigate('/scrapers'))} onClose={() => setDoomed(false)} />}
    </Page>
  );
}

function Funnel({ d }: { d: Doctor }) {
  const jobs = d.jobs ?? [];
  return (
    <>
      {d.hints?.map((h) => <p key={h}>{h}</p>)}
      {d.missingRights && <><p>The cluster does not let the scraper look. This gives it the rights it misses; give it to kubectl apply:</p><Block label="the ClusterRole" text={d.missingRights} /></>}
      {!jobs.length && <Nothing title="No job has looked for targets yet." />}
      {jobs.map((j) => <Job key={j.job} j={j} />)}
    </>
  );
}

interface Step {
  label: string;
  n: number;
  lost?: string;
}

function steps(j: DoctorJob): { targets: Step[]; samples: Step[] } {
  const dropped = (j.droppedByRelabelling ?? []).reduce((n, r) => n + r.targets, 0);
  const lostAt = [dropped && `${count(dropped)} dropped by relabelling`, j.invalid && `${count(j.invalid)} invalid: ${j.invalidReason}`].filter(Boolean).join('; ');
  return {
    targets: [
      { label: 'Targets discovered', n: j.discovered },
      { label: 'Kept after relabelling', n: j.kept, lost: lostAt },
      { label: 'Up', n: j.up, lost: [j.down && `${count(j.down)} down`, j.notYetScraped && `${count(j.notYetScraped)} not scraped yet`, j.overTheLimit && `${count(j.overTheLimit)} over the limit`].filter(Boolean).join('; ') },
    ],
    samples: [
      { label: 'Samples scraped', n: j.samplesScraped },
      { label: 'Kept after relabelling', n: j.samplesAfterRelabelling, lost: j.samplesScraped > j.samplesAfterRelabelling ? `${count(j.samplesScraped - j.samplesAfterRelabelling)} dropped` : '' },
      { label: 'Taken by the workspace', n: j.samplesAccepted, lost: j.samplesRefused ? `${count(j.samplesRefused)} refused` : '' },
    ],
  };
}

function Job({ j }: { j: DoctorJob }) {
  const s = useStyles2(styles);
  const now = useNow(5000);
  const { targets, samples } = steps(j);
  const bad = (j.targets ?? []).filter((t) => t.health !== 'up' || t.lastRefusal);
  return (
    <div className={s.job}>
      <h3 className={s.name}>{j.job}</h3>
      {[targets, samples].map((all, k) => (
        <ol key={k} className={s.funnel} aria-label={k ? 'Samples of the last scrapes' : 'Targets'}>
          {all.map((x) => (
            <li key={x.label} className={s.step}>
              <span className={s.label}>{x.label}</span><strong className={s.n}>{count(x.n)}</strong>
              <Bar part={all[0].n ? x.n / all[0].n : 0} tone={x.lost ? 'bad' : 'good'} label={`${x.label}: ${x.n} of ${all[0].n}`} />
              <span className={s.lost}>{x.lost}</span>
            </li>
          ))}
        </ol>
      ))}
      {j.droppedByRelabelling && j.droppedByRelabelling.length > 0 && <details><summary>Rules that drop targets</summary><Rows label="Rules that drop targets" rows={j.droppedByRelabelling} id={(r) => String(r.rule)} columns={[{ head: 'Rule', number: true, cell: (r) => r.rule }, { head: 'What it says', cell: (r) => <code>{r.text}</code> }, { head: 'Targets', number: true, cell: (r) => count(r.targets) }, { head: 'For instance', wide: true, cell: (r) => r.example }]} /></details>}
      {bad.length > 0 && <Rows label="Targets with trouble" rows={bad} id={(t) => t.url + t.labels} columns={[{ head: 'Target', cell: (t) => <code>{t.url}</code> }, { head: 'Health', cell: (t) => <State of={t.health} /> }, { head: 'Why', cell: (t) => t.lastError || t.lastRefusal }, { head: 'Last scrape', wide: true, cell: (t) => (t.lastScrape ? ago(t.lastScrape, now) : 'never') }]} />}
    </div>
  );
}

async function choices() {
  const [workspaces, clusters, text] = await Promise.all([listWorkspaces(), listClusters().catch(() => []), defaultScrape()]);
  return { workspaces, clusters, text };
}

export function NewScraper() {
  const found = useAsync(choices, []);
  return (
    <Page title="New scraper" crumbs={[{ text: 'Scrapers', to: '/scrapers' }]}>
      <Shown of={found} what="clusters and workspaces">{(c) => <Form c={c} />}</Shown>
    </Page>
  );
}

function Form({ c }: { c: Awaited<ReturnType<typeof choices>> }) {
  const [params] = useSearchParams();
  const [alias, setAlias] = useState('');
  const [cluster, setCluster] = useState(c.clusters.find((x) => x.name === params.get('cluster'))?.arn ?? c.clusters[0]?.arn ?? '');
  const [to, setTo] = useState(c.workspaces[0]?.arn ?? '');
  const [text, setText] = useState(c.text);
  const [error, setError] = useState<unknown>();
  const [seen, setSeen] = useState<Preview>();
  const [busy, setBusy] = useState(false);
  const navigate = useNavigate();
  const doing = async (what: () => Promise<void>) => {
    setBusy(true);
    setError(undefined);
    await what().catch(setError);
    setBusy(false);
  };
  const create = () => doing(async () => navigate(`/scrapers/${(await createScraper({ alias: alias.trim(), cluster, workspaceArn: to, configuration: text })).scraperId}`));
  const look = () => doing(async () => setSeen(await previewScrape(cluster, text)));
  const mark = error instanceof Error ? markOf(error.message) : undefined;
  return (
    <>
      <Section title="From where, into what">
        <Field noMargin label="Alias" htmlFor="alias"><Input id="alias" value={alias} onChange={(e) => setAlias(e.currentTarget.value)} /></Field>
        <Field noMargin label="Looks into" htmlFor="source"><Select inputId="source" value={cluster} options={[...c.clusters.map((x) => ({ label: x.name, description: x.endpoint, value: x.arn })), { label: 'No cluster: targets that Hearth can reach', value: '' }]} onChange={(o) => setCluster(o.value ?? '')} /></Field>
        <Field noMargin label="Writes into" htmlFor="to"><Select inputId="to" value={to} options={c.workspaces.map((w) => ({ label: w.alias || w.workspaceId, description: w.workspaceId, value: w.arn }))} onChange={(o) => setTo(o.value ?? '')} /></Field>
      </Section>
      <Section title="Scrape configuration" note="AWS' default, to be changed: Prometheus' own global and scrape_configs.">
        <Editor value={text} onChange={(t) => { setText(t); setSeen(undefined); }} label="Scrape configuration" mark={mark} height="40vh" />
        {error !== undefined && <Failure error={error} title="That configuration does not work" />}
        {seen && <Seen p={seen} />}
        <div className={css({ display: 'flex', gap: 8 })}><Button variant="secondary" disabled={busy} onClick={() => void look()}>Look what it would find</Button><Button disabled={busy || !to} onClick={() => void create()}>Create scraper</Button></div>
      </Section>
    </>
  );
}

function Seen({ p }: { p: Preview }) {
  return (
    <>
      {p.trouble && <Failure error={new Error(p.trouble)} title="The cluster cannot be looked into" />}
      {p.missingRights && <Block label="the rights it misses" text={p.missingRights} />}
      <Rows label="What it would find" rows={p.jobs ?? []} id={(j) => j.job} columns={[{ head: 'Job', cell: (j) => j.job }, { head: 'Discovered', number: true, cell: (j) => count(j.discovered) }, { head: 'Kept', number: true, cell: (j) => count(j.kept) }, { head: 'Warnings', cell: (j) => [...(j.warnings ?? []), j.invalidReason].filter(Boolean).join('; ') }]} />
    </>
  );
}

const styles = (t: GrafanaTheme2) => ({
  job: css({ borderTop: `1px solid ${t.colors.border.weak}`, paddingTop: t.spacing(1.5), display: 'flex', flexDirection: 'column', gap: t.spacing(1) }),
  name: css({ margin: 0, fontSize: t.typography.h6.fontSize }),
  funnel: css({ listStyle: 'none', margin: 0, padding: 0, display: 'grid', gridTemplateColumns: 'repeat(3, 1fr)', gap: t.spacing(1.5), [t.breakpoints.down('md')]: { gridTemplateColumns: '1fr' } }),
  step: css({ display: 'grid', gridTemplateColumns: '1fr auto', gap: 4, alignContent: 'start', '& > :nth-child(3)': { gridColumn: '1 / -1' } }),
  label: css({ color: t.colors.text.secondary }),
  n: css({ fontVariantNumeric: 'tabular-nums' }),
  lost: css({ gridColumn: '1 / -1', fontSize: 12, color: t.colors.error.text, overflowWrap: 'anywhere' }),
});
