package awsapi

import (
	"bytes"
	"context"
	"encoding/json"
	stdmaps "maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/cloudwatch"
	"github.com/hearth-metrics/hearth/engine"
	"github.com/hearth-metrics/hearth/store"
)

const countedWorkspace = "ws-11111111-2222-3333-4444-555555555555"

// keptUsage is an engine that has the usage of alice's account in us-west-2, of the
// five minutes before noon.
type keptUsage struct{}

func (keptUsage) Head(_ context.Context, ws hearth.Workspace) (engine.Head, error) {
	if ws.Account != alice.account {
		return emptyHead{}, nil
	}
	return usageHead{}, nil
}

type usageHead struct{ engine.Head }

func (usageHead) Release() {}

func (usageHead) Querier(mint, maxt int64) (storage.Querier, error) {
	return usageQuerier{Querier: storage.NoopQuerier(), mint: mint, maxt: maxt}, nil
}

type usageQuerier struct {
	storage.Querier
	mint, maxt int64
}

func (q usageQuerier) Select(_ context.Context, _ bool, _ *storage.SelectHints, ms ...*labels.Matcher) storage.SeriesSet {
	var found []storage.Series
	for resource, first := range map[string]float64{"ActiveSeries": 100, "WorkspaceCount": 1} {
		d := []string{model.MetricNameLabel, "vended", "namespace", "AWS/Usage", "metric", "ResourceCount", "region", "us-west-2",
			"d_Service", "Prometheus", "d_Type", "Resource", "d_Class", "None", "d_Resource", resource}
		if resource == "ActiveSeries" {
			d = append(d, "d_ResourceId", countedWorkspace)
		}
		ls := labels.FromStrings(d...)
		if slices.ContainsFunc(ms, func(m *labels.Matcher) bool { return !m.Matches(ls.Get(m.Name)) }) {
			continue
		}
		var times []int64
		var values []float64
		for i := range 5 {
			if at := noon.Add(time.Duration(i-5) * time.Minute).UnixMilli(); at >= q.mint && at <= q.maxt {
				times, values = append(times, at), append(values, first+float64(i)*10.5)
			}
		}
		if len(times) > 0 {
			found = append(found, storage.MockSeries(nil, times, values, d))
		}
	}
	return &seriesList{SeriesSet: storage.EmptySeriesSet(), left: found}
}

type seriesList struct {
	storage.SeriesSet
	left []storage.Series
	at   storage.Series
}

func (l *seriesList) Next() bool {
	if len(l.left) == 0 {
		return false
	}
	l.at, l.left = l.left[0], l.left[1:]
	return true
}

func (l *seriesList) At() storage.Series { return l.at }

func openMonitoring(t testing.TB) *door {
	t.Helper()
	st, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "cloudwatch"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return openDoor(t, func(o *Options) {
		o.CloudWatch = cloudwatch.New(cloudwatch.Options{Store: st, Workspaces: o.Workspaces, Samples: keptUsage{}, Now: o.Now})
	})
}

// askMonitoring spells a request in one of CloudWatch's three protocols.
func askMonitoring(t testing.TB, by *person, protocol, operation string, in msi) ask {
	t.Helper()
	a := ask{by: by, method: "POST", url: "/", service: "monitoring"}
	switch protocol {
	case "CBOR":
		mode, err := cbor.CanonicalEncOptions().EncMode()
		if err != nil {
			t.Fatal(err)
		}
		body, err := mode.Marshal(timesBy(in, func(at time.Time) any { return cbor.Tag{Number: 1, Content: at.Unix()} }))
		if err != nil {
			t.Fatal(err)
		}
		a.url, a.body, a.header = monitoringPath+operation, string(body), map[string]string{"Content-Type": "application/cbor", "Smithy-Protocol": "rpc-v2-cbor"}
	case "JSON":
		body, err := json.Marshal(timesBy(in, func(at time.Time) any { return at.Unix() }))
		if err != nil {
			t.Fatal(err)
		}
		a.body = string(body)
		a.header = map[string]string{"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": monitoringTarget + operation}
	case "query":
		members := url.Values{"Action": {operation}, "Version": {"2010-08-01"}}
		inForm(members, "", in)
		a.body, a.header = members.Encode(), map[string]string{"Content-Type": form}
	}
	return a
}

func timesBy(v any, at func(time.Time) any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			out[k] = timesBy(x, at)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = timesBy(x, at)
		}
		return out
	case time.Time:
		return at(v)
	}
	return v
}

func inForm(into url.Values, at string, v any) {
	under := func(name string) string { return strings.TrimPrefix(at+"."+name, ".") }
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(stdmaps.Keys(v)) {
			inForm(into, under(k), v[k])
		}
	case []any:
		for i, x := range v {
			inForm(into, under("member."+strconv.Itoa(i+1)), x)
		}
	case time.Time:
		into.Set(at, v.Format(time.RFC3339))
	case int:
		into.Set(at, strconv.Itoa(v))
	case bool:
		into.Set(at, strconv.FormatBool(v))
	case string:
		into.Set(at, v)
	}
}

type msi = map[string]any

func named(name, value string) any { return msi{"Name": name, "Value": value} }

var (
	workspaceCount = []any{named("Service", "Prometheus"), named("Type", "Resource"), named("Class", "None"), named("Resource", "WorkspaceCount")}
	activeSeries   = []any{named("Service", "Prometheus"), named("Type", "Resource"), named("Class", "None"), named("Resource", "ActiveSeries"), named("ResourceId", countedWorkspace)}
)

func dataQuery(id string, dimensions []any, stat string) msi {
	return msi{"Id": id, "MetricStat": msi{"Metric": msi{"Namespace": "AWS/Usage", "MetricName": "ResourceCount", "Dimensions": dimensions}, "Period": 120, "Stat": stat}}
}

var monitoringCases = []struct {
	name, operation string
	by              *person
	in              msi
}{
	{"list", "ListMetrics", &alice, msi{}},
	{"list by dimension", "ListMetrics", &alice, msi{"Namespace": "AWS/Usage", "MetricName": "ResourceCount", "Dimensions": []any{msi{"Name": "ResourceId"}}, "RecentlyActive": "PT3H"}},
	{"list what another account has not", "ListMetrics", &bob, msi{}},
	{"list with a strange token", "ListMetrics", &alice, msi{"NextToken": "x"}},
	{"statistics", "GetMetricStatistics", &alice, msi{"Namespace": "AWS/Usage", "MetricName": "ResourceCount", "Dimensions": activeSeries,
		"StartTime": noon.Add(-time.Hour), "EndTime": noon, "Period": 60, "Statistics": []any{"Average", "Maximum"}}},
	{"statistics of percentiles", "GetMetricStatistics", &alice, msi{"Namespace": "AWS/Usage", "MetricName": "ResourceCount", "Dimensions": activeSeries,
		"StartTime": noon.Add(-time.Hour), "EndTime": noon, "Period": 3600, "ExtendedStatistics": []any{"p50"}}},
	{"statistics without a period", "GetMetricStatistics", &alice, msi{"Namespace": "AWS/Usage", "MetricName": "ResourceCount", "StartTime": noon.Add(-time.Hour), "EndTime": noon}},
	{"statistics of another kind", "GetMetricStatistics", &alice, msi{"Namespace": "AWS/Usage", "MetricName": "ResourceCount", "Dimensions": workspaceCount,
		"StartTime": noon.Add(-time.Hour), "EndTime": noon, "Period": 60, "Statistics": []any{"Median"}}},
	{"data", "GetMetricData", &alice, msi{"MetricDataQueries": []any{dataQuery("a", activeSeries, "Sum"), dataQuery("b", workspaceCount, "Maximum"), dataQuery("none", activeSeries[:4], "Average")},
		"StartTime": noon.Add(-time.Hour), "EndTime": noon}},
	{"data, oldest first", "GetMetricData", &alice, msi{"MetricDataQueries": []any{dataQuery("a", activeSeries, "Average")}, "ScanBy": "TimestampAscending", "StartTime": noon.Add(-3 * time.Minute), "EndTime": noon}},
	{"data, the first page", "GetMetricData", &alice, msi{"MetricDataQueries": []any{dataQuery("a", activeSeries, "Sum"), dataQuery("b", workspaceCount, "Sum")}, "MaxDatapoints": 1, "StartTime": noon.Add(-time.Hour), "EndTime": noon}},
	{"data, the second page", "GetMetricData", &alice, msi{"MetricDataQueries": []any{dataQuery("a", activeSeries, "Sum"), dataQuery("b", workspaceCount, "Sum")}, "MaxDatapoints": 1, "NextToken": toToken(1), "StartTime": noon.Add(-time.Hour), "EndTime": noon}},
	{"data of another account", "GetMetricData", &bob, msi{"MetricDataQueries": []any{dataQuery("a", activeSeries, "Average")}, "StartTime": noon.Add(-time.Hour), "EndTime": noon}},
	{"an expression", "GetMetricData", &alice, msi{"MetricDataQueries": []any{dataQuery("a", activeSeries, "Sum"), msi{"Id": "twice", "Expression": "a * 2"}}, "StartTime": noon.Add(-time.Hour), "EndTime": noon}},
	{"an expression that is not wanted", "GetMetricData", &alice, msi{"MetricDataQueries": []any{msi{"Id": "twice", "Expression": "SEARCH('x')", "ReturnData": false}}, "StartTime": noon.Add(-time.Hour), "EndTime": noon}},
	{"two of one id", "GetMetricData", &alice, msi{"MetricDataQueries": []any{dataQuery("a", activeSeries, "Sum"), dataQuery("a", workspaceCount, "Sum")}, "StartTime": noon.Add(-time.Hour), "EndTime": noon}},
	{"no queries", "GetMetricData", &alice, msi{"StartTime": noon.Add(-time.Hour), "EndTime": noon}},
	{"a time that ends before it starts", "GetMetricData", &alice, msi{"MetricDataQueries": []any{dataQuery("a", activeSeries, "Sum")}, "StartTime": noon, "EndTime": noon}},
	{"put", "PutMetricData", &alice, msi{"Namespace": "x"}},
	{"what there is not", "GetTea", &alice, msi{}},
}

// What is asked in one protocol is answered in it, and alike in all. CBOR is shown
// in the diagnostic notation of RFC 8949.
func TestGoldenMonitoring(t *testing.T) {
	d := openMonitoring(t)
	var b strings.Builder
	for _, c := range monitoringCases {
		for _, protocol := range []string{"CBOR", "JSON", "query"} {
			a := askMonitoring(t, c.by, protocol, c.operation, c.in)
			b.WriteString("# " + c.name + ", " + protocol + "\n")
			if protocol == "CBOR" {
				b.WriteString(d.diagnosed(a))
			} else {
				b.WriteString(d.transcript(a))
			}
		}
	}
	golden(t, "monitoring", b.String())
}

// diagnosed is a transcript of CBOR, the members of the answer in order of name.
func (d *door) diagnosed(a ask) string {
	d.t.Helper()
	say := func(body []byte) string {
		var v any
		if err := cbor.Unmarshal(body, &v); err != nil {
			d.t.Fatalf("%s: %v in %x", a.url, err, body)
		}
		mode, err := cbor.EncOptions{Sort: cbor.SortCanonical, Time: cbor.TimeUnix, TimeTag: cbor.EncTagRequired}.EncMode()
		if err != nil {
			d.t.Fatal(err)
		}
		if body, err = mode.Marshal(v); err != nil {
			d.t.Fatal(err)
		}
		text, err := cbor.Diagnose(body)
		if err != nil {
			d.t.Fatal(err)
		}
		return text + "\n"
	}
	res := d.do(a)
	var body bytes.Buffer
	if _, err := body.ReadFrom(res.Body); err != nil {
		d.t.Fatal(err)
	}
	return steady("POST "+a.url+"\n"+say([]byte(a.body))+"----\n"+res.Status+"\nContent-Type: "+res.Header.Get("Content-Type")+"\n\n"+say(body.Bytes())) + "\n"
}

// FuzzMonitoring sends arbitrary bodies in each of CloudWatch's protocols, signed
// by a caller with every right. None may be answered as an internal failure.
func FuzzMonitoring(f *testing.F) {
	protocols := []string{"CBOR", "JSON", "query"}
	operations := []string{"ListMetrics", "GetMetricStatistics", "GetMetricData"}
	for _, c := range monitoringCases {
		o := slices.Index(operations, c.operation)
		for p := range protocols {
			if o >= 0 && c.by == &alice {
				f.Add(uint8(p), uint8(o), []byte(askMonitoring(f, nil, protocols[p], c.operation, c.in).body))
			}
		}
	}
	f.Add(uint8(0), uint8(2), []byte("\xa1\x61a\xa1\x01\x02"))
	f.Add(uint8(2), uint8(2), []byte("Action=GetMetricData&MetricDataQueries=1&MetricDataQueries.member.1.Id=a"))
	d := openMonitoring(f)
	f.Fuzz(func(t *testing.T, p, o uint8, body []byte) {
		a := askMonitoring(t, &alice, protocols[int(p)%3], operations[int(o)%3], nil)
		a.body = string(body)
		w := httptest.NewRecorder()
		d.ServeHTTP(w, a.request(t))
		if w.Code >= http.StatusInternalServerError {
			t.Errorf("%s %s %q: %d %s", protocols[int(p)%3], operations[int(o)%3], body, w.Code, w.Body)
		}
		if w.Header().Get("Content-Type") == "application/cbor" {
			if err := cbor.Wellformed(w.Body.Bytes()); err != nil {
				t.Errorf("%q: %v in %x", body, err, w.Body)
			}
		}
		d.events = nil
	})
}
