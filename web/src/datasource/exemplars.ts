/* Exemplars as a data frame: samples that say where they come from, usually by the id of a trace. */
import { DataTopic, FieldType, type DataFrame, type Field } from '@grafana/data';
import type { ExemplarSeries } from '../api/prometheus';
import { exemplarsOf, thinned } from './exemplarlist';
import type { TraceDestination } from './query';

/** A frame of exemplars as Grafana's panels have it: a row each, a column for the time, the value and each label. */
export function exemplarFrame(series: ExemplarSeries[], refId: string, destinations: TraceDestination[]): DataFrame | undefined {
  const rows = thinned(exemplarsOf(series));
  if (!rows.length) {
    return undefined;
  }
  const labels = [...new Set(rows.flatMap((r) => Object.keys(r.labels)))];
  const linksOf = (name: string) => destinations.filter((d) => d.name === name && d.url).map((d) => ({ title: d.urlDisplayLabel || 'Open the trace', url: d.url ?? '', targetBlank: true }));
  const column = (name: string): Field => ({ name, type: FieldType.string, config: { links: linksOf(name) }, values: rows.map((r) => r.labels[name]) });
  return {
    name: 'exemplar', refId, length: rows.length,
    meta: { dataTopic: DataTopic.Annotations, custom: { resultType: 'exemplar' } },
    fields: [
      { name: 'Time', type: FieldType.time, config: {}, values: rows.map((r) => r.time) },
      { name: 'Value', type: FieldType.number, config: {}, values: rows.map((r) => r.value) },
      ...labels.map(column),
    ],
  };
}
