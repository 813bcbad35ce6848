package main

import (
	"context"
	"fmt"
	"time"
)

// constants is how many trivial queries are asked, to learn what one costs.
const constants = 2_000

// startup measures what a server costs that holds nothing: to start, to keep,
// and to ask.
func (b *bench) startup(ctx context.Context, p *peer) (figures, error) {
	f := figures{}
	wall, err := b.startOnce(ctx, p)
	if err != nil {
		return nil, err
	}
	f["empty start"] = millis(wall)
	s, path, err := b.begin(ctx, p)
	if err != nil {
		return nil, err
	}
	defer b.discard(s)
	m, err := s.memory()
	if err != nil {
		return nil, err
	}
	f["empty memory"] = float64(m.resident) / (1 << 20)
	f["request CPU"], err = s.constantCPU(ctx, path)
	return f, err
}

// constantCPU is the microseconds of CPU that a query without series costs.
func (s *server) constantCPU(ctx context.Context, path string) (float64, error) {
	begin := time.Duration(0)
	for i := range constants {
		if i == constants/10 { // the first ones warm up
			var err error
			if begin, err = s.cpu(); err != nil {
				return 0, err
			}
		}
		if _, err := (panel{text: "1"}).ask(ctx, s, path, time.Now()); err != nil {
			return 0, fmt.Errorf("ask a constant: %w", err)
		}
	}
	end, err := s.cpu()
	return micros(end-begin) / (constants - constants/10), err
}

// startOnce is the time from exec to ready, with nothing on disk.
func (b *bench) startOnce(ctx context.Context, p *peer) (wall time.Duration, err error) {
	dir, err := b.folder()
	if err != nil {
		return 0, err
	}
	s, err := start(p, dir, b.core)
	if err != nil {
		return 0, err
	}
	defer b.discard(s)
	return s.ready(ctx)
}
