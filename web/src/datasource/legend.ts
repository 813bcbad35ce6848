import type { LabelSet } from '../api/prometheus';

/** `name{a="b"}`, as Prometheus writes a series. */
export function metricText(metric: LabelSet): string {
  const { __name__: name = '', ...labels } = metric;
  const parts = Object.keys(labels)
    .sort()
    .map((k) => `${k}=${JSON.stringify(labels[k])}`);
  return parts.length ? `${name}{${parts.join(', ')}}` : name || '{}';
}

/** The legend of a dashboard's query: {{label}} stands for the label's value. */
export function legendText(format: string, metric: LabelSet): string {
  return format.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, name: string) => metric[name] ?? '');
}

export const autoLegend = '__auto';

/**
 * What a series is called by its data source; undefined leaves it to the
 * labels that tell the series of a panel apart.
 */
export function displayName(format: string | undefined, expr: string, metric: LabelSet): string | undefined {
  const labels = Object.keys(metric).length;
  if (format === autoLegend) {
    return labels ? undefined : expr;
  }
  if (format) {
    return legendText(format, metric);
  }
  return labels ? metricText(metric) : expr;
}
