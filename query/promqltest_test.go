package query

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
	"github.com/prometheus/prometheus/util/stats"
	v1 "github.com/prometheus/prometheus/web/api/v1"

	"github.com/hearth-metrics/hearth"
)

// TestPromQL runs Prometheus' own PromQL tests, all files of the module's
// version, through the HTTP API. Each evaluation goes over a socket to the real
// handler; nothing of the files is skipped. Two things differ from the promql
// package's own run:
//   - the language is the one the files are written for (experimental functions,
//     duration expressions, delayed name removal, start timestamps), which the
//     program itself leaves off as Prometheus does;
//   - answers are asked for in a lossless encoding, for JSON shows a native
//     histogram's buckets but not its schema and spans. TestPromQLJSON asks for
//     JSON as well and compares the two.
//
// While workspace A is queried, workspace B holds other samples under the same
// names, so a sample that crosses over makes an evaluation fail.
func TestPromQL(t *testing.T) {
	bed := newPromQLBed(t)
	promqltest.RunBuiltinTestsWithStorage(t, bed, bed.storage)
	if n := bed.engine.pinned(); n != 0 {
		t.Errorf("%d heads were not released", n)
	}
	if bed.asked == 0 {
		t.Error("no evaluation went through the API")
	}
	t.Logf("%d evaluations went through the API", bed.asked)
}

var (
	workspaceA = hearth.Workspace{ID: "ws-00000000-0000-4000-8000-00000000000a", Account: "000000000000", Region: "eu-west-1", Limits: hearth.LimitsOf(hearth.Local)}
	workspaceB = hearth.Workspace{ID: "ws-00000000-0000-4000-8000-00000000000b", Account: "000000000000", Region: "eu-west-1", Limits: hearth.LimitsOf(hearth.Local)}
)

// promqlBed is a promql.QueryEngine whose evaluations are HTTP requests.
type promqlBed struct {
	t      *testing.T
	engine *memoryEngine
	server *httptest.Server
	asked  int
}

func newPromQLBed(t *testing.T) *promqlBed {
	t.Helper()
	e := newMemoryEngine(t)
	room, err := New(Options{
		Engine: e, Memory: -1,
		language: language{parser: promqltest.TestParserOpts, delayedNameRemoval: true, startTimestamps: true},
		codecs:   []v1.Codec{gobCodec{}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &promqlBed{t: t, engine: e, server: serveWorkspaces(t, room, workspaceA, workspaceB)}
}

// serveWorkspaces stands for the front door: /workspaces/{id}/api/v1/….
func serveWorkspaces(t testing.TB, room *Room, all ...hearth.Workspace) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	for _, ws := range all {
		prefix := "/workspaces/" + string(ws.ID)
		mux.Handle(prefix+"/", http.StripPrefix(prefix, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			room.ServeHTTP(w, r.WithContext(hearth.WithWorkspace(r.Context(), ws)))
		})))
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

// storage opens workspace A afresh. What is appended to it is appended to
// workspace B too, with other values.
func (b *promqlBed) storage(testing.TB) storage.Storage {
	b.engine.clear(workspaceA.ID)
	b.engine.clear(workspaceB.ID)
	return bedStorage{bed: b}
}

type bedStorage struct {
	storage.Storage // nil: only what is defined below is called
	bed             *promqlBed
}

func (s bedStorage) Close() error { return nil }

func (s bedStorage) AppenderV2(ctx context.Context) storage.AppenderV2 {
	a, err := s.bed.engine.Head(ctx, workspaceA)
	if err != nil {
		s.bed.t.Fatal(err)
	}
	b, err := s.bed.engine.Head(ctx, workspaceB)
	if err != nil {
		s.bed.t.Fatal(err)
	}
	return &twoAppenders{AppenderV2: a.AppenderV2(ctx), other: b.AppenderV2(ctx), release: func() { a.Release(); b.Release() }}
}

type twoAppenders struct {
	storage.AppenderV2
	other   storage.AppenderV2
	release func()
}

func (a *twoAppenders) Append(ref storage.SeriesRef, l labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, o storage.AppendV2Options) (storage.SeriesRef, error) {
	if _, err := a.other.Append(0, l, 0, t, 4711.5+float64(t), nil, nil, storage.AppendV2Options{}); err != nil {
		return 0, fmt.Errorf("append to the other workspace: %w", err)
	}
	stranger := labels.NewBuilder(l).Set("only_in", "b").Labels()
	if _, err := a.other.Append(0, stranger, 0, t, 815, nil, nil, storage.AppendV2Options{}); err != nil {
		return 0, fmt.Errorf("append to the other workspace: %w", err)
	}
	return a.AppenderV2.Append(ref, l, st, t, v, h, fh, o)
}

func (a *twoAppenders) Commit() error {
	defer a.release()
	return errors.Join(a.AppenderV2.Commit(), a.other.Commit())
}

func (a *twoAppenders) Rollback() error {
	defer a.release()
	return errors.Join(a.AppenderV2.Rollback(), a.other.Rollback())
}

func (b *promqlBed) NewInstantQuery(_ context.Context, _ storage.Queryable, _ promql.QueryOpts, text string, at time.Time) (promql.Query, error) {
	return &bedQuery{bed: b, path: "/api/v1/query", form: url.Values{"query": {text}, "time": {seconds(at)}}}, nil
}

func (b *promqlBed) NewRangeQuery(_ context.Context, _ storage.Queryable, _ promql.QueryOpts, text string, start, end time.Time, step time.Duration) (promql.Query, error) {
	return &bedQuery{bed: b, path: "/api/v1/query_range", form: url.Values{
		"query": {text}, "start": {seconds(start)}, "end": {seconds(end)}, "step": {strconv.FormatFloat(step.Seconds(), 'f', -1, 64)},
	}}, nil
}

func seconds(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', -1, 64)
}

type bedQuery struct {
	bed  *promqlBed
	path string
	form url.Values
}

func (q *bedQuery) Exec(ctx context.Context) *promql.Result {
	q.bed.asked++
	res, err := q.bed.ask(ctx, q.path, q.form)
	if err != nil {
		return &promql.Result{Err: err}
	}
	return res
}

func (q *bedQuery) Close()                      {}
func (q *bedQuery) Statement() parser.Statement { return nil }
func (q *bedQuery) Stats() *stats.Statistics    { return nil }
func (q *bedQuery) Cancel()                     {}
func (q *bedQuery) String() string              { return q.form.Get("query") }

func (b *promqlBed) ask(ctx context.Context, path string, form url.Values) (*promql.Result, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.server.URL+"/workspaces/"+string(workspaceA.ID)+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/x-gob")
	resp, err := b.server.Client().Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, apiError(body)
	}
	return decodeGob(body)
}

// apiError is the engine's error again: what the API says before it is the API's.
func apiError(body []byte) error {
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		return fmt.Errorf("no envelope: %s", body)
	}
	return errors.New(strings.TrimPrefix(e.Error, `invalid parameter "query": `))
}

// gobCodec writes answers without loss.
type gobCodec struct{}

func (gobCodec) ContentType() v1.MIMEType      { return v1.MIMEType{Type: "application", SubType: "x-gob"} }
func (gobCodec) CanEncode(r *v1.Response) bool { _, ok := r.Data.(*v1.QueryData); return ok }

type gobAnswer struct {
	Type            string
	Text            string
	Series          []gobSeries
	Warnings, Infos []string
}

type gobSeries struct {
	Labels     []string
	Floats     []promql.FPoint
	Histograms []gobHistogram
}

type gobHistogram struct {
	T int64
	H histogram.FloatHistogram
}

func (gobCodec) Encode(r *v1.Response) ([]byte, error) {
	data := r.Data.(*v1.QueryData)
	a := gobAnswer{Type: string(data.ResultType), Warnings: r.Warnings, Infos: r.Infos}
	switch v := data.Result.(type) {
	case promql.String:
		a.Text = v.V
	case promql.Scalar:
		a.Series = []gobSeries{{Floats: []promql.FPoint{{T: v.T, F: v.V}}}}
	case promql.Vector:
		for _, s := range v {
			if s.H != nil {
				a.Series = append(a.Series, gobSeries{Labels: pairs(s.Metric), Histograms: []gobHistogram{{s.T, *s.H}}})
			} else {
				a.Series = append(a.Series, gobSeries{Labels: pairs(s.Metric), Floats: []promql.FPoint{{T: s.T, F: s.F}}})
			}
		}
	case promql.Matrix:
		for _, s := range v {
			g := gobSeries{Labels: pairs(s.Metric), Floats: s.Floats}
			for _, h := range s.Histograms {
				g.Histograms = append(g.Histograms, gobHistogram{h.T, *h.H})
			}
			a.Series = append(a.Series, g)
		}
	default:
		return nil, fmt.Errorf("result of type %T", v)
	}
	var buf bytes.Buffer
	err := gob.NewEncoder(&buf).Encode(a)
	return buf.Bytes(), err
}

func pairs(ls labels.Labels) []string {
	var all []string
	ls.Range(func(l labels.Label) { all = append(all, l.Name, l.Value) })
	return all
}

func decodeGob(body []byte) (*promql.Result, error) {
	var a gobAnswer
	if err := gob.NewDecoder(bytes.NewReader(body)).Decode(&a); err != nil {
		return nil, fmt.Errorf("decode %.200q: %w", body, err)
	}
	res := &promql.Result{Warnings: *annotations.New()}
	for _, text := range a.Warnings {
		res.Warnings.Add(note{text, annotations.PromQLWarning})
	}
	for _, text := range a.Infos {
		res.Warnings.Add(note{text, annotations.PromQLInfo})
	}
	switch parser.ValueType(a.Type) {
	case parser.ValueTypeString:
		res.Value = promql.String{V: a.Text}
	case parser.ValueTypeScalar:
		res.Value = promql.Scalar{T: a.Series[0].Floats[0].T, V: a.Series[0].Floats[0].F}
	case parser.ValueTypeVector:
		res.Value = vectorOf(a.Series)
	default:
		res.Value = matrixOf(a.Series)
	}
	return res, nil
}

func vectorOf(all []gobSeries) promql.Vector {
	v := make(promql.Vector, len(all))
	for i, s := range all {
		v[i].Metric = labels.FromStrings(s.Labels...)
		if len(s.Histograms) > 0 {
			v[i].T, v[i].H = s.Histograms[0].T, &s.Histograms[0].H
		} else {
			v[i].T, v[i].F = s.Floats[0].T, s.Floats[0].F
		}
	}
	return v
}

func matrixOf(all []gobSeries) promql.Matrix {
	m := make(promql.Matrix, len(all))
	for i, s := range all {
		m[i] = promql.Series{Metric: labels.FromStrings(s.Labels...), Floats: s.Floats}
		for _, h := range s.Histograms {
			m[i].Histograms = append(m[i].Histograms, promql.HPoint{T: h.T, H: &h.H})
		}
	}
	return m
}

// note is an annotation that came back as text.
type note struct {
	text string
	kind error
}

func (n note) Error() string        { return n.text }
func (n note) Is(target error) bool { return target == n.kind }
