/* What stands around every page of the console: where one can go, the region, who one is. */
import { css, cx } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Button, Dropdown, Icon, IconButton, Menu, useStyles2, type IconName } from '@grafana/ui';
import { lazy, Suspense, useEffect, useState, type ReactNode } from 'react';
import { Link, useLocation } from 'react-router-dom';
import { chooseRegion, region } from '../api/aws';
import { signOut, type ConsoleSession } from '../api/hearth';
import { page } from '../boot/page';
import { Brand } from '../components/Brand';
import { Crumbs, CrumbsProvider } from '../components/Crumbs';
import { useThemeSwitch } from '../components/theme';
import { Toasts } from '../components/Toasts';
import { isTyping } from '../lib/keys';
import { Try } from './Try';

const Jump = lazy(() => import('./Jump').then((m) => ({ default: m.Jump })));

export interface Place {
  to: string;
  label: string;
  icon: IconName;
}

export const places: Place[] = [
  { to: '/workspaces', label: 'Workspaces', icon: 'database' },
  { to: '/explore', label: 'Explore', icon: 'compass' },
  { to: '/alerts', label: 'Alerts', icon: 'bell' },
  { to: '/scrapers', label: 'Scrapers', icon: 'rss' },
  { to: '/clusters', label: 'Clusters', icon: 'cube' },
  { to: '/cloudwatch', label: 'CloudWatch jobs', icon: 'cloud' },
  { to: '/sns', label: 'SNS topics', icon: 'envelope' },
  { to: '/grafana', label: 'Grafana', icon: 'apps' },
  { to: '/iam', label: 'IAM', icon: 'shield' },
];

/** Regions to choose from; any other can be written into the address bar of requests all the same. */
const regions = ['us-east-1', 'us-east-2', 'us-west-1', 'us-west-2', 'ca-central-1', 'eu-central-1', 'eu-north-1', 'eu-west-1', 'eu-west-2', 'eu-west-3', 'ap-northeast-1', 'ap-northeast-2', 'ap-south-1', 'ap-southeast-1', 'ap-southeast-2', 'sa-east-1'];

export function Frame({ session, children }: { session: ConsoleSession; children: ReactNode }) {
  const s = useStyles2(styles);
  const [open, setOpen] = useState(false);
  const [jump, setJump] = useState(false);
  useJumpKeys(() => setJump(true));
  return (
    <CrumbsProvider>
      <a className={s.skip} href="#page">Skip to the page</a>
      <div className={s.all}>
        <header className={s.top}>
          <span className={s.burger}><IconButton name="bars" size="lg" aria-label="Menu" aria-expanded={open} onClick={() => setOpen(!open)} /></span>
          <Link to="/workspaces" className={s.brand} aria-label="Hearth, all workspaces"><Brand small /></Link>
          <Crumbs />
          <span className={s.grow} />
          <button type="button" className={s.search} onClick={() => setJump(true)} aria-label="Jump to… ctrl+k">
            <Icon name="search" /> <span className={s.wide}>Jump to…</span> <kbd className={cx(s.kbd, s.wide)}>ctrl+k</kbd>
          </button>
          <Region />
          <ThemeButton />
          <Who session={session} />
        </header>
        <div className={s.below}>
          <Nav open={open} onGo={() => setOpen(false)} />
          <main id="page" className={s.page} tabIndex={-1}>{children}<Try /></main>
        </div>
      </div>
      {jump && <Suspense fallback={null}><Jump onClose={() => setJump(false)} /></Suspense>}
      <Toasts />
    </CrumbsProvider>
  );
}

/** "/" and Ctrl-K or Cmd-K open the list of places. */
function useJumpKeys(open: () => void) {
  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      if (((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 'k') || (e.key === '/' && !isTyping(e))) {
        e.preventDefault();
        open();
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [open]);
}

function Region() {
  const s = useStyles2(styles);
  const here = region();
  const others = [...new Set([here, ...regions])].filter((r) => r !== page.region);
  return (
    <select className={s.region} aria-label="Region" value={here} onChange={(e) => { chooseRegion(e.target.value); window.location.reload(); }}>
      <optgroup label="Hearth's own"><option>{page.region}</option></optgroup>
      <optgroup label="Others">{others.map((r) => <option key={r}>{r}</option>)}</optgroup>
    </select>
  );
}

function ThemeButton() {
  const { name, choose } = useThemeSwitch();
  const other = name === 'dark' ? 'light' : 'dark';
  return <IconButton name="palette" aria-label={`Use the ${other} theme`} tooltip={`Use the ${other} theme`} size="lg" onClick={() => choose(other)} />;
}

function Who({ session }: { session: ConsoleSession }) {
  const name = session.root ? 'root' : (session.arn ?? '').split('/').slice(1).join('/') || session.arn;
  const out = async () => {
    const elsewhere = await signOut().catch(() => '');
    window.location.assign(elsewhere || page.base + '/');
  };
  const menu = (
    <Menu>
      <Menu.Item label={name ?? ''} description={`Account ${session.account}`} disabled />
      <Menu.Divider />
      <Menu.Item label="Sign out" icon="signout" onClick={() => void out()} />
    </Menu>
  );
  return (
    <Dropdown overlay={menu} placement="bottom-end">
      <Button variant="secondary" fill="text" size="sm" icon="user" aria-label={`Signed in as ${session.arn}`} />
    </Dropdown>
  );
}

function Nav({ open, onGo }: { open: boolean; onGo: () => void }) {
  const s = useStyles2(styles);
  const { pathname } = useLocation();
  return (
    <nav className={cx(s.nav, open && s.navOpen)} aria-label="Pages">
      {places.map((p) => {
        const here = pathname === p.to || pathname.startsWith(p.to + '/');
        return (
          <Link key={p.to} to={p.to} title={p.label} className={cx(s.place, here && s.here)} aria-current={here ? 'page' : undefined} onClick={onGo}>
            <Icon name={p.icon} size="lg" /> <span className={s.label}>{p.label}</span>
          </Link>
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
  region: css({ height: 26, border: `1px solid ${t.components.input.borderColor}`, background: t.components.input.background, color: t.colors.text.primary, borderRadius: 4, fontSize: 12, maxWidth: 200, [t.breakpoints.down('sm')]: { maxWidth: 110 } }),
  below: css({ display: 'flex', flex: 1, minHeight: 0, position: 'relative' }),
  nav: css({ width: 190, flex: 'none', padding: t.spacing(1), background: t.colors.background.primary, borderRight: `1px solid ${t.colors.border.weak}`, display: 'flex', flexDirection: 'column', gap: 2, overflow: 'auto', [t.breakpoints.down('lg')]: { width: 48, padding: t.spacing(1, 0.5) }, [t.breakpoints.down('md')]: { display: 'none' } }),
  navOpen: css({ [t.breakpoints.down('md')]: { display: 'flex', position: 'absolute', zIndex: t.zIndex.sidemenu, height: '100%', width: 200, boxShadow: t.shadows.z3, '& span': { display: 'inline' } } }),
  place: css({ display: 'flex', alignItems: 'center', gap: 10, padding: '8px 10px', borderRadius: 6, color: t.colors.text.secondary, '&:hover': { background: t.colors.action.hover, color: t.colors.text.primary } }),
  here: css({ color: t.colors.text.primary, background: t.colors.action.selected, boxShadow: 'inset 2px 0 0 #ff8833' }),
  label: css({ [t.breakpoints.down('lg')]: { display: 'none' } }),
  page: css({ flex: 1, overflow: 'auto', outline: 'none', position: 'relative', minWidth: 0, display: 'flex', flexDirection: 'column' }),
  skip: css({ position: 'absolute', top: -60, left: 8, zIndex: 9999, background: t.colors.primary.main, color: t.colors.primary.contrastText, padding: 8, '&:focus': { top: 8 } }),
});
