"""What a node makes of the chart's server pod, for a Prometheus that runs beside it.

  helm_values.py manifest FILE   what helm rendered
  helm_values.py values FILE     the values alone, where the chart cannot be had

Writes rendered.yml (its configuration, with what discovery in a cluster takes from
the pod's own files made explicit) and pod.env (its variables), and prints the
service account and the audience and path of its projected token.
"""
import json, os, sys, yaml

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


def from_manifest(docs):
    config = next(d["data"]["prometheus.yml"] for d in docs if d["kind"] == "ConfigMap" and "prometheus.yml" in d.get("data", {}))
    pods = [d["spec"]["template"]["spec"] for d in docs if d["kind"] in ("Deployment", "StatefulSet")]
    pod = next(p for p in pods if any(c["name"].endswith("-server") for c in p["containers"]))
    server = next(c for c in pod["containers"] if c["name"].endswith("-server"))
    return yaml.safe_load(config), pod["serviceAccountName"], server.get("env", []), pod["volumes"], server["volumeMounts"]


def from_values(values):
    server = values["server"]
    pods = {
        "job_name": "kubernetes-pods",
        "kubernetes_sd_configs": [{"role": "pod"}],
        "relabel_configs": [
            {"action": "keep", "source_labels": ["__meta_kubernetes_pod_annotation_prometheus_io_scrape"], "regex": "true"},
            {"source_labels": ["__meta_kubernetes_pod_ip", "__meta_kubernetes_pod_annotation_prometheus_io_port"], "separator": ":", "target_label": "__address__"},
        ],
    }
    config = {"scrape_configs": [pods], "remote_write": server["remoteWrite"]}
    return config, values["serviceAccounts"]["server"]["name"], server["env"], server["extraVolumes"], server["extraVolumeMounts"]


def explicit(node):
    """Paths and discovery as they are inside the pod."""
    if isinstance(node, str):
        return node.replace(ACCOUNT, os.environ["WORK"] + "/account")
    if isinstance(node, list):
        return [explicit(n) for n in node]
    if not isinstance(node, dict):
        return node
    node = {k: explicit(v) for k, v in node.items()}
    for sd in node.get("kubernetes_sd_configs", []):
        sd.setdefault("api_server", os.environ["KUBE_SERVER"])
        sd.setdefault("authorization", {"credentials_file": os.environ["WORK"] + "/account/token"})
        sd.setdefault("tls_config", {"ca_file": os.environ["WORK"] + "/account/ca.crt"})
    return node


def projected(volumes, mounts):
    for v in volumes:
        for s in v.get("projected", {}).get("sources", []):
            if "serviceAccountToken" in s:
                mount = next(m["mountPath"] for m in mounts if m["name"] == v["name"])
                return s["serviceAccountToken"], mount
    raise SystemExit("no token is projected into the pod")


kind, path = sys.argv[1:]
text = open(path).read()
config, account, env, volumes, mounts = from_manifest([d for d in yaml.safe_load_all(text) if d]) if kind == "manifest" else from_values(yaml.safe_load(text))
token, mount = projected(volumes, mounts)
config = explicit(config)
config.setdefault("global", {})["scrape_interval"] = "3s"  # a test does not wait a minute
config["global"]["scrape_timeout"] = "3s"
config.pop("alerting", None)
config.pop("rule_files", None)
with open("rendered.yml", "w") as out:
    out.write(json.dumps(config, indent=1).replace("$", "${$}"))
with open("pod.env", "w") as out:
    for e in env:
        out.write("%s=%s\n" % (e["name"], e["value"].replace(mount, os.environ["WORK"] + "/aws")))
print(account, token["audience"], token["expirationSeconds"], mount + "/" + token["path"])
