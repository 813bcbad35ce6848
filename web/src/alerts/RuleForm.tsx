/* A new alert rule of a Grafana workspace, and a change of one. */
import { Alert, Button, Combobox, Field, Input, Select, Stack } from '@grafana/ui';
import { useState, type ReactNode } from 'react';
import { useNavigate, useParams, useSearchParams } from 'react-router-dom';
import { evaluate, getRule, intervalOf, listContacts, putRule, setInterval as setEvery, type AlertRule, type Evaluated } from '../api/alerting';
import { createFolder, getFolders, type Folder } from '../api/grafana';
import { HttpError } from '../api/http';
import { registry } from '../boot/runtime';
import { PromEditor } from '../components/PromEditor';
import { Failed } from '../components/States';
import { toast } from '../components/Toasts';
import { Failure, Labels, Nothing, Page, Rows, Section, Shown, State } from '../console/parts';
import { seconds } from '../console/words';
import { PrometheusSource } from '../datasource/prometheus';
import { useAsync } from '../lib/useAsync';
import { blankRule, comparisons, complete, draftOf, faultsOf, queriesOf, reducers, ruleOf, type RuleDraft } from './ruleform';
import { useAlertSource } from './source';

const crumbs = [{ text: 'Alerts', to: '/alerts' }];

interface Around {
  folders: Folder[];
  contacts: string[];
  rule?: AlertRule;
  every: number;
}

async function around(uid: string | undefined): Promise<Around> {
  const [folders, contacts, rule] = await Promise.all([getFolders(), listContacts(), uid ? getRule(uid) : undefined]);
  return { folders, contacts: [...new Set(contacts.map((c) => c.name))], rule, every: rule ? await intervalOf(rule.folderUID, rule.ruleGroup) : 60 };
}

export function RulePage() {
  const { uid } = useParams();
  const { readOnly } = useAlertSource();
  const found = useAsync(() => (readOnly ? Promise.resolve(undefined) : around(uid)), [uid, readOnly]);
  if (readOnly) {
    return <Failed error={new HttpError(403, 'Editors and administrators of the Grafana workspace write alert rules.')} />;
  }
  const title = uid ? (found.state === 'done' && found.value?.rule?.title) || 'Alert rule' : 'New alert rule';
  return <Page title={title} crumbs={crumbs}><Shown of={found} what="the rule">{(a) => a && <Open a={a} />}</Shown></Page>;
}

/** Rules that programs keep, or that have more than the form shows, are not broken by it. */
function Open({ a }: { a: Around }) {
  const [params] = useSearchParams();
  const { rule } = a;
  if (rule?.provenance) {
    return <Nothing title="A program or a file keeps this rule.">It is changed where it was made; what is changed here would be gone with the next run.</Nothing>;
  }
  const first = rule ? draftOf(rule, a.every) : fromAddress(params);
  if (!first) {
    return <Nothing title="This rule has more than the form here can show.">Its queries and expressions are changed by Grafana's provisioning API: <code>PUT …/api/v1/provisioning/alert-rules/{rule?.uid}</code>.</Nothing>;
  }
  return <Form a={a} first={first} annotations={ofPanel(params)} />;
}

function fromAddress(params: URLSearchParams): RuleDraft {
  const given = (k: string) => params.get(k) ?? '';
  return { ...blankRule, title: given('title'), source: registry.getInstanceSettings(given('ds') || undefined)?.uid ?? '', expr: given('expr'), folder: given('folder') };
}

/** As Grafana notes which panel a rule belongs to. */
function ofPanel(params: URLSearchParams): Record<string, string> {
  const [dashboard, panel] = [params.get('dashboard'), params.get('panel')];
  return dashboard && panel ? { __dashboardUid__: dashboard, __panelId__: panel } : {};
}

function Form({ a, first, annotations }: { a: Around; first: RuleDraft; annotations: Record<string, string> }) {
  const [d, setD] = useState(first);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const navigate = useNavigate();
  const { to } = useAlertSource();
  const faults = faultsOf(d);
  const ready = complete(d) && !Object.keys(faults).length;
  const change = (more: Partial<RuleDraft>) => setD({ ...d, ...more });
  const save = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const folder = a.folders.find((f) => f.uid === d.folder || f.title === d.folder) ?? (await createFolder(d.folder));
      const kept = await putRule(ruleOf({ ...d, folder: folder.uid }, a.rule, annotations));
      await setEvery(kept.folderUID, kept.ruleGroup, seconds(d.every));
      toast('success', `${kept.title} is kept`, 'It is evaluated from now on.');
      navigate(to('/alerts/rule', { namespace: folder.title, group: kept.ruleGroup, rule: kept.title }));
    } catch (err) {
      setError(err);
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(e) => { e.preventDefault(); if (ready) { void save(); } }}>
      <Stack direction="column" gap={2}>
        <Query d={d} change={change} faults={faults} />
        <Placed d={d} change={change} faults={faults} folders={a.folders} />
        <Told d={d} change={change} faults={faults} contacts={a.contacts} />
        {error !== undefined && <Failure error={error} title="It was not kept" />}
        <div><Button type="submit" disabled={busy || !ready}>Save rule</Button></div>
      </Stack>
    </form>
  );
}

interface Part {
  d: RuleDraft;
  change: (more: Partial<RuleDraft>) => void;
  faults: Partial<Record<keyof RuleDraft, string>>;
}

function Text({ k, label, note, width, example, d, change, faults }: Part & { k: keyof RuleDraft; label: string; note?: string; width?: number; example?: string }) {
  return <Field noMargin label={label} htmlFor={`rule-${k}`} description={note} invalid={Boolean(faults[k])} error={faults[k]}><Input id={`rule-${k}`} width={width} placeholder={example} value={d[k]} onChange={(e) => change({ [k]: e.currentTarget.value })} /></Field>;
}

function Choice({ k, label, options, width = 26, d, change }: Part & { k: keyof RuleDraft; label: string; options: readonly (readonly [string, string])[]; width?: number }) {
  return <Field noMargin label={label} htmlFor={`rule-${k}`}><Select inputId={`rule-${k}`} width={width} value={d[k]} options={options.map(([value, text]) => ({ value, label: text }))} onChange={(o) => o.value !== undefined && change({ [k]: o.value })} /></Field>;
}

function Query(p: Part) {
  const { d, change } = p;
  const sources = registry.getList().filter((x) => /prometheus/.test(x.type));
  const source = useAsync(() => registry.get(d.source || undefined), [d.source]);
  const prom = source.state === 'done' && source.value instanceof PrometheusSource ? source.value : undefined;
  return (
    <Section title="What is asked, and when it is too much">
      <Text {...p} k="title" label="Name" example="Downstream latency" width={50} />
      <Field noMargin label="Data source" htmlFor="rule-source"><Select inputId="rule-source" width={50} value={d.source} options={sources.map((x) => ({ label: x.name, value: x.uid }))} onChange={(o) => change({ source: o.value ?? '' })} /></Field>
      <Field noMargin label="PromQL"><PromEditor value={d.expr} source={prom} onChange={(expr) => change({ expr })} /></Field>
      <Stack wrap="wrap" gap={2}>
        <Choice {...p} k="reducer" label="Fires when" options={reducers} />
        <Text {...p} k="window" label="of the last" width={12} />
        <Choice {...p} k="compare" label="is" options={comparisons} />
        <Text {...p} k="than" label="this number" width={14} />
      </Stack>
      <Preview d={d} />
    </Section>
  );
}

/** What the rule would say now. */
function Preview({ d }: { d: RuleDraft }) {
  const [seen, setSeen] = useState<{ values: Evaluated[]; fires: Evaluated[] }>();
  const [error, setError] = useState<unknown>();
  const look = () => evaluate(queriesOf(d), 'C').then((r) => { setError(undefined); setSeen({ values: r.B ?? [], fires: r.C ?? [] }); }, setError);
  const key = (e: Evaluated) => JSON.stringify(e.labels);
  const firing = new Set(seen?.fires.filter((e) => e.value).map(key));
  return (
    <>
      <div><Button type="button" size="sm" variant="secondary" icon="sync" disabled={!d.expr.trim() || !d.source} onClick={() => void look()}>Preview</Button></div>
      {error !== undefined && <Failure error={error} title="It cannot be evaluated" />}
      {seen && !error && (seen.values.length ? (
        <>
          <p role="status" style={{ margin: 0 }}>{firing.size ? `It would fire for ${firing.size} of ${seen.values.length}.` : `It would not fire: ${seen.values.length === 1 ? 'the one value is' : `all ${seen.values.length} values are`} normal.`}</p>
          <Rows label="Preview" rows={seen.values.slice(0, 50)} id={key} columns={[{ head: 'State', cell: (e) => <State of={firing.has(key(e)) ? 'firing' : 'normal'} tone={firing.has(key(e)) ? 'bad' : 'good'} /> }, { head: 'Labels', cell: (e) => <Labels of={e.labels} /> }, { head: 'Value', number: true, cell: (e) => e.value?.toLocaleString('en-US', { maximumSignificantDigits: 6 }) ?? 'none' }]} />
        </>
      ) : <Alert severity="warning" title="The query gives nothing now">It would be in the state that is chosen below for no data.</Alert>)}
    </>
  );
}

function Placed({ folders, ...p }: Part & { folders: Folder[] }) {
  const { d, change } = p;
  return (
    <Section title="Where it is kept, and how often it is evaluated">
      <Stack wrap="wrap" gap={2} alignItems="flex-start">
        <Field noMargin label="Folder" htmlFor="rule-folder" description="One that is not there is made."><Combobox id="rule-folder" width={30} createCustomValue placeholder="Choose or write" options={folders.map((f) => ({ label: f.title, value: f.uid }))} value={d.folder || null} onChange={(o) => change({ folder: o.value })} /></Field>
        <Text {...p} k="group" label="Group" note="Rules of a group are evaluated together." width={24} />
        <Text {...p} k="every" label="Evaluated every" note="Of the whole group." width={14} />
        <Text {...p} k="pending" label="Fires after" note="0s: at once." width={14} />
      </Stack>
      <Stack wrap="wrap" gap={2}>
        <Choice {...p} k="noData" label="Without data" options={[['NoData', 'an alert that tells so'], ['OK', 'normal'], ['Alerting', 'fires'], ['KeepLast', 'as it was']]} />
        <Choice {...p} k="onError" label="If it cannot be evaluated" options={[['Error', 'an alert that tells so'], ['OK', 'normal'], ['Alerting', 'fires'], ['KeepLast', 'as it was']]} />
      </Stack>
    </Section>
  );
}

function Told({ contacts, ...p }: Part & { contacts: string[] }): ReactNode {
  return (
    <Section title="Who is told">
      <Choice {...p} k="contact" label="Contact point" width={40} options={[['', 'by the notification policies'], ...contacts.map((c) => [c, c] as const)]} />
      <Text {...p} k="labels" label="Labels" note="name=value, with commas between; policies and silences go by them." example="severity=page, team=kitchen" />
      <Text {...p} k="summary" label="Summary" example="{{ $labels.instance }} takes {{ $values.B }} ms" />
    </Section>
  );
}
