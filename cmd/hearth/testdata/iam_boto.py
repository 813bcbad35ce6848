"""Asks for every operation of IAM and STS that Hearth serves with boto3, whose
model reads the answers, and checks what came back."""

import json
import sys

import boto3
from botocore.exceptions import ClientError

iam = boto3.client("iam")
sts = boto3.client("sts")
called = set()


def call(client, name, **kw):
    called.add(client.meta.method_to_api_mapping[name])
    return getattr(client, name)(**kw)


def refused(code, client, name, **kw):
    try:
        call(client, name, **kw)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code, (name, kw, e)
        return e
    raise AssertionError(f"{name} {kw}: not refused with {code}")


def doc(action="aps:QueryMetrics", effect="Allow"):
    return {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": "*"}]}


ACCOUNT = call(sts, "get_caller_identity")["Account"]
POLICY = json.dumps(doc())
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": ["sts:AssumeRole", "sts:TagSession"]}]}
AWS_POLICY = "arn:aws:iam::aws:policy/AmazonPrometheusQueryAccess"
TAGS = [{"Key": "team", "Value": "ré d/x"}, {"Key": "empty", "Value": ""}]

# Users and groups.
user = call(iam, "create_user", UserName="u", Path="/a/b/", Tags=TAGS)["User"]
assert user["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/a/b/u" and user["UserId"].startswith("AIDA"), user
assert {t["Key"]: t["Value"] for t in call(iam, "get_user", UserName="u")["User"]["Tags"]} == {"team": "ré d/x", "empty": ""}
assert call(iam, "get_user")["User"]["Arn"].endswith(":root")
assert [u["UserName"] for u in call(iam, "list_users", PathPrefix="/a/")["Users"]] == ["u"]
assert call(iam, "list_users", PathPrefix="/z/")["Users"] == []
call(iam, "update_user", UserName="u", NewPath="/c/")
call(iam, "tag_user", UserName="u", Tags=[{"Key": "TEAM", "Value": "blue"}])
assert call(iam, "list_user_tags", UserName="u")["Tags"] == [{"Key": "TEAM", "Value": "blue"}, {"Key": "empty", "Value": ""}]
call(iam, "untag_user", UserName="u", TagKeys=["empty", "none"])
refused("InvalidInput", iam, "tag_user", UserName="u", Tags=[{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}])
group = call(iam, "create_group", GroupName="g")["Group"]
assert group["GroupId"].startswith("AGPA"), group
call(iam, "add_user_to_group", GroupName="g", UserName="u")
assert [u["UserName"] for u in call(iam, "get_group", GroupName="g")["Users"]] == ["u"]
assert [g["GroupName"] for g in call(iam, "list_groups_for_user", UserName="u")["Groups"]] == ["g"]
assert [g["GroupName"] for g in call(iam, "list_groups")["Groups"]] == ["g"]
call(iam, "update_group", GroupName="g", NewGroupName="h")
assert [g["GroupName"] for g in call(iam, "list_groups_for_user", UserName="u")["Groups"]] == ["h"]

# Access keys.
key = call(iam, "create_access_key", UserName="u")["AccessKey"]
assert key["Status"] == "Active" and len(key["SecretAccessKey"]) == 40 and key["AccessKeyId"].startswith("AKIA"), key
call(iam, "update_access_key", UserName="u", AccessKeyId=key["AccessKeyId"], Status="Inactive")
assert call(iam, "list_access_keys", UserName="u")["AccessKeyMetadata"][0]["Status"] == "Inactive"
used = call(iam, "get_access_key_last_used", AccessKeyId=key["AccessKeyId"])
assert used["UserName"] == "u" and used["AccessKeyLastUsed"]["ServiceName"] == "N/A", used
assert call(sts, "get_access_key_info", AccessKeyId=key["AccessKeyId"])["Account"] == ACCOUNT
refused("DeleteConflict", iam, "delete_user", UserName="u")

# What no user and no account has here, as tools ask before they delete a user.
for operation, of, arguments in [
    ("list_mfa_devices", "MFADevices", {"UserName": "u"}), ("list_ssh_public_keys", "SSHPublicKeys", {"UserName": "u"}),
    ("list_signing_certificates", "Certificates", {"UserName": "u"}), ("list_service_specific_credentials", "ServiceSpecificCredentials", {"UserName": "u"}),
    ("list_virtual_mfa_devices", "VirtualMFADevices", {}), ("list_server_certificates", "ServerCertificateMetadataList", {}),
    ("list_instance_profiles", "InstanceProfiles", {}), ("list_saml_providers", "SAMLProviderList", {}),
]:
    assert call(iam, operation, **arguments)[of] == [], operation
refused("NoSuchEntity", iam, "list_mfa_devices", UserName="nobody")
refused("NoSuchEntity", iam, "get_login_profile", UserName="u")
refused("NoSuchEntity", iam, "delete_login_profile", UserName="u")
refused("NoSuchEntity", iam, "get_instance_profile", InstanceProfileName="i")
refused("NoSuchEntity", iam, "get_account_password_policy")

# Roles.
role = call(iam, "create_role", RoleName="r", AssumeRolePolicyDocument=json.dumps(TRUST), Description="dé", MaxSessionDuration=7200, Tags=TAGS)["Role"]
assert role["AssumeRolePolicyDocument"] == TRUST and role["RoleId"].startswith("AROA") and role["MaxSessionDuration"] == 7200, role
refused("EntityAlreadyExists", iam, "create_role", RoleName="R", AssumeRolePolicyDocument=json.dumps(TRUST))
refused("MalformedPolicyDocument", iam, "create_role", RoleName="x", AssumeRolePolicyDocument=POLICY)
refused("ValidationError", iam, "create_role", RoleName="x", AssumeRolePolicyDocument=json.dumps(TRUST), MaxSessionDuration=3600 * 13)
assert call(iam, "get_role", RoleName="r")["Role"]["Description"] == "dé"
call(iam, "update_role", RoleName="r", Description="new", MaxSessionDuration=3600)
assert call(iam, "update_role_description", RoleName="r", Description="newer")["Role"]["Description"] == "newer"
call(iam, "update_assume_role_policy", RoleName="r", PolicyDocument=json.dumps(TRUST))
assert call(iam, "list_roles")["Roles"][0]["RoleName"] == "r"
call(iam, "tag_role", RoleName="r", Tags=[{"Key": "k", "Value": "v"}])
call(iam, "untag_role", RoleName="r", TagKeys=["k"])
assert len(call(iam, "list_role_tags", RoleName="r", MaxItems=1)["Tags"]) == 1
assert call(iam, "list_instance_profiles_for_role", RoleName="r")["InstanceProfiles"] == []

# Managed policies.
policy = call(iam, "create_policy", PolicyName="p", PolicyDocument=POLICY, Description="d", Tags=TAGS)["Policy"]
arn = policy["Arn"]
assert policy["DefaultVersionId"] == "v1" and policy["AttachmentCount"] == 0, policy
v2 = call(iam, "create_policy_version", PolicyArn=arn, PolicyDocument=json.dumps(doc("aps:*")), SetAsDefault=True)["PolicyVersion"]
assert v2["VersionId"] == "v2" and v2["IsDefaultVersion"], v2
assert call(iam, "get_policy_version", PolicyArn=arn, VersionId="v2")["PolicyVersion"]["Document"] == doc("aps:*")
assert [v["VersionId"] for v in call(iam, "list_policy_versions", PolicyArn=arn)["Versions"]] == ["v2", "v1"]
call(iam, "set_default_policy_version", PolicyArn=arn, VersionId="v1")
call(iam, "delete_policy_version", PolicyArn=arn, VersionId="v2")
call(iam, "tag_policy", PolicyArn=arn, Tags=[{"Key": "k", "Value": "v"}])
call(iam, "untag_policy", PolicyArn=arn, TagKeys=["k"])
assert len(call(iam, "list_policy_tags", PolicyArn=arn)["Tags"]) == 2
assert call(iam, "get_policy", PolicyArn=AWS_POLICY)["Policy"]["PolicyName"] == "AmazonPrometheusQueryAccess"
assert [p["PolicyName"] for p in call(iam, "list_policies", Scope="Local")["Policies"]] == ["p"]
assert call(iam, "list_policies", PolicyUsageFilter="PermissionsBoundary")["Policies"] == []
refused("ValidationError", iam, "list_policies", PolicyUsageFilter="Boundary")
refused("ValidationError", iam, "get_account_authorization_details", Filter=["Rolex"])
names, pages = [], 0
for page in iam.get_paginator("list_policies").paginate(PaginationConfig={"PageSize": 3}):
    names += [p["PolicyName"] for p in page["Policies"]]
    pages += 1
assert pages > 3 and len(names) == len(set(names)) and "p" in names and "AmazonPrometheusFullAccess" in names, (pages, names)

# What users, groups and roles have alike.
for word, name in (("user", "u"), ("group", "h"), ("role", "r")):
    who = {word.capitalize() + "Name": name}
    call(iam, f"attach_{word}_policy", PolicyArn=arn, **who)
    call(iam, f"attach_{word}_policy", PolicyArn=AWS_POLICY, **who)
    assert [p["PolicyArn"] for p in call(iam, f"list_attached_{word}_policies", **who)["AttachedPolicies"]] == sorted([arn, AWS_POLICY])
    call(iam, f"put_{word}_policy", PolicyName="i", PolicyDocument=POLICY, **who)
    got = call(iam, f"get_{word}_policy", PolicyName="i", **who)
    assert got["PolicyDocument"] == doc() and got[word.capitalize() + "Name"] == name, got
    assert call(iam, f"list_{word}_policies", **who)["PolicyNames"] == ["i"]
    refused("NoSuchEntity", iam, f"get_{word}_policy", PolicyName="none", **who)
    refused("MalformedPolicyDocument", iam, f"put_{word}_policy", PolicyName="i", PolicyDocument="{}", **who)
    if word != "group":
        call(iam, f"put_{word}_permissions_boundary", PermissionsBoundary=arn, **who)
assert call(iam, "get_role", RoleName="r")["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
used = call(iam, "list_entities_for_policy", PolicyArn=arn)
assert [used["PolicyUsers"][0]["UserName"], used["PolicyGroups"][0]["GroupName"], used["PolicyRoles"][0]["RoleName"]] == ["u", "h", "r"], used
assert call(iam, "get_policy", PolicyArn=arn)["Policy"]["AttachmentCount"] == 3
refused("DeleteConflict", iam, "delete_policy", PolicyArn=arn)

# Providers.
url = "https://oidc.example.org/id/1"
provider = call(iam, "create_open_id_connect_provider", Url=url, ClientIDList=["a"], ThumbprintList=["0" * 40], Tags=TAGS)["OpenIDConnectProviderArn"]
refused("EntityAlreadyExists", iam, "create_open_id_connect_provider", Url=url)
call(iam, "add_client_id_to_open_id_connect_provider", OpenIDConnectProviderArn=provider, ClientID="b")
call(iam, "remove_client_id_from_open_id_connect_provider", OpenIDConnectProviderArn=provider, ClientID="a")
call(iam, "update_open_id_connect_provider_thumbprint", OpenIDConnectProviderArn=provider, ThumbprintList=["1" * 40])
call(iam, "tag_open_id_connect_provider", OpenIDConnectProviderArn=provider, Tags=[{"Key": "k", "Value": "v"}])
call(iam, "untag_open_id_connect_provider", OpenIDConnectProviderArn=provider, TagKeys=["k"])
assert len(call(iam, "list_open_id_connect_provider_tags", OpenIDConnectProviderArn=provider)["Tags"]) == 2
got = call(iam, "get_open_id_connect_provider", OpenIDConnectProviderArn=provider)
assert (got["Url"], got["ClientIDList"], got["ThumbprintList"]) == (url[8:], ["b"], ["1" * 40]), got
assert call(iam, "list_open_id_connect_providers")["OpenIDConnectProviderList"] == [{"Arn": provider}]

# The account.
call(iam, "create_account_alias", AccountAlias="kitchen")
assert call(iam, "list_account_aliases")["AccountAliases"] == ["kitchen"]
call(iam, "delete_account_alias", AccountAlias="kitchen")
refused("NoSuchEntity", iam, "delete_account_alias", AccountAlias="kitchen")
summary = call(iam, "get_account_summary")["SummaryMap"]
assert (summary["Users"], summary["Groups"], summary["Roles"]) == (1, 1, 1), summary
all_ = call(iam, "get_account_authorization_details")
assert all_["UserDetailList"][0]["GroupList"] == ["h"] and all_["RoleDetailList"][0]["RolePolicyList"][0]["PolicyDocument"] == doc(), all_
assert {p["PolicyName"] for p in all_["Policies"]} == {"p", "AmazonPrometheusQueryAccess"}, all_["Policies"]
assert not call(iam, "get_account_authorization_details", Filter=["Role"])["UserDetailList"]

# Simulations.
got = call(iam, "simulate_principal_policy", PolicySourceArn=role["Arn"], ActionNames=["aps:QueryMetrics", "aps:RemoteWrite"])["EvaluationResults"]
assert [g["EvalDecision"] for g in got] == ["allowed", "implicitDeny"] and got[0]["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"], got
conditional = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {"StringEquals": {"aws:username": "x"}}}})
got = call(iam, "simulate_custom_policy", PolicyInputList=[conditional], ActionNames=["a:b"])["EvaluationResults"][0]
assert got["EvalDecision"] == "implicitDeny" and got["MissingContextValues"] == ["aws:username"], got
got = call(iam, "simulate_custom_policy", PolicyInputList=[conditional], ActionNames=["a:b"],
           ContextEntries=[{"ContextKeyName": "aws:username", "ContextKeyValues": ["x"], "ContextKeyType": "string"}])["EvaluationResults"][0]
assert got["EvalDecision"] == "allowed" and got["MatchedStatements"][0]["SourcePolicyId"] == "PolicyInputList.1", got
refused("InvalidInput", iam, "simulate_custom_policy", PolicyInputList=[conditional], ActionNames=["abcd"])
assert call(iam, "get_context_keys_for_custom_policy", PolicyInputList=[conditional])["ContextKeyNames"] == ["aws:username"]
assert call(iam, "get_context_keys_for_principal_policy", PolicySourceArn=role["Arn"])["ContextKeyNames"] == []

# Sessions.
got = call(sts, "assume_role", RoleArn=role["Arn"], RoleSessionName="s1", Tags=[{"Key": "a", "Value": "b"}], Policy=POLICY, PolicyArns=[{"arn": AWS_POLICY}])
assert got["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s1" and got["PackedPolicySize"] > 0, got
refused("AccessDenied", sts, "assume_role", RoleArn=role["Arn"] + "x", RoleSessionName="s1")
refused("MalformedPolicyDocument", sts, "assume_role", RoleArn=role["Arn"], RoleSessionName="s1", Policy="{}")
refused("PackedPolicyTooLarge", sts, "assume_role", RoleArn=role["Arn"], RoleSessionName="s1", Policy=POLICY + " " * 2048)
assert call(sts, "get_session_token")["Credentials"]["SessionToken"]
refused("InvalidAuthorizationMessageException", sts, "decode_authorization_message", EncodedMessage="AAAA")
refused("InvalidIdentityToken", sts, "assume_role_with_web_identity", RoleArn=role["Arn"], RoleSessionName="s1", WebIdentityToken="abcd")
c = got["Credentials"]
session = boto3.client("iam", aws_access_key_id=c["AccessKeyId"], aws_secret_access_key=c["SecretAccessKey"], aws_session_token=c["SessionToken"])
refused("AccessDenied", session, "list_users")
bad = boto3.client("sts", aws_access_key_id=c["AccessKeyId"], aws_secret_access_key=c["SecretAccessKey"], aws_session_token=c["SessionToken"][:-8] + "AAAAAAA=")
refused("InvalidClientTokenId", bad, "get_caller_identity")

# Everything goes, in order.
for word, name in (("user", "u"), ("group", "h"), ("role", "r")):
    who = {word.capitalize() + "Name": name}
    call(iam, f"delete_{word}_policy", PolicyName="i", **who)
    for a in (arn, AWS_POLICY):
        call(iam, f"detach_{word}_policy", PolicyArn=a, **who)
    if word != "group":
        call(iam, f"delete_{word}_permissions_boundary", **who)
call(iam, "remove_user_from_group", GroupName="h", UserName="u")
call(iam, "delete_access_key", UserName="u", AccessKeyId=key["AccessKeyId"])
call(iam, "delete_user", UserName="u")
call(iam, "delete_group", GroupName="h")
call(iam, "delete_role", RoleName="r")
call(iam, "delete_policy", PolicyArn=arn)
call(iam, "delete_open_id_connect_provider", OpenIDConnectProviderArn=provider)
refused("NoSuchEntity", iam, "delete_open_id_connect_provider", OpenIDConnectProviderArn=provider)

# Nothing that is served was left out.
served = set()
for line in open(sys.argv[1]):
    cells = [c.strip() for c in line.split("|")]
    if line.startswith("Refused"):
        served_now = False
    if line.startswith("Served"):
        served_now = True
    if len(cells) > 3 and served_now and ("`iam:" in cells[3] or "`sts:" in cells[3]):
        served.add(cells[2].strip("`"))
assert served - called == set(), served - called
print(len(called), "operations")
