import { forwardRef, useEffect, useState, type ReactNode, type Ref, type SVGProps } from 'react';

// The icons of the first view of a dashboard. The others come when one is asked for.
const first = import.meta.glob<string>(
  '../../node_modules/@grafana/ui/dist/public/img/icons/unicons/{angle-double-right,angle-down,angle-left,angle-right,angle-up,apps,arrow-right,bars,bell,bolt,check,check-circle,clock-nine,cog,columns,compass,ellipsis-v,exclamation-circle,exclamation-triangle,external-link-alt,file-alt,info-circle,link,minus,monitor,palette,pen,plus,question-circle,save,search,search-minus,share-alt,signout,sitemap,star,sync,times,user}.svg',
  { query: '?raw', import: 'default', eager: true }
);

interface Drawing {
  viewBox: string;
  inner: string;
}

const drawings = new Map<string, Drawing>();

function read(sources: Record<string, string>): void {
  for (const [path, text] of Object.entries(sources)) {
    const viewBox = /viewBox="([^"]+)"/.exec(text)?.[1] ?? '0 0 24 24';
    const inner = text.replace(/^[\s\S]*?<svg[^>]*>/, '').replace(/<\/svg>\s*$/, '');
    drawings.set(keyOf(path), { viewBox, inner });
  }
}
read(first);

let others: Promise<void> | undefined;

/** The drawing of a path, as soon as it is there. */
function useDrawing(src: string): Drawing | undefined {
  const [, again] = useState(0);
  const found = drawings.get(keyOf(src));
  useEffect(() => {
    if (found) {
      return;
    }
    let gone = false;
    others ??= import('./icons').then((m) => read(m.sources)).catch(() => undefined);
    void others.then(() => !gone && again((n) => n + 1));
    return () => {
      gone = true;
    };
  }, [found]);
  return found;
}

// What the package names and does not contain.
drawings.set('unicons/angle-double-left', {
  viewBox: '0 0 24 24',
  inner: '<path d="M11.46 12 16 16.54a1 1 0 0 1-1.42 1.42l-5.25-5.25a1 1 0 0 1 0-1.42l5.25-5.25A1 1 0 1 1 16 7.46zm-5 0L11 16.54a1 1 0 0 1-1.42 1.42L4.33 12.7a1 1 0 0 1 0-1.42l5.25-5.25A1 1 0 1 1 11 7.46z"/>',
});
drawings.set('unicons/spinner', {
  viewBox: '0 0 24 24',
  inner: '<path d="M12 3a1 1 0 0 1 0 2 7 7 0 1 0 7 7 1 1 0 0 1 2 0 9 9 0 1 1-9-9z"/>',
});

function keyOf(path: string): string {
  return path.split('/').slice(-2).join('/').replace(/\.svg$/, '');
}

interface Props extends Omit<SVGProps<SVGSVGElement>, 'onLoad' | 'onError'> {
  src: string;
  title?: string;
  innerRef?: Ref<SVGSVGElement>;
  loader?: ReactNode;
  cacheRequests?: boolean;
  uniquifyIDs?: boolean;
  preProcessor?: (code: string) => string;
  onLoad?: (src: string, hasCache: boolean) => void;
  onError?: (e: Error) => void;
}

/**
 * Draws an icon of the program by the path its package would fetch it from. The
 * markup is part of the build, never of a user. An unknown icon is an empty box
 * of the right size.
 */
const InlineSVG = forwardRef<SVGSVGElement, Props>(function InlineSVG(
  { src, title, innerRef, loader, cacheRequests, uniquifyIDs, preProcessor, onLoad, onError, ...rest },
  ref
) {
  const drawing = useDrawing(src);
  useEffect(() => onLoad?.(src, true), [src]); // eslint-disable-line
  const markup = (title ? `<title>${escapeText(title)}</title>` : '') + (drawing?.inner ?? '');
  return (
    <svg
      xmlns="http://www.w3.org/2000/svg"
      viewBox={drawing?.viewBox ?? '0 0 24 24'}
      {...rest}
      ref={innerRef ?? ref}
      dangerouslySetInnerHTML={{ __html: markup }}
    />
  );
});

function escapeText(text: string): string {
  return text.replace(/[&<>]/g, (c) => (c === '&' ? '&amp;' : c === '<' ? '&lt;' : '&gt;'));
}

export default InlineSVG;
export const cacheStore = { clear: () => Promise.resolve(), isCached: () => true };
