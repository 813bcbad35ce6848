/* Addresses that Grafana has and others hand out: each leads to what it means here. */
import { Navigate, useLocation, useParams } from 'react-router-dom';
import { getJSON } from '../api/http';
import { grafanaRules, search, type Stored } from '../api/grafana';
import { page } from '../boot/page';
import { Failed, Loading, NoPage } from '../components/States';
import { useAsync } from '../lib/useAsync';
import { migrate, unwrap } from '../model/migrate';
import { DashboardView } from './dashboard/View';

/** Where a rule of a uid is shown: what notifications link to. */
async function ruleAddress(uid: string): Promise<string | undefined> {
  for (const g of await grafanaRules()) {
    const rule = g.rules.find((r) => r.uid === uid);
    if (rule) {
      return '/alerts/rule?' + new URLSearchParams({ namespace: g.file, group: g.name, rule: rule.name }).toString();
    }
  }
  return undefined;
}

/** The address of the dashboard whose title makes this slug. */
async function slugAddress(slug: string): Promise<string | undefined> {
  const found = await search({ type: 'dash-db', limit: 5000 });
  const hit = found.find((h) => h.uri === `db/${slug}` || h.url.endsWith(`/${slug}`));
  return hit && `/d/${hit.uid}`;
}

function Elsewhere({ find, of, what }: { find: (of: string) => Promise<string | undefined>; of: string; what: string }) {
  const to = useAsync(() => find(of), [find, of]);
  if (to.state === 'loading') {
    return <Loading what={what} />;
  }
  if (to.state === 'failed') {
    return <Failed error={to.error} retry={to.again} />;
  }
  return to.value ? <Navigate to={to.value} replace /> : <NoPage to={`${page.base}/dashboards`} what="All dashboards" />;
}

export function RuleAddress() {
  const { uid = '' } = useParams();
  return <Elsewhere find={ruleAddress} of={uid} what="the rule" />;
}

export function SlugAddress() {
  const { slug = '' } = useParams();
  return <Elsewhere find={slugAddress} of={slug} what="the dashboard" />;
}

/** One panel without anything around it, as other pages embed it. */
export function SoloAddress() {
  const { uid } = useParams();
  const params = new URLSearchParams(useLocation().search);
  params.set('viewPanel', params.get('panelId') ?? '');
  params.set('kiosk', '');
  params.delete('panelId');
  return <Navigate to={`/d/${uid}?${params.toString()}`} replace />;
}

/** A dashboard with the values it had. */
export function SnapshotPage() {
  const { key = '' } = useParams();
  const found = useAsync(() => getJSON<Stored>(`/api/snapshots/${encodeURIComponent(key)}`).then((stored) => ({ ...stored, model: migrate(unwrap(stored.dashboard)) })), [key]);
  if (found.state === 'loading') {
    return <Loading what="the snapshot" />;
  }
  if (found.state === 'failed') {
    return <Failed error={found.error} retry={found.again} />;
  }
  return <DashboardView key={key} opened={found.value} reload={found.again} />;
}
