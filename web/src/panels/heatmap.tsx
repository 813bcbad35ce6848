import { dateTimeFormat, formattedValueToString, getValueFormat, PanelPlugin, type PanelOptionsEditorBuilder, type PanelProps } from '@grafana/data';
import { useTheme2, VizLayout } from '@grafana/ui';
import { css } from '@emotion/css';
import { useMemo, useRef, useState, useLayoutEffect } from 'react';
import { heatOf, type Cell, type Heat } from './buckets';
import { NoData } from './nodata';
import { paletteOf, schemes } from './palette';
import { useCursor } from './timeaxis';
import { axisTicks, timeTicks, within } from './ticks';

interface Options {
  calculate?: boolean;
  calculation?: Parameters<typeof heatOf>[2];
  color?: { mode?: string; scheme?: string; fill?: string; steps?: number; exponent?: number; scale?: string; min?: number; max?: number; reverse?: boolean };
  cellGap?: number;
  cellValues?: { unit?: string; decimals?: number };
  filterValues?: { le?: number; ge?: number };
  rowsFrame?: { layout?: string; value?: string };
  yAxis?: { unit?: string; decimals?: number; min?: number; max?: number; reverse?: boolean; axisPlacement?: string; axisLabel?: string };
  legend?: { show?: boolean };
  tooltip?: { mode?: string };
}

interface Scale {
  x: (t: number) => number;
  y: (v: number) => number;
  back: { x: (px: number) => number; y: (px: number) => number };
}

const margin = { left: 56, right: 8, top: 6, bottom: 22 };

function scaleOf(heat: Heat, range: { from: number; to: number }, box: { w: number; h: number }, o: Options): Scale {
  const lows = heat.cells.map((c) => c.y0).filter(Number.isFinite);
  const highs = heat.cells.map((c) => c.y1).filter(Number.isFinite);
  const useLog = Boolean(heat.log) && !heat.rows;
  const f = (v: number) => (useLog ? Math.log(Math.max(v, Number.MIN_VALUE)) : v);
  const low = f(heat.rows ? 0 : (o.yAxis?.min ?? Math.min(...lows)));
  const high = f(heat.rows ? heat.rows.length : (o.yAxis?.max ?? Math.max(...highs)));
  const span = high - low || 1;
  const w = box.w - margin.left - margin.right;
  const h = box.h - margin.top - margin.bottom;
  const flip = (share: number) => (o.yAxis?.reverse ? share : 1 - share);
  return {
    x: (t) => margin.left + ((t - range.from) / (range.to - range.from)) * w,
    y: (v) => margin.top + flip((f(v) - low) / span) * h,
    back: {
      x: (px) => range.from + ((px - margin.left) / w) * (range.to - range.from),
      y: (px) => {
        const share = flip((px - margin.top) / h);
        const v = low + share * span;
        return useLog ? Math.exp(v) : v;
      },
    },
  };
}

function HeatmapPanel(props: PanelProps<Options>) {
  const { data, options, width, height, timeRange } = props;
  const heat = useMemo(() => heatOf(data.series, Boolean(options.calculate), options.calculation, { x: Math.max(width / 12, 10), y: Math.max(height / 14, 6) }), [data.series, options.calculate, options.calculation, width, height]);
  const from = timeRange.from.valueOf();
  const to = timeRange.to.valueOf();
  const least = options.filterValues?.le ?? 1e-9;
  const most = options.filterValues?.ge;
  const cells = useMemo(() => heat.cells.filter((c) => c.x1 >= from && c.x0 <= to && c.count > least && (most === undefined || c.count < most)), [heat, from, to, least, most]);
  if (!cells.length) {
    return <NoData {...props} />;
  }
  let least0 = Infinity;
  let most0 = -Infinity;
  for (const c of cells) {
    least0 = Math.min(least0, c.count);
    most0 = Math.max(most0, c.count);
  }
  const color = { ...options.color, min: options.color?.min ?? least0, max: options.color?.max ?? most0 };
  const legend = options.legend?.show !== false ? <VizLayout.Legend placement="bottom"><ColorBar color={color} count={countFormat(options)} /></VizLayout.Legend> : null;
  return <VizLayout width={width} height={height} legend={legend}>{(w, h) => <Canvas {...props} heat={heat} cells={cells} color={color} width={w} height={h} />}</VizLayout>;
}

/** How counts are written. */
function countFormat({ cellValues }: Options): (n: number) => string {
  const of = getValueFormat(cellValues?.unit || 'short');
  return (n) => formattedValueToString(of(n, cellValues?.decimals));
}

type Color = NonNullable<Options['color']> & { min: number; max: number };

function colorFor(color: Color, theme: ReturnType<typeof useTheme2>): (count: number) => string {
  const palette = paletteOf(color, theme);
  const span = color.max - color.min;
  const exponent = color.mode === 'opacity' && color.scale !== 'linear' ? (color.exponent ?? 0.5) : 1;
  return (count) => palette[Math.round(Math.min(Math.max(span ? (count - color.min) / span : 1, 0), 1) ** exponent * (palette.length - 1))];
}

function ColorBar({ color, count }: { color: Color; count: (n: number) => string }) {
  const theme = useTheme2();
  const palette = paletteOf(color, theme);
  return (
    <div className={css({ display: 'flex', gap: 8, alignItems: 'center', fontSize: 11, paddingTop: 4 })}>
      <span>{count(color.min)}</span>
      <span className={css({ flex: '0 1 300px', height: 8, borderRadius: 2 })} style={{ background: `linear-gradient(to right, ${palette.join(',')})` }} />
      <span>{count(color.max)}</span>
    </div>
  );
}

interface CanvasProps extends PanelProps<Options> {
  heat: Heat;
  cells: Cell[];
  color: Color;
}

function Canvas({ heat, cells, color, width, height, options, timeRange, timeZone, onChangeTimeRange }: CanvasProps) {
  const theme = useTheme2();
  const ref = useRef<HTMLCanvasElement>(null);
  const { cursor, point, leave } = useCursor();
  const [over, setOver] = useState<{ cell: Cell; x: number; y: number }>();
  const [drag, setDrag] = useState<{ from: number; to: number }>();
  const range = { from: timeRange.from.valueOf(), to: timeRange.to.valueOf() };
  const scale = scaleOf(heat, range, { w: width, h: height }, options);
  const paint = colorFor(color, theme);
  const count = countFormat(options);
  const unit = options.yAxis?.unit || heat.field?.config.unit;
  const format = useMemo(() => {
    const of = getValueFormat(unit ?? 'short');
    return (v: number) => formattedValueToString(of(v, options.yAxis?.decimals));
  }, [unit, options.yAxis]);
  useLayoutEffect(() => {
    const canvas = ref.current;
    const ctx = canvas?.getContext('2d');
    if (!canvas || !ctx) {
      return;
    }
    const ratio = window.devicePixelRatio;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    ctx.scale(ratio, ratio);
    ctx.clearRect(0, 0, width, height);
    drawAxes(ctx, heat, scale, { width, height, range, timeZone, format, ownNames: !unit, text: theme.colors.text.primary, grid: theme.isDark ? 'rgba(240,250,255,.07)' : 'rgba(0,10,23,.07)', font: theme.typography.fontFamily });
    const gap = options.cellGap ?? 1;
    ctx.save();
    ctx.beginPath();
    ctx.rect(margin.left, margin.top, width - margin.left - margin.right, height - margin.top - margin.bottom);
    ctx.clip();
    for (const c of cells) {
      const [x0, x1] = [scale.x(c.x0), scale.x(c.x1)];
      const [ya, yb] = [scale.y(c.y0), scale.y(c.y1)];
      ctx.fillStyle = paint(c.count);
      ctx.fillRect(x0, Math.min(ya, yb), Math.max(x1 - x0 - gap, 1), Math.max(Math.abs(yb - ya) - gap, 1));
    }
    ctx.restore();
  });
  const at = (e: React.MouseEvent) => {
    const box = e.currentTarget.getBoundingClientRect();
    return { x: e.clientX - box.left, y: e.clientY - box.top };
  };
  const move = (e: React.MouseEvent) => {
    const p = at(e);
    if (drag) {
      setDrag({ ...drag, to: p.x });
      return;
    }
    const t = scale.back.x(p.x);
    point(Math.min(Math.max(t, range.from), range.to));
    const v = scale.back.y(p.y);
    const cell = cells.find((c) => t >= c.x0 && t < c.x1 && v >= c.y0 && v < c.y1);
    setOver(cell && { cell, ...p });
  };
  const up = () => {
    if (drag && Math.abs(drag.to - drag.from) > 4) {
      const [a, b] = [scale.back.x(Math.min(drag.from, drag.to)), scale.back.x(Math.max(drag.from, drag.to))];
      onChangeTimeRange({ from: a, to: b });
    }
    setDrag(undefined);
  };
  return (
    <div style={{ position: 'relative', width, height }}>
      <canvas ref={ref} style={{ width, height }} data-testid="heatmap" data-cells={cells.length} role="img" aria-label={`Heatmap of ${cells.length} cells, counts from ${count(color.min)} to ${count(color.max)}`} onMouseMove={move} onMouseLeave={() => { leave(); setOver(undefined); setDrag(undefined); }} onMouseDown={(e) => setDrag({ from: at(e).x, to: at(e).x })} onMouseUp={up} />
      {cursor !== undefined && cursor >= range.from && cursor <= range.to && <div data-testid="crosshair" style={{ position: 'absolute', pointerEvents: 'none', top: margin.top, height: height - margin.top - margin.bottom, left: scale.x(cursor), borderLeft: `1px dashed ${theme.colors.text.secondary}` }} />}
      {drag && <div style={{ position: 'absolute', pointerEvents: 'none', top: margin.top, height: height - margin.top - margin.bottom, left: Math.min(drag.from, drag.to), width: Math.abs(drag.to - drag.from), background: 'rgba(128,128,160,.3)' }} />}
      {over && options.tooltip?.mode !== 'none' && (
        <div className={css({ position: 'absolute', pointerEvents: 'none', zIndex: 3, padding: 8, fontSize: 12, borderRadius: 4, whiteSpace: 'nowrap', background: theme.colors.background.elevated ?? theme.colors.background.secondary, boxShadow: theme.shadows.z2, border: `1px solid ${theme.colors.border.weak}` })} style={{ left: Math.min(over.x + 12, width - 180), top: Math.min(over.y + 12, height - 70) }}>
          <div>{dateTimeFormat(over.cell.x0, { timeZone })} – {dateTimeFormat(over.cell.x1, { timeZone })}</div>
          <div>{heat.rows ? bucketText(heat.rows, over.cell.y0) : `${format(over.cell.y0)} – ${format(over.cell.y1)}`}</div>
          <div>Count <strong>{count(over.cell.count)}</strong></div>
        </div>
      )}
    </div>
  );
}

function bucketText(rows: string[], row: number): string {
  return row > 0 && !Number.isNaN(Number(rows[row - 1])) ? `${rows[row - 1]} – ${rows[row]}` : rows[row];
}

interface Axes {
  width: number;
  height: number;
  range: { from: number; to: number };
  timeZone: string;
  format: (v: number) => string;
  /** Buckets are called what their bounds are: no unit is given. */
  ownNames: boolean;
  text: string;
  grid: string;
  font: string;
}

function drawAxes(ctx: CanvasRenderingContext2D, heat: Heat, scale: Scale, a: Axes): void {
  ctx.font = `12px ${a.font}`;
  ctx.fillStyle = a.text;
  ctx.strokeStyle = a.grid;
  ctx.textBaseline = 'middle';
  ctx.textAlign = 'right';
  const line = (x0: number, y0: number, x1: number, y1: number) => {
    ctx.beginPath();
    ctx.moveTo(x0, y0);
    ctx.lineTo(x1, y1);
    ctx.stroke();
  };
  for (const t of yTicks(heat, a)) {
    const y = scale.y(t.at);
    if (y >= margin.top - 1 && y <= a.height - margin.bottom + 1) {
      ctx.fillText(t.text, margin.left - 6, t.between ? (y + scale.y(t.at + 1)) / 2 : y);
      line(margin.left, y, a.width - margin.right, y);
    }
  }
  ctx.textAlign = 'center';
  for (const t of timeTicks(a.range.from, a.range.to, Math.max(Math.floor(a.width / 110), 2), a.timeZone)) {
    const x = scale.x(t.at);
    line(x, margin.top, x, a.height - margin.bottom);
    const at = within(x, t.text, a.width);
    ctx.textAlign = at.textAnchor === 'end' ? 'right' : 'center';
    ctx.fillText(t.text, at.x, a.height - margin.bottom / 2);
  }
}

function yTicks(heat: Heat, a: Axes): Array<{ at: number; text: string; between?: boolean }> {
  if (heat.rows) {
    const every = Math.ceil((heat.rows.length * 14) / Math.max(a.height - 30, 1));
    return heat.rows.map((name, i) => ({ at: i, text: a.ownNames || Number.isNaN(Number(name)) ? name : a.format(Number(name)), between: true })).filter((_, i) => i % every === 0);
  }
  const lows = heat.cells.map((c) => c.y0).filter(Number.isFinite);
  const highs = heat.cells.map((c) => c.y1).filter(Number.isFinite);
  return axisTicks(Math.min(...lows), Math.max(...highs), Math.max(Math.floor(a.height / 40), 2), Boolean(heat.log)).map((at) => ({ at, text: a.format(at) }));
}

/** By how many buckets, or of what size, values are counted here. */
function addBuckets(b: PanelOptionsEditorBuilder<Options>, axis: 'xBuckets' | 'yBuckets', name: string): void {
  const showIf = (o: Options) => Boolean(o.calculate);
  b.addRadio({ path: `calculation.${axis}.mode`, name, showIf, defaultValue: 'size', settings: { options: [{ value: 'size', label: 'Size' }, { value: 'count', label: 'Count' }] } });
  b.addTextInput({ path: `calculation.${axis}.value`, name: `${name}: value`, showIf, settings: { placeholder: 'Auto' } });
}

export const plugin = new PanelPlugin<Options>(HeatmapPanel as never).useFieldConfig({ disableStandardOptions: [] }).setPanelOptions((b) => {
  b.addRadio({ path: 'calculate', name: 'Calculate from data', defaultValue: false, settings: { options: [{ value: true, label: 'Yes' }, { value: false, label: 'No' }] } });
  addBuckets(b, 'xBuckets', 'X Buckets');
  addBuckets(b, 'yBuckets', 'Y Buckets');
  b.addUnitPicker({ path: 'yAxis.unit', name: 'Unit', category: ['Y axis'] });
  b.addNumberInput({ path: 'yAxis.decimals', name: 'Decimals', category: ['Y axis'] });
  b.addNumberInput({ path: 'yAxis.min', name: 'Min', category: ['Y axis'] });
  b.addNumberInput({ path: 'yAxis.max', name: 'Max', category: ['Y axis'] });
  b.addBooleanSwitch({ path: 'yAxis.reverse', name: 'Reverse', category: ['Y axis'], defaultValue: false });
  b.addRadio({ path: 'color.mode', name: 'Mode', category: ['Colors'], defaultValue: 'scheme', settings: { options: [{ value: 'scheme', label: 'Scheme' }, { value: 'opacity', label: 'Opacity' }] } });
  b.addSelect({ path: 'color.scheme', name: 'Scheme', category: ['Colors'], defaultValue: 'Oranges', settings: { options: Object.keys(schemes).map((v) => ({ value: v, label: v })) }, showIf: (o) => o.color?.mode !== 'opacity' });
  const isOpacity = (o: Options) => o.color?.mode === 'opacity';
  b.addColorPicker({ path: 'color.fill', name: 'Color', category: ['Colors'], defaultValue: 'dark-orange', showIf: isOpacity });
  b.addRadio({ path: 'color.scale', name: 'Scale', category: ['Colors'], defaultValue: 'exponential', settings: { options: [{ value: 'exponential', label: 'Exponential' }, { value: 'linear', label: 'Linear' }] }, showIf: isOpacity });
  b.addSliderInput({ path: 'color.exponent', name: 'Exponent', category: ['Colors'], defaultValue: 0.5, settings: { min: 0.1, max: 2, step: 0.1 }, showIf: (o) => isOpacity(o) && o.color?.scale !== 'linear' });
  b.addSliderInput({ path: 'color.steps', name: 'Steps', category: ['Colors'], defaultValue: 64, settings: { min: 2, max: 128, step: 1 } });
  b.addBooleanSwitch({ path: 'color.reverse', name: 'Reverse', category: ['Colors'], defaultValue: false });
  b.addNumberInput({ path: 'color.min', name: 'Start color scale from value', category: ['Colors'] });
  b.addNumberInput({ path: 'color.max', name: 'End color scale at value', category: ['Colors'] });
  b.addSliderInput({ path: 'cellGap', name: 'Cell gap', category: ['Cell display'], defaultValue: 1, settings: { min: 0, max: 25 } });
  b.addUnitPicker({ path: 'cellValues.unit', name: 'Unit', category: ['Cell display'] });
  b.addNumberInput({ path: 'cellValues.decimals', name: 'Decimals', category: ['Cell display'], settings: { placeholder: 'Auto' } });
  b.addRadio({ path: 'tooltip.mode', name: 'Tooltip mode', category: ['Tooltip'], defaultValue: 'single', settings: { options: [{ value: 'single', label: 'Single' }, { value: 'none', label: 'Hidden' }] } });
  b.addNumberInput({ path: 'filterValues.le', name: 'Hide cells with values at most', category: ['Cell display'], defaultValue: 1e-9 });
  b.addBooleanSwitch({ path: 'legend.show', name: 'Show legend', category: ['Legend'], defaultValue: true });
});
