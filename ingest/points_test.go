package ingest

import (
	"fmt"
	"math"

	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// pointsOf spells out the samples of one series.
func pointsOf(s storage.Series) (all []point) {
	it := s.Iterator(nil)
	for typ := it.Next(); typ != chunkenc.ValNone; typ = it.Next() {
		p := point{Series: s.Labels().String()}
		switch typ {
		case chunkenc.ValFloat:
			t, v := it.At()
			p.T, p.V = t, fmt.Sprintf("%v %x", v, math.Float64bits(v))
		case chunkenc.ValHistogram:
			t, h := it.AtHistogram(nil)
			p.T, p.V = t, fmt.Sprintf("%d %s", h.Schema, h)
		default:
			t, h := it.AtFloatHistogram(nil)
			p.T, p.V = t, fmt.Sprintf("%d %s", h.Schema, h)
		}
		all = append(all, p)
	}
	return all
}
