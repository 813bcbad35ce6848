import { dateTimeFormat, FieldColorModeId, FieldConfigProperty, FieldType, formattedValueToString, getDisplayProcessor, getFieldDisplayName, PanelPlugin, ThresholdsMode, type DataFrame, type Field, type GrafanaTheme2, type PanelProps } from '@grafana/data';
import { LegendDisplayMode, type LegendPlacement } from '@grafana/schema';
import { commonOptionsBuilder, Pagination, useTheme2, VizLayout, VizLegend, type VizLegendItem } from '@grafana/ui';
import { css } from '@emotion/css';
import { useMemo, useState } from 'react';
import { eventsIn, Mark, type Event } from './marks';
import { hasData, NoData } from './nodata';
import { timeTicks, within } from './ticks';
import { useTimeAxis } from './timeaxis';
import { formatDuration } from '../lib/interval';

interface Options {
  mergeValues?: boolean;
  showValue?: 'auto' | 'always' | 'never';
  rowHeight?: number;
  colWidth?: number;
  alignValue?: 'left' | 'center' | 'right';
  /** Rows at a time; the others are on further pages. */
  perPage?: number;
  legend: { showLegend: boolean; displayMode: LegendDisplayMode; placement: LegendPlacement };
  tooltip?: { mode?: string };
}

export interface Span {
  from: number;
  to: number;
  text: string;
  color: string;
}

export interface Lane {
  name: string;
  /** Percent, as the field's settings say. */
  fill?: number;
  line?: number;
  spans: Span[];
}

interface Wish {
  merge: boolean;
  end: number;
  theme: GrafanaTheme2;
}

/** A lane a field: from each value to the next, equal neighbours joined if wished. */
export function lanesOf(series: DataFrame[], { merge, end, theme }: Wish): Lane[] {
  const lanes: Lane[] = [];
  for (const frame of series) {
    const time = frame.fields.find((f) => f.type === FieldType.time);
    if (!time) {
      continue;
    }
    for (const field of frame.fields) {
      if (field === time || field.type === FieldType.time || field.config.custom?.hideFrom?.viz) {
        continue;
      }
      const display = field.display ?? getDisplayProcessor({ field, theme });
      const step = time.config.interval ?? (time.values.length > 1 ? time.values[1] - time.values[0] : 60_000);
      const spans: Span[] = [];
      for (let i = 0; i < frame.length; i++) {
        const value = field.values[i];
        const from = time.values[i];
        const next = time.values[i + 1] ?? Math.min(from + step, end);
        const to = Math.min(next, from + step * 1.5) === next ? next : from + step;
        if (value === null || value === undefined) {
          continue;
        }
        const shown = display(value);
        const text = (merge && stepText(field, value)) || formattedValueToString(shown);
        const last = spans[spans.length - 1];
        if (merge && last && last.text === text && from - last.to <= step / 2) {
          last.to = to;
        } else {
          spans.push({ from, to, text, color: shown.color ?? '#888' });
        }
      }
      const { fillOpacity, lineWidth } = field.config.custom ?? {};
      lanes.push({ name: getFieldDisplayName(field, frame), spans, fill: fillOpacity, line: lineWidth });
    }
  }
  return lanes;
}

/** Numbers coloured by thresholds are told apart by these alone: "< 30", "30+". */
function stepText(field: Field, value: unknown): string | undefined {
  const { color, thresholds, mappings } = field.config;
  if (color?.mode !== FieldColorModeId.Thresholds || typeof value !== 'number' || !thresholds || thresholds.steps.length < 2 || thresholds.mode === ThresholdsMode.Percentage || mappings?.length) {
    return undefined;
  }
  const at = thresholds.steps.findLastIndex((s) => value >= (s.value ?? -Infinity));
  const told = (v: number) => formattedValueToString(field.display?.(v) ?? { text: String(v) });
  return at <= 0 ? `< ${told(thresholds.steps[1].value)}` : `${told(thresholds.steps[at].value)}+`;
}

function legendItems(lanes: Lane[]): VizLegendItem[] {
  const seen = new Map<string, string>();
  lanes.forEach((l) => l.spans.forEach((s) => seen.size < 50 && seen.set(s.text, s.color)));
  return [...seen].sort(([a], [b]) => a.localeCompare(b, undefined, { numeric: true })).map(([label, color]) => ({ label, color, yAxis: 1 }));
}

function makePanel(merges: boolean) {
  return function StatesPanel(props: PanelProps<Options>) {
    const { data, options, width, height, timeRange } = props;
    const theme = useTheme2();
    const [page, setPage] = useState(1);
    const merge = merges && options.mergeValues !== false;
    const lanes = useMemo(() => lanesOf(data.series, { merge, end: timeRange.to.valueOf(), theme }), [data.series, merge, timeRange, theme]);
    if (!hasData(data.series) || !lanes.length) {
      return <NoData {...props} />;
    }
    const perPage = options.perPage && options.perPage > 0 ? options.perPage : lanes.length;
    const pages = Math.ceil(lanes.length / perPage);
    const at = Math.min(page, pages);
    const paging = pages > 1 ? pagingHeight : 0;
    const shown = lanes.slice((at - 1) * perPage, at * perPage);
    const legend = options.legend?.showLegend !== false ? (
      <VizLayout.Legend placement={options.legend?.placement ?? 'bottom'}><VizLegend items={legendItems(lanes)} placement={options.legend?.placement ?? 'bottom'} displayMode={options.legend?.displayMode ?? LegendDisplayMode.List} readonly /></VizLayout.Legend>
    ) : null;
    return (
      <>
        <VizLayout width={width} height={height - paging} legend={legend}>{(w, h) => <Lanes panel={props} lanes={shown} width={w} height={h} gap={merges ? 0 : 1} />}</VizLayout>
        {pages > 1 && <div style={{ height: paging, display: 'flex', justifyContent: 'center', alignItems: 'center' }}><Pagination currentPage={at} numberOfPages={pages} onNavigate={setPage} /></div>}
      </>
    );
  };
}

/** Height of what turns the pages, pixels. */
const pagingHeight = 40;

interface LanesProps {
  panel: PanelProps<Options>;
  lanes: Lane[];
  width: number;
  height: number;
  gap: number;
}

function Lanes({ panel, lanes, width, height, gap }: LanesProps) {
  const { data, options, timeRange, timeZone, onChangeTimeRange } = panel;
  const [from, to] = [timeRange.from.valueOf(), timeRange.to.valueOf()];
  const theme = useTheme2();
  const [over, setOver] = useState<{ span: Span; lane: string; x: number; y: number }>();
  const left = Math.min(width * 0.3, 14 + 6.8 * Math.max(...lanes.map((l) => l.name.length), 2));
  const bottom = 22;
  const w = Math.max(width - left - 8, 1);
  const lane = Math.max((height - bottom) / lanes.length, 4);
  const thick = Math.max(lane * (options.rowHeight ?? 0.9), 2);
  const x = (t: number) => left + ((Math.min(Math.max(t, from), to) - from) / (to - from)) * w;
  const { cursor, handlers, dragged } = useTimeAxis({
    timeAt: (px) => from + (Math.min(Math.max(px - left, 0), w) / w) * (to - from),
    onZoom: onChangeTimeRange,
  });
  const events = eventsIn(data.annotations ?? [], (name) => theme.visualization.getColorByName(name)).filter((e) => e.to >= from && e.from <= to);
  const tall = lane * lanes.length;
  const narrow = options.colWidth && gap ? options.colWidth : 1;
  const clip = (t: string, room: number) => (t.length * 7 > room ? t.slice(0, Math.max(Math.floor(room / 7) - 1, 0)) + '…' : t);
  return (
    <div style={{ position: 'relative', width, height, overflow: 'auto' }}>
      <svg width={width} height={Math.max(tall + bottom, height)} role="img" aria-label={lanes.map((l) => l.name).join(', ')} data-testid="states" style={{ userSelect: 'none' }} {...handlers}>
        {timeTicks(from, to, Math.max(Math.floor(w / 110), 2), timeZone).map((t) => <text key={t.at} {...within(x(t.at), t.text, width)} y={tall + 16} fontSize={12} fill={theme.colors.text.primary}>{t.text}</text>)}
        {lanes.map((l, i) => (
          <g key={i} data-testid="lane">
            <text x={left - 8} y={i * lane + lane / 2 + 4} fontSize={12} textAnchor="end" fill={theme.colors.text.primary}>{clip(l.name, left)}</text>
            {l.spans.filter((s) => s.to > from && s.from < to).map((s, j) => {
              const [a, b] = [x(s.from), x(s.to)];
              const room = Math.max((b - a) * narrow - gap, 1);
              const labelled = options.showValue !== 'never' && (options.showValue === 'always' || s.text.length * 7 + 8 < room) && thick > 12;
              const anchor = options.alignValue === 'center' ? 'middle' : options.alignValue === 'right' ? 'end' : 'start';
              const at = anchor === 'middle' ? a + room / 2 : anchor === 'end' ? a + room - 4 : a + 4;
              return (
                <g key={j} onMouseMove={() => setOver({ span: s, lane: l.name, x: a, y: i * lane })} onMouseLeave={() => setOver(undefined)}>
                  <rect data-testid="state" data-text={s.text} x={a} y={i * lane + (lane - thick) / 2} width={room} height={thick} fill={s.color} fillOpacity={(l.fill ?? 70) / 100} stroke={s.color} strokeWidth={l.line ?? 0} />
                  {labelled && <text x={at} y={i * lane + lane / 2 + 4} fontSize={12} textAnchor={anchor} fill={theme.colors.getContrastText(s.color)} pointerEvents="none">{s.text}</text>}
                </g>
              );
            })}
          </g>
        ))}
        {events.map((e, i) => <EventLines key={i} event={e} x={x} height={tall} />)}
        {cursor !== undefined && cursor >= from && cursor <= to && <line data-testid="crosshair" x1={x(cursor)} x2={x(cursor)} y1={0} y2={tall} stroke={theme.colors.text.secondary} strokeDasharray="3 3" pointerEvents="none" />}
        {dragged && <rect x={dragged.left} width={dragged.width} y={0} height={tall} fill="rgba(128,128,160,.3)" pointerEvents="none" />}
      </svg>
      {events.map((e, i) => <Mark key={i} event={e} timeZone={timeZone} left={x(e.from)} right={x(e.to)} top={tall} />)}
      {over && !dragged?.width && options.tooltip?.mode !== 'none' && (
        <div role="tooltip" className={css({ position: 'absolute', pointerEvents: 'none', zIndex: 3, padding: 8, fontSize: 12, borderRadius: 4, background: theme.colors.background.elevated ?? theme.colors.background.secondary, boxShadow: theme.shadows.z2, border: `1px solid ${theme.colors.border.weak}` })} style={{ left: Math.min(over.x + 10, width - 220), top: Math.min(over.y + 20, height - 80) }}>
          <div>{over.lane}: <strong>{over.span.text}</strong></div>
          <div>{dateTimeFormat(over.span.from, { timeZone })} – {dateTimeFormat(over.span.to, { timeZone })}</div>
          <div>{formatDuration(over.span.to - over.span.from)}</div>
        </div>
      )}
    </div>
  );
}

function EventLines({ event: e, x, height }: { event: Event; x: (t: number) => number; height: number }) {
  const [a, b] = [x(e.from), x(e.to)];
  return (
    <g pointerEvents="none" data-testid="annotation">
      {b > a && <rect x={a} width={b - a} y={0} height={height} fill={e.color} fillOpacity={0.1} />}
      {(b > a ? [a, b] : [a]).map((at) => <line key={at} x1={at} x2={at} y1={0} y2={height} stroke={e.color} strokeDasharray="5 5" />)}
    </g>
  );
}

const choices = (...v: string[]) => ({ options: v.map((value) => ({ value, label: value[0].toUpperCase() + value.slice(1) })) }) as never;

function makePlugin(merges: boolean): PanelPlugin<Options> {
  return new PanelPlugin<Options>(makePanel(merges) as never)
    .setDataSupport({ annotations: true, alertStates: false })
    .useFieldConfig({
      standardOptions: {
        [FieldConfigProperty.Color]: { settings: { byValueSupport: true }, defaultValue: { mode: merges ? FieldColorModeId.ContinuousGrYlRd : FieldColorModeId.Thresholds } },
      },
      useCustomConfig: (b) => {
        b.addSliderInput({ path: 'lineWidth' as never, name: 'Line width', category: ['States'], defaultValue: (merges ? 0 : 1) as never, settings: { min: 0, max: 10 } });
        b.addSliderInput({ path: 'fillOpacity' as never, name: 'Fill opacity', category: ['States'], defaultValue: 70 as never, settings: { min: 0, max: 100 } });
        commonOptionsBuilder.addHideFrom(b as never);
      },
    })
    .setPanelOptions((b) => {
      if (merges) {
        b.addBooleanSwitch({ path: 'mergeValues', name: 'Merge equal consecutive values', defaultValue: true });
      }
      b.addRadio({ path: 'showValue', name: 'Show values', defaultValue: 'auto', settings: choices('auto', 'always', 'never') });
      b.addRadio({ path: 'alignValue', name: 'Align values', defaultValue: 'left', settings: choices('left', 'center', 'right') });
      b.addSliderInput({ path: 'rowHeight', name: 'Row height', defaultValue: 0.9, settings: { min: 0, max: 1, step: 0.01 } });
      b.addNumberInput({ path: 'perPage', name: 'Page size', description: 'Rows at a time', defaultValue: 20, settings: { min: 1, step: 1, integer: true } });
      commonOptionsBuilder.addTooltipOptions(b as never);
      commonOptionsBuilder.addLegendOptions(b as never, false);
    });
}

export const timeline = makePlugin(true);
export const history = makePlugin(false);
