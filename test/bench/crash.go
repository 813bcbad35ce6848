package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// crash sends half of the last round, kills the server between two answers,
// starts it again, and counts what it still has.
func (b *bench) crash(ctx context.Context, w *sender, f figures) error {
	if err := w.cutOff(ctx); err != nil {
		return fmt.Errorf("kill under load: %w", err)
	}
	back, err := w.reopen(ctx)
	if err != nil {
		return fmt.Errorf("start again after kill -9: %w", err)
	}
	f["crash wall"], f["crash CPU"] = back.wall.Seconds(), back.cpu.Seconds()
	m, err := w.server.memory()
	if err != nil {
		return err
	}
	f["crash memory"] = float64(m.anonymous) / (1 << 20)
	return w.account(ctx, f)
}

// cutOff writes the last round and kills the server when half of it is
// acknowledged, with requests under way.
func (s *sender) cutOff(ctx context.Context) error {
	half := s.acked.Load() + int64(s.load.series/2)
	done := make(chan error, 1)
	go func() { done <- s.rounds(ctx, s.load.rounds-1, s.load.rounds) }()
	tick := time.NewTicker(100 * time.Microsecond)
	defer tick.Stop()
	for s.acked.Load() < half {
		select {
		case err := <-done:
			if err != nil {
				return err
			}
			done <- nil // all is acknowledged
		case <-tick.C:
		}
	}
	if err := s.server.kill(); err != nil {
		return err
	}
	<-done // its error is the cut connection
	return nil
}

// A comeback is how long a server took to answer again.
type comeback struct{ wall, cpu time.Duration }

// reopen launches the server again and waits for the first correct answer.
func (s *sender) reopen(ctx context.Context) (c comeback, err error) {
	if err := s.server.launch(); err != nil {
		return c, err
	}
	if _, err := s.server.ready(ctx); err != nil {
		return c, err
	}
	want := float64(s.load.series / seriesPerPod)
	err = s.server.poll(ctx, func() (bool, error) {
		n, err := s.server.number(ctx, s.path, "count(up)", s.load.at(s.load.rounds-2))
		if refused := (*refusal)(nil); errors.As(err, &refused) && refused.status == 503 {
			return false, nil
		}
		return n == want, err
	})
	c.wall = time.Since(s.server.begun)
	if err == nil {
		c.cpu, err = s.server.cpu()
	}
	return c, err
}

// account counts the samples of the whole load. All that were acknowledged must
// be there, and none that were never sent.
func (s *sender) account(ctx context.Context, f figures) error {
	window := int(s.load.end().Sub(s.load.start).Seconds()) + scrapeInterval
	var found int64
	for _, metric := range metrics() {
		n, err := s.server.number(ctx, s.path, fmt.Sprintf("sum(count_over_time(%s[%ds]))", metric, window), s.load.end())
		if err != nil {
			return err
		}
		found += int64(n)
	}
	acked, sent := s.acked.Load(), s.sent.Load()
	f["lost"] = float64(max(0, acked-found))
	f["invented"] = float64(max(0, found-sent))
	return nil
}
