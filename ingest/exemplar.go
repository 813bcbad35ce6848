package ingest

import (
	"cmp"
	"errors"
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
)

type exemplarParts struct {
	v float64
	t int64
}

// number takes a field that both protocols number alike.
func (p *exemplarParts) number(f field) error {
	switch {
	case f.id == 2 && f.wire == wireFixed64:
		p.v = math.Float64frombits(f.num)
	case f.id == 3 && f.wire == wireVarint:
		p.t = int64(f.num)
	case f.id == 2 || f.id == 3:
		return errWireType
	}
	return nil
}

func (k v1Keys) exemplar(e extent, to []labels.Label) (p exemplarParts, pairs []labels.Label, err error) {
	return exemplarV1(k.b.bytes(e), to)
}

func exemplarV1(raw []byte, to []labels.Label) (p exemplarParts, pairs []labels.Label, err error) {
	for i := 0; i < len(raw); {
		f, next := nextField(raw, i)
		if next < 0 {
			return p, to, errTruncated
		}
		if f.id == 1 {
			to, err = pairsV1(raw[i:next], to)
		} else {
			err = p.number(f)
		}
		if err != nil {
			return p, to, err
		}
		i = next
	}
	return p, to, nil
}

// wellFormedV2 tells what is wrong with an exemplar message beside its references, whose
// symbols may still come.
func wellFormedV2(raw []byte) error {
	var p exemplarParts
	return eachField(raw, func(f field) error {
		switch {
		case f.id != 1:
			return p.number(f)
		case f.wire == wireVarint:
			return nil
		case f.wire != wireBytes:
			return errWireType
		}
		for i := 0; i < len(f.b); {
			if _, i = uvarint(f.b, i); i < 0 {
				return errTruncated
			}
		}
		return nil
	})
}

func (k v2Keys) exemplar(e extent, to []labels.Label) (p exemplarParts, pairs []labels.Label, err error) {
	var refs []byte
	err = eachField(k.b.bytes(e), func(f field) error {
		if f.id != 1 {
			return p.number(f)
		}
		if f.wire != wireBytes {
			return errWireType
		}
		refs = append(refs, f.b...)
		return nil
	})
	if err != nil {
		return p, to, err
	}
	to, err = k.pairsV2(refs, to)
	return p, to, err
}

func sortExemplars(v []exemplar.Exemplar) {
	slices.SortStableFunc(v, func(a, b exemplar.Exemplar) int { return cmp.Compare(a.Ts, b.Ts) })
}

// lostExemplars counts exemplars that the engine did not take with a sample it
// did take.
func (x *intake) lostExemplars(s *series, t int64, n int, err *storage.AppendPartialError) {
	x.stored.exemplars -= n
	x.room.metrics.dropped.Add(float64(n))
	if x.strict && errors.Is(errors.Join(err.ExemplarErrors...), storage.ErrOutOfOrderExemplar) {
		x.refuse(s, refuse(outOfOrder, storage.ErrOutOfOrderExemplar.Error()).when(t))
	}
}

// options are what goes with the last point of series i.
func (x *intake) options(i int, s *series) (o storage.AOptions) {
	for _, e := range x.batch.exemplarsOf(i) {
		parts, pairs, err := x.keys.exemplar(e, x.batch.pairs[:0])
		x.batch.pairs = pairs
		if err != nil || parts.t > x.maxTime {
			x.room.metrics.dropped.Inc()
			if x.strict {
				x.refuse(s, refuse(labelInvalid, "exemplar with bad labels or timestamp").when(parts.t))
			}
			continue
		}
		o.Exemplars = append(o.Exemplars, exemplar.Exemplar{
			Labels: build(&x.batch.builder, tidy(pairs, false)), Value: parts.v, Ts: parts.t, HasTs: parts.t != 0,
		})
	}
	if len(o.Exemplars) > 1 {
		sortExemplars(o.Exemplars)
	}
	return o
}
