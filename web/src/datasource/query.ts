import type { DataQuery } from '@grafana/schema';

/** A Prometheus query as dashboards hold it. */
export interface PromQuery extends DataQuery {
  expr: string;
  legendFormat?: string;
  format?: 'time_series' | 'table' | 'heatmap';
  instant?: boolean;
  range?: boolean;
  exemplar?: boolean;
  /** Least step: "1m", ">30s", "$__interval". */
  interval?: string;
  intervalFactor?: number;
  /** Of dashboards before intervals had a text: seconds. */
  step?: number;
}

/** Where the trace is that an exemplar's label names. */
export interface TraceDestination {
  name: string;
  url?: string;
  urlDisplayLabel?: string;
}

/** What of a data source's jsonData matters to queries. */
export interface PromSettings {
  timeInterval?: string;
  httpMethod?: string;
  incrementalQuerying?: boolean;
  customQueryParameters?: string;
  exemplarTraceIdDestinations?: TraceDestination[];
}
