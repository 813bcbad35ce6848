/* What stands around every page: where one is, where one can go, the search, the theme, who one is. */
import { Button, Dropdown, Icon, IconButton, Menu, useStyles2, type IconName } from '@grafana/ui';
import { css, cx } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { lazy, Suspense, useEffect, useState, type ReactNode } from 'react';
import { Link, useLocation, useNavigate, useSearchParams } from 'react-router-dom';
import { page } from '../boot/page';
import { signOut } from '../api/grafana';
import { isTyping } from '../lib/keys';
import { useMay, useSession } from '../pages/session';
import { Brand } from './Brand';
import { Crumbs, CrumbsProvider } from './Crumbs';
import { useThemeSwitch } from './theme';
import { Toasts } from './Toasts';

const Palette = lazy(() => import('./Palette').then((m) => ({ default: m.Palette })));

interface Place {
  to: string;
  label: string;
  icon: IconName;
  also: RegExp;
  editors?: boolean;
  admins?: boolean;
}

const places: Place[] = [
  { to: '/dashboards', label: 'Dashboards', icon: 'apps', also: /^\/(dashboards|d|dashboard)(\/|$)/ },
  { to: '/explore', label: 'Explore', icon: 'compass', also: /^\/explore/, editors: true },
  { to: '/alerts', label: 'Alerts', icon: 'bell', also: /^\/alerts/ },
  { to: '/connections/datasources', label: 'Data sources', icon: 'database', also: /^\/connections/, admins: true },
  { to: '/admin/access', label: 'Access', icon: 'users-alt', also: /^\/admin/, admins: true },
];

export function Shell({ children }: { children: ReactNode }) {
  const s = useStyles2(styles);
  const [params] = useSearchParams();
  const [open, setOpen] = useState(false);
  const [palette, setPalette] = useState(false);
  usePaletteKeys(() => setPalette(true));
  const kiosk = params.has('kiosk');
  return (
    <CrumbsProvider>
      <a className={s.skip} href="#page">Skip to the page</a>
      <div className={s.all}>
        {!kiosk && <TopBar onMenu={() => setOpen(!open)} onSearch={() => setPalette(true)} />}
        <div className={s.below}>
          {!kiosk && <Nav open={open} onGo={() => setOpen(false)} />}
          <main id="page" className={s.page} tabIndex={-1}>{children}</main>
        </div>
      </div>
      {palette && <Suspense fallback={null}><Palette onClose={() => setPalette(false)} /></Suspense>}
      <Toasts />
    </CrumbsProvider>
  );
}

/** "/" and Ctrl-K or Cmd-K open the command palette. */
function usePaletteKeys(open: () => void) {
  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      const combination = (e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 'k';
      if (combination || (e.key === '/' && !isTyping(e))) {
        e.preventDefault();
        open();
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [open]);
}

function TopBar({ onMenu, onSearch }: { onMenu: () => void; onSearch: () => void }) {
  const s = useStyles2(styles);
  const { name, choose } = useThemeSwitch();
  const other = name === 'dark' ? 'light' : 'dark';
  return (
    <header className={s.top}>
      <span className={s.burger}><IconButton name="bars" size="lg" aria-label="Menu" onClick={onMenu} /></span>
      <Link to="/dashboards" className={s.brand} aria-label="Hearth, all dashboards"><Brand small /></Link>
      <Crumbs />
      <span className={s.grow} />
      <button type="button" className={s.search} onClick={onSearch} aria-label="Search or jump to… ctrl+k">
        <Icon name="search" /> <span className={s.wide}>Search or jump to…</span> <kbd className={cx(s.kbd, s.wide)}>ctrl+k</kbd>
      </button>
      <IconButton name="palette" aria-label={`Use the ${other} theme`} tooltip={`Use the ${other} theme`} size="lg" onClick={() => choose(other)} />
      <UserMenu />
    </header>
  );
}

function UserMenu() {
  const { user } = useSession();
  const out = async () => {
    const elsewhere = await signOut().catch(() => '');
    window.location.assign(elsewhere || page.base + '/');
  };
  const menu = (
    <Menu>
      <Menu.Item label={user.login || user.email} description={`${user.orgRole} of ${page.workspace}`} disabled />
      <Menu.Divider />
      <Menu.Item label="Sign out" icon="signout" onClick={() => void out()} />
    </Menu>
  );
  return (
    <Dropdown overlay={menu} placement="bottom-end">
      <Button variant="secondary" fill="text" size="sm" icon="user" aria-label={`Signed in as ${user.login || user.email}`} />
    </Dropdown>
  );
}

function Nav({ open, onGo }: { open: boolean; onGo: () => void }) {
  const s = useStyles2(styles);
  const { pathname } = useLocation();
  const editor = useMay('Editor');
  const admin = useMay('Admin');
  const navigate = useNavigate();
  return (
    <nav className={cx(s.nav, open && s.navOpen)} aria-label="Pages">
      {places.filter((p) => (editor || !p.editors) && (admin || !p.admins)).map((p) => {
        const here = p.also.test(pathname);
        return (
          <a
            key={p.to}
            title={p.label}
            href={page.base + p.to}
            className={cx(s.place, here && s.here)}
            aria-current={here ? 'page' : undefined}
            onClick={(e) => {
              e.preventDefault();
              onGo();
              navigate(p.to);
            }}
          >
            <Icon name={p.icon} size="lg" /> <span className={s.label}>{p.label}</span>
          </a>
        );
      })}
    </nav>
  );
}

const styles = (t: GrafanaTheme2) => ({
  all: css({ display: 'flex', flexDirection: 'column', height: '100vh' }),
  top: css({ display: 'flex', alignItems: 'center', gap: t.spacing(1), height: 40, padding: t.spacing(0, 1.5), background: t.colors.background.primary, borderBottom: `1px solid ${t.colors.border.weak}`, flex: 'none' }),
  brand: css({ display: 'flex' }),
  grow: css({ flex: 1 }),
  burger: css({ display: 'none', [t.breakpoints.down('md')]: { display: 'flex' } }),
  wide: css({ [t.breakpoints.down('md')]: { display: 'none' } }),
  search: css({ display: 'flex', flex: 'none', whiteSpace: 'nowrap', alignItems: 'center', gap: 8, height: 26, padding: '0 8px', border: `1px solid ${t.components.input.borderColor}`, background: t.components.input.background, color: t.colors.text.secondary, borderRadius: 4, fontSize: 12, cursor: 'pointer', '&:hover': { borderColor: t.colors.border.strong } }),
  kbd: css({ fontSize: 10, border: `1px solid ${t.colors.border.weak}`, borderRadius: 3, padding: '0 4px', marginLeft: 24, background: t.colors.background.secondary, color: t.colors.text.secondary, boxShadow: 'none' }),
  below: css({ display: 'flex', flex: 1, minHeight: 0, position: 'relative' }),
  nav: css({ width: 180, flex: 'none', padding: t.spacing(1), background: t.colors.background.primary, borderRight: `1px solid ${t.colors.border.weak}`, display: 'flex', flexDirection: 'column', gap: 2, [t.breakpoints.down('xl')]: { width: 48, padding: t.spacing(1, 0.5) }, [t.breakpoints.down('md')]: { display: 'none' } }),
  navOpen: css({ [t.breakpoints.down('md')]: { display: 'flex', position: 'absolute', zIndex: t.zIndex.sidemenu, height: '100%', width: 200, boxShadow: t.shadows.z3, '& span': { display: 'inline' } } }),
  place: css({ display: 'flex', alignItems: 'center', gap: 10, padding: '8px 10px', borderRadius: 6, color: t.colors.text.secondary, '&:hover': { background: t.colors.action.hover, color: t.colors.text.primary } }),
  here: css({ color: t.colors.text.primary, background: t.colors.action.selected, boxShadow: `inset 2px 0 0 #ff8833` }),
  label: css({ [t.breakpoints.down('xl')]: { display: 'none' } }),
  page: css({ flex: 1, overflow: 'auto', outline: 'none', position: 'relative', minWidth: 0 }),
  skip: css({ position: 'absolute', top: -60, left: 8, zIndex: 9999, background: t.colors.primary.main, color: t.colors.primary.contrastText, padding: 8, '&:focus': { top: 8 } }),
});
