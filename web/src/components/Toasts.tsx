import { Alert } from '@grafana/ui';
import { css } from '@emotion/css';
import { useEffect, useState } from 'react';

interface Toast {
  id: number;
  severity: 'success' | 'error' | 'info' | 'warning';
  title: string;
  text?: string;
}

type Listener = (t: Toast) => void;
const listeners = new Set<Listener>();
let next = 1;

/** Says that something is done, or was not, in the corner of the page. */
export function toast(severity: Toast['severity'], title: string, text?: string): void {
  const t = { id: next++, severity, title, text };
  listeners.forEach((l) => l(t));
}

/** Milliseconds a message stays; errors stay until they are closed. */
const stays = 4000;

export function Toasts() {
  const [all, setAll] = useState<Toast[]>([]);
  useEffect(() => {
    const add: Listener = (t) => {
      setAll((a) => [...a.slice(-4), t]);
      if (t.severity !== 'error') {
        setTimeout(() => setAll((a) => a.filter((x) => x.id !== t.id)), stays);
      }
    };
    listeners.add(add);
    return () => {
      listeners.delete(add);
    };
  }, []);
  return (
    <div className={css({ position: 'fixed', top: 48, right: 16, width: 'min(420px, 90vw)', zIndex: 2000 })} role="status" aria-live="polite">
      {all.map((t) => (
        <Alert key={t.id} severity={t.severity} title={t.title} elevated onRemove={() => setAll((a) => a.filter((x) => x.id !== t.id))}>{t.text}</Alert>
      ))}
    </div>
  );
}
