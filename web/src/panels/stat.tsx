import { PanelPlugin, type PanelProps } from '@grafana/data';
import { BigValue, BigValueColorMode, BigValueGraphMode, BigValueJustifyMode, BigValueTextMode, useTheme2 } from '@grafana/ui';
import { PercentChangeColorMode } from '@grafana/schema';
import { addOrientation, addReduceOptions, addTextSize } from './options';
import { Values, type SingleOptions } from './values';

interface Options extends SingleOptions {
  colorMode: BigValueColorMode;
  graphMode: BigValueGraphMode;
  justifyMode: BigValueJustifyMode;
  textMode: BigValueTextMode;
  wideLayout?: boolean;
  showPercentChange?: boolean;
  percentChangeColorMode?: PercentChangeColorMode;
}

function StatPanel(panel: PanelProps<Options>) {
  const theme = useTheme2();
  const { options, timeRange } = panel;
  return (
    <Values
      panel={panel}
      sparkline={options.graphMode !== BigValueGraphMode.None}
      percentChange={options.showPercentChange}
      itemSpacing={3}
      draw={({ value, width, height, count, alignmentFactors }, menu) => {
        if (value.sparkline) {
          value.sparkline.timeRange = timeRange;
        }
        return (
          <BigValue
            value={value.display}
            count={count}
            sparkline={value.sparkline}
            colorMode={options.colorMode}
            graphMode={options.graphMode}
            justifyMode={options.justifyMode}
            textMode={options.textMode}
            alignmentFactors={alignmentFactors as never}
            text={options.text}
            width={width}
            height={height}
            theme={theme}
            onClick={menu?.openMenu as never}
            className={menu?.targetClassName}
            disableWideLayout={options.wideLayout === false}
            percentChangeColorMode={options.percentChangeColorMode}
          />
        );
      }}
    />
  );
}

const radio = (...values: Array<[string, string]>) => ({ options: values.map(([value, label]) => ({ value, label })) }) as never;

export const plugin = new PanelPlugin<Options>(StatPanel as never).setNoPadding().useFieldConfig().setPanelOptions((b) => {
  addReduceOptions(b);
  addOrientation(b);
  b.addSelect({ path: 'textMode', name: 'Text mode', defaultValue: BigValueTextMode.Auto, settings: radio(['auto', 'Auto'], ['value', 'Value'], ['value_and_name', 'Value and name'], ['name', 'Name'], ['none', 'None']) });
  b.addRadio({ path: 'wideLayout', name: 'Wide layout', defaultValue: true, settings: { options: [{ value: true, label: 'On' }, { value: false, label: 'Off' }] } });
  b.addSelect({ path: 'colorMode', name: 'Color mode', defaultValue: BigValueColorMode.Value, settings: radio(['none', 'None'], ['value', 'Value'], ['background', 'Background gradient'], ['background_solid', 'Background solid']) });
  b.addRadio({ path: 'graphMode', name: 'Graph mode', defaultValue: BigValueGraphMode.Area, settings: radio(['none', 'None'], ['area', 'Area']) });
  b.addRadio({ path: 'justifyMode', name: 'Text alignment', defaultValue: BigValueJustifyMode.Auto, settings: radio(['auto', 'Auto'], ['center', 'Center']) });
  b.addBooleanSwitch({ path: 'showPercentChange', name: 'Show percent change', defaultValue: false });
  b.addSelect({ path: 'percentChangeColorMode', name: 'Percent change color', defaultValue: PercentChangeColorMode.Standard, settings: radio(['standard', 'Standard'], ['inverted', 'Inverted'], ['same_as_value', 'Same as value']), showIf: (o) => Boolean(o.showPercentChange) });
  addTextSize(b);
});
