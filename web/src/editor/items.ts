/* What a kind of panel lets one set. */
import { getPanelOptionsWithDefaults, PanelOptionsEditorBuilder, type DataFrame, type PanelPlugin } from '@grafana/data';
import { set as put, unset } from 'lodash';
import type { ComponentType } from 'react';
import type { PanelJSON } from '../model/dashboard';

/** Where a value stands in the panel's JSON. */
export type Root = 'options' | 'field' | 'custom';

/** One value that a panel's kind has, as the libraries describe it. */
export interface Item {
  id: string;
  path: string;
  name: string;
  description?: string;
  category?: string[];
  editor: ComponentType<Record<string, unknown>>;
  override?: ComponentType<Record<string, unknown>>;
  defaultValue?: unknown;
  showIf?: (current: unknown, data?: unknown, annotations?: unknown) => boolean | undefined;
  settings?: unknown;
  hideFromDefaults?: boolean;
  hideFromOverrides?: boolean;
  isCustom?: boolean;
}

export interface Placed {
  category: string;
  item: Item;
  root: Root;
  /** What holds: what the JSON says, or the kind's default. */
  value: unknown;
}

const roots: Record<Root, string> = { options: 'options', field: 'fieldConfig.defaults', custom: 'fieldConfig.defaults.custom' };

function valueAt(o: unknown, path: string): unknown {
  return path.split('.').reduce((v: unknown, key) => (typeof v === 'object' && v !== null ? (v as Record<string, unknown>)[key] : undefined), o);
}

/** What the panel's kind offers for the panel as it is, in order. */
export function itemsOf(plugin: PanelPlugin, panel: PanelJSON, data: DataFrame[]): Placed[] {
  const whole = getPanelOptionsWithDefaults({ plugin, currentOptions: panel.options ?? {}, currentFieldConfig: panel.fieldConfig ?? { defaults: {}, overrides: [] }, isAfterPluginChange: false });
  const current = { options: whole.options, field: whole.fieldConfig.defaults, custom: whole.fieldConfig.defaults.custom ?? {} };
  const builder = new PanelOptionsEditorBuilder<unknown>();
  plugin.getPanelOptionsSupplier()(builder as never, { data, options: whole.options } as never);
  const options = builder.getItems().map((item) => ({ category: item.category?.[0] ?? plugin.meta.name, item: item as unknown as Item, root: 'options' as const }));
  const fields = fieldItems(plugin).map((item) => ({ category: item.category?.[0] ?? 'Standard options', item, root: item.isCustom ? ('custom' as const) : ('field' as const) }));
  return [...options, ...fields]
    .filter(({ item, root }) => !item.hideFromDefaults && item.editor && (!item.showIf || item.showIf(current[root], data) !== false))
    .map((p) => ({ ...p, value: valueAt(current[p.root], p.item.path) }));
}

export function fieldItems(plugin: PanelPlugin): Item[] {
  return plugin.fieldConfigRegistry.list() as unknown as Item[];
}

/** The panel with one value set; undefined takes it away. Everything else stays as it is. */
export function withValue(panel: PanelJSON, root: Root, path: string, value: unknown): PanelJSON {
  const next = structuredClone(panel);
  const full = `${roots[root]}.${path}`;
  if (value === undefined) {
    unset(next, full);
    return next;
  }
  next.fieldConfig ??= { defaults: {}, overrides: [] };
  next.options ??= {};
  put(next, full, value);
  return next;
}
