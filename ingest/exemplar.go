package ingest

import (
	"cmp"
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
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
	raw := k.b.bytes(e)
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
