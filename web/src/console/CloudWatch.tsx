/* Jobs that bring CloudWatch's metrics, and what they cost. */
import { Button, Field, Input } from '@grafana/ui';
import { useState } from 'react';
import { cloudwatchJob, cloudwatchJobs, createCloudwatchJob, deleteCloudwatchJob, type CloudWatchJob } from '../api/hearth';
import { ChooseWorkspace } from '../alerts/around';
import { Modal } from '../components/Modal';
import { troubles } from '../lib/cloudwatch';
import { useAsync } from '../lib/useAsync';
import { Editor, markOf } from './Editor';
import { Block, DeleteByName, Facts, Failure, Figure, Figures, Nothing, Page, Rows, Section, Shown, State } from './parts';
import { count, when } from './words';

const example = `apiVersion: v1alpha1
discovery:
  jobs:
  - type: AWS/ECS
    regions: [us-east-1]
    period: 300
    length: 300
    metrics:
    - name: CPUUtilization
      statistics: [Average]
`;

export function CloudWatch() {
  return <Page title="CloudWatch jobs" sub="They ask CloudWatch and write into a workspace. What they cost is counted before it is spent."><ChooseWorkspace>{(id) => <Jobs id={id} />}</ChooseWorkspace></Page>;
}

async function withStatus(id: string): Promise<CloudWatchJob[]> {
  return Promise.all((await cloudwatchJobs(id)).map((j) => cloudwatchJob(j.scraperId)));
}

function Jobs({ id }: { id: string }) {
  const all = useAsync(() => withStatus(id), [id]);
  const [adding, setAdding] = useState(false);
  return (
    <>
      <div><Button size="sm" icon="plus" onClick={() => setAdding(true)}>Add job</Button></div>
      <Shown of={all} what="the jobs">{(list) => (list.length ? list.map((j) => <Job key={j.scraperId} j={j} again={all.again} />) : <Nothing title="No job brings CloudWatch's metrics into this workspace." cli={`hearth cloudwatch add --workspace ${id} -f jobs.yml`}>A configuration of YACE works as it is. "hearth cloudwatch plan -f jobs.yml" tells what it would cost.</Nothing>)}</Shown>
      {adding && <Add id={id} onClose={() => setAdding(false)} done={all.again} />}
    </>
  );
}

function money(n: number, currency: string): string {
  return `${currency || 'USD'} ${n.toFixed(n < 1 ? 4 : 2)}`;
}

function Job({ j, again }: { j: CloudWatchJob; again: () => void }) {
  const [doomed, setDoomed] = useState(false);
  const s = j.status;
  const currency = s?.currency ?? 'USD';
  return (
    <Section title={j.name} actions={!j.fixed && <Button size="sm" variant="destructive" icon="trash-alt" onClick={() => setDoomed(true)}>Delete</Button>}>
      {s && (
        <>
          <State of={s.running ? 'running' : 'stopped'} tone={s.running ? 'good' : 'bad'} />
          {s.problem && <Failure error={new Error(s.problem)} title="Why it does not run" />}
          <Figures>
            <Figure label="Cost today" value={money(s.spent.cost, currency)} part={s.dailyCap > 0 ? s.spent.cost / s.dailyCap : undefined} note={s.dailyCap > 0 ? `of at most ${money(s.dailyCap, currency)} a day` : 'no cap'} />
            <Figure label="Cost of a month" value={money(s.predictedMonth, currency)} note="with the series there are now" />
            <Figure label="Metrics asked for today" value={count(s.spent.metrics)} note={`and ${count(s.spent.requests)} other calls`} />
          </Figures>
          <Rows label="Where it asks" rows={s.places ?? []} id={(p) => String(s.places?.indexOf(p))} columns={[
            { head: 'Job', cell: (p) => p.job }, { head: 'Kind', wide: true, cell: (p) => p.kind }, { head: 'Region', line: true, cell: (p) => p.region }, { head: 'Resources', number: true, cell: (p) => count(p.resources) }, { head: 'Series', number: true, cell: (p) => count(p.found) }, { head: 'Answered', number: true, cell: (p) => count(p.answered) }, { head: 'Written', number: true, cell: (p) => count(p.writtenTotal) }, { head: `${currency} a month`, number: true, wide: true, cell: (p) => (p.predictedMonth ?? 0).toFixed(2) }, { head: 'Last', wide: true, line: true, cell: (p) => when(p.lastPoll) }, { head: 'Next', wide: true, line: true, cell: (p) => when(p.nextPoll) },
            { head: 'Trouble', cell: (p) => troubles(p).map((line) => <div key={line}>{line}</div>) },
          ]} />
        </>
      )}
      <Facts of={[['Id', <code key="i">{j.scraperId}</code>], ['Keys', j.hasCredentials ? 'its own, kept encrypted' : "Hearth's"], ['From', j.fixed ? "Hearth's configuration file" : 'the API or this page']]} />
      {j.configuration && <details><summary>Configuration</summary><Block label="the configuration" text={j.configuration} /></details>}
      {doomed && <DeleteByName what="CloudWatch job" name={j.name} note="What it wrote stays." onDelete={() => deleteCloudwatchJob(j.scraperId).then(again)} onClose={() => setDoomed(false)} />}
    </Section>
  );
}

function Add({ id, onClose, done }: { id: string; onClose: () => void; done: () => void }) {
  const [name, setName] = useState('');
  const [text, setText] = useState(example);
  const [cap, setCap] = useState('1');
  const [key, setKey] = useState('');
  const [secret, setSecret] = useState('');
  const [error, setError] = useState<unknown>();
  const go = () => createCloudwatchJob(id, { name: name.trim(), configuration: text, dailyCap: Number(cap), credentials: key ? { accessKeyId: key, secretAccessKey: secret } : undefined }).then(() => { done(); onClose(); }, setError);
  return (
    <Modal title="Add a CloudWatch job" isOpen onDismiss={onClose}>
      <form onSubmit={(e) => { e.preventDefault(); void go(); }}>
        <Field label="Name" htmlFor="name"><Input id="name" autoFocus value={name} onChange={(e) => setName(e.currentTarget.value)} /></Field>
        <Editor value={text} onChange={setText} label="Configuration of the job" height="26vh" mark={error instanceof Error ? markOf(error.message) : undefined} />
        <p>{'"hearth cloudwatch plan -f FILE" tells what a configuration will cost before anything is asked.'}</p>
        <Field label="At most a day, in USD" htmlFor="cap" description="Calls beyond it are not made. 0: no cap."><Input id="cap" type="number" min={0} step="any" value={cap} onChange={(e) => setCap(e.currentTarget.value)} /></Field>
        <Field label="Access key id of AWS" htmlFor="key" description="Empty: Hearth's own. Kept encrypted."><Input id="key" autoComplete="off" value={key} onChange={(e) => setKey(e.currentTarget.value)} /></Field>
        {key && <Field label="Secret access key of AWS" htmlFor="secret"><Input id="secret" type="password" autoComplete="off" value={secret} onChange={(e) => setSecret(e.currentTarget.value)} /></Field>}
        {error !== undefined && <Failure error={error} title="The job was not added" />}
        <Modal.ButtonRow><Button type="button" variant="secondary" onClick={onClose}>Cancel</Button><Button type="submit" disabled={!name.trim()}>Add</Button></Modal.ButtonRow>
      </form>
    </Modal>
  );
}
