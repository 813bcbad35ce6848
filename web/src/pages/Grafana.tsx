/* The app of a Grafana workspace. */
import { config } from '@grafana/runtime';
import { lazy, Suspense } from 'react';
import { Navigate, Route, Routes } from 'react-router-dom';
import { fetchAhead, getHome, getOrg, getRole, getUser, loginSession } from '../api/grafana';
import { HttpError } from '../api/http';
import { page } from '../boot/page';
import { provideRuntime } from '../boot/runtime';
import { OfAddress } from '../components/OfAddress';
import { Shell } from '../components/Shell';
import { Failed, Loading, NoPage } from '../components/States';
import { useAsync } from '../lib/useAsync';
import { SessionContext, type Session } from './session';
import { SignIn } from './SignIn';

const Dashboard = lazy(() => import('./Dashboard').then((m) => ({ default: m.DashboardPage })));
const Dashboards = lazy(() => import('./Dashboards').then((m) => ({ default: m.DashboardsPage })));
const Explore = lazy(() => import('./explore/Explore').then((m) => ({ default: m.ExplorePage })));
const Sources = lazy(() => import('../connections/Sources').then((m) => ({ default: m.SourcesPage })));
const Source = lazy(() => import('../connections/Source').then((m) => ({ default: m.SourcePage })));
const Access = lazy(() => import('../admin/Access').then((m) => ({ default: m.AccessPage })));
const Import = lazy(() => import('./Import').then((m) => ({ default: m.ImportPage })));
const former = (name: 'RuleAddress' | 'SlugAddress' | 'SoloAddress' | 'SnapshotPage') => lazy(() => import('./former').then((m) => ({ default: m[name] })));
const [RuleAddress, SlugAddress, SoloAddress, SnapshotPage] = [former('RuleAddress'), former('SlugAddress'), former('SoloAddress'), former('SnapshotPage')];
const Alerts = lazy(() => import('./Alerts').then((m) => ({ default: m.GrafanaAlerts })));

let provided: Promise<void> | undefined;

async function open(): Promise<Session | undefined> {
  if (!(await loginSession()).signedIn) {
    return undefined;
  }
  const signedIn = Promise.all([getUser(), getRole()]);
  void signedIn.then(() => fetchAhead(window.location.pathname.slice(page.base.length)), () => undefined);
  const [who, role] = await signedIn;
  const user = { ...who, orgRole: role };
  provided ??= provideRuntime();
  const [org] = await Promise.all([getOrg().catch(() => ({ name: '' })), provided]);
  Object.assign(config.bootData.user, { ...user, orgRole: user.orgRole, isSignedIn: true, orgId: 1, orgName: org.name });
  return { user, org: org.name };
}

export function Grafana() {
  const session = useAsync(open, []);
  if (session.state === 'loading') {
    return <Loading what="the Grafana workspace" />;
  }
  if (session.state === 'failed') {
    const out = session.error instanceof HttpError && session.error.signedOut;
    return out ? <SignIn /> : <Failed error={session.error} retry={session.again} />;
  }
  if (!session.value) {
    return <SignIn />;
  }
  return (
    <SessionContext.Provider value={session.value}>
      <Shell>
        <Suspense fallback={<Loading what="the page" />}>
          <Routes>
            <Route path="/" element={<Home />} />
            <Route path="/dashboards" element={<Dashboards />} />
            <Route path="/dashboards/f/:folder/*" element={<Dashboards />} />
            <Route path="/dashboard/import" element={<Import />} />
            <Route path="/explore" element={<Explore />} />
            <Route path="/alerts/*" element={<Alerts />} />
            <Route path="/dashboard/new" element={<Dashboard key="new" />} />
            <Route path="/d/:uid/*" element={<OfAddress page={Dashboard} />} />
            <Route path="/connections/datasources" element={<Sources />} />
            <Route path="/connections/datasources/new" element={<Source key="new" />} />
            <Route path="/connections/datasources/edit/:uid" element={<OfAddress page={Source} />} />
            <Route path="/admin/access" element={<Access />} />
            <Route path="/alerting/grafana/:uid/view" element={<RuleAddress />} />
            <Route path="/alerting/*" element={<Navigate to="/alerts" replace />} />
            <Route path="/d-solo/:uid/*" element={<SoloAddress />} />
            <Route path="/dashboard/db/:slug" element={<SlugAddress />} />
            <Route path="/dashboard/snapshot/:key" element={<SnapshotPage />} />
            <Route path="/login" element={<Navigate to="/" replace />} />
            <Route path="*" element={<NotFound />} />
          </Routes>
        </Suspense>
      </Shell>
    </SessionContext.Provider>
  );
}

/** The dashboard that somebody chose to begin with, else the list of all. */
function Home() {
  const home = useAsync(getHome, []);
  return home.state === 'loading' ? <Loading what="the first page" /> : <Navigate to={(home.state === 'done' && home.value) || '/dashboards'} replace />;
}

function NotFound() {
  return <NoPage to={`${page.base}/dashboards`} what="All dashboards" />;
}
