/* Choices from a list, with a name for who cannot see where they stand. */
import { Combobox, MultiCombobox } from '@grafana/ui';
import { useId } from 'react';

interface Choice {
  value: string;
  label: string;
  description?: string;
}

interface Props {
  label: string;
  options: Choice[];
  placeholder?: string;
  createCustomValue?: boolean;
  width?: number;
}

export function Pick({ label, value, onChange, ...rest }: Props & { value: string | null; onChange: (o: Choice) => void }) {
  const id = useId();
  return (
    <>
      <span id={id} className="visually-hidden">{label}</span>
      <Combobox aria-labelledby={id} {...rest} value={value} onChange={(o) => onChange(o as Choice)} />
    </>
  );
}

/** A choice that can be taken back. */
export function PickOrNone({ label, value, onChange, ...rest }: Props & { value: string | null; onChange: (o: Choice | null) => void }) {
  const id = useId();
  return (
    <>
      <span id={id} className="visually-hidden">{label}</span>
      <Combobox aria-labelledby={id} {...rest} isClearable value={value} onChange={(o) => onChange(o as Choice | null)} />
    </>
  );
}

export function PickSeveral({ label, value, onChange, ...rest }: Props & { value: string[]; onChange: (all: Choice[]) => void }) {
  const id = useId();
  return (
    <>
      <span id={id} className="visually-hidden">{label}</span>
      <MultiCombobox aria-labelledby={id} {...rest} value={value} onChange={(all) => onChange(all as Choice[])} />
    </>
  );
}
