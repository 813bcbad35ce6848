/* Explore of a Grafana workspace: for editors, over its data sources. */
import { HttpError } from '../../api/http';
import { useCrumbs } from '../../components/Crumbs';
import { Failed } from '../../components/States';
import { useMay } from '../session';
import { ExplorePanes } from './Panes';

export function ExplorePage() {
  useCrumbs([{ text: 'Explore' }]);
  if (!useMay('Editor')) {
    return <Failed error={new HttpError(403, 'Explore is for editors and administrators of the Grafana workspace.')} />;
  }
  return <ExplorePanes dsParam="ds" dsLabel="Data source" />;
}
