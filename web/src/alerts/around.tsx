/* What the pages of alerts share: the workspace they are of, and the ways between them. */
import { LinkButton, Select, Tab } from '@grafana/ui';
import { useContext, useEffect, useMemo, type ReactNode } from 'react';
import { useSearchParams } from 'react-router-dom';
import { listWorkspaces } from '../api/aps';
import { page } from '../boot/page';
import { useAsync } from '../lib/useAsync';
import { Nothing, Page, Shown, Tabs } from '../console/parts';
import { AlertSourceContext, AlertSourceProvider, metricsSource, useAlertSource } from './source';

const key = 'hearth.workspace';

const tabs = [
  { to: '/alerts', label: 'Rules' },
  { to: '/alerts/silences', label: 'Silences' },
  { to: '/alerts/routes', label: 'Routes' },
  { to: '/alerts/notifications', label: 'Notifications' },
];

/** What a metrics workspace has in its definition. */
const ofGrafana = [...tabs, { to: '/alerts/contacts', label: 'Contact points' }];

/** A workspace to be chosen and kept: in the address, and for the next page. */
export function ChooseWorkspace({ label = 'Workspace', children }: { label?: string; children: (id: string) => ReactNode }) {
  const [params, setParams] = useSearchParams();
  const named = params.get('workspace') ?? '';
  // Who may not list them may still look at the one that a link names.
  const all = useAsync(() => listWorkspaces().catch((err: unknown) => (named ? [] : Promise.reject(err as Error))), []);
  const list = all.state === 'done' ? all.value : [];
  const kept = window.localStorage.getItem(key) ?? '';
  const id = named || (list.some((w) => w.workspaceId === kept) ? kept : (list[0]?.workspaceId ?? ''));
  useEffect(() => {
    if (id) {
      window.localStorage.setItem(key, id);
    }
  }, [id]);
  const choose = (next: string) => {
    const p = new URLSearchParams(params);
    p.set('workspace', next);
    setParams(p, { replace: true });
  };
  return (
    <Shown of={all} what="the workspaces">
      {(ws) =>
        !ws.length && !named ? <Nothing title="There are no workspaces yet." cli="aws amp create-workspace --alias my-first" /> : (
          <>
            <Select aria-label={label} width={44} value={id} options={[...ws.map((w) => ({ label: w.alias ? `${w.alias} (${w.workspaceId.slice(0, 11)}…)` : w.workspaceId, value: w.workspaceId })), ...(ws.some((w) => w.workspaceId === id) ? [] : [{ label: id, value: id }])]} onChange={(o) => o.value && choose(o.value)} />
            <div key={id} style={{ display: 'flex', flexDirection: 'column', gap: 16 }}>{children(id)}</div>
          </>
        )
      }
    </Shown>
  );
}

/** Asks again every so often, milliseconds. */
export function useAgain(again: () => void, every: number) {
  useEffect(() => {
    const t = setInterval(again, every);
    return () => clearInterval(t);
  }, [again, every]);
}

/** Gives the pages below a source: the Grafana workspace of the app, the workspace that the address names, or one that is chosen. */
export function OfSource({ named = '', children }: { named?: string; children: ReactNode }) {
  if (useContext(AlertSourceContext)) {
    return <>{children}</>;
  }
  return named ? <OfWorkspace id={named}>{children}</OfWorkspace> : <ChooseWorkspace>{(id) => <OfWorkspace id={id}>{children}</OfWorkspace>}</ChooseWorkspace>;
}

function OfWorkspace({ id, children }: { id: string; children: ReactNode }) {
  const source = useMemo(() => metricsSource(id), [id]);
  return <AlertSourceProvider value={source}>{children}</AlertSourceProvider>;
}

/** What needs an alert manager; without one, how to get it. */
export function WithManager({ children }: { children: ReactNode }) {
  const source = useAlertSource();
  const found = useAsync(source.manager, [source]);
  return <Shown of={found} what="the alert manager">{(there) => (there ? <>{children}</> : <NoManager />)}</Shown>;
}

export function NoManager() {
  const { workspace, edit } = useAlertSource();
  return <Nothing title="This workspace has no alert manager definition: its alerts reach nobody." cli={`aws amp create-alert-manager-definition --workspace-id ${workspace} --data fileb://am.yml`}><LinkButton size="sm" href={edit}>Write one</LinkButton></Nothing>;
}

export function AlertsPage({ title, at, children }: { title: string; at: string; children: ReactNode }) {
  const [params] = useSearchParams();
  const w = params.get('workspace');
  const shown = useContext(AlertSourceContext) ? ofGrafana : tabs;
  return (
    <Page title={title} crumbs={at === '/alerts' && title === 'Alerts' ? [] : [{ text: 'Alerts', to: w ? `/alerts?workspace=${w}` : '/alerts' }]}>
      <Tabs>{shown.map((t) => <Tab key={t.to} label={t.label} active={t.to === at} href={`${page.base}${t.to}${w ? `?workspace=${w}` : ''}`} />)}</Tabs>
      <OfSource>{children}</OfSource>
    </Page>
  );
}
