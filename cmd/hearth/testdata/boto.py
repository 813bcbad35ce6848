"""The AMP client of boto3 against Hearth: statuses, waiters, pages, tokens, errors."""
import boto3
from botocore.exceptions import ClientError

amp = boto3.client("amp")


def status(answer):
    return answer["ResponseMetadata"]["HTTPStatusCode"]


def refused(code, http, call, **kw):
    try:
        call(**kw)
    except ClientError as e:
        got = (e.response["Error"]["Code"], e.response["ResponseMetadata"]["HTTPStatusCode"])
        assert got == (code, http), (got, e.response)
        assert e.response["ResponseMetadata"]["RequestId"], e.response
        return e.response
    raise AssertionError(f"{call} {kw}: was not refused")


made = amp.create_workspace(alias="a", clientToken="t-1", tags={"k": "v"})
assert status(made) == 202 and made["status"]["statusCode"] == "CREATING", made
again = amp.create_workspace(alias="a", clientToken="t-1", tags={"k": "v"})
assert again["workspaceId"] == made["workspaceId"], "a token made two workspaces"
refused("ConflictException", 409, amp.create_workspace, alias="b", clientToken="t-1")
ws = made["workspaceId"]
amp.get_waiter("workspace_active").wait(workspaceId=ws)

shown = amp.describe_workspace(workspaceId=ws)["workspace"]
assert shown["createdAt"].year >= 2024 and shown["prometheusEndpoint"].endswith(f"/workspaces/{ws}/"), shown
assert status(amp.update_workspace_alias(workspaceId=ws, alias="b")) == 204
assert status(amp.update_workspace_configuration(workspaceId=ws, retentionPeriodInDays=3)) == 202
assert amp.describe_workspace_configuration(workspaceId=ws)["workspaceConfiguration"]["retentionPeriodInDays"] == 3
assert status(amp.tag_resource(resourceArn=shown["arn"], tags={"x": "y"})) == 200
assert amp.list_tags_for_resource(resourceArn=shown["arn"])["tags"] == {"k": "v", "x": "y"}
assert status(amp.untag_resource(resourceArn=shown["arn"], tagKeys=["x"])) == 200

for i in range(5):
    amp.create_workspace(alias=f"page-{i}")
pages = list(amp.get_paginator("list_workspaces").paginate(alias="page", PaginationConfig={"PageSize": 2}))
assert [len(p["workspaces"]) for p in pages] == [2, 2, 1], pages
assert [w["alias"] for p in pages for w in p["workspaces"]] == [f"page-{i}" for i in range(5)]

missing = refused("ResourceNotFoundException", 404, amp.describe_workspace, workspaceId="None")
assert missing["resourceId"] == "None", missing
refused("ResourceNotFoundException", 404, amp.describe_logging_configuration, workspaceId=ws)
refused("ResourceNotFoundException", 404, amp.describe_query_logging_configuration, workspaceId=ws)
refused("ResourceNotFoundException", 404, amp.describe_resource_policy, workspaceId=ws)
bad = refused("ValidationException", 400, amp.update_workspace_configuration, workspaceId=ws, retentionPeriodInDays=5000)
assert bad["reason"] == "FIELD_VALIDATION_FAILED" and bad["fieldList"][0]["name"], bad
wrong = boto3.client("amp", aws_secret_access_key="wrong", aws_access_key_id="test")
refused("InvalidSignatureException", 403, wrong.list_workspaces)
nobody = boto3.client("amp", aws_secret_access_key="test", aws_access_key_id="nobody")
refused("UnrecognizedClientException", 403, nobody.list_workspaces)

assert status(amp.delete_workspace(workspaceId=ws)) == 202
amp.get_waiter("workspace_deleted").wait(workspaceId=ws)
refused("ResourceNotFoundException", 404, amp.describe_workspace, workspaceId=ws)
print("all fine")
