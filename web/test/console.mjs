// What people do in the console, on a real Hearth. Started by `go test
// ./test/browser`, which says where Hearth is; its keys are those of hearth dev.
// With SHOTS=FOLDER it keeps a picture of each page, dark and light.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { becomes, noMore, openPage, still } from './browser.mjs';

const { HEARTH_URL: url, SHOTS: shots } = process.env;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let failed = 0;
const check = (what, ok, more = '') => {
  failed += ok ? 0 : 1;
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${what}${ok ? '' : ' ' + more}`);
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const noted = await openPage(browser, { viewport: { width: 1360, height: 900 } });
const { page, errors, foreign } = noted;

const button = (name) => page.getByRole('button', { name, exact: true });
const shows = async (what, text, timeout = 60000) => {
  const ok = await page.getByText(text).first().waitFor({ timeout }).then(() => true, () => false);
  check(what, ok, `no ${text} at ${page.url()}: ${(await page.locator('main').textContent()).slice(0, 400)}`);
};
const open = async (path) => {
  await page.goto(url + '/ui' + path);
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  await page.waitForLoadState('networkidle');
};
/** The commands that pages showed. */
const commands = new Set();
/** Axe, and a picture in both themes. */
const look = async (name) => {
  for (const c of await page.locator('[data-command]').allTextContents()) {
    commands.add(c);
  }
  await page.mouse.move(0, 500); // the library's hovered and focused buttons are lighter than axe likes
  await page.evaluate(() => document.activeElement?.blur());
  await still(page);
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  const bad = violations.filter((v) => v.impact === 'serious' || v.impact === 'critical');
  check(`${name}: nothing serious for axe`, bad.length === 0, JSON.stringify(bad.map((v) => [v.id, v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160))])));
  if (shots) {
    mkdirSync(shots, { recursive: true });
    for (const theme of ['dark', 'light']) {
      await page.screenshot({ path: `${shots}/${name}-${theme}.png` });
      await page.getByRole('button', { name: /^Use the/ }).click({ timeout: 2000 }).catch(() => {});
      await page.mouse.move(0, 500);
      await still(page);
    }
  }
};

/** What an identity provider tells; the certificate is of nobody. */
const metadata = readFileSync(new URL('../testdata/idp.xml', import.meta.url), 'utf8');

// Sign in with keys; wrong ones first.
await page.goto(url + '/ui/');
await page.getByLabel('Access key id').fill('test');
await page.getByLabel('Secret access key').fill('wrong');
noted.expected = true;
await button('Sign in').click();
await page.getByRole('alert').first().waitFor().catch(() => {});
check('wrong keys are refused', await page.getByLabel('Access key id').isVisible());
await noMore(noted);
await page.evaluate(axe);
await page.getByLabel('Secret access key').fill('test');
await button('Sign in').click();
await page.getByRole('heading', { name: 'Workspaces' }).waitFor();
await shows('the workspaces are listed', 'demo');
await look('workspaces');

// A workspace: made, looked at, deleted by its name.
await page.getByRole('button', { name: 'Create workspace' }).click();
await page.getByLabel('Alias').fill('journey');
await button('Create').click();
await page.getByRole('heading', { name: 'journey' }).waitFor();
await page.locator('main').getByText('ACTIVE', { exact: true }).first().waitFor();
const id = page.url().match(/ws-[0-9a-f-]+/)[0];
await shows('the remote write address stands there', new RegExp(`${id}/api/v1/remote_write`));
await shows('an empty workspace says what to do', /Nothing has been written here yet/);
await shows('the CLI call stands there', /Try: what this page asked/);
await page.getByText(/Try: what this page asked/).click();
await shows('and is the aws CLI\'s', `aws amp describe-workspace --workspace-id ${id}`);
await look('workspace-empty');

// To another workspace: of this one nothing stays, while the other's answer is awaited.
let release;
const answered = new Promise((resolve) => { release = resolve; });
const another = new RegExp(`/workspaces/(?!${id})ws-[^/?]+$`);
await page.route((u) => another.test(u.pathname) && !u.pathname.startsWith('/ui/'), (route) => answered.then(() => route.continue()));
await page.keyboard.press('Control+k');
await page.getByRole('combobox', { name: 'Jump to' }).fill('demo');
await page.getByRole('option', { name: /demo/ }).first().click();
await page.waitForURL((u) => another.test(u.pathname));
const stays = await becomes(async () => ({ ok: (await page.getByRole('heading', { level: 1, name: 'journey' }).count()) + (await button('Delete').count()) === 0 }));
check('nothing of the workspace before stays', stays.ok);
release();
await page.getByRole('heading', { level: 1, name: 'demo' }).waitFor();
await page.unrouteAll({ behavior: 'wait' });
await page.goBack();
await page.getByRole('heading', { level: 1, name: 'journey' }).waitFor();

await button('Delete').click();
check('without its name it is not deleted', await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).isDisabled());
await page.getByLabel('Write journey to delete it').fill('journey');
noted.expected = true; // its page may ask once more how large it is
await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
await page.getByRole('heading', { name: 'Workspaces' }).waitFor();
await noMore(noted);

// The demo workspace has samples.
await page.getByRole('link', { name: 'demo' }).click();
await shows('active series', 'Active series');
await shows('the ingest rate comes', /[\d.]+ \/s/);
await look('workspace');
const demo = page.url().match(/ws-[0-9a-f-]+/)[0];
await open(`/workspaces/${demo}?tab=Series`);
await shows('metrics by series', 'Metrics by series');
await shows('a metric of Hearth', /hearth_/);
await look('series');
await open(`/workspaces/${demo}?tab=Refused`);
await look('refused');

// Rules: written, refused while they are wrong, kept.
const namespace = 'journey-' + Date.now();
await open(`/workspaces/${demo}?tab=Rules+and+alert+manager`);
await look('rules-and-alert-manager');
await page.getByLabel('New namespace').fill(namespace);
await button('Write rules').click();
const editor = page.getByRole('textbox', { name: 'Rules file' });
const rules = (expr) => `groups:\n- name: here\n  interval: 1s\n  rules:\n  - alert: Journey\n    expr: ${expr}\n    labels: {severity: info}\n`;
const write = async (text, into = editor) => {
  await into.click();
  await page.keyboard.press('Control+A');
  await page.evaluate((t) => {
    const data = new DataTransfer();
    data.setData('text/plain', t);
    document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  }, text);
};
await write(rules('up{job="hearth"} =='));
await shows('a wrong expression is marked while it is written', /Line 6/);
check('and cannot be kept', await button('Save').isDisabled());
await look('rules-wrong');
await write(rules('up{job="hearth"} == 1'));
await shows('a right one is not', 'Nothing is wrong with it.');
await button('Save').click();
await shows('and is kept', 'ACTIVE');

// The alert manager definition.
await open(`/workspaces/${demo}/alertmanager`);
await page.getByRole('textbox', { name: 'Alert manager definition' }).waitFor();
await shows('the definition is checked', /Nothing is wrong with it|Line|alertmanager_config/);
await look('alert-manager');
if (await button('Save').isEnabled()) {
  await button('Save').click();
  await shows('the definition is kept', 'ACTIVE');
}

// The alert fires, with its record.
await open(`/alerts?workspace=${demo}`);
const until = Date.now() + 90000;
while (Date.now() < until && !(await page.locator('li', { hasText: namespace }).getByText('firing').isVisible().catch(() => false))) {
  await page.reload();
  await page.locator('li', { hasText: namespace }).first().waitFor();
}
check('the alert fires', await page.locator('li', { hasText: namespace }).getByText('firing').waitFor().then(() => true, () => false));
await look('alerts');
await page.locator('li', { hasText: namespace }).getByRole('link', { name: 'Journey' }).click();
await shows('the evaluation record', /inactive -> firing|inactive -> pending/);
await look('rule');

// A silence, with what it would silence.
await page.getByRole('link', { name: 'Silence', exact: true }).first().click();
await page.getByRole('heading', { name: 'New silence' }).waitFor();
// An alert that fired before there was a definition is told a minute later.
await shows('the preview counts', /1 alert matches/, 90000);
await page.getByRole('textbox', { name: 'Why' }).fill('the journey knows');
await look('silence-new');
await button('Silence').click();
await page.getByRole('heading', { name: 'Silences' }).waitFor();
await shows('the silence is listed', 'the journey knows');
await look('silences');
await page.getByRole('button', { name: 'Expire' }).first().click();
await shows('and expires', 'No alert is silenced');
await open(`/alerts/routes?workspace=${demo}`);
await shows('the tree begins with every alert', 'every alert');
await page.getByLabel('Where would an alert go?').fill('alertname=Journey, severity=info');
await shows('and says where one goes', /It goes to/);
await look('routes');
await open(`/alerts/notifications?workspace=${demo}&show=all`);
await look('notifications');
await page.getByText('How it went, and what was sent').first().click().catch(() => {});
await page.setViewportSize({ width: 390, height: 844 });
for (const path of ['/alerts', '/alerts/silences', '/alerts/routes', '/alerts/notifications', '/workspaces']) {
  await open(`${path}?workspace=${demo}`);
  const wide = await becomes(async () => {
    const px = await page.evaluate(() => document.getElementById('page').scrollWidth - document.getElementById('page').clientWidth);
    return { ok: px <= 0, px };
  });
  check(`${path} fits a phone`, wide.ok, `${wide.px} px too wide`);
}
await look('phone');
await page.setViewportSize({ width: 1360, height: 900 });

// Explore, from a link.
await open(`/explore?workspace=${demo}&expr=${encodeURIComponent('sum by (job) (up)')}&from=now-15m&to=now`);
await page.locator('canvas').first().waitFor();
await shows('values of the link\'s expression', /hearth/);
await page.getByRole('button', { name: 'Explain' }).click();
await shows('the parts of the expression', 'aggregation');
await page.getByRole('button', { name: 'Statistics' }).click();
await shows('what the query reads', 'Samples read');
await look('explore');
noted.expected = true;
await page.getByLabel('PromQL').fill('sum(');
await button('Run').click();
await shows('an error is the server\'s', /parse error|unclosed|unexpected/);
await noMore(noted);

// Topics.
const topic = 'journey-' + Date.now();
await open('/sns');
await page.getByLabel('New topic').fill(topic);
await page.getByRole('button', { name: 'Create topic' }).click();
await page.getByRole('heading', { name: topic }).waitFor();
await page.getByLabel('Endpoint').fill('me@example.org');
await button('Subscribe').click();
await shows('a subscription waits', 'waits to be confirmed');
await page.getByRole('button', { name: 'Publish' }).click();
await shows('a message is taken', /Taken as message/);
await look('topic');

// IAM, with a question whose answer is known.
const user = 'journey' + Date.now();
await open('/iam');
await page.getByLabel('New user').fill(user);
await page.getByRole('button', { name: 'Create user' }).click();
await page.getByRole('link', { name: user }).click();
await shows('a user without policies may nothing', /has no policies/);
await look('user');
await page.getByRole('link', { name: 'Why denied?' }).click();
await page.getByRole('button', { name: 'Ask' }).click();
await shows('the policies say no', /no statement allows it/);
await look('why');

// The rest: each says what to do next.
for (const [path, name, text] of [['/scrapers', 'scrapers', /scrapers yet|Looks into/], ['/scrapers/new', 'scraper-new', 'Scrape configuration'], ['/clusters', 'clusters', /registered yet|Observability/], [`/cloudwatch?workspace=${demo}`, 'cloudwatch', /No job brings/], ['/grafana', 'grafana', /Sign-in|yet/]]) {
  await open(path);
  await shows(`${path} is there`, text);
  await look(name);
}
// The wizard of the posts about Amazon Managed Grafana: description, SAML, service-managed
// permissions, data sources and channels; then the identity provider's metadata, as XML.
await page.getByRole('button', { name: 'Create Grafana workspace' }).click();
await page.getByLabel('Name').fill('journey');
await page.getByLabel('Description').fill('EKS and Fargate');
check('permissions are service-managed, for data sources and SNS', (await page.getByRole('radio', { name: 'Service managed' }).isChecked()) && (await page.getByLabel('Amazon Managed Service for Prometheus').isChecked()) && (await page.getByLabel('Amazon SNS').isChecked()));
await page.getByText('SAML', { exact: true }).click();
await look('grafana-create');
await button('Create').click();
await page.getByRole('heading', { name: 'journey' }).waitFor();
await shows('who signs in is a Viewer', /Nobody was given a role/);
await shows('it has its description', 'EKS and Fargate');
await shows('and a way to its data sources', 'configure in Grafana');
await shows('what the identity provider is told', /saml\/acs/);
await shows('SAML waits', 'SAML waits for the metadata of the identity provider');
await page.getByRole('radio', { name: 'Upload or copy/paste' }).click();
await page.getByLabel('Metadata XML').fill('<no/>');
noted.expected = true;
await button('Save').click();
await shows('wrong metadata is refused', 'samlConfiguration.idpMetadata.xml');
await noMore(noted);
await page.getByLabel('Metadata XML').fill(metadata);
await page.getByLabel('Attribute: Role').fill('Role');
await page.getByLabel('Values of admins').fill('ADMIN');
await button('Save').click();
await shows('SAML is configured', 'SAML is enabled');
await page.getByLabel('SSO id or group').fill('grafana-admin');
await button('Give').click();
const given = page.getByRole('table', { name: 'Permissions' }).getByRole('row').filter({ hasText: 'grafana-admin' });
await given.getByText('ADMIN', { exact: true }).waitFor();
await look('grafana-workspace');
await button('Edit').click();
await page.getByRole('dialog').getByLabel('Name').fill('journeys');
await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
await page.getByRole('heading', { level: 1, name: 'journeys' }).waitFor();
const team = page.url().match(/g-[0-9a-f]+/)[0];
const door = await page.context().newPage();
await door.goto(`${url}/grafana/${team}/`);
check('its sign-in page offers SAML and single sign-on, as far as they are there', await door.getByRole('link', { name: /SAML/ }).waitFor().then(() => true, () => false), await door.locator('main').textContent());
await door.close();
await page.getByRole('button', { name: 'Delete' }).click();
await page.getByLabel('Write journeys to delete it').fill('journeys');
await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
await page.getByRole('heading', { level: 1, name: 'Grafana workspaces' }).waitFor();

// A cluster, its Observability, and the way to a scraper in it. Nothing answers there.
const cluster = 'journey-' + Date.now();
await open('/clusters');
await page.getByRole('button', { name: 'Register cluster' }).click();
await page.getByLabel('Name').fill(cluster);
await page.getByLabel('Kubeconfig').fill(`apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\nusers: [{name: u, user: {token: abc}}]\ncontexts: [{name: c, context: {cluster: c, user: u}}]\n`);
noted.expected = true;
await button('Register').click();
await shows('a cluster that does not answer is not registered unasked', 'cannot be reached');
await noMore(noted);
await page.getByText('Register it even if it does not answer now').click();
await button('Register').click();
await page.getByRole('heading', { level: 1, name: cluster }).waitFor();
await shows('a cluster that does not answer says so', /Trouble|not been asked/);
await look('cluster');
await page.getByRole('link', { name: 'Add scraper' }).click();
await page.getByRole('heading', { level: 1, name: 'New scraper' }).waitFor();
check('the scraper is for this cluster', await page.locator('main').getByText(cluster).first().waitFor().then(() => true, () => false));
await shows("the configuration is Amazon's default", 'kubernetes-apiservers');

// A job that asks CloudWatch, with a configuration in the form of the post about Fargate.
await open(`/cloudwatch?workspace=${demo}`);
await page.getByRole('button', { name: 'Add job' }).click();
await page.getByLabel('Name').fill('fargate-' + Date.now());
const job = page.getByRole('textbox', { name: 'Configuration of the job' });
await write('discovery:\n  jobs:\n  - type: ecs-nothing\n', job);
await page.getByLabel('Access key id of AWS').fill('AKIAQ33BWUG3BLXXXXXX');
await page.getByLabel('Secret access key of AWS').fill('not-a-secret');
noted.expected = true;
await button('Add').click();
await shows('a wrong configuration is refused', 'The job was not added');
await noMore(noted);
await write('discovery:\n  jobs:\n  - regions: [us-east-1]\n    type: ecs-containerinsights\n    awsDimensions: [ServiceName]\n    metrics:\n    - name: CpuReserved\n      statistics: [Average]\n      period: 300\n      length: 3600\n', job);
await button('Add').click();
await shows('a right one is a job with its cost', 'Cost of a month');
await shows('and a cap', /of at most USD 1\.00 a day/);
await look('cloudwatch-job');
await page.getByRole('button', { name: 'Delete' }).first().click();
await page.getByRole('dialog').getByRole('textbox').fill((await page.getByRole('dialog').locator('strong').last().textContent()) ?? '');
await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
await page.getByRole('dialog').waitFor({ state: 'hidden' });

// A scraper of Hearth itself, as one without a cluster, and its funnel.
await open('/scrapers/new');
await page.getByLabel('Alias').fill('journey');
await page.getByLabel('Looks into').click();
await page.getByText('No cluster: targets that Hearth can reach').last().click();
await write(`global:\n  scrape_interval: 30s\nscrape_configs:\n- job_name: self\n  static_configs:\n  - targets: ['${new URL(url).host}']\n`, page.getByRole('textbox', { name: 'Scrape configuration' }));
await page.getByRole('button', { name: 'Create scraper' }).click();
await page.waitForURL(/\/scrapers\/s-/).catch(() => {});
await shows('the funnel', 'Targets discovered', 60000);
await shows('and the scraper is there', 'ACTIVE', 60000);
const discovered = page.getByRole('img', { name: 'Up: 1 of 1' });
await discovered.waitFor({ timeout: 90000 }).catch(() => {});
check('one target of one is up', await discovered.isVisible());
await look('scraper');

// Sign out, and the session is over.
await page.getByRole('button', { name: /^Signed in as/ }).click();
await page.getByRole('menuitem', { name: 'Sign out' }).click();
await page.getByRole('heading', { name: 'Sign in to the console' }).waitFor();
await look('sign-in');

commands.forEach((c) => console.log('TRY ' + c.replaceAll('\n', ' ')));
check('no errors in the console', errors.length === 0, errors.join('\n'));
check('nothing from elsewhere', foreign.length === 0, foreign.join('\n'));
await browser.close();
process.exit(failed ? 1 : 0);
