/* Transformations whose options are lists: filters, conversions, sorting, grouping. */
import { FieldType, ReducerID, valueMatchers, ValueMatcherID } from '@grafana/data';
import { Field, RadioButtonGroup, Select, Stack, StatsPicker, Switch } from '@grafana/ui';
import { namesOf } from '../data';
import { Line } from '../Line';
import { Rows } from '../Rows';
import { AddButton, choices, FieldPick, nameChoices, object, objects, strings, words, type FormProps, type Options } from './fields';
import { Pick } from '../Pick';

const without = new Set<string>([ValueMatcherID.isNull, ValueMatcherID.isNotNull]);

/** Numbers stay numbers; a variable or text stays text. */
function typed(text: string): string | number {
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

export function ValueFilters({ options, set, frames }: FormProps) {
  const filters = objects(options.filters);
  const put = (next: Options[]) => set({ type: 'include', match: 'any', ...options, filters: next });
  return (
    <>
      <Stack gap={2} wrap="wrap">
        <Field label="Rows that match are"><RadioButtonGroup value={words(options.type) ?? 'include'} options={[{ value: 'include', label: 'Kept' }, { value: 'exclude', label: 'Left out' }]} onChange={(type) => set({ ...options, type })} /></Field>
        <Field label="They match"><RadioButtonGroup value={words(options.match) ?? 'any'} options={[{ value: 'all', label: 'All conditions' }, { value: 'any', label: 'Any condition' }]} onChange={(match) => set({ ...options, match })} /></Field>
      </Stack>
      <Rows label="Conditions" items={filters} change={put} name={(_, i) => `Condition ${i + 1}`}>
        {(f, change) => {
          const config = object(f.config);
          const values = object(config.options);
          const id = words(config.id) ?? 'greater';
          const setValue = (more: Options) => change({ ...f, config: { ...config, id, options: { ...values, ...more } } });
          return (
            <Stack gap={1} wrap="wrap">
              <FieldPick label="Field" frames={frames} value={words(f.fieldName)} onChange={(fieldName) => change({ ...f, fieldName })} />
              <Field label="Condition"><Select aria-label="Condition" width={22} options={valueMatchers.list().map((m) => ({ value: m.id, label: m.name }))} value={id} onChange={(o) => change({ ...f, config: { ...config, id: o.value, options: config.options ?? {} } })} /></Field>
              {id === 'between' ? (
                <>
                  <Field label="From"><Line aria-label="From" width={12} value={String(values.from ?? '')} onDone={(t) => setValue({ from: typed(t) })} /></Field>
                  <Field label="To"><Line aria-label="To" width={12} value={String(values.to ?? '')} onDone={(t) => setValue({ to: typed(t) })} /></Field>
                </>
              ) : !without.has(id) && <Field label="Value"><Line aria-label="Value" width={16} value={String(values.value ?? '')} onDone={(t) => setValue({ value: typed(t) })} /></Field>}
            </Stack>
          );
        }}
      </Rows>
      <AddButton onClick={() => put([...filters, { fieldName: namesOf(frames)[0] ?? '', config: { id: 'greater', options: { value: 0 } } }])}>Add condition</AddButton>
    </>
  );
}

const kinds = [FieldType.number, FieldType.string, FieldType.time, FieldType.boolean] as string[];

export function Conversions({ options, set, frames }: FormProps) {
  const all = objects(options.conversions);
  const put = (conversions: Options[]) => set({ ...options, conversions });
  return (
    <>
      <Rows label="Conversions" items={all} change={put} name={(_, i) => `Conversion ${i + 1}`}>
        {(c, change) => (
          <Stack gap={1} wrap="wrap">
            <FieldPick label="Field" frames={frames} value={words(c.targetField)} onChange={(targetField) => change({ ...c, targetField })} />
            <Field label="As"><Select aria-label="As" width={16} options={choices(kinds)} value={words(c.destinationType)} onChange={(o) => change({ ...c, destinationType: o.value })} /></Field>
            {(c.destinationType === FieldType.time || c.destinationType === FieldType.string) && <Field label="Date format"><Line aria-label="Date format" width={24} placeholder="YYYY-MM-DD HH:mm:ss" value={words(c.dateFormat)} onDone={(t) => change({ ...c, dateFormat: t || undefined })} /></Field>}
          </Stack>
        )}
      </Rows>
      <AddButton onClick={() => put([...all, { targetField: undefined, destinationType: FieldType.number }])}>Convert a field</AddButton>
    </>
  );
}

export function SortBy({ options, set, frames }: FormProps) {
  const [first = {}, ...others] = objects(options.sort);
  const put = (more: Options) => set({ ...options, sort: [{ ...first, ...more }, ...others] });
  return (
    <Stack gap={2} wrap="wrap">
      <FieldPick label="Field" frames={frames} value={words(first.field)} onChange={(field) => put({ field })} />
      <Field label="Greatest first"><Switch value={Boolean(first.desc)} onChange={(e) => put({ desc: e.currentTarget.checked })} /></Field>
    </Stack>
  );
}

const operations = [{ value: 'ignored', label: 'Ignored' }, { value: 'groupby', label: 'Group by' }, { value: 'aggregate', label: 'Calculate' }];

export function GroupBy({ options, set, frames }: FormProps) {
  const fields = object(options.fields);
  const names = nameChoices(frames, Object.keys(fields)).map((o) => o.value);
  const put = (name: string, more: Options | undefined) => {
    const { [name]: was, ...rest } = fields;
    set({ ...options, fields: more ? { ...rest, [name]: { aggregations: [], ...object(was), ...more } } : rest });
  };
  return (
    <>
      {names.map((name) => {
        const f = object(fields[name]);
        const operation = words(f.operation) ?? 'ignored';
        return (
          <Stack key={name} gap={1} alignItems="center" wrap="wrap">
            <span style={{ flex: '0 1 200px', overflow: 'hidden', textOverflow: 'ellipsis' }} title={name}>{name}</span>
            <Pick label={`Operation of ${name}`} width={18} options={operations} value={operation} onChange={(o) => put(name, o.value === 'ignored' ? undefined : { operation: o.value, ...(o.value === 'aggregate' && !strings(f.aggregations).length ? { aggregations: [ReducerID.lastNotNull] } : {}) })} />
            {operation === 'aggregate' && <StatsPicker allowMultiple width={36} stats={strings(f.aggregations)} onChange={(aggregations) => put(name, { aggregations })} />}
          </Stack>
        );
      })}
    </>
  );
}
