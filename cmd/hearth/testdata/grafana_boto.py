"""The grafana client of boto3 against Hearth: all 25 operations, each answer held
against the service model, pages, idempotency, the model's errors."""
import json, time

import boto3
from botocore.exceptions import ClientError

grafana = boto3.client("grafana")
model = grafana.meta.service_model
asked = set()


def fits(shape, value, at):
    """Whether a raw answer is what the model says: no member missing, none made up,
    every enumeration's value one of the model's."""
    if shape.type_name == "structure":
        assert isinstance(value, dict), (at, value)
        names = {m.serialization.get("name", n): (n, m) for n, m in shape.members.items() if m.serialization.get("location") is None}
        for name in value:
            assert name in names, f"{at}.{name} is in no model"
            fits(names[name][1], value[name], f"{at}.{name}")
        for n in shape.required_members:
            wire = shape.members[n].serialization.get("name", n)
            assert wire in value or shape.members[n].serialization.get("location"), f"{at}.{n} is required, and missing"
        if getattr(shape, "is_tagged_union", False):
            assert len(value) == 1, (at, value)
    elif shape.type_name == "list":
        assert isinstance(value, list), (at, value)
        for v in value:
            fits(shape.member, v, at + "[]")
    elif shape.type_name == "map":
        assert all(isinstance(k, str) and isinstance(v, str) for k, v in value.items()), (at, value)
    elif shape.type_name == "string":
        assert isinstance(value, str), (at, value)
        assert not shape.enum or value in shape.enum, (at, value, shape.enum)
    elif shape.type_name in ("timestamp", "integer", "long"):
        assert isinstance(value, (int, float)) and not isinstance(value, bool), (at, value)
    elif shape.type_name == "boolean":
        assert isinstance(value, bool), (at, value)


def hold(http_response, model, **kw):
    asked.add(model.name)
    if http_response.status_code >= 300:
        return
    assert http_response.status_code == model.http.get("responseCode", 200), (model.name, http_response.status_code)
    if model.output_shape is not None:
        fits(model.output_shape, json.loads(http_response.content or b"{}"), model.name)


grafana.meta.events.register("after-call.grafana.*", hold)


def refused(code, http, call, **kw):
    try:
        call(**kw)
    except ClientError as e:
        got = (e.response["Error"]["Code"], e.response["ResponseMetadata"]["HTTPStatusCode"])
        assert got == (code, http), (got, e.response)
        assert e.response["ResponseMetadata"]["RequestId"] and e.response["Error"]["Message"], e.response
        return e.response
    raise AssertionError(f"{call} {kw}: was not refused")


def pages(name, what, **kw):
    """All items of a list, page by page."""
    size = kw.pop("size", 2)
    all = list(grafana.get_paginator(name).paginate(PaginationConfig={"PageSize": size}, **kw))
    assert all and all[:-1] == [p for p in all[:-1] if len(p[what]) == size], all
    return [x for p in all for x in p[what]], len(all)


def active(g):
    """There are no waiters in the model: everybody polls."""
    for _ in range(200):
        w = grafana.describe_workspace(workspaceId=g)["workspace"]
        if w["status"] == "ACTIVE":
            return w
        time.sleep(0.02)
    raise AssertionError(w)


assert not grafana.waiter_names, grafana.waiter_names
how = dict(accountAccessType="CURRENT_ACCOUNT", permissionType="SERVICE_MANAGED", authenticationProviders=["SAML", "AWS_SSO"],
           workspaceDataSources=["PROMETHEUS", "XRAY"], workspaceNotificationDestinations=["SNS"])
made = grafana.create_workspace(workspaceName="a", clientToken="t-1", tags={"k": "v"}, grafanaVersion="9.4", **how)["workspace"]
assert made["status"] == "CREATING" and made["id"].startswith("g-"), made
g = made["id"]
again = grafana.create_workspace(workspaceName="a", clientToken="t-1", tags={"k": "v"}, grafanaVersion="9.4", **how)
assert again["workspace"]["id"] == g, "a token made two workspaces"
refused("ConflictException", 409, grafana.create_workspace, workspaceName="b", clientToken="t-1", **how)
shown = active(g)
assert shown["created"].year >= 2024 and shown["endpoint"].endswith("/grafana/" + g) and "://" not in shown["endpoint"], shown
for i in range(4):
    grafana.create_workspace(workspaceName=f"page-{i}", **how)
listed, n = pages("list_workspaces", "workspaces")
assert [w["name"] for w in listed if w["name"][0] == "p"] == [f"page-{i}" for i in range(4)] and n >= 3, listed
versions, n = pages("list_versions", "grafanaVersions")
assert versions == ["12.4", "10.4", "9.4", "8.4"] and n == 2, versions
assert pages("list_versions", "grafanaVersions", workspaceId=g, size=1) == (["12.4", "10.4"], 2)

assert grafana.update_workspace(workspaceId=g, workspaceDescription="d", vpcConfiguration={"securityGroupIds": ["sg-1"], "subnetIds": ["subnet-1", "subnet-2"]})["workspace"]["description"] == "d"
assert active(g)["vpcConfiguration"]["subnetIds"] == ["subnet-1", "subnet-2"]
grafana.update_workspace(workspaceId=g, removeVpcConfiguration=True)
assert "vpcConfiguration" not in active(g)

saml = {"idpMetadata": {"url": "https://idp.example.org/metadata"}, "assertionAttributes": {"role": "role", "org": "org"},
        "roleValues": {"admin": ["admin"], "editor": ["e"]}, "allowedOrganizations": ["home"], "loginValidityDuration": 60}
told = grafana.update_workspace_authentication(workspaceId=g, authenticationProviders=["SAML", "AWS_SSO"], samlConfiguration=saml)
assert told["authentication"]["saml"] == {"status": "CONFIGURED", "configuration": saml}, told
assert grafana.describe_workspace_authentication(workspaceId=g)["authentication"] == told["authentication"]

text = '{"plugins": {"pluginAdminEnabled": true}, "unifiedAlerting": {"enabled": true}}'
grafana.update_workspace_configuration(workspaceId=g, configuration=text, grafanaVersion="10.4")
active(g)
kept = grafana.describe_workspace_configuration(workspaceId=g)
assert (kept["configuration"], kept["grafanaVersion"]) == (text, "10.4"), kept

people = [{"id": f"u{i}", "type": "SSO_USER"} for i in range(5)] + [{"id": "cooks", "type": "SSO_GROUP"}]
assert grafana.update_permissions(workspaceId=g, updateInstructionBatch=[{"action": "ADD", "role": "ADMIN", "users": people}])["errors"] == []
failed = grafana.update_permissions(workspaceId=g, updateInstructionBatch=[{"action": "REVOKE", "role": "EDITOR", "users": people[:1]}])["errors"]
assert len(failed) == 1 and 100 <= failed[0]["code"] <= 999 and failed[0]["causedBy"]["users"] == people[:1], failed
granted, n = pages("list_permissions", "permissions", workspaceId=g)
assert n == 3 and sorted(p["user"]["id"] for p in granted) == sorted(p["id"] for p in people), granted
assert [p["user"]["id"] for p in grafana.list_permissions(workspaceId=g, userType="SSO_GROUP")["permissions"]] == ["cooks"]

assert grafana.create_workspace_api_key(workspaceId=g, keyName="k", keyRole="VIEWER", secondsToLive=60)["key"]
refused("ConflictException", 409, grafana.create_workspace_api_key, workspaceId=g, keyName="k", keyRole="VIEWER", secondsToLive=60)
grafana.delete_workspace_api_key(workspaceId=g, keyName="k")
accounts = [grafana.create_workspace_service_account(workspaceId=g, name=f"sa-{i}", grafanaRole="EDITOR")["id"] for i in range(3)]
assert [a["id"] for a in pages("list_workspace_service_accounts", "serviceAccounts", workspaceId=g)[0]] == accounts
tokens = [grafana.create_workspace_service_account_token(workspaceId=g, serviceAccountId=accounts[0], name=f"t-{i}", secondsToLive=60)["serviceAccountToken"] for i in range(3)]
assert all(t["key"].startswith("glsa_") for t in tokens)
listed = pages("list_workspace_service_account_tokens", "serviceAccountTokens", workspaceId=g, serviceAccountId=accounts[0])[0]
assert [t["id"] for t in listed] == [t["id"] for t in tokens] and not any("key" in t for t in listed), listed
grafana.delete_workspace_service_account_token(workspaceId=g, serviceAccountId=accounts[0], tokenId=tokens[0]["id"])
grafana.delete_workspace_service_account(workspaceId=g, serviceAccountId=accounts[0])

assert grafana.associate_license(workspaceId=g, licenseType="ENTERPRISE", grafanaToken="0123")["workspace"]["licenseType"] == "ENTERPRISE"
active(g)
assert "licenseType" not in grafana.disassociate_license(workspaceId=g, licenseType="ENTERPRISE")["workspace"]
me = boto3.client("sts").get_caller_identity()["Account"]
arn = f"arn:aws:grafana:{grafana.meta.region_name}:{me}:/workspaces/{g}"
grafana.tag_resource(resourceArn=arn, tags={"x": "y"})
assert grafana.list_tags_for_resource(resourceArn=arn)["tags"] == {"k": "v", "x": "y"}
grafana.untag_resource(resourceArn=arn, tagKeys=["x"])

missing = refused("ResourceNotFoundException", 404, grafana.describe_workspace, workspaceId="g-0123456789")
assert missing["resourceId"] == "g-0123456789" and missing["resourceType"], missing
bad = refused("ValidationException", 400, grafana.update_workspace, workspaceId=g, workspaceName="a b")
assert bad["reason"] == "FIELD_VALIDATION_FAILED" and bad["fieldList"][0]["name"] == "workspaceName", bad
for say in (dict(workspaceId="g-0123456789"), dict(workspaceId=g, maxResults=1, nextToken="x")):
    got = refused("ResourceNotFoundException" if len(say) == 1 else "ValidationException", 404 if len(say) == 1 else 400, grafana.list_permissions, **say)
refused("UnrecognizedClientException", 403, boto3.client("grafana", aws_access_key_id="nobody", aws_secret_access_key="x").list_workspaces)
refused("InvalidSignatureException", 403, boto3.client("grafana", aws_access_key_id="test", aws_secret_access_key="wrong").list_workspaces)
assert grafana.delete_workspace(workspaceId=g)["workspace"]["status"] == "DELETING"
for _ in range(200):
    try:
        grafana.describe_workspace(workspaceId=g)
    except grafana.exceptions.ResourceNotFoundException:
        break
    time.sleep(0.02)
else:
    raise AssertionError("the deleted workspace is still there")
left = set(model.operation_names) - asked
assert not left and len(asked) == 25, f"not asked for: {left}"
print("all fine")
