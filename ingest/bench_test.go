package ingest

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/golang/snappy"
	remoteapi "github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
	"github.com/prometheus/prometheus/storage/remote"

	"github.com/hearth-metrics/hearth"
)

type heldBody struct {
	*bytes.Reader
	b []byte
}

func (h heldBody) Bytes() []byte { return h.b }
func (heldBody) Close() error    { return nil }

// podSeries makes series like those of pods in Kubernetes: about 11 labels and 273
// bytes each.
func podSeries(n int) []labels.Labels {
	all := make([]labels.Labels, n)
	for i := range all {
		pod := i / 100
		all[i] = labels.FromStrings(
			"__name__", fmt.Sprintf("http_request_duration_seconds_%02d_bucket", i%10),
			"app_kubernetes_io_name", fmt.Sprintf("checkout-service-%03d", pod%100),
			"container", "server", "endpoint", "http-metrics",
			"handler", fmt.Sprintf("/api/v1/resource/%02d", i%100/10),
			"instance", fmt.Sprintf("10.%d.%d.%d:8080", pod>>16&255, pod>>8&255, pod&255),
			"job", "kubernetes-pods", "le", fmt.Sprint(float64(i%12)/4),
			"namespace", fmt.Sprintf("team-%02d-production", pod%40),
			"node", fmt.Sprintf("ip-10-0-%d-%d.eu-west-1.compute.internal", pod%7, pod%31),
			"pod", fmt.Sprintf("checkout-service-%05d-7d9f8b6c5-x%04x", pod, pod),
		)
	}
	return all
}

type encoder func(series []labels.Labels, t int64, v func(i int) float64) []byte

func encodeV1(series []labels.Labels, t int64, v func(i int) float64) []byte {
	var req prompb.WriteRequest
	for i, ls := range series {
		req.Timeseries = append(req.Timeseries, prompb.TimeSeries{
			Labels: prompb.FromLabels(ls, nil), Samples: []prompb.Sample{{Timestamp: t, Value: v(i)}},
		})
	}
	b, err := req.Marshal()
	if err != nil {
		panic(err)
	}
	return snappy.Encode(nil, b)
}

func encodeV2(series []labels.Labels, t int64, v func(i int) float64) []byte {
	table := writev2.NewSymbolTable()
	var req writev2.Request
	for i, ls := range series {
		req.Timeseries = append(req.Timeseries, writev2.TimeSeries{
			LabelsRefs: table.SymbolizeLabels(ls, nil), Samples: []writev2.Sample{{Timestamp: t, Value: v(i)}},
			Metadata: writev2.Metadata{Type: writev2.Metadata_METRIC_TYPE_COUNTER, HelpRef: table.Symbolize("How long it took.")},
		})
	}
	req.Symbols = table.Symbols()
	b, err := req.Marshal()
	if err != nil {
		panic(err)
	}
	return snappy.Encode(nil, b)
}

const (
	benchSeries  = 200_000
	benchRequest = 2_000
)

// round encodes one sample of every series, in requests.
func round(series []labels.Labels, n int, enc encoder) (bodies [][]byte) {
	t := testTime.UnixMilli() + int64(n)*15_000
	for at := 0; at < len(series); at += benchRequest {
		bodies = append(bodies, enc(series[at:min(at+benchRequest, len(series))], t, func(i int) float64 { return float64(i) }))
	}
	return bodies
}

// A load is the same requests again and again, with other times and values.
type load struct {
	raw    [][]byte // decompressed
	at     [][]int  // where the values stand; each time stands behind its value
	rnd    *rand.Rand
	bodies [][]byte
}

func newLoad(bodies [][]byte, t int64) *load {
	l := &load{rnd: rand.New(rand.NewPCG(1, 2)), bodies: make([][]byte, len(bodies))}
	mark := binary.AppendUvarint([]byte{timeTag}, uint64(t))
	for _, b := range bodies {
		raw, err := snappy.Decode(nil, b)
		if err != nil {
			panic(err)
		}
		var at []int
		for i := 0; ; {
			j := bytes.Index(raw[i:], mark)
			if j < 0 {
				break
			}
			at = append(at, i+j-8)
			i += j + len(mark)
		}
		l.raw, l.at = append(l.raw, raw), append(l.at, at)
	}
	return l
}

// encode makes request i for time t.
func (l *load) encode(i int, t int64) {
	raw := l.raw[i]
	for j, at := range l.at[i] {
		v := math.Float64frombits(binary.LittleEndian.Uint64(raw[at:])) + float64(l.rnd.IntN(3)*(j%3))
		binary.LittleEndian.PutUint64(raw[at:], math.Float64bits(v))
		binary.PutUvarint(raw[at+9:], uint64(t))
	}
	l.bodies[i] = snappy.Encode(l.bodies[i][:cap(l.bodies[i])], raw)
}

// cpu is the processor time of the process, garbage collection included.
func cpu() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

type discardWriter struct {
	h    http.Header
	code int
}

func (d *discardWriter) Header() http.Header         { return d.h }
func (d *discardWriter) Write(b []byte) (int, error) { return len(b), nil }
func (d *discardWriter) WriteHeader(c int)           { d.code = c }

func send(b testing.TB, h http.HandlerFunc, ctx context.Context, contentType string, body []byte) {
	req := (&http.Request{
		Method: http.MethodPost, URL: benchURL, Body: heldBody{bytes.NewReader(body), body},
		Header: http.Header{"Content-Type": {contentType}, "Content-Encoding": {"snappy"}},
	}).WithContext(ctx)
	w := &discardWriter{h: http.Header{}}
	h(w, req)
	if w.code/100 != 2 {
		b.Fatalf("status %d", w.code)
	}
}

var benchURL = httptest.NewRequest(http.MethodPost, "/workspaces/x/api/v1/remote_write", nil).URL

func benchRoom(b testing.TB) (*Room, *testEngine, context.Context) {
	e := newTestEngine(b)
	e.big = true
	ws := testWorkspace()
	ws.Limits.MaxFuture = 0
	r := New(Options{Engine: e, Now: func() time.Time { return testTime }})
	return r, e, hearth.WithWorkspace(b.Context(), ws)
}

const (
	typeV1 = "application/x-protobuf"
	typeV2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request"
)

func benchKnown(b *testing.B, contentType string, enc encoder) {
	r, _, ctx := benchRoom(b)
	benchHandler(b, ctx, r.RemoteWrite, contentType, enc)
}

func benchHandler(b *testing.B, ctx context.Context, h http.HandlerFunc, contentType string, enc encoder) {
	series := podSeries(benchSeries)
	for _, body := range round(series, 0, enc) {
		send(b, h, ctx, contentType, body)
	}
	l := newLoad(round(series, 0, enc), testTime.UnixMilli())
	series = nil
	runtime.GC()
	b.ReportAllocs()
	n, spent := int64(0), time.Duration(0)
	for b.Loop() {
		n++
		b.StopTimer()
		for i := range l.raw {
			l.encode(i, testTime.UnixMilli()+n*15_000)
		}
		runtime.GC()
		from := cpu()
		b.StartTimer()
		for _, body := range l.bodies {
			send(b, h, ctx, contentType, body)
		}
		spent += cpu() - from
	}
	b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N)/benchSeries, "cpu-ns/sample")
}

// One op is a sample of each of 200,000 known series.
func BenchmarkRemoteWriteV1Known(b *testing.B) { benchKnown(b, typeV1, encodeV1) }
func BenchmarkRemoteWriteV2Known(b *testing.B) { benchKnown(b, typeV2, encodeV2) }

// What Prometheus' own handler costs for the same, over the same TSDB.
func BenchmarkPrometheusV1Known(b *testing.B) { benchPrometheus(b, typeV1, encodeV1) }
func BenchmarkPrometheusV2Known(b *testing.B) { benchPrometheus(b, typeV2, encodeV2) }

func benchPrometheus(b *testing.B, contentType string, enc encoder) {
	_, e, ctx := benchRoom(b)
	ws, _ := hearth.WorkspaceFrom(ctx)
	ws.Limits.OutOfOrderWindow = 0
	h, err := e.Head(ctx, ws)
	if err != nil {
		b.Fatal(err)
	}
	handler := remote.NewWriteHandler(slog.New(slog.DiscardHandler), nil, h.(*testHead).DB,
		remoteapi.MessageTypes{remoteapi.WriteV1MessageType, remoteapi.WriteV2MessageType}, false, false, false)
	benchHandler(b, ctx, handler.ServeHTTP, contentType, enc)
}

// One op is 20,000 series that nobody has seen.
func BenchmarkRemoteWriteNew(b *testing.B) {
	const some = 20_000
	all := podSeries(some)
	bodies := round(all, 0, encodeV1)
	b.ReportAllocs()
	spent := time.Duration(0)
	for b.Loop() {
		b.StopTimer()
		r, e, ctx := benchRoom(b)
		from := cpu()
		b.StartTimer()
		for _, body := range bodies {
			send(b, r.RemoteWrite, ctx, typeV1, body)
		}
		b.StopTimer()
		spent += cpu() - from
		e.closeAll()
		e.heads = nil
		b.StartTimer()
	}
	b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N)/some, "cpu-ns/series")
}
