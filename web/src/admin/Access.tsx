/* Who may use a Grafana workspace: people with their roles, teams, and service accounts with tokens. */
import { Badge, Button, Field, Input, Select, Stack } from '@grafana/ui';
import { useState } from 'react';
import type { Role } from '../api/grafana';
import { HttpError, messageOf } from '../api/http';
import { Modal } from '../components/Modal';
import {
  addMember, createServiceAccount, createTeam, createToken, deleteServiceAccount, deleteTeam, deleteToken, listMembers, listServiceAccounts, listTeams, listTokens, listUsers,
  removeMember, removeUser, type OrgUser, type ServiceAccount, type Team,
} from '../api/people';
import { Failed } from '../components/States';
import { toast } from '../components/Toasts';
import { Act, Block, DeleteByName, Failure, Nothing, Page, Rows, Section, Shown } from '../console/parts';
import { useAsync } from '../lib/useAsync';
import { useMay, useSession } from '../pages/session';

const roles = (['Viewer', 'Editor', 'Admin'] as const).map((r) => ({ label: r, value: r }));

export function AccessPage() {
  return useMay('Admin') ? <Access /> : <Failed error={new HttpError(403, 'Only administrators of this Grafana workspace see who may use it.')} />;
}

function Access() {
  const users = useAsync(listUsers, []);
  return (
    <Page title="Access" sub="Who may use this Grafana workspace, and scripts that may.">
      <Section title="Users" note="Whoever has signed in. Roles come from the identity provider and from aws grafana update-permissions, and are looked at anew at each sign-in.">
        <Shown of={users} what="the users">{(list) => list.length ? <Users list={list} again={users.again} /> : <Nothing title="Nobody has signed in yet." />}</Shown>
      </Section>
      <Teams users={users.state === 'done' ? users.value : []} />
      <ServiceAccounts />
    </Page>
  );
}

function Users({ list, again }: { list: OrgUser[]; again: () => void }) {
  const me = useSession().user.login;
  return (
    <Rows label="Users" rows={list} id={(u) => String(u.userId)} columns={[
      { head: 'Login', cell: (u) => <Stack alignItems="center" gap={1}><span>{u.login}</span>{u.login === me && <Badge text="you" color="blue" />}</Stack> },
      { head: 'Name', wide: true, cell: (u) => u.name },
      { head: 'E-mail', wide: true, cell: (u) => u.email },
      { head: 'Role', cell: (u) => u.role },
      { head: 'Actions', cell: (u) => u.login !== me && <Act icon="trash-alt" fails="The user was not removed" does={() => removeUser(u.userId).then(again)}>Remove</Act> },
    ]} />
  );
}

function Teams({ users }: { users: OrgUser[] }) {
  const teams = useAsync(listTeams, []);
  const [open, setOpen] = useState<Team>();
  const [doomed, setDoomed] = useState<Team>();
  return (
    <Section title="Teams" note="Groups of people, for the rights of folders and dashboards.">
      <Shown of={teams} what="the teams">
        {(list) => list.length ? (
          <Rows label="Teams" rows={list} id={(t) => String(t.id)} columns={[
            { head: 'Team', cell: (t) => t.name }, { head: 'Members', number: true, cell: (t) => t.memberCount },
            { head: 'Actions', cell: (t) => <Stack gap={1}><Button size="sm" variant="secondary" onClick={() => setOpen(t)}>Members</Button><Button size="sm" variant="secondary" icon="trash-alt" onClick={() => setDoomed(t)}>Delete</Button></Stack> },
          ]} />
        ) : <Nothing title="There are no teams." />}
      </Shown>
      <NewName label="New team" button="Create team" make={(name) => createTeam(name).then(teams.again)} />
      {open && <Members team={open} users={users} close={() => { setOpen(undefined); teams.again(); }} />}
      {doomed && <DeleteByName what="team" name={doomed.name} note="Its rights go with it." onDelete={() => deleteTeam(doomed.id).then(teams.again)} onClose={() => setDoomed(undefined)} />}
    </Section>
  );
}

function Members({ team, users, close }: { team: Team; users: OrgUser[]; close: () => void }) {
  const members = useAsync(() => listMembers(team.id), [team.id]);
  const inside = new Set(members.state === 'done' ? members.value.map((m) => m.userId) : []);
  const others = users.filter((u) => !inside.has(u.userId)).map((u) => ({ label: u.login, value: u.userId }));
  const add = (user: number) => addMember(team.id, user).then(members.again, (err: unknown) => toast('error', 'Nobody was added', messageOf(err)));
  return (
    <Modal title={`Members of ${team.name}`} isOpen onDismiss={close}>
      <Stack direction="column" gap={2}>
        <Shown of={members} what="the members">
          {(list) => list.length ? (
            <Rows label="Members" rows={list} id={(m) => String(m.userId)} columns={[
              { head: 'Login', cell: (m) => m.login },
              { head: 'Actions', cell: (m) => <Act does={() => removeMember(team.id, m.userId).then(members.again)}>Remove</Act> },
            ]} />
          ) : <Nothing title="Nobody is in this team." />}
        </Shown>
        <Select aria-label="Add a member" placeholder="Add a member" options={others} value={null} onChange={(o) => o?.value !== undefined && void add(o.value)} />
      </Stack>
    </Modal>
  );
}

function ServiceAccounts() {
  const all = useAsync(listServiceAccounts, []);
  const [open, setOpen] = useState<ServiceAccount>();
  const [doomed, setDoomed] = useState<ServiceAccount>();
  const [role, setNewRole] = useState<Role>('Viewer');
  return (
    <Section title="Service accounts" note="For scripts, Terraform and CI: their tokens sign requests to Grafana's HTTP API.">
      <Shown of={all} what="the service accounts">
        {(list) => list.length ? (
          <Rows label="Service accounts" rows={list} id={(a) => String(a.id)} columns={[
            { head: 'Name', cell: (a) => a.name }, { head: 'Role', cell: (a) => a.role }, { head: 'Tokens', number: true, cell: (a) => a.tokens },
            { head: 'Actions', cell: (a) => <Stack gap={1}><Button size="sm" variant="secondary" onClick={() => setOpen(a)}>Tokens</Button><Button size="sm" variant="secondary" icon="trash-alt" onClick={() => setDoomed(a)}>Delete</Button></Stack> },
          ]} />
        ) : <Nothing title="There are no service accounts." />}
      </Shown>
      <NewName label="New service account" button="Create service account" make={(name) => createServiceAccount(name, role).then((a) => { all.again(); setOpen(a); })}>
        <Field noMargin label="Role" htmlFor="new-role"><Select inputId="new-role" width={14} value={role} options={roles} onChange={(o) => setNewRole(o.value ?? 'Viewer')} /></Field>
      </NewName>
      {open && <Tokens of={open} close={() => { setOpen(undefined); all.again(); }} />}
      {doomed && <DeleteByName what="service account" name={doomed.name} note="Its tokens stop working at once." onDelete={() => deleteServiceAccount(doomed.id).then(all.again)} onClose={() => setDoomed(undefined)} />}
    </Section>
  );
}

const lives = [{ label: '1 hour', value: 3600 }, { label: '1 day', value: 86400 }, { label: '30 days', value: 30 * 86400 }];

function Tokens({ of, close }: { of: ServiceAccount; close: () => void }) {
  const tokens = useAsync(() => listTokens(of.id), [of.id]);
  const [life, setLife] = useState(lives[1].value);
  const [made, setMade] = useState('');
  return (
    <Modal title={`Tokens of ${of.name}`} isOpen onDismiss={close}>
      <Stack direction="column" gap={2}>
        <Shown of={tokens} what="the tokens">
          {(list) => list.length ? (
            <Rows label="Tokens" rows={list} id={(t) => String(t.id)} columns={[
              { head: 'Name', cell: (t) => t.name },
              { head: 'Until', cell: (t) => (t.expiration ? new Date(t.expiration).toLocaleString() + (t.hasExpired ? ' (over)' : '') : 'deleted') },
              { head: 'Actions', cell: (t) => <Act does={() => deleteToken(of.id, t.id).then(tokens.again)}>Delete</Act> },
            ]} />
          ) : <Nothing title="There are no tokens." />}
        </Shown>
        <NewName label="New token" button="Create token" make={(name) => createToken(of.id, name, life).then((t) => { setMade(t.key); tokens.again(); })}>
          <Field noMargin label="Good for" htmlFor="life"><Select inputId="life" width={14} value={life} options={lives} onChange={(o) => setLife(o.value ?? 86400)} /></Field>
        </NewName>
        {made && <div role="status"><p>Copy it now: it is not shown again.</p><Block label="the token" text={made} /></div>}
      </Stack>
    </Modal>
  );
}

/** A name, and a button that makes something called so. */
function NewName({ label, button, make, children }: { label: string; button: string; make: (name: string) => Promise<unknown>; children?: React.ReactNode }) {
  const [name, setName] = useState('');
  const [error, setError] = useState<unknown>();
  const go = () => make(name.trim()).then(() => { setName(''); setError(undefined); }, setError);
  const id = label.toLowerCase().replaceAll(' ', '-');
  return (
    <form onSubmit={(e) => { e.preventDefault(); void go(); }}>
      <Stack alignItems="flex-end" wrap="wrap">
        <Field noMargin label={label} htmlFor={id}><Input id={id} width={28} value={name} onChange={(e) => setName(e.currentTarget.value)} /></Field>
        {children}
        <Button type="submit" variant="secondary" icon="plus" disabled={!name.trim()}>{button}</Button>
      </Stack>
      {error !== undefined && <Failure error={error} title="It was not created" />}
    </form>
  );
}
