/* Editors of single values, by the names the libraries know them by. */
import type { SelectableValue, StandardEditorProps } from '@grafana/data';
import { MultiCombobox, RadioButtonGroup, Select, Slider, StatsPicker, Switch, TagsInput, UnitPicker } from '@grafana/ui';
import type { ComponentType } from 'react';
import { CellValue } from './cell';
import { Color, FieldColorValue } from './color';
import { Line, Lines, NumberLine } from './Line';
import { LinksValue } from './links';
import { MappingsValue } from './MappingsValue';
import { LineStyleValue, NullsValue, SeriesValue, TimeZonesValue } from './series';
import { ThresholdsValue } from './thresholds';

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Props = StandardEditorProps<any, any>;

function TextValue({ value, onChange, item, id }: Props) {
  const s = item.settings ?? {};
  const done = (text: string) => onChange(text === '' ? undefined : text);
  return s.useTextarea ? <Lines id={id} rows={s.rows ?? 5} value={value} placeholder={s.placeholder} onDone={(t) => onChange(t)} /> : <Line id={id} value={value} placeholder={s.placeholder} onDone={done} />;
}

function NumberValue({ value, onChange, item, id }: Props) {
  const s = item.settings ?? {};
  return <NumberLine id={id} min={s.min} max={s.max} step={s.step ?? (s.integer ? 1 : 'any')} value={value} placeholder={s.placeholder} onDone={onChange} />;
}

function SliderValue({ value, onChange, item, id }: Props) {
  const s = item.settings ?? {};
  return <Slider inputId={id ?? ''} value={value ?? s.min ?? 0} min={s.min ?? 0} max={s.max ?? 100} step={s.step ?? 1} onAfterChange={onChange as never} />;
}

/** Words that name the choice; with too many of them to stand in a row, a list. */
function RadioValue({ value, onChange, item, id }: Props) {
  const options = (item.settings?.options ?? []) as SelectableValue[];
  const wide = options.reduce((n, o) => n + (o.label?.length ?? 2) + 3, 0) > 44;
  return wide ? <Select inputId={id} value={value} options={options} onChange={(o) => onChange(o?.value)} /> : <RadioButtonGroup fullWidth value={value} options={options} onChange={onChange} />;
}

const BooleanValue = ({ value, onChange, id }: Props) => <Switch id={id} value={Boolean(value)} onChange={(e) => onChange(e.currentTarget.checked)} />;
const SelectValue = ({ value, onChange, item, id }: Props) => <Select inputId={id} value={value} options={(item.settings?.options ?? []) as SelectableValue[]} onChange={(o) => onChange(o?.value)} isClearable={item.settings?.isClearable} allowCustomValue={item.settings?.allowCustomValue} />;
const MultiValue = ({ value, onChange, item, id }: Props) => <MultiCombobox id={id} value={value ?? []} options={((item.settings?.options ?? []) as SelectableValue[]).map((o) => ({ value: o.value, label: o.label }))} onChange={(all) => onChange(all.map((o) => o.value))} />;
const UnitValue = ({ value, onChange, id }: Props) => <UnitPicker id={id} value={value} onChange={(v) => onChange(v || undefined)} />;
const StatsValue = ({ value, onChange, item, id }: Props) => <StatsPicker inputId={id} stats={Array.isArray(value) ? value : value ? [value] : []} allowMultiple={Boolean(item.settings?.allowMultiple)} defaultStat={item.settings?.defaultStat} onChange={onChange} />;
const StringsValue = ({ value, onChange, id }: Props) => <TagsInput id={id} tags={value ?? []} onChange={onChange} />;
const ColorValue = ({ value, onChange, item }: Props) => <Color label={item.name} value={value} onChange={onChange} />;
const FieldColors = ({ value, onChange, item, id }: Props) => <FieldColorValue id={id} value={value} onChange={onChange} settings={item.settings} />;
const Thresholds = ({ value, onChange }: Props) => <ThresholdsValue value={value} onChange={onChange} />;
const Mappings = ({ value, onChange }: Props) => <MappingsValue value={value} onChange={onChange} />;
const Links = ({ value, onChange }: Props) => <LinksValue value={value} onChange={onChange} />;

const editors: Record<string, ComponentType<Props>> = {
  text: TextValue, number: NumberValue, slider: SliderValue, boolean: BooleanValue, radio: RadioValue, select: SelectValue, unit: UnitValue,
  'multi-select': MultiValue, 'stats-picker': StatsValue, strings: StringsValue, color: ColorValue, fieldColor: FieldColors,
  thresholds: Thresholds, mappings: Mappings, links: Links, cell: CellValue, 'line-style': LineStyleValue, nulls: NullsValue, series: SeriesValue, timezones: TimeZonesValue, 'field-name': TextValue, timezone: TextValue,
};

/** The editor of a kind; one that is set in the JSON alone has none. */
export function editorOf(kind: string): ComponentType<Props> {
  return editors[kind] ?? (() => null);
}
