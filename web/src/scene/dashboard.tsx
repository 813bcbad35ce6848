/* A dashboard as a scene: what is drawn follows the JSON and the variables. */
import { getDefaultTimeRange, LoadingState } from '@grafana/data';
import {
  behaviors,
  dataLayers,
  MultiValueVariable,
  SceneDataLayerSet,
  SceneGridItem,
  SceneGridLayout,
  SceneGridRow,
  SceneObjectBase,
  SceneRefreshPicker,
  SceneTimePicker,
  SceneTimeRange,
  VariableDependencyConfig,
  VizPanel,
  VizPanelMenu,
  type SceneGridItemLike,
  type SceneObject,
  type SceneObjectState,
  type VariableValueOption,
} from '@grafana/scenes';
import type { DashboardCursorSync } from '@grafana/schema';
import { isEqual } from 'lodash';
import type { AnnotationJSON, DashboardJSON, GridPos, PanelJSON } from '../model/dashboard';
import { startWith } from 'rxjs';
import { place, repeatVariables, type Placed, type PlacedPanel, type PlacedRow, type RepeatValue } from '../model/layout';
import { localVariables, restyle, sameQuestions, touched, vizPanelOf } from './panel';
import { refOf, variablesAfter, variablesOf } from './variables';

interface State extends SceneObjectState {
  model: DashboardJSON;
  body: SceneGridLayout;
  timePicker: SceneTimePicker;
  refreshPicker: SceneRefreshPicker;
  editing: boolean;
}

export interface DashboardOptions {
  model: DashboardJSON;
  editing?: boolean;
  /** The menu of a panel; none if there is nothing to do with it. */
  menuOf?: (panel: PanelJSON, clone: boolean, key: string) => VizPanelMenu | undefined;
  /** What can be done with a row while the dashboard is edited. */
  rowActionsOf?: (row: PanelJSON) => SceneObject;
  /** What is done with changes that are made on a panel itself: by its legend, its columns. */
  taking?: Taking;
}

interface Taking {
  /** Whether they count as edits now. */
  edits: (panel: PanelJSON) => boolean;
  take: (panel: PanelJSON) => void;
}

const defaultIntervals = ['5s', '10s', '30s', '1m', '5m', '15m', '30m', '1h', '2h', '1d'];

export class DashboardScene extends SceneObjectBase<State> {
  private readonly menuOf: DashboardOptions['menuOf'];
  private readonly rowActionsOf: DashboardOptions['rowActionsOf'];
  private readonly taking: DashboardOptions['taking'];
  private readonly known = new Map<string, { item: SceneGridItem; panel: PanelJSON }>();

  protected _variableDependency = new VariableDependencyConfig<State>(this, {
    onAnyVariableChanged: (v) => {
      if (repeatVariables(this.state.model.panels ?? []).includes(v.state.name)) {
        this.layOut();
      }
    },
    onVariableUpdateCompleted: () => this.layOut(),
  });

  constructor({ model, editing = false, menuOf, rowActionsOf, taking }: DashboardOptions) {
    const picker = model.timepicker ?? {};
    super({
      model,
      editing,
      $timeRange: new SceneTimeRange({
        from: model.time?.from ?? 'now-6h',
        to: model.time?.to ?? 'now',
        timeZone: model.timezone || undefined,
        fiscalYearStartMonth: model.fiscalYearStartMonth,
        weekStart: (model.weekStart || undefined) as never,
        UNSAFE_nowDelay: picker.nowDelay,
      }),
      $variables: variablesOf(model),
      $data: layersOf(model),
      $behaviors: [
        new behaviors.CursorSync({ sync: (model.graphTooltip ?? 0) as DashboardCursorSync }),
        new behaviors.SceneQueryController(),
      ],
      body: new SceneGridLayout({ children: [], isLazy: true, isDraggable: editing, isResizable: editing }),
      timePicker: new SceneTimePicker({ isOnCanvas: true }),
      refreshPicker: new SceneRefreshPicker({
        refresh: typeof model.refresh === 'string' ? model.refresh : '',
        intervals: picker.refresh_intervals ?? defaultIntervals,
        isOnCanvas: true,
        withText: true,
      }),
    });
    this.menuOf = menuOf;
    this.rowActionsOf = rowActionsOf;
    this.taking = taking;
    this.layOut();
  }

  /** Whether two layouts are of the same things in the same places. */
  private signature = '';

  /** Where panels and rows that are no copies were placed, by the keys of their items. */
  private placed = new Map<string, { id: number; pos: GridPos }>();

  /** Draws the panels anew where they stand now; those that were there stay as they are. */
  layOut(): void {
    const placed = place(this.state.model.panels ?? [], (name) => this.valuesOf(name));
    const signature = JSON.stringify(placed.map((p) => [p.key, p.kind === 'row' ? [p.y, p.panel.title, p.children.map((c) => [c.key, c.pos])] : p.pos]));
    if (signature === this.signature) {
      return;
    }
    this.signature = signature;
    this.placed = new Map(placed.flatMap((p) => (p.kind === 'row' ? [p, ...p.children] : [p])).filter((p) => !p.clone).map(placeOf));
    const rows = new Map(this.state.body.state.children.filter((c): c is SceneGridRow => c instanceof SceneGridRow).map((r) => [r.state.key, r]));
    const children = placed.map((p) => (p.kind === 'row' ? this.row(p, rows.get(p.key)) : this.item(p)));
    const keys = new Set(placed.flatMap((p: Placed) => (p.kind === 'row' ? p.children.map((c) => c.key) : [p.key])));
    for (const key of this.known.keys()) {
      if (!keys.has(key)) {
        this.known.delete(key);
      }
    }
    this.state.body.setState({ children });
  }

  private row(p: PlacedRow, before: SceneGridRow | undefined): SceneGridRow {
    const children = p.children.map((c) => this.item(c));
    return new SceneGridRow({
      key: p.key,
      title: p.panel.title || 'Row',
      y: p.y,
      isCollapsed: before?.state.isCollapsed ?? p.collapsed,
      children,
      $variables: localVariables(p.local),
      actions: this.state.editing && !p.clone ? this.rowActionsOf?.(p.panel) : undefined,
      repeatSourceKey: p.clone ? `row-${p.panel.id}` : undefined,
    });
  }

  private item(p: PlacedPanel): SceneGridItem {
    const place = { x: p.pos.x, y: p.pos.y, width: p.pos.w, height: p.pos.h };
    const before = this.known.get(p.key);
    const viz = before?.item.state.body;
    if (before && before.panel !== p.panel && viz instanceof VizPanel && viz.getPlugin() && sameQuestions(before.panel, p.panel)) {
      before.panel = p.panel;
      this.restyling = true;
      restyle(viz, p.panel);
      this.restyling = false;
    }
    if (before && before.panel === p.panel) {
      before.item.clearParent();
      before.item.setState(place);
      return before.item;
    }
    const menu = this.menuOf?.(p.panel, p.clone, p.key);
    const body = vizPanelOf({ key: p.key, panel: p.panel, local: p.local, menu });
    const item = new SceneGridItem({
      key: `item-${p.key}`,
      ...place,
      isDraggable: this.state.editing && !p.clone,
      isResizable: this.state.editing && !p.clone,
      body,
    });
    this.known.set(p.key, { item, panel: p.panel });
    if (!p.clone) {
      this.listen(p.key, body);
    }
    return item;
  }

  /** A panel is being drawn as its JSON says: nobody has changed it by hand. */
  private restyling = false;

  /** What is changed on a panel itself goes into its JSON, where that is an edit. */
  private listen(key: string, viz: VizPanel): void {
    let ready = false; // with its kind come the defaults
    viz.subscribeToState((now, before) => {
      const known = this.known.get(key);
      const own = ready && !this.restyling && known?.item.state.body === viz;
      ready ||= Boolean(viz.getPlugin());
      if (!own || !this.taking?.edits(known.panel)) {
        return;
      }
      const panel = touched(known.panel, before, now);
      if (panel !== known.panel) {
        known.panel = panel; // it is on show already
        this.taking.take(panel);
      }
    });
  }

  private valuesOf(name: string): RepeatValue[] | undefined {
    const v = this.state.$variables?.getByName(name);
    if (!(v instanceof MultiValueVariable)) {
      return undefined;
    }
    const { value, text, options } = v.state;
    if (v.hasAllValue()) {
      return options.map((o: VariableValueOption) => ({ value: String(o.value), text: o.label }));
    }
    const values = Array.isArray(value) ? value : [value];
    const texts = Array.isArray(text) ? text : [text];
    return values.filter((x) => x !== '').map((x, i) => ({ value: String(x), text: String(texts[i] ?? x) }));
  }

  /** Replaces the JSON: what has not changed in it stays on show. */
  setModel(model: DashboardJSON): void {
    const before = this.state.model;
    this.setState({ model });
    this.follow(before, model);
    this.signature = '';
    this.layOut();
  }

  /** What stands beside the panels follows the settings. */
  private follow(before: DashboardJSON, now: DashboardJSON): void {
    const changed = (key: string) => !isEqual(before[key], now[key]);
    if (changed('templating')) {
      this.setState({ $variables: variablesAfter(this.state.$variables, before, now) });
    }
    if (changed('annotations')) {
      this.setState({ $data: layersOf(now) });
    }
    if (changed('timezone') || changed('weekStart') || changed('fiscalYearStartMonth')) {
      this.state.$timeRange?.setState({ timeZone: now.timezone || undefined, weekStart: (now.weekStart || undefined) as never, fiscalYearStartMonth: now.fiscalYearStartMonth });
    }
    if (changed('graphTooltip')) {
      const cursor = this.state.$behaviors?.find((b) => b instanceof behaviors.CursorSync);
      (cursor as behaviors.CursorSync | undefined)?.setState({ sync: (now.graphTooltip ?? 0) as DashboardCursorSync });
    }
    if (changed('refresh') || changed('timepicker')) {
      this.state.refreshPicker.setState({ refresh: typeof now.refresh === 'string' ? now.refresh : '', intervals: now.timepicker?.refresh_intervals ?? defaultIntervals });
    }
  }

  /** How far the user has moved and stretched panels and rows since they were placed, by id; of a repeat, its first copy. */
  moves(): Map<number, GridPos> {
    const out = new Map<number, GridPos>();
    const note = (c: SceneGridItemLike) => {
      const was = this.placed.get(c.state.key ?? '');
      const now = { x: c.state.x ?? 0, y: c.state.y ?? 0, w: c.state.width ?? was?.pos.w ?? 0, h: c.state.height ?? was?.pos.h ?? 0 };
      if (was && !isEqual(now, was.pos)) {
        out.set(was.id, { x: now.x - was.pos.x, y: now.y - was.pos.y, w: now.w - was.pos.w, h: now.h - was.pos.h });
      }
    };
    for (const c of this.state.body.state.children) {
      note(c);
      if (c instanceof SceneGridRow) {
        c.state.children.forEach(note);
      }
    }
    return out;
  }

  setEditing(editing: boolean): void {
    this.setState({ editing });
    this.state.body.setState({ isDraggable: editing, isResizable: editing });
    this.known.forEach(({ item }) => item.setState({ isDraggable: editing, isResizable: editing }));
    this.signature = '';
    this.layOut(); // rows are made anew, with or without what can be done with them
    // A panel asks only while it is drawn whether it can be dragged.
    this.known.forEach(({ item }) => item.state.body?.forceRender());
  }
}

function placeOf(p: Placed): [string, { id: number; pos: GridPos }] {
  const { x, y, w, h } = p.kind === 'row' ? { x: 0, y: p.y, w: 24, h: 1 } : p.pos;
  return [p.kind === 'row' ? p.key : `item-${p.key}`, { id: p.panel.id ?? 0, pos: { x, y, w, h } }];
}

function layersOf(model: DashboardJSON): SceneDataLayerSet {
  return new SceneDataLayerSet({ layers: (model.annotations?.list ?? []).map(layerOf) });
}

/** Says that there are none until there are: the library waits for all layers, and one that is switched off says nothing. */
class Annotations extends dataLayers.AnnotationsDataLayer {
  getResultsStream() {
    const nothing = { origin: this, data: { state: LoadingState.Done, series: [], timeRange: getDefaultTimeRange() } };
    return super.getResultsStream().pipe(startWith(nothing)) as never;
  }
}

function layerOf(a: AnnotationJSON) {
  return new Annotations({
    key: `annotations-${a.name}`,
    name: a.name,
    isEnabled: a.enable !== false,
    isHidden: Boolean(a.hide),
    query: { ...a, enable: true, iconColor: a.iconColor ?? 'red', datasource: refOf(a.builtIn ? { uid: '-- Grafana --' } : a.datasource) } as never,
  });
}
