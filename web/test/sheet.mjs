// Pictures of every page, dark and light, as one contact sheet: docs/contact-sheet.webp.
// On the way each page is looked at: errors in the console, requests elsewhere, and
// what axe calls serious end it with status 1.
//
//	go run ./test/browser -serve        # says url, grafana and key
//	HEARTH_URL=… HEARTH_GRAFANA=… HEARTH_KEY=… node web/test/sheet.mjs [FOLDER]
//
// With FOLDER it also keeps the pictures one by one. ONLY=words takes pages whose
// names have one of them.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const { HEARTH_URL: url, HEARTH_GRAFANA: grafana, HEARTH_KEY: key, HEARTH_PASSWORD: password = 'known-to-the-journeys', ONLY } = process.env;
const folder = process.argv[2];
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
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
const api = async (path, body, method) => {
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
  return topic;
}

const workspace = aws('amp', 'list-workspaces', '--alias', 'browser', '--query', 'workspaces[0].workspaceId');
const topic = await prepare(workspace);
const scraper = aws('amp', 'list-scrapers', '--query', 'scrapers[0].scraperId');

const explore = encodeURIComponent('sum by (code) (rate(demo_requests_total{job="demo"}[5m]))');
const rule = new URLSearchParams({ workspace, namespace: 'kitchen', group: 'service', rule: 'TargetDown' });
const oven = new URLSearchParams({ namespace: 'Kitchen', group: 'oven', rule: 'The oven is hot' });
const w = `?workspace=${workspace}`;

/** Pages of the console: name, address below /ui, and what is done before the picture. */
const consolePages = [
  ['workspaces', '/workspaces'],
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
  ['cloudwatch', `/cloudwatch${w}`],
  ['topics', '/sns'],
  ['topic', `/sns/${encodeURIComponent(topic)}`],
  ['grafana workspaces', '/grafana'],
  ['grafana create', '/grafana', async (page) => { await page.getByRole('button', { name: 'Create Grafana workspace' }).click(); await page.getByRole('dialog').waitFor(); }],
  ['grafana workspace', `/grafana/${grafana}`],
  ['iam', '/iam'],
  ['user', '/iam/user/reader'],
  ['why denied', '/iam/why?principal=arn%3Aaws%3Aiam%3A%3A000000000000%3Auser%2Freader', async (page) => page.getByRole('button', { name: 'Ask' }).click()],
  ['jump', '/workspaces', async (page) => { await page.keyboard.press('Control+k'); await page.getByRole('combobox').waitFor(); }],
  ['no page', '/nowhere'],
];

const grafanaPages = [
  ['dashboards', '/dashboards'],
  ['import', '/dashboard/import'],
  ['g explore', `/explore?expr=${explore}`],
  ['g alerts', '/alerts'],
  ['g rule', `/alerts/rule?${oven}`],
  ['g silences', '/alerts/silences'],
  ['g new silence', '/alerts/silences/new?matchers=severity%3D%22page%22&comment=known'],
  ['g routes', '/alerts/routes'],
  ['g notifications', '/alerts/notifications'],
  ['g contact points', '/alerts/contacts'],
  ['g new contact point', '/alerts/contacts', async (page) => { await page.getByRole('button', { name: 'New contact point' }).click(); await page.getByRole('dialog').waitFor(); }],
  ['g new rule', '/alerts/new?ds=prom&expr=demo_percent&title=Hot&folder=kitchen', async (page) => { await page.getByLabel('this number').fill('40'); await page.getByRole('button', { name: 'Preview' }).click(); await page.getByText('It would fire').waitFor(); }],
  ['g data sources', '/connections/datasources'],
  ['g data source', '/connections/datasources/edit/prom'],
  ['g access', '/admin/access'],
  ['g palette', '/dashboards', async (page) => { await page.keyboard.press('Control+k'); await page.getByRole('combobox').waitFor(); }],
];

let failed = 0;
const problem = (text) => {
  failed++;
  console.log('FAIL ' + text);
};

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
const shots = [];

async function visit(scheme) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 }, colorScheme: scheme, reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.setDefaultTimeout(60000);
  let name = '';
  page.on('console', (m) => m.type() === 'error' && problem(`${name} ${scheme}: ${m.text()} ${m.location().url}`));
  page.on('pageerror', (e) => problem(`${name} ${scheme}: ${e.stack ?? e}`));
  page.on('request', (r) => !r.url().startsWith(url) && !/^(data|blob):/.test(r.url()) && problem(`${name} asks ${r.url()}`));
  const wanted = (n) => !ONLY || ONLY.split(',').some((o) => n.includes(o.trim()));
  const take = async (n, size) => {
    name = n;
    await page.mouse.move(4, 700);
    await page.evaluate(() => document.fonts.ready);
    await page.waitForTimeout(500);
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    for (const v of violations.filter((x) => x.impact === 'serious' || x.impact === 'critical')) {
      problem(`${n} ${scheme}: ${v.id}: ${v.nodes.slice(0, 2).map((x) => x.html.slice(0, 200)).join(' | ')}`);
    }
    const data = await page.screenshot();
    shots.push({ name: n, scheme, data, size });
    if (folder) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(`${folder}/${n.replaceAll(' ', '-')}-${scheme}.png`, data);
    }
  };
  const walk = async (base, pages) => {
    for (const [n, path, act] of pages) {
      if (!wanted(n)) {
        continue;
      }
      name = n;
      try {
        await page.goto(base + path);
        await page.locator('main').waitFor();
        await page.waitForLoadState('networkidle');
        await act?.(page);
        await take(n);
      } catch (err) {
        problem(`${n} ${scheme}: ${err}`);
      }
    }
  };
  name = 'sign in';
  await page.goto(url + '/ui/');
  await page.getByLabel('Access key id').fill('test');
  await page.getByLabel('Secret access key').fill('test');
  if (wanted(name)) {
    await take(name);
  }
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('heading', { name: 'Workspaces' }).waitFor();
  await walk(url + '/ui', consolePages);
  name = 'g sign in';
  await page.goto(`${url}/grafana/${grafana}/`);
  await page.getByLabel('Password').fill(password);
  if (wanted(name)) {
    await take(name);
  }
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor({ state: 'hidden' });
  await page.waitForLoadState('networkidle');
  const found = await api('/api/search?type=dash-db&limit=3');
  await walk(`${url}/grafana/${grafana}`, [...grafanaPages, ...found.map((d) => [`dashboard ${d.title}`, `/d/${d.uid}`])]);
  if (scheme === 'dark') {
    await page.setViewportSize({ width: 390, height: 844 });
    await walk(url + '/ui', [['phone alerts', `/alerts${w}`], ['phone rule', `/alerts/rule?${rule}`], ['phone silences', `/alerts/silences/new${w}&matchers=alertname%3DTargetDown`], ['phone routes', `/alerts/routes${w}`], ['phone notifications', `/alerts/notifications${w}`], ['phone workspace', `/workspaces/${workspace}`], ['phone explore', `/explore${w}&expr=${explore}`]]);
    await walk(`${url}/grafana/${grafana}`, [['phone g alerts', '/alerts'], ['phone dashboards', '/dashboards']]);
  }
  await context.close();
}

/** All pictures small, beside each other, as one. */
async function montage(to) {
  const page = await (await browser.newContext({ viewport: { width: 1720, height: 1000 } })).newPage();
  const cells = shots.map((s) => `<figure><img src="data:image/png;base64,${s.data.toString('base64')}"><figcaption>${s.name} · ${s.scheme}</figcaption></figure>`).join('');
  await page.setContent(`<style>body{margin:16px;background:#777;display:grid;grid-template-columns:repeat(6,1fr);gap:12px;font:11px sans-serif;color:#fff}figure{margin:0}img{width:100%;display:block;aspect-ratio:1360/900;object-fit:contain;background:#555}</style>${cells}`, { waitUntil: 'load' });
  const png = await page.screenshot({ fullPage: true, type: 'png' });
  const webp = await page.evaluate(async (data) => {
    const image = new Image();
    image.src = 'data:image/png;base64,' + data;
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
    canvas.getContext('2d').drawImage(image, 0, 0);
    return canvas.toDataURL('image/webp', 0.72).split(',')[1];
  }, png.toString('base64'));
  writeFileSync(to, Buffer.from(webp, 'base64'));
}

for (const scheme of (process.env.SCHEMES ?? 'dark,light').split(',')) {
  await visit(scheme);
}
if (!ONLY) {
  await montage(fileURLToPath(new URL('../../docs/contact-sheet.webp', import.meta.url)));
}
console.log(`${shots.length} pictures`);
await browser.close();
process.exit(failed ? 1 : 0);
