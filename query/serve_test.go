package query

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

func upOf(job string) []labels.Labels {
	return []labels.Labels{labels.FromStrings("__name__", "up", "job", job)}
}

func TestQueryArrivesInEveryForm(t *testing.T) {
	b := newBed(t, Options{})
	b.load(workspaceA, 7, upOf("a"), noon)
	u := "/api/v1/query?query=up&time=" + noon.Format(time.RFC3339)
	form := "application/x-www-form-urlencoded"
	for name, r := range map[string]*http.Request{
		"GET":                                 httptest.NewRequest("GET", u, nil),
		"POST form":                           withType(httptest.NewRequest("POST", "/api/v1/query", strings.NewReader(query("up").Encode())), form),
		"POST with the query in the URL":      httptest.NewRequest("POST", u, nil),
		"POST in the URL, called a form":      withType(httptest.NewRequest("POST", u, nil), form),
		"POST in the URL, called JSON":        withType(httptest.NewRequest("POST", u, nil), "application/json"),
		"POST half in the URL":                withType(httptest.NewRequest("POST", "/api/v1/query?query=up", strings.NewReader("time="+noon.Format(time.RFC3339))), form),
		"POST form with a character encoding": withType(httptest.NewRequest("POST", "/api/v1/query", strings.NewReader(query("up").Encode())), form+"; charset=UTF-8"),
		"POST chunked":                        withType(chunked("POST", "/api/v1/query", query("up").Encode()), form),
	} {
		t.Run(name, func(t *testing.T) {
			got := b.do(workspaceA, r)
			want := `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"up","job":"a"},"value":[1772366400,"7"]}]}}`
			if got.status != 200 || got.body != want || got.header.Get("Content-Type") != "application/json" {
				t.Errorf("got %d %s %s, want %s", got.status, got.header.Get("Content-Type"), got.body, want)
			}
		})
	}
}

func withType(r *http.Request, typ string) *http.Request {
	r.Header.Set("Content-Type", typ)
	return r
}

func chunked(method, path, body string) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.ContentLength, r.TransferEncoding = -1, []string{"chunked"}
	return r
}

func TestRefusals(t *testing.T) {
	b := newBed(t, Options{})
	long := workspaceA
	long.Limits.RequestBytes = 1000
	form := "application/x-www-form-urlencoded"
	for name, c := range map[string]struct {
		ws     hearth.Workspace
		r      *http.Request
		status int
		typ    string
		says   string
	}{
		"no such path":          {workspaceA, httptest.NewRequest("GET", "/api/v1/nothing", nil), 404, "not_found", `no query API path "/api/v1/nothing"`},
		"remote read":           {workspaceA, httptest.NewRequest("POST", "/api/v1/read", nil), 404, "not_found", "no query API path"},
		"targets":               {workspaceA, httptest.NewRequest("GET", "/api/v1/targets", nil), 404, "not_found", "no query API path"},
		"deleting series":       {workspaceA, httptest.NewRequest("POST", "/api/v1/admin/tsdb/delete_series", nil), 404, "not_found", "no query API path"},
		"configuration":         {workspaceA, httptest.NewRequest("GET", "/api/v1/status/config", nil), 404, "not_found", "no query API path"},
		"the variable alone":    {workspaceA, httptest.NewRequest("GET", "/api/v1/label/", nil), 404, "not_found", "no query API path"},
		"no label":              {workspaceA, httptest.NewRequest("GET", "/api/v1/label//values", nil), 404, "not_found", "no query API path"},
		"two labels":            {workspaceA, httptest.NewRequest("GET", "/api/v1/label/a/b/values", nil), 404, "not_found", "no query API path"},
		"DELETE":                {workspaceA, httptest.NewRequest("DELETE", "/api/v1/query", nil), 405, "bad_data", "DELETE is not allowed here; use GET, POST"},
		"POST of values":        {workspaceA, httptest.NewRequest("POST", "/api/v1/label/job/values", nil), 405, "bad_data", "use GET"},
		"JSON body":             {workspaceA, withType(httptest.NewRequest("POST", "/api/v1/query", strings.NewReader(`{"query":"up"}`)), "application/json"), 415, "bad_data", "application/x-www-form-urlencoded"},
		"multipart body":        {workspaceA, withType(httptest.NewRequest("POST", "/api/v1/query", strings.NewReader("--x\r\n")), "multipart/form-data; boundary=x"), 415, "bad_data", "application/x-www-form-urlencoded"},
		"long body":             {long, withType(httptest.NewRequest("POST", "/api/v1/query", strings.NewReader("query="+strings.Repeat("a", 2000))), form), 413, "bad_data", "limit: 1000 bytes"},
		"long URL":              {long, httptest.NewRequest("GET", "/api/v1/query?query="+strings.Repeat("a", 2000), nil), 413, "bad_data", "limit: 1000 bytes"},
		"broken form":           {workspaceA, withType(httptest.NewRequest("POST", "/api/v1/query", strings.NewReader("query=%zz")), form), 400, "bad_data", "error parsing form values"},
		"not PromQL":            {workspaceA, httptest.NewRequest("GET", "/api/v1/query?query=sum(", nil), 400, "bad_data", `invalid parameter "query": 1:5: parse error`},
		"no query":              {workspaceA, httptest.NewRequest("GET", "/api/v1/query", nil), 400, "bad_data", "no expression found in input"},
		"a threshold of zero":   {workspaceA, httptest.NewRequest("GET", "/api/v1/query?query=up&max_samples_processed_error_threshold=0", nil), 400, "bad_data", "must be a positive whole number"},
		"series without match":  {workspaceA, httptest.NewRequest("GET", "/api/v1/series", nil), 400, "bad_data", "no match[] parameter provided"},
		"a match of everything": {workspaceA, httptest.NewRequest("GET", "/api/v1/series?match[]={}", nil), 400, "bad_data", "must contain at least one non-empty matcher"},
		"tsdb limit":            {workspaceA, httptest.NewRequest("GET", "/api/v1/status/tsdb?limit=0", nil), 400, "bad_data", "limit must be a positive number"},
		"tsdb limit too high":   {workspaceA, httptest.NewRequest("GET", "/api/v1/status/tsdb?limit=10001", nil), 400, "bad_data", "limit must not exceed 10000"},
		"metadata limit":        {workspaceA, httptest.NewRequest("GET", "/api/v1/metadata?limit=x", nil), 400, "bad_data", "limit must be a number"},
		"experimental function": {workspaceA, httptest.NewRequest("GET", "/api/v1/query?query=info(up)", nil), 400, "bad_data", "not enabled"},
	} {
		t.Run(name, func(t *testing.T) {
			got := b.do(c.ws, c.r)
			if got.status != c.status || got.Status != "error" || got.ErrorType != c.typ || !strings.Contains(got.Error, c.says) {
				t.Errorf("got %d %s, want %d %s with %q", got.status, got.body, c.status, c.typ, c.says)
			}
		})
	}
}

// TestNoWorkspaceReadsNothing asks every path without a workspace.
func TestNoWorkspaceReadsNothing(t *testing.T) {
	b := newBed(t, Options{})
	b.engine.err = errors.New("the engine was asked")
	for path := range b.room.routes {
		path = strings.Replace(path, labelValues, labelValues+"job/values", 1)
		w := httptest.NewRecorder()
		b.room.ServeHTTP(w, httptest.NewRequest("GET", path+"?query=up&match[]=up", nil))
		got := decodeReply(t, w)
		if got.status != 500 || got.Error != internalMsg {
			t.Errorf("%s: got %d %s, want 500 and the fixed sentence", path, got.status, got.body)
		}
	}
	if e := b.ledger.take(); len(e) != 0 {
		t.Errorf("got events %v, want none", e)
	}
}

func TestEngineTroubleIsNotTold(t *testing.T) {
	b := newBed(t, Options{})
	for name, c := range map[string]struct {
		err    error
		status int
		typ    string
		says   string
	}{
		"a failure":   {errors.New("open /var/secret/wal: permission denied"), 500, "internal", internalMsg},
		"deleted":     {&hearth.Error{Kind: hearth.NotFound, Msg: "no workspace has this ID"}, 404, "not_found", "no workspace has this ID"},
		"starting":    {&hearth.Error{Kind: hearth.Unavailable, Msg: "the workspace is being opened", RetryAfter: time.Second}, 503, "unavailable", "being opened"},
		"interrupted": {context.DeadlineExceeded, 422, "execution", "query timed out - consider simplifying your query"},
	} {
		b.engine.err = c.err
		for _, path := range []string{"/api/v1/query", "/api/v1/query_range", "/api/v1/labels", "/api/v1/label/job/values", "/api/v1/series", "/api/v1/metadata", "/api/v1/query_exemplars", "/api/v1/status/tsdb"} {
			form := over("up", time.Minute, time.Second)
			form.Set("match[]", "up")
			got := b.get(workspaceA, path, form)
			if got.status != c.status || got.ErrorType != c.typ || !strings.Contains(got.Error, c.says) {
				t.Errorf("%s, %s: got %d %s, want %d with %q", name, path, got.status, got.body, c.status, c.says)
			}
		}
	}
}

// TestWorkspacesAreApart asks every path in a workspace beside which another
// holds the same metrics.
func TestWorkspacesAreApart(t *testing.T) {
	b := newBed(t, Options{})
	for _, ws := range []hearth.Workspace{workspaceA, workspaceB} {
		name := "of-" + string(ws.ID[len(ws.ID)-1:])
		b.load(ws, 7, []labels.Labels{labels.FromStrings("__name__", "up", "job", name), labels.FromStrings("__name__", name, name, name)}, noon)
		b.describe(ws, name)
	}
	for path := range b.room.routes {
		path = strings.Replace(path, labelValues, labelValues+"job/values", 1)
		for _, text := range []string{"up", `{__name__=~".+"}`} {
			form := over(text, time.Minute, time.Second)
			form.Set("match[]", text)
			form.Set("time", noon.Format(time.RFC3339))
			got := b.get(workspaceA, path, form)
			if got.status != 200 || strings.Contains(got.body, "of-b") {
				t.Errorf("%s: got %d %s", path, got.status, got.body)
			}
			pure := b.room.routes[path].pure || strings.HasSuffix(path, "e_query") || strings.HasSuffix(path, "t_query")
			if !pure && !strings.Contains(got.body, "of-a") && !strings.Contains(got.body, `"up"`) && path != "/api/v1/labels" {
				t.Errorf("%s: got %s, want its own", path, got.body)
			}
		}
	}
}

// describe gives the workspace's metric up an exemplar and metadata called name.
func (b *bed) describe(ws hearth.Workspace, name string) {
	b.t.Helper()
	h, err := b.engine.Head(context.Background(), ws)
	if err != nil {
		b.t.Fatal(err)
	}
	defer h.Release()
	app := h.AppenderV2(context.Background())
	ls := labels.FromStrings("__name__", "up", "job", name)
	ex := exemplar.Exemplar{Labels: labels.FromStrings("trace_id", name), Value: 1, Ts: noon.UnixMilli(), HasTs: true}
	if _, err := app.Append(0, ls, 0, noon.UnixMilli(), 7, nil, nil, storage.AppendV2Options{Exemplars: []exemplar.Exemplar{ex}}); err != nil {
		b.t.Fatal(err)
	}
	if err := app.Commit(); err != nil {
		b.t.Fatal(err)
	}
	if _, err := h.StoreMetadata(context.Background(), []engine.Metadata{
		{Metric: "up", Metadata: metadata.Metadata{Type: "gauge", Help: name}},
		{Metric: "up", Metadata: metadata.Metadata{Type: "gauge", Help: name + " again"}},
		{Metric: "down", Metadata: metadata.Metadata{Type: "gauge", Help: name}},
	}); err != nil {
		b.t.Fatal(err)
	}
}

func TestAnswers(t *testing.T) {
	b := newBed(t, Options{Build: Build{Version: "1.2.3", GoVersion: "go1"}})
	b.load(workspaceA, 7, append(upOf("a"), labels.FromStrings("__name__", "up", "job", "z")), noon)
	b.describe(workspaceA, "a")
	at := func(form url.Values, more ...string) url.Values {
		for i := 0; i+1 < len(more); i += 2 {
			form.Add(more[i], more[i+1])
		}
		return form
	}
	for name, c := range map[string]struct {
		path, want string
		form       url.Values
	}{
		"build":                  {path: "/api/v1/status/buildinfo", want: `{"version":"1.2.3","revision":"","branch":"","buildUser":"","buildDate":"","goVersion":"go1"}`},
		"range":                  {path: "/api/v1/query_range", form: over(`sum(up)`, 2*time.Second, time.Second), want: `{"resultType":"matrix","result":[{"metric":{},"values":[[1772366400,"14"]]}]}`},
		"names":                  {path: "/api/v1/labels", want: `["__name__","job"]`},
		"names of a match":       {path: "/api/v1/labels", form: url.Values{"match[]": {"none"}}, want: `[]`},
		"values":                 {path: "/api/v1/label/job/values", want: `["a","z"]`},
		"values, at most one":    {path: "/api/v1/label/job/values", form: url.Values{"limit": {"1"}}, want: `["a"]`},
		"values of a UTF-8 name": {path: "/api/v1/label/U__a_2e_b/values", want: `[]`},
		"series":                 {path: "/api/v1/series", form: url.Values{"match[]": {`up{job="z"}`}}, want: `[{"__name__":"up","job":"z"}]`},
		"exemplars":              {path: "/api/v1/query_exemplars", form: query("up"), want: `[{"seriesLabels":{"__name__":"up","job":"a"},"exemplars":[{"labels":{"trace_id":"a"},"value":"1","timestamp":1772366400}]}]`},
		"formatted":              {path: "/api/v1/format_query", form: query("sum( up)"), want: `"sum(up)"`},
		"parsed":                 {path: "/api/v1/parse_query", form: query("1"), want: `{"type":"numberLiteral","val":"1"}`},
		"metadata":               {path: "/api/v1/metadata", form: url.Values{"metric": {"up"}}, want: `{"up":[{"type":"gauge","unit":"","help":"a"},{"type":"gauge","unit":"","help":"a again"}]}`},
		"metadata, one each":     {path: "/api/v1/metadata", form: url.Values{"limit_per_metric": {"1"}, "metric": {"up"}}, want: `{"up":[{"type":"gauge","unit":"","help":"a"}]}`},
		"metadata, one metric":   {path: "/api/v1/metadata", form: url.Values{"limit": {"1"}, "limit_per_metric": {"1"}}, want: `{"up":[{"type":"gauge","unit":"","help":"a"}]}`},
		"metadata, no metric":    {path: "/api/v1/metadata", form: url.Values{"limit": {"0"}}, want: `{}`},
		"tsdb": {path: "/api/v1/status/tsdb", want: `{"headStats":{"numSeries":2,"numLabelPairs":3,"chunkCount":0,"minTime":1772366400000,"maxTime":1772366400000},` +
			`"seriesCountByMetricName":[{"name":"up","value":2}],"labelValueCountByLabelName":[],"memoryInBytesByLabelName":[],"seriesCountByLabelValuePair":[]}`},
		"a long lookback": {path: "/api/v1/query", form: at(url.Values{"query": {"sum(up)"}, "time": {noon.Add(20 * time.Minute).Format(time.RFC3339)}}, "lookback_delta", "30m"), want: `{"resultType":"vector","result":[{"metric":{},"value":[1772367600,"14"]}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			got := b.get(workspaceA, c.path, c.form)
			if got.status != 200 || got.Status != "success" {
				t.Fatalf("got %d %s", got.status, got.body)
			}
			if c.want != "" {
				if diff := cmp.Diff(c.want, string(got.Data)); diff != "" {
					t.Errorf("answer (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestLimitWarns(t *testing.T) {
	b := newBed(t, Options{})
	b.load(workspaceA, 7, append(upOf("a"), upOf("z")...), noon)
	got := b.get(workspaceA, "/api/v1/query", query("up", "limit", "1"))
	if diff := cmp.Diff([]string{"results truncated due to limit"}, got.Warnings); diff != "" {
		t.Error(diff)
	}
	got = b.get(workspaceA, "/api/v1/query", query("up", "max_samples_processed_warning_threshold", "1"))
	if want := "the query processed 2 samples, more than max_samples_processed_warning_threshold: 1"; len(got.Warnings) != 1 || got.Warnings[0] != want {
		t.Errorf("got warnings %q, want %q", got.Warnings, want)
	}
	got = b.get(workspaceA, "/api/v1/query", query("up", "max_samples_processed_warning_threshold", "2", "max_samples_processed_error_threshold", "2"))
	if got.status != 200 || len(got.Warnings) != 0 {
		t.Errorf("got %d %q, want no warning at the threshold", got.status, got.Warnings)
	}
}

func TestStatistics(t *testing.T) {
	b := newBed(t, Options{})
	b.load(workspaceA, 7, upOf("a"), noon)
	form := over("up", 2*time.Second, time.Second)
	form.Set("stats", "all")
	got := b.get(workspaceA, "/api/v1/query_range", form)
	var data struct {
		Stats struct {
			Timings map[string]float64
			Samples struct {
				TotalQueryableSamplesPerStep [][2]float64
				TotalQueryableSamples        int
			}
		}
	}
	if err := json.Unmarshal(got.Data, &data); err != nil {
		t.Fatal(err)
	}
	want := [][2]float64{{1772366398, 0}, {1772366399, 0}, {1772366400, 1}}
	if diff := cmp.Diff(want, data.Stats.Samples.TotalQueryableSamplesPerStep); diff != "" || data.Stats.Samples.TotalQueryableSamples != 1 || len(data.Stats.Timings) == 0 {
		t.Errorf("got %s", got.Data)
	}
	if got := b.get(workspaceA, "/api/v1/query", query("up")); strings.Contains(got.body, "stats") {
		t.Errorf("got statistics nobody asked for: %s", got.body)
	}
}

func TestCompression(t *testing.T) {
	b := newBed(t, Options{})
	b.load(workspaceA, 1, podSeries(500), noon)
	for accept, want := range map[string]string{"gzip": "gzip", "deflate, gzip;q=0.5": "gzip", "GZIP": "gzip", "": "", "gzip;q=0": "", "gzip; q=0.0": "", "br": ""} {
		for path, large := range map[string]bool{"/api/v1/query?query=pod_info&time=1772366400": true, "/api/v1/label/pod/values": true, "/api/v1/query?query=1": false, "/api/v1/nothing": false} {
			r := httptest.NewRequest("GET", path, nil)
			r.Header.Set("Accept-Encoding", accept)
			got := b.do(workspaceA, r)
			encoding := got.header.Get("Content-Encoding")
			if large && encoding != want || !large && encoding != "" {
				t.Errorf("Accept-Encoding %q, %s: got %q, want %q", accept, path, encoding, want)
			}
			if got.Status == "" || !strings.Contains(strings.Join(got.header.Values("Vary"), ","), "Accept-Encoding") {
				t.Errorf("Accept-Encoding %q, %s: got %s, Vary %q", accept, path, got.body, got.header.Values("Vary"))
			}
		}
	}
}

func TestStrictProfileOffersWhatAMPOffers(t *testing.T) {
	b := newBed(t, Options{Profile: hearth.AWSStrict})
	for path, want := range map[string]int{
		"/api/v1/query?query=1": 200, "/api/v1/labels": 200, "/api/v1/label/job/values": 200, "/api/v1/series?match[]=up": 200, "/api/v1/metadata": 200,
		"/api/v1/query_exemplars?query=up": 404, "/api/v1/format_query?query=1": 404, "/api/v1/parse_query?query=1": 404, "/api/v1/status/buildinfo": 404, "/api/v1/status/tsdb": 404,
	} {
		if got := b.do(workspaceA, httptest.NewRequest("GET", path, nil)); got.status != want {
			t.Errorf("%s: got %d %s, want %d", path, got.status, got.body, want)
		}
	}
}

// TestLabelsWithoutStart sees what the longest range allows, not everything.
func TestLabelsWithoutStart(t *testing.T) {
	b := newBed(t, Options{})
	b.load(workspaceA, 1, upOf("a"), noon)
	ws := workspaceA
	ws.Limits.QueryRange = time.Hour
	for _, path := range []string{"/api/v1/labels", "/api/v1/label/job/values", "/api/v1/series"} {
		if got := b.get(ws, path, url.Values{"match[]": {"up"}}); got.status != 200 || string(got.Data) == "[]" {
			t.Errorf("%s: got %d %s", path, got.status, got.body)
		}
	}
}

type usage struct{ asked []Asked }

func (u *usage) Queried(_ context.Context, _ hearth.Workspace, a Asked) { u.asked = append(u.asked, a) }

func TestUsageHearsOfQueries(t *testing.T) {
	u := &usage{}
	b := newBed(t, Options{Usage: u})
	b.get(workspaceA, "/api/v1/query", query("sum(up)"))
	b.get(workspaceA, "/api/v1/query_range", over("sum(up)", time.Minute, time.Second))
	b.get(workspaceA, "/api/v1/query", query("sum("))
	b.get(workspaceA, "/api/v1/query", query(nest("(", "up", ")", 300)))
	if len(u.asked) != 2 || u.asked[0].Expr.String() != "sum(up)" || u.asked[1].Step != time.Second || u.asked[1].End != noon {
		t.Errorf("got %+v, want the two good queries", u.asked)
	}
}

func TestInProcessQuery(t *testing.T) {
	b := newBed(t, Options{})
	b.load(workspaceA, 7, upOf("a"), noon)
	ctx := context.Background()
	got, _, err := b.room.Query(ctx, workspaceA, "up * 2", noon)
	if err != nil {
		t.Fatal(err)
	}
	want := promql.Vector{{T: noon.UnixMilli(), F: 14, Metric: labels.FromStrings("job", "a")}}
	if v, ok := got.(promql.Vector); !ok || v.String() != want.String() {
		t.Errorf("got %v, want %v", got, want)
	}
	for text, want := range map[string]hearth.Kind{
		"sum(":                               hearth.Invalid,
		"up + on(job) group_left up[5m]":     hearth.Invalid,
		nest("(", "1", ")", 300):             hearth.Quota,
		"count_over_time(vector(1)[1y:1ms])": hearth.Quota,
	} {
		if _, _, err := b.room.Query(ctx, workspaceA, text, noon); hearth.KindOf(err) != want {
			t.Errorf("%.30s: got %v of kind %d, want kind %d", text, err, hearth.KindOf(err), want)
		}
	}
	if n := len(b.ledger.take()); n != 2 {
		t.Errorf("got %d events, want the two refusals", n)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, _, err := b.room.Query(ended, workspaceA, "up", noon); err == nil {
		t.Error("a query whose context has ended got an answer")
	}
}
