/* What a drawing of our own has along its time axis: a range can be dragged, and the cursor is in step with the other panels. */
import { DataHoverClearEvent, DataHoverEvent } from '@grafana/data';
import { DashboardCursorSync } from '@grafana/schema';
import { usePanelContext } from '@grafana/ui';
import { useEffect, useRef, useState, type MouseEvent } from 'react';

interface Wish {
  /** The time at a place, pixels from the left of the drawing. */
  timeAt: (px: number) => number;
  onZoom: (range: { from: number; to: number }) => void;
}

/** Pixels below which a drag is a click. */
const least = 4;

export function useTimeAxis({ timeAt, onZoom }: Wish) {
  const { cursor, point, leave } = useCursor();
  const [drag, setDrag] = useState<{ from: number; to: number }>();
  const at = (e: MouseEvent) => e.clientX - e.currentTarget.getBoundingClientRect().left;
  const end = () => {
    if (drag && Math.abs(drag.to - drag.from) > least) {
      onZoom({ from: timeAt(Math.min(drag.from, drag.to)), to: timeAt(Math.max(drag.from, drag.to)) });
    }
    setDrag(undefined);
  };
  const handlers = {
    onMouseDown: (e: MouseEvent) => e.button === 0 && setDrag({ from: at(e), to: at(e) }),
    onMouseMove: (e: MouseEvent) => {
      point(timeAt(at(e)));
      setDrag(drag && { ...drag, to: at(e) });
    },
    onMouseUp: end,
    onMouseLeave: () => {
      leave();
      setDrag(undefined);
    },
  };
  return { cursor, handlers, dragged: drag && { left: Math.min(drag.from, drag.to), width: Math.abs(drag.to - drag.from) } };
}

/** The time under the cursor, here or in another panel of a dashboard whose panels share it. */
export function useCursor() {
  const { eventBus, sync } = usePanelContext();
  const [cursor, setCursor] = useState<number>();
  const inside = useRef(false); // then what others say is late
  const shared = () => (sync?.() ?? DashboardCursorSync.Off) !== DashboardCursorSync.Off;
  useEffect(() => {
    const theirs = (e: { origin?: unknown }) => e.origin !== eventBus && shared();
    const subs = [
      eventBus.getStream(DataHoverEvent).subscribe((e) => theirs(e) && setCursor(e.payload?.point?.time ?? undefined)),
      eventBus.getStream(DataHoverClearEvent).subscribe((e) => theirs(e) && !inside.current && setCursor(undefined)),
    ];
    return () => subs.forEach((s) => s.unsubscribe());
  }, [eventBus]); // eslint-disable-line react-hooks/exhaustive-deps
  const point = (time: number) => {
    inside.current = true;
    setCursor(time);
    if (shared()) {
      eventBus.publish(new DataHoverEvent({ point: { time } }));
    }
  };
  const leave = () => {
    inside.current = false;
    setCursor(undefined);
    if (shared()) {
      eventBus.publish(new DataHoverClearEvent());
    }
  };
  return { cursor, point, leave };
}
