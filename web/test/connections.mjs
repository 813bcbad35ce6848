// The steps of the posts in Amazon Managed Grafana's own pages: a data source by region,
// one by URL, a service account with a token, a contact point on an SNS topic, an alert
// on a panel. Started by `go test ./test/browser`.
import { api, base, check, failures, key, launch, noMore, openPage, password, quiet, serious } from './browser.mjs';

const browser = await launch();
const noted = await openPage(browser, { viewport: { width: 1360, height: 900 } });
const { page, errors, foreign } = noted;
page.setDefaultTimeout(60000);
const button = (name) => page.getByRole('button', { name, exact: true });
const shows = async (what, text) => check(what, await page.getByText(text).first().waitFor().then(() => true, () => false), `no ${text} at ${page.url()}: ${(await page.locator('main').textContent()).slice(0, 300)}`);
const look = async (name) => {
  await quiet(page);
  const bad = await serious(page);
  check(`${name}: nothing serious for axe`, bad.length === 0, JSON.stringify(bad));
};

// A wrong password is told, and nothing else.
await page.goto(base);
await page.getByLabel('Password').fill('not this one');
noted.expected = true;
await button('Sign in').click();
check('a wrong password is refused in words', await page.getByRole('alert').filter({ hasText: 'You could not be signed in' }).waitFor().then(() => true, () => false));
await noMore(noted);
await look('sign in, refused');
await page.getByLabel('Password').fill(password);
await button('Sign in').click();

// The metrics workspace of the region, found and added as Amazon's page does it.
await page.getByRole('link', { name: 'Data sources' }).click();
const found = page.getByRole('table', { name: 'Metrics workspaces' });
await found.waitFor();
const row = found.getByRole('row').filter({ hasText: 'demo' }).first();
if (await row.getByRole('button', { name: 'Add' }).count()) {
  await row.getByRole('button', { name: 'Add' }).click();
}
await row.getByRole('link', { name: 'added' }).waitFor();
await look('data sources');
await row.getByRole('link', { name: 'added' }).click();
await button('Save & test').click();
check('its test works', await page.getByText('Successfully queried the Prometheus API.').waitFor().then(() => true, () => false));

// One by URL that nobody serves says so, keeps its password to itself, and goes.
await page.goto(base + '/connections/datasources/new');
await page.getByLabel('Name').fill('Elsewhere');
await page.getByLabel('URL').fill('http://127.0.0.1:1');
await page.getByLabel('Method', { exact: true }).click();
await page.getByText('Basic authentication', { exact: true }).click();
await page.getByLabel('User').fill('me');
await page.getByLabel('Password').fill('s3cret-word');
await look('a data source');
noted.expected = true; // that it does not answer is told with 400
await button('Save & test').click();
await page.getByRole('heading', { level: 1, name: 'Elsewhere' }).waitFor();
const kept = await fetch(`${base}/api/datasources/name/Elsewhere`, { headers: { Authorization: `Bearer ${key}` } }).then((r) => r.text());
check('the password is kept and not told', /"basicAuthPassword":true/.test(kept) && !kept.includes('s3cret-word'), kept);
await button('Save & test').click();
check('what does not answer says why', await page.getByText('It does not answer').waitFor().then(() => true, () => false));
await button('Delete').click();
await page.getByLabel('Write Elsewhere to delete it').fill('Elsewhere');
await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
await page.getByRole('heading', { level: 1, name: 'Data sources' }).waitFor();
await noMore(noted);
check('it is gone', (await page.getByRole('link', { name: 'Elsewhere' }).count()) === 0);

// A service account with a token, which works as a Viewer.
await page.getByRole('link', { name: 'Access' }).click();
await page.getByLabel('New service account').fill('journey');
await button('Create service account').click();
await page.getByLabel('New token').fill('first');
await button('Create token').click();
await page.getByText('Copy it now: it is not shown again.').waitFor();
const token = (await page.getByLabel('the token', { exact: true }).textContent()).trim();
const ask = (path) => fetch(base + path, { headers: { Authorization: `Bearer ${token}` } }).then((r) => r.status);
check('its token searches dashboards', (await ask('/api/search')) === 200);
check('and sees no data sources, as a Viewer', (await ask('/api/datasources')) === 403);
await page.keyboard.press('Escape');
await look('access');

// A contact point, and an alert rule of a panel, as the post about App Mesh has them.
const posted = async (path, body) => {
  const r = await api(path, { method: 'POST', body: JSON.stringify(body) });
  check(`${path} is posted`, r.ok || r.status === 409 || r.status === 412, `${r.status} ${await r.text()}`);
};
await posted('/api/folders', { uid: 'mesh', title: 'Mesh' });
await posted('/api/dashboards/db', { folderUid: 'mesh', overwrite: true, dashboard: { uid: 'envoy', title: 'Envoy', schemaVersion: 39, time: { from: 'now-1h', to: 'now' }, panels: [{ id: 7, type: 'timeseries', title: 'Downstream latency', datasource: { type: 'prometheus', uid: 'prom' }, gridPos: { x: 0, y: 0, w: 12, h: 8 }, targets: [{ refId: 'A', expr: 'demo_percent' }] }] } });
await page.goto(base + '/alerts/contacts');
await button('New contact point').click();
await page.getByLabel('Name', { exact: true }).fill('grafana-notification');
check('it is not saved without its topic', await button('Save').isDisabled());
await page.getByLabel('Topic ARN').fill('arn:aws:sns:us-east-1:000000000000:grafana-notification');
await look('a contact point');
await button('Save').click();
const point = page.getByRole('table', { name: 'Contact points' }).getByRole('row').filter({ hasText: 'grafana-notification' });
await point.getByText('default', { exact: true }).waitFor();
check('the first contact point is the default', ((await (await api('/api/v1/provisioning/policies')).json()).receiver) === 'grafana-notification');
await look('contact points');
await page.goto(base + '/d/envoy');
await page.getByRole('heading', { name: 'Downstream latency' }).hover();
await page.getByRole('button', { name: 'Menu for panel Downstream latency', exact: true }).click();
await page.getByRole('menuitem', { name: 'New alert rule' }).click();
await page.getByRole('heading', { level: 1, name: 'New alert rule' }).waitFor();
check('the panel\'s title is the rule\'s', (await page.getByLabel('Name', { exact: true }).inputValue()) === 'Downstream latency');
check('and its query', /demo_percent/.test(await page.getByLabel('PromQL').first().textContent()));
await page.getByLabel('this number').fill('five');
check('what is no number is not saved', await button('Save rule').isDisabled());
await page.getByLabel('this number').fill('50');
await page.getByRole('button', { name: 'Preview' }).click();
await shows('the preview says that it would not fire', 'It would not fire: the one value is normal.');
await page.getByLabel('this number').fill('5');
await page.getByRole('button', { name: 'Preview' }).click();
await shows('or that it would', 'It would fire for 1 of 1.');
await page.getByLabel('Evaluated every').fill('10s');
await page.getByLabel('Fires after').fill('0s');
await page.getByLabel('Labels').fill('severity=page');
await page.getByLabel('Summary').fill('Latency is {{ $values.B }}');
await look('new alert rule');
await button('Save rule').click();
await page.getByRole('heading', { level: 1, name: 'Downstream latency' }).waitFor();
const rules = await (await api('/api/v1/provisioning/alert-rules')).json();
const rule = rules.find((r) => r.title === 'Downstream latency');
check('the rule is of its folder and panel', rule?.folderUID === 'mesh' && rule.annotations.__dashboardUid__ === 'envoy' && rule.annotations.__panelId__ === '7' && !rule.provenance, JSON.stringify(rule));
check('its group has the interval', (await (await api('/api/v1/provisioning/folder/mesh/rule-groups/alerts')).json()).interval === 10);
const until = Date.now() + 90000;
while (Date.now() < until && !(await page.getByRole('table', { name: 'Instances' }).getByText('Alerting').isVisible().catch(() => false))) {
  await page.reload();
  await page.getByRole('heading', { name: 'Instances' }).waitFor();
  await quiet(page);
}
check('it fires', await page.getByRole('table', { name: 'Instances' }).getByText('Alerting').isVisible());
await shows('with its summary', 'Latency is 42.5');
await look('a firing rule');
await page.getByRole('link', { name: 'Edit' }).click();
await page.getByLabel('this number').fill('60');
await button('Save rule').click();
await page.getByRole('button', { name: 'Delete' }).waitFor();
const changed = (await (await api(`/api/v1/provisioning/alert-rules/${rule?.uid}`)).json()).data[2].model.conditions[0].evaluator.params;
check('an edit changes it', JSON.stringify(changed) === '[60]', JSON.stringify(changed));
await button('Delete').click();
await page.getByLabel('Write Downstream latency to delete it').fill('Downstream latency');
await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
await page.getByRole('heading', { level: 1, name: 'Alerts' }).waitFor();
check('the rule is gone', (await api(`/api/v1/provisioning/alert-rules/${rule?.uid}`)).status === 404);

check('no errors in the console', errors.length === 0, errors.join('\n'));
check('nothing from elsewhere', foreign.length === 0, foreign.join('\n'));
await browser.close();
process.exit(failures() ? 1 : 0);
