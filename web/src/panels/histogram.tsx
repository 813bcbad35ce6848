import { FieldType, formattedValueToString, getDisplayProcessor, getFieldDisplayName, PanelPlugin, type DataFrame, type Field, type PanelProps } from '@grafana/data';
import { LegendDisplayMode, type LegendPlacement } from '@grafana/schema';
import { commonOptionsBuilder, useTheme2, VizLayout, VizLegend, type VizLegendItem } from '@grafana/ui';
import { useMemo } from 'react';
import { Bars, type BarSeries } from './Bars';
import { sizeOf } from './buckets';
import { hasData, NoData } from './nodata';
import { paletteColors } from './options';

interface Options {
  bucketSize?: number;
  bucketCount?: number;
  bucketOffset?: number;
  combine?: boolean;
  stacking?: 'none' | 'normal' | 'percent';
  legend: { showLegend: boolean; displayMode: LegendDisplayMode; placement: LegendPlacement };
  tooltip?: { mode?: string };
}

export interface Histogram {
  bounds: number[];
  counts: number[][];
}

/** How many values of each list lie in each bucket. */
export function histogramOf(lists: number[][], o: { size?: number; count?: number; offset?: number }): Histogram {
  const all = lists.flat();
  const size = o.size && o.size > 0 ? o.size : sizeOf(all, undefined, o.count || 30);
  const offset = o.offset ?? 0;
  const at = (v: number) => Math.floor((v - offset) / size + 1e-9);
  let first = Infinity;
  let last = -Infinity;
  for (const v of all) {
    first = Math.min(first, at(v));
    last = Math.max(last, at(v));
  }
  const n = Math.min(last - first + 1, 2000);
  const counts = lists.map((list) => {
    const c = new Array<number>(n).fill(0);
    list.forEach((v) => at(v) - first < n && c[at(v) - first]++);
    return c;
  });
  return { bounds: Array.from({ length: n + 1 }, (_, i) => round((first + i) * size + offset, size)), counts };
}

function round(v: number, size: number): number {
  const digits = Math.max(0, Math.min(12, 2 - Math.floor(Math.log10(size))));
  return Number(v.toFixed(digits));
}

interface Numbers {
  field: Field;
  frame: DataFrame;
  values: number[];
  /** In the legend alone: it has no values here. */
  hidden: boolean;
}

function numbersOf(series: DataFrame[]): Numbers[] {
  return series.flatMap((frame) =>
    frame.fields.filter((f) => f.type === FieldType.number).map((field) => {
      const hidden = Boolean(field.config.custom?.hideFrom?.viz);
      const values = hidden ? [] : (field.values as Array<number | null>).filter((v): v is number => v !== null && Number.isFinite(v));
      return { field, frame, hidden, values };
    })
  );
}

function HistogramPanel(props: PanelProps<Options>) {
  const { data, options, width, height } = props;
  const theme = useTheme2();
  const fields = useMemo(() => numbersOf(data.series), [data.series]);
  const found = useMemo(() => {
    const lists = options.combine ? [fields.flatMap((f) => f.values)] : fields.map((f) => f.values);
    return lists.some((l) => l.length) ? histogramOf(lists, { size: options.bucketSize, count: options.bucketCount, offset: options.bucketOffset }) : undefined;
  }, [fields, options.combine, options.bucketSize, options.bucketCount, options.bucketOffset]);
  if (!hasData(data.series) || !found) {
    return <NoData {...props} />;
  }
  const counting = getDisplayProcessor({ field: { type: FieldType.number, config: { unit: 'short' } }, theme });
  const series = found.counts.map((values, i): BarSeries => {
    const { field, frame, hidden } = fields[i];
    const display = field.display ?? getDisplayProcessor({ field, theme });
    return { hidden: hidden && !options.combine, name: options.combine ? 'Combined' : getFieldDisplayName(field, frame), values, display: counting, color: display(field.values[0]).color ?? theme.visualization.getColorByName('green') };
  });
  const first = fields[0].field;
  const unit = first.display ?? getDisplayProcessor({ field: first, theme });
  const items = series.map((s): VizLegendItem => ({ label: s.name, color: s.color, yAxis: 1, disabled: s.hidden }));
  const legend = options.legend?.showLegend ? <VizLayout.Legend placement={options.legend.placement}><VizLegend items={items} placement={options.legend.placement} displayMode={options.legend.displayMode} readonly={options.combine} /></VizLayout.Legend> : null;
  const custom = first.config.custom ?? {};
  return (
    <VizLayout width={width} height={height} legend={legend}>
      {(w, h) => <Bars categories={found.bounds.slice(0, -1).map((b) => formattedValueToString(unit(b)))} series={series.filter((s) => !s.hidden)} width={w} height={h} bounds showValue="never" groupWidth={1} barWidth={0.95} stacking={options.stacking} overlay={!options.stacking || options.stacking === 'none'} fill={custom.fillOpacity ?? 80} line={custom.lineWidth ?? 1} tooltip={options.tooltip?.mode} />}
    </VizLayout>
  );
}

export const plugin = new PanelPlugin<Options>(HistogramPanel as never)
  .useFieldConfig({
    standardOptions: paletteColors,
    useCustomConfig: (b) => {
      b.addSliderInput({ path: 'lineWidth' as never, name: 'Line width', category: ['Histogram'], defaultValue: 1 as never, settings: { min: 0, max: 10, step: 1 } });
      b.addSliderInput({ path: 'fillOpacity' as never, name: 'Fill opacity', category: ['Histogram'], defaultValue: 80 as never, settings: { min: 0, max: 100, step: 1 } });
      commonOptionsBuilder.addHideFrom(b as never);
    },
  })
  .setPanelOptions((b) => {
    b.addNumberInput({ path: 'bucketCount', name: 'Bucket count', settings: { placeholder: '30', min: 1 } });
    b.addNumberInput({ path: 'bucketSize', name: 'Bucket size', settings: { placeholder: 'Auto', min: 0 } });
    b.addNumberInput({ path: 'bucketOffset', name: 'Bucket offset', settings: { placeholder: '0' } });
    b.addBooleanSwitch({ path: 'combine', name: 'Combine series', defaultValue: false });
    commonOptionsBuilder.addTooltipOptions(b as never);
    commonOptionsBuilder.addLegendOptions(b as never);
  });
