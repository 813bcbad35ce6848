package query_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	jsoniter "github.com/json-iterator/go"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
	"github.com/prometheus/prometheus/util/jsonutil"
	"github.com/prometheus/prometheus/util/stats"
	v1 "github.com/prometheus/prometheus/web/api/v1"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
	"github.com/hearth-metrics/hearth/engine/embedded"
	"github.com/hearth-metrics/hearth/query"
)

// TestPromQL runs Prometheus' own PromQL tests, all files of the module's
// version, through the HTTP API over the embedded engine. Each evaluation goes
// over a socket to the real handler; nothing of the files is skipped. What
// differs from the promql package's own run:
//   - the language is the one the files are written for (experimental functions,
//     duration expressions, delayed name removal, start timestamps), which the
//     program itself leaves off as Prometheus does;
//   - answers come in a lossless encoding, for JSON shows a native histogram's
//     buckets but not its schema and spans. Every few evaluations are asked for
//     in JSON as well, and what JSON can say must be the same;
//   - of each range, some steps in the middle are asked for first, so that the
//     answer is put together of results that were kept and of others;
//   - start_timestamps.test reads start timestamps of samples from storage,
//     which is an option of the TSDB that the embedded engine does not set (it
//     stores a start as a sample of zero). So this file, and no other, runs over
//     a TSDB that has it set, behind the same API.
//
// While a workspace is queried, another holds different samples under the same
// names, so a sample that crosses over makes an evaluation fail.
func TestPromQL(t *testing.T) {
	metrics, err := embedded.Open(embedded.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := metrics.Close(); err != nil {
			t.Error(err)
		}
	})
	bed := newPromQLBed(t, metrics)
	promqltest.RunBuiltinTestsWithStorage(t, bed, bed.storage)
	if bed.asked == 0 || bed.compared == 0 {
		t.Error("no evaluation went through the API")
	}
	parts := testutil.ToFloat64(query.Lookups(bed.room, "part"))
	if parts == 0 {
		t.Error("no answer was put together")
	}
	t.Logf("%d evaluations went through the API, %d were compared with JSON, %v were put together", bed.asked, bed.compared, parts)
}

// promqlBed is a promql.QueryEngine whose evaluations are HTTP requests.
type promqlBed struct {
	t        *testing.T
	metrics  engine.Engine // embedded
	starts   engine.Engine // with start timestamps
	server   *httptest.Server
	room     *query.Room // over metrics
	asked    int
	compared int
}

func newPromQLBed(t *testing.T, metrics engine.Engine) *promqlBed {
	t.Helper()
	b := &promqlBed{t: t, metrics: metrics, starts: query.MemoryEngine(t)}
	rooms := make(map[string]*query.Room)
	for name, e := range map[string]engine.Engine{"metrics": b.metrics, "starts": b.starts} {
		room, err := query.New(query.Options{Engine: e, Memory: -1}.KeepingAll().ForPromQLTest(gobCodec{}))
		if err != nil {
			t.Fatal(err)
		}
		if rooms[name] = room; name == "metrics" {
			b.room = room
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/{room}/workspaces/{id}/", func(w http.ResponseWriter, r *http.Request) {
		prefix := "/" + r.PathValue("room") + "/workspaces/" + r.PathValue("id")
		ctx := hearth.WithWorkspace(r.Context(), workspace(hearth.WorkspaceID(r.PathValue("id"))))
		http.StripPrefix(prefix, rooms[r.PathValue("room")]).ServeHTTP(w, r.WithContext(ctx))
	})
	b.server = httptest.NewServer(mux)
	t.Cleanup(b.server.Close)
	return b
}

func workspace(id hearth.WorkspaceID) hearth.Workspace {
	l := hearth.LimitsOf(hearth.Local)
	l.OutOfOrderWindow = 100 * 24 * time.Hour // the files load series one after the other
	return hearth.Workspace{ID: id, Account: "000000000000", Region: "eu-west-1", Limits: l}
}

// storage makes a new workspace, and beside it another. What is appended to the
// first is appended to the other too, with other values.
func (b *promqlBed) storage(t testing.TB) storage.Storage {
	s := &bedStorage{bed: b, engine: b.metrics, room: "metrics", queried: workspace(hearth.NewWorkspaceID()), other: workspace(hearth.NewWorkspaceID())}
	if strings.Contains(t.Name(), "start_timestamps.test") {
		s.engine, s.room = b.starts, "starts"
	}
	return s
}

type bedStorage struct {
	storage.Storage // nil: only what is defined below is called
	bed             *promqlBed
	engine          engine.Engine
	room            string
	queried, other  hearth.Workspace
}

// Close deletes both workspaces, which waits until nobody has them open.
func (s *bedStorage) Close() error {
	return errors.Join(s.engine.Delete(context.Background(), s.queried.ID), s.engine.Delete(context.Background(), s.other.ID))
}

func (s *bedStorage) AppenderV2(ctx context.Context) storage.AppenderV2 {
	a, err := s.engine.Head(ctx, s.queried)
	if err != nil {
		s.bed.t.Fatal(err)
	}
	b, err := s.engine.Head(ctx, s.other)
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

func (b *promqlBed) NewInstantQuery(_ context.Context, s storage.Queryable, _ promql.QueryOpts, text string, at time.Time) (promql.Query, error) {
	return &bedQuery{storage: s.(*bedStorage), path: "/api/v1/query", form: url.Values{"query": {text}, "time": {seconds(at)}}}, nil
}

func (b *promqlBed) NewRangeQuery(_ context.Context, s storage.Queryable, _ promql.QueryOpts, text string, start, end time.Time, step time.Duration) (promql.Query, error) {
	ranged := func(start, end time.Time) url.Values {
		return url.Values{"query": {text}, "start": {seconds(start)}, "end": {seconds(end)}, "step": {strconv.FormatFloat(step.Seconds(), 'f', -1, 64)}}
	}
	q := &bedQuery{storage: s.(*bedStorage), path: "/api/v1/query_range", form: ranged(start, end)}
	if steps := end.Sub(start) / step; steps > 1 {
		q.ahead = ranged(start.Add(step*(steps/4)), start.Add(step*(steps-steps/4-1)))
	}
	return q, nil
}

func seconds(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', -1, 64)
}

type bedQuery struct {
	storage *bedStorage
	path    string
	form    url.Values
	ahead   url.Values // some of the steps, asked for before, so that their results are kept
}

// compareEvery is how many evaluations pass between two that are asked for in
// JSON too.
const compareEvery = 7

func (q *bedQuery) Exec(ctx context.Context) *promql.Result {
	bed := q.storage.bed
	bed.asked++
	if q.ahead != nil {
		_, _ = q.storage.ask(ctx, q.path, q.ahead, "application/x-gob") // may fail as the whole does
	}
	answer, err := q.storage.ask(ctx, q.path, q.form, "application/x-gob")
	if err != nil {
		return &promql.Result{Err: err}
	}
	res, err := decodeGob(answer)
	if err != nil {
		return &promql.Result{Err: err}
	}
	if bed.asked%compareEvery == 0 {
		bed.compared++
		if err := q.compareJSON(ctx, res.Value); err != nil {
			return &promql.Result{Err: err}
		}
	}
	return res
}

func (q *bedQuery) Close()                      {}
func (q *bedQuery) Statement() parser.Statement { return nil }
func (q *bedQuery) Stats() *stats.Statistics    { return nil }
func (q *bedQuery) Cancel()                     {}
func (q *bedQuery) String() string              { return q.form.Get("query") }

func (s *bedStorage) ask(ctx context.Context, path string, form url.Values, accept string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.bed.server.URL+"/"+s.room+"/workspaces/"+string(s.queried.ID)+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", accept)
	resp, err := s.bed.server.Client().Do(req)
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
	return body, nil
}

// compareJSON asks again in JSON. Labels, times and floats must be the same to
// the last bit, histograms as many and with the same count and sum.
func (q *bedQuery) compareJSON(ctx context.Context, want parser.Value) error {
	body, err := q.storage.ask(ctx, q.path, q.form, "application/json")
	if err != nil {
		return fmt.Errorf("the same in JSON: %w", err)
	}
	var got struct {
		Data struct {
			ResultType string
			Result     json.RawMessage
		}
	}
	if err := json.Unmarshal(body, &got); err != nil {
		return fmt.Errorf("decode %.200q: %w", body, err)
	}
	text, err := spelled(got.Data.ResultType, got.Data.Result)
	if err != nil {
		return fmt.Errorf("decode %.200q: %w", body, err)
	}
	if diff := cmp.Diff(spelling(want), text); diff != "" {
		return fmt.Errorf("JSON says something else (-want +got):\n%s", diff)
	}
	return nil
}

// jsonPoint is a time and a number or a histogram.
type jsonPoint [2]any

func (p jsonPoint) String() string {
	t := p[0].(float64)
	if h, ok := p[1].(map[string]any); ok {
		return fmt.Sprintf("%.3f histogram %v %v", t, h["count"], h["sum"])
	}
	return fmt.Sprintf("%.3f %v", t, p[1])
}

// spelled writes a JSON result with a line for each series. Lines are sorted:
// an instant query's order is not the same each time.
func spelled(typ string, result json.RawMessage) ([]string, error) {
	if typ == "scalar" || typ == "string" {
		var p jsonPoint
		err := json.Unmarshal(result, &p)
		if text, ok := p[1].(string); ok && typ == "scalar" { // written without exponents
			f, _ := strconv.ParseFloat(text, 64)
			p[1] = number(f)
		}
		return []string{p.String()}, err
	}
	var series []struct {
		Metric             map[string]string
		Value, Histogram   *jsonPoint
		Values, Histograms []jsonPoint
	}
	if err := json.Unmarshal(result, &series); err != nil {
		return nil, err
	}
	var lines []string
	for _, s := range series {
		points := slices.Concat(s.Values, s.Histograms)
		for _, p := range []*jsonPoint{s.Value, s.Histogram} {
			if p != nil {
				points = append(points, *p)
			}
		}
		lines = append(lines, fmt.Sprint(labels.FromMap(s.Metric), points))
	}
	slices.Sort(lines)
	return lines, nil
}

// spelling writes a value as spelled writes its JSON.
func spelling(v parser.Value) []string {
	var lines []string
	switch v := v.(type) {
	case promql.String:
		return []string{jsonPoint{float64(v.T) / 1000, v.V}.String()}
	case promql.Scalar:
		return []string{floatPoint(v.T, v.V).String()}
	case promql.Vector:
		for _, s := range v {
			p := floatPoint(s.T, s.F)
			if s.H != nil {
				p = histogramPoint(s.T, s.H)
			}
			lines = append(lines, fmt.Sprint(s.Metric, []jsonPoint{p}))
		}
	case promql.Matrix:
		for _, s := range v {
			var points []jsonPoint
			for _, p := range s.Floats {
				points = append(points, floatPoint(p.T, p.F))
			}
			for _, p := range s.Histograms {
				points = append(points, histogramPoint(p.T, p.H))
			}
			lines = append(lines, fmt.Sprint(s.Metric, points))
		}
	}
	slices.Sort(lines)
	return lines
}

func floatPoint(t int64, f float64) jsonPoint { return jsonPoint{float64(t) / 1000, number(f)} }

func histogramPoint(t int64, h *histogram.FloatHistogram) jsonPoint {
	return jsonPoint{float64(t) / 1000, map[string]any{"count": number(h.Count), "sum": number(h.Sum)}}
}

// number writes f as Prometheus' JSON does.
func number(f float64) string {
	var buf bytes.Buffer
	s := jsoniter.NewStream(jsoniter.ConfigDefault, &buf, 64)
	jsonutil.MarshalFloat(f, s)
	s.Flush()
	return strings.Trim(buf.String(), `"`)
}

// apiError is the engine's error again: what the API says before it is the API's.
func apiError(body []byte) error {
	var e struct{ Error string }
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
	T               int64 // of Text
	Series          []gobSeries
	Warnings, Infos []string
}

type gobSeries struct {
	Labels     []string
	Floats     []gobFloat
	Histograms []gobHistogram
}

// gobFloat is a point in bits, for gob takes -0 for nothing.
type gobFloat struct {
	T    int64
	Bits uint64
}

func gobFloats(points ...promql.FPoint) []gobFloat {
	all := make([]gobFloat, len(points))
	for i, p := range points {
		all[i] = gobFloat{p.T, math.Float64bits(p.F)}
	}
	return all
}

func (p gobFloat) point() promql.FPoint {
	return promql.FPoint{T: p.T, F: math.Float64frombits(p.Bits)}
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
		a.Text, a.T = v.V, v.T
	case promql.Scalar:
		a.Series = []gobSeries{{Floats: gobFloats(promql.FPoint{T: v.T, F: v.V})}}
	case promql.Vector:
		for _, s := range v {
			if s.H != nil {
				a.Series = append(a.Series, gobSeries{Labels: pairs(s.Metric), Histograms: []gobHistogram{{s.T, *s.H}}})
			} else {
				a.Series = append(a.Series, gobSeries{Labels: pairs(s.Metric), Floats: gobFloats(promql.FPoint{T: s.T, F: s.F})})
			}
		}
	case promql.Matrix:
		for _, s := range v {
			g := gobSeries{Labels: pairs(s.Metric), Floats: gobFloats(s.Floats...)}
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
		res.Value = promql.String{T: a.T, V: a.Text}
	case parser.ValueTypeScalar:
		res.Value = promql.Scalar{T: a.Series[0].Floats[0].T, V: a.Series[0].Floats[0].point().F}
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
			v[i].T, v[i].F = s.Floats[0].T, s.Floats[0].point().F
		}
	}
	return v
}

func matrixOf(all []gobSeries) promql.Matrix {
	m := make(promql.Matrix, len(all))
	for i, s := range all {
		m[i] = promql.Series{Metric: labels.FromStrings(s.Labels...)}
		for _, p := range s.Floats {
			m[i].Floats = append(m[i].Floats, p.point())
		}
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
