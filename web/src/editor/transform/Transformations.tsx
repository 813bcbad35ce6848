/* The steps between what the queries answer and what the panel draws. */
import { standardTransformersRegistry, type DataFrame, type DataTransformerConfig } from '@grafana/data';
import { Field, IconButton } from '@grafana/ui';
import { useState } from 'react';
import { messageOf } from '../../api/http';
import { useTransformed } from '../data';
import { Lines } from '../Line';
import { Rows } from '../Rows';
import { forms } from './forms';
import { Pick } from '../Pick';

interface Props {
  value: DataTransformerConfig[];
  onChange: (t: DataTransformerConfig[]) => void;
  raw: DataFrame[];
}

/** What the list offers first. */
const common = ['organize', 'reduce', 'merge', 'joinByField', 'filterFieldsByName', 'filterByValue', 'groupBy', 'sortBy', 'limit', 'calculateField', 'convertFieldType', 'renameByRegex', 'filterByRefId', 'labelsToFields', 'concatenate'];

const titles: Record<string, string> = {
  organize: 'Organize fields by name', reduce: 'Reduce', merge: 'Merge series/tables', joinByField: 'Join by field', filterFieldsByName: 'Filter fields by name',
  filterByValue: 'Filter data by values', groupBy: 'Group by', sortBy: 'Sort by', limit: 'Limit', calculateField: 'Add field from calculation',
  convertFieldType: 'Convert field type', renameByRegex: 'Rename fields by regex', filterByRefId: 'Filter data by query refId', labelsToFields: 'Labels to fields', concatenate: 'Concatenate fields',
};

export const transformationName = (id: string) => titles[id] ?? standardTransformersRegistry.getIfExists(id)?.name ?? id;

export function Transformations({ value, onChange, raw }: Props) {
  const others = standardTransformersRegistry.list().filter((t) => !common.includes(t.id) && t.id !== 'noop' && t.name).map((t) => t.id);
  const options = [...common, ...others].map((id) => ({ value: id, label: transformationName(id), description: standardTransformersRegistry.getIfExists(id)?.description }));
  return (
    <section aria-label="Transformations">
      <Rows
        label="Transformations" items={value} change={onChange} name={(t, i) => `${i + 1}. ${transformationName(t.id)}`}
        head={(t, i) => <IconButton name={t.disabled ? 'eye-slash' : 'eye'} aria-label={t.disabled ? 'Switch on' : 'Switch off'} onClick={() => onChange(value.map((x, j) => (j === i ? { ...x, disabled: !x.disabled || undefined } : x)))} />}
      >
        {(t, set, i) => <Step key={t.id} config={t} before={value.slice(0, i)} raw={raw} set={(o) => set({ ...t, options: o })} />}
      </Rows>
      <Pick label="Add transformation" placeholder="Add transformation" width={40} value={null} options={options} onChange={(o) => onChange([...value, { id: o.value, options: structuredClone(standardTransformersRegistry.getIfExists(o.value)?.transformation?.defaultOptions ?? {}) as never }])} />
      {!value.length && <p style={{ marginTop: 8 }}>Transformations join, filter, rename and calculate what the queries answer, before it is drawn.</p>}
    </section>
  );
}

function Step({ config, before, raw, set }: { config: DataTransformerConfig; before: DataTransformerConfig[]; raw: DataFrame[]; set: (options: Record<string, unknown>) => void }) {
  const frames = useTransformed(raw, before);
  const Form = forms[config.id];
  const options = (config.options ?? {}) as Record<string, unknown>;
  return Form ? <Form options={options} set={set} frames={frames} /> : <AsJson options={options} set={set} />;
}

/** Options of a step that has no form of its own. */
function AsJson({ options, set }: { options: Record<string, unknown>; set: (o: Record<string, unknown>) => void }) {
  const [text, setText] = useState(() => JSON.stringify(options, null, 2));
  const [error, setError] = useState('');
  const apply = (next: string) => {
    setText(next);
    try {
      set(JSON.parse(next));
      setError('');
    } catch (err) {
      setError(messageOf(err));
    }
  };
  return (
    <Field label="Options, as JSON" invalid={Boolean(error)} error={error}>
      <Lines rows={6} value={text} onDone={apply} />
    </Field>
  );
}

