/* How the line of a series is drawn. */
import { getTimeZones, type StandardEditorProps } from '@grafana/data';
import { RadioButtonGroup, Stack } from '@grafana/ui';
import { formatDuration, parseDuration } from '../lib/interval';
import { namesOf } from './data';
import { Line } from './Line';
import { Pick, PickOrNone, PickSeveral } from './Pick';

interface LineStyle {
  fill?: 'solid' | 'dash' | 'dot' | 'square';
  dash?: number[];
}

const fills = [{ value: 'solid' as const, label: 'Solid' }, { value: 'dash' as const, label: 'Dash' }, { value: 'dot' as const, label: 'Dots' }];

/** Lengths of strokes and gaps, pixels. */
const patterns = { dash: ['10, 10', '10, 15', '10, 20', '10, 25', '10, 30', '10, 40', '15, 10', '20, 10', '25, 10', '30, 10', '40, 10', '50, 10', '5, 10', '30, 3, 3'], dot: ['0, 10', '0, 20', '0, 30', '0, 40', '0, 3, 3'] };

export function LineStyleValue({ value, onChange }: StandardEditorProps<LineStyle | undefined>) {
  const fill = value?.fill ?? 'solid';
  const offered = fill === 'dash' || fill === 'dot' ? patterns[fill] : [];
  const own = value?.dash?.join(', ') ?? offered.at(0) ?? '';
  const all = own && !offered.includes(own) ? [...offered, own] : offered;
  return (
    <Stack direction="column" gap={1}>
      <RadioButtonGroup fullWidth value={fill} options={fills} onChange={(f) => onChange(f === 'dash' ? { fill: f, dash: [10, 10] } : f === 'dot' ? { fill: f, dash: [0, 10] } : { fill: f })} />
      {all.length > 0 && <Pick label="Strokes and gaps" options={all.map((p) => ({ value: p, label: p }))} value={own} onChange={(o) => onChange({ fill, dash: o.value.split(',').map(Number) })} />}
    </Stack>
  );
}

/** Never, always, or up to a length of time, in milliseconds. */
export function NullsValue({ value, onChange, item }: StandardEditorProps<boolean | number | undefined, { always?: boolean }>) {
  const kind = typeof value === 'number' ? 'threshold' : value ? 'always' : 'never';
  const kinds = [{ value: 'never', label: 'Never' }, ...(item.settings?.always ? [{ value: 'always', label: 'Always' }] : []), { value: 'threshold', label: 'Threshold' }];
  const choose = (k: string) => onChange(k === 'threshold' ? 3_600_000 : k === 'always');
  const typed = (text: string) => {
    const ms = parseDuration(text);
    if (ms) {
      onChange(ms);
    }
  };
  return (
    <Stack direction="column" gap={1}>
      <RadioButtonGroup fullWidth value={kind} options={kinds} onChange={choose} />
      {typeof value === 'number' && <Line aria-label={`${item.name}: threshold`} value={formatDuration(value)} onDone={typed} />}
    </Stack>
  );
}

/** The name of another series. */
export function SeriesValue({ value, onChange, item, context }: StandardEditorProps<string | undefined>) {
  const names = namesOf((context.data ?? []).map((f) => ({ ...f, fields: f.fields.filter((x) => x.type === 'number') })));
  const all = value && !names.includes(value) ? [...names, value] : names;
  return <PickOrNone label={item.name} options={all.map((n) => ({ value: n, label: n }))} value={value ?? null} onChange={(o) => onChange(o?.value)} />;
}

/** Time zones of a chart; none: that of the dashboard. */
export function TimeZonesValue({ value, onChange, item }: StandardEditorProps<string[] | undefined>) {
  const zones = ['browser', 'utc', ...getTimeZones().filter((z) => z.includes('/'))];
  return <PickSeveral label={item.name} placeholder="As the dashboard" createCustomValue options={zones.map((z) => ({ value: z, label: z }))} value={value ?? []} onChange={(all) => onChange(all.length ? all.map((o) => o.value) : undefined)} />;
}
