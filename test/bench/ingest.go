package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"time"
)

// ingest measures one peer taking one load: the first round makes the series,
// the last is cut off by kill -9, those between are the steady state.
func (b *bench) ingest(ctx context.Context, p *peer, l *load) (figures, error) {
	s, path, err := b.begin(ctx, p)
	if err != nil {
		return nil, err
	}
	defer b.discard(s)
	w := &sender{server: s, path: path, load: l}
	f := figures{}
	if err := b.take(ctx, w, f); err != nil {
		return nil, fmt.Errorf("write to %s: %w", p.name, err)
	}
	if err := weigh(ctx, s, l.series, w.acked.Load(), f); err != nil {
		return nil, err
	}
	b.heapProfile(ctx, s, l.protocol.name)
	return f, b.crash(ctx, w, f)
}

// begin starts a peer, pinned, and opens a place for samples.
func (b *bench) begin(ctx context.Context, p *peer) (*server, string, error) {
	dir, err := b.folder()
	if err != nil {
		return nil, "", err
	}
	s, err := start(p, dir, b.core)
	if err != nil {
		return nil, "", err
	}
	if _, err := s.ready(ctx); err != nil {
		b.discard(s)
		return nil, "", err
	}
	path, err := p.open(ctx, s)
	if err != nil {
		err = fmt.Errorf("%w: %s", err, s.tail())
		b.discard(s)
	}
	return s, path, err
}

// discard ends a server and removes what it kept.
func (b *bench) discard(s *server) {
	if err := s.kill(); err != nil {
		b.log.Warn("server did not end", "peer", s.peer.name, "err", err)
	}
	if err := os.RemoveAll(s.dir); err != nil {
		b.log.Warn("files stay", "err", err)
	}
}

// take sends all rounds but the last.
func (b *bench) take(ctx context.Context, w *sender, f figures) error {
	s, last := w.server, w.load.rounds-1
	before, err := s.cpu()
	if err != nil {
		return err
	}
	if err := w.rounds(ctx, 0, 1); err != nil {
		return err
	}
	created, err := s.cpu()
	if err != nil {
		return err
	}
	f["new series CPU"] = micros(created-before) / float64(w.load.series)
	w.forget()
	stop := b.profile(ctx, s, w.load.protocol.name)
	begun := time.Now()
	if err := w.rounds(ctx, 1, last); err != nil {
		return err
	}
	took := time.Since(begun)
	stop()
	if err := pause(ctx, b.settle); err != nil {
		return err
	}
	after, err := s.cpu()
	if err != nil {
		return err
	}
	steady := float64(w.load.series * (last - 1))
	f["ingest CPU"] = (after - created).Seconds() / steady * 1e6
	f["ingest rate"] = steady / took.Seconds()
	f["request p50"] = millis(w.quantile(0.5))
	f["request p99"] = millis(w.quantile(0.99))
	return nil
}

// weigh measures what the samples cost in memory and on disk.
func weigh(ctx context.Context, s *server, series int, samples int64, f figures) error {
	m, err := s.memory()
	if err != nil {
		return err
	}
	f["memory"] = float64(m.anonymous) / float64(series)
	f["peak"] = float64(m.peak) / (1 << 20)
	disk, err := diskUsage(s.data())
	if err != nil {
		return err
	}
	f["disk"] = float64(disk) / float64(samples)
	heap, err := s.liveHeap(ctx)
	f["heap"] = float64(heap) / float64(series)
	return err
}

var heapAlloc = regexp.MustCompile(`(?m)^# HeapAlloc = (\d+)$`)

// liveHeap is what a garbage collection leaves.
func (s *server) liveHeap(ctx context.Context) (int64, error) {
	text, err := s.pprof(ctx, "heap?gc=1&debug=1")
	if err != nil {
		return 0, err
	}
	found := heapAlloc.FindSubmatch(text)
	if found == nil {
		return 0, fmt.Errorf("%s's heap profile has no HeapAlloc", s.peer.name)
	}
	return strconv.ParseInt(string(found[1]), 10, 64)
}

func (s *server) pprof(ctx context.Context, what string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.debug+"/debug/pprof/"+what, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// pause waits unless ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
