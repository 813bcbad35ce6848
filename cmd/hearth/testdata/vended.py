"""Samples of every kind for a workspace, and what CloudWatch then tells of it.

usage: vended.py write URL | vended.py read NAME…
write posts to a workspace's URL by OTLP. read waits until all metrics named are there
(NAME, or the Resource of a ResourceCount) and prints each with the sum of its datapoints.
"""
import datetime
import json
import os
import sys
import time
import urllib.error
import urllib.request

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def post(url, kind, name, value, age=0, **labels):
    point = {"timeUnixNano": str(int((time.time() - age) * 1e9)), "attributes": [{"key": k, "value": {"stringValue": v}} for k, v in labels.items()]}
    data = {"dataPoints": [point | value]} | ({"aggregationTemporality": 2} if kind == "exponentialHistogram" else {})
    body = json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": name, kind: data}]}]}]}).encode()
    request = AWSRequest("POST", url + "/api/v1/otlp/v1/metrics", data=body, headers={"Content-Type": "application/json"})
    SigV4Auth(Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]), "aps", "us-east-1").add_auth(request)
    try:
        with urllib.request.urlopen(urllib.request.Request(request.url, data=body, headers=dict(request.headers), method="POST"), timeout=30) as answer:
            print(name, labels, answer.status)
    except urllib.error.HTTPError as e:
        if e.code != 400:
            raise
        print(name, labels, e.code, e.read().decode())


def write(url):
    post(url, "gauge", "tea", {"asDouble": 1}, app="web", i="1")
    post(url, "gauge", "tea", {"asDouble": 2}, age=40, app="web", i="1")  # out of order
    post(url, "gauge", "tea", {"asDouble": 3}, app="web", i="2")  # one series more than its label set may have
    post(url, "gauge", "tea", {"asDouble": 4}, app="other", i="1")
    for counts in ([1, 1], [1] * 1500):  # the second has too many buckets, and becomes coarser
        n = sum(counts)
        post(url, "exponentialHistogram", "size", {"count": str(n), "sum": 1, "scale": 8, "zeroCount": "0", "positive": {"offset": 0, "bucketCounts": [str(c) for c in counts]}}, buckets=str(n))


def read(wanted):
    client = boto3.client("cloudwatch")
    deadline, found = time.time() + 300, {}
    while not wanted <= {name for name, _ in found}:
        if time.time() > deadline:
            sys.exit("missing: " + " ".join(sorted(wanted - {name for name, _ in found})))
        time.sleep(2)
        for namespace in ("AWS/Usage", "AWS/Prometheus"):
            for page in client.get_paginator("list_metrics").paginate(Namespace=namespace):
                for m in page["Metrics"]:
                    d = {x["Name"]: x["Value"] for x in m["Dimensions"]}
                    found[d.get("Resource", m["MetricName"]), json.dumps(d)] = m
    now = datetime.datetime.now(datetime.timezone.utc)
    for key in sorted(found):
        m = found[key]
        r = client.get_metric_statistics(**m, StartTime=now - datetime.timedelta(hours=1), EndTime=now + datetime.timedelta(minutes=1), Period=3600, Statistics=["Sum"])
        d = {x["Name"]: x["Value"] for x in m["Dimensions"] if x["Name"] not in ("Workspace", "ResourceId", "Service", "Type", "Class", "Resource")}
        print(key[0], *(f"{k}={v}" for k, v in d.items()), "%g" % sum(p["Sum"] for p in r["Datapoints"]))


if sys.argv[1] == "write":
    write(sys.argv[2])
else:
    read(set(sys.argv[2:]))
