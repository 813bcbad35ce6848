/* Amazon SNS. */
import { askQuery, list, pages, quote } from './aws';

const sns = <T>(action: string, params: Record<string, string | undefined>, cli: string) => askQuery<T>('sns', action, params, 'sns ' + cli);

export const listTopics = () =>
  pages(async (token) => {
    const r = await sns<{ Topics?: { TopicArn: string }[] | string; NextToken?: string }>('ListTopics', { NextToken: token }, 'list-topics');
    return { items: list(r.Topics).map((t) => t.TopicArn), next: r.NextToken };
  });

export const createTopic = (name: string) => sns<{ TopicArn: string }>('CreateTopic', { Name: name }, `create-topic --name ${quote(name)}`);
export const deleteTopic = (arn: string) => sns('DeleteTopic', { TopicArn: arn }, `delete-topic --topic-arn ${arn}`);

export const topicAttributes = (arn: string) =>
  sns<{ Attributes?: Record<string, string> | string }>('GetTopicAttributes', { TopicArn: arn }, `get-topic-attributes --topic-arn ${arn}`).then((r) => (typeof r.Attributes === 'object' ? r.Attributes : {}));

export interface Subscription {
  SubscriptionArn: string;
  Protocol: string;
  Endpoint: string;
}

export const listSubscriptions = (arn: string) =>
  pages(async (token) => {
    const r = await sns<{ Subscriptions?: Subscription[] | string; NextToken?: string }>('ListSubscriptionsByTopic', { TopicArn: arn, NextToken: token }, `list-subscriptions-by-topic --topic-arn ${arn}`);
    return { items: list(r.Subscriptions), next: r.NextToken };
  });

export const subscribe = (arn: string, protocol: string, endpoint: string) =>
  sns<{ SubscriptionArn: string }>('Subscribe', { TopicArn: arn, Protocol: protocol, Endpoint: endpoint }, `subscribe --topic-arn ${arn} --protocol ${protocol} --notification-endpoint ${quote(endpoint)}`);

export const unsubscribe = (arn: string) => sns('Unsubscribe', { SubscriptionArn: arn }, `unsubscribe --subscription-arn ${arn}`);

export const publish = (arn: string, message: string, subject?: string) =>
  sns<{ MessageId: string }>('Publish', { TopicArn: arn, Message: message, Subject: subject }, `publish --topic-arn ${arn}${subject ? ` --subject ${quote(subject)}` : ''} --message ${quote(message)}`);
