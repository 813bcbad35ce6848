/* One data source: what it asks, how it proves itself, and whether that works. */
import { Alert, Button, Checkbox, Field, Input, Select, Stack } from '@grafana/ui';
import { useState, type ReactNode } from 'react';
import { useNavigate, useParams } from 'react-router-dom';
import { addSource, deleteSource, getSource, testSource, updateSource, type Health, type KeptSource } from '../api/connections';
import { HttpError } from '../api/http';
import { Failed } from '../components/States';
import { toast } from '../components/Toasts';
import { DeleteByName, Failure, Page, Section, Shown } from '../console/parts';
import { useAsync } from '../lib/useAsync';
import { useMay } from '../pages/session';
import { authOptions, blank, draftOf, inputOf, type Auth, type Draft } from './auth';

const crumbs = [{ text: 'Data sources', to: '/connections/datasources' }];

export function SourcePage() {
  const { uid } = useParams();
  const admin = useMay('Admin');
  const kept = useAsync(() => (uid && admin ? getSource(uid) : Promise.resolve(undefined)), [uid]);
  if (!admin) {
    return <Failed error={new HttpError(403, 'Only administrators of this Grafana workspace change its data sources.')} />;
  }
  if (!uid) {
    return <Page title="Add a Prometheus data source" crumbs={crumbs}><Form /></Page>;
  }
  return kept.state === 'done' && kept.value
    ? <Page title={kept.value.name} crumbs={crumbs} sub={kept.value.typeName ?? kept.value.type}><Form stored={kept.value} /></Page>
    : <Page title="Data source" crumbs={crumbs}><Shown of={kept} what="the data source">{() => null}</Shown></Page>;
}

function Form({ stored }: { stored?: KeptSource }) {
  const [kept, setKept] = useState(stored);
  const [d, setD] = useState<Draft>(kept ? draftOf(kept) : blank);
  const [error, setError] = useState<unknown>();
  const [health, setHealth] = useState<Health>();
  const [busy, setBusy] = useState(false);
  const [doomed, setDoomed] = useState(false);
  const navigate = useNavigate();
  const set = (more: Partial<Draft>) => { setD({ ...d, ...more }); setHealth(undefined); };
  const save = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const s = kept?.readOnly ? kept : kept ? await updateSource(kept.uid, inputOf(d, kept)) : await addSource(inputOf(d));
      const h = await testSource(s.uid);
      if (!kept) {
        toast(h.ok ? 'success' : 'warning', `${s.name} is added`, h.message);
        navigate(`/connections/datasources/edit/${encodeURIComponent(s.uid)}`);
        return;
      }
      setHealth(h);
      setKept(s);
    } catch (err) {
      setError(err);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(e) => { e.preventDefault(); void save(); }}>
      <Stack direction="column" gap={2}>
        {kept?.readOnly && <Alert severity="info" title="A file keeps this data source">It is changed where its file is, not here.</Alert>}
        <Section title="Connection">
          <Text label="Name" id="name" value={d.name} onChange={(name) => set({ name })} />
          <Text label="URL" id="url" value={d.url} onChange={(url) => set({ url })} placeholder="http://prometheus:9090, or …/workspaces/ws-…" />
          <div><Checkbox label="Default" description="What panels without a data source use" value={d.isDefault} onChange={(e) => set({ isDefault: e.currentTarget.checked })} /></div>
        </Section>
        <Section title="Authentication"><Proof d={d} set={set} kept={kept} /></Section>
        <Section title="More">
          <Stack wrap="wrap" gap={2}>
            <Text label="Scrape interval" id="interval" width={16} placeholder="15s" value={d.interval} onChange={(interval) => set({ interval })} />
            <Field noMargin label="HTTP method" htmlFor="method"><Select inputId="method" width={16} value={d.method} options={['POST', 'GET'].map((m) => ({ label: m, value: m as Draft['method'] }))} onChange={(o) => set({ method: o.value ?? 'POST' })} /></Field>
          </Stack>
          <div><Checkbox label="Skip TLS certificate validation" value={d.skipVerify} onChange={(e) => set({ skipVerify: e.currentTarget.checked })} /></div>
        </Section>
        {error !== undefined && <Failure error={error} title="It was not saved" />}
        {health && <Alert severity={health.ok ? 'success' : 'error'} title={health.ok ? 'It works' : 'It does not answer'}>{health.message}</Alert>}
        <Stack justifyContent="space-between">
          {kept && !kept.readOnly ? <Button type="button" variant="destructive" fill="outline" onClick={() => setDoomed(true)}>Delete</Button> : <span />}
          <Button type="submit" disabled={busy || !d.name.trim() || !d.url.trim()}>{kept?.readOnly ? 'Test' : 'Save & test'}</Button>
        </Stack>
      </Stack>
      {doomed && kept && <DeleteByName what="data source" name={kept.name} note="Panels and alert rules that use it will have no data." onDelete={() => deleteSource(kept.uid).then(() => navigate('/connections/datasources'))} onClose={() => setDoomed(false)} />}
    </form>
  );
}

function Proof({ d, set, kept }: { d: Draft; set: (more: Partial<Draft>) => void; kept?: KeptSource }) {
  const has = (name: string) => Boolean(kept?.secureJsonFields?.[name]);
  return (
    <>
      <Field noMargin label="Method" htmlFor="auth"><Select inputId="auth" width={44} value={d.auth} options={authOptions} onChange={(o) => set({ auth: (o.value ?? 'none') as Auth })} /></Field>
      {d.auth === 'basic' && <Pair><Text label="User" id="user" value={d.user} onChange={(user) => set({ user })} /><Text secret kept={has('basicAuthPassword')} label="Password" id="password" value={d.password} onChange={(password) => set({ password })} /></Pair>}
      {d.auth === 'bearer' && <Text secret kept={Object.keys(kept?.secureJsonFields ?? {}).some((k) => k.startsWith('httpHeaderValue'))} label="Token" id="token" value={d.token} onChange={(token) => set({ token })} />}
      {(d.auth === 'role' || d.auth === 'keys') && <Text label="Region" id="region" width={22} value={d.region} onChange={(region) => set({ region })} />}
      {d.auth === 'keys' && <Pair><Text secret kept={has('sigV4AccessKey')} label="Access key id" id="access-key" value={d.accessKey} onChange={(accessKey) => set({ accessKey })} /><Text secret kept={has('sigV4SecretKey')} label="Secret access key" id="secret-key" value={d.secretKey} onChange={(secretKey) => set({ secretKey })} /></Pair>}
    </>
  );
}

function Pair({ children }: { children: ReactNode }) {
  return <Stack wrap="wrap" gap={2}>{children}</Stack>;
}

/** A line of text. One that is secret is not shown again: what is kept stays unless another is written. */
function Text({ label, id, value, onChange, width, placeholder, secret, kept }: { label: string; id: string; value: string; onChange: (v: string) => void; width?: number; placeholder?: string; secret?: boolean; kept?: boolean }) {
  return (
    <Field noMargin label={label} htmlFor={id}>
      <Input id={id} width={width ?? (secret ? 36 : 60)} type={secret ? 'password' : 'text'} autoComplete={secret ? 'new-password' : 'off'} value={value} placeholder={kept ? 'kept; write another to replace it' : placeholder} onChange={(e) => onChange(e.currentTarget.value)} />
    </Field>
  );
}
