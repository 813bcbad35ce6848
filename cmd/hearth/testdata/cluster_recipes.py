"""The recipes of docs/clusters.md, to apply.

  cluster_recipes.py DOCUMENT account                        the account of a kubeconfig for Hearth
  cluster_recipes.py DOCUMENT pod NAMESPACE ACCOUNT ROLE     a pod without EKS' webhook

For a pod it writes pod.env, the variables of its container with the token's folder at
./aws, and token.args, what kubectl create token asks for it.
"""
import json, os, re, sys, yaml

blocks = re.findall(r"^```\w*\n(.*?)^```", open(sys.argv[1]).read(), re.S | re.M)
if sys.argv[2] == "account":
    print(next(b for b in blocks if "kind: ServiceAccount\nmetadata: {name: hearth" in b))
    sys.exit()
namespace, account, role = sys.argv[3:]
spec = next(b for b in blocks if b.startswith("spec:\n  serviceAccountName:"))
pod = yaml.safe_load(spec)["spec"]
pod["serviceAccountName"] = account
for c in pod["containers"]:
    c["image"] = c["name"]
    values = {"AWS_ROLE_ARN": role, "AWS_REGION": os.environ["AWS_REGION"], "AWS_ENDPOINT_URL_STS": os.environ["HEARTH"]}
    for e in c["env"]:
        e["value"] = values.pop(e["name"], e["value"])
    assert not values, f"the recipe has no {values}"
server = pod["containers"][0]
mount = server["volumeMounts"][0]
token = next(v for v in pod["volumes"] if v["name"] == mount["name"])["projected"]["sources"][0]["serviceAccountToken"]
with open("pod.env", "w") as out:
    for e in server["env"]:
        out.write("%s=%s\n" % (e["name"], e["value"].replace(mount["mountPath"], os.environ["WORK"] + "/aws")))
with open("token.args", "w") as out:
    out.write("%s --namespace %s --audience %s --duration %ds" % (account, namespace, token["audience"], token["expirationSeconds"]))
print(json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "agent", "namespace": namespace}, "spec": {"nodeName": "node-1", **pod}}))
