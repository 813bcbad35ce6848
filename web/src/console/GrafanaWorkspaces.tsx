/* Grafana workspaces: all of them, and a new one. */
import { Button, Field } from '@grafana/ui';
import { useState } from 'react';
import { Link, useNavigate } from 'react-router-dom';
import { createGrafana, listGrafana, type GrafanaSettings } from '../api/amg';
import { page } from '../boot/page';
import { Modal } from '../components/Modal';
import { useAsync } from '../lib/useAsync';
import { Providers, SettingsFields } from './GrafanaForms';
import { Failure, Nothing, Page, Rows, Shown, State } from './parts';
import { when } from './words';

export const openAddress = (id: string, path = '') => `${page.root}/grafana/${id}/${path}`;

export function GrafanaWorkspaces() {
  const all = useAsync(listGrafana, []);
  const [adding, setAdding] = useState(false);
  return (
    <Page title="Grafana workspaces" sub="Dashboards over the metrics." actions={<Button size="sm" icon="plus" onClick={() => setAdding(true)}>Create Grafana workspace</Button>}>
      <Shown of={all} what="the Grafana workspaces">
        {(list) => list.length ? (
          <Rows label="Grafana workspaces" rows={list} id={(g) => g.id} columns={[
            { head: 'Name', cell: (g) => <Link to={`/grafana/${g.id}`}>{g.name || g.id}</Link> },
            { head: 'Status', cell: (g) => <State of={g.status} /> },
            { head: 'Sign-in', cell: (g) => g.authentication.providers.join(', ') || 'local administrator' },
            { head: 'Created', wide: true, line: true, cell: (g) => when(g.created) },
            { head: 'Open', cell: (g) => <a href={openAddress(g.id)}>Open</a> },
          ]} />
        ) : <Nothing title="There are no Grafana workspaces yet." cli="aws grafana create-workspace --workspace-name team --account-access-type CURRENT_ACCOUNT --permission-type SERVICE_MANAGED --workspace-data-sources PROMETHEUS --authentication-providers AWS_SSO" />}
      </Shown>
      {adding && <Create onClose={() => setAdding(false)} />}
    </Page>
  );
}

const fresh: GrafanaSettings = { name: '', description: '', permissionType: 'SERVICE_MANAGED', roleArn: '', dataSources: ['PROMETHEUS'], destinations: ['SNS'] };

/** The choices of Amazon's own wizard, on one page. */
function Create({ onClose }: { onClose: () => void }) {
  const [settings, setSettings] = useState(fresh);
  const [providers, setProviders] = useState(['AWS_SSO']);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const navigate = useNavigate();
  const go = async () => {
    setBusy(true);
    try {
      navigate(`/grafana/${(await createGrafana(settings, providers)).id}`);
    } catch (err) {
      setError(err);
      setBusy(false);
    }
  };
  return (
    <Modal title="Create a Grafana workspace" isOpen onDismiss={onClose}>
      <form onSubmit={(e) => { e.preventDefault(); void go(); }}>
        <SettingsFields of={settings} change={setSettings} />
        <Field label="Authentication"><Providers chosen={providers} choose={setProviders} /></Field>
        {error !== undefined && <Failure error={error} title="It was not created" />}
        <Modal.ButtonRow><Button type="button" variant="secondary" onClick={onClose}>Cancel</Button><Button type="submit" disabled={busy || !providers.length}>Create</Button></Modal.ButtonRow>
      </form>
    </Modal>
  );
}
