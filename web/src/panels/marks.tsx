/* Annotations over a chart: a line or a region, and a mark that tells what it is. */
import { colorManipulator, dateTimeFormat, renderMarkdown, type DataFrame, type TimeZone } from '@grafana/data';
import { Tooltip, useTheme2, type UPlotConfigBuilder } from '@grafana/ui';
import { lazy, Suspense, useLayoutEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import type uPlot from 'uplot';
import { hasExemplars } from './exemplarframes';

const Exemplars = lazy(() => import('./exemplars').then((m) => ({ default: m.Exemplars })));

export interface Event {
  from: number;
  to: number;
  title: string;
  text: string;
  tags: string[];
  color: string;
}

export function eventsIn(frames: DataFrame[], colorOf: (name: string) => string): Event[] {
  return frames.flatMap((f) => {
    const column = (name: string) => f.fields.find((x) => x.name === name)?.values;
    const time = column('time');
    if (!time) {
      return [];
    }
    return Array.from({ length: f.length }, (_, i) => ({
      from: Number(time[i]),
      to: Number(column('timeEnd')?.[i] ?? time[i]) || Number(time[i]),
      title: String(column('title')?.[i] ?? ''),
      text: String(column('text')?.[i] ?? ''),
      tags: (column('tags')?.[i] as string[] | undefined) ?? [],
      color: colorOf(String(column('color')?.[i] ?? column('source')?.[i]?.iconColor ?? 'red')),
    }));
  });
}

interface Props {
  config: UPlotConfigBuilder;
  frames: DataFrame[];
  timeZone: TimeZone;
  /** How a value of the chart is written. */
  format: (value: number) => string;
}

/** Draws annotations onto a chart. It is there before the chart is, also if the annotations come later. */
export function Marks({ config, frames, timeZone, format }: Props) {
  const theme = useTheme2();
  const events = eventsIn(frames, (name) => theme.visualization.getColorByName(name));
  const latest = useRef(events);
  latest.current = events;
  const exemplars = frames.filter(hasExemplars);
  const marked = useRef(false);
  marked.current = events.length + exemplars.length > 0;
  const [plot, setPlot] = useState<uPlot>();
  const [, redraw] = useState(0);
  useLayoutEffect(() => {
    config.addHook('init', (u) => setPlot(u));
    config.addHook('draw', (u) => {
      paint(u, latest.current);
      if (marked.current) {
        queueMicrotask(() => redraw((n) => n + 1));
      }
    });
  }, [config]);
  useLayoutEffect(() => plot?.redraw(false), [frames, plot]); // eslint-disable-line
  if (!plot || !plot.over) {
    return null;
  }
  const { min = 0, max = 0 } = plot.scales.x;
  const shown = events.filter((e) => e.to >= min && e.from <= max);
  const drawn = createPortal(
    shown.map((e, i) => {
      const left = Math.max(plot.valToPos(e.from, 'x'), 0);
      const right = Math.min(plot.valToPos(e.to, 'x'), plot.over.clientWidth);
      return <Mark key={i} event={e} timeZone={timeZone} left={left} right={right} top={plot.over.clientHeight + 1} />;
    }),
    plot.over
  );
  return (
    <>
      {drawn}
      {exemplars.length > 0 && <Suspense fallback={null}><Exemplars plot={plot} frames={exemplars} timeZone={timeZone} format={format} /></Suspense>}
    </>
  );
}

interface MarkProps {
  event: Event;
  timeZone: TimeZone;
  left: number;
  right: number;
  top: number;
}

/** What an annotation has below its line or region: it tells what it is. */
export function Mark({ event: e, timeZone, left, right, top }: MarkProps) {
  return (
    <Tooltip content={<Told event={e} timeZone={timeZone} />} interactive>
      <button
        type="button"
        className="annotation-mark"
        aria-label={`Annotation: ${e.title || e.text || dateTimeFormat(e.from, { timeZone })}`}
        style={{
          position: 'absolute', top, left: left - 4, width: Math.max(right - left, 8), height: 6, border: 0, padding: 0,
          background: e.color, borderRadius: 2, cursor: 'pointer', zIndex: 5, minHeight: 0,
        }}
      />
    </Tooltip>
  );
}

function Told({ event, timeZone }: { event: Event; timeZone: TimeZone }) {
  const format = (t: number) => dateTimeFormat(t, { timeZone });
  return (
    <div>
      <small>{format(event.from)}{event.to > event.from ? ' – ' + format(event.to) : ''}</small>
      {event.title && <div><strong>{event.title}</strong></div>}
      {event.text && <div dangerouslySetInnerHTML={{ __html: renderMarkdown(event.text) }} />}
      {event.tags.length > 0 && <div>{event.tags.join(', ')}</div>}
    </div>
  );
}

function paint(u: uPlot, events: Event[]): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.lineWidth = window.devicePixelRatio;
  for (const e of events) {
    const x0 = u.valToPos(e.from, 'x', true);
    const x1 = u.valToPos(e.to, 'x', true);
    ctx.strokeStyle = e.color;
    ctx.setLineDash([5, 5]);
    for (const x of x1 > x0 ? [x0, x1] : [x0]) {
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    if (x1 > x0) {
      ctx.fillStyle = colorManipulator.alpha(e.color, 0.1);
      ctx.fillRect(x0, bbox.top, x1 - x0, bbox.height);
    }
  }
  ctx.restore();
}
