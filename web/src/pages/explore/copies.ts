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

/** Where the query can be asked. */
export interface Target {
  /** What answers Prometheus' API: a metrics workspace, or a data source of a Grafana workspace. */
  url: string;
  /** The variable that holds a token for it. */
  token: string;
  /** The metrics workspace's own address, as far as there is one and it is known. */
  workspace?: string;
  region?: string;
}

/** The query for curl, and where it is a metrics workspace's for awscurl, the aws CLI and Terraform. range, in seconds, is what a graph alone shows. */
export function copies({ url, token, workspace, region = 'us-east-1' }: Target, expr: string, range?: Range): Copy[] {
  const asked = params(expr, range);
  const path = (base: string) => `${base.replace(/\/$/, '')}/api/v1/${asked.start ? 'query_range' : 'query'}`;
  const fields = Object.entries(asked).map(([k, v]) => ` --data-urlencode ${shellWord(`${k}=${v}`)}`).join('');
  const curl = { name: 'curl', text: `curl -sS -H "Authorization: Bearer $${token}" ${shellWord(path(url))}${fields}` };
  const id = /ws-[0-9a-f-]{36}/.exec(workspace ?? '')?.[0];
  if (!workspace || !id) {
    return [curl];
  }
  const group = `groups:\n  - name: explore\n    rules:\n      - record: explore:result\n        expr: ${JSON.stringify(expr)}\n`;
  return [
    curl,
    { name: 'awscurl', text: `awscurl --service aps --region ${region} -X POST ${shellWord(`${path(workspace)}?${new URLSearchParams(asked).toString().replace(/\+/g, '%20')}`)}` },
    { name: 'aws CLI (recording rule)', text: `aws amp create-rule-groups-namespace --workspace-id ${id} --name explore --data "$(base64 -w0 <<'EOF'\n${group}EOF\n)"` },
    { name: 'Terraform (recording rule)', text: `resource "aws_prometheus_rule_group_namespace" "explore" {\n  workspace_id = "${id}"\n  name         = "explore"\n  data         = yamlencode({ groups = [{ name = "explore", rules = [{ record = "explore:result", expr = ${hclString(expr)} }] }] })\n}` },
  ];
}

/** What is asked: at one time, or over a range in 400 steps. */
function params(expr: string, range: Range | undefined): Record<string, string> {
  return range ? { query: expr, start: String(range.start), end: String(range.end), step: String(Math.max(1, Math.ceil((range.end - range.start) / 400))) } : { query: expr };
}
