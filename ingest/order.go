package ingest

import (
	"cmp"
	"math"
	"slices"
)

// The engine checks a sample against what is committed, not against the samples
// before it in the same request: of two values for one time it would drop one
// silently at commit, and so an old sample behind a new one. So the newest sample
// of each series of the request is kept in sight here.

// noSample marks a series of which no sample was taken yet in this request; other
// values of series.last are an index of samples, or the complement of one of
// hists.
const noSample = math.MinInt32

// newerThan tells whether t comes after all samples of s in this request.
func (s *series) newerThan(t int64) bool { return s.last == noSample || t > s.lastT }

func (s *series) took(t int64, which int32) { s.lastT, s.last = t, which }

// sortSamples puts the samples of one series in order of time, if they are not.
func sortSamples(v []sample) {
	byTime := func(a, b sample) int { return cmp.Compare(a.t, b.t) }
	if len(v) > 1 && !slices.IsSortedFunc(v, byTime) {
		slices.SortStableFunc(v, byTime)
	}
}

func sortHists(v []histSample) {
	byTime := func(a, b histSample) int { return cmp.Compare(a.t, b.t) }
	if len(v) > 1 && !slices.IsSortedFunc(v, byTime) {
		slices.SortStableFunc(v, byTime)
	}
}

// sameSample tells whether float sample i and the series' newest one are the same
// value.
func (b *batch) sameSample(s *series, v float64) bool {
	return s.last >= 0 && math.Float64bits(b.samples[s.last].v) == math.Float64bits(v)
}

func (b *batch) sameHist(s *series, h *histSample) bool {
	return s.last < 0 && s.last != noSample && h.equal(&b.hists[^s.last])
}

// first returns the first series of the request with the same reference as
// series i, or i itself, and remembers it.
func (b *batch) first(i int) int {
	mask := uint32(len(b.slots) - 1)
	ref := b.series[i].ref
	for p := uint32(uint64(ref)*0x9e3779b97f4a7c15>>32) & mask; ; p = (p + 1) & mask {
		switch n := b.slots[p]; {
		case n == 0:
			b.slots[p] = uint32(i) + 1
			return i
		case b.series[n-1].ref == ref:
			return int(n - 1)
		}
	}
}

// readySlots makes room for every series of the batch, half empty.
func (b *batch) readySlots() {
	n := 16
	for n < 2*len(b.series) {
		n *= 2
	}
	if cap(b.slots) < n {
		b.slots = make([]uint32, n)
		return
	}
	b.slots = b.slots[:n]
	clear(b.slots)
}
