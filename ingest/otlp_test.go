package ingest

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"

	"github.com/hearth-metrics/hearth"
)

// otlpExample is a request with a counter, a gauge and an exponential histogram.
func otlpExample() pmetricotlp.ExportRequest {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "shop")
	ms := rm.ScopeMetrics().AppendEmpty().Metrics()
	at := pcommon.NewTimestampFromTime(testTime)

	c := ms.AppendEmpty()
	c.SetName("http.requests")
	c.SetEmptySum().SetIsMonotonic(true)
	c.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	p := c.Sum().DataPoints().AppendEmpty()
	p.SetTimestamp(at)
	p.SetIntValue(7)
	p.Attributes().PutStr("code", "200")

	g := ms.AppendEmpty()
	g.SetName("temperature")
	gp := g.SetEmptyGauge().DataPoints().AppendEmpty()
	gp.SetTimestamp(at)
	gp.SetDoubleValue(21.5)

	h := ms.AppendEmpty()
	h.SetName("latency")
	h.SetEmptyExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	hp := h.ExponentialHistogram().DataPoints().AppendEmpty()
	hp.SetTimestamp(at)
	hp.SetScale(1)
	hp.SetCount(3)
	hp.Positive().BucketCounts().FromRaw([]uint64{1, 2})
	return pmetricotlp.NewExportRequestFromMetrics(md)
}

func (b *workbench) otlp(contentType, encoding string, body []byte) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodPost, "/workspaces/"+string(b.ws.ID)+"/api/v1/otlp/v1/metrics", bytes.NewReader(body))
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Content-Encoding", encoding)
	return b.do(req, b.room.OTLP)
}

func zipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	zw := gzip.NewWriter(&out)
	if _, err := zw.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestOTLP(t *testing.T) {
	pb, err := otlpExample().MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	js, err := otlpExample().MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, contentType, encoding string
		body                        []byte
		answer                      string
	}{
		{"protobuf", "application/x-protobuf", "", pb, ""},
		{"protobuf with gzip", "application/x-protobuf", "gzip", zipped(t, pb), ""},
		{"JSON", "application/json", "", js, "{}"},
		{"JSON with gzip", "application/json; charset=utf-8", "gzip", zipped(t, js), "{}"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newWorkbench(t)
			want(t, b.otlp(tc.contentType, tc.encoding, tc.body), 200, tc.answer)
			got := strings.Join(b.stored(), "\n")
			for _, line := range []string{
				`{__name__="http_requests_total", code="200", job="shop"} 2026-11-20T12:00:00Z 7`,
				`{__name__="temperature", job="shop"} 2026-11-20T12:00:00Z 21.5`,
				`{__name__="latency", job="shop"} 2026-11-20T12:00:00Z 1`,
			} {
				if !strings.Contains(got, line) {
					t.Errorf("%q is not among\n%s", line, got)
				}
			}
		})
	}
}

func TestBadOTLP(t *testing.T) {
	pb, err := otlpExample().MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	deep := strings.Repeat(`{"resourceMetrics":[`, 40)
	for _, tc := range []struct {
		name, contentType, encoding string
		body                        []byte
		code                        int
		sentence                    string
	}{
		{"text", "text/plain", "", pb, 415, `Content-Type "text/plain" is not spoken here: OTLP is application/x-protobuf or application/json`},
		{"snappy", "application/x-protobuf", "snappy", pb, 415, `Content-Encoding "snappy" is not spoken here: OTLP is sent plain or with gzip`},
		{"not gzip", "application/x-protobuf", "gzip", pb, 400, "the body is not gzip"},
		{"truncated gzip", "application/x-protobuf", "gzip", zipped(t, pb)[:40], 400, "the body is not valid gzip: it is truncated or damaged"},
		{"gzip bomb", "application/x-protobuf", "gzip", zipped(t, make([]byte, 3_000_001)), 413, "the request has more than 3000000 bytes: send smaller batches"},
		{"truncated", "application/x-protobuf", "", pb[:len(pb)-2], 400, "the protobuf message is truncated or malformed"},
		{"not JSON", "application/json", "", []byte(`{"resourceMetrics":[{]}`), 400, "the body is not an OTLP metrics request"},
		{"deep JSON", "application/json", "", []byte(deep), 400, "the OTLP request is nested too deeply"},
		{"empty messages", "application/x-protobuf", "", bytes.Repeat([]byte{0x0A, 0x00}, 1_000_001), 413, "the request has more than 1000000 OTLP messages: send smaller batches"},
		{"empty points", "application/x-protobuf", "", wrap(t, bytes.Repeat([]byte{0x0A, 0x00}, 600_000), 5, 2, 2, 1), 413, "the request has more than 500000 data points: send smaller batches"},
		{"deep values", "application/x-protobuf", "", wrap(t, nested(t, 40), 12, 2, 2, 1), 400, "the OTLP request is nested too deeply"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newWorkbench(t, func(l *hearth.Limits) { l.DecodedBytes = 3_000_000 })
			want(t, b.otlp(tc.contentType, tc.encoding, tc.body), tc.code, tc.sentence)
			b.wantGood()
		})
	}
}

// wrap puts b into field after field, the innermost first.
func wrap(t testing.TB, b []byte, fields ...byte) []byte {
	t.Helper()
	for _, f := range fields {
		head := []byte{f<<3 | wireBytes}
		n := len(b)
		for ; n >= 0x80; n >>= 7 {
			head = append(head, byte(n)|0x80)
		}
		b = append(append(head, byte(n)), b...)
	}
	return b
}

// nested is a KeyValue whose value is a list of lists of lists…
func nested(t testing.TB, depth int) []byte {
	var b []byte
	for range depth {
		b = wrap(t, b, 1, 5) // ArrayValue.values, AnyValue.array_value
	}
	return wrap(t, b, 2)
}

func TestOTLPRefusesWhatRemoteWriteRefuses(t *testing.T) {
	b := newWorkbench(t)
	late := otlpExample()
	late.Metrics().ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(1).Gauge().DataPoints().At(0).
		SetTimestamp(pcommon.NewTimestampFromTime(testTime.Add(time.Hour)))
	pb, err := late.MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	w := b.otlp("application/x-protobuf", "", pb)
	if w.Code != 400 || !strings.HasPrefix(w.Body.String(), `timestamp too new: more than 10m0s ahead of the server's clock: series {__name__="temperature", job="shop"}`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if got := strings.Join(b.stored(), "\n"); !strings.Contains(got, "http_requests_total") || strings.Contains(got, "temperature") {
		t.Errorf("stored %s", got)
	}
	b.room.profile = hearth.AWSStrict
	if w := b.otlp("application/x-protobuf", "", pb); w.Code != 404 {
		t.Errorf("in profile aws-strict: %d %s", w.Code, w.Body)
	}
}

func FuzzOTLP(f *testing.F) {
	pb, err := otlpExample().MarshalProto()
	if err != nil {
		f.Fatal(err)
	}
	js, err := otlpExample().MarshalJSON()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(pb, false)
	f.Add(js, true)
	f.Add(nested(f, 3), false)
	b := newWorkbench(f)
	f.Fuzz(func(t *testing.T, body []byte, isJSON bool) {
		typ := "application/x-protobuf"
		if isJSON {
			typ = "application/json"
		}
		if w := b.otlp(typ, "", body); w.Code >= 500 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	})
}
