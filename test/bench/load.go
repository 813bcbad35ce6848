package main

import (
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/golang/snappy"
)

// fullRequest is the pods that make a request of 2,000 samples, what Prometheus
// sends at most.
const fullRequest = 20

// A size says how much a load holds. Sizes are whole pods.
type size struct{ series, rounds int }

func (s size) samples() int { return s.series * s.rounds }

// A load is encoded requests: the bytes every peer gets.
type load struct {
	size
	protocol protocol
	start    time.Time
	bodies   [][][]byte // by round, then by batch of pods
	samples  []int      // of a request, by batch
	raw      int64      // bytes before compression
}

// newLoad encodes the scrapes of a fleet whose last one is at end, some pods a
// request.
func newLoad(s size, p protocol, end time.Time, seed uint64, pods int) *load {
	fleet := newFleet(s.series/seriesPerPod, seed)
	l := &load{size: s, protocol: p, bodies: make([][][]byte, s.rounds)}
	l.start = end.Add(-time.Duration(s.rounds-1) * scrapeInterval * time.Second).Truncate(time.Second)
	batches := slices.Collect(slices.Chunk(fleet, pods))
	for r := range l.bodies {
		l.bodies[r] = make([][]byte, len(batches))
	}
	l.samples = make([]int, len(batches))
	l.encodeAll(batches)
	return l
}

func (l *load) encodeAll(batches [][]*pod) {
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		work = make(chan int)
	)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for b := range work {
				raw := l.encodeBatch(b, batches[b])
				mu.Lock()
				l.raw += raw
				mu.Unlock()
			}
		})
	}
	for b := range batches {
		work <- b
	}
	close(work)
	wg.Wait()
}

// encodeBatch runs a batch of pods through all rounds.
func (l *load) encodeBatch(b int, pods []*pod) (raw int64) {
	e := l.protocol.encoder(pods)
	l.samples[b] = len(pods) * seriesPerPod
	var buf []byte
	for r := range l.bodies {
		for _, p := range pods {
			p.tick()
		}
		buf = e.encode(buf[:0], l.at(r).UnixMilli())
		raw += int64(len(buf))
		l.bodies[r][b] = snappy.Encode(nil, buf)
	}
	return raw
}

// at is the time of a round.
func (l *load) at(round int) time.Time {
	return l.start.Add(time.Duration(round) * scrapeInterval * time.Second)
}

// end is the time of the last round.
func (l *load) end() time.Time { return l.at(l.rounds - 1) }

// wire is how many bytes the load is on the wire.
func (l *load) wire() (n int64) {
	for _, round := range l.bodies {
		for _, body := range round {
			n += int64(len(body))
		}
	}
	return n
}
