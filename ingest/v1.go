package ingest

import (
	"encoding/binary"
	"math"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/metadata"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

// decodeV1 walks a prometheus.WriteRequest.
// https://prometheus.io/docs/specs/prw/remote_write_spec/
func (b *batch) decodeV1(l hearth.Limits) error {
	buf := b.buf // gather may move b.buf, but never changes what is decoded
	for i := 0; i < len(buf); {
		num, wire, next := tag(buf, i)
		if next < 0 {
			return errTruncated
		}
		if num == 4 || num == 5 {
			return malformed("the body is a remote write 2.0 request, but the Content-Type says 1.0")
		}
		if num != 1 && num != 3 {
			if i = skip(buf, next, wire); i < 0 {
				return errTruncated
			}
			continue
		}
		if wire != wireBytes {
			return errWireType
		}
		start, end := span(buf, next)
		if end < 0 {
			return errTruncated
		}
		var err error
		if num == 1 {
			err = b.seriesV1(buf, start, end, l)
		} else {
			err = b.metadataV1(buf[start:end], l)
		}
		if err != nil {
			return err
		}
		i = end
	}
	return nil
}

// labelTag stands before each label of a TimeSeries.
const labelTag = 1<<3 | wireBytes

// seriesV1 walks a TimeSeries. Labels are only delimited here.
func (b *batch) seriesV1(buf []byte, i, end int, l hearth.Limits) error {
	s, err := b.open(l)
	if err != nil {
		return err
	}
	body := buf[:end]
	if next := shortLabels(body, i); next > i {
		s.key, i = extent{uint32(i), uint32(next)}, next
	}
	if onlySample(body, i) {
		return b.pointV1(2, body, i+2, end, l)
	}
	for i < end {
		num, wire, next := tag(body, i)
		if next < 0 {
			return errTruncated
		}
		if num > 4 {
			if i = skip(body, next, wire); i < 0 {
				return errTruncated
			}
			continue
		}
		if wire != wireBytes {
			return errWireType
		}
		start, stop := span(body, next)
		if stop < 0 {
			return errTruncated
		}
		if num == 1 {
			s.key = b.extend(s.key, i, stop)
		} else if err := b.pointV1(num, body, start, stop, l); err != nil {
			return err
		}
		i = stop
	}
	return nil
}

// shortLabels steps over label fields of fewer than 128 bytes, which is how nearly
// every series begins, and returns where they end.
func shortLabels(b []byte, i int) int {
	for i+1 < len(b) && b[i] == labelTag && b[i+1] < 0x80 {
		next := i + 2 + int(b[i+1])
		if next > len(b) {
			break
		}
		i = next
	}
	return i
}

// sampleTag stands before each sample of a TimeSeries, in both protocols.
const sampleTag = 2<<3 | wireBytes

// onlySample tells whether a sample is all there is from i on.
func onlySample(b []byte, i int) bool {
	return i+2 <= len(b) && b[i] == sampleTag && b[i+1] < 0x80 && i+2+int(b[i+1]) == len(b)
}

// extend adds the label field buf[at:end] to a key.
func (b *batch) extend(key extent, at, end int) extent {
	switch {
	case key.end == 0:
		return extent{uint32(at), uint32(end)}
	case int(key.end) == at:
		return extent{key.at, uint32(end)}
	default:
		return b.gather(key, b.buf[at:end])
	}
}

// pointV1 takes a sample, exemplar or histogram of the open series.
func (b *batch) pointV1(num uint64, buf []byte, start, end int, l hearth.Limits) error {
	if err := b.room(l); err != nil {
		return err
	}
	switch num {
	case 2:
		return b.sample(buf[start:end])
	case 3:
		b.exemplars = append(b.exemplars, extent{uint32(start), uint32(end)})
		var err error
		_, b.pairs, err = exemplarV1(buf[start:end], b.pairs[:0])
		return err
	default:
		return b.histogram(buf[start:end])
	}
}

// The fields of a Sample; the third exists in remote write 2.0 only.
const (
	valueTag = 1<<3 | wireFixed64
	timeTag  = 2<<3 | wireVarint
)

// sample reads a Sample of either protocol, quickly if it is written as every
// encoder does: the value, unless it is 0, and then the time.
func (b *batch) sample(m []byte) error {
	i, s := 0, sample{}
	if len(m) >= 9 && m[0] == valueTag {
		i, s.v = 9, math.Float64frombits(binary.LittleEndian.Uint64(m[1:9]))
	}
	if i < len(m) && m[i] == timeTag {
		if t, next := uvarint(m, i+1); next == len(m) {
			s.t = int64(t)
			b.samples = append(b.samples, s)
			return nil
		}
	}
	return b.anySample(m)
}

// anySample reads a Sample whose fields stand in any order or are missing.
func (b *batch) anySample(m []byte) error {
	var s sample
	for i := 0; i < len(m); {
		f, next := nextField(m, i)
		switch {
		case next < 0:
			return errTruncated
		case f.id == 1 && f.wire == wireFixed64:
			s.v = math.Float64frombits(f.num)
		case f.id == 2 && f.wire == wireVarint:
			s.t = int64(f.num)
		case f.id == 3 && f.wire == wireVarint:
			s.st = int64(f.num)
		case f.id <= 3:
			return errWireType
		}
		i = next
	}
	b.samples = append(b.samples, s)
	return nil
}

// metadataV1 reads a MetricMetadata.
func (b *batch) metadataV1(m []byte, l hearth.Limits) error {
	if l.RequestSeries > 0 && len(b.metadata) >= l.RequestSeries {
		return tooMany("metadata entries", l.RequestSeries)
	}
	var e engine.Metadata
	var kind uint64
	err := eachField(m, func(f field) error {
		switch {
		case f.id == 1 && f.wire == wireVarint:
			kind = f.num
		case f.id == 2 && f.wire == wireBytes:
			e.Metric = string(f.b)
		case f.id == 4 && f.wire == wireBytes:
			e.Help = string(f.b)
		case f.id == 5 && f.wire == wireBytes:
			e.Unit = string(f.b)
		case f.id <= 5 && f.id != 3:
			return errWireType
		}
		return nil
	})
	e.Metadata = metadata.Metadata{Type: metricType(kind), Help: e.Help, Unit: e.Unit}
	b.metadata = append(b.metadata, e)
	return err
}

// metricTypes are in the order both protocols number them.
var metricTypes = [...]model.MetricType{
	model.MetricTypeUnknown, model.MetricTypeCounter, model.MetricTypeGauge, model.MetricTypeHistogram,
	model.MetricTypeGaugeHistogram, model.MetricTypeSummary, model.MetricTypeInfo, model.MetricTypeStateset,
}

func metricType(n uint64) model.MetricType {
	if n < uint64(len(metricTypes)) {
		return metricTypes[n]
	}
	return model.MetricTypeUnknown
}
