/* The registries that Grafana's libraries leave to whoever hosts them. */
import {
  booleanOverrideProcessor,
  dataLinksOverrideProcessor,
  displayNameOverrideProcessor,
  FieldColorModeId,
  identityOverrideProcessor,
  numberOverrideProcessor,
  standardEditorsRegistry,
  standardFieldConfigEditorRegistry,
  standardTransformers,
  standardTransformersRegistry,
  stringOverrideProcessor,
  thresholdsOverrideProcessor,
  ThresholdsMode,
  TransformerCategory,
  unitOverrideProcessor,
  valueMappingsOverrideProcessor,
  type FieldConfigPropertyItem,
  type StandardEditorProps,
  type TransformerRegistryItem,
} from '@grafana/data';
import { ownTransformers } from '../transform/names';
import { createElement, lazy, Suspense, type ComponentType } from 'react';

const kinds = [
  'text', 'number', 'slider', 'boolean', 'select', 'multi-select', 'radio', 'color', 'fieldColor', 'unit', 'thresholds',
  'mappings', 'links', 'actions', 'stats-picker', 'strings', 'timezone', 'field-name', 'dashboard-uid', 'geo-location', 'resource',
  'file-dropzone', 'cell', 'line-style', 'nulls', 'series', 'timezones',
] as const;

/** The editor of a kind of value, loaded with the panel editor. */
function editorOf(kind: string): ComponentType<StandardEditorProps> {
  const Editor = lazy(() => import('../editor/values').then((m) => ({ default: m.editorOf(kind) })));
  return function ValueEditor(props) {
    return createElement(Suspense, { fallback: null }, createElement(Editor, props));
  };
}

type Item = Partial<FieldConfigPropertyItem> & Pick<FieldConfigPropertyItem, 'name' | 'process'> & { kind: string; path: string };

function property({ kind, path, ...rest }: Item): FieldConfigPropertyItem {
  const editor = editorOf(kind);
  return {
    id: path,
    path,
    description: '',
    category: ['Standard options'],
    shouldApply: () => true,
    ...rest,
    editor: editor as never,
    override: editor as never,
  };
}

const fieldProperties = (): FieldConfigPropertyItem[] => [
  property({ path: 'unit', name: 'Unit', kind: 'unit', process: unitOverrideProcessor }),
  property({ path: 'min', name: 'Min', kind: 'number', process: numberOverrideProcessor, settings: { placeholder: 'auto' } }),
  property({ path: 'max', name: 'Max', kind: 'number', process: numberOverrideProcessor, settings: { placeholder: 'auto' } }),
  property({ path: 'fieldMinMax', name: 'Field min/max', kind: 'boolean', process: booleanOverrideProcessor, description: 'Least and greatest of each series by itself' }),
  property({ path: 'decimals', name: 'Decimals', kind: 'number', process: numberOverrideProcessor, settings: { placeholder: 'auto', min: 0, max: 15, integer: true } }),
  property({ path: 'displayName', name: 'Display name', kind: 'text', process: displayNameOverrideProcessor, settings: { placeholder: 'none' } }),
  property({
    path: 'color', name: 'Color scheme', kind: 'fieldColor', process: identityOverrideProcessor,
    defaultValue: { mode: FieldColorModeId.Thresholds },
    settings: { byValueSupport: true, preferThresholdsMode: true },
  }),
  property({ path: 'noValue', name: 'No value', kind: 'text', process: stringOverrideProcessor, settings: { placeholder: '-' } }),
  property({ path: 'links', name: 'Data links', kind: 'links', process: dataLinksOverrideProcessor, category: ['Data links'] }),
  property({ path: 'actions', name: 'Actions', kind: 'actions', process: dataLinksOverrideProcessor, hideFromDefaults: true, showIf: () => false }),
  property({ path: 'mappings', name: 'Value mappings', kind: 'mappings', process: valueMappingsOverrideProcessor, category: ['Value mappings'], defaultValue: [] }),
  property({
    path: 'thresholds', name: 'Thresholds', kind: 'thresholds', process: thresholdsOverrideProcessor, category: ['Thresholds'],
    defaultValue: { mode: ThresholdsMode.Absolute, steps: [{ value: -Infinity, color: 'green' }, { value: 80, color: 'red' }] },
  }),
  property({ path: 'filterable', name: 'Ad hoc filterable', kind: 'boolean', process: booleanOverrideProcessor, hideFromDefaults: true }),
];

/** Names that transformations had before. */
const formerNames: Record<string, string[]> = { joinByField: ['seriesToColumns'] };

/** The transformations the libraries can do, each once, for their table has some twice; and our own. */
function transformers(): TransformerRegistryItem[] {
  const byId = new Map<string, TransformerRegistryItem>();
  for (const t of [...Object.values(standardTransformers), ...ownTransformers]) {
    if (!byId.has(t.id)) {
      byId.set(t.id, {
        id: t.id,
        aliasIds: formerNames[t.id],
        name: t.name,
        description: t.description,
        transformation: t,
        editor: () => null,
        categories: new Set([TransformerCategory.Reformat]),
        imageDark: '',
        imageLight: '',
      });
    }
  }
  return [...byId.values()];
}

export function fillRegistries(): void {
  standardEditorsRegistry.setInit(() => kinds.map((id) => ({ id, name: id, editor: editorOf(id) })));
  standardFieldConfigEditorRegistry.setInit(fieldProperties);
  standardTransformersRegistry.setInit(transformers);
}
