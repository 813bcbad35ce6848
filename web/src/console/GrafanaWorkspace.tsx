/* One Grafana workspace: what it is, how people sign in, and as what. */
import { Button, Field, Input, LinkButton, Select, Stack } from '@grafana/ui';
import { useState } from 'react';
import { useNavigate, useParams } from 'react-router-dom';
import { deleteGrafana, describeGrafana, permissionsOf, setPermission, updateGrafana, type GrafanaSettings, type GrafanaWorkspace, type Permission } from '../api/amg';
import { Modal } from '../components/Modal';
import { useAsync } from '../lib/useAsync';
import { SettingsFields } from './GrafanaForms';
import { openAddress } from './GrafanaWorkspaces';
import { Act, Command, DeleteByName, Facts, Failure, Nothing, Page, Rows, Section, Shown, State } from './parts';
import { AuthenticationOf } from './Saml';
import { when } from './words';

export function GrafanaWorkspacePage() {
  const { id = '' } = useParams();
  const found = useAsync(() => describeGrafana(id), [id]);
  const [doomed, setDoomed] = useState(false);
  const [editing, setEditing] = useState(false);
  const navigate = useNavigate();
  const g = found.state === 'done' ? found.value : undefined;
  const actions = (
    <>
      <LinkButton size="sm" icon="external-link-alt" href={openAddress(id)}>Open</LinkButton>
      {g && <Button size="sm" variant="secondary" icon="pen" onClick={() => setEditing(true)}>Edit</Button>}
      {g && <Button size="sm" variant="destructive" icon="trash-alt" onClick={() => setDoomed(true)}>Delete</Button>}
    </>
  );
  return (
    <Page title={g?.name || id} crumbs={[{ text: 'Grafana workspaces', to: '/grafana' }]} sub={g && <State of={g.status} />} actions={actions}>
      <Shown of={found} what="the Grafana workspace">{(w) => <Summary g={w} />}</Shown>
      <AuthenticationOf id={id} changed={found.again} />
      <Permissions id={id} />
      {editing && g && <Edit g={g} onClose={() => setEditing(false)} done={found.again} />}
      {doomed && g && <DeleteByName what="Grafana workspace" name={g.name || id} note="Its dashboards, folders and users go with it." onDelete={() => deleteGrafana(id).then(() => navigate('/grafana'))} onClose={() => setDoomed(false)} />}
    </Page>
  );
}

function Summary({ g }: { g: GrafanaWorkspace }) {
  const own = g.permissionType === 'CUSTOMER_MANAGED';
  return (
    <Section title="Summary">
      <Facts of={[
        ['Grafana workspace URL', <a key="u" href={openAddress(g.id)}>{g.endpoint}</a>], ['Id', <code key="i">{g.id}</code>], ['Description', g.description], ['Grafana version', g.grafanaVersion], ['Created', when(g.created)],
        ['Permission type', own ? 'Customer managed' : 'Service managed'], ['Role', own ? g.workspaceRoleArn || 'none: it may ask nothing' : undefined],
        ['Data sources', <span key="d">{g.dataSources?.join(', ') || 'none chosen'} (<a href={openAddress(g.id, 'connections/datasources')}>configure in Grafana</a>)</span>],
        ['Notification channels', g.notificationDestinations?.join(', ') || 'none chosen'],
      ]} />
    </Section>
  );
}

function Edit({ g, onClose, done }: { g: GrafanaWorkspace; onClose: () => void; done: () => void }) {
  const [settings, setSettings] = useState<GrafanaSettings>({
    name: g.name ?? '', description: g.description ?? '', permissionType: g.permissionType ?? 'SERVICE_MANAGED', roleArn: g.workspaceRoleArn ?? '',
    dataSources: g.dataSources ?? [], destinations: g.notificationDestinations ?? [],
  });
  const [error, setError] = useState<unknown>();
  const go = () => updateGrafana(g.id, settings).then(() => { done(); onClose(); }, setError);
  return (
    <Modal title={`Edit ${g.name || g.id}`} isOpen onDismiss={onClose}>
      <form onSubmit={(e) => { e.preventDefault(); void go(); }}>
        <SettingsFields of={settings} change={setSettings} />
        {error !== undefined && <Failure error={error} title="It was not changed" />}
        <Modal.ButtonRow><Button type="button" variant="secondary" onClick={onClose}>Cancel</Button><Button type="submit">Save</Button></Modal.ButtonRow>
      </form>
    </Modal>
  );
}

type RoleName = Permission['role'];
const roles = (['ADMIN', 'EDITOR', 'VIEWER'] as const).map((r) => ({ label: r, value: r }));

function Permissions({ id }: { id: string }) {
  const found = useAsync(() => permissionsOf(id), [id]);
  const [who, setWho] = useState('');
  const [type, setType] = useState<'SSO_USER' | 'SSO_GROUP'>('SSO_USER');
  const [role, setRole] = useState<RoleName>('ADMIN');
  const [error, setError] = useState<unknown>();
  const give = (p: Permission) => setPermission(id, 'ADD', p).then(() => { setError(undefined); found.again(); });
  const add = () => give({ user: { id: who.trim(), type }, role }).then(() => setWho(''), setError);
  return (
    <Section title="Permissions" note="Of people who sign in by single sign-on. Those of SAML have the role their identity provider says.">
      <Shown of={found} what="the permissions">
        {(all) => all.length ? (
          <Rows label="Permissions" rows={all} id={(p) => p.user.type + p.user.id} columns={[
            { head: 'Who', cell: (p) => <code>{p.user.id}</code> }, { head: 'Type', cell: (p) => (p.user.type === 'SSO_GROUP' ? 'group' : 'user') },
            { head: 'Role', cell: (p) => <Select aria-label={`Role of ${p.user.id}`} width={14} options={roles} value={p.role} onChange={(o) => o.value && o.value !== p.role && void give({ ...p, role: o.value }).catch(setError)} /> },
            { head: 'Actions', cell: (p) => <Act fails="It was not revoked" does={() => setPermission(id, 'REVOKE', p).then(found.again)}>Revoke</Act> },
          ]} />
        ) : <Nothing title="Nobody was given a role: who signs in is a Viewer."><Command text={`aws grafana update-permissions --workspace-id ${id} --update-instruction-batch 'action=ADD,role=ADMIN,users=[{id=ops,type=SSO_GROUP}]'`} /></Nothing>}
      </Shown>
      <form onSubmit={(e) => { e.preventDefault(); void add(); }}>
        <Stack alignItems="flex-end" wrap="wrap">
          <Field noMargin label="SSO id or group" htmlFor="who"><Input id="who" width={28} value={who} onChange={(e) => setWho(e.currentTarget.value)} /></Field>
          <Field noMargin label="Type" htmlFor="type"><Select inputId="type" width={14} value={type} options={[{ label: 'User', value: 'SSO_USER' as const }, { label: 'Group', value: 'SSO_GROUP' as const }]} onChange={(o) => setType(o.value ?? 'SSO_USER')} /></Field>
          <Field noMargin label="Role" htmlFor="grole"><Select inputId="grole" width={14} value={role} options={roles} onChange={(o) => setRole(o.value ?? 'VIEWER')} /></Field>
          <Button type="submit" variant="secondary" disabled={!who.trim()}>Give</Button>
        </Stack>
        {error !== undefined && <Failure error={error} title="It was not given" />}
      </form>
    </Section>
  );
}
