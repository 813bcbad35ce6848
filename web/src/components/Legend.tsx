import { Select, Stack } from '@grafana/ui';
import { autoLegend } from '../datasource/legend';
import { Line } from '../editor/Line';

const legends = [
  { value: 'auto', label: 'Auto', description: 'The labels that tell the series apart' },
  { value: 'verbose', label: 'Verbose', description: 'All labels' },
  { value: 'custom', label: 'Custom', description: 'By a format' },
];

/** What the series of a query are called; a format of one's own is written beside. */
export function Legend({ id, value, set, label }: { id: string; value: string; set: (format: string) => void; label?: string }) {
  const kind = value === autoLegend ? 'auto' : value === '' ? 'verbose' : 'custom';
  const choose = (k: string | undefined) => k !== kind && set(k === 'auto' ? autoLegend : k === 'custom' ? '{{label_name}}' : '');
  return (
    <Stack wrap="wrap">
      <Select inputId={id} aria-label={label} prefix={label && 'Legend'} width={label ? 20 : 14} options={legends} value={kind} onChange={(o) => choose(o.value)} />
      {kind === 'custom' && <Line aria-label="Legend format" placeholder="{{label}}" value={value} onDone={set} width={28} />}
    </Stack>
  );
}
