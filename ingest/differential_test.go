package ingest

import (
	"encoding/binary"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/golang/snappy"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
	"github.com/prometheus/prometheus/tsdb/tsdbutil"
)

// randomRequest makes a request with all that can go right and wrong, in its own
// bounds.
func randomRequest(rnd *rand.Rand) *prompb.WriteRequest {
	req := &prompb.WriteRequest{}
	for range 1 + rnd.IntN(12) {
		s := ts(shuffled(rnd, randomLabels(rnd)))
		switch rnd.IntN(12) {
		case 0:
			s.Labels = append(s.Labels, s.Labels[rnd.IntN(len(s.Labels))]) // twice
		case 1:
			s.Labels[0].Name = "other" // perhaps without a name
		case 2:
			s.Labels[0].Value += "\xff"
		}
		for range rnd.IntN(4) {
			s.Samples = append(s.Samples, at(time.Duration(rnd.IntN(6)-1)*time.Second, float64(rnd.IntN(3))))
		}
		if rnd.IntN(10) == 0 {
			s.Samples = append(s.Samples, at(time.Duration(rnd.IntN(5)-2)*time.Hour, 1))
		}
		for range rnd.IntN(3) / 2 {
			t := testTime.UnixMilli() + int64(rnd.IntN(4))*1000
			switch rnd.IntN(4) {
			case 0:
				s.Histograms = append(s.Histograms, prompb.FromFloatHistogram(t, tsdbutil.GenerateTestFloatHistogram(int64(rnd.IntN(5)))))
			case 1:
				s.Histograms = append(s.Histograms, prompb.FromIntHistogram(t, tsdbutil.GenerateTestCustomBucketsHistogram(int64(rnd.IntN(5)))))
			case 2:
				s.Histograms = append(s.Histograms, prompb.FromIntHistogram(t, wide(1+rnd.IntN(1200), int32(rnd.IntN(20)-6))))
			default:
				s.Histograms = append(s.Histograms, prompb.FromIntHistogram(t, tsdbutil.GenerateTestHistogram(int64(rnd.IntN(5)))))
			}
		}
		req.Timeseries = append(req.Timeseries, s)
	}
	return req
}

// scatter writes the fields of message b in another order, with fields in between
// that nobody knows.
func scatter(t *testing.T, rnd *rand.Rand, b []byte) []byte {
	t.Helper()
	var fields [][]byte
	for i := 0; i < len(b); {
		_, next := nextField(b, i)
		if next < 0 {
			t.Fatal("the encoder wrote garbage")
		}
		fields = append(fields, b[i:next])
		i = next
	}
	var out []byte
	for _, i := range rnd.Perm(len(fields)) {
		if rnd.IntN(3) == 0 {
			out = append(out, 0xA2, 0x06, 2, 'h', 'i') // field 100
		}
		out = append(out, fields[i]...)
	}
	return out
}

// unpack writes packed references one by one, or in two pieces.
func unpack(rnd *rand.Rand, refs []uint32) (out []byte) {
	cut := rnd.IntN(len(refs) + 1)
	var packed []byte
	for _, r := range refs[:cut] {
		packed = binary.AppendUvarint(packed, uint64(r))
	}
	out = append(binary.AppendUvarint([]byte{1<<3 | wireBytes}, uint64(len(packed))), packed...)
	for _, r := range refs[cut:] {
		out = binary.AppendUvarint(append(out, 1<<3|wireVarint), uint64(r))
	}
	return out
}

// However a request is spelt on the wire, the same is stored as Prometheus' own
// decoder and its rules would have it, and what is not stored is told.
func TestStoresWhatPrometheusWould(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 99))
			req := randomRequest(rnd)
			v1, v2 := spellV1(t, rnd, req), spellV2(t, rnd, toV2(req))
			for typ, raw := range map[string][]byte{typeV1: v1, typeV2: v2} {
				expect := oracleOf(t, typ, raw)
				b := newWorkbench(t)
				w := b.post(typ, "snappy", snappy.Encode(nil, raw))
				got := b.engine.everything(t, b.ws.ID)
				if d := gocmp.Diff(expect, got); d != "" {
					t.Errorf("%s answered %d %s, stored (-prometheus +ours):\n%s", typ, w.Code, w.Body, d)
				}
				again := b.post(typ, "snappy", snappy.Encode(nil, raw)) // now that the series are known
				if d := gocmp.Diff(expect, b.engine.everything(t, b.ws.ID)); d != "" || again.Code != w.Code && w.Code/100 != 4 {
					t.Errorf("%s sent again answered %d %s, stored (-prometheus +ours):\n%s", typ, again.Code, again.Body, d)
				}
			}
		})
	}
}

func spellV1(t *testing.T, rnd *rand.Rand, req *prompb.WriteRequest) []byte {
	var raw []byte
	for _, s := range req.Timeseries {
		raw = append(raw, wrap(t, scatter(t, rnd, mustMarshal(t, &s)), 1)...)
	}
	return scatter(t, rnd, raw)
}

func spellV2(t *testing.T, rnd *rand.Rand, req *writev2.Request) []byte {
	var raw []byte
	for _, s := range req.Timeseries {
		refs := unpack(rnd, s.LabelsRefs)
		s.LabelsRefs = nil
		// The references keep their order, for they go in pairs.
		raw = append(raw, wrap(t, append(refs, scatter(t, rnd, mustMarshal(t, &s))...), 5)...)
	}
	for _, sym := range req.Symbols { // behind the series that refer to them
		raw = append(raw, wrap(t, []byte(sym), 4)...)
	}
	return raw
}

func oracleOf(t *testing.T, typ string, raw []byte) []point {
	t.Helper()
	if typ == typeV1 {
		var req prompb.WriteRequest
		if err := req.Unmarshal(raw); err != nil {
			t.Fatal(err)
		}
		return oracleStore(t, oracleV1(&req))
	}
	var req writev2.Request
	if err := req.Unmarshal(raw); err != nil {
		t.Fatal(err)
	}
	all, ok := oracleV2(&req)
	if !ok {
		t.Fatal("the references are wrong")
	}
	return oracleStore(t, all)
}
