package query

import (
	"math/bits"
	"unsafe"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
)

// A steps is a run of evaluation times: n of them from a first one on, in
// milliseconds.
type steps struct {
	from, every int64
	n           int
}

func (s steps) last() int64 { return s.from + int64(s.n-1)*s.every }

// index returns how many steps t comes after the first; t is on the same beat.
func (s steps) index(t int64) int { return int((t - s.from) / s.every) }

// before returns those of s that are earlier than t.
func (s steps) before(t int64) steps {
	switch {
	case s.n == 0 || t <= s.from:
		s.n = 0
	case t <= s.last():
		s.n = int((t-s.from-1)/s.every) + 1
	}
	return s
}

// since returns those of s that are not earlier than t, which is on the beat.
func (s steps) since(t int64) steps {
	if skip := min(max(s.index(t), 0), s.n); skip > 0 {
		s.from += int64(skip) * s.every
		s.n -= skip
	}
	return s
}

// and returns the steps of both, which are on the same beat.
func (s steps) and(o steps) steps {
	if s.n == 0 || o.n == 0 {
		return steps{from: s.from, every: s.every}
	}
	return s.since(o.from).before(o.last() + 1)
}

// A grid is a result of floats by series and step. Its rows are in the order of
// their labels. Once made, a grid is not changed.
type grid struct {
	steps
	rows []row
}

// A row is one series: a value for each step from its first to its last point.
type row struct {
	metric labels.Labels
	at     int // the first step
	values []float64
	points []uint64 // a bit for each value that is one; nil if all are
}

func (r *row) has(i int) bool {
	return r.points == nil || r.points[i/64]&(1<<(i%64)) != 0
}

// gridOf copies a result. It returns nil if there are native histograms in it.
func gridOf(m promql.Matrix, at steps) *grid {
	g := &grid{steps: at, rows: make([]row, 0, len(m))}
	for _, s := range m {
		if len(s.Histograms) > 0 {
			return nil
		}
		if len(s.Floats) > 0 {
			g.rows = append(g.rows, rowOf(s, at))
		}
	}
	return g
}

func rowOf(s promql.Series, at steps) row {
	first := at.index(s.Floats[0].T)
	r := row{metric: copied(s.Metric), at: first}
	n := at.index(s.Floats[len(s.Floats)-1].T) - first + 1
	r.values = make([]float64, n)
	if n == len(s.Floats) {
		for i, p := range s.Floats {
			r.values[i] = p.F
		}
		return r
	}
	r.points = make([]uint64, (n+63)/64)
	for _, p := range s.Floats {
		i := at.index(p.T) - first
		r.values[i] = p.F
		r.points[i/64] |= 1 << (i % 64)
	}
	return r
}

// A layer is the part of a grid to be used.
type layer struct {
	*grid
	use steps
}

// united puts layers on the same beat together. Where they overlap the last one
// counts.
func united(at steps, parts ...layer) *grid {
	g := &grid{steps: at}
	next := make([]int, len(parts))
	for {
		least := -1
		for i, p := range parts {
			if next[i] < len(p.rows) && (least < 0 || labels.Compare(p.rows[next[i]].metric, parts[least].rows[next[least]].metric) < 0) {
				least = i
			}
		}
		if least < 0 {
			return g
		}
		b := rowBuilder{at: at, metric: parts[least].rows[next[least]].metric}
		for i, p := range parts {
			if i >= least && next[i] < len(p.rows) && labels.Equal(p.rows[next[i]].metric, b.metric) {
				b.add(p, &p.rows[next[i]])
				next[i]++
			}
		}
		if r, ok := b.row(); ok {
			g.rows = append(g.rows, r)
		}
	}
}

// A rowBuilder puts the pieces of one series together.
type rowBuilder struct {
	metric labels.Labels
	at     steps
	pieces []piece
}

// A piece is what a row has of the wanted steps: its values from one on, for so
// many steps, of which the first is the wanted one with this number.
type piece struct {
	row         *row
	from, n, to int
}

func (b *rowBuilder) add(of layer, r *row) {
	use := of.use.and(b.at)
	shift := b.at.index(of.from) + r.at // of r's first value among the wanted steps
	first := b.at.index(use.from)
	p := piece{row: r, from: max(first-shift, 0)}
	p.to = shift + p.from
	p.n = min(len(r.values)-p.from, first+use.n-p.to)
	for p.n > 0 && !r.has(p.from) {
		p.from, p.to, p.n = p.from+1, p.to+1, p.n-1
	}
	for p.n > 0 && !r.has(p.from+p.n-1) {
		p.n--
	}
	if p.n > 0 {
		b.pieces = append(b.pieces, p)
	}
}

func (b *rowBuilder) row() (row, bool) {
	if len(b.pieces) == 0 {
		return row{}, false
	}
	first, end := b.at.n, 0
	for _, p := range b.pieces {
		first, end = min(first, p.to), max(end, p.to+p.n)
	}
	r := row{metric: b.metric, at: first, values: make([]float64, end-first), points: make([]uint64, (end-first+63)/64)}
	for _, p := range b.pieces {
		r.put(p.to-first, p)
	}
	if r.count() == len(r.values) {
		r.points = nil
	}
	return r, true
}

func (r *row) put(at int, p piece) {
	if p.row.points == nil {
		copy(r.values[at:], p.row.values[p.from:p.from+p.n])
	}
	for i := range p.n {
		if p.row.has(p.from + i) {
			r.values[at+i] = p.row.values[p.from+i]
			r.points[(at+i)/64] |= 1 << ((at + i) % 64)
		}
	}
}

func (r *row) count() int {
	if r.points == nil {
		return len(r.values)
	}
	n := 0
	for _, w := range r.points {
		n += bits.OnesCount64(w)
	}
	return n
}

// matrix returns what g has of the steps, as the engine would.
func (g *grid) matrix(at steps) promql.Matrix {
	total := 0
	for i := range g.rows {
		total += min(g.rows[i].count(), at.n)
	}
	m, points := make(promql.Matrix, 0, len(g.rows)), make([]promql.FPoint, 0, total)
	for i := range g.rows {
		r, begun := &g.rows[i], len(points)
		shift := at.index(g.from) + r.at
		for k := max(-shift, 0); k < min(len(r.values), at.n-shift); k++ {
			if r.has(k) {
				points = append(points, promql.FPoint{T: at.from + int64(shift+k)*at.every, F: r.values[k]})
			}
		}
		if len(points) > begun {
			m = append(m, promql.Series{Metric: r.metric, Floats: points[begun:len(points):len(points)]})
		}
	}
	return m
}

// bytes is about what g takes.
func (g *grid) bytes() int64 {
	n := int64(unsafe.Sizeof(*g))
	for i := range g.rows {
		r := &g.rows[i]
		n += int64(unsafe.Sizeof(*r)) + int64(r.metric.ByteSize()) + int64(8*len(r.values)+8*len(r.points))
	}
	return n
}
