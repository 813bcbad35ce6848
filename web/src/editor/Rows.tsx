/* A list of things that are edited one by one, moved and removed. */
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { IconButton, Stack, useStyles2 } from '@grafana/ui';
import { useState, type ReactNode } from 'react';

interface Props<T> {
  /** What the list is of, for who cannot see it. */
  label: string;
  items: T[];
  change: (items: T[]) => void;
  /** What an item is called in its head and by its buttons. */
  name: (item: T, i: number) => string;
  head?: (item: T, i: number) => ReactNode;
  children: (item: T, set: (next: T) => void, i: number) => ReactNode;
  /** Items are closed until they are opened. */
  closed?: boolean;
  /** The item that is open at first. */
  open?: number;
}

export function Rows<T>({ label, items, change, name, head, children, closed, open }: Props<T>) {
  const s = useStyles2(styles);
  const [opened, setOpened] = useState<number | undefined>(open);
  const at = (i: number, next: T) => change(items.map((x, j) => (j === i ? next : x)));
  const move = (i: number, by: number) => {
    const next = [...items];
    [next[i], next[i + by]] = [next[i + by], next[i]];
    setOpened(opened === i ? i + by : opened === i + by ? i : opened);
    change(next);
  };
  const remove = (i: number) => {
    setOpened(undefined);
    change(items.filter((_, j) => j !== i));
  };
  return (
    <ul className={s.list} aria-label={label}>
      {items.map((item, i) => {
        const called = name(item, i);
        const show = !closed || opened === i;
        return (
          <li key={i} className={s.item}>
            <div className={s.head}>
              {closed ? (
                <button type="button" className={s.opener} aria-expanded={show} onClick={() => setOpened(show ? undefined : i)}>
                  <strong>{called}</strong> {head?.(item, i)}
                </button>
              ) : <span className={s.opener}><strong>{called}</strong> {head?.(item, i)}</span>}
              <Stack gap={0.5}>
                {items.length > 1 && <IconButton name="arrow-up" aria-label={`Move ${called} up`} disabled={i === 0} onClick={() => move(i, -1)} />}
                {items.length > 1 && <IconButton name="arrow-down" aria-label={`Move ${called} down`} disabled={i === items.length - 1} onClick={() => move(i, 1)} />}
                <IconButton name="trash-alt" aria-label={`Delete ${called}`} onClick={() => remove(i)} />
              </Stack>
            </div>
            {show && <div className={s.body}>{children(item, (next) => at(i, next), i)}</div>}
          </li>
        );
      })}
    </ul>
  );
}

const styles = (t: GrafanaTheme2) => ({
  list: css({ listStyle: 'none', padding: 0, margin: 0, display: 'flex', flexDirection: 'column', gap: t.spacing(1), marginBottom: t.spacing(1), '&:empty': { display: 'none' } }),
  item: css({ border: `1px solid ${t.colors.border.weak}`, borderRadius: t.shape.radius.default, background: t.colors.background.primary }),
  head: css({ display: 'flex', alignItems: 'center', gap: t.spacing(1), padding: t.spacing(0.5, 1) }),
  opener: css({ flex: 1, minWidth: 0, display: 'flex', alignItems: 'center', gap: t.spacing(1), textAlign: 'left', background: 'none', border: 0, padding: t.spacing(0.5, 0), color: t.colors.text.primary, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', '& small': { color: t.colors.text.secondary, overflow: 'hidden', textOverflow: 'ellipsis' } }),
  body: css({ padding: t.spacing(1), borderTop: `1px solid ${t.colors.border.weak}`, '& > *:last-child': { marginBottom: 0 } }),
});
