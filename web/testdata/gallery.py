"""Every kind of panel, with the options it has."""
from parts import DS, target, panel, dash, override, last, steps, states

legend = {"legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []}}
table_legend = {"legend": {"showLegend": True, "displayMode": "table", "placement": "right", "calcs": ["lastNotNull", "max", "mean"]}}
quiet = {"legend": {"showLegend": False, "displayMode": "list", "placement": "bottom", "calcs": []}}
by_instance = {"legendFormat": "{{instance}}"}


def row_of(panels, columns=4, height=7):
    """Places panels side by side, from left to right."""
    width = 24 // columns
    for i, p in enumerate(panels):
        p["id"] = i + 1
        p["gridPos"] = {"x": i % columns * width, "y": i // columns * height, "w": width, "h": height}
    return panels


def ts(title, expr, custom=None, options=legend, defaults=None, overrides=None, **more):
    return panel(0, "timeseries", title, expr, options=options, defaults={**(defaults or {}), "custom": custom or {}}, overrides=overrides, **more)


timeseries = row_of([
    ts("Plain", "demo_share", target=by_instance, defaults={"unit": "percent"}),
    ts("Stacked", "demo_share", {"stacking": {"mode": "normal", "group": "A"}, "fillOpacity": 40}, target=by_instance),
    ts("Stacked to a whole", "demo_share", {"stacking": {"mode": "percent", "group": "A"}, "fillOpacity": 40}, target=by_instance),
    ts("Bars", "demo_share", {"drawStyle": "bars", "fillOpacity": 80}, target={**by_instance, "interval": "20m"}),
    ts("Points", "demo_share", {"drawStyle": "points", "pointSize": 6}, target={**by_instance, "interval": "20m"}),
    ts("Two axes", "demo_share", None, target=by_instance, defaults={"unit": "percent"}, overrides=[override("byName", "c:9100", custom__axisPlacement="right", unit="bytes")]),
    ts("Logarithmic", "demo_powers", {"scaleDistribution": {"type": "log", "log": 10}}, target={"legendFormat": "{{size}}"}),
    ts("Soft bounds", "demo_percent", {"axisSoftMin": 0, "axisSoftMax": 200}),
    ts("Hard bounds", "demo_percent", None, defaults={"min": 40, "max": 45}),
    ts("Gaps", "demo_gaps", None, target={"interval": "1m"}),
    ts("Gaps joined", "demo_gaps", {"spanNulls": True}, target={"interval": "1m"}),
    ts("Threshold lines", "demo_load", {"thresholdsStyle": {"mode": "line"}}, defaults={"thresholds": steps}, target=by_instance),
    ts("Threshold areas", "demo_load", {"thresholdsStyle": {"mode": "area"}}, defaults={"thresholds": steps}, target=by_instance),
    ts("Below nothing", "demo_share", None, target=by_instance, overrides=[override("byName", "a:9100", custom__transform="negative-Y")]),
    ts("Painted", "demo_share", None, target=by_instance, overrides=[override("byName", "a:9100", color={"mode": "fixed", "fixedColor": "#ff00ff"}, custom__lineWidth=4), override("byRegexp", "/b:.*/", displayName="bee", custom__lineStyle={"fill": "dash", "dash": [10, 10]}), override("byFrameRefID", "A", custom__fillOpacity=0)]),
    ts("Steps", "demo_state", {"lineInterpolation": "stepAfter"}, target={"legendFormat": "{{unit}}"}, defaults={"mappings": states}),
    ts("Values in the legend", "demo_share", None, table_legend, target=by_instance, defaults={"unit": "percent", "decimals": 1}),
    ts("Hidden from the legend", "demo_share", None, target=by_instance, overrides=[override("byName", "b:9100", custom__hideFrom={"legend": True, "tooltip": False, "viz": False}), override("byName", "c:9100", custom__hideFrom={"legend": False, "tooltip": True, "viz": True})]),
    ts("By value", "demo_load{instance=\"a:9100\"}", {"gradientMode": "scheme", "fillOpacity": 20}, defaults={"color": {"mode": "thresholds"}, "thresholds": steps}, target=by_instance),
    ts("Shades", "demo_share", None, target=by_instance, defaults={"color": {"mode": "shades", "fixedColor": "blue"}}),
    ts("Between", "demo_share", None, target=by_instance, overrides=[override("byName", "c:9100", custom__fillBelowTo="a:9100", custom__fillOpacity=30)]),
    ts("A label on the axis", "demo_bytes", {"axisLabel": "memory", "axisColorMode": "text", "axisCenteredZero": True}, defaults={"unit": "bytes"}),
    ts("Without axes", "demo_share", {"axisPlacement": "hidden"}, quiet, target=by_instance),
    ts("Two queries", "", None, targets=[target("demo_bytes", legendFormat="bytes"), {**target("demo_seconds", legendFormat="seconds"), "refId": "B"}], overrides=[override("byFrameRefID", "B", unit="s", custom__axisPlacement="right")], defaults={"unit": "bytes"}),
])

values = row_of([
    panel(0, "stat", "Plain stat", "demo_percent", options={**last, "colorMode": "value", "graphMode": "none"}, defaults={"unit": "percent", "thresholds": steps, "color": {"mode": "thresholds"}}),
    panel(0, "stat", "On a background", "demo_share", options={**last, "colorMode": "background", "graphMode": "none", "textMode": "value_and_name"}, defaults={"unit": "percent", "thresholds": steps, "color": {"mode": "thresholds"}}, target=by_instance),
    panel(0, "stat", "Mean, with a line", "demo_load{instance=\"a:9100\"}", options={"reduceOptions": {"calcs": ["mean"], "fields": "", "values": False}, "graphMode": "area"}, defaults={"unit": "percent", "decimals": 0}),
    panel(0, "stat", "Change", "demo_requests_total{code=\"200\",instance=\"a:9100\"}", options={**last, "graphMode": "none", "showPercentChange": True}, defaults={"unit": "short"}),
    panel(0, "stat", "Mapped stat", "demo_state{unit=\"pump\"} * 0 + 1", options={**last, "colorMode": "background", "graphMode": "none"}, defaults={"mappings": states}),
    panel(0, "stat", "Nothing mapped", "demo_percent > 100", options=last, defaults={"mappings": [{"type": "special", "options": {"match": "null", "result": {"text": "N/A", "color": "blue"}}}], "noValue": "none here"}),
    panel(0, "stat", "Name alone", "demo_percent", options={**last, "textMode": "name", "graphMode": "none"}, target={"legendFormat": "the name"}),
    panel(0, "stat", "All values", "", options={"reduceOptions": {"values": True, "calcs": [], "fields": "", "limit": 2}, "graphMode": "none"}, defaults={"unit": "percent"}, targets=[target("sort_desc(demo_share)", format="table", instant=True)]),
    panel(0, "gauge", "Gauge", "demo_percent", options={**last, "showThresholdMarkers": True, "showThresholdLabels": True}, defaults={"unit": "percent", "min": 0, "max": 100, "thresholds": steps}),
    panel(0, "gauge", "Three gauges", "demo_share", options=last, defaults={"unit": "percent", "min": 0, "max": 100, "thresholds": steps}, target=by_instance),
    panel(0, "gauge", "Of percents", "demo_bytes", options=last, defaults={"unit": "bytes", "min": 0, "max": 2048, "thresholds": {"mode": "percentage", "steps": [{"color": "blue", "value": None}, {"color": "purple", "value": 70}]}}),
    panel(0, "gauge", "Beyond its end", "demo_percent * 10", options=last, defaults={"unit": "percent", "min": 0, "max": 100}),
    panel(0, "bargauge", "Gradient bars", "demo_share", options={**last, "displayMode": "gradient", "orientation": "horizontal", "showUnfilled": True}, defaults={"unit": "percent", "min": 0, "max": 100, "thresholds": steps, "color": {"mode": "thresholds"}}, target=by_instance),
    panel(0, "bargauge", "LCD bars", "demo_share", options={**last, "displayMode": "lcd", "orientation": "horizontal", "showUnfilled": True}, defaults={"unit": "percent", "min": 0, "max": 100, "thresholds": steps}, target=by_instance),
    panel(0, "bargauge", "Basic bars, standing", "demo_share", options={**last, "displayMode": "basic", "orientation": "vertical"}, defaults={"unit": "percent", "min": 0, "max": 100, "thresholds": steps}, target=by_instance),
    panel(0, "bargauge", "Colours in turn", "demo_share", options={**last, "displayMode": "gradient", "orientation": "horizontal", "namePlacement": "left"}, defaults={"unit": "percent", "color": {"mode": "continuous-GrYlRd"}, "min": 0, "max": 60}, target=by_instance),
])

instant = {"format": "table", "instant": True, "range": False}
tidy = [{"id": "organize", "options": {"excludeByName": {"Time": True, "__name__": True, "job": True}, "indexByName": {"instance": 0, "Value": 1}, "renameByName": {"instance": "Machine", "Value": "Share"}}}]


def table(title, expr, overrides=None, options=None, defaults=None, **more):
    more.setdefault("transformations", tidy)
    return panel(0, "table", title, expr, options={"showHeader": True, "cellHeight": "sm", **(options or {})}, defaults=defaults, overrides=overrides, target=instant, **more)


tables = row_of([
    table("Units in cells", "demo_share", [override("byName", "Share", unit="percent", decimals=1)]),
    table("Coloured text", "demo_share", [override("byName", "Share", custom__cellOptions={"type": "color-text"}, thresholds=steps, color={"mode": "thresholds"})]),
    table("Coloured cells", "demo_share", [override("byName", "Share", custom__cellOptions={"type": "color-background", "mode": "basic"}, thresholds=steps, color={"mode": "thresholds"})]),
    table("Coloured rows", "demo_share", [override("byName", "Share", custom__cellOptions={"type": "color-background", "mode": "basic", "applyToRow": True}, thresholds=steps, color={"mode": "thresholds"})]),
    table("Gauges in cells", "demo_share", [override("byName", "Share", custom__cellOptions={"type": "gauge", "mode": "gradient"}, min=0, max=100, unit="percent", thresholds=steps)]),
    table("Mapped cells", "up{job=\"demo\"}", [override("byName", "Share", mappings=[{"type": "value", "options": {"0": {"text": "down", "color": "red"}, "1": {"text": "fine", "color": "green"}}}], custom__cellOptions={"type": "color-background", "mode": "basic"})]),
    table("Sorted", "demo_share", options={"sortBy": [{"displayName": "Share", "desc": True}]}),
    table("With a footer", "demo_share", options={"footer": {"show": True, "reducer": ["sum"], "fields": ["Share"]}}),
    table("A hidden column", "demo_share", [override("byName", "Machine", custom__hidden=True)]),
    table("Links in cells", "demo_share", [override("byName", "Machine", links=[{"title": "To ${__value.text}", "url": "/d/kinds?var-x=${__value.raw}"}])]),
    table("No header", "demo_share", options={"showHeader": False}),
    table("Reduced", "", transformations=[{"id": "reduce", "options": {"reducers": ["max", "mean"]}}], targets=[target("demo_share", legendFormat="{{instance}}")], defaults={"unit": "percent"}),
    table("Joined", "", transformations=[{"id": "joinByField", "options": {"byField": "instance", "mode": "outer"}}, {"id": "organize", "options": {"excludeByName": {"Time 1": True, "Time 2": True, "__name__ 1": True, "__name__ 2": True, "job 1": True, "job 2": True, "Time": True, "__name__": True, "job": True}}}], targets=[target("demo_share", **instant), {**target("up{job=\"demo\"}", **instant), "refId": "B"}]),
    table("Merged and calculated", "", transformations=[{"id": "merge", "options": {}}, {"id": "calculateField", "options": {"mode": "binary", "alias": "both", "binary": {"left": "Value #A", "operator": "+", "right": "Value #B"}}}, {"id": "filterFieldsByName", "options": {"include": {"names": ["instance", "both"]}}}], targets=[target("sum by (instance) (demo_share)", **instant), {**target("sum by (instance) (up{job=\"demo\"})", **instant), "refId": "B"}]),
    table("Filtered and grouped", "", transformations=[{"id": "groupBy", "options": {"fields": {"code": {"operation": "groupby", "aggregations": []}, "Value": {"operation": "aggregate", "aggregations": ["sum"]}}}}], targets=[target("demo_share * on (instance) group_right () (demo_requests_total * 0 + 1)", **instant)]),
    table("Labels to fields", "", transformations=[{"id": "labelsToFields", "options": {"mode": "columns"}}, {"id": "merge", "options": {}}, {"id": "limit", "options": {"limitField": 3}}], targets=[target("demo_share")]),
])

shapes = row_of([
    panel(0, "piechart", "Pie with names", "demo_share", options={**last, "pieType": "pie", "displayLabels": ["name", "percent"], "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "values": []}}, target=by_instance),
    panel(0, "piechart", "Donut with values", "demo_share", options={**last, "pieType": "donut", "legend": {"showLegend": True, "displayMode": "table", "placement": "right", "values": ["value", "percent"]}}, defaults={"unit": "percent"}, overrides=[override("byName", "a:9100", color={"mode": "fixed", "fixedColor": "#ff00ff"})], target=by_instance),
    panel(0, "heatmap", "Classic buckets", "sum by (le) (increase(demo_latency_seconds_bucket[$__rate_interval]))", options={"calculate": False, "yAxis": {"unit": "s"}, "color": {"scheme": "Oranges", "mode": "scheme"}}, target={"format": "heatmap", "legendFormat": "{{le}}"}),
    panel(0, "heatmap", "Native histogram", "rate(demo_native_seconds[5m])", options={"calculate": False, "yAxis": {"unit": "s"}, "color": {"scheme": "Blues", "mode": "scheme"}}),
    panel(0, "heatmap", "Counted values", "demo_load", options={"calculate": True, "calculation": {"xBuckets": {"mode": "size", "value": "30m"}, "yBuckets": {"mode": "size", "value": "20"}}}),
    panel(0, "barchart", "Bars by name", "sum by (instance) (demo_share)", options={**quiet, "showValue": "always", "orientation": "horizontal"}, defaults={"unit": "percent"}, target=instant),
    panel(0, "barchart", "Stacked bars", "", options={**legend, "stacking": "normal", "xField": "instance"}, targets=[target("sum by (instance, code) (demo_requests_total * 0 + 1)", **instant)], transformations=[{"id": "groupingToMatrix", "options": {"columnField": "code", "rowField": "instance", "valueField": "Value"}}]),
    panel(0, "histogram", "Histogram", "demo_load", options={**legend, "bucketSize": 10}, defaults={"unit": "percent"}, target=by_instance),
    panel(0, "histogram", "Combined histogram", "demo_load", options={**legend, "bucketSize": 20, "combine": True}),
    panel(0, "state-timeline", "States", "demo_state", options={**legend, "mergeValues": True, "showValue": "auto"}, defaults={"mappings": states}, target={"legendFormat": "{{unit}}"}),
    panel(0, "state-timeline", "States by threshold", "demo_load{instance=\"a:9100\"}", options={**legend, "mergeValues": True}, defaults={"color": {"mode": "thresholds"}, "thresholds": steps}, target={"legendFormat": "{{instance}}"}),
    panel(0, "status-history", "History", "demo_state", options={**legend, "showValue": "never"}, defaults={"mappings": states}, target={"legendFormat": "{{unit}}", "interval": "30m"}),
    panel(0, "text", "Markdown", "", options={"mode": "markdown", "content": "## Second\n\n- one\n- two\n\n`code` [a link](https://example.org) <img src=x onerror=\"document.title='owned'\">\n\n| a | b |\n|---|---|\n| 1 | 2 |"}),
    panel(0, "text", "HTML", "", options={"mode": "html", "content": "<h3>Third</h3><b style=\"color:red\">bold</b><script>document.title='owned'</script><iframe src=\"https://example.org\"></iframe><a href=\"javascript:alert(1)\">go</a>"}),
    panel(0, "text", "Code", "", options={"mode": "code", "content": "<b>not bold</b>"}),
    panel(0, "nodeGraph", "Not drawn", "demo_share"),
])

why = row_of([
    panel(0, "timeseries", "No such metric", "rate(demo_requests_totl[5m])"),
    panel(0, "timeseries", "No such label", "demo_load{instnce=\"a:9100\"}"),
    panel(0, "stat", "No such value", "demo_load{instance=\"d:9100\"}"),
    panel(0, "table", "No such job", "demo_other{job=\"dem\"}"),
    panel(0, "gauge", "Not both", "demo_requests_total{code=\"200\",instance=\"a:9100\"} > 1e18"),
    panel(0, "piechart", "Not together", "demo_state{unit=\"pump\",job=\"demo\"} and demo_state{unit=\"fan\",instance=\"x\"}"),
])

noted = dash("together", "What panels share", row_of([
    ts("Upper", "demo_load", None, {**table_legend, "tooltip": {"mode": "multi", "sort": "desc"}}, target=by_instance, defaults={"unit": "percent"}),
    ts("Lower", "demo_share", None, {**legend, "tooltip": {"mode": "single", "sort": "none"}}, target=by_instance, defaults={"unit": "percent", "links": [{"title": "See ${__series.name}", "url": "/d/kinds?from=${__from}"}]}),
], 1, 8), graphTooltip=2, annotations={"list": [
    {"name": "Idle", "datasource": DS, "enable": True, "iconColor": "purple", "expr": "demo_state{unit=\"pump\"} == 2", "titleFormat": "Idle {{unit}}", "step": "60s"},
    {"name": "Switched off", "datasource": DS, "enable": False, "iconColor": "blue", "expr": "demo_state == 1", "titleFormat": "Off"}]})

gallery = [
    dash("gallery-timeseries", "Time series", timeseries), dash("gallery-values", "Single values", values), dash("gallery-tables", "Tables", tables),
    dash("gallery-shapes", "Shapes", shapes), dash("gallery-why", "Nothing to see", why), noted,
]
