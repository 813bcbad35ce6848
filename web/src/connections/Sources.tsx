/* The data sources of a Grafana workspace, and the metrics workspaces that can become some. */
import { Badge, Button, Field, Input, LinkButton, Stack } from '@grafana/ui';
import { useState } from 'react';
import { Link } from 'react-router-dom';
import { addFound, discover, listSources, type FoundWorkspace } from '../api/connections';
import { page } from '../boot/page';
import { Act, Nothing, Page, Rows, Section, Shown } from '../console/parts';
import { Failed } from '../components/States';
import { HttpError } from '../api/http';
import { useAsync } from '../lib/useAsync';
import { useMay } from '../pages/session';

export function SourcesPage() {
  return useMay('Admin') ? <Sources /> : <Failed error={new HttpError(403, 'Only administrators of this Grafana workspace see its data sources. Dashboards and Explore use them in your name.')} />;
}

function Sources() {
  const all = useAsync(listSources, []);
  return (
    <Page title="Data sources" sub="Where dashboards, Explore and alert rules get their data." actions={<LinkButton size="sm" icon="plus" href={`${page.base}/connections/datasources/new`}>Add data source</LinkButton>}>
      <Shown of={all} what="the data sources">
        {(list) => list.length ? (
          <Rows label="Data sources" rows={list} id={(x) => x.uid} columns={[
            { head: 'Name', cell: (x) => <Stack alignItems="center" gap={1}><Link to={`/connections/datasources/edit/${encodeURIComponent(x.uid)}`}>{x.name}</Link>{x.isDefault && <Badge text="default" color="blue" />}{x.readOnly && <Badge text="kept by a file" color="purple" />}</Stack> },
            { head: 'Type', cell: (x) => x.typeName ?? x.type },
            { head: 'URL', wide: true, cell: (x) => <code>{x.url}</code> },
            { head: 'Look', cell: (x) => <Link to={`/explore?ds=${encodeURIComponent(x.uid)}`}>Explore</Link> },
          ]} />
        ) : <Nothing title="There are no data sources yet.">Add a metrics workspace of this Hearth below, or any Prometheus by its URL.</Nothing>}
      </Shown>
      <Workspaces added={all.again} />
    </Page>
  );
}

/** Amazon Managed Service for Prometheus: found by region, added in one call. */
function Workspaces({ added }: { added: () => void }) {
  const [region, setRegion] = useState('');
  const [asked, setAsked] = useState('');
  const found = useAsync(() => discover(asked), [asked]);
  const add = (r: string, list: FoundWorkspace[]) => addFound(r, list.map((w) => w.id)).then(() => { found.again(); added(); });
  return (
    <Section title="Amazon Managed Service for Prometheus" note="Metrics workspaces that this Grafana workspace's role may list, by region. What is added asks as that role.">
      <form onSubmit={(e) => { e.preventDefault(); setAsked(region.trim()); found.again(); }}>
        <Stack alignItems="flex-end" wrap="wrap">
          <Field noMargin label="Region" htmlFor="region"><Input id="region" width={22} placeholder={found.state === 'done' ? found.value.region : 'us-east-1'} value={region} onChange={(e) => setRegion(e.currentTarget.value)} /></Field>
          <Button type="submit" variant="secondary" icon="search">Find workspaces</Button>
        </Stack>
      </form>
      <Shown of={found} what="the metrics workspaces">
        {({ region: r, workspaces }) => {
          const fresh = workspaces.filter((w) => !w.dataSource);
          return workspaces.length ? (
            <>
              <Rows label="Metrics workspaces" rows={workspaces} id={(w) => w.id} columns={[
                { head: 'Alias', cell: (w) => w.alias || '–' },
                { head: 'Workspace', cell: (w) => <code>{w.id}</code> },
                { head: 'Data source', cell: (w) => w.dataSource ? <Link to={`/connections/datasources/edit/${encodeURIComponent(w.dataSource)}`}>added</Link> : <Act icon="plus" done={`${w.alias || w.id} is a data source now`} does={() => add(r, [w])}>Add</Act> },
              ]} />
              {fresh.length > 1 && <div><Act does={() => add(r, fresh)} done={`${fresh.length} data sources added`}>{`Add all ${fresh.length}`}</Act></div>}
            </>
          ) : <Nothing title={`There are no metrics workspaces in ${r} that this Grafana workspace may see.`} cli={`aws amp create-workspace --region ${r} --alias kitchen`} />;
        }}
      </Shown>
    </Section>
  );
}
