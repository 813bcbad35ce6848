package main

import (
	"math"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
)

// A got is one sample as a receiver reads it.
type got struct {
	Labels string
	Value  float64
	Time   int64
}

// Both protocols must say the same, and Prometheus' own decoders must read it.
func TestProtocolsCarryTheSameSamples(t *testing.T) {
	end := time.Unix(1_700_000_000, 0)
	one := newLoad(size{200, 3}, protocols["v1"], end, 1, fullRequest)
	two := newLoad(size{200, 3}, protocols["v2"], end, 1, fullRequest)
	for r := range one.bodies {
		a, b := decodeV1(t, one.bodies[r][0]), decodeV2(t, two.bodies[r][0])
		if len(a) != 200 {
			t.Fatalf("round %d holds %d samples, want 200", r, len(a))
		}
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("round %d: 1.0 (-) and 2.0 (+) differ:\n%s", r, diff)
		}
		if want := end.Add(time.Duration(r-2) * 15 * time.Second).UnixMilli(); a[0].Time != want {
			t.Errorf("round %d is at %d, want %d", r, a[0].Time, want)
		}
	}
}

func decode(t *testing.T, body []byte, m interface{ Unmarshal([]byte) error }) {
	t.Helper()
	raw, err := snappy.Decode(nil, body)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Unmarshal(raw); err != nil {
		t.Fatal(err)
	}
}

func decodeV1(t *testing.T, body []byte) (all []got) {
	t.Helper()
	var req prompb.WriteRequest
	decode(t, body, &req)
	b := labels.NewScratchBuilder(0)
	for _, s := range req.Timeseries {
		for _, x := range s.Samples {
			all = append(all, got{s.ToLabels(&b, nil).String(), x.Value, x.Timestamp})
		}
	}
	return all
}

func decodeV2(t *testing.T, body []byte) (all []got) {
	t.Helper()
	var req writev2.Request
	decode(t, body, &req)
	b := labels.NewScratchBuilder(0)
	for _, s := range req.Timeseries {
		lset, err := s.ToLabels(&b, req.Symbols)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := s.ToMetadata(req.Symbols); err != nil || m.Type == "unknown" || m.Help == "" {
			t.Errorf("%s has no metadata: %+v", lset, m)
		}
		for _, x := range s.Samples {
			all = append(all, got{lset.String(), x.Value, x.Timestamp})
		}
	}
	return all
}

func TestFleetLooksLikeACluster(t *testing.T) {
	fleet := newFleet(200, 1)
	names, text := 0, 0
	seen := map[string]bool{}
	for _, p := range fleet {
		p.tick()
		if len(p.series) != seriesPerPod || len(p.values) != seriesPerPod {
			t.Fatalf("a pod has %d series and %d values, want %d", len(p.series), len(p.values), seriesPerPod)
		}
		for i, s := range p.series {
			key := ""
			for _, l := range s {
				names++
				text += len(l.name) + len(l.value)
				key += l.name + "\x00" + l.value + "\x00"
			}
			if seen[key] {
				t.Fatalf("series %q comes twice", key)
			}
			seen[key] = true
			if math.IsNaN(p.values[i]) || p.values[i] < 0 {
				t.Errorf("series %q is %v", key, p.values[i])
			}
		}
	}
	total := float64(len(fleet) * seriesPerPod)
	t.Logf("%.1f labels and %.0f bytes of them a series", float64(names)/total, float64(text)/total)
	if l := float64(names) / total; l < 10 || l > 12 {
		t.Errorf("%.1f labels a series, want about 11", l)
	}
	if b := float64(text) / total; b < 260 || b > 290 {
		t.Errorf("%.0f label bytes a series, want about 273", b)
	}
}

func TestCountersOnlyGrow(t *testing.T) {
	p := newFleet(1, 7)[0]
	p.tick()
	before := append([]float64(nil), p.values...)
	for range 50 {
		p.tick()
	}
	for i, v := range p.values {
		if (p.types[i] == counter || p.types[i] == histogram) && v < before[i] {
			t.Errorf("%v fell from %v to %v", p.series[i], before[i], v)
		}
	}
}

func TestSameSeedSameBytes(t *testing.T) {
	end := time.Unix(1_700_000_000, 0)
	a := newLoad(size{4_000, 2}, protocols["v1"], end, 3, fullRequest)
	b := newLoad(size{4_000, 2}, protocols["v1"], end, 3, fullRequest)
	if diff := cmp.Diff(a.bodies, b.bodies); diff != "" {
		t.Error("two loads of one seed differ")
	}
	t.Logf("%.1f bytes a sample, %.1f on the wire", float64(a.raw)/float64(a.size.samples()), float64(a.wire())/float64(a.size.samples()))
}
