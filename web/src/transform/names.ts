import type { DataFrame, DataTransformerInfo } from '@grafana/data';
import { from, mergeMap, type Observable } from 'rxjs';

type Own = typeof import('./own');

/** Our own transformations; what they do is fetched when one is first used. */
const own: Array<{ id: keyof Own; name: string; description: string; defaultOptions?: object }> = [
  { id: 'rowsToFields', name: 'Rows to fields', description: 'Each row becomes a field, with other columns as its configuration.' },
  { id: 'configFromData', name: 'Config from query results', description: 'A query sets unit, minimum, maximum or thresholds of the others.', defaultOptions: { configRefId: 'config', mappings: [] } },
  { id: 'partitionByValues', name: 'Partition by values', description: 'A table for each value of some columns.', defaultOptions: { fields: [], keepFields: false, naming: { asLabels: true } } },
  { id: 'prepareTimeSeries', name: 'Prepare time series', description: 'Time series in another shape: wide, multi-frame or long.', defaultOptions: { format: 'wide' } },
  { id: 'timeSeriesTable', name: 'Time series to table', description: 'A row for each series, with its labels and its trend.' },
  { id: 'extractFields', name: 'Extract fields', description: 'Columns from a text of JSON or of pairs, or from labels.', defaultOptions: { format: 'auto', replace: false, keepTime: false } },
  { id: 'joinByLabels', name: 'Join by labels', description: 'One label tells the column, the others the row.' },
  { id: 'heatmap', name: 'Create heatmap', description: 'Values are counted into the cells of a heatmap.' },
  { id: 'regression', name: 'Regression analysis', description: 'A line or a polynomial through the points.', defaultOptions: { modelType: 'linear', predictionCount: 100 } },
  { id: 'smoothing', name: 'Smoothing', description: 'The mean of a window in the place of each value.', defaultOptions: { resolution: 100 } },
];

export const ownTransformers: DataTransformerInfo[] = own.map(({ id, name, description, defaultOptions = {} }) => ({
  id,
  name,
  description,
  defaultOptions,
  operator: (options: object) => (source: Observable<DataFrame[]>) =>
    source.pipe(mergeMap((frames) => from(import('./own').then(async (m) => (m[id] as (f: DataFrame[], o: object) => DataFrame[] | Promise<DataFrame[]>)(frames, options))))),
}));
