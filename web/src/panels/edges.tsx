/* The edges of a chart: room for the first and the last mark of its time axis, which stand half beyond it, and the pointer that leaves it. */
import { measureText, type UPlotConfigBuilder } from '@grafana/ui';
import { useLayoutEffect } from 'react';
import type uPlot from 'uplot';

type Axis = uPlot.Axis & { _size?: number; _values?: Array<string | null> };

const fontSize = 12;
const least = 8;

/** Half of the widest mark, not of the last one, so that the chart stands still as time goes by. */
function beyond(axes: Axis[]): number {
  const widths = axes.filter((a) => a.side === 2 && a.show !== false).flatMap((a) => (a._values ?? []).map((v) => (v ? measureText(v, fontSize).width : 0)));
  return Math.ceil(Math.max(0, ...widths) / 2);
}

/** The padding at a side: what its axes leave to be had. */
function padding(u: uPlot, side: number, hasAxis: boolean[]): number {
  const across = side % 2 ? hasAxis[0] || hasAxis[2] : hasAxis[1] || hasAxis[3];
  if (!across) {
    return 0;
  }
  const axes = u.axes as Axis[];
  const taken = axes.filter((a) => a.side === side && a.show !== false).reduce((n, a) => n + (a._size ?? 0), 0);
  return Math.max(hasAxis[side] ? 0 : least, side % 2 ? beyond(axes) - taken : 0);
}

/** Sees to the padding of a chart. It is there before the chart is. */
export function Room({ config }: { config: UPlotConfigBuilder }) {
  useLayoutEffect(() => config.setPadding([padding, padding, padding, padding]), [config]);
  return null;
}

/**
 * Lets a chart forget the pointer that has left it. Otherwise it takes a cursor that
 * another panel shares for that pointer, and goes where the pointer left.
 */
export function Leave({ config }: { config: UPlotConfigBuilder }) {
  useLayoutEffect(() => {
    config.addHook('ready', (u) => u.over.addEventListener('mouseleave', () => { u.cursor.event = undefined; }));
  }, [config]);
  return null;
}
