// A notification that is sent again arrives a second time, of a Grafana workspace's rule and
// of a metrics workspace's: what is sent goes through a topic to a receiver of the test.
// Started by `go test ./test/browser`.
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import { api, base, becomes, check, finish, launch, openPage, signIn, signInWithKeys, url } from './browser.mjs';

const { HEARTH_WORKSPACE: workspace } = process.env;
const env = { ...process.env, AWS_ENDPOINT_URL: url, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_DEFAULT_REGION: 'us-east-1', AWS_PAGER: '' };
const aws = (...args) => execFileSync('aws', [...args, '--output', 'text'], { env, encoding: 'utf8' }).trim();
const base64 = (text) => Buffer.from(text).toString('base64');

/** The messages that came, by topic. */
const came = {};
const receiver = createServer(async (req, res) => {
  let text = '';
  for await (const part of req) {
    text += part;
  }
  const m = JSON.parse(text);
  if (m.Type === 'SubscriptionConfirmation') {
    await fetch(m.SubscribeURL);
  } else {
    (came[m.TopicArn] ??= []).push(m);
  }
  res.end();
});
await new Promise((ready) => receiver.listen(0, '127.0.0.1', ready));

/** A topic whose messages come here. */
async function topic(name) {
  const arn = aws('sns', 'create-topic', '--name', name, '--query', 'TopicArn');
  aws('sns', 'subscribe', '--topic-arn', arn, '--protocol', 'http', '--notification-endpoint', `http://127.0.0.1:${receiver.address().port}`);
  const confirmed = await becomes(async () => ({ ok: aws('sns', 'list-subscriptions-by-topic', '--topic-arn', arn, '--query', 'Subscriptions[].SubscriptionArn').startsWith('arn:') }));
  check(`${name} has a subscriber`, confirmed.ok);
  return arn;
}

const posted = async (path, body, method = 'POST') => {
  const r = await api(path, { method, body: JSON.stringify(body) });
  check(`${path} is posted`, r.ok, `${r.status} ${await r.text()}`);
};

/** An alert rule of the Grafana workspace that fires at once, to a contact point of its own. */
async function ofGrafana() {
  const arn = await topic('grafana-again');
  await posted('/api/v1/provisioning/contact-points', { name: 'again', type: 'sns', settings: { topic: arn, authProvider: 'workspace-iam-role' } });
  await posted('/api/folders', { uid: 'again', title: 'Again' });
  const data = [
    { refId: 'A', datasourceUid: 'prom', relativeTimeRange: { from: 300, to: 0 }, model: { refId: 'A', expr: 'demo_percent', instant: true } },
    { refId: 'C', datasourceUid: '__expr__', model: { refId: 'C', type: 'threshold', expression: 'A', conditions: [{ evaluator: { type: 'gt', params: [40] } }] } },
  ];
  const rule = { title: 'Warm', folderUID: 'again', ruleGroup: 'again', condition: 'C', data, for: '0s', noDataState: 'NoData', execErrState: 'Alerting', notification_settings: { receiver: 'again', group_wait: '1s' } };
  await posted('/api/v1/provisioning/folder/again/rule-groups/again', { title: 'again', folderUid: 'again', interval: 10, rules: [rule] }, 'PUT');
  return arn;
}

/** An alert of a metrics workspace, by rules and an alert manager definition. */
async function ofWorkspace() {
  const arn = await topic('again');
  aws('amp', 'create-rule-groups-namespace', '--workspace-id', workspace, '--name', 'again', '--data', base64('groups:\n- name: again\n  interval: 5s\n  rules:\n  - alert: Hot\n    expr: demo_percent > 40\n'));
  const definition = `alertmanager_config: |\n  route: {receiver: again, group_wait: 1s}\n  receivers:\n  - name: again\n    sns_configs:\n    - topic_arn: ${arn}\n      sigv4: {region: us-east-1}\n`;
  aws('sns', 'set-topic-attributes', '--topic-arn', arn, '--attribute-name', 'Policy', '--attribute-value', JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'aps.amazonaws.com' }, Action: ['sns:Publish', 'sns:GetTopicAttributes'], Resource: arn }, { Effect: 'Allow', Principal: { AWS: '000000000000' }, Action: 'sns:Publish', Resource: arn }] }));
  aws('amp', 'create-alert-manager-definition', '--workspace-id', workspace, '--data', base64(definition));
  return arn;
}

/** Sends the first notification of a topic again, from the page of notifications. */
async function again(page, where, at, arn, alert) {
  const first = await becomes(async () => ({ ok: came[arn]?.length > 0 }), 120_000);
  check(`${where}: the notification came`, first.ok && came[arn][0].Message.includes(alert), JSON.stringify(came[arn] ?? null));
  check(`${where}: with labels that are for people`, !came[arn][0].Message.includes('__') && came[arn][0].Subject.endsWith('demo)') && !/\(again/.test(came[arn][0].Subject), came[arn][0].Subject);
  const entry = page.getByRole('listitem').filter({ hasText: alert }).filter({ has: page.getByText('How it went, and what was sent') }).first();
  const told = await becomes(async () => {
    await page.goto(at);
    return { ok: await entry.waitFor({ timeout: 15000 }).then(() => true, () => false) };
  });
  check(`${where}: the page has it`, told.ok, await page.locator('main').innerText());
  const { length: before } = came[arn];
  await entry.getByText('How it went, and what was sent').click();
  await entry.getByRole('button', { name: 'Send again' }).click();
  await page.getByText('It was published to the topic again').first().waitFor();
  const second = await becomes(async () => ({ ok: came[arn].length > before }));
  const [one, two] = [came[arn][0], came[arn].at(-1)];
  check(`${where}: it came a second time`, second.ok && two.MessageId !== one.MessageId, JSON.stringify(came[arn].map((m) => m.MessageId)));
  check(`${where}: with the same words`, two.Message === one.Message && two.Subject === one.Subject, JSON.stringify([one, two].map((m) => [m.Subject, m.Message])));
}

const grafana = await ofGrafana();
const metrics = await ofWorkspace();

const browser = await launch();
const noted = await openPage(browser, { viewport: { width: 1360, height: 900 } });
const { page } = noted;
await signIn(noted, '/alerts/notifications');
await signInWithKeys(noted);

await again(page, 'a Grafana workspace', base + '/alerts/notifications', grafana, 'Warm').catch((err) => check('a Grafana workspace', false, String(err)));
await again(page, 'a metrics workspace', `${url}/ui/alerts/notifications?workspace=${workspace}`, metrics, 'Hot').catch((err) => check('a metrics workspace', false, String(err)));

// Nothing of it fires for others.
await api('/api/v1/provisioning/folder/again/rule-groups/again', { method: 'DELETE' });
aws('amp', 'delete-rule-groups-namespace', '--workspace-id', workspace, '--name', 'again');
aws('amp', 'delete-alert-manager-definition', '--workspace-id', workspace);

receiver.close();
await finish(browser, noted);
