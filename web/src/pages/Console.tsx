/* The console: what stands at /ui/. */
import { lazy, Suspense, useEffect, useState, type ComponentType } from 'react';
import { Navigate, Route, Routes } from 'react-router-dom';
import { consoleSession } from '../api/hearth';
import { onSessionOver } from '../api/aws';
import { page } from '../boot/page';
import { OfAddress } from '../components/OfAddress';
import { Failed, Loading, NoPage } from '../components/States';
import { Frame } from '../console/Frame';
import { SignIn } from '../console/SignIn';
import { useAsync } from '../lib/useAsync';

/** Pages load when somebody goes there. */
function later<M>(load: () => Promise<M>, pick: (m: M) => ComponentType) {
  return lazy(() => load().then((m) => ({ default: pick(m) })));
}

const workspaces = () => import('../console/Workspaces');
const documents = () => import('../console/Documents');
const collectors = () => import('../console/Collectors');
const people = () => import('../console/People');
const alerts = () => import('../alerts/Alerts');

const pages: Record<string, ComponentType> = {
  '/workspaces': later(workspaces, (m) => m.Workspaces),
  '/workspaces/:id': later(workspaces, (m) => m.Workspace),
  '/workspaces/:id/rules/:name': later(documents, (m) => m.NamespacePage),
  '/workspaces/:id/alertmanager': later(documents, (m) => m.DefinitionPage),
  '/explore': later(() => import('../console/Explore'), (m) => m.Explore),
  '/alerts': later(alerts, (m) => m.Rules),
  '/alerts/rule': later(alerts, (m) => m.OneRule),
  '/alerts/silences': later(alerts, (m) => m.Silences),
  '/alerts/silences/new': later(alerts, (m) => m.NewSilence),
  '/alerts/routes': later(alerts, (m) => m.RoutesPage),
  '/alerts/notifications': later(alerts, (m) => m.Notifications),
  '/scrapers': later(collectors, (m) => m.Scrapers),
  '/scrapers/new': later(collectors, (m) => m.NewScraper),
  '/scrapers/:id': later(collectors, (m) => m.ScraperPage),
  '/clusters': later(collectors, (m) => m.Clusters),
  '/clusters/:name': later(collectors, (m) => m.ClusterPage),
  '/cloudwatch': later(collectors, (m) => m.CloudWatch),
  '/sns': later(people, (m) => m.Topics),
  '/sns/:arn': later(people, (m) => m.TopicPage),
  '/grafana': later(people, (m) => m.GrafanaWorkspaces),
  '/grafana/:id': later(people, (m) => m.GrafanaWorkspacePage),
  '/iam': later(people, (m) => m.Principals),
  '/iam/why': later(people, (m) => m.WhyDenied),
  '/iam/:kind/:name': later(people, (m) => m.PrincipalPage),
};

export function Console() {
  const session = useAsync(consoleSession, []);
  const [over, setOver] = useState(false);
  useEffect(() => onSessionOver(() => setOver(true)), []);
  if (session.state === 'loading') {
    return <Loading what="the console" />;
  }
  if (session.state === 'failed') {
    return <Failed error={session.error} retry={session.again} />;
  }
  if (over || !session.value.signedIn) {
    return <SignIn over={over} />;
  }
  return (
    <Frame session={session.value}>
      <Suspense fallback={<Loading what="the page" />}>
        <Routes>
          <Route path="/" element={<Navigate to="/workspaces" replace />} />
          {Object.entries(pages).map(([path, Page]) => <Route key={path} path={path} element={<OfAddress page={Page} />} />)}
          <Route path="/login" element={<Navigate to="/workspaces" replace />} />
          <Route path="*" element={<NoPage to={`${page.base}/workspaces`} what="All workspaces" />} />
        </Routes>
      </Suspense>
    </Frame>
  );
}
