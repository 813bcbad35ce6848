/* Bars over categories, drawn as SVG: bar charts and histograms. */
import { formattedValueToString, type DisplayProcessor } from '@grafana/data';
import { useTheme2 } from '@grafana/ui';
import { css } from '@emotion/css';
import { useState } from 'react';
import { axisTicks, within } from './ticks';

export interface BarSeries {
  name: string;
  color: string;
  /** One a category; null has no bar. */
  values: Array<number | null>;
  /** Colours by value, if a bar has its own. */
  colors?: string[];
  display: DisplayProcessor;
  /** In the legend alone. */
  hidden?: boolean;
}

interface Props {
  categories: string[];
  series: BarSeries[];
  width: number;
  height: number;
  horizontal?: boolean;
  stacking?: 'none' | 'normal' | 'percent';
  groupWidth?: number;
  barWidth?: number;
  fill?: number;
  line?: number;
  min?: number;
  max?: number;
  showValue?: 'auto' | 'always' | 'never';
  radius?: number;
  /** Series stand over each other. */
  overlay?: boolean;
  /** Degrees by which the categories' names rise to the right. */
  rotate?: number;
  /** Pixels between names at least; below 0 counted from the last one. */
  spacing?: number;
  /** Marks stand between categories, as bounds of buckets do. */
  bounds?: boolean;
  tooltip?: string;
}

interface Bar {
  series: number;
  category: number;
  from: number;
  to: number;
  value: number;
  color: string;
}

/** Each bar from where to where on the value axis. */
export function barsOf(series: BarSeries[], count: number, stacking: Props['stacking']): Bar[] {
  const bars: Bar[] = [];
  for (let c = 0; c < count; c++) {
    const total = series.reduce((n, s) => n + Math.abs(s.values[c] ?? 0), 0) || 1;
    let above = 0;
    let below = 0;
    series.forEach((s, i) => {
      const value = s.values[c];
      if (value === null || value === undefined || !Number.isFinite(value)) {
        return;
      }
      const size = stacking === 'percent' ? value / total : value;
      const from = !stacking || stacking === 'none' ? 0 : size >= 0 ? above : below;
      if (size >= 0) {
        above = from + size;
      } else {
        below = from + size;
      }
      bars.push({ series: i, category: c, from, to: from + size, value, color: s.colors?.[c] ?? s.color });
    });
  }
  return bars;
}

export function Bars(p: Props) {
  const theme = useTheme2();
  const [over, setOver] = useState<number>();
  const bars = barsOf(p.series, p.categories.length, p.stacking);
  const low = p.min ?? Math.min(0, ...bars.map((b) => Math.min(b.from, b.to)));
  const high = p.max ?? (Math.max(...bars.map((b) => Math.max(b.from, b.to)), low + 1e-9) || 1);
  const display = p.series.at(0)?.display;
  const format = (v: number) => (p.stacking === 'percent' ? `${Math.round(v * 100)}%` : display ? formattedValueToString(display(v)) : String(v));
  const widest = p.horizontal && p.showValue === 'always' ? Math.max(...bars.map((b) => formattedValueToString(p.series[b.series].display(b.value)).length), 0) * 7 : 0;
  const turn = p.horizontal ? 0 : ((p.rotate ?? 0) * Math.PI) / 180;
  const names = turn ? p.categories.map((c) => clip(c, longest)) : p.categories;
  const nameWidth = 7 * Math.max(...names.map((c) => c.length), 3);
  const below = turn ? Math.min(nameWidth * Math.abs(Math.sin(turn)) + 18, p.height / 2) : 24;
  const [top, right] = [14, 12 + widest];
  const h = Math.max(p.height - top - below, 1);
  const marks = axisTicks(low, high, Math.max(Math.floor(h / 45), 2), false); // of a vertical value axis
  const margin = { left: p.horizontal ? Math.min(p.width * 0.3, 12 + nameWidth) : Math.max(52, 10 + 7 * Math.max(...marks.map((t) => format(t).length))), right, top, bottom: below };
  const w = Math.max(p.width - margin.left - margin.right, 1);
  const length = p.horizontal ? w : h;
  const slot = (p.horizontal ? h : w) / Math.max(p.categories.length, 1);
  const along = (v: number) => ((v - low) / (high - low || 1)) * length;
  const stacked = p.overlay || (p.stacking && p.stacking !== 'none');
  const group = slot * (p.groupWidth ?? 0.7);
  const each = group / (stacked ? 1 : Math.max(p.series.length, 1));
  const thick = Math.max(each * (p.barWidth ?? 0.97), 1);
  const rect = (b: Bar) => {
    const at = b.category * slot + (slot - group) / 2 + (stacked ? 0 : b.series * each) + (each - thick) / 2;
    const [a, z] = [along(Math.min(b.from, b.to)), along(Math.max(b.from, b.to))];
    return p.horizontal ? { x: margin.left + a, y: margin.top + at, width: z - a, height: thick } : { x: margin.left + at, y: margin.top + h - z, width: thick, height: z - a };
  };
  const ticks = p.horizontal ? axisTicks(low, high, Math.max(Math.floor(w / 90), 2), false) : marks;
  const room = Math.max(p.horizontal ? 16 : turn ? 16 / Math.max(Math.abs(Math.sin(turn)), 0.2) : Math.min(nameWidth + 10, 110), Math.abs(p.spacing ?? 0));
  const every = Math.max(Math.ceil(room / slot), 1);
  const named = (i: number) => ((p.spacing ?? 0) < 0 ? p.categories.length - 1 - i : i) % every === 0;
  const grid = theme.isDark ? 'rgba(240,250,255,.09)' : 'rgba(0,10,23,.09)';
  const text = { fontSize: 12, fill: theme.colors.text.primary };
  const values = p.showValue === 'always' || (p.showValue !== 'never' && thick > 30 && !stacked);
  const told = over === undefined ? undefined : bars[over];
  return (
    <div style={{ position: 'relative', width: p.width, height: p.height }}>
      <svg width={p.width} height={p.height} role="img" aria-label={`${bars.length} bars`} data-testid="bars">
        {ticks.map((t) => (
          <g key={t}>
            {p.horizontal ? <line x1={margin.left + along(t)} x2={margin.left + along(t)} y1={margin.top} y2={margin.top + h} stroke={grid} /> : <line x1={margin.left} x2={margin.left + w} y1={margin.top + h - along(t)} y2={margin.top + h - along(t)} stroke={grid} />}
            {p.horizontal ? <text {...text} {...within(margin.left + along(t), format(t), p.width)} y={p.height - 7}>{format(t)}</text> : <text {...text} x={margin.left - 6} y={margin.top + h - along(t) + 4} textAnchor="end">{format(t)}</text>}
          </g>
        ))}
        {names.map((c, i) => named(i) && (p.horizontal ? (
          <text key={i} {...text} x={margin.left - 6} y={margin.top + (i + 0.5) * slot + 4} textAnchor="end">{clip(c, margin.left / 7)}</text>
        ) : turn ? (
          <Turned key={i} text={c} degrees={p.rotate ?? 0} x={margin.left + (i + 0.5) * slot} y={margin.top + h + 8} />
        ) : (
          <text key={i} {...text} {...within(margin.left + (i + (p.bounds ? 0 : 0.5)) * slot, clip(c, (slot * every) / 7), p.width)} y={p.height - 7}>{clip(c, (slot * every) / 7)}</text>
        )))}
        {bars.map((b, i) => {
          const r = rect(b);
          return (
            <g key={i} onMouseEnter={() => setOver(i)} onMouseLeave={() => setOver(undefined)}>
              <path d={barPath(r, (p.radius ?? 0) * thick, p.horizontal ? 'x' : 'y', b.to < b.from)} data-testid="bar" fill={b.color} fillOpacity={over === i ? 1 : (p.fill ?? 80) / 100} stroke={b.color} strokeWidth={p.line ?? 1} />
              {values && <text {...text} x={p.horizontal ? r.x + r.width + 4 : r.x + r.width / 2} y={p.horizontal ? r.y + r.height / 2 + 4 : r.y - 4} textAnchor={p.horizontal ? 'start' : 'middle'}>{display ? formattedValueToString(p.series[b.series].display(b.value)) : b.value}</text>}
            </g>
          );
        })}
      </svg>
      {told && p.tooltip !== 'none' && (
        <div role="tooltip" className={css({ position: 'absolute', pointerEvents: 'none', zIndex: 3, padding: 8, fontSize: 12, borderRadius: 4, background: theme.colors.background.elevated ?? theme.colors.background.secondary, boxShadow: theme.shadows.z2, border: `1px solid ${theme.colors.border.weak}` })} style={{ left: Math.min(rect(told).x + 10, p.width - 160), top: Math.max(rect(told).y - 10, 0) }}>
          <div>{p.bounds && p.categories[told.category + 1] ? `${p.categories[told.category]} – ${p.categories[told.category + 1]}` : p.categories[told.category]}</div>
          {(p.overlay ? bars.filter((b) => b.category === told.category && b.value) : [told]).map((b) => (
            <div key={b.series}><span style={{ color: b.color }}>■</span> {p.series[b.series].name} <strong>{formattedValueToString(p.series[b.series].display(b.value))}</strong></div>
          ))}
        </div>
      )}
    </div>
  );
}

/** Letters of a name that stands at an angle, at most. */
const longest = 40;

/** A name that rises to the right, or falls: it ends, or begins, below its bar. */
function Turned({ text, degrees, x, y }: { text: string; degrees: number; x: number; y: number }) {
  const theme = useTheme2();
  return <text fontSize={12} fill={theme.colors.text.primary} transform={`translate(${x} ${y}) rotate(${-degrees})`} textAnchor={degrees > 0 ? 'end' : 'start'} dominantBaseline="middle">{text}</text>;
}

interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A bar that is round at the end where its value is. */
export function barPath({ x, y, width: w, height: h }: Rect, radius: number, along: 'x' | 'y', negative: boolean): string {
  const r = Math.max(Math.min(radius, along === 'y' ? w / 2 : h / 2, along === 'y' ? h : w), 0);
  const [tl, tr, br, bl] = along === 'y' ? (negative ? [0, 0, r, r] : [r, r, 0, 0]) : negative ? [r, 0, 0, r] : [0, r, r, 0];
  const corner = (c: number, dx: number, dy: number) => (c ? `a${c},${c} 0 0 1 ${dx},${dy}` : '');
  return `M${x + tl},${y}H${x + w - tr}${corner(tr, tr, tr)}V${y + h - br}${corner(br, -br, br)}H${x + bl}${corner(bl, -bl, -bl)}V${y + tl}${corner(tl, tl, -tl)}Z`;
}

function clip(text: string, chars: number): string {
  const n = Math.max(Math.floor(chars), 2);
  return text.length > n ? text.slice(0, n - 1) + '…' : text;
}
