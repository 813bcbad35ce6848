"""The number of workspaces by get-metric-data, in the protocol named: cbor, json, query."""
import datetime
import json
import sys

import botocore.session

session = botocore.session.get_session()
protocol = {"cbor": "smithy-rpc-v2-cbor"}.get(sys.argv[1], sys.argv[1])
loader = session.get_component("data_loader")
load = loader.load_service_model


def only(service, kind, *args, **kwargs):
    model = load(service, kind, *args, **kwargs)
    if service == "cloudwatch" and kind == "service-2":
        model["metadata"].update(protocol=protocol, protocols=[protocol])
    return model


loader.load_service_model = only
now = datetime.datetime.now(datetime.timezone.utc)
names = {"Service": "Prometheus", "Type": "Resource", "Class": "None", "Resource": "WorkspaceCount"}
answer = session.create_client("cloudwatch").get_metric_data(
    StartTime=now - datetime.timedelta(hours=1), EndTime=now + datetime.timedelta(minutes=1),
    MetricDataQueries=[{"Id": "a", "MetricStat": {"Period": 3600, "Stat": "Maximum", "Metric": {
        "Namespace": "AWS/Usage", "MetricName": "ResourceCount",
        "Dimensions": [{"Name": k, "Value": v} for k, v in names.items()]}}}],
)
values = [v for r in answer["MetricDataResults"] for v in r["Values"]]
print(json.dumps({"Values": [float(v) for v in values[:1]], "Times": [str(t) for r in answer["MetricDataResults"] for t in r["Timestamps"]]}))
