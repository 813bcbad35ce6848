/* Dashboards as Grafana's JSON holds them. Everything is optional: people write it by hand.
   https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/ */
import type { DataTransformerConfig, FieldConfigSource, DataLink } from '@grafana/data';
import type { DataQuery } from '@grafana/schema';

export interface GridPos {
  x: number;
  y: number;
  w: number;
  h: number;
  static?: boolean;
}

/** A data source by uid and type; old dashboards have its name, or null for the default one. */
export type DataSourceName = { type?: string; uid?: string } | string | null;

export type Target = DataQuery & Record<string, unknown>;

export interface PanelJSON {
  id?: number;
  type: string;
  title?: string;
  description?: string;
  gridPos?: GridPos;
  datasource?: DataSourceName;
  targets?: Target[];
  options?: Record<string, unknown>;
  fieldConfig?: FieldConfigSource;
  transformations?: DataTransformerConfig[];
  links?: DataLink[];
  transparent?: boolean;
  interval?: string | null;
  maxDataPoints?: number | string | null;
  timeFrom?: string | null;
  timeShift?: string | null;
  hideTimeOverride?: boolean;
  repeat?: string | null;
  repeatDirection?: 'h' | 'v';
  maxPerRow?: number;
  collapsed?: boolean;
  panels?: PanelJSON[];
  libraryPanel?: { uid: string; name: string };
  pluginVersion?: string;
  cacheTimeout?: string;
  [other: string]: unknown;
}

export interface VariableJSON {
  type: string;
  name: string;
  label?: string | null;
  description?: string | null;
  hide?: number;
  query?: unknown;
  definition?: string;
  datasource?: DataSourceName;
  regex?: string;
  sort?: number;
  refresh?: number | boolean;
  multi?: boolean;
  includeAll?: boolean;
  allValue?: string | null;
  allowCustomValue?: boolean;
  current?: { text?: unknown; value?: unknown; selected?: boolean; tags?: unknown };
  options?: Array<{ text?: unknown; value?: unknown; selected?: boolean }>;
  auto?: boolean;
  auto_count?: number;
  auto_min?: string;
  skipUrlSync?: boolean;
  filters?: Array<{ key: string; operator: string; value: string; values?: string[]; condition?: string }>;
  baseFilters?: Array<{ key: string; operator: string; value: string }>;
  defaultKeys?: unknown;
  [other: string]: unknown;
}

export interface AnnotationJSON {
  name: string;
  enable?: boolean;
  hide?: boolean;
  iconColor?: string;
  datasource?: DataSourceName;
  builtIn?: number | boolean;
  type?: string;
  filter?: { exclude?: boolean; ids: number[] };
  expr?: string;
  target?: Record<string, unknown>;
  [other: string]: unknown;
}

export interface DashboardLink {
  type?: string;
  title?: string;
  url?: string;
  icon?: string;
  tooltip?: string;
  tags?: string[];
  asDropdown?: boolean;
  includeVars?: boolean;
  keepTime?: boolean;
  targetBlank?: boolean;
}

export interface InputJSON {
  name: string;
  label?: string;
  description?: string;
  type: string;
  pluginId?: string;
  pluginName?: string;
  value?: string;
}

export interface DashboardJSON {
  id?: number | null;
  uid?: string;
  title?: string;
  description?: string;
  tags?: string[];
  schemaVersion?: number;
  version?: number;
  editable?: boolean;
  style?: string;
  timezone?: string;
  time?: { from: string; to: string };
  timepicker?: { refresh_intervals?: string[]; hidden?: boolean; nowDelay?: string; time_options?: string[] };
  refresh?: string | boolean;
  graphTooltip?: number;
  weekStart?: string;
  fiscalYearStartMonth?: number;
  liveNow?: boolean;
  panels?: PanelJSON[];
  rows?: Array<Record<string, unknown>>;
  templating?: { list?: VariableJSON[] };
  annotations?: { list?: AnnotationJSON[] };
  links?: DashboardLink[];
  gnetId?: number | null;
  __inputs?: InputJSON[];
  __requires?: Array<{ type: string; id: string; name: string; version: string }>;
  __elements?: Record<string, unknown> | unknown[];
  [other: string]: unknown;
}

/** A panel as it is drawn: after migration everything that a panel needs is there. */
export type AnyRecord = Record<string, unknown>;

export function record(value: unknown): AnyRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as AnyRecord) : {};
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function records(value: unknown): AnyRecord[] {
  return list(value).map(record);
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The uid of a reference to a data source, which old dashboards have as a text; empty if there is none. */
export function sourceUid(ref: unknown): string {
  return text(ref) ?? text(record(ref).uid) ?? '';
}

/** A number, also of text; undefined for everything that is none. */
export function number(value: unknown): number | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) {
    return value;
  }
  if (typeof value === 'string' && value.trim() !== '') {
    const n = Number(value);
    return Number.isFinite(n) ? n : undefined;
  }
  return undefined;
}

/** Without the keys that have no value. */
export function compact<T extends AnyRecord>(o: T): T {
  return Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined)) as T;
}
