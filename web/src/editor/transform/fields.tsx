/* What several forms of transformations are made of. */
import type { DataFrame } from '@grafana/data';
import { Button, Field } from '@grafana/ui';
import { namesOf } from '../data';
import { Pick, PickOrNone, PickSeveral } from '../Pick';

export type Options = Record<string, unknown>;

export interface FormProps {
  options: Options;
  set: (options: Options) => void;
  /** What the step is given. */
  frames: DataFrame[];
}

export const choices = (values: string[]) => values.map((value) => ({ value, label: value }));

/** Choices of a row of buttons: values and what they are called. */
export const radio = (...pairs: Array<[string, string]>) => pairs.map(([value, label]) => ({ value, label }));

/** The queries that the step has answers of. */
export const refsOf = (frames: DataFrame[]) => [...new Set(frames.map((f) => f.refId).filter((r): r is string => Boolean(r)))];

/** The labels that series have there. */
export const labelsOf = (frames: DataFrame[]) => [...new Set(frames.flatMap((f) => f.fields.flatMap((x) => Object.keys(x.labels ?? {}))))];

/** The names there are and those that were chosen, in case they are not there now. */
export function nameChoices(frames: DataFrame[], also: Array<string | undefined> = []) {
  return choices([...new Set([...namesOf(frames), ...also.filter((n): n is string => Boolean(n))])]);
}

interface PickProps {
  label: string;
  frames: DataFrame[];
  value: string | undefined;
  onChange: (name: string | undefined) => void;
  clearable?: boolean;
}

/** One field by its name. */
export function FieldPick({ label, frames, value, onChange, clearable }: PickProps) {
  const options = nameChoices(frames, [value]);
  return (
    <Field label={label}>
      {clearable
        ? <PickOrNone label={label} createCustomValue width={30} options={options} value={value ?? null} onChange={(o) => onChange(o?.value)} />
        : <Pick label={label} createCustomValue width={30} options={options} value={value ?? null} onChange={(o) => onChange(o.value)} />}
    </Field>
  );
}

/** Several fields by their names. */
export function FieldsPick({ label, frames, value, onChange }: { label: string; frames: DataFrame[]; value: string[]; onChange: (names: string[]) => void }) {
  return <Field label={label}><PickSeveral label={label} createCustomValue options={nameChoices(frames, value)} value={value} onChange={(all) => onChange(all.map((o) => o.value))} /></Field>;
}

export function AddButton({ children, onClick }: { children: string; onClick: () => void }) {
  return <Button type="button" size="sm" variant="secondary" icon="plus" onClick={onClick}>{children}</Button>;
}

export const strings = (v: unknown): string[] => (Array.isArray(v) ? v.map(String) : []);
export const object = (v: unknown): Options => (typeof v === 'object' && v !== null && !Array.isArray(v) ? (v as Options) : {});
export const objects = (v: unknown): Options[] => (Array.isArray(v) ? v.map(object) : []);
export const words = (v: unknown): string | undefined => (typeof v === 'string' ? v : undefined);
