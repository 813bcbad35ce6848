/* What a Grafana workspace is asked for, when it is made and when it is changed. */
import { Checkbox, Field, Input, RadioButtonGroup, Stack } from '@grafana/ui';
import type { GrafanaSettings, PermissionType } from '../api/amg';

const ways = { AWS_SSO: 'Single sign-on (OpenID Connect)', SAML: 'SAML' };
const sources = { PROMETHEUS: 'Amazon Managed Service for Prometheus', CLOUDWATCH: 'Amazon CloudWatch' };
const channels = { SNS: 'Amazon SNS' };

/** Some of several, by a box each. */
function Several({ of, chosen, choose }: { of: Record<string, string>; chosen: string[]; choose: (all: string[]) => void }) {
  return <Stack direction="column" gap={1} alignItems="flex-start">{Object.entries(of).map(([id, label]) => <Checkbox key={id} label={label} value={chosen.includes(id)} onChange={(e) => choose(e.currentTarget.checked ? [...chosen, id] : chosen.filter((x) => x !== id))} />)}</Stack>;
}

export function Providers({ chosen, choose }: { chosen: string[]; choose: (all: string[]) => void }) {
  return <Several of={ways} chosen={chosen} choose={choose} />;
}

const types: { label: string; value: PermissionType }[] = [{ label: 'Service managed', value: 'SERVICE_MANAGED' }, { label: 'Customer managed', value: 'CUSTOMER_MANAGED' }];

const meaning: Record<PermissionType, string> = {
  SERVICE_MANAGED: 'It asks metrics workspaces of this account, and publishes to topics whose names begin with grafana.',
  CUSTOMER_MANAGED: 'It asks and publishes as a role of yours, which trusts grafana.amazonaws.com. Without one it may do neither.',
};

export function SettingsFields({ of, change }: { of: GrafanaSettings; change: (s: GrafanaSettings) => void }) {
  return (
    <>
      <Field label="Name" htmlFor="name"><Input id="name" value={of.name} maxLength={255} onChange={(e) => change({ ...of, name: e.currentTarget.value })} /></Field>
      <Field label="Description" htmlFor="description"><Input id="description" value={of.description} maxLength={2048} onChange={(e) => change({ ...of, description: e.currentTarget.value })} /></Field>
      <Field label="Permission type" description={meaning[of.permissionType]}><RadioButtonGroup aria-label="Permission type" options={types} value={of.permissionType} onChange={(permissionType) => change({ ...of, permissionType })} /></Field>
      {of.permissionType === 'CUSTOMER_MANAGED' && <Field label="ARN of the role" htmlFor="role-arn"><Input id="role-arn" placeholder="arn:aws:iam::000000000000:role/grafana" value={of.roleArn} onChange={(e) => change({ ...of, roleArn: e.currentTarget.value.trim() })} /></Field>}
      <Field label="Data sources" description="With the first, a new workspace has the account's metrics workspaces as data sources."><Several of={sources} chosen={of.dataSources} choose={(dataSources) => change({ ...of, dataSources })} /></Field>
      <Field label="Notification channels"><Several of={channels} chosen={of.destinations} choose={(destinations) => change({ ...of, destinations })} /></Field>
    </>
  );
}
