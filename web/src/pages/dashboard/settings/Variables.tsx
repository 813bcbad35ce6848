import { Button, Combobox, Field, Input, RadioButtonGroup, Select, Stack, Switch } from '@grafana/ui';
import { useState } from 'react';
import { messageOf } from '../../../api/http';
import { registry } from '../../../boot/runtime';
import { findText } from '../../../datasource/find';
import { Line, NumberLine } from '../../../editor/Line';
import { Rows } from '../../../editor/Rows';
import { activeScene } from '../../../scene/active';
import { useAsync } from '../../../lib/useAsync';
import { sourceUid, type VariableJSON } from '../../../model/dashboard';
import { EmbeddedScene, MultiValueVariable, sceneGraph, SceneGridLayout, SceneTimeRange, SceneVariableSet, type SceneVariable, type VariableValueOption } from '@grafana/scenes';
import { firstValueFrom, type Observable } from 'rxjs';
import { variableOf } from '../../../scene/variables';
import type { SettingsProps } from '../Settings';
import { PickSeveral } from '../../../editor/Pick';

const types = [
  { value: 'query', label: 'Query', description: 'Values that a data source knows' }, { value: 'custom', label: 'Custom', description: 'A list of values' },
  { value: 'textbox', label: 'Text box', description: 'Typed by whoever looks' }, { value: 'constant', label: 'Constant', description: 'Hidden, the same for all' },
  { value: 'datasource', label: 'Data source', description: 'Data sources of a type' }, { value: 'interval', label: 'Interval', description: 'Spans of time' },
  { value: 'adhoc', label: 'Filters', description: 'Labels and values, added to every query' }, { value: 'groupby', label: 'Group by', description: 'Labels to group by' }, { value: 'switch', label: 'Switch', description: 'One of two values' },
];

/** What a variable of a kind starts with; what the kinds share stays. */
const fresh: Record<string, Partial<VariableJSON>> = {
  query: { query: '', refresh: 1, sort: 1, regex: '' }, custom: { query: 'a,b,c' }, textbox: { query: '' }, constant: { query: '', hide: 2 },
  datasource: { query: 'prometheus', regex: '' }, interval: { query: '1m,10m,30m,1h,6h,12h,1d', auto: false, auto_count: 30, auto_min: '10s', refresh: 2 }, adhoc: { filters: [] }, groupby: {}, switch: { current: { value: 'false', text: 'false' } },
};

export function Variables({ model, change }: SettingsProps) {
  const all = model.templating?.list ?? [];
  const put = (list: VariableJSON[]) => change({ ...model, templating: { ...model.templating, list } });
  const add = () => {
    const source = registry.first();
    put([...all, { type: 'query', name: freeName(all), ...fresh.query, datasource: source ? { type: source.type, uid: source.uid } : null, current: {} }]);
  };
  return (
    <>
      {!all.length && <p>A variable is a value that whoever looks chooses above the panels. Queries and titles use it as $name.</p>}
      <Rows label="Variables" closed items={all} change={put} name={(v) => `$${v.name}`} head={(v) => <small>{v.type} {findText(v.query)}</small>}>
        {(v, set) => <Form value={v} set={set} others={all.filter((o) => o !== v).map((o) => o.name)} />}
      </Rows>
      <Button icon="plus" variant="secondary" onClick={add}>Add variable</Button>
    </>
  );
}

function freeName(all: VariableJSON[]): string {
  for (let i = all.length + 1; ; i++) {
    if (!all.some((v) => v.name === `variable${i}`)) {
      return `variable${i}`;
    }
  }
}

interface FormProps {
  value: VariableJSON;
  set: (v: VariableJSON) => void;
}

const multi = new Set(['query', 'custom', 'datasource']);
const hides = [{ value: 0, label: 'Yes' }, { value: 1, label: 'Without label' }, { value: 2, label: 'No' }];

function Form({ value: v, set, others }: FormProps & { others: string[] }) {
  const [wrong, setWrong] = useState('');
  const more = (x: Partial<VariableJSON>) => set({ ...v, ...x });
  const rename = (name: string) => {
    const why = !/^\w+$/.test(name) ? 'Letters, digits and _ alone' : name.startsWith('__') ? 'Names that begin with __ are kept for built-in variables' : others.includes(name) ? 'Another variable has this name' : '';
    setWrong(why);
    if (!why) {
      more({ name });
    }
  };
  return (
    <>
      <Field label="Type" htmlFor="v-type"><Combobox id="v-type" options={types} value={v.type} onChange={(o) => o.value !== v.type && more({ regex: undefined, options: undefined, ...fresh[o.value], type: o.value, current: fresh[o.value].current ?? {} })} /></Field>
      <Field label="Name" htmlFor="v-name" invalid={Boolean(wrong)} error={wrong}><Line id="v-name" value={v.name} onDone={rename} /></Field>
      <Field label="Label" htmlFor="v-label"><Line id="v-label" placeholder={v.name} value={v.label ?? ''} onDone={(t) => more({ label: t || undefined })} /></Field>
      <Field label="Description" htmlFor="v-text"><Line id="v-text" value={v.description ?? ''} onDone={(t) => more({ description: t || undefined })} /></Field>
      {v.type !== 'constant' && <Field label="Shown"><RadioButtonGroup value={v.hide ?? 0} options={hides} onChange={(hide) => more({ hide })} /></Field>}
      <Values value={v} set={set} />
      {multi.has(v.type) && <Selection value={v} set={set} />}
      {(v.type === 'query' || v.type === 'custom') && <Preview value={v} />}
    </>
  );
}

/** Where the values come from. */
function Values({ value: v, set }: FormProps) {
  const more = (x: Partial<VariableJSON>) => set({ ...v, ...x });
  const text = (label: string, description?: string) => <Field label={label} description={description} htmlFor="v-query"><Line id="v-query" value={findText(v.query)} onDone={(query) => more({ query })} /></Field>;
  switch (v.type) {
    case 'query':
      return <Query value={v} set={set} />;
    case 'custom':
      return text('Values', 'Separated by commas; text : value gives a value another text');
    case 'textbox':
      return text('Default');
    case 'constant':
      return text('Value');
    case 'interval':
      return (
        <>
          {text('Values', 'Separated by commas')}
          <Field label="With Auto" description="A span by the time range"><Switch aria-label="With Auto" value={Boolean(v.auto)} onChange={(e) => more({ auto: e.currentTarget.checked })} /></Field>
          {v.auto && <Stack gap={2}><Field label="Steps" htmlFor="v-count"><NumberLine id="v-count" min={1} width={16} value={v.auto_count ?? 30} onDone={(n) => more({ auto_count: n })} /></Field><Field label="At least" htmlFor="v-min"><Line id="v-min" width={16} value={v.auto_min ?? '10s'} onDone={(t) => more({ auto_min: t })} /></Field></Stack>}
        </>
      );
    case 'datasource':
      return (
        <>
          <Field label="Type of data source" htmlFor="v-query"><Combobox id="v-query" createCustomValue options={[...new Set([...registry.getList().map((d) => d.type), String(v.query ?? '')])].filter(Boolean).map((t) => ({ value: t, label: t }))} value={String(v.query ?? '') || null} onChange={(o) => more({ query: o.value })} /></Field>
          <Field label="Regex" description="Of their names" htmlFor="v-regex"><Line id="v-regex" value={v.regex ?? ''} onDone={(regex) => more({ regex })} /></Field>
        </>
      );
    case 'adhoc':
    case 'groupby':
      return (
        <>
          <Source value={v} set={set} />
          {v.type === 'adhoc' && <Field label="Filters at first" description="key=value, separated by commas" htmlFor="v-filters"><Line id="v-filters" value={(v.filters ?? []).map((f) => `${f.key}${f.operator}${f.value}`).join(', ')} onDone={(t) => more({ filters: filtersOf(t) })} /></Field>}
          {v.type === 'groupby' && <Field label="Labels at first"><PickSeveral label="Labels at first" createCustomValue options={[]} value={Array.isArray(v.current?.value) ? v.current.value.map(String) : []} onChange={(all) => more({ current: { value: all.map((o) => o.value), text: all.map((o) => o.value) } })} /></Field>}
        </>
      );
    case 'switch':
      return <Field label="On at first"><Switch aria-label="On at first" value={String(v.current?.value) === 'true'} onChange={(e) => more({ current: { value: String(e.currentTarget.checked), text: String(e.currentTarget.checked) } })} /></Field>;
    default:
      return text('Value');
  }
}

export function filtersOf(text: string): VariableJSON['filters'] {
  return text.split(',').flatMap((part) => {
    const found = /^\s*([^=!<>~\s]+)\s*(=~|!~|!=|=|<|>)\s*(.*?)\s*$/.exec(part);
    return found ? [{ key: found[1], operator: found[2], value: found[3] }] : [];
  });
}

function Source({ value: v, set }: FormProps) {
  const uid = sourceUid(v.datasource);
  const all = registry.getList().map((d) => ({ value: d.uid, label: d.name }));
  return <Field label="Data source" htmlFor="v-ds"><Combobox id="v-ds" options={!uid || all.some((o) => o.value === uid) ? all : [...all, { value: uid, label: uid }]} value={uid || null} onChange={(o) => set({ ...v, datasource: { type: registry.getInstanceSettings(o.value)?.type, uid: o.value } })} /></Field>;
}

const sorts = ['Disabled', 'Alphabetical (asc)', 'Alphabetical (desc)', 'Numerical (asc)', 'Numerical (desc)', 'Alphabetical (case-insensitive, asc)', 'Alphabetical (case-insensitive, desc)', 'Natural (asc)', 'Natural (desc)'].map((label, value) => ({ value, label }));

function Query({ value: v, set }: FormProps) {
  const more = (x: Partial<VariableJSON>) => set({ ...v, ...x });
  // A query is text, or an object with the text in it: it stays what it is.
  const put = (text: string) => more(typeof v.query === 'object' && v.query !== null ? { query: { ...v.query, query: text }, definition: text } : { query: text, definition: v.definition === undefined ? undefined : text });
  return (
    <>
      <Source value={v} set={set} />
      <Field label="Query" description="label_values(metric, label), label_names(), metrics(regex), query_result(expr)" htmlFor="v-query"><Line id="v-query" value={findText(v.query)} onDone={put} /></Field>
      <Field label="Regex" description="Keeps the values that match; a group is what is taken of each" htmlFor="v-regex"><Line id="v-regex" placeholder="/.*-(.*)/" value={v.regex ?? ''} onDone={(regex) => more({ regex })} /></Field>
      <Stack gap={2} wrap="wrap">
        <Field label="Sort" htmlFor="v-sort"><Select inputId="v-sort" width={34} options={sorts} value={v.sort ?? 0} onChange={(o) => more({ sort: o.value })} /></Field>
        <Field label="Refresh"><RadioButtonGroup value={Number(v.refresh) === 2 ? 2 : 1} options={[{ value: 1, label: 'On load' }, { value: 2, label: 'On time range change' }]} onChange={(refresh) => more({ refresh })} /></Field>
      </Stack>
    </>
  );
}

function Selection({ value: v, set }: FormProps) {
  const more = (x: Partial<VariableJSON>) => set({ ...v, ...x });
  return (
    <>
      <Stack gap={3}>
        <Field label="Several values"><Switch aria-label="Several values" value={Boolean(v.multi)} onChange={(e) => more({ multi: e.currentTarget.checked, current: {} })} /></Field>
        <Field label="With All"><Switch aria-label="With All" value={Boolean(v.includeAll)} onChange={(e) => more({ includeAll: e.currentTarget.checked })} /></Field>
        <Field label="Own values allowed"><Switch aria-label="Own values allowed" value={v.allowCustomValue !== false} onChange={(e) => more({ allowCustomValue: e.currentTarget.checked })} /></Field>
      </Stack>
      {v.includeAll && <Field label="Value of All" description="Empty: all values, joined" htmlFor="v-all"><Line id="v-all" placeholder=".*" value={v.allValue ?? ''} onDone={(t) => more({ allValue: t || undefined })} /></Field>}
    </>
  );
}

/** The values there are now, as whoever looks is offered them: sorted, and through the regex. */
function Preview({ value: v }: { value: VariableJSON }) {
  const key = JSON.stringify([v.type, v.query, v.regex, v.sort, v.datasource]);
  const found = useAsync(() => optionsOf({ ...v, includeAll: false, current: {} }), [key]);
  if (found.state === 'failed') {
    return <p role="alert">The values cannot be read: {messageOf(found.error)}</p>;
  }
  if (found.state !== 'done' || !found.value) {
    return null;
  }
  const shown = found.value.slice(0, 20);
  return <Field label={`Values found: ${found.value.length}`}><Input aria-label="Values found" readOnly value={shown.join(', ') + (found.value.length > shown.length ? ', …' : '')} /></Field>;
}

async function optionsOf(v: VariableJSON): Promise<string[] | undefined> {
  if (v.type === 'query' && !findText(v.query)) {
    return undefined;
  }
  const variable = variableOf(v);
  if (!(variable instanceof MultiValueVariable)) {
    return undefined;
  }
  const scene = activeScene();
  // Its own scene, at the time on show: what is tried out does not touch the dashboard.
  const { from, to } = scene ? sceneGraph.getTimeRange(scene).state : { from: 'now-6h', to: 'now' };
  const others = (scene?.state.$variables?.state.variables ?? []).filter((o) => o.state.name !== v.name).map((o) => o.clone() as SceneVariable);
  new EmbeddedScene({ $timeRange: new SceneTimeRange({ from, to }), $variables: new SceneVariableSet({ variables: [...others, variable] }), body: new SceneGridLayout({ children: [] }) });
  const options = await firstValueFrom(variable.getValueOptions({}) as Observable<VariableValueOption[]>, { defaultValue: [] });
  return options.map((o) => o.label);
}
