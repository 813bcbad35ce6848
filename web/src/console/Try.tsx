/* The commands that would do in a terminal what the page did. */
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { useSyncExternalStore } from 'react';
import { useLocation } from 'react-router-dom';
import { commands } from '../api/aws';
import { page } from '../boot/page';
import { Copy } from './parts';

export function Try() {
  const s = useStyles2(styles);
  const { pathname } = useLocation();
  const told = useSyncExternalStore(commands.watch, commands.now);
  const all = told.path === page.base + pathname || told.path === pathname ? told.commands : [];
  if (!all.length) {
    return null;
  }
  return (
    <details className={s.box}>
      <summary className={s.head}>Try: what this page asked, for a terminal ({all.length})</summary>
      <ul className={s.list}>
        {all.map((c) => <li key={c} className={s.item}><code className={s.code} data-command>{c}</code><Copy text={c} what="the command" /></li>)}
      </ul>
    </details>
  );
}

const styles = (t: GrafanaTheme2) => ({
  box: css({ margin: 'auto auto 0', width: '100%', maxWidth: 1200, padding: t.spacing(2) }),
  head: css({ cursor: 'pointer', color: t.colors.text.secondary, fontSize: t.typography.bodySmall.fontSize }),
  list: css({ listStyle: 'none', padding: t.spacing(1), margin: t.spacing(1, 0, 0), background: t.colors.background.secondary, borderRadius: 6 }),
  item: css({ display: 'flex', alignItems: 'flex-start', gap: 8, padding: '2px 0' }),
  code: css({ flex: 1, background: 'none', border: 0, padding: 0, whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', fontSize: 12, color: t.colors.text.primary }),
});
