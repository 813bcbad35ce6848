"""Walks the Grafana parts of the posts by HTTP: python3 grafana.py URL ID TOKEN STEP…"""
import json, sys, urllib.error, urllib.request

base, gid, token = sys.argv[1:4]


def ask(method, path, body=None, want=200):
    data = None if body is None else (body if isinstance(body, bytes) else json.dumps(body).encode())
    req = urllib.request.Request(f"{base}/grafana/{gid}/api{path}", data, {"Authorization": "Bearer " + token}, method=method)
    try:
        with urllib.request.urlopen(req) as res:
            status, text = res.status, res.read()
    except urllib.error.HTTPError as e:
        status, text = e.code, e.read()
    if status != want:
        sys.exit(f"{method} {path}: {status} {text.decode()}; want {want}")
    return json.loads(text) if text and text[:1] in b"[{" else text


def source():
    found = ask("GET", "/datasources")
    if not found:
        sys.exit("there is no data source")
    return found[0]


def test_source():
    s = source()
    print(s["name"], ask("GET", f"/datasources/uid/{s['uid']}/health")["message"])
    up = ask("GET", f"/datasources/proxy/uid/{s['uid']}/api/v1/query?query=vector(7)")
    print("value", up["data"]["result"][0]["value"][1])


def dashboard():
    s = source()
    text = b'''{ "__inputs": [ { "name": "DS_PROMETHEUS", "type": "datasource", "pluginId": "prometheus" } ],
  "title": "Kubernetes \\u0026 <Envoy>", "uid": "envoy", "version": 7,
  "panels": [ { "datasource": "${DS_PROMETHEUS}", "weight": 1.50 } ] }'''
    body = b'{"dashboard": ' + text + b', "overwrite": true, "folderUid": "al", "inputs": [{"name": "DS_PROMETHEUS", "type": "datasource", "pluginId": "prometheus", "value": "' + s["uid"].encode() + b'"}]}'
    got = ask("POST", "/dashboards/import", body)
    raw = ask("GET", "/dashboards/uid/envoy/bytes")
    print(got["importedUrl"], raw["panels"][0]["datasource"] == s["uid"])
    whole = ask("GET", "/dashboards/uid/envoy")["dashboard"]
    whole["title"] = "Envoy"
    ask("POST", "/dashboards/db", {"dashboard": whole, "folderUid": "al"})
    ask("POST", "/dashboards/db", {"dashboard": whole, "folderUid": "al"}, want=412)
    print("versions", [v["version"] for v in ask("GET", "/dashboards/uid/envoy/versions")])
    ask("POST", "/dashboards/uid/envoy/restore", {"version": 1})
    print("title", ask("GET", "/dashboards/uid/envoy")["dashboard"]["title"])


def folder():
    print(ask("POST", "/folders", {"title": "Alerts", "uid": "al"})["url"])


def alert():
    topic, expr = sys.argv[5:7]
    uid = source()["uid"]
    ask("POST", "/alert-notifications", {"name": "grafana-notification", "type": "sns", "isDefault": True,
        "settings": {"topic": topic, "subject": '{{ template "default.title" . }}', "message": '{{ template "default.message" . }}'}})
    policy = ask("GET", "/v1/provisioning/policies")
    policy.update(group_wait="1s", group_interval="5s")
    ask("PUT", "/v1/provisioning/policies", policy, want=202)
    query = lambda ref, model, source=uid: {"refId": ref, "datasourceUid": source, "relativeTimeRange": {"from": 600, "to": 0}, "model": dict(model, refId=ref)}
    rule = {"title": "Downstream latency", "condition": "C", "for": "1s", "annotations": {"summary": "{{ $values.B.Value }} ms at {{ $labels.service }}"},
        "data": [query("A", {"expr": expr}), query("B", {"type": "reduce", "expression": "A", "reducer": "last"}, "__expr__"),
            query("C", {"type": "threshold", "expression": "B", "conditions": [{"evaluator": {"type": "gt", "params": [5]}}]}, "__expr__")]}
    got = ask("PUT", "/v1/provisioning/folder/al/rule-groups/latency", {"interval": 1, "rules": [rule]})
    again = ask("PUT", "/v1/provisioning/folder/al/rule-groups/latency", got)
    for r in got["rules"] + again["rules"]:
        r.pop("updated")
    print("plan is empty:", got == again)


def state():
    for g in ask("GET", "/prometheus/grafana/api/v1/rules")["data"]["groups"]:
        for r in g["rules"]:
            print(r["name"], r["state"], r["health"], r.get("lastError", ""))


def discover():
    region = sys.argv[5]
    found = ask("GET", f"/datasources/discover?region={region}")["workspaces"]
    print("found", [w["alias"] for w in found], "added", [w["alias"] for w in found if "dataSource" in w])
    ask("POST", "/datasources/discover", {"region": region})
    again = ask("GET", f"/datasources/discover?region={region}")["workspaces"]
    print("added", sorted(w["alias"] for w in again if "dataSource" in w))


def add():
    """A data source as one fills in Grafana's form: the write URL without api/v1/remote_write, SigV4, the default region."""
    url, region = sys.argv[5:7]
    made = ask("POST", "/datasources", {"name": "AMP", "type": "prometheus", "access": "proxy", "url": url, "isDefault": True,
        "jsonData": {"httpMethod": "POST", "sigV4Auth": True, "sigV4AuthType": "default", "sigV4Region": region}})
    print("added", made["name"], ask("GET", f"/datasources/uid/{made['datasource']['uid']}/health")["message"])


def explore():
    now = {"from": "now-5m", "to": "now", "queries": [{"refId": "A", "datasource": {"uid": source()["uid"]}, "expr": sys.argv[5], "instant": True}]}
    for f in ask("POST", "/ds/query", now)["results"]["A"]["frames"]:
        print(f["schema"]["fields"][-1]["labels"], f["data"]["values"][-1])
    print("completes", sys.argv[5] in ask("GET", f"/datasources/uid/{source()['uid']}/resources/api/v1/label/__name__/values")["data"])


def gnet():
    """Import by id, as the field for it does: the file, its inputs, a folder of its own."""
    for n in sys.argv[5:]:
        found = ask("GET", f"/gnet/dashboards/{n}")["json"]
        inputs = [{**i, "value": source()["uid"]} for i in found["__inputs"]]
        print(n, ask("POST", "/dashboards/import", {"dashboard": found, "inputs": inputs, "overwrite": False, "folderUid": ""})["importedUrl"])


def panels():
    """Asks each query of each panel, as a browser would, with the variables filled in."""
    for uid in sys.argv[5:]:
        some, none = counted(uid)
        print(uid, some, "panels have data, none have", none)


def quiet():
    """Which panels have no data, but for those that show what need not happen."""
    some, none = counted(sys.argv[5])
    print(some, "have data, and should:", [title for title in none if title not in sys.argv[6:]])


def counted(uid):
    board = ask("GET", f"/dashboards/uid/{uid}")["dashboard"]
    some, none = 0, []
    for p in [p for r in board.get("rows", [board]) for p in r["panels"]]:
        uid_of = p.get("datasource") if isinstance(p.get("datasource"), str) else "default"
        queries = [{"refId": str(i), "datasource": {"uid": uid_of}, "expr": filled(t["expr"]), "maxDataPoints": 100} for i, t in enumerate(p.get("targets", []))]
        if not queries:
            continue
        got = ask("POST", "/ds/query", {"from": "now-2m", "to": "now", "queries": queries})["results"]
        bare = [r for r in got if not any(f["data"]["values"] and f["data"]["values"][0] for f in got[r]["frames"])]
        some, none = some + (not bare), none + ([p["title"]] if bare else [])
    return some, none


def filled(expr):
    for name, value in {"$interval": "30s", "$Node": ".*", "$cluster": ".*", "$instance": ".*", "$__rate_interval": "30s", "[5m]": "[30s]"}.items():
        expr = expr.replace(name, value)
    return expr


for step in sys.argv[4].split(","):
    globals()[step]()
