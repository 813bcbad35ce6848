"""Writes the dashboards of the journeys: one a shape that Grafana's JSON had, every
kind of panel with its options, and dashboards as each age of Grafana saved them."""
import json, os
from ages import ages
from gallery import gallery
from parts import DS, T, target, panel, dash, last, steps

all = []
all.append(dash("kinds", "All kinds of panels", [
    panel(1, "timeseries", "Load", "demo_load", 0, 0, 12, 8, {"legend": {"displayMode": "table", "placement": "bottom", "showLegend": True, "calcs": ["mean", "max"]}, "tooltip": {"mode": "multi", "sort": "desc"}}, {"unit": "percent", "custom": {"fillOpacity": 10}}, target={"legendFormat": "{{instance}}"}),
    panel(2, "stat", "Bytes", "demo_bytes", 12, 0, 4, 4, {**last, "colorMode": "value", "graphMode": "area"}, {"unit": "bytes"}),
    panel(3, "gauge", "Percent", "demo_percent", 16, 0, 4, 4, last, {"unit": "percent", "min": 0, "max": 100, "thresholds": steps}),
    panel(4, "bargauge", "Shares", "demo_share", 20, 0, 4, 8, {**last, "displayMode": "gradient", "orientation": "horizontal"}, {"unit": "percent", "min": 0, "max": 100, "thresholds": steps}, target={"legendFormat": "{{instance}}"}),
    panel(5, "text", "Words", "", 12, 4, 8, 4, {"mode": "markdown", "content": "# A heading\n\nand *words* <script>alert(1)</script>"}),
    panel(6, "table", "Targets", "up", 0, 8, 12, 8, {"showHeader": True}, {}, [{"matcher": {"id": "byName", "options": "Value"}, "properties": [{"id": "mappings", "value": [{"type": "value", "options": {"0": {"text": "down", "color": "red"}, "1": {"text": "fine", "color": "green"}}}]}, {"id": "custom.cellOptions", "value": {"type": "color-background"}}]}], target={"format": "table", "instant": True, "range": False}, transformations=[{"id": "organize", "options": {"excludeByName": {"Time": True, "__name__": True, "job": True}}}]),
    panel(7, "piechart", "Pie", "demo_share", 12, 8, 6, 8, {**last, "pieType": "donut", "legend": {"showLegend": True, "displayMode": "table", "placement": "right", "values": ["value", "percent"]}}, {"unit": "percent"}, target={"legendFormat": "{{instance}}"}),
    panel(8, "heatmap", "Latency", "sum by (le) (increase(demo_latency_seconds_bucket[$__rate_interval]))", 18, 8, 6, 8, {"calculate": False, "yAxis": {"unit": "s"}, "color": {"scheme": "Oranges"}}, {}, target={"format": "heatmap", "legendFormat": "{{le}}"}),
    panel(9, "barchart", "Requests", "sum by (instance) (rate(demo_requests_total[5m] offset 10m))", 0, 16, 8, 8, {"legend": {"showLegend": False}, "showValue": "always"}, {"unit": "reqps"}, target={"format": "table", "instant": True, "range": False}),
    panel(10, "histogram", "Distribution", "demo_load", 8, 16, 8, 8, {"combine": True, "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom"}}, {"unit": "percent"}),
    panel(11, "state-timeline", "States", "demo_state", 16, 16, 8, 4, {"legend": {"showLegend": True, "displayMode": "list", "placement": "bottom"}}, {"mappings": [{"type": "value", "options": {"0": {"text": "off", "color": "red"}, "1": {"text": "on", "color": "green"}, "2": {"text": "idle", "color": "blue"}}}]}, target={"legendFormat": "{{unit}}"}),
    panel(12, "status-history", "History", "demo_state", 16, 20, 8, 4, {"legend": {"showLegend": False, "displayMode": "list", "placement": "bottom"}}, {"mappings": [{"type": "value", "options": {"0": {"text": "off", "color": "red"}, "1": {"text": "on", "color": "green"}, "2": {"text": "idle", "color": "blue"}}}]}, target={"legendFormat": "{{unit}}", "interval": "15m"}),
    panel(13, "geomap", "Somewhere", "", 0, 24, 8, 6),
    panel(14, "timeseries", "Nothing", "demo_lod", 8, 24, 8, 6),
    panel(15, "timeseries", "Wrong", "rate(demo_load", 16, 24, 8, 6)]))
rows = {"uid": "rows-v4", "title": "Rows of Grafana 4", "schemaVersion": 14, "time": T, "rows": [
    {"title": "Totals", "showTitle": True, "height": "150px", "panels": [
        {"id": 1, "type": "singlestat", "title": "Old bytes", "span": 3, "datasource": "Known", "format": "bytes", "valueName": "current", "targets": [{"expr": "demo_bytes", "intervalFactor": 2, "step": 60}], "thresholds": "", "colorValue": False, "sparkline": {"show": True}},
        {"id": 2, "type": "singlestat", "title": "Old gauge", "span": 3, "datasource": "Known", "format": "percent", "valueName": "avg", "gauge": {"show": True, "minValue": 0, "maxValue": 100, "thresholdMarkers": True}, "colors": ["green", "orange", "red"], "thresholds": "30,80", "targets": [{"refId": "A", "expr": "demo_percent"}]},
        {"id": 3, "type": "singlestat", "title": "Old mapping", "span": 3, "datasource": "Known", "format": "none", "valueName": "current", "colorBackground": True, "colors": ["red", "orange", "green"], "thresholds": "0.5,0.9", "valueMaps": [{"op": "=", "text": "UP", "value": "1"}], "targets": [{"refId": "A", "expr": "min(up{instance=\"a:9100\"})"}]},
        {"id": 4, "type": "text", "title": "Old text", "span": 3, "mode": "markdown", "content": "*old words*"}]},
    {"title": "Graphs", "showTitle": True, "height": 250, "panels": [
        {"id": 5, "type": "graph", "title": "Old graph", "span": 6, "datasource": "Known", "fill": 1, "linewidth": 2, "stack": True, "legend": {"show": True, "values": True, "avg": True, "alignAsTable": True}, "yaxes": [{"format": "percent", "min": 0}, {"format": "short"}], "seriesOverrides": [{"alias": "a:9100", "color": "#ff0000"}], "targets": [{"refId": "A", "expr": "demo_load", "legendFormat": "{{instance}}"}]},
        {"id": 6, "type": "table", "title": "Old table", "span": 6, "datasource": "Known", "transform": "timeseries_aggregations", "columns": [{"text": "Current", "value": "current"}], "styles": [{"pattern": "Current", "type": "number", "unit": "percent", "decimals": 1, "colorMode": "cell", "colors": ["green", "orange", "red"], "thresholds": ["30", "50"]}], "targets": [{"refId": "A", "expr": "demo_share", "legendFormat": "{{instance}}"}]}]},
    {"title": "Closed", "collapse": True, "panels": [{"id": 7, "type": "graph", "title": "Hidden graph", "span": 12, "datasource": None, "targets": [{"expr": "demo_load"}]}]}]}
all.append(rows)
all.append({"uid": "rows-v1", "title": "Rows of Grafana 1", "schemaVersion": 1, "time": T, "services": {"filter": {"time": T, "list": []}}, "rows": [{"height": "200px", "panels": [{"type": "graph", "title": "First graph", "span": 12, "y_formats": ["percent", "short"], "grid": {"leftMin": 0, "threshold1": 50, "threshold1Color": "red"}, "targets": [{"expr": "demo_load{instance=\"a:9100\"}"}]}]}]})
variables = [
    {"type": "datasource", "name": "ds", "query": "prometheus", "current": {"text": "Known", "value": "prom"}},
    {"type": "query", "name": "job", "datasource": {"type": "prometheus", "uid": "$ds"}, "query": "label_values(up, job)", "refresh": 1, "current": {}},
    {"type": "query", "name": "instance", "label": "Instance", "datasource": {"type": "prometheus", "uid": "$ds"}, "query": {"query": "label_values(up{job=\"$job\"}, instance)", "refId": "x"}, "regex": "/(.*):9100/", "refresh": 2, "multi": True, "includeAll": True, "sort": 1, "current": {"text": ["All"], "value": ["$__all"]}},
    {"type": "custom", "name": "quantile", "query": "0.5,0.9,0.99", "current": {"text": "0.9", "value": "0.9"}},
    {"type": "interval", "name": "window", "query": "1m,5m,1h", "auto": True, "auto_count": 30, "auto_min": "1m", "current": {"text": "5m", "value": "5m"}},
    {"type": "textbox", "name": "words", "query": "hello", "current": {"text": "hello", "value": "hello"}},
    {"type": "constant", "name": "fixed", "query": "demo", "hide": 2, "current": {"text": "demo", "value": "demo"}}]
all.append(dash("variables", "Variables of all types", [
    panel(1, "timeseries", "Load of $instance ($words)", "demo_load{instance=~\"($instance):.*\"}", 0, 0, 24, 8, target={"datasource": {"uid": "${ds}"}, "legendFormat": "{{instance}}"}),
    panel(2, "stat", "Copy $instance", "demo_share{job=\"$fixed\", instance=~\"$instance:.*\"}", 0, 8, 24, 4, last, {"unit": "percent"}, repeat="instance", repeatDirection="h", maxPerRow=3),
    {"id": 3, "type": "row", "title": "Row of $instance", "gridPos": {"x": 0, "y": 12, "w": 24, "h": 1}, "collapsed": False, "repeat": "instance", "panels": []},
    panel(4, "stat", "Within", "rate(demo_requests_total{instance=~\"$instance:.*\", code=\"200\"}[$window])", 0, 13, 24, 4, last, {"unit": "reqps"})], templating={"list": variables}, links=[{"type": "link", "title": "Elsewhere", "url": "/explore", "icon": "external link", "keepTime": True}]))
all.append(dash("annotated", "Annotations and shifts", [
    panel(1, "timeseries", "Marked", "demo_load", 0, 0, 24, 8), panel(2, "timeseries", "Shifted", "demo_load", 0, 8, 12, 8, timeFrom="2h", timeShift="1h"),
    panel(3, "timeseries", "Thresholds", "demo_load", 12, 8, 12, 8, None, {"thresholds": steps, "custom": {"thresholdsStyle": {"mode": "area"}}})],
    annotations={"list": [{"name": "Idle", "datasource": DS, "enable": True, "iconColor": "purple", "expr": "demo_state{unit=\"pump\"} == 2", "titleFormat": "Idle pump", "step": "60s"}]}, graphTooltip=1))
for n, (uid, title, p) in enumerate([
    ("units", "Units and decimals", [panel(1, "stat", "Seconds", "demo_seconds", 0, 0, 6, 4, last, {"unit": "s"}), panel(2, "stat", "Decimals", "demo_percent", 6, 0, 6, 4, last, {"unit": "percent", "decimals": 3}), panel(3, "stat", "Mapped", "demo_bytes", 12, 0, 6, 4, last, {"mappings": [{"type": "range", "options": {"from": 1000, "to": 2000, "result": {"text": "between", "color": "blue"}}}]}), panel(4, "stat", "Named", "demo_share", 18, 0, 6, 4, {**last, "textMode": "value_and_name"}, {"displayName": "${__field.labels.instance}"})]),
    ("overrides", "Overrides", [panel(1, "timeseries", "Coloured", "demo_load", 0, 0, 24, 8, None, {}, [{"matcher": {"id": "byRegexp", "options": "/a:.*/"}, "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": "#123456"}}, {"id": "custom.axisPlacement", "value": "right"}]}], target={"legendFormat": "{{instance}}"})]),
    ("transformed", "Transformations", [panel(1, "table", "Joined", "", 0, 0, 24, 8, targets=[{"refId": "A", "expr": "demo_share", "format": "table", "instant": True, "datasource": DS}, {"refId": "B", "expr": "up", "format": "table", "instant": True, "datasource": DS}], transformations=[{"id": "joinByField", "options": {"byField": "instance", "mode": "inner"}}, {"id": "organize", "options": {"includeByName": {"instance": True, "Value #A": True, "Value #B": True}, "renameByName": {"Value #A": "Share", "Value #B": "Up"}}}])]),
    ("gauge-6", "Gauges of Grafana 6", [{"id": 1, "type": "gauge", "title": "Six", "datasource": "Known", "gridPos": {"x": 0, "y": 0, "w": 8, "h": 8}, "options": {"fieldOptions": {"calcs": ["last"], "defaults": {"unit": "percent", "min": 0, "max": 100}, "thresholds": [{"color": "green", "value": None}, {"color": "red", "value": 40}], "mappings": []}, "showThresholdLabels": True}, "targets": [{"refId": "A", "expr": "demo_percent"}]}, {"id": 2, "type": "gauge", "title": "Six dot zero", "datasource": "Known", "gridPos": {"x": 8, "y": 0, "w": 8, "h": 8}, "options": {"valueOptions": {"stat": "last", "unit": "percent"}, "minValue": 0, "maxValue": 100, "thresholds": [{"index": 0, "value": None, "color": "blue"}]}, "targets": [{"refId": "A", "expr": "demo_percent"}]}]),
    ("pie-old", "Pie of a plugin", [{"id": 1, "type": "grafana-piechart-panel", "title": "Old pie", "datasource": "Known", "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8}, "format": "percent", "pieType": "pie", "legendType": "Right side", "legend": {"show": True, "values": True}, "valueName": "current", "targets": [{"refId": "A", "expr": "demo_share", "legendFormat": "{{instance}}"}]}]),
    ("heatmap-old", "Heatmap of Grafana 8", [{"id": 1, "type": "heatmap", "title": "Old heatmap", "datasource": "Known", "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8}, "dataFormat": "tsbuckets", "color": {"mode": "spectrum", "colorScheme": "interpolateOranges"}, "yAxis": {"format": "s", "show": True, "logBase": 1}, "targets": [{"refId": "A", "expr": "sum by (le) (rate(demo_latency_seconds_bucket[5m]))", "format": "heatmap", "legendFormat": "{{le}}"}]}]),
    ("heatmap-counted", "Heatmap of values", [panel(1, "heatmap", "Counted", "demo_load", 0, 0, 24, 8, {"calculate": True})]),
    ("shared", "One query, two panels", [panel(1, "timeseries", "Source", "demo_share", 0, 0, 12, 8), {"id": 2, "type": "stat", "title": "Follower", "gridPos": {"x": 12, "y": 0, "w": 12, "h": 8}, "datasource": {"type": "datasource", "uid": "-- Dashboard --"}, "targets": [{"refId": "A", "panelId": 1, "datasource": {"type": "datasource", "uid": "-- Dashboard --"}}], "options": last, "fieldConfig": {"defaults": {"unit": "percent"}, "overrides": []}}]),
    ("mixed", "Two data sources in one", [{"id": 1, "type": "timeseries", "title": "Mixed", "gridPos": {"x": 0, "y": 0, "w": 24, "h": 8}, "datasource": {"type": "datasource", "uid": "-- Mixed --"}, "targets": [{"refId": "A", "expr": "demo_percent", "legendFormat": "one", "datasource": DS}, {"refId": "B", "expr": "demo_share{instance=\"a:9100\"}", "legendFormat": "two", "datasource": DS}], "options": {}, "fieldConfig": {"defaults": {}, "overrides": []}}]),
    ("dressed", "Bars, points, stacks", [panel(1, "timeseries", "Bars", "demo_load", 0, 0, 8, 8, None, {"custom": {"drawStyle": "bars", "fillOpacity": 80, "stacking": {"mode": "normal", "group": "A"}}}, target={"interval": "10m"}), panel(2, "timeseries", "Points", "demo_load", 8, 0, 8, 8, None, {"custom": {"drawStyle": "points"}}, target={"interval": "10m"}), panel(3, "timeseries", "Percent", "demo_share", 16, 0, 8, 8, None, {"custom": {"fillOpacity": 50, "stacking": {"mode": "percent", "group": "A"}}})]),
    ("collapsed", "Collapsed rows", [{"id": 1, "type": "row", "title": "Closed row", "collapsed": True, "gridPos": {"x": 0, "y": 0, "w": 24, "h": 1}, "panels": [panel(2, "stat", "In the row", "demo_percent", 0, 1, 24, 4, last, {"unit": "percent"})]}, {"id": 3, "type": "row", "title": "Open row", "collapsed": False, "gridPos": {"x": 0, "y": 1, "w": 24, "h": 1}, "panels": []}, panel(4, "stat", "Below", "demo_percent", 0, 2, 24, 4, last, {"unit": "percent"})]),
    ("links", "Links", [panel(1, "stat", "Linked", "demo_percent", 0, 0, 12, 6, last, {"unit": "percent", "links": [{"title": "Value ${__value.text}", "url": "/explore?x=${__value.raw}"}]}, links=[{"title": "Panel link", "url": "https://example.org/${__from}", "targetBlank": True}])]),
    ("many", "Thirty panels", [panel(i + 1, "timeseries", f"Panel {i + 1}", f"demo_load * {i + 1}", (i % 3) * 8, (i // 3) * 6, 8, 6) for i in range(30)]),
    ("empty", "Nothing in it", []),
    ("library", "Plain JSON by hand", [{"type": "timeseries", "title": "By hand", "targets": [{"expr": "demo_load"}]}]),
]):
    all.append(dash(uid, title, p, 16 + n))
here = os.path.dirname(os.path.abspath(__file__))
for folder, dashboards in (("dashboards", all), ("gallery", gallery), ("ages", ages)):
    os.makedirs(os.path.join(here, folder), exist_ok=True)
    for d in dashboards:
        with open(os.path.join(here, folder, (d.get("uid") or d["metadata"]["name"]) + ".json"), "w") as f:
            json.dump(d, f, indent=1)
            f.write("\n")
