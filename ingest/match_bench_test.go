package ingest

import (
	"testing"

	"github.com/golang/snappy"

	"github.com/hearth-metrics/hearth"
)

// One op recognises one series by its bytes.
func benchMatch(b *testing.B, enc encoder, open func(*batch) (keys, error)) {
	series := podSeries(benchRequest)
	raw, err := snappy.Decode(nil, enc(series, testTime.UnixMilli(), func(int) float64 { return 1 }))
	if err != nil {
		b.Fatal(err)
	}
	p := &batch{buf: raw}
	k, err := open(p)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	i, from := 0, cpu()
	for b.Loop() {
		if !k.match(&p.series[i], text(series[i])) {
			b.Fatal("not recognised")
		}
		if i++; i == len(p.series) {
			i = 0
		}
	}
	b.ReportMetric(float64((cpu()-from).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

func BenchmarkMatchV1(b *testing.B) {
	benchMatch(b, encodeV1, func(p *batch) (keys, error) { return v1Keys{b: p}, p.decodeV1(hearth.Limits{}) })
}

func BenchmarkMatchV2(b *testing.B) {
	benchMatch(b, encodeV2, func(p *batch) (keys, error) { return v2Keys{b: p}, p.decodeV2(hearth.Limits{}) })
}

// One op parses a request of 2,000 series.
func BenchmarkDecode(b *testing.B) {
	series := podSeries(benchRequest)
	for _, tc := range []struct {
		name   string
		enc    encoder
		decode func(*batch) error
	}{
		{"V1", encodeV1, func(p *batch) error { return p.decodeV1(hearth.Limits{}) }},
		{"V2", encodeV2, func(p *batch) error { return p.decodeV2(hearth.Limits{}) }},
	} {
		b.Run(tc.name, func(b *testing.B) {
			body := tc.enc(series, testTime.UnixMilli(), func(int) float64 { return 1 })
			var p batch
			b.ReportAllocs()
			from := cpu()
			for b.Loop() {
				n, err := claimed(body, 0)
				if err != nil {
					b.Fatal(err)
				}
				p.series, p.samples, p.symbols = p.series[:0], p.samples[:0], p.symbols[:0]
				if err := p.decompress(body, n); err != nil {
					b.Fatal(err)
				}
				if err := tc.decode(&p); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((cpu()-from).Nanoseconds())/float64(b.N)/benchRequest, "cpu-ns/sample")
		})
	}
}
