"""Scrapers that profile aws-strict refuses, as AWS does, and the eleventh of a region."""
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

amp = boto3.client("amp", config=Config(parameter_validation=False))
to = {"ampConfiguration": {"workspaceArn": amp.list_workspaces()["workspaces"][0]["arn"]}}
vpc = {"vpcConfiguration": {"securityGroupIds": ["sg-1"], "subnetIds": ["subnet-1"]}}
job = "scrape_configs:\n- job_name: j\n  static_configs: [{targets: [192.0.2.1:80]}]\n"


def create(text=job, source=vpc):
    return amp.create_scraper(source=source, destination=to, scrapeConfiguration={"configurationBlob": text.encode()})


def refused(words, **kw):
    try:
        create(**kw)
    except ClientError as e:
        assert e.response["Error"]["Code"] == "ValidationException" and words in str(e), e
        assert e.response["fieldList"], e.response
        return
    raise AssertionError(f"{kw} was taken")


refused("profile aws-strict has no scrapers without a source", source={})
refused("source.vpcConfiguration.securityGroupIds", source={"vpcConfiguration": {"securityGroupIds": ["sg-security-group-id"], "subnetIds": ["subnet-1"]}})
refused("scrape_interval is 10s; the shortest is 30s", text=job + "  scrape_interval: 10s\n")
refused("AWS does not take sample_limit in scrape_configs", text=job + "  sample_limit: 5\n")
refused("AWS does not take http_sd_configs in scrape_configs", text="scrape_configs: [{job_name: j, http_sd_configs: [{url: 'http://x/'}]}]\n")
refused('the target "db.example:1" must be an IP address', text="scrape_configs: [{job_name: j, static_configs: [{targets: ['db.example:1']}]}]\n")
refused("at most 262144", text=job + "#" * 262144)
made = 0
try:
    while made < 100:
        create()
        made += 1
except ClientError as e:
    print(f"{made} made, then {e.response['Error']['Code']} {e.response['ResponseMetadata']['HTTPStatusCode']}: {e.response['Error']['Message']}")
