/* Panels that show one value a series, side by side. */
import { getDisplayValueAlignmentFactors, getFieldDisplayValues, LoadingState, type FieldDisplay, type PanelProps, type ReduceDataOptions, VizOrientation } from '@grafana/data';
import { DataLinksContextMenu, useTheme2, VizRepeater, type DataLinksContextMenuApi, type VizRepeaterRenderValueProps } from '@grafana/ui';
import { useMemo, type ReactElement, type ReactNode } from 'react';
import { NoData } from './nodata';

export interface SingleOptions {
  reduceOptions: ReduceDataOptions;
  orientation: VizOrientation;
  text?: { titleSize?: number; valueSize?: number };
}

interface Props<O extends SingleOptions> {
  panel: PanelProps<O>;
  sparkline?: boolean;
  percentChange?: boolean;
  itemSpacing?: number;
  minVizWidth?: number;
  minVizHeight?: number;
  draw: (p: VizRepeaterRenderValueProps<FieldDisplay>, menu?: DataLinksContextMenuApi) => ReactNode;
}

export function Values<O extends SingleOptions>({ panel, sparkline, percentChange, draw, ...layout }: Props<O>) {
  const { data, fieldConfig, options, replaceVariables, timeZone, width, height, renderCounter } = panel;
  const theme = useTheme2();
  const values = useMemo(
    () =>
      getFieldDisplayValues({
        fieldConfig,
        reduceOptions: { ...options.reduceOptions, calcs: options.reduceOptions?.calcs ?? ['lastNotNull'] },
        replaceVariables,
        theme,
        data: data.series,
        sparkline,
        percentChange,
        timeZone,
      }),
    [data.series, fieldConfig, options.reduceOptions, theme, timeZone, sparkline, percentChange, replaceVariables]
  );
  const empty = !data.series.some((f) => f.length > 0);
  if (empty && data.state !== LoadingState.Streaming && !fieldConfig.defaults.noValue) {
    return <NoData {...panel} />;
  }
  return (
    <VizRepeater
      source={data}
      getValues={() => values}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={(p) => linked(p, draw)}
      width={width}
      height={height}
      renderCounter={renderCounter}
      orientation={options.orientation ?? VizOrientation.Auto}
      autoGrid
      {...layout}
    />
  );
}

/** A value with links opens them. */
function linked(p: VizRepeaterRenderValueProps<FieldDisplay>, draw: Props<SingleOptions>['draw']): ReactElement {
  const { hasLinks, getLinks } = p.value;
  if (hasLinks && getLinks) {
    return (
      <DataLinksContextMenu links={getLinks} style={{ flexGrow: 1 }}>
        {(api) => <>{draw(p, api)}</>}
      </DataLinksContextMenu>
    );
  }
  return <>{draw(p)}</>;
}
