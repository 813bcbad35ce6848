// What the contact sheet shows: a Hearth where something is going on, and its pages.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const { HEARTH_URL: url, HEARTH_GRAFANA: grafana, HEARTH_KEY: key } = process.env;
const env = { ...process.env, AWS_ENDPOINT_URL: url, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_DEFAULT_REGION: 'us-east-1', AWS_PAGER: '' };
const aws = (...args) => execFileSync('aws', [...args, '--output', 'text'], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
const maybe = (...args) => {
  try {
    return aws(...args);
  } catch (err) {
    if (!/Conflict|Exists|already/i.test(String(err.stderr))) {
      throw err;
    }
    return '';
  }
};
export const api = async (path, body, method) => {
  const r = await fetch(`${url}/grafana/${grafana}${path}`, { method: method ?? (body ? 'POST' : 'GET'), headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' }, body: body && JSON.stringify(body) });
  if (!r.ok && r.status !== 409 && r.status !== 412) {
    throw new Error(`${path}: ${r.status} ${await r.text()}`);
  }
  return r.json();
};

const files = mkdtempSync(join(tmpdir(), 'sheet'));
const file = (text) => {
  const path = join(files, `${text.length}.yml`);
  writeFileSync(path, text);
  return 'fileb://' + path;
};

const rules = `groups:
- name: service
  interval: 5s
  rules:
  - alert: TargetDown
    expr: up{job="demo"} == 0
    labels: {severity: page, team: kitchen}
    annotations: {summary: '{{ $labels.instance }} of {{ $labels.job }} does not answer'}
  - alert: LoadIsHigh
    expr: demo_load > 5
    for: 10m
    labels: {severity: warn}
  - alert: NothingScraped
    expr: absent(up)
    labels: {severity: page}
  - record: job:demo_requests:rate5m
    expr: sum by (job, code) (rate(demo_requests_total[5m]))
`;

const definition = (topic) => `alertmanager_config: |
  route:
    receiver: kitchen
    group_by: [alertname]
    group_wait: 1s
    routes:
    - receiver: on-call
      matchers: [severity="page"]
      routes:
      - receiver: kitchen
        matchers: [team="kitchen"]
        continue: true
    - receiver: quiet
      matchers: [severity=~"info|none"]
  receivers:
  - name: kitchen
    sns_configs:
    - topic_arn: ${topic}
      sigv4: {region: us-east-1}
  - name: on-call
    sns_configs:
    - topic_arn: ${topic}
      sigv4: {region: us-east-1}
  - name: quiet
`;

const opens = (name) => async (page) => {
  await page.getByRole('button', { name, exact: true }).click();
  await page.getByRole('dialog').waitFor();
};

/** Somebody of the account who may only look at workspaces: the id and the secret of a key. */
export function onlooker() {
  maybe('iam', 'create-user', '--user-name', 'onlooker');
  aws('iam', 'put-user-policy', '--user-name', 'onlooker', '--policy-name', 'looks', '--policy-document', JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: ['aps:ListWorkspaces', 'aps:DescribeWorkspace'], Resource: '*' }] }));
  for (const old of aws('iam', 'list-access-keys', '--user-name', 'onlooker', '--query', 'AccessKeyMetadata[].AccessKeyId').split(/\s+/).filter(Boolean)) {
    aws('iam', 'delete-access-key', '--user-name', 'onlooker', '--access-key-id', old);
  }
  return aws('iam', 'create-access-key', '--user-name', 'onlooker', '--query', '[AccessKey.AccessKeyId,AccessKey.SecretAccessKey]').split(/\s+/);
}

/** A token of a Viewer of the Grafana workspace. */
export async function viewer() {
  const { serviceAccounts: [known] } = await api('/api/serviceaccounts/search?query=onlooker');
  const { id } = known ?? await api('/api/serviceaccounts', { name: 'onlooker', role: 'Viewer' });
  return (await api(`/api/serviceaccounts/${id}/tokens`, { name: `sheet ${Date.now()}` })).key;
}

/** What the pages show: rules that fire, a topic, people, a scraper. */
async function prepare(workspace) {
  const topic = aws('sns', 'create-topic', '--name', 'grafana-on-call', '--query', 'TopicArn');
  const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'aps.amazonaws.com' }, Action: ['sns:Publish', 'sns:GetTopicAttributes'], Resource: topic }] };
  aws('sns', 'set-topic-attributes', '--topic-arn', topic, '--attribute-name', 'Policy', '--attribute-value', JSON.stringify(policy));
  aws('sns', 'subscribe', '--topic-arn', topic, '--protocol', 'email', '--notification-endpoint', 'cook@example.org');
  maybe('amp', 'create-alert-manager-definition', '--workspace-id', workspace, '--data', file(definition(topic)));
  maybe('amp', 'create-rule-groups-namespace', '--workspace-id', workspace, '--name', 'kitchen', '--data', file(rules));
  for (const user of ['reader', 'writer']) {
    maybe('iam', 'create-user', '--user-name', user);
  }
  aws('iam', 'attach-user-policy', '--user-name', 'reader', '--policy-arn', 'arn:aws:iam::aws:policy/AmazonPrometheusQueryAccess');
  if (!aws('amp', 'list-scrapers', '--query', 'scrapers[?alias==`self`].scraperId')) {
    const arn = aws('amp', 'describe-workspace', '--workspace-id', workspace, '--query', 'workspace.arn');
    const config = `global:\n  scrape_interval: 30s\nscrape_configs:\n- job_name: hearth\n  static_configs:\n  - targets: ['${new URL(url).host}']\n- job_name: gone\n  static_configs:\n  - targets: ['127.0.0.1:9']\n`;
    aws('amp', 'create-scraper', '--alias', 'self', '--source', JSON.stringify({ vpcConfiguration: { securityGroupIds: ['sg-0'], subnetIds: ['subnet-0'] } }), '--destination', JSON.stringify({ ampConfiguration: { workspaceArn: arn } }), '--scrape-configuration', `configurationBlob@=${file(config)}`);
  }
  await api('/api/folders', { uid: 'kitchen', title: 'Kitchen' });
  await api('/api/v1/provisioning/contact-points', { uid: 'cooks', name: 'cooks', type: 'sns', settings: { topic_arn: topic, sigv4: { region: 'us-east-1' } } }).catch((err) => console.log(String(err)));
  await api('/api/v1/provisioning/alert-rules', {
    uid: 'oven', title: 'The oven is hot', ruleGroup: 'oven', folderUID: 'kitchen', orgID: 1, condition: 'B', for: '0s', noDataState: 'NoData', execErrState: 'Error', labels: { severity: 'page' }, annotations: { summary: 'Somebody look' },
    data: [
      { refId: 'A', relativeTimeRange: { from: 600, to: 0 }, datasourceUid: 'prom', model: { refId: 'A', expr: 'demo_percent', instant: true } },
      { refId: 'B', datasourceUid: '__expr__', model: { refId: 'B', type: 'threshold', expression: 'A', conditions: [{ evaluator: { type: 'gt', params: [40] } }] } },
    ],
  }).catch((err) => console.log(String(err)));
  await api('/api/v1/provisioning/policies', { receiver: 'cooks', group_by: ['alertname'], group_wait: '1s', group_interval: '1m', repeat_interval: '4h', routes: [{ receiver: 'cooks', object_matchers: [['severity', '=', 'page']], group_by: ['...'] }] }, 'PUT').catch((err) => console.log(String(err)));
  for (const name of ['gallery-timeseries', 'gallery-values']) {
    await api('/api/dashboards/db', { dashboard: JSON.parse(readFileSync(new URL(`../testdata/gallery/${name}.json`, import.meta.url), 'utf8')), overwrite: true });
  }
  return topic;
}

export const workspace = aws('amp', 'list-workspaces', '--alias', 'browser', '--query', 'workspaces[0].workspaceId');
const topic = await prepare(workspace);
const scraper = aws('amp', 'list-scrapers', '--query', 'scrapers[0].scraperId');

const explore = encodeURIComponent('sum by (code) (rate(demo_requests_total{job="demo"}[5m]))');
const rule = new URLSearchParams({ workspace, namespace: 'kitchen', group: 'service', rule: 'TargetDown' });
const oven = new URLSearchParams({ namespace: 'Kitchen', group: 'oven', rule: 'The oven is hot' });
const w = `?workspace=${workspace}`;

/** Pages of the console: name, address below /ui, and what is done before the picture. */
export const consolePages = [
  ['workspaces', '/workspaces'],
  ['new workspace', '/workspaces', opens('Create workspace')],
  ['workspace', `/workspaces/${workspace}`],
  ['workspace series', `/workspaces/${workspace}?tab=Series`],
  ['workspace refused', `/workspaces/${workspace}?tab=Refused`],
  ['workspace rules', `/workspaces/${workspace}?tab=Rules+and+alert+manager`],
  ['rules editor', `/workspaces/${workspace}/rules/kitchen`],
  ['definition editor', `/workspaces/${workspace}/alertmanager`],
  ['explore', `/explore${w}&expr=${explore}&from=now-1h&to=now`],
  ['explore empty', `/explore${w}`],
  ['alerts', `/alerts${w}`],
  ['rule', `/alerts/rule?${rule}`],
  ['silences', `/alerts/silences${w}`],
  ['new silence', `/alerts/silences/new${w}&matchers=${encodeURIComponent('alertname="TargetDown"')}&comment=known`],
  ['routes', `/alerts/routes${w}`, async (page) => page.getByLabel('Where would an alert go?').fill('alertname=TargetDown, severity=page, team=kitchen')],
  ['notifications', `/alerts/notifications${w}`, async (page) => page.getByText('How it went, and what was sent').first().click()],
  ['scrapers', '/scrapers'],
  ['scraper', `/scrapers/${scraper}`],
  ['new scraper', '/scrapers/new'],
  ['clusters', '/clusters'],
  ['new cluster', '/clusters', opens('Register cluster')],
  ['cloudwatch', `/cloudwatch${w}`],
  ['topics', '/sns'],
  ['topic', `/sns/${encodeURIComponent(topic)}`],
  ['grafana workspaces', '/grafana'],
  ['grafana create', '/grafana', opens('Create Grafana workspace')],
  ['grafana workspace', `/grafana/${grafana}`],
  ['iam', '/iam'],
  ['user', '/iam/user/reader'],
  ['why denied', '/iam/why?principal=arn%3Aaws%3Aiam%3A%3A000000000000%3Auser%2Freader', async (page) => page.getByRole('button', { name: 'Ask' }).click()],
  ['jump', '/workspaces', async (page) => { await page.keyboard.press('Control+k'); await page.getByRole('combobox').waitFor(); }],
  ['no page', '/nowhere'],
];

/** A dashboard that names a data source of elsewhere. */
const elsewhere = JSON.stringify({ title: 'Of elsewhere', panels: [{ type: 'stat', title: 'Load', datasource: 'k8s_prometheus', targets: [{ refId: 'A', expr: 'demo_load' }] }] });

export const grafanaPages = [
  ['dashboards', '/dashboards'],
  ['import', '/dashboard/import'],
  ['import chosen', '/dashboard/import', async (page) => { await page.getByLabel('JSON').fill(elsewhere); await page.getByRole('button', { name: 'Load' }).last().click(); await page.getByText('are not here').waitFor(); }],
  ['g explore', `/explore?expr=${explore}`],
  ['g alerts', '/alerts'],
  ['g rule', `/alerts/rule?${oven}`],
  ['g silences', '/alerts/silences'],
  ['g new silence', '/alerts/silences/new?matchers=severity%3D%22page%22&comment=known'],
  ['g routes', '/alerts/routes'],
  ['g notifications', '/alerts/notifications'],
  ['g contact points', '/alerts/contacts'],
  ['g new contact point', '/alerts/contacts', opens('New contact point')],
  ['g new rule', '/alerts/new?ds=prom&expr=demo_percent&title=Hot&folder=kitchen', async (page) => { await page.getByLabel('this number').fill('40'); await page.getByRole('button', { name: 'Preview' }).click(); await page.getByText('It would fire').waitFor(); }],
  ['g data sources', '/connections/datasources'],
  ['g data source', '/connections/datasources/edit/prom'],
  ['g new data source', '/connections/datasources/new'],
  ['g access', '/admin/access'],
  ['dashboard', '/d/gallery-timeseries'],
  ['dashboard of values', '/d/gallery-values'],
  ['panel editor', '/d/gallery-timeseries?editPanel=1', async (page) => page.getByLabel('Title', { exact: true }).waitFor()],
  ['g no page', '/nowhere'],
  ['g palette', '/dashboards', async (page) => { await page.keyboard.press('Control+k'); await page.getByRole('combobox').waitFor(); }],
];

export const deniedPages = [['denied', '/scrapers'], ['denied in part', `/workspaces/${workspace}?tab=Refused`]];
export const viewerPages = [['g denied', '/connections/datasources'], ['g denied rule', '/alerts/new'], ['g viewer', '/dashboards']];

/** Those that are shown at the width of a phone, too. */
export const onPhones = new Set(['sign in', 'workspaces', 'workspace', 'explore', 'alerts', 'rule', 'new silence', 'routes', 'notifications', 'grafana workspace', 'grafana create', 'denied', 'g sign in', 'dashboards', 'dashboard', 'import chosen', 'g explore', 'g alerts', 'g rule', 'g new rule', 'g contact points', 'g data sources', 'g data source', 'g denied']);
