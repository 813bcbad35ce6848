package ingest

import (
	"fmt"
	"math"

	"github.com/prometheus/prometheus/model/histogram"
)

// maxHistogramBytes bounds the encoded histograms of a request together. Decoded
// they are up to eight times as big.
const maxHistogramBytes = 1 << 24

// A rawHistogram gathers the fields of a Histogram message before it is known
// whether its counts are integers or floats.
type rawHistogram struct {
	histSample
	isFloat            bool
	count, zero        uint64 // as on the wire
	zeroFloat          bool
	sum, threshold     float64
	schema             int32
	hint               histogram.CounterResetHint
	negSpans, posSpans []histogram.Span
	negDelta, posDelta []int64
	negCount, posCount []float64
	custom             []float64
}

// histogram reads a Histogram of either protocol.
func (b *batch) histogram(m []byte) error {
	var r rawHistogram
	err := eachField(m, func(f field) error {
		if b.histBytes += 1 + len(f.b); b.histBytes > maxHistogramBytes {
			return tooMany("bytes of native histograms", maxHistogramBytes)
		}
		if f.wire == wireBytes || f.id >= 8 && f.id <= 13 || f.id == 16 {
			return r.list(f)
		}
		return r.number(f)
	})
	if err != nil {
		return err
	}
	b.hists = append(b.hists, r.sample())
	return nil
}

// number takes a field that is one number.
func (r *rawHistogram) number(f field) error {
	wires := [...]int{1: wireVarint, 2: wireFixed64, 3: wireFixed64, 4: wireVarint, 5: wireFixed64, 6: wireVarint, 7: wireFixed64, 14: wireVarint, 15: wireVarint, 17: wireVarint}
	if f.id >= uint64(len(wires)) {
		return nil
	}
	if f.wire != wires[f.id] {
		return errWireType
	}
	switch f.id {
	case 1, 2:
		r.count, r.isFloat = f.num, f.id == 2
	case 3:
		r.sum = math.Float64frombits(f.num)
	case 4:
		r.schema = int32(unzigzag(f.num & math.MaxUint32))
	case 5:
		r.threshold = math.Float64frombits(f.num)
	case 6, 7:
		r.zero, r.zeroFloat = f.num, f.id == 7
	case 14:
		r.hint = histogram.CounterResetHint(f.num)
	case 15:
		r.t = int64(f.num)
	case 17:
		r.st = int64(f.num)
	}
	return nil
}

// list takes a repeated field: a span, or packed or single numbers.
func (r *rawHistogram) list(f field) (err error) {
	switch f.id {
	case 8:
		r.negSpans, err = appendSpan(r.negSpans, f)
	case 9:
		r.negDelta, err = appendDeltas(r.negDelta, f)
	case 10:
		r.negCount, err = appendFloats(r.negCount, f)
	case 11:
		r.posSpans, err = appendSpan(r.posSpans, f)
	case 12:
		r.posDelta, err = appendDeltas(r.posDelta, f)
	case 13:
		r.posCount, err = appendFloats(r.posCount, f)
	case 16:
		r.custom, err = appendFloats(r.custom, f)
	default:
		if f.id <= 17 {
			return errWireType
		}
	}
	return err
}

func appendSpan(s []histogram.Span, f field) ([]histogram.Span, error) {
	if f.wire != wireBytes {
		return s, errWireType
	}
	var sp histogram.Span
	err := eachField(f.b, func(f field) error {
		if f.id <= 2 && f.wire != wireVarint {
			return errWireType
		}
		switch f.id {
		case 1:
			sp.Offset = int32(unzigzag(f.num & math.MaxUint32))
		case 2:
			sp.Length = uint32(f.num)
		}
		return nil
	})
	return append(s, sp), err
}

func appendDeltas(s []int64, f field) ([]int64, error) {
	if f.wire == wireVarint {
		return append(s, unzigzag(f.num)), nil
	}
	if f.wire != wireBytes {
		return s, errWireType
	}
	for i := 0; i < len(f.b); {
		v, next := uvarint(f.b, i)
		if next < 0 {
			return s, errTruncated
		}
		s, i = append(s, unzigzag(v)), next
	}
	return s, nil
}

func appendFloats(s []float64, f field) ([]float64, error) {
	if f.wire == wireFixed64 {
		return append(s, math.Float64frombits(f.num)), nil
	}
	if f.wire != wireBytes || len(f.b)%8 != 0 {
		return s, errWireType
	}
	for i := 0; i < len(f.b); i += 8 {
		v, _ := fixed64(f.b, i)
		s = append(s, math.Float64frombits(v))
	}
	return s, nil
}

// sample builds the histogram. The engine keeps it, so nothing in it is pooled.
func (r *rawHistogram) sample() histSample {
	if r.isFloat {
		r.fh = &histogram.FloatHistogram{
			CounterResetHint: r.hint, Schema: r.schema, ZeroThreshold: r.threshold, Sum: r.sum,
			Count: math.Float64frombits(r.count), ZeroCount: floatIf(r.zeroFloat, r.zero),
			PositiveSpans: r.posSpans, NegativeSpans: r.negSpans,
			PositiveBuckets: r.posCount, NegativeBuckets: r.negCount, CustomValues: r.custom,
		}
		return r.histSample
	}
	r.h = &histogram.Histogram{
		CounterResetHint: r.hint, Schema: r.schema, ZeroThreshold: r.threshold, Sum: r.sum, Count: r.count,
		PositiveSpans: r.posSpans, NegativeSpans: r.negSpans,
		PositiveBuckets: r.posDelta, NegativeBuckets: r.negDelta, CustomValues: r.custom,
	}
	if !r.zeroFloat {
		r.h.ZeroCount = r.zero
	}
	return r.histSample
}

func floatIf(ok bool, bits uint64) float64 {
	if !ok {
		return 0
	}
	return math.Float64frombits(bits)
}

// check refuses a histogram that makes no sense, and lowers the resolution of one
// with more buckets than limit. reduced says that it did.
func (s *histSample) check(limit int) (reduced bool, r *refusal) {
	schema := s.schema()
	if !histogram.IsKnownSchema(schema) || schema < histogram.ExponentialSchemaMin && !histogram.IsCustomBucketsSchema(schema) {
		return false, refuse(histogramSchema, histogram.InvalidSchemaError(schema).Error())
	}
	if schema > histogram.ExponentialSchemaMax {
		if err := s.reduce(histogram.ExponentialSchemaMax); err != nil {
			return false, refuse(histogramInvalid, err.Error())
		}
		reduced = true
	}
	if err := s.validate(); err != nil {
		return false, refuse(histogramInvalid, err.Error())
	}
	for limit > 0 && s.buckets() > limit {
		if s.schema() <= histogram.ExponentialSchemaMin { // custom buckets are below, too
			return false, refuse(histogramBuckets, fmt.Sprintf("native histogram has too many buckets (actual: %d, limit: %d)", s.buckets(), limit)).bound(limit, s.buckets())
		}
		if err := s.reduce(s.schema() - 1); err != nil {
			return false, refuse(histogramInvalid, err.Error())
		}
		reduced = true
	}
	return reduced, nil
}

func (s *histSample) schema() int32 {
	if s.fh != nil {
		return s.fh.Schema
	}
	return s.h.Schema
}

func (s *histSample) buckets() int {
	if s.fh != nil {
		return len(s.fh.PositiveBuckets) + len(s.fh.NegativeBuckets)
	}
	return len(s.h.PositiveBuckets) + len(s.h.NegativeBuckets)
}

func (s *histSample) reduce(schema int32) error {
	if s.fh != nil {
		return s.fh.ReduceResolution(schema)
	}
	return s.h.ReduceResolution(schema)
}

func (s *histSample) validate() error {
	if s.fh != nil {
		return s.fh.Validate()
	}
	return s.h.Validate()
}

// equal tells whether two histograms are the same.
func (s *histSample) equal(o *histSample) bool {
	if s.fh != nil {
		return o.fh != nil && s.fh.Equals(o.fh)
	}
	return o.h != nil && s.h.Equals(o.h)
}
