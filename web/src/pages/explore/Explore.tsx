/* Explore of a Grafana workspace: for editors, over its data sources. */
import { getSource } from '../../api/connections';
import { HttpError } from '../../api/http';
import { useCrumbs } from '../../components/Crumbs';
import { Failed } from '../../components/States';
import { useMay } from '../session';
import { ExplorePanes } from './Panes';

export function ExplorePage() {
  useCrumbs([{ text: 'Explore' }]);
  const admin = useMay('Admin');
  if (!useMay('Editor')) {
    return <Failed error={new HttpError(403, 'Explore is for editors and administrators of the Grafana workspace.')} />;
  }
  // Where a data source stands is for administrators.
  const addressOf = async (uid: string) => (admin && uid ? ((await getSource(uid)).url ?? '') : '');
  return <ExplorePanes dsParam="ds" dsLabel="Data source" token="GRAFANA_TOKEN" addressOf={addressOf} />;
}
