import { PanelPlugin, VizOrientation, type PanelProps } from '@grafana/data';
import { BarGaugeDisplayMode, BarGaugeNamePlacement, BarGaugeValueMode } from '@grafana/schema';
import { BarGauge, useTheme2 } from '@grafana/ui';
import { addOrientation, addReduceOptions, addTextSize } from './options';
import { Values, type SingleOptions } from './values';

interface Options extends SingleOptions {
  displayMode: BarGaugeDisplayMode;
  valueMode?: BarGaugeValueMode;
  namePlacement?: BarGaugeNamePlacement;
  showUnfilled?: boolean;
  sizing?: 'auto' | 'manual';
  minVizWidth?: number;
  minVizHeight?: number;
  maxVizHeight?: number;
}

function BarGaugePanel(panel: PanelProps<Options>) {
  const theme = useTheme2();
  const { options } = panel;
  const manual = options.sizing === 'manual';
  const lcd = options.displayMode === BarGaugeDisplayMode.Lcd; // its cells are as far apart as this
  return (
    <Values
      panel={panel}
      itemSpacing={10}
      minVizWidth={manual ? options.minVizWidth : 8}
      minVizHeight={manual ? options.minVizHeight : 16}
      draw={({ value, width, height, orientation, alignmentFactors }, menu) => (
        <BarGauge
          value={value.display}
          width={width}
          height={height}
          orientation={orientation ?? VizOrientation.Horizontal}
          field={value.field}
          text={options.text}
          display={value.view?.getFieldDisplayProcessor(value.colIndex ?? 0)}
          theme={theme}
          itemSpacing={lcd ? 2 : 10}
          lcdCellWidth={options.displayMode === BarGaugeDisplayMode.Basic ? undefined : 12}
          displayMode={options.displayMode ?? BarGaugeDisplayMode.Gradient}
          onClick={menu?.openMenu as never}
          className={menu?.targetClassName}
          alignmentFactors={alignmentFactors as never}
          showUnfilled={options.showUnfilled}
          valueDisplayMode={options.valueMode}
          namePlacement={options.namePlacement}
          isOverflow={false}
        />
      )}
    />
  );
}

const choices = (...values: Array<[string, string]>) => ({ options: values.map(([value, label]) => ({ value, label })) }) as never;

export const plugin = new PanelPlugin<Options>(BarGaugePanel as never).useFieldConfig().setPanelOptions((b) => {
  addReduceOptions(b);
  addOrientation(b);
  b.addRadio({ path: 'displayMode', name: 'Display mode', defaultValue: BarGaugeDisplayMode.Gradient, settings: choices(['gradient', 'Gradient'], ['lcd', 'Retro LCD'], ['basic', 'Basic']) });
  b.addRadio({ path: 'valueMode', name: 'Value display', defaultValue: BarGaugeValueMode.Color, settings: choices(['color', 'Value color'], ['text', 'Text color'], ['hidden', 'Hidden']) });
  b.addRadio({ path: 'namePlacement', name: 'Name placement', defaultValue: BarGaugeNamePlacement.Auto, settings: choices(['auto', 'Auto'], ['top', 'Top'], ['left', 'Left'], ['hidden', 'Hidden']) });
  b.addBooleanSwitch({ path: 'showUnfilled', name: 'Show unfilled area', defaultValue: true });
  addTextSize(b);
});
