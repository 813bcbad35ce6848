import { useTheme2 } from '@grafana/ui';
import { css } from '@emotion/css';

export function Brand({ large, small }: { large?: boolean; small?: boolean }) {
  const t = useTheme2();
  const size = large ? 32 : 24;
  return (
    <span className={css({ display: 'inline-flex', alignItems: 'center', gap: 8, fontWeight: 600, fontSize: large ? 22 : 16, color: t.colors.text.primary })}>
      <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
        <path fill={t.isDark ? '#f2e3d5' : '#2b1a12'} d="M3 30V13L16 2l13 11v17h-7V20a6 6 0 0 0-12 0v10z" />
        <path fill="#ff8833" d="M16 15c1 4 4 5 4 9a4 4 0 0 1-8 0c0-2 1-3 2-4 0 2 1 2 1 2 1-2 0-4 1-7z" />
      </svg>
      {!small && 'Hearth'}
    </span>
  );
}
