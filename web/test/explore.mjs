// What people do in Explore: two views, queries run before, the same query for other
// programs (which are then run), names completed and looked up. Started by `go test
// ./test/browser`.
import { execFileSync } from 'node:child_process';
import { base, becomes, check, finish, key, launch, openPage, panelOf, quiet, signIn, signInWithKeys, url } from './browser.mjs';

const { HEARTH_TOKEN, HEARTH_AWSCURL: awscurl } = process.env;

const browser = await launch();
const noted = await openPage(browser, { viewport: { width: 1440, height: 1200 }, permissions: ['clipboard-read', 'clipboard-write'] });
const { page } = noted;
const pane = (n) => page.getByRole('region', { name: 'Explore' }).nth(n);
const editor = (n = 0) => pane(n).getByRole('textbox', { name: 'PromQL query' });
const button = (name, n = 0) => pane(n).getByRole('button', { name, exact: true });
const param = (name) => new URL(page.url()).searchParams.get(name);
const comes = async (what, locator) => check(what, await locator.first().waitFor().then(() => true, () => false), `not at ${page.url()}`);

/** Replaces a view's query and runs it. */
async function run(expr, n = 0) {
  await editor(n).fill(expr);
  await button('Run', n).click();
  await page.waitForURL((u) => u.searchParams.get(n ? 'expr2' : 'expr') === expr);
}

const holds = async (what, n, text) => {
  const found = await becomes(async () => {
    const now = (await pane(n).innerText().catch(() => '')).replace(/\s+/g, ' ');
    return { ok: now.includes(text), now };
  });
  check(what, found.ok, found.now.slice(0, 300));
};

/** Names are completed from the data source. */
async function completion() {
  await page.goto(base + '/explore');
  await editor().click();
  const option = (name) => page.locator('.cm-tooltip-autocomplete').getByRole('option', { name });
  const text = async () => (await editor().innerText()).trim();
  await page.keyboard.type('demo_pow');
  await comes('a metric is offered', option(/^demo_powers/));
  await quiet(page); // the editor takes no Enter for a list that has just come
  await page.keyboard.press('Enter');
  check('Enter takes it', (await becomes(async () => ({ ok: (await text()) === 'demo_powers' }))).ok, await text());
  check('and runs nothing', param('expr') === null);
  await page.keyboard.type('{si');
  await comes('its label is offered', option(/^size/));
  await quiet(page);
  await page.keyboard.press('Enter');
  await page.keyboard.type('="lar');
  await comes('and the label\'s value', option(/^large/));
  await quiet(page);
  await page.keyboard.press('Enter');
  check('brackets and quotes are closed', (await becomes(async () => ({ ok: (await text()) === 'demo_powers{size="large"}' }))).ok, await text());
  await page.keyboard.press('Control+Enter');
  await holds('what was completed is run', 0, '10000');
}

/** Metrics and labels are picked from a list. */
async function metrics() {
  await page.goto(base + '/explore');
  await button('Metrics').click();
  await pane(0).getByLabel('Search metrics').fill('demo_pow');
  await pane(0).getByRole('list', { name: 'Metrics' }).getByRole('button', { name: /^demo_powers/ }).click();
  check('a metric that is picked is the query', (await editor().innerText()).trim() === 'demo_powers');
  await pane(0).locator('dl').getByText('middle', { exact: true }).click();
  check('so is a label\'s value', (await editor().innerText()).trim() === 'demo_powers{size="middle"}', await editor().innerText());
  await button('Run').click();
  await holds('and it is run', 0, '100');
  await pane(0).getByLabel('Search metrics').fill('no such');
  await comes('a search that finds nothing says so', pane(0).getByText('No metric has these letters.'));
}

/** An instant asks for now, a range for a graph. */
async function modes() {
  await page.goto(base + '/explore?expr=demo_percent');
  const asked = [];
  page.on('request', (r) => asked.push(...(r.url().match(/\/api\/v1\/(query|query_range)(?=\?|$)/)?.slice(1) ?? [])));
  const headings = async () => (await pane(0).getByRole('heading', { level: 2 }).allInnerTexts()).join();
  for (const [mode, panels, path] of [['Instant', 'Table', 'query'], ['Range', 'Graph', 'query_range'], ['Both', 'Graph,Table', 'query,query_range']]) {
    await quiet(page);
    asked.length = 0;
    await pane(0).getByRole('radio', { name: mode }).check();
    await holds(`${mode} has the value`, 0, '42.5');
    const found = await becomes(async () => ({ ok: (await headings()) === panels && [...new Set(asked)].sort().join() === path, asked: asked.join(), panels: await headings() }));
    check(`${mode} shows ${panels} and asks ${path}`, found.ok, JSON.stringify(found));
  }
}

/** Two views, each with its own query, kept by the address. */
async function split() {
  await page.goto(base + '/explore?expr=demo_percent');
  await holds('one view', 0, '42.5');
  await button('Split').click();
  await holds('the second begins as the first', 1, '42.5');
  await run('demo_bytes', 1);
  await pane(1).getByRole('radio', { name: 'Instant' }).check();
  await holds('and gets its own query', 1, '1536');
  check('the address has both', param('expr') === 'demo_percent' && param('expr2') === 'demo_bytes' && param('mode2') === 'instant' && param('mode') !== 'instant', page.url());
  await page.reload();
  await holds('the first is there after a reload', 0, '42.5');
  await holds('and so is the second', 1, '1536');
  await button('One view').click();
  check('the second closes', (await becomes(async () => ({ ok: (await page.getByRole('region', { name: 'Explore' }).count()) === 1 }))).ok);
  check('and leaves the address', [...new URL(page.url()).searchParams.keys()].every((k) => !k.endsWith('2') && k !== 'split') && param('expr') === 'demo_percent', page.url());
}

/** Queries that were run come back, also another day. */
async function history() {
  await page.goto(base + '/explore');
  await run('demo_seconds * 2');
  await run('demo_percent + 0.25');
  await editor().fill('demo_gaps * 3'); // not run
  for (const when of ['at once', 'after a reload']) {
    await button('History').click();
    const kept = await page.getByRole('menuitem').allInnerTexts();
    check(`queries that were run are kept, the newest first, ${when}`, kept[0] === 'demo_percent + 0.25' && kept[1] === 'demo_seconds * 2' && !kept.includes('demo_gaps * 3'), kept.join(' | '));
    await page.getByRole('menuitem', { name: 'demo_seconds * 2', exact: true }).click();
    await holds(`one comes back ${when}`, 0, '0.025');
    check('as the query', (await editor().innerText()).trim() === 'demo_seconds * 2' && param('expr') === 'demo_seconds * 2', page.url());
    await page.goto(base + '/explore?expr=up');
    await holds('another query stands there', 0, 'a:9100');
  }
}

/** What "Copy as" puts into the clipboard. */
async function copied(name) {
  await page.evaluate(() => navigator.clipboard.writeText('nothing'));
  await button('Copy as').click();
  await page.getByRole('menuitem', { name: `Copy as ${name}`, exact: true }).click();
  const found = await becomes(async () => {
    const text = await page.evaluate(() => navigator.clipboard.readText());
    return { ok: text !== 'nothing', text };
  });
  return found.text;
}

/** Runs what was copied, in a shell as people have one. */
function shell(text, input) {
  const env = { ...process.env, HEARTH_TOKEN, TOKEN: HEARTH_TOKEN, GRAFANA_TOKEN: key, AWS_ENDPOINT_URL: url, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'us-east-1', AWS_DEFAULT_REGION: 'us-east-1', AWS_PAGER: '' };
  try {
    return execFileSync('bash', ['-c', text], { env, input, encoding: 'utf8', timeout: 60_000, stdio: ['pipe', 'pipe', 'pipe'] });
  } catch (err) {
    return `${err.status}: ${err.stdout}${err.stderr}`;
  }
}

/** The same query for other programs: they get the same data. */
async function copies() {
  const odd = 'sum by (job) (demo_share{job!="it\'s $HOME"}) + 0';
  const rate = 'round(sum(rate(demo_requests_total{code="200"}[$__rate_interval])), 0.1)';
  for (const [where, path] of [['a Grafana workspace', base + '/explore?'], ['the console', `${url}/ui/explore?workspace=${process.env.HEARTH_WORKSPACE}&`]]) {
    await page.goto(`${path}expr=${encodeURIComponent(odd)}&mode=instant`);
    await holds(`${where}: the query has a value`, 0, '120');
    for (const name of ['curl', 'awscurl']) {
      const text = await copied(name);
      const answer = shell(name === 'awscurl' ? `awscurl() { ${awscurl} "$@"; }; ${text}` : text);
      check(`${where}: ${name} gets the value`, /"status":"success"/.test(answer) && /"120"/.test(answer), `${text}\n${answer}`);
    }
    await page.goto(`${path}expr=${encodeURIComponent(rate)}&mode=range&from=now-30m&to=now`);
    await panelOf(page, 'Graph').locator('canvas').first().waitFor();
    const answer = shell(await copied('curl'));
    const points = answer.match(/\[\d+(\.\d+)?,"60"\]/g)?.length ?? 0;
    check(`${where}: a graph's curl gets its points`, /"matrix"/.test(answer) && points > 100, `${points} points in ${answer.slice(0, 400)}`);
    check(`${where}: in as many steps as 30 minutes have`, points <= 401, `${points}`);
  }
  const rule = shell(await copied('aws CLI (recording rule)'));
  const id = process.env.HEARTH_WORKSPACE;
  check('the aws CLI makes the recording rule', /"statusCode": "(CREATING|ACTIVE)"/.test(rule), rule);
  const kept = shell(`aws amp describe-rule-groups-namespace --workspace-id ${id} --name explore --query ruleGroupsNamespace.data --output text | base64 -d`);
  check('with the expression', kept.includes('record: explore:result') && kept.includes('demo_requests_total'), kept);
  const values = await becomes(async () => {
    const text = shell(`curl -sS -H "Authorization: Bearer $HEARTH_TOKEN" '${url}/workspaces/${id}/api/v1/query' --data-urlencode query=explore:result`);
    return { ok: /"60"/.test(text), text };
  }, 150_000);
  check('which has its values after a minute', values.ok, values.text);
  shell(`aws amp delete-rule-groups-namespace --workspace-id ${id} --name explore`);
  const terraform = await copied('Terraform (recording rule)');
  check('Terraform is given the workspace and the expression', terraform.includes(id) && terraform.includes('explore:result') && terraform.includes('demo_requests_total'), terraform);
  if (shell('command -v terraform').startsWith('/')) {
    const formatted = shell('terraform fmt -', terraform);
    check('as Terraform writes it', formatted.trim() === terraform.trim(), formatted);
  }
}

await signIn(noted, '/explore');
await signInWithKeys(noted);

const only = process.argv.slice(2);
for (const act of [completion, metrics, modes, split, history, copies]) {
  if (!only.length || only.includes(act.name)) {
    await act().catch((err) => check(act.name, false, String(err)));
  }
}

await finish(browser, noted);
