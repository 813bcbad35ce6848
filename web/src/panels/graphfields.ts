/* Frames made ready for charts over time. */
import { FieldType, isBooleanUnit, type DataFrame, type Field, type GrafanaTheme2 } from '@grafana/data';

function asNumbers(f: Field): Field {
  if (f.type !== FieldType.boolean) {
    return f;
  }
  return { ...f, type: FieldType.number, config: { ...f.config, unit: isBooleanUnit(f.config.unit) ? f.config.unit : 'bool' }, values: f.values.map((v) => (v === null || v === undefined ? v : Number(v))) };
}

/** The frames that have a time and a number, with the time first and ascending. */
export function graphable(series: DataFrame[], _theme?: GrafanaTheme2): DataFrame[] {
  const out: DataFrame[] = [];
  for (const frame of series) {
    const time = frame.fields.find((f) => f.type === FieldType.time);
    const values = frame.fields.filter((f) => f.type === FieldType.number || f.type === FieldType.boolean || f.type === FieldType.enum);
    if (!time || !values.length || !frame.length) {
      continue;
    }
    out.push(ascending({ ...frame, fields: [time, ...values.map(asNumbers)] }));
  }
  return out;
}

function ascending(frame: DataFrame): DataFrame {
  const time = frame.fields[0].values as number[];
  if (time.every((t, i) => i === 0 || time[i - 1] <= t)) {
    return frame;
  }
  const order = time.map((_, i) => i).sort((a, b) => time[a] - time[b]);
  return { ...frame, fields: frame.fields.map((f) => ({ ...f, values: order.map((i) => f.values[i]) })) };
}
