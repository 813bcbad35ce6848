// What people do in Explore: two views, queries run before, the same query for other
// programs (which are then run), names completed and looked up. Started by `go test
// ./test/browser`.
import { execFileSync } from 'node:child_process';
import { api, base, becomes, check, finish, key, launch, openPage, panelOf, quiet, signIn, signInWithKeys, url } from './browser.mjs';

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

/** What stands in an editor. */
const writes = async (what, text, where = editor()) => {
  const found = await becomes(async () => {
    const now = (await where.innerText().catch(() => '')).trim();
    return { ok: now === text, now };
  });
  check(what, found.ok, found.now);
};

/** The entries of the menu that was opened. */
async function entries() {
  await page.getByRole('menuitem').first().waitFor();
  return page.getByRole('menuitem').allInnerTexts();
}

/** Names are completed from the data source. */
async function completion() {
  await page.goto(base + '/explore');
  await editor().click();
  const option = (name) => page.locator('.cm-tooltip-autocomplete').getByRole('option', { name });
  await page.keyboard.type('demo_pow');
  await comes('a metric is offered', option(/^demo_powers/));
  await quiet(page); // the editor takes no Enter for a list that has just come
  await page.keyboard.press('Enter');
  await writes('Enter takes it', 'demo_powers');
  check('and runs nothing', param('expr') === null);
  await page.keyboard.type('{si');
  await comes('its label is offered', option(/^size/));
  await quiet(page);
  await page.keyboard.press('Enter');
  await page.keyboard.type('="lar');
  await comes('and the label\'s value', option(/^large/));
  await quiet(page);
  await page.keyboard.press('Enter');
  await writes('brackets and quotes are closed', 'demo_powers{size="large"}');
  await page.keyboard.press('Control+Enter');
  await holds('what was completed is run', 0, '10000');
}

/** Metrics and labels are picked from a list. */
async function metrics() {
  await page.goto(base + '/explore');
  await button('Metrics').click();
  await pane(0).getByLabel('Search metrics').fill('demo_pow');
  await pane(0).getByRole('list', { name: 'Metrics' }).getByRole('button', { name: /^demo_powers/ }).click();
  await writes('a metric that is picked is the query', 'demo_powers');
  await pane(0).locator('dl').getByText('middle', { exact: true }).click();
  await writes('so is a label\'s value', 'demo_powers{size="middle"}');
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
  const both = () => param('expr') === 'demo_percent' && param('expr2') === 'demo_bytes' && param('mode2') === 'instant' && param('mode') !== 'instant';
  check('the address has both', (await becomes(async () => ({ ok: both() }))).ok, page.url());
  await page.reload();
  await holds('the first is there after a reload', 0, '42.5');
  await holds('and so is the second', 1, '1536');
  await button('One view').click();
  check('the second closes', (await becomes(async () => ({ ok: (await page.getByRole('region', { name: 'Explore' }).count()) === 1 }))).ok);
  const left = () => [...new URL(page.url()).searchParams.keys()].every((k) => !k.endsWith('2') && k !== 'split') && param('expr') === 'demo_percent';
  check('and leaves the address', (await becomes(async () => ({ ok: left() }))).ok, page.url());
}

/** Several queries of one view: each by itself, all in one graph and one table. */
async function several() {
  const row = (letter, n = 0) => pane(n).getByRole('group', { name: `Query ${letter}`, exact: true });
  const write = (letter, expr) => row(letter).getByRole('textbox', { name: 'PromQL query' }).fill(expr);
  const order = () => pane(0).getByRole('group', { name: /^Query / }).evaluateAll((all) => all.map((e) => e.getAttribute('aria-label').slice(6)).join(''));
  const is = async (what, want) => check(what, (await becomes(async () => ({ ok: (await order()) === want }))).ok, await order());
  const graph = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Graph', exact: true }) }).last();
  const stored = () => JSON.parse(param('queries') ?? '[]');
  const legend = async (what, wants, without = []) => {
    const found = await becomes(async () => {
      const text = await graph.innerText().catch(() => '');
      return { ok: wants.every((w) => text.includes(w)) && without.every((w) => !text.includes(w)), text };
    });
    check(what, found.ok, found.text.replace(/\s+/g, ' ').slice(0, 400));
  };
  await page.goto(base + '/explore?expr=demo_percent');
  await holds('an address of one query works', 0, '42.5');
  await button('Add query').click();
  await is('the next query is B', 'AB');
  await write('B', 'demo_share{instance="a:9100"}');
  await button('Run').click();
  await holds('one table has the first', 0, '42.5');
  await holds('and the second', 0, '20');
  await legend('one graph has both', ['demo_percent', 'demo_share']);
  check('the address has both', (await becomes(async () => ({ ok: stored().length === 2 && param('expr') === null }))).ok, page.url());
  await row('B').getByLabel('Legend of query B').click();
  await page.getByText('Custom', { exact: true }).click();
  await row('B').getByRole('textbox', { name: 'Legend format' }).fill('share of {{instance}}');
  await row('B').getByRole('textbox', { name: 'Legend format' }).press('Enter');
  await legend('a query has a legend of its own', ['share of a:9100', 'demo_percent']);
  await row('A').getByRole('radio', { name: 'Instant' }).check();
  await legend('and a type', ['share of a:9100'], ['demo_percent']);
  await row('B').getByRole('button', { name: 'Duplicate query B' }).click();
  await is('a copy comes after it', 'ABC');
  await write('C', 'demo_bytes');
  await row('C').getByRole('button', { name: 'Move query C up' }).click();
  await is('what is moved up stands higher', 'ACB');
  await writes('with what was being written', 'demo_bytes', row('C').getByRole('textbox', { name: 'PromQL query' }));
  await button('Run').click();
  await holds('it is run where it stands', 0, '1536');
  await row('B').getByRole('button', { name: 'Switch query B off' }).click();
  await legend('what is off is not drawn', ['share of'], ['share of a:9100']);
  await row('A').getByRole('button', { name: 'Explain' }).click();
  await holds('each is explained', 0, '1 series = 42.5');
  const curl = await copied('curl', row('C'));
  check('and copied', curl.includes('demo_bytes') && !curl.includes('demo_percent'), curl);
  await page.reload();
  await is('a reload keeps the order', 'ACB');
  await holds('and what they ask', 0, '1536');
  await comes('and what is off', row('B').getByRole('button', { name: 'Switch query B on' }));
  await button('Split').click();
  await row('C', 1).waitFor();
  await holds('the second view begins with all of them', 1, '1536');
  await row('A', 1).getByRole('button', { name: 'Remove query A' }).click();
  await row('A', 1).waitFor({ state: 'detached' });
  await is('each view has its own', 'ACB');
  await button('One view').click();
  await row('A').getByRole('button', { name: 'Remove query A' }).click();
  await is('what is removed is gone', 'CB');
  await button('Add query').click();
  await is('its letter is free again', 'CBA');
  await row('C').getByRole('button', { name: 'History' }).click();
  const kept = await entries();
  check('the history has each query', ['demo_bytes', 'demo_share{instance="a:9100"}', 'demo_percent'].every((q) => kept.includes(q)), kept.join(' | '));
  await page.keyboard.press('Escape');
  noted.expected = true; // what is refused is told with 400
  await write('A', 'sum(((');
  await button('Run').click();
  await comes('a query that is refused says which it is', pane(0).getByText('Query A was refused'));
  await holds('and the others are answered', 0, '1536');
  await quiet(page);
  noted.expected = false;
}

/** Exemplars, by a switch that the address keeps. */
async function exemplars() {
  const diamonds = page.getByTestId('exemplar');
  await page.goto(`${base}/explore?expr=${encodeURIComponent('sum by (le) (rate(demo_latency_seconds_bucket[5m]))')}&mode=range`);
  await quiet(page);
  check('there are no exemplars until they are asked for', (await diamonds.count()) === 0);
  await pane(0).getByRole('switch', { name: 'Exemplars' }).check({ force: true });
  await diamonds.first().waitFor();
  check('a switch brings them', param('exemplars') === '1', page.url());
  await page.reload();
  await diamonds.first().waitFor();
  check('and the address keeps it', true);
}

/** From a panel come all its queries. */
async function fromPanel() {
  const targets = [{ refId: 'A', expr: 'demo_share{instance="$who:9100"}', legendFormat: 'of $who' }, { refId: 'B', expr: 'demo_percent', hide: true }, { refId: 'D', expr: 'demo_bytes', instant: true }];
  const dashboard = { uid: 'to-explore', title: 'To Explore', schemaVersion: 42, templating: { list: [{ type: 'custom', name: 'who', query: 'a,b', current: { text: 'b', value: 'b' } }] }, panels: [{ id: 1, type: 'timeseries', title: 'Three', datasource: { type: 'prometheus', uid: 'prom' }, gridPos: { x: 0, y: 0, w: 24, h: 8 }, targets }] };
  const answer = await api('/api/dashboards/db', { method: 'POST', body: JSON.stringify({ dashboard, overwrite: true }) });
  check('a dashboard is stored', answer.ok, answer.ok ? '' : await answer.text());
  await page.goto(base + '/d/to-explore?from=now-30m&to=now');
  await panelOf(page, 'Three').hover();
  await page.getByRole('button', { name: 'Menu for panel Three', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Explore', exact: true }).click();
  await page.waitForURL(/\/explore/);
  const want = [{ refId: 'A', expr: 'demo_share{instance="b:9100"}', kind: 'range', legend: 'of b' }, { refId: 'B', expr: 'demo_percent', kind: 'range', legend: '', hide: true }, { refId: 'D', expr: 'demo_bytes', kind: 'instant', legend: '' }];
  check('all queries of a panel come to Explore, its variables filled in', param('queries') === JSON.stringify(want) && param('from') === 'now-30m', page.url());
  await holds('and are answered', 0, 'of b');
  await holds('each as it asks', 0, '1536');
}

/** Addresses of Grafana's Explore. */
async function ofGrafana() {
  const panes = { x1: { datasource: 'prom', queries: [{ refId: 'A', expr: 'demo_percent', range: true, instant: true }, { refId: 'B', expr: 'demo_bytes', instant: true }], range: { from: 'now-15m', to: 'now' } } };
  await page.goto(`${base}/explore?schemaVersion=1&orgId=1&panes=${encodeURIComponent(JSON.stringify(panes))}`);
  await holds('an address of Grafana has its queries', 0, '42.5');
  await holds('all of them', 0, '1536');
  await button('Run').click();
  check('and becomes one of this', (await becomes(async () => ({ ok: param('panes') === null && param('queries') !== null && param('from') === 'now-15m' }))).ok, page.url());
}

/** Queries that were run come back, also another day. */
async function history() {
  await page.goto(base + '/explore');
  await run('demo_seconds * 2');
  await run('demo_percent + 0.25');
  await editor().fill('demo_gaps * 3'); // not run
  for (const when of ['at once', 'after a reload']) {
    await button('History').click();
    const kept = await entries();
    check(`queries that were run are kept, the newest first, ${when}`, kept[0] === 'demo_percent + 0.25' && kept[1] === 'demo_seconds * 2' && !kept.includes('demo_gaps * 3'), kept.join(' | '));
    await page.getByRole('menuitem', { name: 'demo_seconds * 2', exact: true }).click();
    await holds(`one comes back ${when}`, 0, '0.025');
    check('as the query', (await editor().innerText()).trim() === 'demo_seconds * 2' && param('expr') === 'demo_seconds * 2', page.url());
    await page.goto(base + '/explore?expr=up');
    await holds('another query stands there', 0, 'a:9100');
  }
}

/** What "Copy as" puts into the clipboard. */
async function copied(name, within = pane(0)) {
  await page.evaluate(() => navigator.clipboard.writeText('nothing'));
  await within.getByRole('button', { name: 'Copy as', exact: true }).click();
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
for (const act of [completion, metrics, modes, split, several, exemplars, fromPanel, ofGrafana, history, copies]) {
  if (!only.length || only.includes(act.name)) {
    await act().catch((err) => check(act.name, false, String(err)));
  }
}

await finish(browser, noted);
