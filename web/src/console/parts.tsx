/* What the console's pages are made of. */
import { css, cx } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Alert, Button, IconButton, Input, LoadingPlaceholder, TabsBar, useStyles2, type IconName } from '@grafana/ui';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { AwsError } from '../api/aws';
import { HttpError, messageOf } from '../api/http';
import { useCrumbs, type Crumb } from '../components/Crumbs';
import { Modal } from '../components/Modal';
import { copyText } from '../components/copy';
import { toast } from '../components/Toasts';
import type { Async } from '../lib/useAsync';

/** A page with its heading and what can be done on it. */
export function Page({ title, crumbs = [], sub, actions, children }: { title: string; crumbs?: Crumb[]; sub?: ReactNode; actions?: ReactNode; children: ReactNode }) {
  const s = useStyles2(styles);
  useCrumbs([...crumbs, { text: title }]);
  return (
    <div className={s.page}>
      <div className={s.head}>
        <div className={s.titles}><h1 className={s.title}>{title}</h1>{sub && <div className={s.sub}>{sub}</div>}</div>
        {actions && <div className={s.actions}>{actions}</div>}
      </div>
      {children}
    </div>
  );
}

export function Section({ title, note, actions, children }: { title: string; note?: ReactNode; actions?: ReactNode; children: ReactNode }) {
  const s = useStyles2(styles);
  return (
    <section className={s.section} aria-label={title}>
      <div className={s.head}><h2 className={s.h2}>{title}</h2>{actions && <div className={s.actions}>{actions}</div>}</div>
      {note && <p className={s.note}>{note}</p>}
      {children}
    </section>
  );
}

/** Shows what a request comes to: waiting, refused, failed, or done. */
export function Shown<T>({ of, what, children }: { of: Async<T> & { again: () => void }; what: string; children: (value: T) => ReactNode }) {
  if (of.state === 'loading') {
    return <div role="status" aria-live="polite"><LoadingPlaceholder text={`Loading ${what}…`} /></div>;
  }
  return of.state === 'failed' ? <Failure error={of.error} retry={of.again} /> : <>{children(of.value)}</>;
}

/** Which action on which resource an error's sentence misses. */
function missing(message: string): { action: string; resource: string } | undefined {
  const m = /perform:? ([a-z-]+:\w+)(?:.*? on (?:the )?resource:? ([^\s"',]+))?/i.exec(message);
  return m ? { action: m[1], resource: m[2] ?? '*' } : undefined;
}

/** What went wrong, in the server's words, with the command that tells why. */
export function Failure({ error, retry, title }: { error: unknown; retry?: () => void; title?: string }) {
  const s = useStyles2(styles);
  const e = error instanceof HttpError ? error : undefined;
  const code = error instanceof AwsError ? error.code : '';
  const lacks = e?.denied ? missing(e.message) : undefined;
  const head = title ?? (e?.denied ? 'You may not see this' : e?.status === 404 ? 'This does not exist' : 'That did not work');
  return (
    <Alert severity={e?.denied || e?.status === 404 ? 'warning' : 'error'} title={head}>
      <div className={s.failure}>
        {code && <strong>{code}</strong>}
        <span className={s.wrap}>{messageOf(error)}</span>
        {lacks && <span>Missing: <code>{lacks.action}</code> on <code className={s.wrap}>{lacks.resource}</code>. Who administers the account can add it to a policy of yours.</span>}
        {e?.requestId && <Command text={`hearth why ${e.requestId}`} />}
        {retry && !e?.denied && <div><Button size="sm" variant="secondary" onClick={retry}>Try again</Button></div>}
      </div>
    </Alert>
  );
}

/** Nothing is here yet, and what to do about it. */
export function Nothing({ title, cli, children }: { title: string; cli?: string; children?: ReactNode }) {
  const s = useStyles2(styles);
  return (
    <div className={s.nothing}>
      <strong>{title}</strong>
      {children && <div>{children}</div>}
      {cli && <Command text={cli} />}
    </div>
  );
}

export function Copy({ text, what }: { text: string; what: string }) {
  return <IconButton name="copy" aria-label={`Copy ${what}`} tooltip={`Copy ${what}`} onClick={() => void copyText(text)} />;
}

/** A line for a terminal. */
export function Command({ text }: { text: string }) {
  const s = useStyles2(styles);
  return <div className={s.command}><code className={s.code} data-command>{text}</code><Copy text={text} what="the command" /></div>;
}

/** Text to take along. */
export function Block({ text, label }: { text: string; label: string }) {
  const s = useStyles2(styles);
  return <div className={s.block}><pre className={s.pre} tabIndex={0} aria-label={label}>{text}</pre><span className={s.corner}><Copy text={text} what={label} /></span></div>;
}

/** The pages of a thing. On a phone the one that is open is scrolled to. */
export function Tabs({ children }: { children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const [bar, open] = [box.current?.firstElementChild, box.current?.querySelector('[aria-selected=true]')];
    bar?.scrollBy({ left: Math.max(0, (open?.getBoundingClientRect().right ?? 0) - bar.getBoundingClientRect().right) });
  }, []);
  return <div ref={box} className={css({ minWidth: 0 })}><TabsBar>{children}</TabsBar></div>;
}

export interface Column<T> {
  head: string;
  cell: (row: T) => ReactNode;
  /** Numbers stand to the right. */
  number?: boolean;
  /** Not on a phone. */
  wide?: boolean;
  /** Kept on one line, as names with hyphens and times are. */
  line?: boolean;
}

export function Rows<T>({ rows, columns, label, id }: { rows: T[]; columns: Column<T>[]; label: string; id: (row: T) => string }) {
  const s = useStyles2(styles);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // What can be scrolled sideways can be so without a mouse.
    const watch = new ResizeObserver(() => box.current && (box.current.tabIndex = box.current.scrollWidth > box.current.clientWidth ? 0 : -1));
    if (box.current) {
      watch.observe(box.current);
    }
    return () => watch.disconnect();
  }, []);
  const kind = (c: Column<T>) => cx(c.number && s.number, c.wide && s.wide, c.line && s.line);
  return (
    <div ref={box} className={s.scroll}>
      <table className={s.table} aria-label={label}>
        <thead><tr>{columns.map((c) => <th key={c.head} scope="col" className={kind(c)}>{c.head}</th>)}</tr></thead>
        <tbody>{rows.map((r) => <tr key={id(r)}>{columns.map((c) => <td key={c.head} className={kind(c)}>{c.cell(r)}</td>)}</tr>)}</tbody>
      </table>
    </div>
  );
}

/** Names and what they are. */
export function Facts({ of, wide }: { of: [string, ReactNode][]; wide?: boolean }) {
  const s = useStyles2(styles);
  return <dl className={cx(s.facts, wide && s.oneColumn)}>{of.filter(([, v]) => v !== undefined && v !== '').map(([k, v]) => <div key={k} className={s.fact}><dt className={s.dt}>{k}</dt><dd className={s.dd}>{v}</dd></div>)}</dl>;
}

/** One number that matters. */
export function Figure({ label, value, note, part }: { label: string; value: string; note?: string; part?: number }) {
  const s = useStyles2(styles);
  return (
    <div className={s.figure}>
      <div className={s.dt}>{label}</div>
      <div className={s.value}>{value}</div>
      {part !== undefined && <Bar part={part} label={`${label}: ${Math.round(part * 100)} % of the limit`} />}
      {note && <div className={s.note}>{note}</div>}
    </div>
  );
}

export function Figures({ children }: { children: ReactNode }) {
  return <div className={useStyles2(styles).figures}>{children}</div>;
}

/** A part of a whole, 0 to 1. */
export function Bar({ part, label, tone }: { part: number; label: string; tone?: 'good' | 'bad' }) {
  const s = useStyles2(styles);
  const p = Math.min(1, Math.max(0, part));
  const bad = tone === 'bad' || (!tone && p > 0.9);
  return <div className={s.bar} role="img" aria-label={label}><div className={cx(s.fill, bad && s.fillBad, tone === 'good' && s.fillGood)} style={{ width: `${p * 100}%` }} /></div>;
}

type Tone = 'good' | 'bad' | 'warn' | 'plain';

const tones: Record<string, Tone> = {
  ACTIVE: 'good', Normal: 'good', Pending: 'warn', Alerting: 'bad', Recovering: 'warn', firing: 'bad', pending: 'warn', inactive: 'good', up: 'good', ok: 'good', err: 'bad', active: 'good', expired: 'plain', suppressed: 'plain', delivered: 'good', failed: 'bad', failing: 'bad', refused: 'bad', silenced: 'plain', grouped: 'plain', inhibited: 'plain', muted: 'plain', unprocessed: 'warn',
  CREATION_FAILED: 'bad', UPDATE_FAILED: 'bad', DELETION_FAILED: 'bad', FAILED: 'bad', down: 'bad', CREATING: 'warn', UPDATING: 'warn', DELETING: 'warn', allowed: 'good', explicitDeny: 'bad', implicitDeny: 'bad', healthy: 'good', confirmed: 'good',
};

/** A state, in words and in colour. */
export function State({ of, tone }: { of: string; tone?: Tone }) {
  const s = useStyles2(styles);
  const kind = tone ?? tones[of] ?? 'plain';
  return <span className={cx(s.state, s[kind])}><span className={s.dot} aria-hidden="true" />{of}</span>;
}

export function Labels({ of, omit = [] }: { of: Record<string, string>; omit?: string[] }) {
  const s = useStyles2(styles);
  return <span className={s.labels}>{Object.entries(of).filter(([k]) => !omit.includes(k)).map(([k, v]) => <span key={k} className={s.label}><span className={s.dim}>{k}=</span>{v}</span>)}</span>;
}

/** Asks for the name before something is gone. */
export function DeleteByName({ what, name, note, onDelete, onClose }: { what: string; name: string; note: string; onDelete: () => Promise<unknown>; onClose: () => void }) {
  const [typed, setTyped] = useState('');
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const go = async () => {
    setBusy(true);
    try {
      await onDelete();
      onClose();
    } catch (err) {
      setError(err);
      setBusy(false);
    }
  };
  return (
    <Modal title={`Delete ${what} ${name}`} isOpen onDismiss={onClose}>
      <form onSubmit={(e) => { e.preventDefault(); if (typed === name) { void go(); } }}>
        <p>{note} To go on, write <strong>{name}</strong>.</p>
        <Input autoFocus value={typed} onChange={(e) => setTyped(e.currentTarget.value)} aria-label={`Write ${name} to delete it`} />
        {error !== undefined && <Failure error={error} title="It was not deleted" />}
        <Modal.ButtonRow>
          <Button type="button" variant="secondary" onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="destructive" disabled={busy || typed !== name}>Delete</Button>
        </Modal.ButtonRow>
      </form>
    </Modal>
  );
}

/** A button that does something that may fail, and says so. */
export function Act({ children, icon, done, does, variant = 'secondary', fails = 'That did not work' }: { children: ReactNode; icon?: IconName; done?: string; does: () => Promise<unknown>; variant?: 'primary' | 'secondary' | 'destructive'; fails?: string }) {
  const [busy, setBusy] = useState(false);
  const go = async () => {
    setBusy(true);
    try {
      await does();
      if (done) {
        toast('success', done);
      }
    } catch (err) {
      const why = err instanceof HttpError && err.requestId ? ` (hearth why ${err.requestId})` : '';
      toast('error', fails, messageOf(err) + why);
    }
    setBusy(false);
  };
  return <Button size="sm" icon={icon} variant={variant} disabled={busy} onClick={() => void go()}>{children}</Button>;
}

/** Now, moving. */
export function useNow(every: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const t = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(t);
  }, [every]);
  return now;
}

const styles = (t: GrafanaTheme2) => ({
  page: css({ width: '100%', maxWidth: 1200, overflowWrap: 'break-word', margin: '0 auto', padding: t.spacing(3, 2), display: 'flex', flexDirection: 'column', gap: t.spacing(2) }),
  head: css({ display: 'flex', justifyContent: 'space-between', alignItems: 'center', flexWrap: 'wrap', gap: t.spacing(1) }),
  titles: css({ minWidth: 0 }),
  title: css({ margin: 0, fontSize: t.typography.h3.fontSize, overflowWrap: 'anywhere' }),
  sub: css({ color: t.colors.text.secondary, overflowWrap: 'anywhere', marginTop: 4, '& code': { whiteSpace: 'normal' } }),
  actions: css({ display: 'flex', gap: t.spacing(1), flexWrap: 'wrap', alignItems: 'center' }),
  section: css({ background: t.colors.background.primary, border: `1px solid ${t.colors.border.weak}`, borderRadius: 6, padding: t.spacing(2), display: 'flex', flexDirection: 'column', gap: t.spacing(1.5), minWidth: 0 }),
  h2: css({ margin: 0, fontSize: t.typography.h5.fontSize }),
  note: css({ color: t.colors.text.secondary, fontSize: t.typography.bodySmall.fontSize, margin: 0 }),
  wrap: css({ overflowWrap: 'anywhere' }),
  failure: css({ display: 'flex', flexDirection: 'column', gap: t.spacing(1), minWidth: 0, overflowWrap: 'anywhere', '& code': { whiteSpace: 'normal' } }),
  nothing: css({ display: 'flex', flexDirection: 'column', gap: t.spacing(1), padding: t.spacing(3), border: `1px dashed ${t.colors.border.medium}`, borderRadius: 6, color: t.colors.text.primary }),
  command: css({ display: 'flex', alignItems: 'center', gap: 8, maxWidth: '100%', background: t.colors.background.canvas, border: `1px solid ${t.colors.border.weak}`, borderRadius: 4, padding: '4px 8px' }),
  code: css({ flex: 1, background: 'none', border: 0, padding: 0, whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', fontSize: 12, color: t.colors.text.primary }),
  block: css({ position: 'relative' }),
  pre: css({ margin: 0, padding: t.spacing(1.5), paddingRight: 40, fontSize: 12, background: t.colors.background.canvas, border: `1px solid ${t.colors.border.weak}`, color: t.colors.text.primary, overflow: 'auto', whiteSpace: 'pre', maxHeight: 420 }),
  corner: css({ position: 'absolute', top: 8, right: 8 }),
  scroll: css({ overflowX: 'auto' }),
  table: css({
    width: '100%', borderCollapse: 'collapse',
    '& th': { textAlign: 'left', color: t.colors.text.secondary, fontWeight: 500, fontSize: 12, padding: '6px 10px', borderBottom: `1px solid ${t.colors.border.medium}`, whiteSpace: 'nowrap' },
    '& td': { padding: '8px 10px', borderBottom: `1px solid ${t.colors.border.weak}`, verticalAlign: 'top' },
    '& tbody tr:hover': { background: t.colors.action.hover },
    '& td a': { color: t.colors.text.link },
    '& td code': { boxDecorationBreak: 'clone' },
    [t.breakpoints.down('md')]: { '& td code': { overflowWrap: 'anywhere', whiteSpace: 'normal' } },
  }),
  number: css({ textAlign: 'right !important' as 'right', whiteSpace: 'nowrap', fontVariantNumeric: 'tabular-nums' }),
  line: css({ whiteSpace: 'nowrap' }),
  wide: css({ [t.breakpoints.down('md')]: { display: 'none' } }),
  facts: css({ margin: 0, display: 'grid', gridTemplateColumns: 'repeat(auto-fill, minmax(min(310px, 100%), 1fr))', gap: t.spacing(1.5) }),
  oneColumn: css({ gridTemplateColumns: '1fr' }),
  fact: css({ minWidth: 0 }),
  dt: css({ color: t.colors.text.secondary, fontSize: 12, fontWeight: 400 }),
  dd: css({ margin: 0, overflowWrap: 'anywhere', '& code': { overflowWrap: 'anywhere', whiteSpace: 'normal', boxDecorationBreak: 'clone' } }),
  figures: css({ display: 'grid', gridTemplateColumns: 'repeat(auto-fill, minmax(170px, 1fr))', gap: t.spacing(1.5) }),
  figure: css({ background: t.colors.background.primary, border: `1px solid ${t.colors.border.weak}`, borderRadius: 6, padding: t.spacing(1.5), display: 'flex', flexDirection: 'column', gap: 4 }),
  value: css({ fontSize: 24, fontWeight: 500, fontVariantNumeric: 'tabular-nums' }),
  bar: css({ height: 6, background: t.colors.background.secondary, borderRadius: 3, overflow: 'hidden', width: '100%' }),
  fill: css({ height: '100%', background: t.colors.primary.main }),
  fillBad: css({ background: t.colors.error.main }),
  fillGood: css({ background: t.colors.success.main }),
  state: css({ display: 'inline-flex', alignItems: 'center', gap: 6, whiteSpace: 'nowrap' }),
  dot: css({ width: 8, height: 8, borderRadius: 4, background: 'currentColor', flex: 'none' }),
  good: css({ color: t.colors.success.text }),
  bad: css({ color: t.colors.error.text }),
  warn: css({ color: t.colors.warning.text }),
  plain: css({ color: t.colors.text.secondary }),
  labels: css({ display: 'flex', flexWrap: 'wrap', gap: 4, minWidth: 120 }),
  label: css({ background: t.colors.background.secondary, border: `1px solid ${t.colors.border.weak}`, borderRadius: 4, padding: '0 6px', fontSize: 12, overflowWrap: 'anywhere' }),
  dim: css({ color: t.colors.text.secondary }),
});
