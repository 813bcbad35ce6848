import { formattedValueToString, PanelPlugin, FieldConfigProperty, standardEditorsRegistry, type DataFrame, type Field, type PanelProps } from '@grafana/data';
import {
  AxisPlacement,
  BarAlignment,
  GraphDrawStyle,
  GraphGradientMode,
  GraphThresholdsStyleMode,
  LineInterpolation,
  SortOrder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  type GraphFieldConfig,
  type OptionsWithLegend,
  type VizTooltipOptions,
} from '@grafana/schema';
import { commonOptionsBuilder, EventBusPlugin, getGraphFieldOptions, TimeSeries, TooltipPlugin2, usePanelContext, useTheme2 } from '@grafana/ui';
import { DashboardCursorSync } from '@grafana/schema';
import { lazy, Suspense, useMemo, useState } from 'react';
import { Leave, Room } from './edges';
import { graphable } from './graphfields';
import { Marks } from './marks';
import { hasData, NoData } from './nodata';
import { paletteColors } from './options';
import type { Place } from './NewAnnotation';
import { ChartTooltip } from './tooltip';

const NewAnnotation = lazy(() => import('./NewAnnotation').then((m) => ({ default: m.NewAnnotation })));

interface Options extends OptionsWithLegend {
  tooltip: VizTooltipOptions & { hideZeros?: boolean };
  timezone?: string[];
}

/** One and the same, so that nothing is drawn anew for it. */
const none: DataFrame[] = [];

/** TooltipHoverMode is a const enum, which does not reach the build. */
const hover = { xOne: 0, xAll: 1 } as const;

/** How the values of a series are written. */
const formatOf = (field: Field | undefined) => (v: number) => (field?.display ? formattedValueToString(field.display(v)) : String(v));

function TimeSeriesPanel(props: PanelProps<Options>) {
  const { data, timeRange, timeZone, width, height, options, onChangeTimeRange, replaceVariables } = props;
  const theme = useTheme2();
  const { sync, eventsScope, eventBus, canAddAnnotations } = usePanelContext();
  const [added, setAdded] = useState<Place>();
  const frames = useMemo(() => graphable(data.series, theme), [data.series, theme]);
  if (!hasData(frames)) {
    return <NoData {...props} />;
  }
  const zones = options.timezone?.length ? options.timezone.map((z) => replaceVariables(z) || timeZone) : timeZone;
  const zone = Array.isArray(zones) ? zones[0] : zones;
  const mode = options.tooltip?.mode ?? TooltipDisplayMode.Single;
  return (
    <TimeSeries
      frames={frames}
      structureRev={data.structureRev}
      timeRange={timeRange}
      timeZone={zones}
      width={width}
      height={height}
      legend={options.legend}
      options={options as never}
    >
      {(config, aligned) => (
        <>
          <EventBusPlugin config={config} eventBus={eventBus} frame={aligned} />
          <TooltipPlugin2
            config={config}
            hoverMode={mode === TooltipDisplayMode.Multi ? (hover.xAll as never) : (hover.xOne as never)}
            queryZoom={({ from, to }) => onChangeTimeRange({ from, to })}
            clientZoom={true}
            syncMode={sync?.() ?? DashboardCursorSync.Off}
            syncScope={eventsScope}
            getDataLinks={(series, at) => (aligned.fields[series]?.getLinks?.({ valueRowIndex: at }) ?? []) as never}
            render={(u, indexes, seriesIndex, pinned, dismiss, range, viaSync, links) => {
              const add = canAddAnnotations?.() && ((place: Place) => {
                dismiss();
                setAdded(place);
              });
              if (range && add) { // dragged with Ctrl
                queueMicrotask(() => add(range));
                return null;
              }
              return mode === TooltipDisplayMode.None || u.over.querySelector('.exemplar:hover') ? null : (
                <ChartTooltip
                  frame={aligned}
                  indexes={indexes}
                  seriesIndex={seriesIndex}
                  mode={viaSync ? TooltipDisplayMode.Multi : mode}
                  sort={options.tooltip?.sort as SortOrder}
                  timeZone={zone}
                  links={links}
                  pinned={pinned}
                  hideZeros={options.tooltip?.hideZeros}
                  maxHeight={options.tooltip?.maxHeight}
                  annotate={add || undefined}
                />
              );
            }}
          />
          <Room config={config} />
          <Leave config={config} />
          <Marks config={config} frames={data.annotations ?? none} timeZone={zone} format={formatOf(aligned.fields[1])} />
          {added && <Suspense fallback={null}><NewAnnotation place={added} timeZone={zone} close={() => setAdded(undefined)} /></Suspense>}
        </>
      )}
    </TimeSeries>
  );
}

/** The editor of a kind of value, in the panel's options and in overrides. */
function edited(kind: string) {
  const { editor } = standardEditorsRegistry.get(kind);
  return { editor, override: editor, process: (value: unknown) => value, shouldApply: () => true };
}

/** The chart's words for how a series is drawn; bar and histogram charts share some. */
export const plugin = new PanelPlugin<Options, GraphFieldConfig>(TimeSeriesPanel as never)
  .setDataSupport({ annotations: true, alertStates: false })
  .setPanelOptions((b) => {
    b.addCustomEditor({ id: 'timezone', path: 'timezone', name: 'Time zone', category: ['Axis'], editor: standardEditorsRegistry.get('timezones').editor as never });
    commonOptionsBuilder.addTooltipOptions(b as never);
    commonOptionsBuilder.addLegendOptions(b as never);
  })
  .useFieldConfig({
    disableStandardOptions: [],
    standardOptions: { ...paletteColors, [FieldConfigProperty.Links]: { settings: { showOneClick: false } } },
    useCustomConfig: (b) => {
      const words = getGraphFieldOptions();
      const category = ['Graph styles'];
      const isNot = (style: GraphDrawStyle) => (c: GraphFieldConfig) => c.drawStyle !== style;
      b.addRadio({ path: 'drawStyle', name: 'Style', category, defaultValue: GraphDrawStyle.Line, settings: { options: words.drawStyle } })
        .addRadio({ path: 'lineInterpolation', name: 'Line interpolation', category, defaultValue: LineInterpolation.Linear, settings: { options: words.lineInterpolation }, showIf: (c) => c.drawStyle === GraphDrawStyle.Line })
        .addRadio({ path: 'barAlignment', name: 'Bar alignment', category, defaultValue: BarAlignment.Center, settings: { options: words.barAlignment }, showIf: (c) => c.drawStyle === GraphDrawStyle.Bars })
        .addSliderInput({ path: 'barWidthFactor', name: 'Bar width factor', category, defaultValue: 0.6, settings: { min: 0.1, max: 1, step: 0.1 }, showIf: (c) => c.drawStyle === GraphDrawStyle.Bars })
        .addSliderInput({ path: 'lineWidth', name: 'Line width', category, defaultValue: 1, settings: { min: 0, max: 10, step: 1 }, showIf: isNot(GraphDrawStyle.Points) })
        .addSliderInput({ path: 'fillOpacity', name: 'Fill opacity', category, defaultValue: 0, settings: { min: 0, max: 100, step: 1 }, showIf: isNot(GraphDrawStyle.Points) })
        .addRadio({ path: 'gradientMode', name: 'Gradient mode', category, defaultValue: GraphGradientMode.None, settings: { options: words.fillGradient }, showIf: isNot(GraphDrawStyle.Points) })
        .addRadio({ path: 'showPoints', name: 'Show points', category, defaultValue: VisibilityMode.Auto, settings: { options: words.showPoints }, showIf: isNot(GraphDrawStyle.Points) })
        .addSliderInput({ path: 'pointSize', name: 'Point size', category, defaultValue: 5, settings: { min: 1, max: 40, step: 1 } });
      const isLine = (c: GraphFieldConfig) => c.drawStyle === GraphDrawStyle.Line;
      b.addCustomEditor({ id: 'lineStyle', path: 'lineStyle', name: 'Line style', category, ...edited('line-style'), showIf: isLine } as never);
      b.addCustomEditor({ id: 'spanNulls', path: 'spanNulls', name: 'Connect null values', category, defaultValue: false, ...edited('nulls'), settings: { always: true }, showIf: isLine } as never);
      b.addCustomEditor({ id: 'insertNulls', path: 'insertNulls', name: 'Disconnect values', category, defaultValue: false, ...edited('nulls'), showIf: isLine } as never);
      b.addCustomEditor({ id: 'fillBelowTo', path: 'fillBelowTo', name: 'Fill below to', category, ...edited('series'), hideFromDefaults: true } as never);
      commonOptionsBuilder.addStackingConfig(b as never, { mode: StackingMode.None, group: 'A' }, category);
      b.addSelect({
        path: 'transform', name: 'Transform', category, ...{ hideFromDefaults: true },
        settings: { options: [{ label: 'Constant', value: 'constant' }, { label: 'Negative Y', value: 'negative-Y' }] as never },
      });
      commonOptionsBuilder.addAxisConfig(b as never, { axisPlacement: AxisPlacement.Auto } as never);
      commonOptionsBuilder.addHideFrom(b as never);
      b.addSelect({
        path: 'thresholdsStyle.mode', name: 'Show thresholds', category: ['Thresholds'], defaultValue: GraphThresholdsStyleMode.Off,
        settings: { options: words.thresholdsDisplayModes as never },
      });
    },
  });
