"""What the dashboards of the journeys are made of."""
DS = {"type": "prometheus", "uid": "prom"}
T = {"from": "now-6h", "to": "now"}


def target(expr, **more):
    return {"refId": "A", "expr": expr, "datasource": DS, **more}


def panel(i, kind, title, expr, x=0, y=0, w=12, h=8, options=None, defaults=None, overrides=None, **more):
    t = more.pop("targets", [target(expr, **more.pop("target", {}))])
    return {"id": i, "type": kind, "title": title, "datasource": DS, "gridPos": {"x": x, "y": y, "w": w, "h": h}, "targets": t,
            "options": options or {}, "fieldConfig": {"defaults": defaults or {}, "overrides": overrides or []}, **more}


def dash(uid, title, panels, version=39, **more):
    return {"uid": uid, "title": title, "schemaVersion": version, "panels": panels, "time": T, "tags": ["journey"], "timezone": "utc", **more}


def override(matcher, options, **properties):
    """Settings of the fields that a matcher picks; custom__x stands for custom.x."""
    return {"matcher": {"id": matcher, "options": options}, "properties": [{"id": k.replace("__", "."), "value": v} for k, v in properties.items()]}


last = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
steps = {"mode": "absolute", "steps": [{"color": "green", "value": None}, {"color": "orange", "value": 30}, {"color": "red", "value": 50}]}
states = [{"type": "value", "options": {"0": {"text": "off", "color": "red"}, "1": {"text": "on", "color": "green"}, "2": {"text": "idle", "color": "blue"}}}]
