/* Clusters: what is registered, how it is, what it keeps scrapers from. */
import { Button, Checkbox, Field, Input, LinkButton, Stack, TextArea } from '@grafana/ui';
import { useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router-dom';
import { listScrapers } from '../api/aps';
import { checkCluster, describeCluster, listClusters, registerCluster, type ClusterReport } from '../api/hearth';
import { page } from '../boot/page';
import { Modal } from '../components/Modal';
import { useAsync } from '../lib/useAsync';
import { Act, Block, Facts, Failure, Labels, Nothing, Page, Rows, Section, Shown, State } from './parts';
import { when } from './words';

const health = (h: boolean | undefined) => (h === undefined ? <State of="not asked yet" tone="plain" /> : h ? <State of="healthy" /> : <State of="has gaps" tone="bad" />);

export function Clusters() {
  const all = useAsync(listClusters, []);
  const [adding, setAdding] = useState(false);
  return (
    <Page title="Clusters" sub="Kubernetes clusters that scrapers may look into." actions={<Button size="sm" icon="plus" onClick={() => setAdding(true)}>Register cluster</Button>}>
      <Shown of={all} what="the clusters">
        {(list) => list.length ? (
          <Rows label="Clusters" rows={list} id={(c) => c.arn} columns={[
            { head: 'Cluster', cell: (c) => <Link to={`/clusters/${c.name}`}>{c.name}</Link> },
            { head: 'Status', cell: (c) => <State of={c.status} /> },
            { head: 'Observability', cell: (c) => health(c.healthy) },
            { head: 'Scrapers', number: true, cell: (c) => c.scrapers.length },
            { head: 'Version', wide: true, cell: (c) => c.version },
          ]} />
        ) : <Nothing title="No cluster is registered yet." cli="hearth cluster register NAME --kubeconfig ~/.kube/config">Any Kubernetes will do; Hearth needs a kubeconfig for it:</Nothing>}
      </Shown>
      {adding && <Register onClose={() => setAdding(false)} />}
    </Page>
  );
}

function Register({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [text, setText] = useState('');
  const [pin, setPin] = useState(false);
  const [blind, setBlind] = useState(false);
  const [error, setError] = useState<unknown>();
  const navigate = useNavigate();
  const go = () => registerCluster(name.trim(), text, pin, blind).then((c) => navigate(`/clusters/${c.name}`), setError);
  return (
    <Modal title="Register a cluster" isOpen onDismiss={onClose}>
      <form onSubmit={(e) => { e.preventDefault(); void go(); }}>
        <Field label="Name" htmlFor="name"><Input id="name" autoFocus value={name} onChange={(e) => setName(e.currentTarget.value)} /></Field>
        <Field label="Kubeconfig" htmlFor="kubeconfig" description="With its files inlined: kubectl config view --minify --flatten. It is kept encrypted."><TextArea id="kubeconfig" rows={8} spellCheck={false} value={text} onChange={(e) => setText(e.currentTarget.value)} /></Field>
        <Stack direction="column" gap={1} alignItems="flex-start">
          <Checkbox label="Trust its service accounts as an identity provider (IRSA)" value={pin} onChange={(e) => setPin(e.currentTarget.checked)} />
          <Checkbox label="Register it even if it does not answer now (--no-check)" value={blind} onChange={(e) => setBlind(e.currentTarget.checked)} />
        </Stack>
        {error !== undefined && <Failure error={error} title="It was not registered" />}
        <Modal.ButtonRow><Button type="button" variant="secondary" onClick={onClose}>Cancel</Button><Button type="submit" disabled={!name.trim() || !text.trim()}>Register</Button></Modal.ButtonRow>
      </form>
    </Modal>
  );
}

export function ClusterPage() {
  const { name = '' } = useParams();
  const found = useAsync(() => describeCluster(name), [name]);
  const scrapers = useAsync(listScrapers, []);
  return (
    <Page title={name} crumbs={[{ text: 'Clusters', to: '/clusters' }]} sub="Observability" actions={<><Act icon="sync" done="The cluster was asked" does={() => checkCluster(name).then(found.again)}>Check now</Act><LinkButton size="sm" icon="plus" href={`${page.base}/scrapers/new?cluster=${encodeURIComponent(name)}`}>Add scraper</LinkButton></>}>
      <Shown of={found} what="the cluster">
        {(c) => (
          <>
            <Section title="Cluster">
              <Facts of={[['Status', <State key="s" of={c.status} />], ['Observability', health(c.healthy)], ['Endpoint', <code key="e">{c.endpoint}</code>], ['Version', c.version], ['OIDC issuer', c.oidcIssuer], ['Trusted as identity provider', c.oidcProvider ? 'yes' : 'no'], ['Hearth signs in by', c.credential], ['Registered', when(c.createdAt)]]} />
              {Object.keys(c.tags).length > 0 && <Labels of={c.tags} />}
            </Section>
            {c.report ? <Report r={c.report} /> : <Nothing title="The cluster has not been asked yet." cli={`hearth cluster check ${name}`} />}
            <Section title="Scrapers">
              <Shown of={scrapers} what="the scrapers">
                {(all) => {
                  const mine = all.filter((s) => s.source.eksConfiguration?.clusterArn === c.arn);
                  return mine.length ? <Rows label="Scrapers of this cluster" rows={mine} id={(s) => s.scraperId} columns={[{ head: 'Scraper', cell: (s) => <Link to={`/scrapers/${s.scraperId}`}>{s.alias || s.scraperId}</Link> }, { head: 'Status', cell: (s) => <State of={s.status.statusCode} /> }, { head: 'Why', cell: (s) => s.statusReason }]} /> : <Nothing title="No scraper looks into this cluster." />;
                }}
              </Shown>
            </Section>
          </>
        )}
      </Shown>
    </Page>
  );
}

function Report({ r }: { r: ClusterReport }) {
  const troubles = [r.unreachable, r.oidcIssuerError, r.oidcProviderError, r.impersonationError, r.awsAuthError, r.insecureSkipTlsVerify ? 'The kubeconfig says not to verify the certificate of the cluster.' : ''].filter((t): t is string => Boolean(t));
  return (
    <Section title="Health" note={`Asked ${when(r.checkedAt)}; its clock differs by ${r.clockSkewSeconds.toFixed(1)} s.`}>
      {troubles.map((t) => <Failure key={t} error={new Error(t)} title="Trouble" />)}
      {r.gaps.length > 0 && <><p>Rights that a scraper needs and does not have:</p><Rows label="Missing rights" rows={r.gaps} id={(g) => JSON.stringify(g)} columns={[{ head: 'On', cell: (g) => <code>{[...(g.resources ?? []), ...(g.nonResourceURLs ?? [])].join(', ')}</code> }, { head: 'May not', cell: (g) => g.verbs.join(', ') }]} /></>}
      {r.gapsYaml && <Block label="what closes the gaps, for kubectl apply" text={r.gapsYaml} />}
      {!troubles.length && !r.gaps.length && <State of="Scrapers can look into everything they need." tone="good" />}
    </Section>
  );
}
