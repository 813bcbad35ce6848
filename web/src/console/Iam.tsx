/* IAM: who there is, what each may, and why something was refused. */
import { Button, Combobox, Field, FilterInput, Input, LinkButton, Stack } from '@grafana/ui';
import { useState } from 'react';
import { Link, useParams, useSearchParams } from 'react-router-dom';
import { accessKeys, attach, createUser, detach, listGroups, listPolicies, listRoles, listUsers, policiesOf, simulate, trustOf, type Kind, type Verdict } from '../api/iam';
import { list } from '../api/aws';
import { detail, events, type Event } from '../api/hearth';
import { page } from '../boot/page';
import { useAsync } from '../lib/useAsync';
import { Act, Block, Command, Facts, Failure, Nothing, Page, Rows, Section, Shown, State } from './parts';
import { when } from './words';

async function everybody() {
  return (await Promise.all([listUsers(), listRoles(), listGroups()])).flat();
}

export function Principals() {
  const all = useAsync(everybody, []);
  const [query, setQuery] = useState('');
  const [name, setName] = useState('');
  const [error, setError] = useState<unknown>();
  const make = () => createUser(name.trim()).then(() => { setName(''); setError(undefined); all.again(); }, setError);
  return (
    <Page title="IAM" sub="Users, roles and groups of this account." actions={<LinkButton size="sm" variant="secondary" icon="question-circle" href={`${page.base}/iam/why`}>Why denied?</LinkButton>}>
      <FilterInput placeholder="Name" aria-label="Filter principals" value={query} onChange={setQuery} />
      <Shown of={all} what="the principals">
        {(list) => {
          const shown = list.filter((p) => p.name.toLowerCase().includes(query.toLowerCase()));
          return shown.length ? <Rows label="Principals" rows={shown} id={(p) => p.arn} columns={[{ head: 'Name', cell: (p) => <Link to={`/iam/${p.kind.toLowerCase()}/${encodeURIComponent(p.name)}`}>{p.name}</Link> }, { head: 'Kind', cell: (p) => p.kind }, { head: 'ARN', wide: true, cell: (p) => <code>{p.arn}</code> }, { head: 'Created', wide: true, line: true, cell: (p) => when(p.created) }]} /> : <Nothing title={list.length ? 'Nobody is called that.' : 'There is only the root of the account.'} cli="aws iam create-user --user-name reader">Make a user, and give it a policy:</Nothing>;
        }}
      </Shown>
      <form onSubmit={(e) => { e.preventDefault(); void make(); }}><Stack alignItems="flex-end" wrap="wrap"><Field noMargin label="New user" htmlFor="user"><Input id="user" width={28} value={name} onChange={(e) => setName(e.currentTarget.value)} /></Field><Button type="submit" variant="secondary" icon="plus" disabled={!name.trim()}>Create user</Button></Stack></form>
      {error !== undefined && <Failure error={error} title="The user was not created" />}
    </Page>
  );
}

const kinds: Record<string, Kind> = { user: 'User', role: 'Role', group: 'Group' };

export function PrincipalPage() {
  const { kind: low = '', name = '' } = useParams();
  const kind = kinds[low] ?? 'User';
  const all = useAsync(everybody, []);
  const policies = useAsync(() => policiesOf(kind, name), [kind, name]);
  const me = all.state === 'done' ? all.value.find((p) => p.kind === kind && p.name === name) : undefined;
  return (
    <Page title={name} crumbs={[{ text: 'IAM', to: '/iam' }]} sub={me ? <code>{me.arn}</code> : kind} actions={me && kind !== 'Group' && <LinkButton size="sm" variant="secondary" icon="question-circle" href={`${page.base}/iam/why?principal=${encodeURIComponent(me.arn)}`}>Why denied?</LinkButton>}>
      <Section title="Policies">
        <Shown of={policies} what="the policies">
          {(ps) => ps.length ? ps.map((p) => (
            <details key={p.arn + p.name} open={ps.length === 1}>
              <summary>{p.name} {p.arn ? <small>{p.arn}</small> : <small>in the {low} itself</small>}</summary>
              <Block label={`the policy ${p.name}`} text={p.text} />
              {p.arn && <Act fails="It was not detached" does={() => detach(kind, name, p.arn).then(policies.again)}>Detach</Act>}
            </details>
          )) : <Nothing title={`This ${low} has no policies, so it may nothing.`} cli={`aws iam attach-${low}-policy --${low}-name ${name} --policy-arn arn:aws:iam::aws:policy/AmazonPrometheusQueryAccess`} />}
        </Shown>
        <Attach kind={kind} name={name} done={policies.again} />
      </Section>
      {kind === 'Role' && <Trust name={name} />}
      {kind === 'User' && <Keys name={name} />}
    </Page>
  );
}

function Attach({ kind, name, done }: { kind: Kind; name: string; done: () => void }) {
  const all = useAsync(async () => (await Promise.all([listPolicies('AWS'), listPolicies('Local')])).flat(), []);
  const [arn, setArn] = useState('');
  return (
    <Shown of={all} what="the policies there are">
      {(ps) => <Stack alignItems="flex-end" wrap="wrap"><Field noMargin label="Attach a policy" htmlFor="policy"><Combobox id="policy" width={50} value={arn} options={ps.map((p) => ({ label: p.PolicyName, value: p.Arn }))} onChange={(o) => setArn(o.value)} /></Field>{arn && <Act variant="primary" done="The policy is attached" fails="It was not attached" does={() => attach(kind, name, arn).then(() => { setArn(''); done(); })}>Attach</Act>}</Stack>}
    </Shown>
  );
}

function Trust({ name }: { name: string }) {
  const found = useAsync(() => trustOf(name), [name]);
  return <Section title="Trust policy" note="Who may become this role."><Shown of={found} what="the trust policy">{(t) => <Block label="the trust policy" text={t} />}</Shown></Section>;
}

function Keys({ name }: { name: string }) {
  const found = useAsync(() => accessKeys(name), [name]);
  return <Section title="Access keys"><Shown of={found} what="the access keys">{(all) => (all.length ? <Rows label="Access keys" rows={all} id={(k) => k.AccessKeyId} columns={[{ head: 'Id', cell: (k) => <code>{k.AccessKeyId}</code> }, { head: 'Status', cell: (k) => <State of={k.Status} tone={k.Status === 'Active' ? 'good' : 'plain'} /> }, { head: 'Created', line: true, cell: (k) => when(k.CreateDate) }]} /> : <Nothing title="This user has no keys." cli={`aws iam create-access-key --user-name ${name}`} />)}</Shown></Section>;
}

/** Why something was refused: what the ledger has, and what the policies say. */
export function WhyDenied() {
  return (
    <Page title="Why denied" crumbs={[{ text: 'IAM', to: '/iam' }]} sub="Ask what the policies say; below stands what was refused lately.">
      <Simulate />
      <Denials />
    </Page>
  );
}

const sentences = { allowed: 'is allowed', explicitDeny: 'is denied by a statement that says Deny', implicitDeny: 'is denied: no statement allows it' };

function Simulate() {
  const [params, setParams] = useSearchParams();
  const [who, setWho] = useState(params.get('principal') ?? '');
  const [action, setAction] = useState(params.get('action') ?? 'aps:QueryMetrics');
  const [resource, setResource] = useState(params.get('resource') ?? '');
  const [verdicts, setVerdicts] = useState<Verdict[]>();
  const [error, setError] = useState<unknown>();
  const go = () => {
    setParams({ principal: who, action, resource }, { replace: true });
    return simulate(who.trim(), action.trim(), resource.trim()).then((v) => { setError(undefined); setVerdicts(v); }, setError);
  };
  return (
    <Section title="May they?">
      <form onSubmit={(e) => { e.preventDefault(); void go(); }}>
        <Field label="Who" htmlFor="who" description="The ARN of a user or a role"><Input id="who" value={who} onChange={(e) => setWho(e.currentTarget.value)} placeholder="arn:aws:iam::000000000000:user/reader" /></Field>
        <Field label="Does what" htmlFor="action"><Input id="action" value={action} onChange={(e) => setAction(e.currentTarget.value)} /></Field>
        <Field label="With what" htmlFor="resource" description="An ARN; empty: everything"><Input id="resource" value={resource} onChange={(e) => setResource(e.currentTarget.value)} /></Field>
        <Button type="submit" disabled={!who.trim() || !action.trim()}>Ask</Button>
      </form>
      {error !== undefined && <Failure error={error} title="That cannot be asked" />}
      {verdicts?.map((v) => (
        <div key={v.EvalActionName + v.EvalResourceName} role="status">
          <State of={v.EvalDecision} /> <code>{v.EvalActionName}</code> on <code>{v.EvalResourceName}</code> {sentences[v.EvalDecision]}.
          {list(v.MatchedStatements).length > 0 && <div>Decided by {list(v.MatchedStatements).map((m) => m.SourcePolicyId).join(', ')}.</div>}
          {list(v.MissingContextValues).length > 0 && <div>Conditions look at {list(v.MissingContextValues).join(', ')}, which the question does not say.</div>}
        </div>
      ))}
    </Section>
  );
}

function Denials() {
  const found = useAsync(() => events({ kind: 'denied', limit: 200 }, 'hearth why ACCOUNT'), []);
  return (
    <Section title="Refused lately" actions={<Act icon="sync" does={async () => found.again()}>Read again</Act>}>
      <Shown of={found} what="what was refused">{(all) => (all.length ? all.slice(0, 50).map((e, i) => <Denial key={e.time + i} e={e} />) : <Nothing title="Nothing was refused, as far back as the ledger goes." />)}</Shown>
    </Section>
  );
}

function Denial({ e }: { e: Event }) {
  return (
    <details>
      <summary>{when(e.time)} · {e.summary}</summary>
      <Facts of={[['Who', e.principal], ['Action', detail(e, 'action')], ['Resource', detail(e, 'resource')], ['Reason', detail(e, 'reason')], ['From', detail(e, 'remote')], ['With', detail(e, 'user_agent')]]} />
      {e.requestId && <Command text={`hearth why ${e.requestId}`} />}
    </details>
  );
}
