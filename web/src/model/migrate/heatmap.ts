/* The heatmap of before Grafana 9.1. */
import { compact, number, record, text, type AnyRecord, type PanelJSON } from '../dashboard';

const ownKeys = [
  'cards', 'color', 'dataFormat', 'heatmap', 'hideZeroBuckets', 'highlightCards', 'legend', 'reverseYBuckets', 'tooltip', 'tooltipDecimals',
  'xAxis', 'xBucketNumber', 'xBucketSize', 'yAxis', 'yBucketBound', 'yBucketNumber', 'yBucketSize', 'height', 'editable', 'error', 'isNew', 'options',
];

export function migrateHeatmap(p: PanelJSON): PanelJSON {
  if (p.dataFormat === undefined && p.cards === undefined && p.yAxis === undefined) {
    return p;
  }
  const rest: AnyRecord = { ...p };
  for (const key of ownKeys) {
    delete rest[key];
  }
  const calculate = p.dataFormat !== 'tsbuckets';
  const yAxis = record(p.yAxis);
  const tooltip = record(p.tooltip);
  return {
    ...rest,
    options: {
      calculate,
      ...(calculate ? { calculation: calculation(p) } : {}),
      color: colorOf(record(p.color)),
      cellGap: number(record(p.cards).cardPadding) ?? 1,
      cellRadius: number(record(p.cards).cardRound) ?? 0,
      filterValues: { le: p.hideZeroBuckets ? 1e-9 : -1e9 },
      rowsFrame: { layout: boundOf(text(p.yBucketBound)) },
      yAxis: compact({
        unit: text(yAxis.format) ?? 'short', decimals: number(yAxis.decimals), min: number(yAxis.min), max: number(yAxis.max),
        axisPlacement: yAxis.show === false ? 'hidden' : 'left', reverse: Boolean(p.reverseYBuckets),
      }),
      legend: { show: record(p.legend).show !== false },
      tooltip: { mode: tooltip.show === false ? 'none' : 'single', yHistogram: Boolean(tooltip.showHistogram) },
    },
  } as unknown as PanelJSON;
}

function boundOf(bound: string | undefined): string {
  return bound === 'upper' ? 'le' : bound === 'lower' ? 'ge' : bound === 'middle' ? 'unknown' : 'auto';
}

function calculation(p: PanelJSON): AnyRecord {
  const base = number(record(p.yAxis).logBase) ?? 1;
  const buckets = (size: unknown, count: unknown) =>
    text(size) ? { mode: 'size', value: String(size) } : number(count) ? { mode: 'count', value: String(count) } : { mode: 'size', value: '' };
  return {
    xBuckets: buckets(p.xBucketSize, p.xBucketNumber),
    yBuckets: {
      ...buckets(p.yBucketSize === undefined || p.yBucketSize === null ? undefined : String(p.yBucketSize), p.yBucketNumber),
      ...(base > 1 ? { scale: { type: 'log', log: base } } : {}),
    },
  };
}

/** Schemes had the names of d3's functions: interpolateOranges. */
function colorOf(color: AnyRecord): AnyRecord {
  const scheme = (text(color.colorScheme) ?? 'interpolateOranges').replace(/^interpolate/, '');
  return compact({
    mode: color.mode === 'opacity' ? 'opacity' : 'scheme',
    scheme,
    fill: text(color.cardColor) ?? 'dark-orange',
    exponent: number(color.exponent) ?? 0.5,
    scale: 'exponential',
    steps: 128,
    reverse: false,
    min: number(color.min),
    max: number(color.max),
  });
}
