package ingest

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"

	"github.com/hearth-metrics/hearth"
)

// A workbench is a room over a real TSDB, with a clock and a ledger to look at.
type workbench struct {
	t      testing.TB
	engine *testEngine
	room   *Room
	ws     hearth.Workspace
	reg    *prometheus.Registry

	mu     sync.Mutex
	now    time.Time
	events []hearth.Event
}

func newWorkbench(t testing.TB, limits ...func(*hearth.Limits)) *workbench {
	b := &workbench{t: t, engine: newTestEngine(t), ws: testWorkspace(), now: testTime, reg: prometheus.NewRegistry()}
	for _, f := range limits {
		f(&b.ws.Limits)
	}
	b.room = New(Options{Engine: b.engine, Now: b.clock, Recorder: b, Metrics: b.reg})
	return b
}

func (b *workbench) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *workbench) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

// Record makes the bench a hearth.Recorder.
func (b *workbench) Record(e hearth.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, e)
}

// post sends a body as it stands.
func (b *workbench) post(contentType, encoding string, body []byte) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodPost, "/workspaces/"+string(b.ws.ID)+"/api/v1/remote_write", bytes.NewReader(body))
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Content-Encoding", encoding)
	req.Header.Set("User-Agent", "test/1")
	return b.do(req, b.room.RemoteWrite)
}

func (b *workbench) do(req *http.Request, h http.HandlerFunc) *httptest.ResponseRecorder {
	ctx := hearth.WithWorkspace(req.Context(), b.ws)
	ctx = hearth.WithCaller(ctx, hearth.Caller{RequestID: "req-1", Account: b.ws.Account})
	w := httptest.NewRecorder()
	h(w, req.WithContext(ctx))
	return w
}

func (b *workbench) v1(series ...prompb.TimeSeries) *httptest.ResponseRecorder {
	b.t.Helper()
	return b.post(typeV1, "snappy", packV1(b.t, &prompb.WriteRequest{Timeseries: series}))
}

func packV1(t testing.TB, req *prompb.WriteRequest) []byte {
	t.Helper()
	raw, err := req.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return snappy.Encode(nil, raw)
}

func packV2(t testing.TB, req *writev2.Request) []byte {
	t.Helper()
	raw, err := req.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return snappy.Encode(nil, raw)
}

// ts makes a series of remote write 1.0: name and value pairs in the order given.
func ts(pairs []string, samples ...prompb.Sample) prompb.TimeSeries {
	var s prompb.TimeSeries
	for i := 0; i < len(pairs); i += 2 {
		s.Labels = append(s.Labels, prompb.Label{Name: pairs[i], Value: pairs[i+1]})
	}
	s.Samples = samples
	return s
}

func named(pairs ...string) []string { return append([]string{"__name__"}, pairs...) }

// at is a sample some time after the tests' now.
func at(after time.Duration, v float64) prompb.Sample {
	return prompb.Sample{Timestamp: testTime.Add(after).UnixMilli(), Value: v}
}

// toV2 turns a 1.0 request into the same 2.0 request.
func toV2(req *prompb.WriteRequest) *writev2.Request {
	table := writev2.NewSymbolTable()
	out := &writev2.Request{}
	for _, s := range req.Timeseries {
		o := writev2.TimeSeries{}
		for _, l := range s.Labels {
			o.LabelsRefs = append(o.LabelsRefs, table.Symbolize(l.Name), table.Symbolize(l.Value))
		}
		for _, p := range s.Samples {
			o.Samples = append(o.Samples, writev2.Sample{Timestamp: p.Timestamp, Value: p.Value})
		}
		for _, h := range s.Histograms {
			if h.IsFloatHistogram() {
				o.Histograms = append(o.Histograms, writev2.FromFloatHistogram(0, h.Timestamp, h.ToFloatHistogram()))
			} else {
				o.Histograms = append(o.Histograms, writev2.FromIntHistogram(0, h.Timestamp, h.ToIntHistogram()))
			}
		}
		out.Timeseries = append(out.Timeseries, o)
	}
	out.Symbols = table.Symbols()
	return out
}

// stored is what the workspace holds, one line a sample.
func (b *workbench) stored() []string { return b.storedIn(b.ws.ID) }

func (b *workbench) storedIn(id hearth.WorkspaceID) []string {
	b.t.Helper()
	var lines []string
	for _, p := range b.engine.everything(b.t, id) {
		v, _, _ := strings.Cut(p.V, " ")
		lines = append(lines, p.Series+" "+hearth.DetailMillis(p.T)+" "+v)
	}
	return lines
}

func (b *workbench) wantStored(want ...string) {
	b.t.Helper()
	if d := cmp.Diff(want, b.stored()); d != "" {
		b.t.Errorf("stored (-want +got):\n%s", d)
	}
}

// wantGood checks that a good write still works after whatever came before.
func (b *workbench) wantGood() {
	b.t.Helper()
	w := b.v1(ts(named("good_after"), at(0, 1)))
	if w.Code != http.StatusOK {
		b.t.Errorf("a good write afterwards: %d %s", w.Code, w.Body)
	}
	if got := b.stored(); len(got) == 0 || !strings.Contains(strings.Join(got, "\n"), "good_after") {
		b.t.Errorf("the good sample is not stored, only %q", got)
	}
}

func want(t testing.TB, w *httptest.ResponseRecorder, code int, sentence string) {
	t.Helper()
	if w.Code != code {
		t.Errorf("status %d, want %d; body %q", w.Code, code, w.Body)
	}
	if got := strings.TrimSuffix(w.Body.String(), "\n"); got != sentence {
		t.Errorf("body\n got: %s\nwant: %s", got, sentence)
	}
}

func cacheOf(h *testHead) *cache {
	h.mu.Lock()
	defer h.mu.Unlock()
	c, _ := h.local.(*cache)
	return c
}
