"""A scraper of one account writes into a workspace of another, as far as roles of both
let it; and tags decide who may make and see scrapers."""
import base64, json, os, time, urllib.request
import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError

HERE, THERE, REGION = "000000000000", "222222222222", os.environ["AWS_REGION"]


def client(service, key="test", secret="test"):
    return boto3.client(service, aws_access_key_id=key, aws_secret_access_key=secret)


def until(what, ask):
    deadline = time.time() + 60
    while not (got := ask()):
        if time.time() > deadline:
            raise SystemExit(f"not in time: {what}; now {describe()}")
        time.sleep(0.2)
    return got


def denied(code, call, **kw):
    try:
        call(**kw)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code, e.response
        return e.response["Error"]["Message"]
    raise AssertionError(f"{call.__name__} {kw} was not refused")


def role(iam, name, principal, condition):
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition}
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust}))


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def up():
    """The workspace's series up, asked by its own account."""
    request = AWSRequest("GET", f"{os.environ['HEARTH']}/workspaces/{ws['workspaceId']}/api/v1/query?query=up")
    SigV4Auth(boto3.Session(THERE, "test").get_credentials(), "aps", REGION).add_auth(request)
    with urllib.request.urlopen(urllib.request.Request(request.url, headers=dict(request.headers))) as answer:
        return json.load(answer)["data"]["result"]


amp, iam = client("amp"), client("iam")
amp_there, iam_there = client("amp", THERE), client("iam", THERE)
ws = amp_there.create_workspace(alias="there")
amp_there.get_waiter("workspace_active").wait(workspaceId=ws["workspaceId"])

source, target = f"arn:aws:iam::{HERE}:role/source", f"arn:aws:iam::{THERE}:role/target"
conf = "scrape_configs:\n- job_name: kettle\n  scrape_interval: 1s\n  metrics_path: /text\n  static_configs: [{targets: ['%s']}]\n" % os.environ["EXPOSITION"]
wanted = {
    "source": {"vpcConfiguration": {"securityGroupIds": ["sg-1"], "subnetIds": ["subnet-1"]}},
    "destination": {"ampConfiguration": {"workspaceArn": ws["arn"]}},
    "scrapeConfiguration": {"configurationBlob": conf.encode()},
}
# Without roles the workspace of another account is not there.
assert "Workspace not found" in denied("ResourceNotFoundException", amp.create_scraper, **wanted)
scraper = amp.create_scraper(**wanted, roleConfiguration={"sourceRoleArn": source, "targetRoleArn": target})


def describe():
    s = amp.describe_scraper(scraperId=scraper["scraperId"])["scraper"]
    return s["status"]["statusCode"], s.get("statusReason", "")


def waits(status, text):
    return until(text, lambda: describe()[0] == status and text in describe()[1])


waits("CREATING", "sourceRoleArn: there is no such role, or it does not trust the service scraper.aps.amazonaws.com with aws:SourceArn " + scraper["arn"])
role(iam, "source", {"Service": "scraper.aps.amazonaws.com"}, {"ArnEquals": {"aws:SourceArn": scraper["arn"]}})
iam.put_role_policy(RoleName="source", PolicyName="step", PolicyDocument=policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": target}))
waits("CREATING", f"targetRoleArn: there is no such role, or it does not trust {source} with sts:ExternalId {scraper['arn']}")
role(iam_there, "target", {"AWS": source}, {"StringEquals": {"sts:ExternalId": scraper["arn"]}})
waits("CREATING", "targetRoleArn: the role may not aps:RemoteWrite on " + ws["arn"])
assert up() == [], "samples came before the roles let them in"
write = policy({"Effect": "Allow", "Action": "aps:RemoteWrite", "Resource": ws["arn"]})
iam_there.put_role_policy(RoleName="target", PolicyName="write", PolicyDocument=write)
amp.get_waiter("scraper_active").wait(scraperId=scraper["scraperId"])
until("samples", lambda: [s for s in up() if s["metric"]["job"] == "kettle" and s["value"][1] == "1"])
denied("ResourceNotFoundException", amp.describe_workspace, workspaceId=ws["workspaceId"])
denied("ResourceNotFoundException", amp_there.describe_scraper, scraperId=scraper["scraperId"])

# What the other account takes back ends the collection, with its series.
iam_there.delete_role_policy(RoleName="target", PolicyName="write")
waits("UPDATE_FAILED", "may not aps:RemoteWrite")
until("stale series", lambda: up() == [])
iam_there.put_role_policy(RoleName="target", PolicyName="write", PolicyDocument=write)
until("samples again", up)
print("roles: all as it should be")

# Tags: of the request when a scraper is made, of the scraper afterwards.
mine = amp.create_workspace(alias="here")
amp.get_waiter("workspace_active").wait(workspaceId=mine["workspaceId"])
iam.create_user(UserName="collector")
iam.put_user_policy(UserName="collector", PolicyName="tags", PolicyDocument=policy(
    {"Effect": "Allow", "Action": ["aps:CreateScraper", "aps:TagResource"], "Resource": "*", "Condition": {"StringEquals": {"aws:RequestTag/team": "a"}}},
    {"Effect": "Allow", "Action": ["aps:DescribeScraper", "aps:UpdateScraper", "aps:DeleteScraper"], "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/team": "a"}}}))
key = iam.create_access_key(UserName="collector")["AccessKey"]
user = client("amp", key["AccessKeyId"], key["SecretAccessKey"])
wanted["destination"] = {"ampConfiguration": {"workspaceArn": mine["arn"]}}
own = user.create_scraper(**wanted, tags={"team": "a"})["scraperId"]
denied("AccessDeniedException", user.create_scraper, **wanted, tags={"team": "b"})
denied("AccessDeniedException", user.create_scraper, **wanted)
# Encoded once more, as the aws CLI does with what base64 printed.
wanted["scrapeConfiguration"] = {"configurationBlob": base64.encodebytes(conf.encode())}
other = amp.create_scraper(**wanted, tags={"team": "b"})
assert amp.describe_scraper(scraperId=other["scraperId"])["scraper"]["scrapeConfiguration"]["configurationBlob"] == conf.encode()
assert user.describe_scraper(scraperId=own)["scraper"]["tags"] == {"team": "a"}
denied("AccessDeniedException", user.describe_scraper, scraperId=other["scraperId"])
denied("AccessDeniedException", user.delete_scraper, scraperId=other["scraperId"])
amp.tag_resource(resourceArn=other["arn"], tags={"team": "a"})
user.get_waiter("scraper_active").wait(scraperId=other["scraperId"])
user.update_scraper(scraperId=other["scraperId"], alias="ours")
user.get_waiter("scraper_active").wait(scraperId=other["scraperId"])
user.delete_scraper(scraperId=other["scraperId"])
denied("AccessDeniedException", user.list_scrapers)
amp.get_waiter("scraper_deleted").wait(scraperId=other["scraperId"])
print("tags: all as it should be")
