"""Datapoints of an ECS service in ECS/ContainerInsights, for the last full periods.

usage: fargate.py CLUSTER SERVICE [PERIODS [FIRST]]
Period FIRST (0 unless given) is the one that ended last; PERIODS are put, back from
there. The value of a metric is a constant and a thousandth for each period of age.
"""
import datetime
import sys
import time

import boto3

VALUES = {
    "CpuReserved": 256, "CpuUtilized": 0.0337, "MemoryReserved": 512, "MemoryUtilized": 200,
    "StorageReadBytes": 10, "StorageWriteBytes": 20, "NetworkRxBytes": 30, "NetworkTxBytes": 40,
    "DesiredTaskCount": 5, "TaskCount": 4, "PendingTaskCount": 1, "RunningTaskCount": 4,
    "DeploymentCount": 1, "TaskSetCount": 1,
}
cluster, service = sys.argv[1], sys.argv[2]
periods = int(sys.argv[3]) if len(sys.argv) > 3 else 11
first = int(sys.argv[4]) if len(sys.argv) > 4 else 0
now = int(time.time()) // 300 * 300
of_cluster = [{"Name": "ClusterName", "Value": cluster}]
of_service = of_cluster + [{"Name": "ServiceName", "Value": service}]
data = []
for i in range(first + 1, first + periods + 1):
    at = datetime.datetime.fromtimestamp(now - 300 * i + 10, datetime.timezone.utc)
    for name, value in VALUES.items():
        data.append(dict(MetricName=name, Dimensions=of_service, Timestamp=at, Value=value + i * 0.001))
        data.append(dict(MetricName=name, Dimensions=of_cluster, Timestamp=at, Value=value + i * 0.001))
    for name in ("ContainerInstanceCount", "ServiceCount"):
        data.append(dict(MetricName=name, Dimensions=of_cluster, Timestamp=at, Value=1))
client = boto3.client("cloudwatch")
for i in range(0, len(data), 20):
    client.put_metric_data(Namespace="ECS/ContainerInsights", MetricData=data[i : i + 20])
print(len(data))
