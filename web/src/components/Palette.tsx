/* The command palette: dashboards, pages and commands by a few letters. */
import { Icon, Input, useTheme2, type IconName } from '@grafana/ui';
import { css, cx } from '@emotion/css';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useNavigate } from 'react-router-dom';
import { search } from '../api/grafana';
import { useMay } from '../pages/session';
import { useAsync } from '../lib/useAsync';
import { Modal } from './Modal';
import { useThemeSwitch } from './theme';

interface Command {
  label: string;
  hint: string;
  icon: IconName;
  run: () => void;
}

function useCommands(): Command[] {
  const navigate = useNavigate();
  const { name, choose } = useThemeSwitch();
  const editor = useMay('Editor');
  const found = useAsync(() => search({}), []);
  return useMemo(() => {
    const go = (to: string) => () => navigate(to);
    const pages: Command[] = [
      { label: 'Dashboards', hint: 'Page', icon: 'apps', run: go('/dashboards') },
      { label: 'Alerts', hint: 'Page', icon: 'bell', run: go('/alerts') },
      { label: 'Silences', hint: 'Page', icon: 'bell-slash', run: go('/alerts/silences') },
      ...(editor
        ? ([
            { label: 'Explore', hint: 'Page', icon: 'compass', run: go('/explore') },
            { label: 'New dashboard', hint: 'Create', icon: 'plus', run: go('/dashboard/new') },
            { label: 'Import dashboard', hint: 'Create', icon: 'import', run: go('/dashboard/import') },
          ] as Command[])
        : []),
      { label: `Use the ${name === 'dark' ? 'light' : 'dark'} theme`, hint: 'Preference', icon: 'palette', run: () => choose(name === 'dark' ? 'light' : 'dark') },
    ];
    const hits = found.state === 'done' ? found.value : [];
    const dashboards = hits.map((h): Command => ({
      label: h.title,
      hint: h.type === 'dash-folder' ? 'Folder' : (h.folderTitle ?? 'Dashboard'),
      icon: h.type === 'dash-folder' ? 'folder' : 'apps',
      run: go(h.type === 'dash-folder' ? `/dashboards/f/${h.uid}` : `/d/${h.uid}`),
    }));
    return [...pages, ...dashboards];
  }, [found.state, name, editor]); // eslint-disable-line react-hooks/exhaustive-deps
}

/** Whether all letters of the query stand in the text in their order; words first. */
export function matches(text: string, query: string): boolean {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return words.every((w) => text.toLowerCase().includes(w));
}

export function Palette({ onClose }: { onClose: () => void }) {
  const t = useTheme2();
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const commands = useCommands();
  const shown = commands.filter((c) => matches(`${c.label} ${c.hint}`, query)).slice(0, 100);
  useEffect(() => setAt(0), [query]);
  useEffect(() => void list.current?.children[at]?.scrollIntoView({ block: 'nearest' }), [at]); // browsers may answer with a promise
  const run = (c: Command | undefined) => {
    onClose();
    c?.run();
  };
  const onKeyDown = (e: React.KeyboardEvent) => {
    if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
      e.preventDefault();
      setAt((n) => Math.min(Math.max(n + (e.key === 'ArrowDown' ? 1 : -1), 0), shown.length - 1));
    } else if (e.key === 'Enter') {
      run(shown[at]);
    }
  };
  const item = css({ display: 'flex', gap: 10, alignItems: 'center', padding: '6px 10px', borderRadius: 4, cursor: 'pointer' });
  return (
    <Modal title="Search or jump to" isOpen onDismiss={onClose}>
      <Input autoFocus placeholder="A dashboard, a page, a command" value={query} onChange={(e) => setQuery(e.currentTarget.value)} onKeyDown={onKeyDown} prefix={<Icon name="search" />} role="combobox" aria-expanded aria-controls="palette-list" aria-activedescendant={`palette-${at}`} aria-label="Search or jump to" />
      <ul ref={list} id="palette-list" role="listbox" aria-label="Results" className={css({ listStyle: 'none', maxHeight: '50vh', overflow: 'auto', marginTop: 8, padding: 0 })}>
        {shown.map((c, i) => (
          <li key={i} id={`palette-${i}`} role="option" aria-selected={i === at} className={cx(item, i === at && css({ background: t.colors.action.selected }))} onMouseMove={() => setAt(i)} onClick={() => run(c)}>
            <Icon name={c.icon} /> <span className={css({ flex: 1 })}>{c.label}</span> <small className={css({ color: i === at ? t.colors.text.primary : t.colors.text.secondary })}>{c.hint}</small>
          </li>
        ))}
        {!shown.length && <li>Nothing has these letters.</li>}
      </ul>
    </Modal>
  );
}
