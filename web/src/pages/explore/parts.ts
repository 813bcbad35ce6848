/* The parts of an expression, from the whole down to its selectors. */
import { parser } from '@prometheus-io/lezer-promql';

export interface Part {
  text: string;
  depth: number;
  kind: string;
}

const kinds: Record<string, string> = {
  AggregateExpr: 'aggregation', BinaryExpr: 'operation', FunctionCall: 'function', MatrixSelector: 'range of a selector', VectorSelector: 'selector', SubqueryExpr: 'subquery', UnaryExpr: 'sign', NumberDurationLiteral: 'number',
};

/** Each part that could be asked for by itself, outermost first. Range selectors cannot, their function can. */
export function partsOf(expr: string): Part[] {
  const out: Part[] = [];
  let depth = 0;
  let inMatrix = 0;
  parser.parse(expr).iterate({
    enter(node) {
      if (node.name === 'MatrixSelector') {
        inMatrix++;
      }
      const asked = kinds[node.name] && node.name !== 'NumberDurationLiteral' && !(node.name === 'VectorSelector' && inMatrix);
      if (asked) {
        out.push({ text: expr.slice(node.from, node.to), depth, kind: kinds[node.name] });
        depth++;
      }
    },
    leave(node) {
      if (kinds[node.name] && node.name !== 'NumberDurationLiteral' && !(node.name === 'VectorSelector' && inMatrix)) {
        depth--;
      }
      if (node.name === 'MatrixSelector') {
        inMatrix--;
      }
    },
  });
  return out.slice(0, 40);
}
