/* Who is not signed in to the console sees this. */
import { css } from '@emotion/css';
import { Alert, Button, Field, Input, LinkButton, Stack, useTheme2 } from '@grafana/ui';
import { useState } from 'react';
import { HttpError, messageOf } from '../api/http';
import { signInWays, signInWithKeys } from '../api/hearth';
import { page } from '../boot/page';
import { Brand } from '../components/Brand';
import { useAsync } from '../lib/useAsync';
import { Command, Shown } from './parts';

function back(): string {
  const { pathname, search } = window.location;
  return pathname.startsWith(page.base + '/') && !pathname.startsWith(page.base + '/login') ? pathname + search : page.base + '/';
}

export function SignIn({ over }: { over: boolean }) {
  const t = useTheme2();
  const ways = useAsync(signInWays, []);
  const box = css({ maxWidth: 440, margin: '10vh auto 0', padding: 32, background: t.colors.background.primary, borderRadius: 8, border: `1px solid ${t.colors.border.weak}`, [t.breakpoints.down('sm')]: { margin: 16, padding: 20 } });
  return (
    <main className={box}>
      <Stack direction="column" gap={2}>
        <Brand large />
        <h1 className={css({ fontSize: t.typography.h3.fontSize, margin: 0 })}>Sign in to the console</h1>
        {over && <Alert severity="info" title="Your session is over. Sign in again." />}
        <Shown of={ways} what="the ways to sign in">
          {(all) => (
            <>
              {all.some((w) => w.method === 'POST') && <Keys />}
              {all.filter((w) => w.method === 'GET').map((w) => (
                <LinkButton key={w.url} variant="secondary" size="lg" fullWidth href={`${page.root}${w.url}?return_to=${encodeURIComponent(back().slice(page.root.length))}`}>{w.label}</LinkButton>
              ))}
            </>
          )}
        </Shown>
        <p className={css({ margin: 0, color: t.colors.text.secondary, fontSize: t.typography.bodySmall.fontSize })}>Or have somebody with keys make a link for you:</p>
        <Command text="hearth ui login-link" />
      </Stack>
    </main>
  );
}

function Keys() {
  const [id, setId] = useState('');
  const [secret, setSecret] = useState('');
  const [token, setToken] = useState('');
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const temporary = id.startsWith('ASIA');
  const submit = async () => {
    setBusy(true);
    try {
      await signInWithKeys({ accessKeyId: id.trim(), secretAccessKey: secret.trim(), sessionToken: token.trim() || undefined });
      window.location.assign(back());
    } catch (err) {
      setError(err);
      setBusy(false);
    }
  };
  return (
    <form className={css({ display: 'flex', flexDirection: 'column' })} onSubmit={(e) => { e.preventDefault(); void submit(); }}>
      <Field label="Access key id" htmlFor="key"><Input id="key" autoFocus autoComplete="username" spellCheck={false} value={id} onChange={(e) => setId(e.currentTarget.value)} /></Field>
      <Field label="Secret access key" htmlFor="secret" invalid={error !== undefined} error={error !== undefined && messageOf(error)}><Input id="secret" type="password" autoComplete="current-password" value={secret} onChange={(e) => setSecret(e.currentTarget.value)} /></Field>
      {temporary && <Field label="Session token" htmlFor="token" description="Keys that begin with ASIA are temporary and have one."><Input id="token" type="password" autoComplete="off" value={token} onChange={(e) => setToken(e.currentTarget.value)} /></Field>}
      {error instanceof HttpError && error.requestId && <div style={{ marginBottom: 16 }}><Command text={`hearth why ${error.requestId}`} /></div>}
      <Button type="submit" size="lg" fullWidth disabled={busy || !id.trim() || !secret.trim()}>Sign in</Button>
    </form>
  );
}
