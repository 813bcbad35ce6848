/* SNS: topics, who is subscribed, and a message to try it. */
import { Button, Field, Input, Select, Stack, TextArea } from '@grafana/ui';
import { useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router-dom';
import { createTopic, deleteTopic, listSubscriptions, listTopics, publish, subscribe, topicAttributes, unsubscribe } from '../api/sns';
import { toast } from '../components/Toasts';
import { useAsync } from '../lib/useAsync';
import { Act, Command, DeleteByName, Facts, Failure, Nothing, Page, Rows, Section, Shown, State } from './parts';
import { nameIn } from './words';

export function Topics() {
  const all = useAsync(listTopics, []);
  const [name, setName] = useState('');
  const [error, setError] = useState<unknown>();
  const navigate = useNavigate();
  const make = () => createTopic(name.trim()).then((t) => navigate(`/sns/${encodeURIComponent(t.TopicArn)}`), setError);
  return (
    <Page title="SNS topics" sub="Where messages are published; whoever subscribes gets them.">
      <form onSubmit={(e) => { e.preventDefault(); void make(); }}>
        <Stack alignItems="flex-end" wrap="wrap"><Field noMargin label="New topic" htmlFor="topic"><Input id="topic" width={28} placeholder="on-call" value={name} onChange={(e) => setName(e.currentTarget.value)} /></Field><Button type="submit" icon="plus" variant="secondary" disabled={!name.trim()}>Create topic</Button></Stack>
      </form>
      {error !== undefined && <Failure error={error} title="The topic was not created" />}
      <Shown of={all} what="the topics">{(list) => (list.length ? <Rows label="Topics" rows={list} id={(a) => a} columns={[{ head: 'Topic', cell: (a) => <Link to={`/sns/${encodeURIComponent(a)}`}>{nameIn(a)}</Link> }, { head: 'ARN', wide: true, cell: (a) => <code>{a}</code> }]} /> : <Nothing title="There are no topics yet." cli="aws sns create-topic --name on-call" />)}</Shown>
    </Page>
  );
}

const protocols = ['email', 'email-json', 'https', 'http'];

export function TopicPage() {
  const { arn = '' } = useParams();
  const attributes = useAsync(() => topicAttributes(arn), [arn]);
  const subs = useAsync(() => listSubscriptions(arn), [arn]);
  const [doomed, setDoomed] = useState(false);
  const navigate = useNavigate();
  return (
    <Page title={nameIn(arn)} crumbs={[{ text: 'SNS topics', to: '/sns' }]} sub={<code>{arn}</code>} actions={<Button size="sm" variant="destructive" icon="trash-alt" onClick={() => setDoomed(true)}>Delete</Button>}>
      <Section title="Subscriptions">
        <Shown of={subs} what="the subscriptions">
          {(all) => all.length ? (
            <Rows label="Subscriptions" rows={all} id={(x) => x.SubscriptionArn + x.Endpoint} columns={[
              { head: 'Protocol', cell: (x) => x.Protocol }, { head: 'Endpoint', cell: (x) => <code>{x.Endpoint}</code> },
              { head: 'State', cell: (x) => (x.SubscriptionArn.startsWith('arn:') ? <State of="confirmed" /> : <State of="waits to be confirmed" tone="warn" />) },
              { head: 'Actions', cell: (x) => x.SubscriptionArn.startsWith('arn:') && <Act does={() => unsubscribe(x.SubscriptionArn).then(subs.again)}>Unsubscribe</Act> },
            ]} />
          ) : <Nothing title="Nobody is subscribed: what is published here reaches nobody." cli={`aws sns subscribe --topic-arn ${arn} --protocol email --notification-endpoint me@example.org`} />}
        </Shown>
        <Subscribe arn={arn} done={subs.again} />
      </Section>
      <Publish arn={arn} />
      <Section title="Attributes"><Shown of={attributes} what="the attributes">{(a) => <Facts of={Object.entries(a).filter(([k]) => !k.endsWith('Policy')).map(([k, v]) => [k, v])} />}</Shown></Section>
      {doomed && <DeleteByName what="topic" name={nameIn(arn)} note="Its subscriptions go with it." onDelete={() => deleteTopic(arn).then(() => navigate('/sns'))} onClose={() => setDoomed(false)} />}
    </Page>
  );
}

function Subscribe({ arn, done }: { arn: string; done: () => void }) {
  const [protocol, setProtocol] = useState('email');
  const [endpoint, setEndpoint] = useState('');
  const [error, setError] = useState<unknown>();
  const go = () => subscribe(arn, protocol, endpoint.trim()).then(() => { setEndpoint(''); setError(undefined); toast('success', 'Asked', 'Whoever reads there has to confirm.'); done(); }, setError);
  return (
    <form onSubmit={(e) => { e.preventDefault(); void go(); }}>
      <Stack alignItems="flex-end" wrap="wrap">
        <Field noMargin label="Protocol" htmlFor="protocol"><Select inputId="protocol" width={16} value={protocol} options={protocols.map((p) => ({ label: p, value: p }))} onChange={(o) => setProtocol(o.value ?? 'email')} /></Field>
        <Field noMargin label="Endpoint" htmlFor="endpoint"><Input id="endpoint" width={36} placeholder={protocol.startsWith('email') ? 'me@example.org' : 'https://example.org/alerts'} value={endpoint} onChange={(e) => setEndpoint(e.currentTarget.value)} /></Field>
        <Button type="submit" variant="secondary" disabled={!endpoint.trim()}>Subscribe</Button>
      </Stack>
      {error !== undefined && <Failure error={error} title="It was not subscribed" />}
    </form>
  );
}

function Publish({ arn }: { arn: string }) {
  const [subject, setSubject] = useState('Test');
  const [message, setMessage] = useState('A test from the console of Hearth.');
  const [sent, setSent] = useState('');
  const [error, setError] = useState<unknown>();
  const go = () => publish(arn, message, subject.trim() || undefined).then((r) => { setError(undefined); setSent(r.MessageId); }, setError);
  return (
    <Section title="Publish a test">
      <form onSubmit={(e) => { e.preventDefault(); void go(); }}>
        <Field label="Subject" htmlFor="subject"><Input id="subject" value={subject} onChange={(e) => setSubject(e.currentTarget.value)} /></Field>
        <Field label="Message" htmlFor="message"><TextArea id="message" rows={3} value={message} onChange={(e) => setMessage(e.currentTarget.value)} /></Field>
        <Button type="submit" icon="message" variant="secondary" disabled={!message}>Publish</Button>
      </form>
      {error !== undefined && <Failure error={error} title="It was not published" />}
      {sent && <div role="status"><p>Taken as message {sent}. What became of it:</p><Command text={`hearth why delivery ${sent}`} /></div>}
    </Section>
  );
}
