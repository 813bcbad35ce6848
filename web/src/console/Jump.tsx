/* The console's pages and workspaces by a few letters. */
import { css, cx } from '@emotion/css';
import { Icon, Input, useTheme2, type IconName } from '@grafana/ui';
import { useState } from 'react';
import { useNavigate } from 'react-router-dom';
import { listWorkspaces } from '../api/aps';
import { Modal } from '../components/Modal';
import { useThemeSwitch } from '../components/theme';
import { useAsync } from '../lib/useAsync';
import { places } from './Frame';

interface Target {
  label: string;
  hint: string;
  icon: IconName;
  run: () => void;
}

export function Jump({ onClose }: { onClose: () => void }) {
  const t = useTheme2();
  const navigate = useNavigate();
  const { name, choose } = useThemeSwitch();
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const found = useAsync(listWorkspaces, []);
  const other = name === 'dark' ? 'light' : 'dark';
  const targets: Target[] = [
    ...places.map((p): Target => ({ label: p.label, hint: 'Page', icon: p.icon, run: () => navigate(p.to) })),
    { label: 'New silence', hint: 'Create', icon: 'bell-slash', run: () => navigate('/alerts/silences/new') },
    { label: 'New workspace', hint: 'Create', icon: 'plus', run: () => navigate('/workspaces?create') },
    { label: `Use the ${other} theme`, hint: 'Preference', icon: 'palette', run: () => choose(other) },
    ...(found.state === 'done' ? found.value : []).map((w): Target => ({ label: w.alias || w.workspaceId, hint: 'Workspace', icon: 'database', run: () => navigate(`/workspaces/${w.workspaceId}`) })),
  ];
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = targets.filter((c) => words.every((w) => `${c.label} ${c.hint}`.toLowerCase().includes(w))).slice(0, 50);
  const run = (c: Target | undefined) => {
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
    <Modal title="Jump to" isOpen onDismiss={onClose}>
      <Input autoFocus placeholder="A page or a workspace" value={query} onChange={(e) => { setQuery(e.currentTarget.value); setAt(0); }} onKeyDown={onKeyDown} prefix={<Icon name="search" />} role="combobox" aria-expanded aria-controls="jump-list" aria-activedescendant={`jump-${at}`} aria-label="Jump to" />
      <ul id="jump-list" role="listbox" aria-label="Results" className={css({ listStyle: 'none', maxHeight: '50vh', overflow: 'auto', marginTop: 8, padding: 0 })}>
        {shown.map((c, i) => (
          <li key={c.hint + c.label} id={`jump-${i}`} role="option" aria-selected={i === at} className={cx(item, i === at && css({ background: t.colors.action.selected }))} onMouseMove={() => setAt(i)} onClick={() => run(c)}>
            <Icon name={c.icon} /> <span className={css({ flex: 1 })}>{c.label}</span> <small className={css({ color: i === at ? t.colors.text.primary : t.colors.text.secondary })}>{c.hint}</small>
          </li>
        ))}
      </ul>
      {!shown.length && <p>Nothing has these letters.</p>}
    </Modal>
  );
}
