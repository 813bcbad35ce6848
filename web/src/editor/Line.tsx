/* Inputs that hand over what was typed when it is done: on Enter, or when the cursor leaves. */
import { Input, TextArea } from '@grafana/ui';
import type { ComponentProps, KeyboardEvent } from 'react';

type InputProps = Omit<ComponentProps<typeof Input>, 'value' | 'defaultValue' | 'onChange' | 'onBlur'>;

interface Text {
  value: string | undefined;
  onDone: (text: string) => void;
}

const onEnter = (e: KeyboardEvent<HTMLInputElement>) => e.key === 'Enter' && e.currentTarget.blur();

/** A line of text. */
export function Line({ value, onDone, ...rest }: Text & InputProps) {
  return <Input {...rest} key={value} defaultValue={value ?? ''} onKeyDown={onEnter} onBlur={(e) => e.currentTarget.value !== (value ?? '') && onDone(e.currentTarget.value)} />;
}

/** A number; empty is none. */
export function NumberLine({ value, onDone, ...rest }: { value: number | null | undefined; onDone: (n: number | undefined) => void } & InputProps) {
  const was = typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  const done = (text: string) => {
    const n = text.trim() === '' ? undefined : Number(text);
    if (n !== was && (n === undefined || Number.isFinite(n))) {
      onDone(n);
    }
  };
  return <Input {...rest} type="number" key={was} defaultValue={was ?? ''} onKeyDown={onEnter} onBlur={(e) => done(e.currentTarget.value)} />;
}

/** Text of several lines. */
export function Lines({ value, onDone, ...rest }: Text & Omit<ComponentProps<typeof TextArea>, 'value' | 'defaultValue' | 'onChange' | 'onBlur'>) {
  return <TextArea {...rest} key={value} defaultValue={value ?? ''} onBlur={(e) => e.currentTarget.value !== (value ?? '') && onDone(e.currentTarget.value)} />;
}
