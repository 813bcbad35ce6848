/* One dashboard: loaded, migrated, drawn. */
import { useEffect, useMemo } from 'react';
import { useParams } from 'react-router-dom';
import { getDashboard, type Stored } from '../api/grafana';
import { Failed, Loading } from '../components/States';
import { useAsync } from '../lib/useAsync';
import { migrate, unwrap } from '../model/migrate';
import { withLibraryPanels } from '../model/library';
import type { DashboardJSON } from '../model/dashboard';
import { registerMacros } from '../scene/macros';
import { DashboardView } from './dashboard/View';

registerMacros();

export interface Opened extends Stored {
  /** As drawn: migrated, library panels in their places. */
  model: DashboardJSON;
}

function empty(): Stored {
  const dashboard: DashboardJSON = {
    title: 'New dashboard', panels: [], time: { from: 'now-6h', to: 'now' }, timezone: 'browser', schemaVersion: 42, tags: [], editable: true,
    templating: { list: [] }, annotations: { list: [] },
  };
  return { dashboard, meta: { canEdit: true, canSave: true } };
}

async function open(uid: string | undefined): Promise<Opened> {
  const stored = uid ? await getDashboard(uid) : empty();
  const model = await withLibraryPanels(migrate(unwrap(stored.dashboard)));
  return { ...stored, model };
}

export function DashboardPage() {
  const { uid } = useParams();
  const found = useAsync(() => open(uid), [uid]);
  const key = useMemo(() => Math.random(), [found.state === 'done' ? found.value : undefined]); // eslint-disable-line
  useEffect(() => () => document.body.classList.remove('kiosk'), []);
  if (found.state === 'loading') {
    return <Loading what="the dashboard" />;
  }
  if (found.state === 'failed') {
    return <Failed error={found.error} retry={found.again} />;
  }
  return <DashboardView key={key} opened={found.value} reload={found.again} />;
}
