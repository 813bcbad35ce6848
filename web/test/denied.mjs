// The console of somebody who may do little, without a mouse, and after the session is
// over. Started by `go test ./test/browser`.
import { becomes, check, failures, launch, openPage, serious, url } from './browser.mjs';

const browser = await launch();
const root = await openPage(browser);
const user = 'visitor' + Date.now();

/** Signs in with keys. */
async function enter(page, id, secret) {
  await page.goto(url + '/ui/');
  await page.getByLabel('Access key id').fill(id);
  await page.getByLabel('Secret access key').fill(secret);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('heading', { name: 'Workspaces' }).waitFor();
}

/** An operation of IAM, with the session of the page. */
const iam = (params) =>
  root.page.evaluate(async (form) => {
    const r = await fetch('/', { method: 'POST', headers: { 'X-Hearth-Service': 'iam' }, body: new URLSearchParams({ Version: '2010-05-08', ...form }) });
    return { ok: r.ok, text: await r.text() };
  }, params);

await enter(root.page, 'test', 'test');
const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: ['aps:ListWorkspaces', 'aps:DescribeWorkspace'], Resource: '*' }] };
await iam({ Action: 'CreateUser', UserName: user });
await iam({ Action: 'PutUserPolicy', UserName: user, PolicyName: 'looks', PolicyDocument: JSON.stringify(policy) });
const { text: made } = await iam({ Action: 'CreateAccessKey', UserName: user });
const word = (name) => new RegExp(`<${name}>([^<]+)`).exec(made)?.[1] ?? '';
check('the visitor has keys', word('AccessKeyId') !== '', made);

const noted = await openPage(browser, { viewport: { width: 1360, height: 900 } });
const { page, foreign } = noted;
page.setDefaultTimeout(60000);
noted.expected = true; // each refusal is a line in the browser's console
const faults = [];
page.on('pageerror', (e) => faults.push(`${page.url()}: ${e.stack ?? e}`));
await enter(page, word('AccessKeyId'), word('SecretAccessKey'));
const demo = (await page.getByRole('link', { name: 'demo' }).getAttribute('href')).match(/ws-[0-9a-f-]+/)[0];

/** Goes to a page and waits until nothing there is still on its way. */
const open = async (path) => {
  await page.goto(url + '/ui' + path);
  await page.locator('main').waitFor();
  await page.waitForFunction(() => document.querySelector('main h1, main [role=alert]') && !/Loading [^]*…/.test(document.querySelector('main').innerText));
};
const main = () => page.locator('main').innerText();

const lacks = {
  [`/workspaces/${demo}`]: 'hearth:DescribeWorkspaceUsage',
  [`/workspaces/${demo}?tab=Series`]: 'aps:GetLabels|aps:GetSeries|aps:QueryMetrics|aps:GetMetricMetadata',
  [`/workspaces/${demo}?tab=Refused`]: 'hearth:ListEvents',
  [`/workspaces/${demo}?tab=Rules+and+alert+manager`]: 'aps:ListRuleGroupsNamespaces',
  [`/workspaces/${demo}/rules/some`]: 'aps:ListRuleGroupsNamespaces',
  [`/workspaces/${demo}/alertmanager`]: 'aps:DescribeAlertManagerDefinition',
  [`/alerts?workspace=${demo}`]: 'aps:ListRules',
  [`/alerts/silences?workspace=${demo}`]: 'aps:ListAlertManagerSilences',
  [`/alerts/routes?workspace=${demo}`]: 'aps:GetAlertManagerStatus',
  [`/alerts/notifications?workspace=${demo}`]: 'hearth:ListEvents',
  '/scrapers': 'aps:ListScrapers',
  '/scrapers/new': 'aps:GetDefaultScraperConfiguration',
  '/clusters': 'hearth:ListClusters',
  '/clusters/none': 'hearth:DescribeCluster',
  [`/cloudwatch?workspace=${demo}`]: 'hearth:ListCloudWatchScrapers',
  '/sns': 'sns:ListTopics',
  [`/sns/${encodeURIComponent('arn:aws:sns:us-east-1:000000000000:none')}`]: 'sns:ListSubscriptionsByTopic|sns:GetTopicAttributes',
  '/grafana': 'grafana:ListWorkspaces',
  '/grafana/g-0000000000': 'grafana:DescribeWorkspace',
  '/iam': 'iam:List(Users|Roles|Groups)',
  '/iam/user/none': 'iam:ListAttachedUserPolicies',
};
for (const [path, action] of Object.entries(lacks)) {
  await open(path);
  const told = await becomes(async () => {
    const text = await main();
    return { ok: new RegExp(`You may not see this[^]*(${action})`, 'i').test(text), text };
  });
  check(`${path} names what is missing`, told.ok, told.text.slice(0, 400));
}
check('a refusal has the command that tells why', (await becomes(async () => ({ ok: /hearth why [0-9a-f-]{8}/.test(await main()) }))).ok);
const bad = await serious(page);
check('a refused page: nothing serious for axe', bad.length === 0, JSON.stringify(bad));

// What is tried and may not be says so where it was tried, and nothing is lost.
await open('/workspaces?create');
await page.getByLabel('Alias').fill('mine');
await page.getByRole('button', { name: 'Create', exact: true }).click();
const dialog = page.getByRole('dialog');
await dialog.getByText('aps:CreateWorkspace').first().waitFor();
check('what was written stays', (await page.getByLabel('Alias').inputValue()) === 'mine');
await page.keyboard.press('Escape');

// Without a mouse: "/" and Ctrl-K jump, the first Tab skips to the page, and what has the focus shows it.
await open('/workspaces');
await page.keyboard.press('/');
await page.getByRole('combobox', { name: 'Jump to' }).fill('cloudw');
await page.keyboard.press('Enter');
await page.getByRole('heading', { level: 1, name: 'CloudWatch jobs' }).waitFor();
await page.keyboard.press('Control+k');
await page.getByRole('combobox', { name: 'Jump to' }).fill('demo');
await page.getByRole('option', { name: /demo/ }).first().waitFor();
await page.keyboard.press('Escape');
check('Escape closes the list', await page.getByRole('combobox', { name: 'Jump to' }).waitFor({ state: 'hidden' }).then(() => true, () => false));
await open('/workspaces');
await page.keyboard.press('Tab');
check('the first Tab is the skip link', (await page.evaluate(() => document.activeElement?.textContent)) === 'Skip to the page');
const unseen = await page.evaluate(async () => {
  const out = [];
  const reached = [...document.querySelectorAll('a[href], button, select, input')].filter((e) => e.offsetParent && !e.disabled && e.tabIndex >= 0);
  for (const e of reached) {
    e.focus({ focusVisible: true });
    await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
    const s = getComputedStyle(e);
    if (document.activeElement === e && s.outlineStyle === 'none' && s.boxShadow === 'none') {
      out.push(e.outerHTML.slice(0, 120));
    }
  }
  return out;
});
check('what has the focus shows it', unseen.length === 0, unseen.join('\n'));

// A dialog keeps the focus from what is behind it, Escape closes it, and the focus is back where it was.
for (const name of ['Create workspace', 'Jump to… ctrl+k']) {
  const button = page.getByRole('button', { name, exact: true });
  await button.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await becomes(async () => ({ ok: await page.evaluate(() => document.activeElement.closest('[role=dialog]') !== null) })); // it takes the focus a moment later
  const outside = [];
  for (let i = 0; i < 12; i++) {
    await page.keyboard.press('Tab');
    outside.push(...(await page.evaluate(() => (document.activeElement.closest('[role=dialog], [data-floating-ui-focus-guard]') || document.activeElement === document.body ? [] : [document.activeElement.outerHTML.slice(0, 120)]))));
  }
  check(`${name}: the dialog keeps the focus`, outside.length === 0, outside.join('\n'));
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  const back = await becomes(async () => ({ ok: await button.evaluate((e) => e === document.activeElement) }));
  check(`${name}: and gives it back`, back.ok, await page.evaluate(() => document.activeElement.outerHTML.slice(0, 120)));
}

// The session ends elsewhere: the next question leads to the form, and back to where one was.
await open('/workspaces');
await page.context().clearCookies();
await page.getByRole('link', { name: 'demo' }).click();
await page.getByText('Your session is over. Sign in again.').waitFor();
const over = await serious(page);
check('a session that is over: nothing serious for axe', over.length === 0, JSON.stringify(over));
await page.getByLabel('Access key id').fill(word('AccessKeyId'));
await page.getByLabel('Secret access key').fill('wrong');
await page.getByRole('button', { name: 'Sign in', exact: true }).click();
await page.getByRole('alert').filter({ hasText: 'You could not be signed in' }).first().waitFor();
await page.getByText(/hearth why [0-9a-f-]{8}/).waitFor();
await page.getByLabel('Secret access key').fill(word('SecretAccessKey'));
await page.getByRole('button', { name: 'Sign in', exact: true }).click();
await page.getByRole('heading', { level: 1, name: 'demo' }).waitFor();
check('who signs in again is where they were', page.url().includes(demo), page.url());

check('no page fell over', faults.length === 0, faults.join('\n'));
check('nothing from elsewhere', foreign.length === 0, foreign.join('\n'));
await browser.close();
process.exit(failures() ? 1 : 0);
