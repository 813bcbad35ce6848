/* Who is not signed in sees this. */
import { css } from '@emotion/css';
import { Alert, Button, Field, Input, LinkButton, Stack, useTheme2 } from '@grafana/ui';
import { useState } from 'react';
import { getSignInOptions, signIn, type SignInOption } from '../api/grafana';
import { HttpError, messageOf } from '../api/http';
import { page } from '../boot/page';
import { Brand } from '../components/Brand';
import { Failed, Loading } from '../components/States';
import { useAsync } from '../lib/useAsync';

/** Where people come back to: the path below this Grafana workspace. Short addresses send people to /login and say where to. */
function back(): string {
  const { pathname, search } = window.location;
  const below = pathname.startsWith(page.base) ? pathname.slice(page.base.length) : pathname;
  if (below.startsWith('/login') || below === '') {
    const wanted = new URLSearchParams(search).get('return_to') ?? '';
    return /^\/(?![/\\])/.test(wanted) ? wanted : '/';
  }
  return below + search;
}

export function SignIn() {
  const t = useTheme2();
  const found = useAsync(getSignInOptions, []);
  const box = css({ maxWidth: 420, margin: '12vh auto 0', padding: 32, background: t.colors.background.primary, borderRadius: 8, border: `1px solid ${t.colors.border.weak}`, [t.breakpoints.down('sm')]: { margin: 16, padding: 20 } });
  return (
    <main className={box}>
      <Stack direction="column" gap={2}>
        <Brand large />
        <h1 className={css({ fontSize: t.typography.h3.fontSize, margin: 0 })}>Sign in</h1>
        {found.state === 'loading' && <Loading what="the ways to sign in" />}
        {found.state === 'failed' && <Failed error={found.error} retry={found.again} />}
        {found.state === 'done' && <Ways name={found.value.workspaceName} options={found.value.options} />}
      </Stack>
    </main>
  );
}

function Ways({ name, options }: { name: string; options: SignInOption[] }) {
  const t = useTheme2();
  const go = options.filter((o) => o.method === 'GET');
  const local = options.find((o) => o.method === 'POST');
  return (
    <>
      <p className={css({ color: t.colors.text.secondary, margin: 0 })}>{name || page.workspace}</p>
      {go.map((o) => (
        <LinkButton key={o.url} href={`${page.root}${o.url}?return_to=${encodeURIComponent(back())}`} fullWidth size="lg">{o.label}</LinkButton>
      ))}
      {local && <Local />}
      {!options.length && <Alert severity="warning" title="Nobody can sign in here">This Grafana workspace has neither SAML nor single sign-on configured, and no local administrator.</Alert>}
    </>
  );
}

function Local() {
  const [user, setUser] = useState('admin');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const submit = async () => {
    setBusy(true);
    try {
      await signIn(user, password);
      window.location.assign(page.base + back());
    } catch (err) {
      setError(err);
      setBusy(false);
    }
  };
  return (
    <form className={css({ display: 'flex', flexDirection: 'column' })} onSubmit={(e) => { e.preventDefault(); void submit(); }}>
      <Field label="User" htmlFor="user"><Input id="user" autoComplete="username" value={user} onChange={(e) => setUser(e.currentTarget.value)} /></Field>
      <Field label="Password" htmlFor="password" invalid={error !== undefined} error={error !== undefined && messageOf(error)}><Input id="password" type="password" autoComplete="current-password" value={password} onChange={(e) => setPassword(e.currentTarget.value)} /></Field>
      {error instanceof HttpError && error.requestId && <p><code>hearth why {error.requestId}</code></p>}
      <Button type="submit" fullWidth disabled={busy || !password} size="lg">Sign in</Button>
    </form>
  );
}
