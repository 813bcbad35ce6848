/* The values at which colours change. */
import { ThresholdsMode, type Threshold, type ThresholdsConfig } from '@grafana/data';
import { Button, IconButton, RadioButtonGroup, Stack } from '@grafana/ui';
import { Color } from './color';
import { NumberLine } from './Line';

interface Props {
  value: ThresholdsConfig | undefined;
  onChange: (t: ThresholdsConfig) => void;
}

const next = ['green', 'yellow', 'red', 'orange', 'blue', 'purple'];

/** The steps from low to high; the first holds from below everything. */
function sorted(steps: Threshold[]): Threshold[] {
  const [base, ...others] = steps;
  return base ? [base, ...others.sort((a, b) => a.value - b.value)] : [];
}

export function ThresholdsValue({ value, onChange }: Props) {
  const steps = value?.steps?.length ? value.steps : [{ value: null as unknown as number, color: 'green' }];
  const set = (all: Threshold[]) => onChange({ ...value, mode: value?.mode ?? ThresholdsMode.Absolute, steps: sorted(all) });
  const at = (i: number, more: Partial<Threshold>) => set(steps.map((s, j) => (j === i ? { ...s, ...more } : s)));
  const add = () => {
    const last = steps[steps.length - 1].value;
    const step = value?.mode === ThresholdsMode.Percentage ? 10 : Math.max(Math.abs(last ?? 0) / 4, 1);
    set([...steps, { value: steps.length === 1 ? (value?.mode === ThresholdsMode.Percentage ? 50 : 80) : last + step, color: next.find((c) => !steps.some((s) => s.color === c)) ?? 'red' }]);
  };
  return (
    <Stack direction="column" gap={1}>
      <div><Button type="button" size="sm" variant="secondary" icon="plus" onClick={add}>Add threshold</Button></div>
      {steps.map((s, i) => ({ s, i })).reverse().map(({ s, i }) => (
        <Stack key={i} gap={1} alignItems="center">
          <Color label={i === 0 ? 'Colour of the base' : `Colour from ${s.value}`} value={s.color} onChange={(color) => at(i, { color })} />
          {i === 0 ? <span style={{ flex: 1 }}>Base</span> : <NumberLine aria-label={`Threshold ${i}`} value={s.value} step="any" onDone={(n) => n !== undefined && at(i, { value: n })} suffix={value?.mode === ThresholdsMode.Percentage ? '%' : undefined} />}
          {i > 0 && <IconButton name="trash-alt" aria-label={`Delete threshold ${s.value}`} onClick={() => set(steps.filter((_, j) => j !== i))} />}
        </Stack>
      ))}
      <RadioButtonGroup
        aria-label="Thresholds are" size="sm" value={value?.mode ?? ThresholdsMode.Absolute} onChange={(mode) => onChange({ ...value, mode, steps })}
        options={[{ value: ThresholdsMode.Absolute, label: 'Absolute' }, { value: ThresholdsMode.Percentage, label: 'Percentage', description: 'of what lies between min and max' }]}
      />
    </Stack>
  );
}
