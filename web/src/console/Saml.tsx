/* How people sign in to a Grafana workspace, and what its SAML identity provider tells. */
import { Button, Field, Input, RadioButtonGroup, Stack, TextArea } from '@grafana/ui';
import { useState } from 'react';
import { authenticationOf, setAuthentication, type Authentication, type Saml } from '../api/amg';
import { toast } from '../components/Toasts';
import { useAsync } from '../lib/useAsync';
import { Providers } from './GrafanaForms';
import { openAddress } from './GrafanaWorkspaces';
import { Copy, Facts, Failure, Section, Shown, State } from './parts';

export function AuthenticationOf({ id, changed }: { id: string; changed: () => void }) {
  const found = useAsync(() => authenticationOf(id), [id]);
  const done = () => {
    toast('success', 'The authentication is changed');
    found.again();
    changed();
  };
  return <Section title="Authentication"><Shown of={found} what="the authentication">{(a) => <Edit key={JSON.stringify(a)} id={id} a={a} done={done} />}</Shown></Section>;
}

/** A SAML configuration as it stands in the form. */
interface Draft {
  way: 'url' | 'xml';
  url: string;
  xml: string;
  attributes: NonNullable<Saml['assertionAttributes']>;
  admins: string;
  editors: string;
  organizations: string;
  /** Minutes, as written. */
  validity: string;
}

const list = (all: string[] | undefined) => (all ?? []).join(', ');
const words = (t: string) => t.split(',').map((x) => x.trim()).filter(Boolean);

function draftOf(s: Saml | undefined): Draft {
  return {
    way: s?.idpMetadata.xml ? 'xml' : 'url', url: s?.idpMetadata.url ?? '', xml: s?.idpMetadata.xml ?? '', attributes: s?.assertionAttributes ?? { role: 'role' },
    admins: s ? list(s.roleValues?.admin) : 'admin', editors: list(s?.roleValues?.editor), organizations: list(s?.allowedOrganizations), validity: s?.loginValidityDuration === undefined ? '' : String(s.loginValidityDuration),
  };
}

/** Nothing without metadata: SAML can be turned on before the identity provider is there. */
function samlOf(d: Draft): Saml | undefined {
  const metadata = d.way === 'url' ? { url: d.url.trim() } : { xml: d.xml };
  if (!(metadata.url || metadata.xml?.trim())) {
    return undefined;
  }
  const organizations = words(d.organizations);
  return {
    idpMetadata: metadata,
    assertionAttributes: Object.fromEntries(Object.entries(d.attributes).filter(([, v]) => v.trim())),
    roleValues: { admin: words(d.admins), editor: words(d.editors) },
    ...(organizations.length ? { allowedOrganizations: organizations } : {}),
    ...(d.validity.trim() ? { loginValidityDuration: Number(d.validity) } : {}),
  };
}

function Edit({ id, a, done }: { id: string; a: Authentication; done: () => void }) {
  const [providers, setProviders] = useState(a.providers);
  const [d, setD] = useState(() => draftOf(a.saml?.configuration));
  const [error, setError] = useState<unknown>();
  const saml = providers.includes('SAML');
  const save = () => setAuthentication(id, providers, saml ? samlOf(d) : undefined).then(done, setError);
  return (
    <form onSubmit={(e) => { e.preventDefault(); void save(); }}>
      <Stack direction="column" gap={2}>
        <Providers chosen={providers} choose={setProviders} />
        {saml && <Provider id={id} status={a.saml?.status} />}
        {saml && <Metadata d={d} set={setD} />}
        {saml && <Mapping d={d} set={setD} />}
        {error !== undefined && <Failure error={error} title="It was not changed" />}
        <div><Button type="submit" disabled={!providers.length}>Save</Button></div>
      </Stack>
    </form>
  );
}

/** What the identity provider is to be told, in Amazon's words. */
function Provider({ id, status }: { id: string; status?: string }) {
  const here = window.location.origin + openAddress(id);
  const address = (path: string) => <Stack key={path} alignItems="flex-start" gap={0.5}><code>{here + path}</code><Copy text={here + path} what="the address" /></Stack>;
  return (
    <>
      {status && <div><State of={status === 'CONFIGURED' ? 'SAML is enabled' : 'SAML waits for the metadata of the identity provider'} tone={status === 'CONFIGURED' ? 'good' : 'warn'} /></div>}
      <Facts wide of={[['Service provider identifier (Entity ID)', address('saml/metadata')], ['Service provider reply URL (Assertion consumer service URL)', address('saml/acs')], ['Service provider login URL', address('login/saml')]]} />
    </>
  );
}

interface Fields {
  d: Draft;
  set: (d: Draft) => void;
}

function Metadata({ d, set }: Fields) {
  const take = (file: File | undefined) => void file?.text().then((xml) => set({ ...d, way: 'xml', xml }));
  return (
    <>
      <Field noMargin label="Metadata of the identity provider"><RadioButtonGroup aria-label="Metadata" options={[{ label: 'URL', value: 'url' as const }, { label: 'Upload or copy/paste', value: 'xml' as const }]} value={d.way} onChange={(way) => set({ ...d, way })} /></Field>
      {d.way === 'url' ? (
        <Field noMargin label="Metadata URL" htmlFor="metadata"><Input id="metadata" value={d.url} onChange={(e) => set({ ...d, url: e.currentTarget.value })} placeholder="https://example.okta.com/app/abc/sso/saml/metadata" /></Field>
      ) : (
        <>
          <Field noMargin label="Metadata XML" htmlFor="xml"><TextArea id="xml" rows={6} spellCheck={false} value={d.xml} onChange={(e) => set({ ...d, xml: e.currentTarget.value })} placeholder="<EntityDescriptor …>" /></Field>
          <input type="file" aria-label="A file with the metadata" accept=".xml,text/xml,application/xml" onChange={(e) => take(e.currentTarget.files?.[0])} />
        </>
      )}
    </>
  );
}

const attributes = [['role', 'Role'], ['name', 'Name'], ['login', 'Login'], ['email', 'E-mail'], ['groups', 'Groups'], ['org', 'Organization']] as const;

function Mapping({ d, set }: Fields) {
  return (
    <>
      <Stack wrap="wrap">
        <Word label="Values of admins" id="admins" value={d.admins} onChange={(admins) => set({ ...d, admins })} />
        <Word label="Values of editors" id="editors" value={d.editors} onChange={(editors) => set({ ...d, editors })} />
        <Word label="Allowed organizations" id="organizations" value={d.organizations} onChange={(organizations) => set({ ...d, organizations })} />
        <Word label="Login validity, minutes" id="validity" value={d.validity} onChange={(v) => set({ ...d, validity: v.replace(/\D/g, '') })} />
      </Stack>
      <Stack wrap="wrap">
        {attributes.map(([k, label]) => <Word key={k} label={`Attribute: ${label}`} id={`attribute-${k}`} value={d.attributes[k] ?? ''} onChange={(v) => set({ ...d, attributes: { ...d.attributes, [k]: v } })} />)}
      </Stack>
    </>
  );
}

function Word({ label, id, value, onChange }: { label: string; id: string; value: string; onChange: (v: string) => void }) {
  return <Field noMargin label={label} htmlFor={id}><Input id={id} width={24} value={value} onChange={(e) => onChange(e.currentTarget.value)} /></Field>;
}
