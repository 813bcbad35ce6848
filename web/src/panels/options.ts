/* Options that several panels have. */
import { FieldColorModeId, FieldConfigProperty, PanelOptionsEditorBuilder, standardEditorsRegistry, type SetFieldConfigOptionsArgs } from '@grafana/data';

/** How series become one value each. */
export function addReduceOptions(b: PanelOptionsEditorBuilder<any>): void {
  const category = ['Value options'];
  b.addRadio({
    path: 'reduceOptions.values', name: 'Show', category, defaultValue: false,
    settings: { options: [{ value: false, label: 'Calculate' }, { value: true, label: 'All values' }] },
  });
  b.addNumberInput({ path: 'reduceOptions.limit', name: 'Limit', category, showIf: (o) => o.reduceOptions?.values === true });
  b.addCustomEditor({
    id: 'reduceOptions.calcs', path: 'reduceOptions.calcs', name: 'Calculation', category, defaultValue: ['lastNotNull'],
    editor: standardEditorsRegistry.get('stats-picker').editor as never, showIf: (o) => o.reduceOptions?.values !== true,
  });
  b.addTextInput({ path: 'reduceOptions.fields', name: 'Fields', description: 'A name or /a regular expression/; empty: all numbers', category, defaultValue: '' });
}

export function addOrientation(b: PanelOptionsEditorBuilder<any>): void {
  b.addRadio({
    path: 'orientation', name: 'Orientation', defaultValue: 'auto',
    settings: { options: [{ value: 'auto', label: 'Auto' }, { value: 'horizontal', label: 'Horizontal' }, { value: 'vertical', label: 'Vertical' }] },
  });
}

export function addTextSize(b: PanelOptionsEditorBuilder<any>): void {
  for (const [path, name] of [['text.titleSize', 'Title'], ['text.valueSize', 'Value']]) {
    b.addNumberInput({ path, name: name + ' size', category: ['Text size'], settings: { placeholder: 'Auto', integer: true, min: 1, max: 200 } });
  }
}

/** Series of different colours, as charts have them. */
export const paletteColors: SetFieldConfigOptionsArgs<any>['standardOptions'] = {
  [FieldConfigProperty.Color]: {
    settings: { byValueSupport: true, bySeriesSupport: true, preferThresholdsMode: false },
    defaultValue: { mode: FieldColorModeId.PaletteClassic },
  },
};
