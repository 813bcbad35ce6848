package ingest

import (
	"bytes"
	"context"
	"math"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"

	"github.com/hearth-metrics/hearth"
)

func TestGoodSamplesAreStored(t *testing.T) {
	req := &prompb.WriteRequest{Timeseries: []prompb.TimeSeries{
		ts(named("up", "job", "a"), at(0, 1), at(time.Second, math.NaN())),
		ts(named("up", "job", "b"), at(0, math.Inf(1)), at(time.Second, math.Inf(-1))),
		ts(named("up", "zone", "", "job", "c"), at(0, math.Float64frombits(value.StaleNaN))),
		ts([]string{"job", "d", "__name__", "up"}, at(0, 0)),
		ts(named("温度", "unité", "°C"), at(0, 0)),
	}}
	for _, tc := range []struct {
		name, contentType string
		body              []byte
		code              int
	}{
		{"1.0", typeV1, packV1(t, req), http.StatusOK},
		{"1.0 by name", "application/x-protobuf; proto=prometheus.WriteRequest", packV1(t, req), http.StatusOK},
		{"2.0", typeV2, packV2(t, toV2(req)), http.StatusNoContent},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newWorkbench(t)
			for range 2 { // the same again is no error, and now the series are known
				w := b.post(tc.contentType, "snappy", tc.body)
				want(t, w, tc.code, "")
				if tc.code == http.StatusOK && w.Header().Get("Content-Type") != "application/json" {
					t.Errorf("Content-Type %q", w.Header().Get("Content-Type"))
				}
				if tc.code == http.StatusNoContent && w.Header().Get("X-Prometheus-Remote-Write-Samples-Written") != "7" {
					t.Errorf("headers %v", w.Header())
				}
			}
			b.wantStored(
				`{__name__="up", job="a"} 2026-11-20T12:00:00Z 1`, `{__name__="up", job="a"} 2026-11-20T12:00:01Z NaN`,
				`{__name__="up", job="b"} 2026-11-20T12:00:00Z +Inf`, `{__name__="up", job="b"} 2026-11-20T12:00:01Z -Inf`,
				`{__name__="up", job="c"} 2026-11-20T12:00:00Z NaN`,
				`{__name__="up", job="d"} 2026-11-20T12:00:00Z 0`,
				`{__name__="温度", "unité"="°C"} 2026-11-20T12:00:00Z 0`,
			)
			if len(b.events) != 0 {
				t.Errorf("events %v", b.events)
			}
		})
	}
}

// lie claims n decoded bytes before a body.
func lie(n uint64, body []byte) []byte {
	_, used := 0, 0
	for used < len(body) && body[used] >= 0x80 {
		used++
	}
	out := []byte{}
	for ; n >= 0x80; n >>= 7 {
		out = append(out, byte(n)|0x80)
	}
	return append(append(out, byte(n)), body[used+1:]...)
}

func TestBadInputIsRefused(t *testing.T) {
	good := &prompb.WriteRequest{Timeseries: []prompb.TimeSeries{ts(named("up"), at(0, 1))}}
	v1, v2 := packV1(t, good), packV2(t, toV2(good))
	raw, err := good.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	one := func(pairs []string, p ...prompb.Sample) []byte {
		return packV1(t, &prompb.WriteRequest{Timeseries: []prompb.TimeSeries{ts(pairs, p...)}})
	}
	v2req := func(f func(*writev2.Request)) []byte {
		r := toV2(good)
		f(r)
		return packV2(t, r)
	}
	const oneOf1 = "; this one sample of 1 was refused, all others are stored"
	for _, tc := range []struct {
		name, contentType, encoding string
		body                        []byte
		code                        int
		sentence                    string
	}{
		{"no content type", "", "snappy", v1, 415, `Content-Type "" is not spoken here: remote write is application/x-protobuf, with proto=prometheus.WriteRequest (1.0) or proto=io.prometheus.write.v2.Request (2.0)`},
		{"unknown message", "application/x-protobuf;proto=io.prometheus.write.v3.Request", "snappy", v1, 415, `Content-Type "application/x-protobuf;proto=io.prometheus.write.v3.Request" is not spoken here: remote write is application/x-protobuf, with proto=prometheus.WriteRequest (1.0) or proto=io.prometheus.write.v2.Request (2.0)`},
		{"zstd", typeV1, "zstd", v1, 415, `Content-Encoding "zstd" is not spoken here: remote write is compressed with snappy`},
		{"no encoding", typeV1, "", raw, 415, `Content-Encoding "" is not spoken here: remote write is compressed with snappy`},
		{"empty body", typeV1, "snappy", nil, 400, "the body is not snappy: the size it claims is impossible"},
		{"not snappy", typeV1, "snappy", []byte("hello, world, this is not snappy"), 400, "the body is not valid snappy: it is truncated or damaged"},
		{"truncated snappy", typeV1, "snappy", v1[:len(v1)-3], 400, "the body is not valid snappy: it is truncated or damaged"},
		{"claims 4 GiB", typeV1, "snappy", lie(4<<30-1, v1), 400, "the body is not snappy: the size it claims is impossible"},
		{"claims more than there can be", typeV1, "snappy", lie(1<<20, v1), 400, "the body is not snappy: the size it claims is impossible"},
		{"garbage", typeV1, "snappy", snappy.Encode(nil, []byte("garbage \xff\xff\xff")), 400, "the protobuf message is truncated or malformed"},
		{"truncated protobuf", typeV1, "snappy", snappy.Encode(nil, raw[:len(raw)-2]), 400, "the protobuf message is truncated or malformed"},
		{"wrong wire type", typeV1, "snappy", snappy.Encode(nil, []byte{1 << 3, 1}), 400, "the protobuf message has a field of the wrong wire type"},
		{"group", typeV1, "snappy", snappy.Encode(nil, []byte{9<<3 | 3, 9<<3 | 4}), 400, "the protobuf message is truncated or malformed"},
		{"2.0 sent as 1.0", typeV1, "snappy", v2, 400, "the body is a remote write 2.0 request, but the Content-Type says 1.0"},
		{"1.0 sent as 2.0", typeV2, "snappy", v1, 400, "the body is a remote write 1.0 request, but the Content-Type says 2.0"},
		{"no name", typeV1, "snappy", one([]string{"job", "a"}, at(0, 1)), 400, `series has no metric name (label __name__): series {job="a"} (missing_metric_name)` + oneOf1},
		{"empty name", typeV1, "snappy", one(named(""), at(0, 1)), 400, `series has no metric name (label __name__): series {} (missing_metric_name)` + oneOf1},
		{"no labels", typeV1, "snappy", one(nil, at(0, 1)), 400, `series has no metric name (label __name__): series {} (missing_metric_name)` + oneOf1},
		{"empty label name", typeV1, "snappy", one(named("up", "", "x"), at(0, 1)), 400, `label name is empty: series {="x", __name__="up"} (label_invalid)` + oneOf1},
		{"name not UTF-8", typeV1, "snappy", one(named("u\xffp"), at(0, 1)), 400, `metric name is not valid UTF-8: "u\xffp": series {__name__="u\xffp"} (metric_name_invalid)` + oneOf1},
		{"value not UTF-8", typeV1, "snappy", one(named("up", "a", "\xc3("), at(0, 1)), 400, `value of label "a" is not valid UTF-8: series {__name__="up", a="\xc3("} (label_invalid)` + oneOf1},
		{"duplicate labels", typeV1, "snappy", one(named("up", "a", "1", "b", "2", "a", "1"), at(0, 1)), 400, `duplicate label name: "a": series {__name__="up", a="1", a="1", b="2"} (duplicate_label_names)` + oneOf1},
		{"year 1", typeV1, "snappy", one(named("up"), prompb.Sample{Timestamp: -62135596800000}), 400, `timestamp too old: series {__name__="up"}, sample time 0001-01-01T00:00:00Z, limit 1970-01-01T00:00:00Z (greater_than_max_sample_age)` + oneOf1},
		{"year 9999", typeV1, "snappy", one(named("up"), prompb.Sample{Timestamp: 253402300799000}), 400, `timestamp too new: more than 10m0s ahead of the server's clock: series {__name__="up"}, sample time 9999-12-31T23:59:59Z, limit 2026-11-20T12:10:00Z (too_far_in_future)` + oneOf1},
		{"end of time", typeV1, "snappy", one(named("up"), prompb.Sample{Timestamp: math.MaxInt64}), 400, `timestamp too new: more than 10m0s ahead of the server's clock: series {__name__="up"}, sample time 9223372036854775807, limit 2026-11-20T12:10:00Z (too_far_in_future)` + oneOf1},
		{"two values for one time", typeV1, "snappy", one(named("up"), at(0, 1), at(0, 2)), 400, `samples with different value but same timestamp (duplicate sample for timestamp) in one request: series {__name__="up"}, sample time 2026-11-20T12:00:00Z, newest sample of the series 2026-11-20T12:00:00Z (new-value-for-timestamp); this one sample of 2 was refused, all others are stored`},
		{"symbol out of range", typeV2, "snappy", v2req(func(r *writev2.Request) { r.Timeseries[0].LabelsRefs[1] = 99 }), 400, "a series has an odd number of label references, or one outside the symbol table"},
		{"odd references", typeV2, "snappy", v2req(func(r *writev2.Request) { r.Timeseries[0].LabelsRefs = []uint32{1, 2, 1} }), 400, "a series has an odd number of label references, or one outside the symbol table"},
		{"metadata out of range", typeV2, "snappy", v2req(func(r *writev2.Request) { r.Timeseries[0].Metadata.HelpRef = 99 }), 400, `metadata refers outside the symbol table: series {__name__="up"} (label_invalid)` + oneOf1},
		{"2.0 without samples", typeV2, "snappy", v2req(func(r *writev2.Request) { r.Timeseries[0].Samples = nil }), 400, `TimeSeries must contain at least one sample or histogram: series {__name__="up"} (label_invalid)` + oneOf1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newWorkbench(t)
			w := b.post(tc.contentType, tc.encoding, tc.body)
			want(t, w, tc.code, tc.sentence)
			b.wantGood()
		})
	}
}

func TestBadSeriesDoNotHinderGoodOnes(t *testing.T) {
	b := newWorkbench(t)
	w := b.v1(
		ts(named("a"), at(0, 1)), ts(named("", "x", "1"), at(0, 1), at(1, 1)), ts(named("b"), at(0, 1), at(24*time.Hour, 1)), ts(named("c"), at(0, 1)),
	)
	want(t, w, 400, `series has no metric name (label __name__): series {x="1"} (missing_metric_name); 3 of 6 samples were refused, all others are stored`)
	b.wantStored(`{__name__="a"} 2026-11-20T12:00:00Z 1`, `{__name__="b"} 2026-11-20T12:00:00Z 1`, `{__name__="c"} 2026-11-20T12:00:00Z 1`)
	if len(b.events) != 2 {
		t.Fatalf("%d events, want 2", len(b.events))
	}
	e := b.events[1]
	for name, want := range map[string]string{
		hearth.DetailReason: tooFarAhead, hearth.DetailMetric: "b", hearth.DetailLabels: `{__name__="b"}`,
		hearth.DetailSampleTime: "2026-11-21T12:00:00Z", hearth.DetailLimitTime: "2026-11-20T12:10:00Z", hearth.DetailSender: "test/1",
	} {
		if got := e.Detail(name); got != want {
			t.Errorf("detail %s is %q, want %q", name, got, want)
		}
	}
	if e.RequestID != "req-1" || e.Kind != hearth.EventRejected || e.Workspace != b.ws.ID {
		t.Errorf("event %+v", e)
	}
}

func TestOutOfOrderNamesBothTimes(t *testing.T) {
	b := newWorkbench(t, func(l *hearth.Limits) { l.OutOfOrderWindow = 0 })
	want(t, b.v1(ts(named("up"), at(0, 1)), ts(named("other"), at(time.Minute, 1))), 200, "")
	want(t, b.v1(ts(named("up"), at(-time.Second, 1))), 400,
		`out of order sample: series {__name__="up"}, sample time 2026-11-20T11:59:59Z, newest sample of the series 2026-11-20T12:00:00Z (sample-out-of-order); this one sample of 1 was refused, all others are stored`)
	want(t, b.v1(ts(named("up"), at(0, 2))), 400,
		`samples with different value but same timestamp (duplicate sample for timestamp): series {__name__="up"}, sample time 2026-11-20T12:00:00Z, newest sample of the series 2026-11-20T12:00:00Z (new-value-for-timestamp); this one sample of 1 was refused, all others are stored`)
	if got := b.events[0].Detail(hearth.DetailLastTime); got != "2026-11-20T12:00:00Z" {
		t.Errorf("last time %q", got)
	}
}

func TestOutOfOrderWindow(t *testing.T) {
	b := newWorkbench(t) // one minute
	want(t, b.v1(ts(named("up"), at(0, 1))), 200, "")
	want(t, b.v1(ts(named("up"), at(-30*time.Second, 2))), 200, "")
	want(t, b.v1(ts(named("up"), at(-time.Hour, 3))), 400,
		`too old sample (out of order sample): series {__name__="up"}, sample time 2026-11-20T11:00:00Z, newest sample of the series 2026-11-20T12:00:00Z, limit 2026-11-20T11:59:00Z (sample-too-old); this one sample of 1 was refused, all others are stored`)
	b.wantStored(`{__name__="up"} 2026-11-20T11:59:30Z 2`, `{__name__="up"} 2026-11-20T12:00:00Z 1`)
}

// The engine would drop these silently when it commits.
func TestNothingOfOneRequestIsLostSilently(t *testing.T) {
	b := newWorkbench(t, func(l *hearth.Limits) { l.OutOfOrderWindow = 0 })
	w := b.v1(ts(named("up"), at(time.Second, 2), at(0, 1)), ts(named("up"), at(time.Second, 2)), ts(named("up"), at(0, 1)), ts(named("up"), at(time.Second, 9)))
	want(t, w, 400, `out of order sample: series {__name__="up"}, sample time 2026-11-20T12:00:00Z, newest sample of the series 2026-11-20T12:00:01Z (sample-out-of-order); 2 of 5 samples were refused, all others are stored`)
	b.wantStored(`{__name__="up"} 2026-11-20T12:00:00Z 1`, `{__name__="up"} 2026-11-20T12:00:01Z 2`)
}

func TestElementsAreCountedWhileParsing(t *testing.T) {
	b := newWorkbench(t)
	empty := snappy.Encode(nil, bytes.Repeat([]byte{0x0A, 0x00}, 8_000_000))
	before := heapInUse()
	want(t, b.post(typeV1, "snappy", empty), 413, "the request has more than 100000 series: send smaller batches")
	if grown := heapInUse() - before; grown > 200<<20 {
		t.Errorf("memory grew by %d MiB", grown>>20)
	}
	var s bytes.Buffer // one series of many samples
	s.Write(bytes.Repeat([]byte{0x12, 0x00}, 1_000_000))
	body := append([]byte{0x0A, 0x80, 0x89, 0x7A}, s.Bytes()...)
	want(t, b.post(typeV1, "snappy", snappy.Encode(nil, body)), 413, "the request has more than 500000 samples: send smaller batches")
	want(t, b.post(typeV2, "snappy", snappy.Encode(nil, bytes.Repeat([]byte{0x22, 0x00}, 2_000_000))), 413, "the request has more than 1048576 symbols: send smaller batches")
	b.wantGood()
}

func heapInUse() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapSys)
}

func TestSizes(t *testing.T) {
	b := newWorkbench(t, func(l *hearth.Limits) {
		l.RequestBytes, l.DecodedBytes = 20_000, 100_000
		l.LabelNamesPerSeries, l.LabelValueBytes, l.LabelNameBytes, l.LabelBytes = 4, 50, 20, 100
	})
	tail := "; this one sample of 1 was refused, all others are stored"
	want(t, b.post(typeV1, "snappy", make([]byte, 20_001)), 413, "the request has more than 20000 bytes: send smaller batches")
	want(t, b.post(typeV1, "snappy", snappy.Encode(nil, make([]byte, 100_001))), 413, "the decompressed request would have 100001 bytes (limit: 100000): send smaller batches")
	want(t, b.v1(ts(named("up", "a", "1", "b", "2", "c", "3", "d", "4"), at(0, 1))), 400,
		`series has too many labels (actual: 5, limit: 4): series {__name__="up", a="1", b="2", c="3", d="4"} (max_label_names_per_series)`+tail)
	want(t, b.v1(ts(named("up", "a", strings.Repeat("x", 51)), at(0, 1))), 400,
		`value of label "a" too long (actual: 51 bytes, limit: 50 bytes): series {__name__="up", a="`+strings.Repeat("x", 51)+`"} (label_value_too_long)`+tail)
	want(t, b.v1(ts(named("up", strings.Repeat("n", 21), "x"), at(0, 1))), 400,
		`label name too long (actual: 21 bytes, limit: 20 bytes): "nnnnnnnnnnnnnnnnnnnnn": series {__name__="up", nnnnnnnnnnnnnnnnnnnnn="x"} (label_invalid)`+tail)
	want(t, b.v1(ts(named("up", "a", strings.Repeat("x", 50), "b", strings.Repeat("y", 50)), at(0, 1))), 400,
		`the labels of the series are too big together (actual: 112 bytes, limit: 100 bytes): series {__name__="up", a="`+strings.Repeat("x", 50)+`", b="`+strings.Repeat("y", 50)+`"} (label_value_too_long)`+tail)
	b.wantGood()
}

func TestHugeLabelIsRefusedShortly(t *testing.T) {
	b := newWorkbench(t)
	w := b.v1(ts(named("up", "a", strings.Repeat("é", 5<<20)), at(0, 1)))
	if w.Code != 400 || w.Body.Len() > 2000 || !strings.Contains(w.Body.String(), "label_value_too_long") {
		t.Errorf("%d, %d bytes: %.300s", w.Code, w.Body.Len(), w.Body)
	}
	b.wantGood()
}

func TestSampleAge(t *testing.T) {
	b := newWorkbench(t, func(l *hearth.Limits) { l.MaxSampleAge = time.Hour })
	want(t, b.v1(ts(named("up"), at(-61*time.Minute, 1), at(-59*time.Minute, 1))), 400,
		`timestamp too old: series {__name__="up"}, sample time 2026-11-20T10:59:00Z, limit 2026-11-20T11:00:00Z (greater_than_max_sample_age); this one sample of 2 was refused, all others are stored`)
	b.wantStored(`{__name__="up"} 2026-11-20T11:01:00Z 1`)
}

func TestRateLimitIsAllOrNothing(t *testing.T) {
	b := newWorkbench(t, func(l *hearth.Limits) { l.IngestRate, l.IngestBurst = 2, 4 })
	want(t, b.v1(ts(named("a"), at(0, 1)), ts(named("b"), at(0, 1)), ts(named("c"), at(0, 1))), 200, "")
	w := b.v1(ts(named("a"), at(time.Second, 1)), ts(named("d"), at(0, 1)))
	want(t, w, 429, "ingestion rate limit (2) exceeded while adding 2 samples and 0 metadata")
	if w.Header().Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
	}
	if got := len(b.stored()); got != 3 {
		t.Errorf("%d samples stored, want 3", got)
	}
	b.pass(time.Second)
	want(t, b.v1(ts(named("a"), at(time.Second, 1)), ts(named("d"), at(0, 1))), 200, "")
	if b.events[0].Detail(hearth.DetailReason) != rateLimited {
		t.Errorf("event %+v", b.events[0])
	}
}

func TestSeriesLimit(t *testing.T) {
	b := newWorkbench(t, func(l *hearth.Limits) { l.ActiveSeries = 2 })
	want(t, b.v1(ts(named("a"), at(0, 1)), ts(named("b"), at(0, 1)), ts(named("c"), at(0, 1))), 400,
		`user=000000000000_ws-00000000-0000-4000-8000-000000000001: per-user series limit of 2 exceeded, please contact administrator to raise it: series {__name__="c"}, sample time 2026-11-20T12:00:00Z (per_user_series_limit); this one sample of 3 was refused, all others are stored`)
	want(t, b.v1(ts(named("a"), at(time.Second, 1)), ts(named("b"), at(time.Second, 1))), 200, "")
}

func TestEngineErrors(t *testing.T) {
	b := newWorkbench(t)
	b.engine.fail = &hearth.Error{Kind: hearth.Unavailable, Msg: "the engine is starting", RetryAfter: 1500 * time.Millisecond}
	w := b.v1(ts(named("up"), at(0, 1)))
	want(t, w, 503, "the engine is starting")
	if w.Header().Get("Retry-After") != "2" {
		t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
	}
	b.engine.fail = &hearth.Error{Kind: hearth.NotFound, Msg: "Workspace not found"}
	want(t, b.v1(ts(named("up"), at(0, 1))), 404, `{"Message":"Workspace not found"}`)
	b.engine.fail = nil
	want(t, b.v1(ts(named("up"), at(0, 1))), 200, "")
	h := b.engine.heads[b.ws.ID]
	h.failWith = &hearth.Error{Kind: hearth.Unavailable, Msg: "the disk is full"}
	want(t, b.v1(ts(named("up"), at(time.Second, 1)), ts(named("new"), at(0, 1))), 503, "the disk is full")
	h.failWith = nil
	want(t, b.v1(ts(named("up"), at(time.Second, 1)), ts(named("new"), at(0, 1))), 200, "")
	b.wantStored(`{__name__="new"} 2026-11-20T12:00:00Z 1`, `{__name__="up"} 2026-11-20T12:00:00Z 1`, `{__name__="up"} 2026-11-20T12:00:01Z 1`)
}

func TestProbeOfVMAgent(t *testing.T) {
	b := newWorkbench(t)
	req := httptest.NewRequest(http.MethodPost, "/api/v1/remote_write?get_vm_proto_version=1", nil)
	want(t, b.do(req, b.room.RemoteWrite), 400, "VictoriaMetrics' own remote write protocol is not spoken here: use Prometheus' remote write with snappy")
}

func TestBudgetOfBytes(t *testing.T) {
	b := newWorkbench(t)
	b.room = New(Options{Engine: b.engine, Now: b.clock, InFlightBytes: 1000})
	w := b.post(typeV1, "snappy", lie(600, make([]byte, 600)))
	want(t, w, 503, "too many bytes of requests are being worked on; send again in a moment")
	if w.Header().Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
	}
	b.wantGood()
	w = b.v1(ts(named("up", "a", strings.Repeat("x", 300)), at(0, 1))) // the body fits, its contents do not
	want(t, w, 503, "too many bytes of requests are being worked on; send again in a moment")
	if b.room.gate.held != 0 {
		t.Errorf("%d bytes still held", b.room.gate.held)
	}
}

// One workspace may hold half of the room; another still gets in.
func TestNoisyWorkspaceLeavesRoom(t *testing.T) {
	b := newWorkbench(t)
	b.room = New(Options{Engine: b.engine, Now: b.clock, InFlightBytes: 1000, Slots: 2})
	noisy := b.room.workspaces.enter("ws-noisy", b.now)
	p, err := b.room.gate.enter(noisy, 500)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.start(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := b.room.gate.enter(noisy, 1); hearth.KindOf(err) != hearth.Unavailable {
		t.Errorf("more than half: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	waiting := &pass{gate: b.room.gate, workspace: noisy}
	if err := waiting.start(ended, 0); hearth.KindOf(err) != hearth.Unavailable {
		t.Errorf("a second turn at once: %v", err)
	}
	b.wantGood()
	p.leave()
	noisy.leave()
	if b.room.gate.held != 0 || len(b.room.gate.slots) != 0 {
		t.Errorf("%d bytes and %d turns still held", b.room.gate.held, len(b.room.gate.slots))
	}
}
