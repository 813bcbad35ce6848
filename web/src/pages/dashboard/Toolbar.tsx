/* What one can do with a dashboard. */
import { Badge, Button, Dropdown, Menu, Stack, ToolbarButton } from '@grafana/ui';
import { lazy, Suspense } from 'react';
import { deleteDashboard, star, type DashboardMeta } from '../../api/grafana';
import { locationService } from '@grafana/runtime';
import { messageOf } from '../../api/http';
import { page } from '../../boot/page';
import { registry } from '../../boot/runtime';
import { copyText } from '../../components/copy';
import { toast } from '../../components/Toasts';
import { asExport } from '../../model/inputs';
import { addPanel } from '../../model/edit';
import type { DashboardJSON } from '../../model/dashboard';
import type { DashboardScene } from '../../scene/dashboard';
import { stateParams } from '../../scene/urlstate';

// What is opened by hand comes when it is opened.
const SaveDialog = lazy(() => import('./Save').then((m) => ({ default: m.SaveDialog })));
const Settings = lazy(() => import('./Settings').then((m) => ({ default: m.Settings })));
const KeyHelp = lazy(() => import('./KeyHelp').then((m) => ({ default: m.KeyHelp })));
const FromLibrary = lazy(() => import('./library').then((m) => ({ default: m.FromLibrary })));
const Versions = lazy(() => import('./Versions').then((m) => ({ default: m.Versions })));

interface Props {
  scene: DashboardScene;
  meta: DashboardMeta;
  stored: DashboardJSON;
  model: DashboardJSON;
  dirty: boolean;
  editor: boolean;
  /** What a save writes, after a last change of what is on show. */
  toSave: (more?: (d: DashboardJSON) => DashboardJSON) => DashboardJSON;
  /** Takes on where panels have been moved to. */
  settle: () => void;
  change: (d: DashboardJSON) => void;
  onSaved: (uid: string) => void;
  editPanel: (id: number) => void;
  open: Opens | undefined;
  setOpen: (o: Opens | undefined) => void;
}

/** What can be opened over a dashboard. */
export type Opens = 'save' | 'copy' | 'settings' | 'versions' | 'keys' | 'library';

/** Gives the browser a file. */
export function download(name: string, content: BlobPart, type: string): void {
  const a = document.createElement('a');
  a.href = URL.createObjectURL(new Blob([content], { type }));
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 1000);
}

export function Toolbar(p: Props) {
  const { scene, meta, model, editor } = p;
  const { editing } = scene.useState();
  const { open, setOpen } = p;
  const why = !editor ? 'Viewers may not edit: ask for the role Editor' : meta.canSave === false ? 'This dashboard may not be changed by you' : meta.provisioned ? 'This dashboard is provisioned from a file' : model.editable === false ? 'This dashboard is read-only: make it editable in its menu' : '';
  const share = async () => {
    const { time, variables } = stateParams(scene);
    const address = `${window.location.origin}${page.base}/d/${model.uid ?? ''}?${[time, variables].filter(Boolean).join('&')}`;
    await copyText(address, 'Link copied', address);
  };
  const remove = async () => {
    try {
      await deleteDashboard(model.uid ?? '');
      window.location.assign(`${page.base}/dashboards`);
    } catch (err) {
      toast('error', 'The dashboard was not deleted', messageOf(err));
    }
  };
  const menu = (
    <Menu>
      <Menu.Item label="Share link" icon="share-alt" onClick={() => void share()} />
      <Menu.Item label="Export JSON" icon="download-alt" onClick={() => download(`${model.title ?? 'dashboard'}.json`, JSON.stringify(p.toSave(), null, 2), 'application/json')} />
      <Menu.Item label="Export for another Grafana" icon="upload" onClick={() => download(`${model.title ?? 'dashboard'}.json`, JSON.stringify(asExport(p.toSave(), registry.getList({ all: true })), null, 2), 'application/json')} />
      {editor && model.editable === false && meta.canSave !== false && <Menu.Item label="Make editable" icon="unlock" onClick={() => p.change({ ...model, editable: true })} />}
      {editor && <Menu.Item label="Save as copy" icon="copy" onClick={() => setOpen('copy')} />}
      <Menu.Item label="Versions" icon="history" disabled={!model.uid} onClick={() => setOpen('versions')} />
      <Menu.Item label={meta.isStarred ? 'Unstar' : 'Star'} icon="star" disabled={!model.uid} onClick={() => void star(model.uid ?? '', !meta.isStarred).then(() => toast('success', 'Done'))} />
      <Menu.Item label="Keys" icon="keyboard" onClick={() => setOpen('keys')} />
      <Menu.Item label="Kiosk" icon="monitor" onClick={() => locationService.partial({ kiosk: true })} />
      {editor && !why && model.uid && <Menu.Item label="Delete" icon="trash-alt" destructive onClick={() => window.confirm(`Delete ${model.title}?`) && void remove()} />}
    </Menu>
  );
  const add = (kind: string, more: Record<string, unknown> = {}) => {
    const made = addPanel(model, { type: kind, title: kind === 'row' ? 'New row' : 'New panel', ...(kind === 'row' ? { gridPos: { x: 0, y: 0, w: 24, h: 1 }, collapsed: false, panels: [] } : { targets: kind === 'text' ? [] : [{ refId: 'A', expr: '' }] }), ...more });
    p.change(made.dashboard);
    if (kind !== 'row') {
      p.editPanel(made.id);
    }
  };
  const adding = (
    <Menu>
      <Menu.Item label="Panel" icon="chart-line" onClick={() => add('timeseries')} />
      <Menu.Item label="Text" icon="file-alt" onClick={() => add('text', { options: { mode: 'markdown', content: '' } })} />
      <Menu.Item label="Row" icon="list-ul" onClick={() => add('row')} />
      <Menu.Item label="From the library" icon="book-open" onClick={() => setOpen('library')} />
    </Menu>
  );
  return (
    <Stack gap={1} alignItems="center">
      {p.dirty && <Badge text="not saved" color="orange" />}
      {editing && <Dropdown overlay={adding}><Button icon="plus" variant="secondary" size="md">Add</Button></Dropdown>}
      {editing && <Button variant="secondary" icon="cog" onClick={() => setOpen('settings')}>Settings</Button>}
      {(editing || (p.dirty && !why)) && <Button onClick={() => setOpen('save')} icon="save">Save</Button>}
      <Button variant={editing ? 'secondary' : 'primary'} fill={editing ? 'outline' : 'solid'} disabled={Boolean(why)} tooltip={why || undefined} onClick={() => { p.settle(); scene.setEditing(!editing); }}>{editing ? 'Done' : 'Edit'}</Button>
      <Dropdown overlay={menu} placement="bottom-end"><ToolbarButton icon="ellipsis-v" variant="canvas" aria-label="More" /></Dropdown>
      <Suspense fallback={null}>
        {(open === 'save' || open === 'copy') && <SaveDialog scene={scene} toSave={p.toSave} copy={open === 'copy'} stored={p.stored} meta={meta} close={() => setOpen(undefined)} saved={p.onSaved} />}
        {open === 'settings' && <Settings model={model} change={p.change} close={() => setOpen(undefined)} />}
        {open === 'keys' && <KeyHelp close={() => setOpen(undefined)} />}
        {open === 'library' && <FromLibrary close={() => setOpen(undefined)} chosen={(panel) => p.change(addPanel(model, panel).dashboard)} />}
        {open === 'versions' && <Versions uid={model.uid ?? ''} current={p.stored} editor={editor && !why} close={() => setOpen(undefined)} />}
      </Suspense>
    </Stack>
  );
}
