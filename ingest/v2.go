package ingest

import (
	"math"

	"github.com/hearth-metrics/hearth"
)

// maxSymbols bounds the symbol table of a remote write 2.0 request.
const maxSymbols = 1 << 20

// decodeV2 walks an io.prometheus.write.v2.Request. The symbol table may follow
// the series that refer to it, so references are checked afterwards.
// https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/
func (b *batch) decodeV2(l hearth.Limits) error {
	buf := b.buf
	for i := 0; i < len(buf); {
		num, wire, next := tag(buf, i)
		if next < 0 {
			return errTruncated
		}
		if num <= 3 {
			return malformed("the body is a remote write 1.0 request, but the Content-Type says 2.0")
		}
		if num != 4 && num != 5 {
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
		if num == 5 {
			if err := b.seriesV2(buf, start, end, l); err != nil {
				return err
			}
		} else {
			b.symbols = append(b.symbols, yolo(buf[start:end]))
			if len(b.symbols) > maxSymbols {
				return tooMany("symbols", maxSymbols)
			}
		}
		i = end
	}
	return nil
}

// seriesV2 walks a TimeSeries of remote write 2.0.
func (b *batch) seriesV2(buf []byte, i, end int, l hearth.Limits) error {
	s, err := b.open(l)
	if err != nil {
		return err
	}
	body := buf[:end]
	for i < end {
		num, wire, next := tag(body, i)
		if next < 0 {
			return errTruncated
		}
		if num > 5 || (num == 1 && wire == wireVarint) {
			stop := skip(body, next, wire)
			if stop < 0 {
				return errTruncated
			}
			if num == 1 { // one reference by itself, not packed
				s.key = b.packed(s.key, next, stop)
			}
			i = stop
			continue
		}
		if wire != wireBytes {
			return errWireType
		}
		start, stop := span(body, next)
		if stop < 0 {
			return errTruncated
		}
		if err := b.partV2(s, num, body, start, stop, l); err != nil {
			return err
		}
		i = stop
	}
	return nil
}

// partV2 takes a length-delimited field of the open series.
func (b *batch) partV2(s *series, num uint64, buf []byte, start, end int, l hearth.Limits) error {
	if num == 1 {
		s.key = b.packed(s.key, start, end)
		return nil
	}
	if num == 5 {
		return b.metadataV2(s, buf[start:end])
	}
	if err := b.room(l); err != nil {
		return err
	}
	switch num {
	case 2:
		return b.sample(buf[start:end])
	case 3:
		return b.histogram(buf[start:end])
	default:
		b.exemplars = append(b.exemplars, extent{uint32(start), uint32(end)})
		return wellFormedV2(buf[start:end])
	}
}

// packed adds the references buf[at:end] to a key.
func (b *batch) packed(key extent, at, end int) extent {
	if key.end == key.at {
		return extent{uint32(at), uint32(end)}
	}
	return b.gather(key, b.buf[at:end])
}

// description is the metadata of a series of remote write 2.0.
type description struct {
	kind       uint8  // as the protocol numbers it
	help, unit uint32 // symbol references
}

// metadataV2 reads a Metadata. Mostly it is that of the series before, of the same
// family, again.
func (b *batch) metadataV2(s *series, m []byte) error {
	if s.described { // a second message is merged into the first
		return s.about.merge(m)
	}
	s.described = true
	if b.lastAbout == nil || string(m) != string(b.lastAbout) {
		var d description
		if err := d.merge(m); err != nil {
			return err
		}
		b.lastAbout, b.about = m, d
	}
	s.about = b.about
	return nil
}

func (d *description) merge(m []byte) error {
	for i := 0; i < len(m); {
		f, next := nextField(m, i)
		if next < 0 {
			return errTruncated
		}
		if (f.id == 1 || f.id == 3 || f.id == 4) && f.wire != wireVarint {
			return errWireType
		}
		switch f.id {
		case 1:
			d.kind = uint8(min(f.num, math.MaxUint8))
		case 3:
			d.help = uint32(min(f.num, math.MaxUint32))
		case 4:
			d.unit = uint32(min(f.num, math.MaxUint32))
		}
		i = next
	}
	return nil
}
