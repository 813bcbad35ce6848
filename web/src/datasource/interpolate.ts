/* How a variable's value is written into PromQL.
   https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/ */

/** Inside a quoted string: backslashes and quotes. */
export function escapeString(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/'/g, "\\'");
}

/** Inside a regular expression in a quoted string: its meta characters are literal. */
export function escapeRegex(value: string): string {
  return value.replace(/\\/g, '\\\\\\\\').replace(/[$^*{}[\]'+?.()|]/g, '\\\\$&').replace(/"/g, '\\"');
}

interface VariableKind {
  multi?: boolean;
  includeAll?: boolean;
}

/**
 * The value of a variable as PromQL takes it: one of a variable that can only
 * have one is a string, everything else is a regular expression.
 */
export function variableText(value: unknown, variable: VariableKind): string {
  if (typeof value !== 'string' && !Array.isArray(value)) {
    return String(value ?? '');
  }
  if (!variable.multi && !variable.includeAll) {
    return Array.isArray(value) ? value.map((v) => escapeString(String(v))).join('|') : value.replace(/\\/g, '\\\\').replace(/'/g, "\\'");
  }
  if (typeof value === 'string') {
    return escapeRegex(value);
  }
  const parts = value.map((v) => escapeRegex(String(v)));
  return parts.length === 1 ? parts[0] : '(' + parts.join('|') + ')';
}
