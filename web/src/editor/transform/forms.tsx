/* The forms of the transformations, by id. What a form does not know of the
   options stays in them.
   https://grafana.com/docs/grafana/latest/panels-visualizations/query-transform-data/transform-data/ */
import { Field, RadioButtonGroup, Select, Stack, StatsPicker, Switch } from '@grafana/ui';
import type { ComponentType } from 'react';
import { Line, NumberLine } from '../Line';
import { Calculate } from './calculate';
import { choices, FieldPick, FieldsPick, labelsOf, object, radio, refsOf, strings, words, type FormProps } from './fields';
import { Conversions, GroupBy, SortBy, ValueFilters } from './lists';
import { Organize } from './organize';
import { Buckets, ConfigFrom, Extract, JoinLabels, Partition, Prepare, Regression, RowsToFields, Smoothing, Trends } from './shapes';

function Reduce({ options, set }: FormProps) {
  const mode = words(options.mode) ?? 'seriesToRows';
  return (
    <>
      <Field label="Mode"><RadioButtonGroup value={mode} options={radio(['seriesToRows', 'Series to rows'], ['reduceFields', 'Reduce fields'])} onChange={(v) => set({ ...options, mode: v })} /></Field>
      <Field label="Calculations"><StatsPicker allowMultiple stats={strings(options.reducers)} onChange={(reducers) => set({ ...options, reducers })} /></Field>
      {mode === 'reduceFields'
        ? <Field label="Include time"><Switch value={Boolean(options.includeTimeField)} onChange={(e) => set({ ...options, includeTimeField: e.currentTarget.checked })} /></Field>
        : <Field label="Labels to fields"><Switch value={Boolean(options.labelsToFields)} onChange={(e) => set({ ...options, labelsToFields: e.currentTarget.checked })} /></Field>}
    </>
  );
}

const Nothing = () => <p>It has no options.</p>;

function Join({ options, set, frames }: FormProps) {
  const mode = words(options.mode) ?? 'outer';
  return (
    <>
      <Field label="Mode"><RadioButtonGroup value={mode} options={radio(['outer', 'Outer (time series)'], ['outerTabular', 'Outer (tabular)'], ['inner', 'Inner'])} onChange={(v) => set({ ...options, mode: v })} /></Field>
      <FieldPick label="Field" frames={frames} value={words(options.byField)} clearable onChange={(byField) => set({ ...options, byField })} />
    </>
  );
}

function FilterNames({ options, set, frames }: FormProps) {
  const include = object(options.include);
  const change = (more: object) => set({ ...options, include: { ...include, ...more } });
  return (
    <>
      <FieldsPick label="Fields to keep" frames={frames} value={strings(include.names)} onChange={(names) => change({ names })} />
      <Field label="Or those whose names match" htmlFor="t-pattern"><Line id="t-pattern" placeholder="regular expression" value={words(include.pattern)} onDone={(pattern) => change({ pattern: pattern || undefined })} /></Field>
    </>
  );
}

function FilterRefs({ options, set, frames }: FormProps) {
  const refs = refsOf(frames);
  return <Field label="Queries to keep" description="A, or a regular expression: A|B"><Select aria-label="Queries to keep" width={30} allowCustomValue isClearable options={choices([...refs, ...(words(options.include) ? [String(options.include)] : [])])} value={words(options.include)} onChange={(o) => set({ ...options, include: o?.value })} /></Field>;
}

function Limit({ options, set }: FormProps) {
  return <Field label="Rows at most" htmlFor="t-limit"><NumberLine id="t-limit" width={20} min={0} value={Number(options.limitField ?? 10)} onDone={(n) => set({ ...options, limitField: n ?? 10 })} /></Field>;
}

function Rename({ options, set }: FormProps) {
  return (
    <Stack gap={2} wrap="wrap">
      <Field label="Match" htmlFor="t-regex"><Line id="t-regex" placeholder="(.*)" value={words(options.regex)} onDone={(regex) => set({ ...options, regex })} /></Field>
      <Field label="Replace" description="$1 is the first group" htmlFor="t-rename"><Line id="t-rename" placeholder="$1" value={words(options.renamePattern)} onDone={(renamePattern) => set({ ...options, renamePattern })} /></Field>
    </Stack>
  );
}

function LabelsToFields({ options, set, frames }: FormProps) {
  const labels = labelsOf(frames);
  return (
    <>
      <Field label="Mode"><RadioButtonGroup value={words(options.mode) ?? 'columns'} options={radio(['columns', 'Columns'], ['rows', 'Rows'])} onChange={(mode) => set({ ...options, mode })} /></Field>
      <Field label="Value field name" description="Its values name the fields"><Select aria-label="Value field name" isClearable width={30} options={choices(labels)} value={words(options.valueLabel)} onChange={(o) => set({ ...options, valueLabel: o?.value })} /></Field>
    </>
  );
}

export const forms: Record<string, ComponentType<FormProps> | undefined> = {
  organize: Organize, reduce: Reduce, merge: Nothing, joinByField: Join, seriesToColumns: Join, filterFieldsByName: FilterNames, filterByRefId: FilterRefs,
  filterByValue: ValueFilters, groupBy: GroupBy, sortBy: SortBy, limit: Limit, calculateField: Calculate, convertFieldType: Conversions,
  renameByRegex: Rename, labelsToFields: LabelsToFields, concatenate: Nothing, seriesToRows: Nothing,
  rowsToFields: RowsToFields, configFromData: ConfigFrom, partitionByValues: Partition, prepareTimeSeries: Prepare, timeSeriesTable: Trends,
  extractFields: Extract, joinByLabels: JoinLabels, heatmap: Buckets, regression: Regression, smoothing: Smoothing,
};

