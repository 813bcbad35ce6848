/* Forms of the transformations that give data another shape. What a form does not know of the options stays in them. */
import { ReducerID } from '@grafana/data';
import { Field, RadioButtonGroup, Stack, StatsPicker, Switch } from '@grafana/ui';
import { namesOf } from '../data';
import { Line, NumberLine } from '../Line';
import { Pick, PickSeveral } from '../Pick';
import { Rows } from '../Rows';
import { AddButton, choices, FieldPick, FieldsPick, labelsOf, object, objects, radio, refsOf, strings, words, type FormProps, type Options } from './fields';

function Check({ label, value, onChange, description }: { label: string; value: unknown; onChange: (on: boolean) => void; description?: string }) {
  const id = `t-${label.toLowerCase().replaceAll(' ', '-')}`;
  return <Field label={label} description={description} htmlFor={id}><Switch id={id} value={Boolean(value)} onChange={(e) => onChange(e.currentTarget.checked)} /></Field>;
}

export function Partition({ options, set, frames }: FormProps) {
  const naming = object(options.naming);
  const asLabels = options.naming === undefined || Boolean(naming.asLabels);
  return (
    <>
      <FieldsPick label="A table for each value of" frames={frames} value={strings(options.fields)} onChange={(fields) => set({ ...options, fields })} />
      <Field label="The values are"><RadioButtonGroup value={asLabels ? 'labels' : 'name'} options={radio(['labels', 'Labels'], ['name', 'The table\'s name'])} onChange={(v) => set({ ...options, naming: { ...naming, asLabels: v === 'labels' } })} /></Field>
      <Check label="Keep these fields" value={options.keepFields} onChange={(keepFields) => set({ ...options, keepFields })} />
    </>
  );
}

export function Prepare({ options, set }: FormProps) {
  return <Field label="Format"><RadioButtonGroup value={words(options.format) ?? 'multi'} options={radio(['wide', 'Wide: one table'], ['multi', 'Multi-frame: one each'], ['long', 'Long: rows with labels'])} onChange={(format) => set({ ...options, format })} /></Field>;
}

/** Of each query, what its trend is sorted and written by. */
export function Trends({ options, set, frames }: FormProps) {
  const refs = [...new Set([...refsOf(frames), ...Object.keys(options).filter((k) => typeof object(options[k]).stat === 'string')])];
  return (
    <>
      {refs.map((ref) => {
        const stat = words(object(options[ref]).stat) ?? words(object(options.refIdToStat)[ref]) ?? ReducerID.lastNotNull;
        return <Field key={ref} label={`Value of the trend of ${ref}`}><StatsPicker width={30} stats={[stat]} onChange={([next]) => set({ ...options, [ref]: { ...object(options[ref]), stat: next } })} /></Field>;
      })}
    </>
  );
}

export function Extract({ options, set, frames }: FormProps) {
  const format = words(options.format) ?? 'auto';
  const paths = objects(options.jsonPaths);
  const put = (jsonPaths: Options[]) => set({ ...options, jsonPaths });
  return (
    <>
      <Stack gap={2} wrap="wrap">
        <FieldPick label="Source" frames={frames} value={words(options.source)} clearable onChange={(source) => set({ ...options, source })} />
        <Field label="Format"><Pick label="Format" width={26} value={format} options={radio(['auto', 'Auto'], ['json', 'JSON'], ['kvp', 'Pairs: key=value'], ['delimiter', 'Separated words'])} onChange={(o) => set({ ...options, format: o.value })} /></Field>
        {format === 'delimiter' && <Field label="Separator" htmlFor="t-delimiter"><Line id="t-delimiter" width={8} placeholder="," value={words(options.delimiter)} onDone={(delimiter) => set({ ...options, delimiter: delimiter || undefined })} /></Field>}
      </Stack>
      <Stack gap={2}>
        <Check label="Replace all fields" value={options.replace} onChange={(replace) => set({ ...options, replace })} />
        {Boolean(options.replace) && <Check label="Keep time" value={options.keepTime} onChange={(keepTime) => set({ ...options, keepTime })} />}
      </Stack>
      {format === 'json' && (
        <>
          <Rows label="Paths" items={paths} change={put} name={(_, i) => `Path ${i + 1}`}>
            {(p, change) => (
              <Stack gap={1} wrap="wrap">
                <Field label="Path"><Line aria-label="Path" placeholder="a.b[0]" width={28} value={words(p.path)} onDone={(path) => change({ ...p, path })} /></Field>
                <Field label="Name"><Line aria-label="Name" width={20} value={words(p.alias)} onDone={(alias) => change({ ...p, alias: alias || undefined })} /></Field>
              </Stack>
            )}
          </Rows>
          <AddButton onClick={() => put([...paths, { path: '' }])}>Add path</AddButton>
        </>
      )}
    </>
  );
}

export function JoinLabels({ options, set, frames }: FormProps) {
  const value = words(options.value);
  const join = strings(options.join);
  const all = [...new Set([...labelsOf(frames), ...join, ...(value ? [value] : [])])];
  return (
    <>
      <Field label="Its values name the columns"><Pick label="Its values name the columns" width={30} placeholder="Label" options={choices(all)} value={value ?? null} onChange={(o) => set({ ...options, value: o.value })} /></Field>
      <Field label="A row for each" description="Empty: all other labels"><PickSeveral label="A row for each" options={choices(all.filter((l) => l !== value))} value={join} onChange={(picked) => set({ ...options, join: picked.length ? picked.map((o) => o.value) : undefined })} /></Field>
    </>
  );
}

export function Regression({ options, set, frames }: FormProps) {
  const model = words(options.modelType) ?? 'linear';
  return (
    <>
      <Stack gap={2} wrap="wrap">
        <FieldPick label="X" frames={frames} value={words(options.xFieldName)} clearable onChange={(xFieldName) => set({ ...options, xFieldName })} />
        <FieldPick label="Y" frames={frames} value={words(options.yFieldName)} clearable onChange={(yFieldName) => set({ ...options, yFieldName })} />
      </Stack>
      <Stack gap={2} wrap="wrap">
        <Field label="Model"><RadioButtonGroup value={model} options={radio(['linear', 'Line'], ['polynomial', 'Polynomial'])} onChange={(modelType) => set({ ...options, modelType })} /></Field>
        {model === 'polynomial' && <Field label="Degree" htmlFor="t-degree"><NumberLine id="t-degree" width={12} min={2} value={Number(options.degree ?? 2)} onDone={(n) => set({ ...options, degree: n ?? 2 })} /></Field>}
        <Field label="Points" htmlFor="t-points"><NumberLine id="t-points" width={12} min={2} value={Number(options.predictionCount ?? 100)} onDone={(n) => set({ ...options, predictionCount: n ?? 100 })} /></Field>
      </Stack>
    </>
  );
}

export function Smoothing({ options, set }: FormProps) {
  return <Field label="Resolution" description="In how many windows the time is divided: fewer are smoother" htmlFor="t-resolution"><NumberLine id="t-resolution" width={16} min={1} value={Number(options.resolution ?? 100)} onDone={(n) => set({ ...options, resolution: n ?? 100 })} /></Field>;
}

const settings: Array<[string, string]> = [['max', 'Max'], ['min', 'Min'], ['unit', 'Unit'], ['decimals', 'Decimals'], ['displayName', 'Display name'], ['color', 'Color'], ['threshold1', 'Threshold'], ['__ignore', 'Nothing']];

/** What columns mean beside their names: "Max" is the maximum without being told. */
function Mappings({ options, set, frames, means, calculated }: FormProps & { means: Array<[string, string]>; calculated?: boolean }) {
  const mappings = objects(options.mappings);
  const put = (next: Options[]) => set({ ...options, mappings: next });
  return (
    <>
      <Rows label="Settings" items={mappings} change={put} name={(_, i) => `Setting ${i + 1}`}>
        {(m, change) => (
          <Stack gap={1} wrap="wrap">
            <FieldPick label="Field" frames={frames} value={words(m.fieldName)} onChange={(fieldName) => change({ ...m, fieldName })} />
            <Field label="Sets"><Pick label="Sets" width={18} options={radio(...means)} value={words(m.handlerKey) ?? null} onChange={(o) => change({ ...m, handlerKey: o.value })} /></Field>
            {calculated && <Field label="By its"><StatsPicker stats={[words(m.reducerId) ?? ReducerID.lastNotNull]} onChange={([reducerId]) => change({ ...m, reducerId })} /></Field>}
          </Stack>
        )}
      </Rows>
      <AddButton onClick={() => put([...mappings, { fieldName: namesOf(frames)[0] ?? '', handlerKey: 'max' }])}>Add setting</AddButton>
    </>
  );
}

export function RowsToFields(p: FormProps) {
  const { options, set, frames } = p;
  return (
    <>
      <Stack gap={2} wrap="wrap">
        <FieldPick label="Names of the fields" frames={frames} value={words(options.nameField)} clearable onChange={(nameField) => set({ ...options, nameField })} />
        <FieldPick label="Their values" frames={frames} value={words(options.valueField)} clearable onChange={(valueField) => set({ ...options, valueField })} />
      </Stack>
      <Mappings {...p} means={[...settings, ['field.name', 'Name'], ['field.value', 'Value'], ['field.label', 'Label']]} />
    </>
  );
}

export function ConfigFrom(p: FormProps) {
  const { options, set, frames } = p;
  const ref = words(options.configRefId);
  return (
    <>
      <Field label="Query that configures the others"><Pick label="Query that configures the others" width={20} options={choices([...new Set([...refsOf(frames), ...(ref ? [ref] : [])])])} value={ref ?? null} onChange={(o) => set({ ...options, configRefId: o.value })} /></Field>
      <Mappings {...p} frames={frames.filter((f) => f.refId === ref)} means={settings} calculated />
    </>
  );
}

export function Buckets({ options, set }: FormProps) {
  const axis = (key: 'xBuckets' | 'yBuckets', name: string) => {
    const b = object(options[key]);
    return (
      <Stack gap={2} wrap="wrap">
        <Field label={name}><RadioButtonGroup value={words(b.mode) ?? 'size'} options={radio(['size', 'Size'], ['count', 'Count'])} onChange={(mode) => set({ ...options, [key]: { ...b, mode } })} /></Field>
        <Field label={`${name}: value`} htmlFor={`t-${key}`}><Line id={`t-${key}`} width={14} placeholder="Auto" value={words(b.value)} onDone={(value) => set({ ...options, [key]: { ...b, value: value || undefined } })} /></Field>
      </Stack>
    );
  };
  return <>{axis('xBuckets', 'X buckets')}{axis('yBuckets', 'Y buckets')}</>;
}
