import { useTheme2 } from '@grafana/ui';
import { css } from '@emotion/css';
import { createContext, useContext, useEffect, useState, type ReactNode } from 'react';
import { Link } from 'react-router-dom';

export interface Crumb {
  text: string;
  to?: string;
}

const Context = createContext<{ crumbs: Crumb[]; set: (c: Crumb[]) => void }>({ crumbs: [], set: () => {} });

export function CrumbsProvider({ children }: { children: ReactNode }) {
  const [crumbs, set] = useState<Crumb[]>([]);
  return <Context.Provider value={{ crumbs, set }}>{children}</Context.Provider>;
}

/** Says where the page stands; the last one is the page, and the window's title. */
export function useCrumbs(crumbs: Crumb[]): void {
  const { set } = useContext(Context);
  const key = JSON.stringify(crumbs);
  useEffect(() => {
    set(crumbs);
    document.title = [...crumbs].reverse().map((c) => c.text).join(' · ') + ' · Hearth';
  }, [key]); // eslint-disable-line react-hooks/exhaustive-deps
}

export function Crumbs() {
  const t = useTheme2();
  const { crumbs } = useContext(Context);
  const item = css({ display: 'flex', minWidth: 0, alignItems: 'center', fontSize: t.typography.bodySmall.fontSize, '& > *': { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' }, [t.breakpoints.down('md')]: { '&:not(:last-child)': { display: 'none' } }, '&:not(:last-child)::after': { content: '"›"', margin: '0 6px', color: t.colors.text.secondary } });
  return (
    <nav aria-label="Breadcrumbs" className={css({ minWidth: 0 })}>
      <ol className={css({ display: 'flex', listStyle: 'none', margin: 0, padding: 0, minWidth: 0 })}>
        {crumbs.map((c, i) => (
          <li key={i} className={item}>
            {c.to ? <Link to={c.to} className={css({ color: t.colors.text.secondary, '&:hover': { textDecoration: 'underline' } })}>{c.text}</Link> : <span aria-current="page">{c.text}</span>}
          </li>
        ))}
      </ol>
    </nav>
  );
}
