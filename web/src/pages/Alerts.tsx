/* Alerts of the Grafana workspace: the console's pages, asked with the session here. */
import { lazy, useMemo } from 'react';
import { Route, Routes } from 'react-router-dom';
import { NewSilence, Notifications, OneRule, RoutesPage, Rules, Silences } from '../alerts/Alerts';
import { AlertSourceProvider, grafanaSource } from '../alerts/source';
import { page } from '../boot/page';
import { OfAddress } from '../components/OfAddress';
import { NoPage } from '../components/States';
import { useMay } from './session';

const RulePage = lazy(() => import('../alerts/RuleForm').then((m) => ({ default: m.RulePage })));
const ContactPoints = lazy(() => import('../alerts/Contacts').then((m) => ({ default: m.ContactPoints })));

export function GrafanaAlerts() {
  const editor = useMay('Editor');
  const source = useMemo(() => grafanaSource(editor), [editor]);
  return (
    <AlertSourceProvider value={source}>
      <Routes>
        <Route path="/" element={<Rules />} />
        <Route path="/rule" element={<OneRule />} />
        <Route path="/new" element={<RulePage key="new" />} />
        <Route path="/edit/:uid" element={<OfAddress page={RulePage} />} />
        <Route path="/contacts" element={<ContactPoints />} />
        <Route path="/silences" element={<Silences />} />
        <Route path="/silences/new" element={<NewSilence />} />
        <Route path="/routes" element={<RoutesPage />} />
        <Route path="/notifications" element={<Notifications />} />
        <Route path="*" element={<NoPage to={`${page.base}/alerts`} what="All alert rules" />} />
      </Routes>
    </AlertSourceProvider>
  );
}
