package ingest

import (
	"strconv"
	"sync"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

// A batch is one request, parsed but not yet understood: who the series are is
// found out afterwards. Nearly everything in it points into buf by offset, so that
// the garbage collector has little to look at, and it is used again for the next
// request.
type batch struct {
	buf       []byte // the decoded body; scattered label fields are copied behind it
	series    []series
	samples   []sample
	hists     []histSample
	exemplars []extent // exemplar messages, parsed when stored
	symbols   []string // remote write 2.0; they point into the body
	metadata  []engine.Metadata

	lastAbout []byte // the metadata message that about was read from
	about     description

	histBytes int // of all histograms together, encoded

	// Working space of later stages.
	hashes  []uint64 // of symbols, 0 if not computed yet
	pairs   []labels.Label
	builder labels.ScratchBuilder
	news    []int32  // series that the cache did not know
	slots   []uint32 // open-addressing table of the series seen in this request
	learned []learned
	steps   [][2]uint32 // entries that followed each other for the first or second time
}

// An extent is a part of buf.
type extent struct{ at, end uint32 }

// A series is one TimeSeries message. Its samples begin at samples and end where
// those of the next series begin; the same holds for hists and exemplars.
type series struct {
	ref    storage.SeriesRef // 0 if not known yet
	labels labels.Labels
	lastT  int64 // newest sample taken of this request, see order.go

	key       extent // the label fields, or the packed symbol references
	samples   uint32
	hists     uint32
	exemplars uint32
	id        uint32 // entry in the cache, 0 if none
	about     description
	last      int32 // which sample lastT is of, see order.go
	described bool  // about was sent
	odd       bool  // its key is spelt otherwise than its entry's labels
	state     state
	refused   uint32 // of its points, one by one
}

type state uint8

const (
	unknown state = iota
	ready         // labels are known and valid
	refused
)

type sample struct {
	t, st int64
	v     float64
}

type histSample struct {
	t, st int64
	h     *histogram.Histogram // exactly one of h and fh
	fh    *histogram.FloatHistogram
}

var batches = sync.Pool{New: func() any { return &batch{builder: labels.NewScratchBuilder(32)} }}

// keepBytes and keepSeries bound what an idle batch may hold.
const (
	keepBytes  = 4 << 20
	keepSeries = 1 << 14
)

// recycle forgets the request and offers b for the next.
func (b *batch) recycle() {
	if cap(b.buf) > keepBytes || cap(b.series) > keepSeries || cap(b.samples) > 4*keepSeries || cap(b.symbols) > 4*keepSeries {
		return
	}
	clear(b.symbols)
	clear(b.hists)
	clear(b.metadata)
	clear(b.learned)
	clear(b.pairs[:cap(b.pairs)])
	b.builder.Reset()
	b.buf, b.series, b.samples, b.hists = b.buf[:0], b.series[:0], b.samples[:0], b.hists[:0]
	b.exemplars, b.symbols, b.metadata = b.exemplars[:0], b.symbols[:0], b.metadata[:0]
	b.hashes, b.pairs, b.news, b.learned = b.hashes[:0], b.pairs[:0], b.news[:0], b.learned[:0]
	b.steps = b.steps[:0]
	b.histBytes, b.lastAbout = 0, nil
	batches.Put(b)
}

// open starts a series; its parts are appended until the next one.
func (b *batch) open(l hearth.Limits) (*series, error) {
	if l.RequestSeries > 0 && len(b.series) >= l.RequestSeries {
		return nil, tooMany("series", l.RequestSeries)
	}
	b.series = append(b.series, series{samples: uint32(len(b.samples)), hists: uint32(len(b.hists)), exemplars: uint32(len(b.exemplars)), last: noSample})
	return &b.series[len(b.series)-1], nil
}

// tooMany refuses a request for its number of elements.
func tooMany(what string, limit int) error {
	return &hearth.Error{Kind: hearth.TooLarge, Msg: "the request has more than " + strconv.Itoa(limit) + " " + what + ": send smaller batches"}
}

// room refuses one sample too many.
func (b *batch) room(l hearth.Limits) error {
	if l.RequestSamples > 0 && len(b.samples)+len(b.hists)+len(b.exemplars) >= l.RequestSamples {
		return tooMany("samples", l.RequestSamples)
	}
	return nil
}

// samplesOf returns the float samples of series i.
func (b *batch) samplesOf(i int) []sample {
	end := len(b.samples)
	if i+1 < len(b.series) {
		end = int(b.series[i+1].samples)
	}
	return b.samples[b.series[i].samples:end]
}

// histsOf returns the native histograms of series i.
func (b *batch) histsOf(i int) []histSample {
	end := len(b.hists)
	if i+1 < len(b.series) {
		end = int(b.series[i+1].hists)
	}
	return b.hists[b.series[i].hists:end]
}

// exemplarsOf returns the exemplar messages of series i.
func (b *batch) exemplarsOf(i int) []extent {
	end := len(b.exemplars)
	if i+1 < len(b.series) {
		end = int(b.series[i+1].exemplars)
	}
	return b.exemplars[b.series[i].exemplars:end]
}

func (b *batch) bytes(e extent) []byte { return b.buf[e.at:e.end:e.end] }

// gather appends field to the key of a series whose label fields do not stand
// side by side, and returns the key's new place behind the body.
func (b *batch) gather(key extent, field []byte) extent {
	at := len(b.buf)
	b.buf = append(b.buf, b.bytes(key)...)
	b.buf = append(b.buf, field...)
	return extent{uint32(at), uint32(len(b.buf))}
}
