import { Global, css } from '@emotion/react';
import { useTheme2 } from '@grafana/ui';

/** What the whole page needs beside the library's own styles. */
export function AppStyles() {
  const t = useTheme2();
  return (
    <Global
      styles={css({
        'html, body, #root': { height: '100%' },
        body: { margin: 0, background: t.colors.background.canvas, color: t.colors.text.primary, overflow: 'hidden' },
        '.react-grid-layout': { position: 'relative' },
        '.react-grid-item': { transition: 'none' },
        '.react-grid-layout--enable-move-animations .react-grid-item.cssTransforms': { transition: 'transform 150ms ease' },
        '.react-grid-item.react-grid-placeholder': { background: t.colors.primary.transparent, borderRadius: t.shape.radius.default, zIndex: 2 },
        '.react-grid-item > .react-resizable-handle': { position: 'absolute', width: 20, height: 20, bottom: 0, right: 0, cursor: 'se-resize' },
        '.react-grid-item.react-draggable-dragging, .react-grid-item.resizing': { zIndex: 100 },
        'div:has(> .row-actions)': { opacity: '1 !important' as never },
        // A panel's title has all the room but for the menu, which comes with the pointer.
        '[data-testid="data-testid header-container"]': {
          position: 'relative', gap: `${t.spacing(0.5)} !important` as never,
          '& [data-testid="title-items-container"] > *': { padding: t.spacing(0, 0.5) },
          '& > .show-on-hover': { position: 'absolute', right: t.spacing(0.5) },
        },
        'section:hover > [data-testid="data-testid header-container"], section:focus-visible > [data-testid="data-testid header-container"], section:focus-within:not(:focus) > [data-testid="data-testid header-container"]': { paddingRight: `${t.spacing(4.5)} !important` as never },
        '.no-data': { color: t.colors.text.secondary, fontSize: t.typography.size.md },
        '.panel-time-info': { color: t.colors.text.link, fontSize: t.typography.bodySmall.fontSize, padding: '0 8px' },
        ':focus-visible': { outlineOffset: 2 },
        '.visually-hidden': { position: 'absolute', width: 1, height: 1, overflow: 'hidden', clipPath: 'inset(50%)', whiteSpace: 'nowrap' },
        '@media (prefers-reduced-motion: reduce)': { '*': { animationDuration: '0.01ms !important', transitionDuration: '0.01ms !important' } },
        '@media (max-width: 768px)': {
          // Fields that are given a width are no wider than the page.
          'main [data-testid="input-wrapper"]': { maxWidth: 'calc(100vw - 68px)' },
          '.react-grid-layout': { height: 'auto !important' },
          '.react-grid-layout > .react-grid-layout': { height: 'auto !important' },
          '.react-grid-item': { position: 'relative !important' as never, transform: 'none !important', width: '100% !important', display: 'block', marginBottom: 8 },
        },
      })}
    />
  );
}
