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
  const margin = { left: p.horizontal ? Math.min(p.width * 0.3, 12 + 7 * Math.max(...p.categories.map((c) => c.length), 2)) : 52, right: 12 + widest, top: 14, bottom: 24 };
  const w = Math.max(p.width - margin.left - margin.right, 1);
  const h = Math.max(p.height - margin.top - margin.bottom, 1);
  const length = p.horizontal ? w : h;
  const slot = (p.horizontal ? h : w) / Math.max(p.categories.length, 1);
  const along = (v: number) => ((v - low) / (high - low || 1)) * length;
  const stacked = p.stacking && p.stacking !== 'none';
  const group = slot * (p.groupWidth ?? 0.7);
  const each = group / (stacked ? 1 : Math.max(p.series.length, 1));
  const thick = Math.max(each * (p.barWidth ?? 0.97), 1);
  const rect = (b: Bar) => {
    const at = b.category * slot + (slot - group) / 2 + (stacked ? 0 : b.series * each) + (each - thick) / 2;
    const [a, z] = [along(Math.min(b.from, b.to)), along(Math.max(b.from, b.to))];
    return p.horizontal ? { x: margin.left + a, y: margin.top + at, width: z - a, height: thick } : { x: margin.left + at, y: margin.top + h - z, width: thick, height: z - a };
  };
  const ticks = axisTicks(low, high, Math.max(Math.floor(length / (p.horizontal ? 90 : 45)), 2), false);
  const every = Math.max(Math.ceil((p.horizontal ? 16 : Math.min(7 * Math.max(...p.categories.map((c) => c.length), 3) + 10, 110)) / slot), 1);
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
        {p.categories.map((c, i) => i % every === 0 && (p.horizontal ? (
          <text key={i} {...text} x={margin.left - 6} y={margin.top + (i + 0.5) * slot + 4} textAnchor="end">{clip(c, margin.left / 7)}</text>
        ) : (
          <text key={i} {...text} {...within(margin.left + (i + (p.bounds ? 0 : 0.5)) * slot, clip(c, (slot * every) / 7), p.width)} y={p.height - 7}>{clip(c, (slot * every) / 7)}</text>
        )))}
        {bars.map((b, i) => {
          const r = rect(b);
          return (
            <g key={i} onMouseEnter={() => setOver(i)} onMouseLeave={() => setOver(undefined)}>
              <rect {...r} data-testid="bar" rx={(p.radius ?? 0) * thick * 0.5} fill={b.color} fillOpacity={over === i ? 1 : (p.fill ?? 80) / 100} stroke={b.color} strokeWidth={p.line ?? 1} />
              {values && <text {...text} x={p.horizontal ? r.x + r.width + 4 : r.x + r.width / 2} y={p.horizontal ? r.y + r.height / 2 + 4 : r.y - 4} textAnchor={p.horizontal ? 'start' : 'middle'}>{display ? formattedValueToString(p.series[b.series].display(b.value)) : b.value}</text>}
            </g>
          );
        })}
      </svg>
      {told && p.tooltip !== 'none' && (
        <div role="tooltip" className={css({ position: 'absolute', pointerEvents: 'none', zIndex: 3, padding: 8, fontSize: 12, borderRadius: 4, background: theme.colors.background.elevated ?? theme.colors.background.secondary, boxShadow: theme.shadows.z2, border: `1px solid ${theme.colors.border.weak}` })} style={{ left: Math.min(rect(told).x + 10, p.width - 160), top: Math.max(rect(told).y - 10, 0) }}>
          <div>{p.bounds && p.categories[told.category + 1] ? `${p.categories[told.category]} – ${p.categories[told.category + 1]}` : p.categories[told.category]}</div>
          <div><span style={{ color: told.color }}>■</span> {p.series[told.series].name} <strong>{formattedValueToString(p.series[told.series].display(told.value))}</strong></div>
        </div>
      )}
    </div>
  );
}

function clip(text: string, chars: number): string {
  const n = Math.max(Math.floor(chars), 2);
  return text.length > n ? text.slice(0, n - 1) + '…' : text;
}
