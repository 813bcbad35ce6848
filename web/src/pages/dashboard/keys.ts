/* Keys on a dashboard, as Grafana has them.
   https://grafana.com/docs/grafana/latest/dashboards/use-dashboards/#keyboard-shortcuts */
import { dateTime, rangeUtil } from '@grafana/data';
import { locationService } from '@grafana/runtime';
import { SceneGridRow, sceneGraph } from '@grafana/scenes';
import { useEffect, useRef } from 'react';
import { copyText } from '../../components/copy';
import { toast } from '../../components/Toasts';
import { isTyping } from '../../lib/keys';
import type { DashboardScene } from '../../scene/dashboard';

/** What keys do besides moving through time. Absent is what whoever looks may not do. */
export interface KeyActs {
  view: (id: string) => void;
  edit?: (id: number) => void;
  duplicate?: (id: number) => void;
  remove?: (id: number) => void;
  explore?: (id: number) => void;
  save?: () => void;
  settings?: () => void;
  crosshair?: () => void;
  help: () => void;
}

/** All keys, for the list of them. */
export const keyHelp: Array<[string, string]> = [
  ['e', 'Edit the panel under the cursor'], ['v', 'The panel under the cursor alone'], ['p x', 'Its query in Explore'], ['p d', 'Duplicate it'], ['p r', 'Remove it'],
  ['d r', 'Refresh'], ['d k', 'Kiosk'], ['d s', 'Settings'], ['d e', 'Open all rows'], ['d C', 'Close all rows'], ['Ctrl-S', 'Save'], ['Ctrl-O', 'Shared crosshair off and on'],
  ['t z', 'Zoom out'], ['t +', 'Zoom in'], ['t ← →', 'Earlier, later'], ['t a', 'Make the range absolute'], ['t c, t v', 'Copy and paste the time range'],
  ['/ or Ctrl-K', 'Search'], ['Esc', 'Back'], ['?', 'This list'],
];

function move(scene: DashboardScene, change: (from: number, to: number) => [number, number]) {
  const { from, to } = sceneGraph.getTimeRange(scene).state.value;
  setRange(scene, ...change(from.valueOf(), to.valueOf()));
}

function setRange(scene: DashboardScene, from: number, to: number) {
  const [a, b] = [dateTime(from), dateTime(to)];
  sceneGraph.getTimeRange(scene).onTimeRangeChange({ from: a, to: b, raw: { from: a, to: b } });
}

async function copyRange(scene: DashboardScene) {
  const { from, to } = sceneGraph.getTimeRange(scene).state;
  await copyText(JSON.stringify({ from, to }), 'Time range copied');
}

async function pasteRange(scene: DashboardScene) {
  try {
    const { from, to } = JSON.parse(await navigator.clipboard.readText()) as { from: string; to: string };
    const range = rangeUtil.convertRawToRange({ from, to });
    sceneGraph.getTimeRange(scene).onTimeRangeChange(range.from.isValid() && range.to.isValid() ? range : sceneGraph.getTimeRange(scene).state.value);
  } catch {
    toast('info', 'There is no time range in the clipboard');
  }
}

function rows(scene: DashboardScene, collapsed: boolean) {
  for (const row of scene.state.body.state.children) {
    if (row instanceof SceneGridRow && Boolean(row.state.isCollapsed) !== collapsed) {
      scene.state.body.toggleRow(row);
    }
  }
}

/** The key of the panel under the cursor: panel-5, or panel-5@a of a repeat. */
function hovered(): string | undefined {
  return document.querySelector('[data-viz-panel-key]:hover')?.getAttribute('data-viz-panel-key') ?? undefined;
}

const idOf = (key: string) => Number(/^panel-(\d+)(?:@|$)/.exec(key)?.[1]) || undefined;

type Act = (scene: DashboardScene, acts: KeyActs) => void;

/** Does something with the panel under the cursor, of a copy with what is repeated, if it may be done. */
const onPanel = (what: 'edit' | 'duplicate' | 'remove' | 'explore'): Act => (_, acts) => {
  const id = idOf(hovered() ?? '');
  if (id) {
    acts[what]?.(id);
  }
};

const out: Act = (s) => move(s, (from, to) => [from - (to - from) / 2, to + (to - from) / 2]);

/** By the keys pressed one after the other. */
const table: Record<string, Act | undefined> = {
  't z': out,
  't -': out,
  't +': (s) => move(s, (from, to) => [from + (to - from) / 4, to - (to - from) / 4]),
  't ArrowLeft': (s) => move(s, (from, to) => [from - (to - from) / 2, to - (to - from) / 2]),
  't ArrowRight': (s) => move(s, (from, to) => [from + (to - from) / 2, to + (to - from) / 2]),
  't a': (s) => move(s, (from, to) => [from, to]),
  't c': (s) => void copyRange(s),
  't v': (s) => void pasteRange(s),
  'd r': (s) => sceneGraph.getTimeRange(s).onRefresh(),
  'd k': () => locationService.partial({ kiosk: new URLSearchParams(locationService.getLocation().search).has('kiosk') ? null : true }),
  'd s': (_, acts) => acts.settings?.(),
  'd e': (s) => rows(s, false),
  'd C': (s) => rows(s, true),
  'p d': onPanel('duplicate'),
  'p r': onPanel('remove'),
  'p x': onPanel('explore'),
  e: onPanel('edit'),
  v: (_, acts) => {
    const alone = new URLSearchParams(locationService.getLocation().search).has('viewPanel');
    const key = hovered();
    if (alone) {
      locationService.partial({ viewPanel: null });
    } else if (key) {
      acts.view(key.replace(/^panel-(\d+)$/, '$1'));
    }
  },
  '?': (_, acts) => acts.help(),
};

const begins = new Set(['t', 'd', 'p']);

/** Listens for the keys as long as the dashboard is shown. */
export function useKeys(scene: DashboardScene, acts: KeyActs): void {
  const latest = useRef(acts);
  latest.current = acts;
  useEffect(() => {
    let first = '';
    const onKey = (e: KeyboardEvent) => {
      if ((e.ctrlKey || e.metaKey) && withCtrl(e, latest.current)) {
        e.preventDefault();
        return;
      }
      if (isTyping(e) || e.ctrlKey || e.metaKey || e.altKey || e.key === 'Shift') {
        return;
      }
      const act = first ? table[`${first} ${e.key}`] : table[e.key];
      first = !act && !first && begins.has(e.key) ? e.key : '';
      if (act && !document.querySelector('[role=dialog]')) {
        e.preventDefault();
        act(scene, latest.current);
      } else if (e.key === 'Escape' && !document.querySelector('[role=dialog]')) {
        locationService.partial({ kiosk: null, viewPanel: null });
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [scene]);
}

function withCtrl(e: KeyboardEvent, acts: KeyActs): boolean {
  const act = e.key === 's' ? acts.save : e.key === 'o' ? acts.crosshair : undefined;
  act?.();
  return act !== undefined;
}
