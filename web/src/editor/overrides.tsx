/* What holds for some fields alone. */
import { FieldType, getFrameDisplayName, type ConfigOverrideRule, type DataFrame, type PanelPlugin } from '@grafana/data';
import { Button, Dropdown, Field, IconButton, Menu, Select, Stack } from '@grafana/ui';
import { fieldItems, type Item } from './items';
import { namesOf } from './data';
import { Line } from './Line';
import { Rows } from './Rows';
import { Pick, PickSeveral } from './Pick';

interface Props {
  plugin: PanelPlugin;
  value: ConfigOverrideRule[];
  onChange: (rules: ConfigOverrideRule[]) => void;
  data: DataFrame[];
}

const matchers = [
  { value: 'byName', label: 'Field with name' }, { value: 'byRegexp', label: 'Fields with name matching regex' }, { value: 'byType', label: 'Fields with type' },
  { value: 'byFrameRefID', label: 'Fields returned by query' }, { value: 'byNames', label: 'Fields with one of the names' },
];

const fresh: Record<string, unknown> = { byName: '', byRegexp: '/.*/', byType: 'number', byFrameRefID: 'A', byNames: { mode: 'include', names: [], readOnly: false } };

/** A property's id in a rule: those of the kind of panel are below custom. */
const idOf = (i: Item) => (i.isCustom ? `custom.${i.path}` : i.id);

export function Overrides({ plugin, value, onChange, data }: Props) {
  const menu = <Menu>{matchers.map((m) => <Menu.Item key={m.value} label={m.label} onClick={() => onChange([...value, { matcher: { id: m.value, options: fresh[m.value] }, properties: [] }])} />)}</Menu>;
  return (
    <>
      <Rows label="Overrides" items={value} change={onChange} name={(_, i) => `Override ${i + 1}`} head={(r) => <small>{summary(r)}</small>}>
        {(rule, set) => <Rule plugin={plugin} rule={rule} set={set} data={data} />}
      </Rows>
      <Dropdown overlay={menu}><Button type="button" variant="secondary" icon="plus">Add field override</Button></Dropdown>
    </>
  );
}

function summary(r: ConfigOverrideRule): string {
  const o = r.matcher.options as unknown;
  return typeof o === 'string' ? o : ((o as { names?: string[] } | undefined)?.names ?? []).join(', ');
}

function Rule({ plugin, rule, set, data }: { plugin: PanelPlugin; rule: ConfigOverrideRule; set: (r: ConfigOverrideRule) => void; data: DataFrame[] }) {
  const items = fieldItems(plugin).filter((i) => !i.hideFromOverrides && i.override && i.name && (i.showIf?.({}, data) !== false || i.isCustom));
  const free = items.filter((i) => !rule.properties.some((p) => p.id === idOf(i)));
  const known = matchers.some((m) => m.value === rule.matcher.id);
  return (
    <>
      <Field label={matchers.find((m) => m.value === rule.matcher.id)?.label ?? rule.matcher.id}>
        {known ? <Matched rule={rule} set={(options) => set({ ...rule, matcher: { ...rule.matcher, options } })} data={data} /> : <code>{JSON.stringify(rule.matcher.options)}</code>}
      </Field>
      {rule.properties.map((p, at) => {
        const item = items.find((i) => idOf(i) === p.id);
        const Editor = item?.override;
        return (
          <Field key={p.id} label={<Stack justifyContent="space-between"><span>{labelOf(item, p.id)}</span><IconButton name="times" size="sm" aria-label={`Remove ${item?.name ?? p.id}`} onClick={() => set({ ...rule, properties: rule.properties.filter((_, j) => j !== at) })} /></Stack>}>
            {Editor ? <Editor item={item} id={`${p.id}-${at}`} value={p.value} onChange={(v: unknown) => set({ ...rule, properties: rule.properties.map((x, j) => (j === at ? { ...x, value: v } : x)) })} context={{ data }} /> : <code>{JSON.stringify(p.value)}</code>}
          </Field>
        );
      })}
      <Pick label="Add override property" placeholder="Add override property" value={null} options={free.map((i) => ({ value: idOf(i), label: labelOf(i, i.id) }))} onChange={(o) => set({ ...rule, properties: [...rule.properties, { id: o.value, value: valueFor(items.find((i) => idOf(i) === o.value)) }] })} />
    </>
  );
}

const labelOf = (i: Item | undefined, id: string) => (i ? [i.category?.[0] ?? 'Standard options', i.name].join(' > ') : id);

function valueFor(i: Item | undefined): unknown {
  return i?.defaultValue === undefined ? undefined : structuredClone(i.defaultValue);
}

const types = [FieldType.number, FieldType.string, FieldType.time, FieldType.boolean].map((value) => ({ value, label: value }));

function Matched({ rule, set, data }: { rule: ConfigOverrideRule; set: (options: unknown) => void; data: DataFrame[] }) {
  const options = rule.matcher.options as unknown;
  const names = namesOf(data).map((value) => ({ value, label: value }));
  switch (rule.matcher.id) {
    case 'byName':
      return <Pick label="Field" createCustomValue options={withOwn(names, String(options ?? ''))} value={(options as string) || null} onChange={(o) => set(o.value)} />;
    case 'byType':
      return <Select aria-label="Type" options={types} value={options as FieldType} onChange={(o) => set(o.value)} />;
    case 'byFrameRefID': {
      const refs = [...new Set(data.map((f) => f.refId).filter((r): r is string => Boolean(r)))];
      return <Pick label="Query" createCustomValue options={withOwn(refs.map((value) => ({ value, label: `${value}: ${getFrameDisplayName(data.find((f) => f.refId === value) as DataFrame)}` })), String(options ?? ''))} value={(options as string) || null} onChange={(o) => set(o.value)} />;
    }
    case 'byNames': {
      const of = (options ?? {}) as { names?: string[] };
      return <PickSeveral label="Fields" createCustomValue options={names} value={of.names ?? []} onChange={(all) => set({ ...of, names: all.map((o) => o.value) })} />;
    }
    default:
      return <Line aria-label="Regular expression" value={options as string} onDone={set} />;
  }
}

/** The choices and, if it is none of them, the one made before. */
function withOwn<T extends { value: string; label: string }>(options: T[], own: string): Array<{ value: string; label: string }> {
  return own && !options.some((o) => o.value === own) ? [...options, { value: own, label: own }] : options;
}
