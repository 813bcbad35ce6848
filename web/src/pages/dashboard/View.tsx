import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { UrlSyncContextProvider, VariableValueSelectWrapper, SceneDataLayerSet } from '@grafana/scenes';
import { useStyles2, InlineLabel } from '@grafana/ui';
import { locationService } from '@grafana/runtime';
import { lazy, Suspense, useEffect, useMemo, useRef, useState, type ReactNode, type RefObject } from 'react';
import { useLocation, useNavigate, useSearchParams } from 'react-router-dom';
import { Empty, Loading } from '../../components/States';
import type { DashboardJSON, PanelJSON } from '../../model/dashboard';
import { isEqual } from 'lodash';
import { duplicatePanel, edited, findPanel as findModelPanel, movePanels, panelsOfRow, removePanel, removeRow, setPanel } from '../../model/edit';
import { useMay } from '../session';
import { alertAddress, csvOf, exploreAddress, menuOf, pngOf, type Acts } from './menu';
import { NewLibraryPanel } from './library';
import { Toolbar, type Opens } from './Toolbar';
import { useCrumbs, type Crumb } from '../../components/Crumbs';
import { DashboardScene } from '../../scene/dashboard';
import { RowActions } from '../../scene/rowactions';
import { setActiveScene } from '../../scene/active';
import { setCurrentDashboard } from '../../scene/current';
import type { Opened } from '../Dashboard';
import { Links } from './Links';
import { useKeys, type KeyActs } from './keys';
import { ViewPanel } from './ViewPanel';

const RowOptions = lazy(() => import('./RowDialogs').then((m) => ({ default: m.RowOptions })));
const RowEnd = lazy(() => import('./RowDialogs').then((m) => ({ default: m.RowEnd })));
const EditPanel = lazy(() => import('./EditPanel').then((m) => ({ default: m.EditPanel })));

interface Props {
  opened: Opened;
  reload: () => void;
}

export function DashboardView({ opened, reload }: Props) {
  const { meta } = opened;
  const editor = useMay('Editor');
  const navigate = useNavigate();
  const [model, setModel] = useState(opened.model);
  const [open, setOpen] = useState<Opens>();
  const [shared, setShared] = useState<PanelJSON>(); // about to become the library's
  const [row, setRow] = useState<['options' | 'end', number]>();
  const does = useRef({} as Acts);
  const saved = useRef(false); // what was edited is
  const latest = useRef(model);
  latest.current = model;
  const scene = useMemo(() => {
    const made: DashboardScene = new DashboardScene({
      model: opened.model,
      editing: editor && !opened.dashboard.uid && meta.canSave !== false,
      menuOf: (panel, clone, key) => menuOf({ panel, clone, key }, editor, () => does.current),
      rowActionsOf: (row) => rowActions(row, (what) => setRow([what, row.id ?? 0])),
      taking: {
        // What a library's panel looks like is saved in its editor alone.
        edits: (panel) => inEditor() || (made.state.editing && !panel.libraryPanel),
        take: (panel) => does.current.take(panel),
      },
    });
    return made;
  }, [opened]); // eslint-disable-line react-hooks/exhaustive-deps
  /** The dashboard with panels where they have been dragged to. */
  const settled = (d = latest.current) => (scene.state.editing ? movePanels(d, scene.moves()) : d);
  const change = (next: DashboardJSON) => {
    latest.current = next;
    setModel(next);
    scene.setModel(next);
  };
  does.current = {
    take: (panel) => change(settled(setPanel(latest.current, panel))),
    edit: (id) => locationService.partial({ editPanel: id }),
    view: (id) => locationService.partial({ viewPanel: id }),
    duplicate: (id) => change(duplicatePanel(settled(), id)),
    remove: (id) => change(removePanel(settled(), id)),
    toLibrary: (id) => setShared(findModelPanel(latest.current, id)),
    unlink: (id) => {
      const { libraryPanel: _, ...own } = findModelPanel(latest.current, id) ?? { type: 'text' };
      change(setPanel(settled(), own as PanelJSON));
    },
    csv: (key) => csvOf(scene, key),
    png: (key) => void pngOf(scene, key),
    explore: (panel, key) => navigate(exploreAddress(scene, panel, key)),
    alert: (panel) => navigate(alertAddress(scene, panel, latest.current.uid ?? '', meta.folderUid ?? '')),
  };
  useCurrent(scene, model.uid ?? '');
  useCrumbs(crumbsOf({ ...opened, model }));
  const toSave = (more: (d: DashboardJSON) => DashboardJSON = (d) => d) => edited(opened.dashboard, opened.model, more(settled()));
  const dirty = !isEqual(settled(), opened.model);
  const unsaved = useRef((): boolean => false);
  unsaved.current = () => !saved.current && !isEqual(settled(), opened.model);
  useLeaving(unsaved, useLocation().pathname);
  const may = editor && meta.canSave !== false && !meta.provisioned && model.editable !== false;
  const acts: KeyActs = {
    view: does.current.view,
    help: () => setOpen('keys'),
    explore: editor ? (id) => { const p = findModelPanel(latest.current, id); return p && does.current.explore(p, String(id)); } : undefined,
    ...(may && {
      edit: does.current.edit, duplicate: does.current.duplicate, remove: does.current.remove, save: () => setOpen('save'), settings: () => setOpen('settings'),
      crosshair: () => change(crosshair(settled(), opened.model.graphTooltip)),
    }),
  };
  const toolbar = (
    <Toolbar scene={scene} meta={meta} stored={opened.dashboard} model={model} dirty={dirty} editor={editor} toSave={toSave} change={change} editPanel={does.current.edit}
      settle={() => change(settled())} open={open} setOpen={setOpen} onSaved={(uid) => {
        saved.current = true;
        return uid === opened.dashboard.uid ? reload() : navigate(`/d/${uid}`);
      }} />
  );
  return (
    <UrlSyncContextProvider scene={scene} updateUrlOnInit={false} createBrowserHistorySteps>
      <Drawn scene={scene} toolbar={toolbar} model={model} change={change} settled={settled} acts={acts} />
      {row && <RowDialog key={row.join(' ')} what={row[0]} id={row[1]} model={settled()} change={change} close={() => setRow(undefined)} />}
      {shared && <NewLibraryPanel panel={shared} folder={meta.folderUid} close={() => setShared(undefined)} made={(p) => change(setPanel(settled(), p))} />}
    </UrlSyncContextProvider>
  );
}

/** Whether the editor of a panel is open. */
const inEditor = () => locationService.getSearch().has('editPanel');

/** The shared crosshair off or on; as it was, where that is what it becomes. */
function crosshair({ graphTooltip: now, ...rest }: DashboardJSON, was: DashboardJSON['graphTooltip']): DashboardJSON {
  const next = now ? was && 0 : was || 1;
  return next === undefined ? rest : { ...rest, graphTooltip: next };
}

function rowActions(row: PanelJSON, open: (what: 'options' | 'end') => void) {
  return new RowActions({ title: row.title || 'Row', edit: () => open('options'), remove: () => open('end') });
}

interface RowDialogProps {
  what: 'options' | 'end';
  id: number;
  model: DashboardJSON;
  change: (d: DashboardJSON) => void;
  close: () => void;
}

function RowDialog({ what, id, model, change, close }: RowDialogProps) {
  const row = findModelPanel(model, id);
  if (!row) {
    return null;
  }
  const variables = (model.templating?.list ?? []).filter((v) => v.type !== 'adhoc').map((v) => v.name);
  return (
    <Suspense fallback={null}>
      {what === 'options' && <RowOptions row={row} variables={variables} change={(next) => change(setPanel(model, next))} close={close} />}
      {what === 'end' && <RowEnd row={row} panels={panelsOfRow(model, id).length} remove={(all) => change(removeRow(model, id, all))} close={close} />}
    </Suspense>
  );
}

/** Asks before edits are lost, with the page or by going to another one. What is unsaved is looked up then: panels are dragged without a word. */
function useLeaving(unsaved: RefObject<() => boolean>, here: string) {
  useEffect(() => locationService.getHistory().block((to: { pathname: string }) => (to.pathname !== here && unsaved.current?.() ? 'The changes of this dashboard are not saved. Leave without them?' : undefined)), [unsaved, here]);
  useEffect(() => {
    const ask = (e: BeforeUnloadEvent) => unsaved.current?.() && e.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [unsaved]);
}

function crumbsOf({ model, meta }: Opened): Crumb[] {
  const folder = meta.folderUid && meta.folderTitle ? [{ text: meta.folderTitle, to: `/dashboards/f/${meta.folderUid}` }] : [];
  return [{ text: 'Dashboards', to: '/dashboards' }, ...folder, { text: model.title ?? 'Dashboard' }];
}

/** While it is on show, texts elsewhere are filled with its variables. */
function useCurrent(scene: DashboardScene, uid: string) {
  useState(() => {
    setActiveScene(scene);
    setCurrentDashboard(uid);
  });
  useEffect(() => {
    setActiveScene(scene);
    setCurrentDashboard(uid);
    return () => {
      setActiveScene(undefined);
      setCurrentDashboard('');
    };
  }, [scene, uid]);
}

interface DrawnProps {
  scene: DashboardScene;
  toolbar: ReactNode;
  model: DashboardJSON;
  change: (d: DashboardJSON) => void;
  settled: () => DashboardJSON;
  acts: KeyActs;
}

function Drawn({ scene, toolbar, model: current, change, settled, acts }: DrawnProps) {
  const s = useStyles2(styles);
  const [params] = useSearchParams();
  const { body, timePicker, refreshPicker, model } = scene.useState();
  useEffect(() => scene.activate(), [scene]);
  useKeys(scene, acts);
  const controls = useRef<HTMLDivElement>(null);
  useSpokenTime(controls);
  const viewed = params.get('viewPanel');
  const editId = Number(params.get('editPanel')) || undefined;
  const editing = editId ? findModelPanel(current, editId) : undefined;
  const kiosk = params.has('kiosk');
  return (
    <div className={s.page}>
      <div ref={controls} className={s.controls} data-testid="dashboard-controls">
        <Variables scene={scene} />
        <Layers scene={scene} />
        <Links links={model.links ?? []} scene={scene} />
        <span className={s.grow} />
        {!model.timepicker?.hidden && <div className={s.time}><timePicker.Component model={timePicker} /><refreshPicker.Component model={refreshPicker} /></div>}
        {!kiosk && toolbar}
      </div>
      {!(current.panels ?? []).length && <Empty message="There are no panels yet">Edit the dashboard and add one.</Empty>}
      {editing ? (
        <Suspense fallback={<Loading what="the editor" />}><EditPanel scene={scene} panel={editing} change={(p) => change(setPanel(settled(), p))} close={() => locationService.partial({ editPanel: null })} /></Suspense>
      ) : viewed ? <ViewPanel scene={scene} id={viewed} /> : <div className={s.body}><body.Component model={body} /></div>}
    </div>
  );
}

/** The time picker's name has all that stands on it, also the time zone. */
function useSpokenTime(controls: RefObject<HTMLElement | null>) {
  useEffect(() => {
    const speak = () => {
      const button = controls.current?.querySelector('[data-testid="data-testid TimePicker Open Button"]');
      const name = `Time range selected: ${button?.textContent ?? ''}`;
      if (button && button.getAttribute('aria-label') !== name) {
        button.setAttribute('aria-label', name);
      }
    };
    const watch = new MutationObserver(speak); // the picker comes late, and names itself anew
    if (controls.current) {
      watch.observe(controls.current, { subtree: true, childList: true, characterData: true, attributeFilter: ['aria-label'] });
    }
    speak();
    return () => watch.disconnect();
  }, [controls]);
}

function Variables({ scene }: { scene: DashboardScene }) {
  const set = scene.state.$variables;
  const { variables } = set?.useState() ?? { variables: [] };
  return <>{variables.map((v) => <VariableValueSelectWrapper key={v.state.key} variable={v} />)}</>;
}

/** Annotations can be switched off and on. */
function Layers({ scene }: { scene: DashboardScene }) {
  const set = scene.state.$data;
  if (!(set instanceof SceneDataLayerSet)) {
    return null;
  }
  return (
    <>
      {set.state.layers.filter((l) => !l.state.isHidden && !(l.state as { query?: { builtIn?: unknown } }).query?.builtIn).map((l) => (
        <div key={l.state.key} className={css({ display: 'flex' })}>
          <InlineLabel width="auto" htmlFor={`data-layer-${l.state.key}`}>{l.state.name}</InlineLabel>
          <l.Component model={l} />
        </div>
      ))}
    </>
  );
}

const styles = (t: GrafanaTheme2) => ({
  page: css({ padding: t.spacing(1, 2, 2), display: 'flex', flexDirection: 'column', minHeight: '100%', boxSizing: 'border-box', [t.breakpoints.down('md')]: { padding: t.spacing(1) } }),
  controls: css({ display: 'flex', flexWrap: 'wrap', gap: t.spacing(1), alignItems: 'flex-start', paddingBottom: t.spacing(1), position: 'sticky', top: 0, zIndex: t.zIndex.activePanel, background: t.colors.background.canvas, paddingTop: 2 }),
  time: css({ display: 'flex', gap: t.spacing(1) }),
  grow: css({ flex: 1 }),
  body: css({ flex: 1, display: 'flex', flexDirection: 'column' }),
});
