/* The pie chart plugin of before Grafana 8. */
import { compact, number, record, text, type AnyRecord, type PanelJSON } from '../dashboard';

const ownKeys = ['aliasColors', 'breakPoint', 'cacheTimeout', 'combine', 'decimals', 'fontSize', 'format', 'interval', 'legend', 'legendType', 'maxDataPoints', 'nullPointMode', 'pieType', 'strokeWidth', 'valueName', 'height', 'editable', 'error', 'isNew', 'options', 'fieldConfig'];

const calcs: Record<string, string> = { avg: 'mean', current: 'lastNotNull', min: 'min', max: 'max', total: 'sum' };

export function migratePie(p: PanelJSON): PanelJSON {
  const rest: AnyRecord = { ...p };
  for (const key of ownKeys) {
    delete rest[key];
  }
  const legend = record(p.legend);
  const show = legend.show !== false && p.legendType !== 'On graph';
  return {
    ...rest,
    type: 'piechart',
    fieldConfig: {
      defaults: compact({ unit: text(p.format) ?? 'short', decimals: number(p.decimals), color: { mode: 'palette-classic' } }),
      overrides: Object.entries(record(p.aliasColors)).map(([name, color]) => ({
        matcher: { id: 'byName', options: name },
        properties: [{ id: 'color', value: { mode: 'fixed', fixedColor: String(color) } }],
      })),
    },
    options: {
      pieType: p.pieType === 'donut' ? 'donut' : 'pie',
      reduceOptions: { calcs: [calcs[text(p.valueName) ?? 'current'] ?? 'lastNotNull'], fields: '', values: false },
      displayLabels: p.legendType === 'On graph' ? ['name'] : [],
      legend: {
        showLegend: show,
        displayMode: legend.values || legend.percentage ? 'table' : 'list',
        placement: p.legendType === 'Right side' ? 'right' : 'bottom',
        values: [...(legend.values ? ['value'] : []), ...(legend.percentage ? ['percent'] : [])],
      },
      tooltip: { mode: 'single', sort: 'none' },
    },
  } as unknown as PanelJSON;
}
