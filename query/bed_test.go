package query

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth"
)

var (
	workspaceA = hearth.Workspace{ID: "ws-00000000-0000-4000-8000-00000000000a", Account: "000000000000", Region: "eu-west-1", Limits: hearth.LimitsOf(hearth.Local)}
	workspaceB = hearth.Workspace{ID: "ws-00000000-0000-4000-8000-00000000000b", Account: "000000000000", Region: "eu-west-1", Limits: hearth.LimitsOf(hearth.Local)}
)

// noon is when the tests' samples are.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// bed is a Room over HTTP with samples in it.
type bed struct {
	t      testing.TB
	engine *memoryEngine
	room   *Room
	ledger *events
}

type events struct {
	mu  sync.Mutex
	all []hearth.Event
}

func (e *events) Record(ev hearth.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, ev)
}

// take returns the events recorded since the last call.
func (e *events) take() []hearth.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := e.all
	e.all = nil
	return all
}

func newBed(t testing.TB, o Options) *bed {
	t.Helper()
	b := &bed{t: t, engine: newMemoryEngine(t), ledger: &events{}}
	o.Engine, o.Recorder = b.engine, b.ledger
	if o.Now == nil {
		o.Now = func() time.Time { return noon }
	}
	room, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	b.room = room
	t.Cleanup(func() {
		if n := b.engine.pinned(); n != 0 {
			t.Errorf("%d heads were not released", n)
		}
	})
	return b
}

// load appends value for each series at each of the times.
func (b *bed) load(ws hearth.Workspace, value float64, series []labels.Labels, at ...time.Time) {
	b.t.Helper()
	h, err := b.engine.Head(context.Background(), ws)
	if err != nil {
		b.t.Fatal(err)
	}
	defer h.Release()
	app := h.AppenderV2(context.Background())
	for _, ls := range series {
		for _, t := range at {
			if _, err := app.Append(0, ls, 0, t.UnixMilli(), value, nil, nil, storage.AppendV2Options{}); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	if err := app.Commit(); err != nil {
		b.t.Fatal(err)
	}
}

// reply is an answer of the API, decompressed and decoded.
type reply struct {
	status                   int
	header                   http.Header
	body                     string
	Status, ErrorType, Error string
	Data                     json.RawMessage
	Warnings, Infos          []string
}

func (b *bed) get(ws hearth.Workspace, path string, form url.Values) reply {
	b.t.Helper()
	return b.do(ws, httptest.NewRequest(http.MethodGet, path+"?"+form.Encode(), nil))
}

func (b *bed) post(ws hearth.Workspace, path string, form url.Values) reply {
	b.t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(ws, r)
}

func (b *bed) do(ws hearth.Workspace, r *http.Request) reply {
	b.t.Helper()
	w := httptest.NewRecorder()
	ctx := hearth.WithCaller(hearth.WithWorkspace(r.Context(), ws), hearth.Caller{RequestID: "req-1"})
	b.room.ServeHTTP(w, r.WithContext(ctx))
	return decodeReply(b.t, w)
}

func decodeReply(t testing.TB, w *httptest.ResponseRecorder) reply {
	t.Helper()
	out := reply{status: w.Code, header: w.Header()}
	var body io.Reader = w.Body
	if w.Header().Get("Content-Encoding") == "gzip" {
		body = gunzip(t, w.Body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	out.body = string(text)
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatalf("status %d, not an envelope: %q: %v", w.Code, text, err)
	}
	return out
}

// query is an instant query at noon.
func query(text string, more ...string) url.Values {
	form := url.Values{"query": {text}, "time": {noon.Format(time.RFC3339)}}
	for i := 0; i+1 < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return form
}

// over is a range query that ends at noon.
func over(text string, length, step time.Duration) url.Values {
	return url.Values{
		"query": {text}, "start": {noon.Add(-length).Format(time.RFC3339)}, "end": {noon.Format(time.RFC3339)},
		"step": {step.String()},
	}
}

func gunzip(t testing.TB, r io.Reader) io.Reader {
	t.Helper()
	z, err := gzip.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	return z
}
