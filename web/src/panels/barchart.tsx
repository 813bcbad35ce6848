import { dateTimeFormat, FieldType, formattedValueToString, getDisplayProcessor, getFieldDisplayName, outerJoinDataFrames, PanelPlugin, type DataFrame, type Field, type GrafanaTheme2, type PanelProps } from '@grafana/data';
import { LegendDisplayMode, type LegendPlacement } from '@grafana/schema';
import { commonOptionsBuilder, useTheme2, VizLayout, VizLegend, type VizLegendItem } from '@grafana/ui';
import { Bars, type BarSeries } from './Bars';
import { hasData, NoData } from './nodata';
import { paletteColors } from './options';

interface Options {
  orientation?: 'auto' | 'horizontal' | 'vertical';
  xField?: string;
  colorByField?: string;
  stacking?: 'none' | 'normal' | 'percent';
  showValue?: 'auto' | 'always' | 'never';
  groupWidth?: number;
  barWidth?: number;
  barRadius?: number;
  xTickLabelRotation?: number;
  xTickLabelSpacing?: number;
  xTickLabelMaxLength?: number;
  legend: { showLegend: boolean; displayMode: LegendDisplayMode; placement: LegendPlacement; calcs?: string[] };
  tooltip?: { mode?: string };
}

/** One frame of all: several are joined on their first field. */
function oneFrame(series: DataFrame[]): DataFrame | undefined {
  const used = series.filter((f) => f.length);
  return used.length > 1 ? outerJoinDataFrames({ frames: used }) : used[0];
}

function categoryField(frame: DataFrame, wanted: string | undefined): Field | undefined {
  return (
    frame.fields.find((f) => wanted && getFieldDisplayName(f, frame) === wanted) ??
    frame.fields.find((f) => f.type === FieldType.string || f.type === FieldType.enum) ??
    frame.fields.find((f) => f.type === FieldType.time)
  );
}

function textOf(f: Field, value: unknown, timeZone: string): string {
  if (f.type === FieldType.time) {
    return dateTimeFormat(value as number, { timeZone, format: 'MM/DD HH:mm' });
  }
  return f.display ? formattedValueToString(f.display(value)) : String(value ?? '');
}

/** The colour of each category, where a field of its own gives it. */
function categoryColors(frame: DataFrame, name: string | undefined, theme: GrafanaTheme2): string[] | undefined {
  const by = frame.fields.find((f) => name && getFieldDisplayName(f, frame) === name);
  const display = by && (by.display ?? getDisplayProcessor({ field: by, theme }));
  return display && by.values.map((v) => display(v).color ?? '#888');
}

function seriesOf(frame: DataFrame, x: Field, theme: GrafanaTheme2, colorBy?: string): BarSeries[] {
  const own = categoryColors(frame, colorBy, theme);
  return frame.fields
    .filter((f) => f !== x && f.type === FieldType.number)
    .map((f) => {
      const display = f.display ?? getDisplayProcessor({ field: f, theme });
      const byValue = f.config.color?.mode === 'thresholds' || f.config.color?.mode?.startsWith('continuous') || (f.config.mappings ?? []).length > 0;
      const last = f.values.filter((v) => v !== null && v !== undefined).at(-1);
      return { name: getFieldDisplayName(f, frame), hidden: Boolean(f.config.custom?.hideFrom?.viz), display, values: f.values as number[], color: display(last ?? 0).color ?? '#888', colors: own ?? (byValue ? f.values.map((v) => display(v).color ?? '#888') : undefined) };
    });
}

function BarChartPanel(props: PanelProps<Options>) {
  const { data, options, width, height, timeZone } = props;
  const theme = useTheme2();
  const frame = oneFrame(data.series);
  const x = frame && categoryField(frame, options.xField);
  const series = frame && x ? seriesOf(frame, x, theme, options.colorByField) : [];
  if (!hasData(data.series) || !frame || !x || !series.length) {
    return <NoData {...props} />;
  }
  const custom = frame.fields.find((f) => f !== x && f.type === FieldType.number)?.config;
  const items = series.map((s): VizLegendItem => ({ label: s.name, color: s.color, yAxis: 1, disabled: s.hidden }));
  const legend = options.legend?.showLegend ? (
    <VizLayout.Legend placement={options.legend.placement}><VizLegend items={items} placement={options.legend.placement} displayMode={options.legend.displayMode ?? LegendDisplayMode.List} /></VizLayout.Legend>
  ) : null;
  const most = options.xTickLabelMaxLength || Infinity;
  const categories = Array.from({ length: frame.length }, (_, i) => textOf(x, x.values[i], timeZone)).map((c) => (c.length > most ? c.slice(0, most) + '…' : c));
  return (
    <VizLayout width={width} height={height} legend={legend}>
      {(w, h) => (
        <Bars
          categories={categories}
          series={series.filter((s) => !s.hidden)}
          width={w}
          height={h}
          horizontal={options.orientation === 'horizontal' || (options.orientation !== 'vertical' && h > 2 * w)}
          stacking={options.stacking}
          showValue={options.showValue}
          groupWidth={options.groupWidth}
          barWidth={options.barWidth}
          radius={options.barRadius}
          rotate={options.xTickLabelRotation}
          spacing={options.xTickLabelSpacing}
          fill={custom?.custom?.fillOpacity}
          line={custom?.custom?.lineWidth}
          min={custom?.min ?? undefined}
          max={custom?.max ?? undefined}
          tooltip={options.tooltip?.mode}
        />
      )}
    </VizLayout>
  );
}

const choices = (...v: string[]) => ({ options: v.map((value) => ({ value, label: value[0].toUpperCase() + value.slice(1) })) }) as never;

const spacings = [[0, 'None'], [100, 'Small'], [200, 'Medium'], [300, 'Large'], [-100, 'Small, from the last'], [-200, 'Medium, from the last'], [-300, 'Large, from the last']].map(([value, label]) => ({ value: value as number, label: label as string }));

export const plugin = new PanelPlugin<Options>(BarChartPanel as never)
  .useFieldConfig({
    standardOptions: paletteColors,
    useCustomConfig: (b) => {
      b.addSliderInput({ path: 'lineWidth' as never, name: 'Line width', category: ['Bar chart'], defaultValue: 1 as never, settings: { min: 0, max: 10, step: 1 } });
      b.addSliderInput({ path: 'fillOpacity' as never, name: 'Fill opacity', category: ['Bar chart'], defaultValue: 80 as never, settings: { min: 0, max: 100, step: 1 } });
      commonOptionsBuilder.addHideFrom(b as never);
    },
  })
  .setPanelOptions((b) => {
    b.addTextInput({ path: 'xField', name: 'X axis', description: 'Name of the field; empty: the first text or time' });
    b.addRadio({ path: 'orientation', name: 'Orientation', defaultValue: 'auto', settings: choices('auto', 'horizontal', 'vertical') });
    b.addSliderInput({ path: 'xTickLabelRotation', name: 'Rotate x-axis tick labels', defaultValue: 0, settings: { min: -90, max: 90, step: 15 } });
    b.addSelect({ path: 'xTickLabelSpacing', name: 'X-axis labels minimum spacing', defaultValue: 0, settings: { options: spacings } });
    b.addNumberInput({ path: 'xTickLabelMaxLength', name: 'X-axis tick label max length', settings: { placeholder: 'None', min: 0, integer: true } });
    b.addTextInput({ path: 'colorByField', name: 'Color by field', description: 'Name of the field whose values colour the bars' });
    b.addRadio({ path: 'showValue', name: 'Show values', defaultValue: 'auto', settings: choices('auto', 'always', 'never') });
    b.addRadio({ path: 'stacking', name: 'Stacking', defaultValue: 'none', settings: choices('none', 'normal', 'percent') });
    b.addSliderInput({ path: 'groupWidth', name: 'Group width', defaultValue: 0.7, settings: { min: 0, max: 1, step: 0.01 } });
    b.addSliderInput({ path: 'barWidth', name: 'Bar width', defaultValue: 0.97, settings: { min: 0, max: 1, step: 0.01 } });
    b.addSliderInput({ path: 'barRadius', name: 'Bar radius', defaultValue: 0, settings: { min: 0, max: 0.5, step: 0.05 } });
    commonOptionsBuilder.addTooltipOptions(b as never);
    commonOptionsBuilder.addLegendOptions(b as never);
  });
