import { Alert, Button, Combobox, Field, Input, Switch, TextArea } from '@grafana/ui';
import { isEqual } from 'lodash';
import { useState } from 'react';
import { useSearchParams } from 'react-router-dom';
import { getDashboard, getFolders, saveConflict, saveDashboard, type DashboardMeta } from '../../api/grafana';
import { messageOf } from '../../api/http';
import { Modal } from '../../components/Modal';
import { toast } from '../../components/Toasts';
import { useAsync } from '../../lib/useAsync';
import type { DashboardJSON } from '../../model/dashboard';
import { changes } from '../../model/edit';
import type { DashboardScene } from '../../scene/dashboard';
import { withTime, withValues } from '../../scene/now';
import { Diff } from './Diff';

interface Props {
  scene: DashboardScene;
  toSave: (more?: (d: DashboardJSON) => DashboardJSON) => DashboardJSON;
  /** As a new dashboard beside the one there is. */
  copy?: boolean;
  stored: DashboardJSON;
  meta: DashboardMeta;
  close: () => void;
  saved: (uid: string) => void;
}

/** The dashboard as a new one. */
function copied({ uid: _uid, version: _version, ...rest }: DashboardJSON): DashboardJSON {
  return { ...rest, id: null };
}

export function SaveDialog({ scene, toSave, copy = false, stored, meta, close, saved }: Props) {
  const [params] = useSearchParams();
  const fresh = !stored.uid || copy;
  const [time, setTime] = useState(false);
  const [values, setValues] = useState(false);
  const plain = toSave();
  const differs = { time: !isEqual(toSave((d) => withTime(d, scene)), plain), values: !isEqual(toSave((d) => withValues(d, scene)), plain) };
  const all = toSave((d) => (values ? withValues(time ? withTime(d, scene) : d, scene) : time ? withTime(d, scene) : d));
  const dashboard = copy ? copied(all) : all;
  const [title, setTitle] = useState(`${plain.title ?? ''}${copy ? ' (copy)' : ''}`);
  const [folder, setFolder] = useState(meta.folderUid ?? params.get('folderUid') ?? '');
  const [message, setMessage] = useState('');
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const [see, setSee] = useState(false);
  const folders = useAsync(async () => (fresh ? getFolders() : []), []);
  const conflict = saveConflict(error);
  const save = async (overwrite: boolean) => {
    setBusy(true);
    try {
      const answer = await saveDashboard({ ...dashboard, title: title.trim() }, { message, folderUid: folder, overwrite });
      toast('success', 'Saved', `Version ${answer.version}`);
      close();
      saved(answer.uid);
    } catch (err) {
      setError(err);
      setBusy(false);
    }
  };
  const theirs = useAsync(async () => (see && stored.uid ? (await getDashboard(stored.uid)).dashboard : undefined), [see]);
  const found = changes(stored, { ...dashboard, title: title.trim() });
  return (
    <Modal title={copy ? 'Save as a copy' : 'Save dashboard'} isOpen onDismiss={close}>
      <form onSubmit={(e) => { e.preventDefault(); void save(false); }}>
        {error !== undefined && <Alert severity={conflict ? 'warning' : 'error'} title={conflict === 'version' ? 'Somebody else has saved this dashboard since you opened it' : 'The dashboard was not saved'}>{messageOf(error)}</Alert>}
        {stored.rows !== undefined && <Alert severity="info" title="This dashboard is of an old Grafana">It is saved in the form of today: with a grid in the place of rows.</Alert>}
        {(fresh || title !== stored.title) && <Field label="Title" htmlFor="save-title"><Input id="save-title" value={title} onChange={(e) => setTitle(e.currentTarget.value)} /></Field>}
        {fresh && <Field label="Folder" htmlFor="save-folder"><Combobox id="save-folder" options={[{ value: '', label: 'Dashboards' }, ...(folders.state === 'done' ? folders.value.map((f) => ({ value: f.uid, label: f.title })) : [])]} value={folder} onChange={(o) => setFolder(o.value)} /></Field>}
        <Field label="What has changed" htmlFor="save-message"><TextArea id="save-message" value={message} onChange={(e) => setMessage(e.currentTarget.value)} placeholder="For the list of versions" /></Field>
        {(differs.time || time) && <Field label="Time range and refresh of now" description="The dashboard opens with them"><Switch aria-label="Time range and refresh of now" value={time} onChange={(e) => setTime(e.currentTarget.checked)} /></Field>}
        {(differs.values || values) && <Field label="Values of variables of now" description="The dashboard opens with them"><Switch aria-label="Values of variables of now" value={values} onChange={(e) => setValues(e.currentTarget.checked)} /></Field>}
        {!fresh && <Diff changes={found} />}
        {theirs.state === 'done' && theirs.value && <><h4>What they changed</h4><Diff changes={changes(stored, theirs.value).filter((c) => c.path !== 'version')} /></>}
        {theirs.state === 'failed' && <Alert severity="error" title="Theirs cannot be read">{messageOf(theirs.error)}</Alert>}
        <Modal.ButtonRow>
          <Button variant="secondary" type="button" onClick={close}>Cancel</Button>
          {conflict === 'version' && !see && <Button variant="secondary" type="button" onClick={() => setSee(true)}>See what they changed</Button>}
          {conflict === 'version' && <Button variant="destructive" type="button" onClick={() => void save(true)}>Save over theirs</Button>}
          <Button type="submit" disabled={busy || !title.trim() || (!fresh && !found.length)}>Save</Button>
        </Modal.ButtonRow>
      </form>
    </Modal>
  );
}
