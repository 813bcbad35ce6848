import { FieldColorModeId, FieldConfigProperty, formattedValueToString, getFieldDisplayValues, PanelPlugin, type FieldDisplay, type PanelProps, type ReduceDataOptions } from '@grafana/data';
import { LegendDisplayMode, type LegendPlacement } from '@grafana/schema';
import { commonOptionsBuilder, DataLinksContextMenu, useTheme2, VizLayout, VizLegend, type VizLegendItem } from '@grafana/ui';
import { css } from '@emotion/css';
import { useMemo, useState, type MouseEventHandler, type ReactElement } from 'react';
import { NoData } from './nodata';
import { addReduceOptions } from './options';

type Part = 'name' | 'value' | 'percent';

interface Options {
  reduceOptions: ReduceDataOptions;
  pieType: 'pie' | 'donut';
  sort?: 'desc' | 'asc' | 'none';
  displayLabels: Part[];
  legend: { showLegend: boolean; displayMode: LegendDisplayMode; placement: LegendPlacement; values?: Part[]; width?: number };
  tooltip?: { mode: 'single' | 'multi' | 'none' };
}

interface Slice {
  value: FieldDisplay;
  share: number;
  from: number;
  to: number;
}

/** What has a value above nothing, sorted, with its part of the whole. */
export function slicesOf(values: FieldDisplay[], sort: Options['sort']): Slice[] {
  const shown = values.filter((v) => Number.isFinite(v.display.numeric) && v.display.numeric > 0 && !v.field.custom?.hideFrom?.viz);
  if (sort !== 'none') {
    shown.sort((a, b) => (sort === 'asc' ? 1 : -1) * (a.display.numeric - b.display.numeric));
  }
  const total = shown.reduce((sum, v) => sum + v.display.numeric, 0);
  let at = 0;
  return shown.map((value) => {
    const share = value.display.numeric / total;
    const from = at;
    at += share;
    return { value, share, from, to: at };
  });
}

function percentText(share: number): string {
  return `${Math.round(share * 100)}%`;
}

function textOf(s: Slice, parts: Part[]): string[] {
  return parts.map((p) => (p === 'name' ? (s.value.display.title ?? '') : p === 'value' ? formattedValueToString(s.value.display) : percentText(s.share)));
}

function sector(cx: number, cy: number, outer: number, inner: number, from: number, to: number): string {
  const whole = to - from > 0.9999;
  const end = whole ? from + 0.9999 : to;
  const at = (r: number, turn: number) => `${cx + r * Math.sin(turn * 2 * Math.PI)} ${cy - r * Math.cos(turn * 2 * Math.PI)}`;
  const large = end - from > 0.5 ? 1 : 0;
  return `M ${at(outer, from)} A ${outer} ${outer} 0 ${large} 1 ${at(outer, end)} L ${at(inner, end)} A ${inner} ${inner} 0 ${large} 0 ${at(inner, from)} Z`;
}

function Pie({ slices, width, height, options }: { slices: Slice[]; width: number; height: number; options: Options }) {
  const theme = useTheme2();
  const [over, setOver] = useState<number>();
  const r = Math.max(Math.min(width, height) / 2 - 6, 4);
  const inner = options.pieType === 'donut' ? r * 0.6 : 0;
  const told = over === undefined ? undefined : slices[over];
  return (
    <div style={{ position: 'relative', width, height }}>
      <svg width={width} height={height} role="img" aria-label={slices.map((s) => textOf(s, ['name', 'value', 'percent']).join(' ')).join(', ')}>
        {slices.map((s, i) => (
          <Linked key={i} value={s.value}>
            {(open) => (
              <path data-testid="pie-slice" d={sector(width / 2, height / 2, over === i ? r + 3 : r, inner, s.from, s.to)} fill={s.value.display.color} stroke={theme.colors.background.primary} strokeWidth={1} cursor={s.value.hasLinks ? 'pointer' : undefined} onClick={open} onMouseEnter={() => setOver(i)} onMouseLeave={() => setOver(undefined)}>
                <title>{textOf(s, ['name', 'value', 'percent']).join('  ')}</title>
              </path>
            )}
          </Linked>
        ))}
        {slices.filter((s) => s.share > 0.04).map((s, i) => <SliceLabel key={i} slice={s} lines={textOf(s, options.displayLabels ?? [])} cx={width / 2} cy={height / 2} r={(r + inner) / 2 + (inner ? 0 : r * 0.15)} size={Math.min(Math.max(r / 8, 9), 14)} />)}
      </svg>
      {told && options.tooltip?.mode !== 'none' && (
        <div className={css({ position: 'absolute', top: 4, left: 4, pointerEvents: 'none', padding: '4px 8px', borderRadius: 4, background: theme.colors.background.secondary, boxShadow: theme.shadows.z2, fontSize: 12 })}>
          {textOf(told, ['name', 'value', 'percent']).join('  ')}
        </div>
      )}
    </div>
  );
}

/** A slice with one link is one; with several it opens their list. */
function Linked({ value, children }: { value: FieldDisplay; children: (open?: MouseEventHandler<SVGElement>) => ReactElement }) {
  const { hasLinks, getLinks } = value;
  if (!hasLinks || !getLinks) {
    return children();
  }
  return <DataLinksContextMenu links={getLinks}>{({ openMenu }) => children(openMenu as never)}</DataLinksContextMenu>;
}

function SliceLabel({ slice, lines, cx, cy, r, size }: { slice: Slice; lines: string[]; cx: number; cy: number; r: number; size: number }) {
  const theme = useTheme2();
  const turn = ((slice.from + slice.to) / 2) * 2 * Math.PI;
  const x = cx + r * Math.sin(turn);
  const y = cy - r * Math.cos(turn) - ((lines.length - 1) * size) / 2;
  return (
    <text textAnchor="middle" fontSize={size} fill={theme.colors.getContrastText(slice.value.display.color ?? '#888')} pointerEvents="none">
      {lines.map((l, i) => <tspan key={i} x={x} y={y + i * size * 1.1 + size / 3}>{l}</tspan>)}
    </text>
  );
}

function PiePanel(props: PanelProps<Options>) {
  const { data, fieldConfig, options, replaceVariables, timeZone, width, height } = props;
  const theme = useTheme2();
  const values = useMemo(
    () => getFieldDisplayValues({ fieldConfig, reduceOptions: options.reduceOptions, data: data.series, theme, replaceVariables, timeZone }),
    [data.series, fieldConfig, options.reduceOptions, theme, replaceVariables, timeZone]
  );
  const slices = slicesOf(values, options.sort);
  if (!data.series.some((f) => f.length) || !values.length) {
    return <NoData {...props} />;
  }
  const { legend } = options;
  const items = slices.map((s): VizLegendItem => ({
    label: s.value.display.title ?? '',
    color: s.value.display.color,
    yAxis: 1,
    getDisplayValues: () => (legend.values ?? []).map((v) => (v === 'percent' ? { numeric: s.share * 100, text: percentText(s.share), title: 'Percent' } : { ...s.value.display, title: 'Value' })),
  }));
  const hidden = values.filter((v) => v.field.custom?.hideFrom?.viz).map((v): VizLegendItem => ({ label: v.display.title ?? '', color: v.display.color, yAxis: 1, disabled: true }));
  const shown = legend?.showLegend !== false && (
    <VizLayout.Legend placement={legend.placement ?? 'right'} width={legend.width} maxHeight="35%" maxWidth="50%">
      <VizLegend items={[...items, ...hidden]} placement={legend.placement ?? 'right'} displayMode={legend.displayMode ?? LegendDisplayMode.List} readonly={options.reduceOptions?.values} />
    </VizLayout.Legend>
  );
  return <VizLayout width={width} height={height} legend={shown || null}>{(w, h) => <Pie slices={slices} width={w} height={h} options={options} />}</VizLayout>;
}

const parts = [{ value: 'name', label: 'Name' }, { value: 'value', label: 'Value' }, { value: 'percent', label: 'Percent' }];

export const plugin = new PanelPlugin<Options>(PiePanel as never)
  .useFieldConfig({
    standardOptions: { [FieldConfigProperty.Color]: { settings: { byValueSupport: true, bySeriesSupport: true, preferThresholdsMode: false }, defaultValue: { mode: FieldColorModeId.PaletteClassic } } },
    useCustomConfig: (b) => commonOptionsBuilder.addHideFrom(b as never),
  })
  .setPanelOptions((b) => {
    addReduceOptions(b);
    b.addRadio({ path: 'pieType', name: 'Piechart type', defaultValue: 'pie', settings: { options: [{ value: 'pie', label: 'Pie' }, { value: 'donut', label: 'Donut' }] } });
    b.addRadio({ path: 'sort', name: 'Slice sorting', defaultValue: 'desc', settings: { options: [{ value: 'desc', label: 'Descending' }, { value: 'asc', label: 'Ascending' }, { value: 'none', label: 'None' }] } });
    b.addMultiSelect({ path: 'displayLabels', name: 'Labels', defaultValue: [] as never, settings: { options: parts as never } });
    commonOptionsBuilder.addTooltipOptions(b as never);
    commonOptionsBuilder.addLegendOptions(b as never, false);
    b.addMultiSelect({ path: 'legend.values', name: 'Legend values', category: ['Legend'], settings: { options: parts.slice(1) as never }, showIf: (o) => o.legend?.showLegend !== false });
  });
