import { useTheme2 } from '@grafana/ui';
import { css } from '@emotion/css';
import type { Change } from '../../model/edit';

function short(v: unknown): string {
  const text = v === undefined ? '–' : JSON.stringify(v);
  return text.length > 160 ? text.slice(0, 160) + '…' : text;
}

/** What differs, as path, before and after. */
export function Diff({ changes }: { changes: Change[] }) {
  const t = useTheme2();
  if (!changes.length) {
    return <p>Nothing has changed.</p>;
  }
  return (
    <div className={css({ maxHeight: 260, overflow: 'auto', border: `1px solid ${t.colors.border.weak}`, borderRadius: 4, marginBottom: 12 })}>
      <table className={css({ width: '100%', fontSize: 12, fontFamily: t.typography.fontFamilyMonospace, '& td, & th': { padding: '3px 8px', verticalAlign: 'top', textAlign: 'left', overflowWrap: 'anywhere' } })}>
        <thead><tr><th>{changes.length === 1 ? '1 change' : `${changes.length} changes`}</th><th>before</th><th>after</th></tr></thead>
        <tbody>
          {changes.slice(0, 300).map((c) => (
            <tr key={c.path}><td>{c.path}</td><td className={css({ color: t.colors.error.text })}>{short(c.before)}</td><td className={css({ color: t.colors.success.text })}>{short(c.after)}</td></tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
