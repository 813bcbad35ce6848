/* The queries of variables: label_values(), label_names(), metrics(), query_result().
   https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/ */

export type FindQuery =
  | { kind: 'label_names'; match?: string }
  | { kind: 'label_values'; label: string; match?: string }
  | { kind: 'metrics'; pattern: string }
  | { kind: 'query_result'; expr: string }
  | { kind: 'series'; match: string };

/** The parts of a call, split at the commas that stand in no bracket and no string. */
export function splitArguments(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quote = '';
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quote) {
      if (c === '\\' && quote !== '`') {
        i++;
      } else if (c === quote) {
        quote = '';
      }
    } else if (c === '"' || c === "'" || c === '`') {
      quote = c;
    } else if ('([{'.includes(c)) {
      depth++;
    } else if (')]}'.includes(c)) {
      depth--;
    } else if (c === ',' && depth === 0) {
      parts.push(text.slice(from, i).trim());
      from = i + 1;
    }
  }
  parts.push(text.slice(from).trim());
  return parts.filter((p) => p !== '');
}

/** What a variable's query asks for. Anything that is no known call is a series selector. */
export function parseFind(text: string): FindQuery {
  const query = text.trim();
  const call = /^(label_names|label_values|metrics|query_result)\s*\(([\s\S]*)\)\s*;?$/.exec(query);
  if (!call) {
    return { kind: 'series', match: query };
  }
  const args = splitArguments(call[2]);
  switch (call[1]) {
    case 'label_names':
      return { kind: 'label_names', match: args[0] };
    case 'label_values': {
      const label = args[args.length - 1] ?? '';
      const match = args.length > 1 ? call[2].slice(0, call[2].lastIndexOf(label)).replace(/,\s*$/, '').trim() : undefined;
      return { kind: 'label_values', label, match };
    }
    case 'metrics':
      return { kind: 'metrics', pattern: call[2].trim() };
    default:
      return { kind: 'query_result', expr: call[2].trim() };
  }
}

/**
 * A variable's query as text. Newer dashboards hold {query, refId}, or the parts
 * the form was filled with.
 */
export function findText(query: unknown): string {
  if (typeof query === 'string') {
    return query;
  }
  if (typeof query !== 'object' || query === null) {
    return '';
  }
  const q = query as Record<string, unknown>;
  return typeof q.query === 'string' ? q.query : typeof q.expr === 'string' ? q.expr : '';
}
