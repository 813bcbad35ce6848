/* Editors of the two files a workspace has: rules, and the alert manager definition. */
import { Button, Stack } from '@grafana/ui';
import { useEffect, useState } from 'react';
import { useNavigate, useParams } from 'react-router-dom';
import { deleteDefinition, deleteNamespace, findDefinition, findNamespace, putDefinition, putNamespace } from '../api/aps';
import { check, type Fault } from '../api/hearth';
import { messageOf } from '../api/http';
import { toast } from '../components/Toasts';
import { useAsync } from '../lib/useAsync';
import { Editor, markOf } from './Editor';
import { DeleteByName, Failure, Page, Section, Shown, State } from './parts';
import { when } from './words';

const firstRules = `groups:
- name: example
  rules:
  - alert: TargetDown
    expr: up == 0
    for: 5m
    labels:
      severity: page
    annotations:
      summary: '{{ $labels.job }} on {{ $labels.instance }} does not answer'
`;

const firstDefinition = `alertmanager_config: |
  route:
    receiver: on-call
    group_by: [alertname]
  receivers:
  - name: on-call
    sns_configs:
    - topic_arn: arn:aws:sns:us-east-1:000000000000:on-call
      sigv4:
        region: us-east-1
`;

interface Kept {
  text: string;
  status?: { statusCode: string; statusReason?: string };
  modifiedAt?: number;
}

interface Subject {
  workspace: string;
  kind: 'rules' | 'alertmanager';
  title: string;
  what: string;
  first: string;
  /** Nothing if there is none of the name. */
  load: () => Promise<Kept | undefined>;
  save: (text: string, exists: boolean) => Promise<unknown>;
  remove: () => Promise<unknown>;
}

export function NamespacePage() {
  const { id = '', name = '' } = useParams();
  return <DocumentPage key={id + name} of={{ workspace: id, kind: 'rules', title: name, what: 'rule groups namespace', first: firstRules, load: () => findNamespace(id, name), save: (t, e) => putNamespace(id, name, t, e), remove: () => deleteNamespace(id, name) }} />;
}

export function DefinitionPage() {
  const { id = '' } = useParams();
  return <DocumentPage key={id} of={{ workspace: id, kind: 'alertmanager', title: 'Alert manager definition', what: 'alert manager definition', first: firstDefinition, load: () => findDefinition(id), save: (t, e) => putDefinition(id, t, e), remove: () => deleteDefinition(id) }} />;
}

function DocumentPage({ of }: { of: Subject }) {
  const found = useAsync(of.load, []);
  const [doomed, setDoomed] = useState(false);
  const navigate = useNavigate();
  const moving = found.state === 'done' && /ING$/.test(found.value?.status?.statusCode ?? '');
  const { again } = found;
  useEffect(() => {
    const t = moving ? setInterval(again, 700) : undefined;
    return () => clearInterval(t);
  }, [moving, again]);
  const home = `/workspaces/${of.workspace}?tab=Rules+and+alert+manager`;
  const kept = found.state === 'done' ? found.value : undefined;
  return (
    <Page
      title={of.title}
      crumbs={[{ text: 'Workspaces', to: '/workspaces' }, { text: of.workspace, to: home }]}
      sub={kept ? <Stack alignItems="center" wrap="wrap"><State of={kept.status?.statusCode ?? ''} />{kept.status?.statusReason}<span>changed {when(kept.modifiedAt)}</span></Stack> : found.state === 'done' && `This ${of.what} is not kept yet.`}
      actions={kept && <Button size="sm" icon="trash-alt" variant="destructive" onClick={() => setDoomed(true)}>Delete</Button>}
    >
      <Shown of={found} what={`the ${of.what}`}>{(k) => <Edit key={k ? 'kept' : 'new'} of={of} kept={k} again={again} />}</Shown>
      {doomed && <DeleteByName what={of.what} name={of.kind === 'rules' ? of.title : 'definition'} note="What it says ends at once." onDelete={() => of.remove().then(() => navigate(home))} onClose={() => setDoomed(false)} />}
    </Page>
  );
}

/** What is wrong with the text, asked when the writing rests. */
function useFaults(of: Subject, text: string) {
  const [faults, setFaults] = useState<{ of: string; all: Fault[] } | undefined>();
  useEffect(() => {
    let current = true;
    const t = setTimeout(() => {
      check(of.workspace, of.kind, text).then(
        (all) => current && setFaults({ of: text, all }),
        (err: unknown) => current && setFaults({ of: text, all: [{ message: messageOf(err) }] })
      );
    }, 400);
    return () => {
      current = false;
      clearTimeout(t);
    };
  }, [text]); // eslint-disable-line react-hooks/exhaustive-deps
  return faults;
}

function Edit({ of, kept, again }: { of: Subject; kept: Kept | undefined; again: () => void }) {
  const [text, setText] = useState(kept?.text ?? of.first);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const faults = useFaults(of, text);
  const checked = faults?.of === text;
  const first = faults?.all[0];
  const mark = first && (first.line ? { line: first.line, message: first.message } : markOf(first.message));
  const changed = text !== (kept?.text ?? '');
  const save = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await of.save(text, kept !== undefined);
      toast('success', `The ${of.what} is kept`);
      again();
    } catch (err) {
      setError(err);
    }
    setBusy(false);
  };
  return (
    <Section title={of.kind === 'rules' ? 'Rules file' : 'Definition'}>
      <Editor value={text} onChange={setText} label={of.kind === 'rules' ? 'Rules file' : 'Alert manager definition'} mark={mark} />
      <div role="status" aria-live="polite">
        {!checked ? 'Checking…' : faults.all.length === 0 ? <State of="Nothing is wrong with it." tone="good" /> : <ul style={{ margin: 0, paddingLeft: 18 }}>{faults.all.slice(0, 20).map((f, i) => <li key={i}>{f.line ? <strong>Line {f.line}: </strong> : null}{f.message}</li>)}</ul>}
      </div>
      {error !== undefined && <Failure error={error} title="It was not kept" />}
      <Stack>
        <Button disabled={busy || !changed || !checked || faults.all.length > 0} onClick={() => void save()}>Save</Button>
        {kept && changed && <Button variant="secondary" onClick={() => setText(kept.text)}>Undo all</Button>}
      </Stack>
    </Section>
  );
}
