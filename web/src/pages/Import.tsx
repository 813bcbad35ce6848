/* Import of a dashboard: a file, pasted JSON, or an id of the local directory. */
import { css } from '@emotion/css';
import { Alert, Badge, Button, Combobox, Field, FileDropzone, Input, Stack, TextArea, useTheme2 } from '@grafana/ui';
import { useMemo, useState } from 'react';
import { useNavigate, useSearchParams } from 'react-router-dom';
import { getFolders, getGnetDashboard, saveConflict, saveDashboard } from '../api/grafana';
import { messageOf } from '../api/http';
import { registry } from '../boot/runtime';
import { useCrumbs } from '../components/Crumbs';
import { Failed, Loading } from '../components/States';
import { useAsync } from '../lib/useAsync';
import { absentSources, replaceSources } from '../model/absent';
import type { DashboardJSON } from '../model/dashboard';
import { fillInputs, inputsOf, kindsOf, withElements } from '../model/inputs';
import { migrate, unwrap } from '../model/migrate';
import { kinds } from '../panels/load';
import { report, type PanelReport } from './import/report';

export function ImportPage() {
  useCrumbs([{ text: 'Dashboards', to: '/dashboards' }, { text: 'Import' }]);
  const [found, setFound] = useState<DashboardJSON>();
  return (
    <div className={css({ maxWidth: 900, margin: '0 auto', padding: 24 })}>
      <h1 className={css({ fontSize: 22 })}>Import a dashboard</h1>
      {found ? <Choose json={found} back={() => setFound(undefined)} /> : <Find found={setFound} />}
    </div>
  );
}

function Find({ found }: { found: (d: DashboardJSON) => void }) {
  const [error, setError] = useState<unknown>();
  const [text, setText] = useState('');
  const [id, setId] = useState('');
  const take = (json: string) => {
    try {
      found(unwrap(JSON.parse(json)));
    } catch (err) {
      setError(err instanceof SyntaxError ? new Error(`This is not JSON: ${err.message}`) : err);
    }
  };
  const fetchId = async () => {
    const number = Number(/(\d+)/.exec(id)?.[1]);
    try {
      const answer = await getGnetDashboard(number);
      found(unwrap(answer.json));
    } catch (err) {
      setError(err);
    }
  };
  return (
    <Stack direction="column" gap={3}>
      {error !== undefined && <Alert severity="error" title="That is not a dashboard that can be imported" onRemove={() => setError(undefined)}>{messageOf(error)}</Alert>}
      <div ref={(box) => box?.querySelector('input[type=file]')?.setAttribute('aria-label', 'A file with the dashboard')}>
        <FileDropzone options={{ accept: { 'application/json': ['.json'], 'text/plain': ['.txt'] }, multiple: false, maxSize: 8 << 20, onDrop: (files) => void files[0]?.text().then(take) }} readAs="readAsText" />
      </div>
      <form onSubmit={(e) => { e.preventDefault(); void fetchId(); }}>
        <Field label="grafana.com id" description="Looked up in the local directory of dashboards, never on the internet" htmlFor="gnet">
          <Stack><Input id="gnet" placeholder="3119" value={id} onChange={(e) => setId(e.currentTarget.value)} width={30} /><Button type="submit" variant="secondary" disabled={!/\d/.test(id)}>Load</Button></Stack>
        </Field>
      </form>
      <Field label="JSON" htmlFor="json"><TextArea id="json" rows={10} value={text} onChange={(e) => setText(e.currentTarget.value)} placeholder='{"title": …}' /></Field>
      <div><Button onClick={() => take(text)} disabled={!text.trim()}>Load</Button></div>
    </Stack>
  );
}

function Choose({ json, back }: { json: DashboardJSON; back: () => void }) {
  const [params] = useSearchParams();
  const navigate = useNavigate();
  const inputs = useMemo(() => inputsOf(json), [json]);
  const sources = useMemo(() => registry.getList(), []);
  const [values, setValues] = useState<Record<string, string>>(() => Object.fromEntries(inputs.map((i) => [i.name, i.type === 'datasource' ? (registry.first(i.pluginId)?.uid ?? '') : (i.value ?? '')])));
  const [title, setTitle] = useState(json.title ?? '');
  const [uid, setUid] = useState(json.uid ?? '');
  const [folder, setFolder] = useState(params.get('folderUid') ?? '');
  const [overwrite, setOverwrite] = useState(false);
  const [error, setError] = useState<unknown>();
  const folders = useAsync(() => getFolders(), []);
  const absent = useMemo(() => absentSources(withElements(json), (name) => registry.getInstanceSettings(name) !== undefined), [json]);
  const [instead, setInstead] = useState<Record<string, string>>(() => Object.fromEntries(absent.map((a) => [a.name, onlyOne(a.type)])));
  const filled = useMemo(() => {
    const by = new Map(Object.entries(instead).flatMap(([name, uid]) => sources.filter((s) => s.uid === uid).map((s) => [name, s])));
    return replaceSources(fillInputs(withElements(json), values), by);
  }, [json, values, instead, sources]);
  const unknown = kindsOf(filled).filter((k) => !Object.hasOwn(kinds, k) && k !== 'row');
  const save = async () => {
    try {
      const { id: _id, version: _version, __inputs: _i, __requires: _r, __elements: _e, ...rest } = filled;
      const saved = await saveDashboard({ ...rest, id: null, title: title.trim(), uid: uid.trim() || undefined }, { folderUid: folder, overwrite, message: 'Imported' });
      navigate(`/d/${saved.uid}`);
    } catch (err) {
      setError(err);
      setOverwrite(saveConflict(err) === 'version' || saveConflict(err) === 'name');
    }
  };
  return (
    <form onSubmit={(e) => { e.preventDefault(); void save(); }}>
      {error !== undefined && <Alert severity={overwrite ? 'warning' : 'error'} title={overwrite ? 'A dashboard with this name or uid exists' : 'The dashboard was not saved'}>{messageOf(error)}{overwrite && ' Import again to replace it, or change its name and uid.'}</Alert>}
      {unknown.length > 0 && <Alert severity="info" title="Some panels are of kinds that are not drawn here">{unknown.join(', ')}. They stay in the dashboard as they are.</Alert>}
      <Field label="Name" htmlFor="title"><Input id="title" value={title} onChange={(e) => setTitle(e.currentTarget.value)} /></Field>
      <Field label="Folder" htmlFor="folder"><Combobox id="folder" options={[{ value: '', label: 'Dashboards' }, ...(folders.state === 'done' ? folders.value.map((f) => ({ value: f.uid, label: f.title })) : [])]} value={folder} onChange={(o) => setFolder(o.value)} /></Field>
      <Field label="Unique identifier (uid)" description="Part of its address; empty: a new one" htmlFor="uid"><Input id="uid" value={uid} onChange={(e) => setUid(e.currentTarget.value)} maxLength={40} /></Field>
      {inputs.map((i) => (
        <Field key={i.name} label={i.label || i.name} description={i.description} htmlFor={i.name}>
          {i.type === 'datasource' ? <Combobox id={i.name} options={sources.map((s) => ({ value: s.uid, label: s.name, description: s.type }))} value={values[i.name]} onChange={(o) => setValues({ ...values, [i.name]: o.value })} /> : <Input id={i.name} value={values[i.name]} onChange={(e) => setValues({ ...values, [i.name]: e.currentTarget.value })} />}
        </Field>
      ))}
      {absent.length > 0 && <Alert severity="warning" title="Some data sources of this dashboard are not here">Say which ones stand for them. Without one, what asks them stays as it is and shows an error.</Alert>}
      {absent.map((a, i) => (
        <Field key={a.name} label={a.name} description={`Named in ${a.places} ${a.places === 1 ? 'place' : 'places'}${a.type ? `, of the type ${a.type}` : ''}`} htmlFor={`absent-${i}`}>
          <Combobox id={`absent-${i}`} isClearable placeholder="Choose a data source" options={sources.map((s) => ({ value: s.uid, label: s.name, description: s.type }))} value={instead[a.name] || null} onChange={(o) => setInstead({ ...instead, [a.name]: o?.value ?? '' })} />
        </Field>
      ))}
      <Report json={filled} />
      <Stack><Button type="submit" disabled={!title.trim()}>{overwrite ? 'Import and replace' : 'Import'}</Button><Button variant="secondary" type="button" onClick={back}>Cancel</Button></Stack>
    </form>
  );
}

/** The uid of the one data source here that can stand for an absent one; empty if there is a choice. */
function onlyOne(type = 'prometheus'): string {
  const fitting = registry.getList({ pluginId: type });
  return fitting.length === 1 ? fitting[0].uid : '';
}

/** Which panels will have data, before anything is saved. */
function Report({ json }: { json: DashboardJSON }) {
  const t = useTheme2();
  const [asked, setAsked] = useState(false);
  const found = useAsync(async () => (asked ? report(migrate(json)) : []), [asked, json]);
  if (!asked) {
    return <Field label="Data" description="Asks each panel's queries once"><Button variant="secondary" type="button" onClick={() => setAsked(true)}>Check which panels have data</Button></Field>;
  }
  if (found.state === 'loading') {
    return <Loading what="each panel's data" />;
  }
  if (found.state === 'failed') {
    return <Failed error={found.error} retry={found.again} />;
  }
  const without = found.value.filter((p) => p.state !== 'data');
  return (
    <div className={css({ marginBottom: 16 })} role="status">
      <p>{found.value.length - without.length} of {found.value.length} panels have data.</p>
      <ul className={css({ maxHeight: 260, overflow: 'auto', listStyle: 'none', padding: 0 })}>
        {without.map((p: PanelReport) => (
          <li key={p.id} className={css({ padding: '4px 0', borderBottom: `1px solid ${t.colors.border.weak}` })}>
            <Badge color={p.state === 'error' ? 'red' : 'orange'} text={p.state === 'error' ? 'error' : 'no data'} /> <strong>{p.title}</strong> {p.why}
          </li>
        ))}
      </ul>
    </div>
  );
}
