/* The same query for other tools. */

export interface Copy {
  name: string;
  text: string;
}

/** Unix seconds. */
export interface Range {
  start: number;
  end: number;
}

/** One word of a POSIX shell, whatever is in it. */
export function shellWord(text: string): string {
  return `'${text.replace(/'/g, `'\\''`)}'`;
}

/** A string of Terraform's language. */
export function hclString(text: string): string {
  return JSON.stringify(text).replace(/[$%]\{/g, (open) => open[0] + open);
}

/** The query for curl, awscurl, the aws CLI and Terraform. url is the data source's; range, in seconds, what a graph alone shows. */
export function copies(url: string, expr: string, range?: Range, region = 'us-east-1'): Copy[] {
  const base = url.replace(/\/$/, '');
  const workspace = /ws-[0-9a-f-]{36}/.exec(url)?.[0] ?? 'WORKSPACE_ID';
  const asked = params(expr, range);
  const path = `${base}/api/v1/${asked.start ? 'query_range' : 'query'}`;
  const fields = Object.entries(asked).map(([k, v]) => ` --data-urlencode ${shellWord(`${k}=${v}`)}`).join('');
  const group = `groups:\n  - name: explore\n    rules:\n      - record: explore:result\n        expr: ${JSON.stringify(expr)}\n`;
  return [
    { name: 'curl', text: `curl -sS -H "Authorization: Bearer $HEARTH_TOKEN" ${shellWord(path)}${fields}` },
    { name: 'awscurl', text: `awscurl --service aps --region ${region} -X POST ${shellWord(`${path}?${new URLSearchParams(asked).toString().replace(/\+/g, '%20')}`)}` },
    { name: 'aws CLI (recording rule)', text: `aws amp create-rule-groups-namespace --workspace-id ${workspace} --name explore --data "$(base64 -w0 <<'EOF'\n${group}EOF\n)"` },
    { name: 'Terraform (recording rule)', text: `resource "aws_prometheus_rule_group_namespace" "explore" {\n  workspace_id = "${workspace}"\n  name         = "explore"\n  data         = yamlencode({ groups = [{ name = "explore", rules = [{ record = "explore:result", expr = ${hclString(expr)} }] }] })\n}` },
  ];
}

/** What is asked: at one time, or over a range in 400 steps. */
function params(expr: string, range: Range | undefined): Record<string, string> {
  return range ? { query: expr, start: String(range.start), end: String(range.end), step: String(Math.max(1, Math.ceil((range.end - range.start) / 400))) } : { query: expr };
}
