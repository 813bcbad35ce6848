/* Value mappings as rows that can be edited, and back. */
import type { MappingType, SpecialValueMatch, ValueMapping, ValueMappingResult } from '@grafana/data';

/** The values of the library's enum. */
export type Kind = `${MappingType}`;

export interface MappingRow {
  type: Kind;
  /** Of a value. */
  key?: string;
  from?: number | null;
  to?: number | null;
  pattern?: string;
  match?: `${SpecialValueMatch}`;
  result: ValueMappingResult;
}

export function rowsOf(mappings: ValueMapping[] | undefined): MappingRow[] {
  const rows = (mappings ?? []).flatMap((m): MappingRow[] => {
    switch (m.type) {
      case 'value':
        return Object.entries(m.options).map(([key, result]) => ({ type: m.type, key, result }));
      case 'range':
        return [{ type: m.type, from: m.options.from, to: m.options.to, result: m.options.result }];
      case 'regex':
        return [{ type: m.type, pattern: m.options.pattern, result: m.options.result }];
      case 'special':
        return [{ type: m.type, match: m.options.match as MappingRow['match'], result: m.options.result }];
      default:
        return [];
    }
  });
  return rows.map((r, i) => ({ r, i })).sort((a, b) => (a.r.result.index ?? a.i) - (b.r.result.index ?? b.i)).map(({ r }) => r);
}

/** Values stand together in one mapping, as Grafana writes them. The place in the list is the index. */
export function mappingsOf(rows: MappingRow[]): ValueMapping[] {
  const out: unknown[] = [];
  let values: Record<string, ValueMappingResult> | undefined;
  rows.forEach((row, index) => {
    const result = { ...row.result, index };
    switch (row.type) {
      case 'value':
        if (!values) {
          values = {};
          out.push({ type: 'value', options: values });
        }
        values[row.key ?? ''] = result;
        return;
      case 'range':
        out.push({ type: row.type, options: { from: row.from ?? null, to: row.to ?? null, result } });
        return;
      case 'regex':
        out.push({ type: row.type, options: { pattern: row.pattern ?? '', result } });
        return;
      case 'special':
        out.push({ type: row.type, options: { match: row.match ?? 'null', result } });
    }
  });
  return out as ValueMapping[];
}
