/* AWS IAM: who there is, what they may, and why something is refused. */
import { askQuery, list, pages, quote } from './aws';

const iam = <T>(action: string, params: Record<string, string | undefined>, cli: string) => askQuery<T>('iam', action, params, 'iam ' + cli);

export type Kind = 'User' | 'Role' | 'Group';

export interface Principal {
  kind: Kind;
  name: string;
  arn: string;
  created: string;
}

type Raw = Record<string, string>;

const listing = (kind: Kind) =>
  pages(async (token) => {
    const r = await iam<Record<string, Raw[] | string> & { Marker?: string; IsTruncated?: string }>(`List${kind}s`, { Marker: token }, `list-${kind.toLowerCase()}s`);
    const all = list(r[`${kind}s`] as Raw[] | string);
    return { items: all.map((x): Principal => ({ kind, name: x[`${kind}Name`], arn: x.Arn, created: x.CreateDate })), next: r.IsTruncated === 'true' ? r.Marker : undefined };
  });

export const listUsers = () => listing('User');
export const listRoles = () => listing('Role');
export const listGroups = () => listing('Group');

export interface PolicyText {
  name: string;
  /** Empty for policies that stand in the principal itself. */
  arn: string;
  text: string;
}

const jsonText = (encoded: string) => {
  const plain = decodeURIComponent(encoded);
  try {
    return JSON.stringify(JSON.parse(plain), null, 2);
  } catch {
    return plain;
  }
};

export async function policyText(arn: string): Promise<string> {
  const p = await iam<{ Policy: { DefaultVersionId: string } }>('GetPolicy', { PolicyArn: arn }, `get-policy --policy-arn ${arn}`);
  const v = await iam<{ PolicyVersion: { Document: string } }>('GetPolicyVersion', { PolicyArn: arn, VersionId: p.Policy.DefaultVersionId }, `get-policy-version --policy-arn ${arn} --version-id ${p.Policy.DefaultVersionId}`);
  return jsonText(v.PolicyVersion.Document);
}

/** All policies of a principal, with their texts. */
export async function policiesOf(kind: Kind, name: string): Promise<PolicyText[]> {
  const who = { [`${kind}Name`]: name };
  const low = kind.toLowerCase();
  const flag = `--${low}-name ${quote(name)}`;
  const attached = await iam<{ AttachedPolicies?: Raw[] | string }>(`ListAttached${kind}Policies`, who, `list-attached-${low}-policies ${flag}`);
  const inline = await iam<{ PolicyNames?: string[] | string }>(`List${kind}Policies`, who, `list-${low}-policies ${flag}`);
  return Promise.all([
    ...list(attached.AttachedPolicies).map(async (p) => ({ name: p.PolicyName, arn: p.PolicyArn, text: await policyText(p.PolicyArn) })),
    ...list(inline.PolicyNames).map(async (n) => ({ name: n, arn: '', text: jsonText((await iam<{ PolicyDocument: string }>(`Get${kind}Policy`, { ...who, PolicyName: n }, `get-${low}-policy ${flag} --policy-name ${quote(n)}`)).PolicyDocument) })),
  ]);
}

export const trustOf = (role: string) => iam<{ Role: { AssumeRolePolicyDocument: string } }>('GetRole', { RoleName: role }, `get-role --role-name ${quote(role)}`).then((r) => jsonText(r.Role.AssumeRolePolicyDocument));

export interface AccessKey {
  AccessKeyId: string;
  Status: string;
  CreateDate: string;
}

export const accessKeys = (user: string) => iam<{ AccessKeyMetadata?: AccessKey[] | string }>('ListAccessKeys', { UserName: user }, `list-access-keys --user-name ${quote(user)}`).then((r) => list(r.AccessKeyMetadata));

export interface PolicyHead {
  PolicyName: string;
  Arn: string;
  AttachmentCount: string;
}

export const listPolicies = (scope: 'AWS' | 'Local') =>
  pages(async (token) => {
    const r = await iam<{ Policies?: PolicyHead[] | string; Marker?: string; IsTruncated?: string }>('ListPolicies', { Scope: scope, Marker: token }, `list-policies --scope ${scope}`);
    return { items: list(r.Policies), next: r.IsTruncated === 'true' ? r.Marker : undefined };
  });

export const attach = (kind: Kind, name: string, arn: string) => iam(`Attach${kind}Policy`, { [`${kind}Name`]: name, PolicyArn: arn }, `attach-${kind.toLowerCase()}-policy --${kind.toLowerCase()}-name ${quote(name)} --policy-arn ${arn}`);
export const detach = (kind: Kind, name: string, arn: string) => iam(`Detach${kind}Policy`, { [`${kind}Name`]: name, PolicyArn: arn }, `detach-${kind.toLowerCase()}-policy --${kind.toLowerCase()}-name ${quote(name)} --policy-arn ${arn}`);
export const createUser = (name: string) => iam('CreateUser', { UserName: name }, `create-user --user-name ${quote(name)}`);

export interface Verdict {
  EvalActionName: string;
  EvalResourceName: string;
  EvalDecision: 'allowed' | 'explicitDeny' | 'implicitDeny';
  MatchedStatements?: { SourcePolicyId: string }[] | string;
  MissingContextValues?: string[] | string;
}

export const simulate = (principal: string, action: string, resource: string) =>
  iam<{ EvaluationResults?: Verdict[] | string }>('SimulatePrincipalPolicy', { PolicySourceArn: principal, 'ActionNames.member.1': action, 'ResourceArns.member.1': resource || undefined }, `simulate-principal-policy --policy-source-arn ${principal} --action-names ${action}${resource ? ` --resource-arns ${quote(resource)}` : ''}`).then((r) => list(r.EvaluationResults));
