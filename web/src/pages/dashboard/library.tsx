/* Panels of the library: shared by dashboards, edited in one place. */
import { Alert, Button, Combobox, Field, FilterInput, Stack } from '@grafana/ui';
import { useState } from 'react';
import { createLibraryPanel, getFolders, getLibraryPanels, updateLibraryPanel, type LibraryElement } from '../../api/grafana';
import { HttpError, messageOf } from '../../api/http';
import { Modal } from '../../components/Modal';
import { Empty, Failed, Loading } from '../../components/States';
import { toast } from '../../components/Toasts';
import { Line } from '../../editor/Line';
import { useAsync } from '../../lib/useAsync';
import type { PanelJSON } from '../../model/dashboard';
import { libraryVersion, rememberVersion } from '../../model/library';
import { libraryModel } from '../../model/librarylink';

/** Makes a panel one of the library. */
export function NewLibraryPanel({ panel, folder, close, made }: { panel: PanelJSON; folder?: string; close: () => void; made: (p: PanelJSON) => void }) {
  const [name, setName] = useState(panel.title || 'Library panel');
  const [where, setWhere] = useState(folder ?? '');
  const [error, setError] = useState('');
  const folders = useAsync(() => getFolders(), []);
  const create = async () => {
    try {
      const e = await createLibraryPanel({ name, folderUid: where, model: libraryModel(panel) });
      rememberVersion(e);
      made({ ...panel, libraryPanel: { uid: e.uid, name: e.name } });
      toast('success', 'The panel is in the library', 'Save the dashboard so that it shows the library panel');
      close();
    } catch (err) {
      setError(messageOf(err));
    }
  };
  return (
    <Modal title="Create library panel" isOpen onDismiss={close}>
      {error && <Alert severity="error" title="The library panel was not made">{error}</Alert>}
      <Field label="Name" htmlFor="lib-name"><Line id="lib-name" value={name} onDone={setName} /></Field>
      <Field label="Folder" htmlFor="lib-folder"><Combobox id="lib-folder" options={[{ value: '', label: 'Dashboards' }, ...(folders.state === 'done' ? folders.value.map((f) => ({ value: f.uid, label: f.title })) : [])]} value={where} onChange={(o) => setWhere(o.value)} /></Field>
      <Modal.ButtonRow><Button variant="secondary" onClick={close}>Cancel</Button><Button disabled={!name.trim()} onClick={() => void create()}>Create library panel</Button></Modal.ButtonRow>
    </Modal>
  );
}

/** Chooses a panel of the library. */
export function FromLibrary({ close, chosen }: { close: () => void; chosen: (p: PanelJSON) => void }) {
  const [wanted, setWanted] = useState('');
  const found = useAsync(() => getLibraryPanels(), []);
  const choose = (e: LibraryElement) => {
    rememberVersion(e);
    chosen({ ...(e.model as PanelJSON), libraryPanel: { uid: e.uid, name: e.name } });
    close();
  };
  const shown = found.state === 'done' ? found.value.filter((e) => `${e.name} ${e.description ?? ''}`.toLowerCase().includes(wanted.toLowerCase())) : [];
  return (
    <Modal title="Add from the library" isOpen onDismiss={close}>
      <Field><FilterInput aria-label="Search library panels" placeholder="Search library panels" value={wanted} onChange={setWanted} /></Field>
      {found.state === 'loading' && <Loading what="the library" />}
      {found.state === 'failed' && <Failed error={found.error} retry={found.again} />}
      {found.state === 'done' && !shown.length && <Empty message={wanted ? 'No library panel is called that' : 'The library is empty'}>A panel&apos;s menu has “Create library panel”.</Empty>}
      <Stack direction="column" gap={1}>
        {shown.map((e) => (
          <Button key={e.uid} variant="secondary" fill="outline" fullWidth onClick={() => choose(e)}>{e.name} · {e.type}</Button>
        ))}
      </Stack>
    </Modal>
  );
}

/** Above the editor of a panel of the library: whose it is, and the way to change it for all. */
export function LibraryBanner({ panel, changed, unlink, saved }: { panel: PanelJSON; changed: boolean; unlink: () => void; saved: () => void }) {
  const [busy, setBusy] = useState(false);
  const of = panel.libraryPanel;
  if (!of) {
    return null;
  }
  const save = async () => {
    setBusy(true);
    try {
      rememberVersion(await updateLibraryPanel(of.uid, { name: of.name, model: libraryModel(panel), version: libraryVersion(of.uid) ?? 1 }));
      toast('success', 'Saved to the library', 'All dashboards that show the panel have it as it is now');
      saved();
    } catch (err) {
      const late = err instanceof HttpError && err.status === 412;
      toast('error', late ? 'Somebody else has saved this library panel since you opened it' : 'The library panel was not saved', late ? 'Reload the page to see theirs' : messageOf(err));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Alert severity="info" title={`Library panel “${of.name}”`}>
      <Stack direction="column" gap={1}>
        <span>Every dashboard that shows it follows what is saved here.</span>
        <Stack gap={1}>
          <Button size="sm" disabled={!changed || busy} onClick={() => void save()}>Save to the library</Button>
          <Button size="sm" variant="secondary" onClick={unlink}>Unlink from the library</Button>
        </Stack>
      </Stack>
    </Alert>
  );
}
