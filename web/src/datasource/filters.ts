import { parser } from '@prometheus-io/lezer-promql';
import type { AdHocVariableFilter } from '@grafana/data';

function quoted(value: string): string {
  return '"' + value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n') + '"';
}

function literal(value: string): string {
  return value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** The matcher of an ad hoc filter. Operators of several values are regular expressions. */
export function matcherOf(f: AdHocVariableFilter & { values?: string[] }): string {
  switch (f.operator) {
    case '=|':
      return `${f.key}=~${quoted((f.values ?? [f.value]).map(literal).join('|'))}`;
    case '!=|':
      return `${f.key}!~${quoted((f.values ?? [f.value]).map(literal).join('|'))}`;
    case '<':
    case '>':
      return '';
  }
  return `${f.key}${f.operator}${quoted(f.value)}`;
}

/** The expression with the filters' matchers in each of its selectors. */
export function withFilters(expr: string, filters: AdHocVariableFilter[]): string {
  const matchers = filters.filter((f) => f.key && f.operator).map(matcherOf).filter(Boolean).join(',');
  if (!matchers) {
    return expr;
  }
  const edits: Array<{ at: number; text: string }> = [];
  parser.parse(expr).iterate({
    enter(node) {
      if (node.name !== 'VectorSelector') {
        return;
      }
      const braces = node.node.getChild('LabelMatchers');
      if (!braces) {
        edits.push({ at: node.to, text: `{${matchers}}` });
        return;
      }
      const inside = expr.slice(braces.from + 1, braces.to - 1).trim();
      const comma = inside === '' || inside.endsWith(',') ? '' : ',';
      edits.push({ at: braces.to - 1, text: comma + matchers });
    },
  });
  return edits.reverse().reduce((text, e) => text.slice(0, e.at) + e.text + text.slice(e.at), expr);
}
