package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	victimSeries    = 20_000
	victimPerSecond = 40_000 // samples
	neighbourRate   = 200_000
	greedyRate      = 1_600_000             // more than a core takes
	backoff         = 30 * time.Millisecond // what a Prometheus waits at least
)

// A street is two workspaces of one server and what is written to them.
type street struct {
	victim, neighbour *sender
}

// neighbours measures a workspace's write latency alone and beside another that
// writes as fast as it may: up to its limits, and without any.
func (b *bench) neighbours(ctx context.Context, p *peer) (figures, error) {
	f := figures{}
	for name, rate := range map[string]int{"limited": neighbourRate, "greedy": 0} {
		q := limited(p, fmt.Sprintf("  out_of_order_window: 1h\n  ingest_rate: %d\n  ingest_burst: %d\n", rate, rate))
		for _, beside := range []bool{false, true} {
			st, err := b.live(ctx, q, cmp.Or(rate, greedyRate), beside)
			if err != nil {
				return nil, fmt.Errorf("%s neighbour: %w", name, err)
			}
			key := name + " alone"
			if beside {
				key = name + " beside"
			}
			f[key+" p50"], f[key+" p99"] = millis(st.victim.quantile(0.5)), millis(st.victim.quantile(0.99))
			f[key+" rate"] = float64(st.neighbour.acked.Load()) / b.neighbourLasts.Seconds()
		}
		f[name+" change"] = 100 * (f[name+" beside p99"]/f[name+" alone p99"] - 1)
	}
	return f, nil
}

// live runs a victim, with or without a neighbour that writes up to rate.
func (b *bench) live(ctx context.Context, p *peer, rate int, beside bool) (*street, error) {
	rounds := func(rate int) int { return int(b.neighbourLasts.Seconds())*rate/victimSeries + 2 }
	now := time.Now()
	st := &street{
		victim:    &sender{load: b.encode(size{victimSeries, rounds(victimPerSecond)}, "v1", now, fullRequest)},
		neighbour: &sender{load: b.encode(size{victimSeries, rounds(rate) + rate/victimSeries}, "v2", now, fullRequest)},
	}
	s, path, err := b.begin(ctx, p)
	if err != nil {
		return nil, err
	}
	defer b.discard(s)
	other, err := p.open(ctx, s)
	if err != nil {
		return nil, err
	}
	st.victim.server, st.victim.path = s, path
	st.neighbour.server, st.neighbour.path = s, other
	return st, st.live(ctx, beside)
}

func (st *street) live(ctx context.Context, beside bool) error {
	if err := st.victim.rounds(ctx, 0, 1); err != nil {
		return err
	}
	if err := st.neighbour.rounds(ctx, 0, 1); err != nil {
		return err
	}
	st.victim.forget()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	if beside {
		for c := range generatorConnections {
			g.Go(func() error { return st.neighbour.hammer(ctx, c) })
		}
	}
	g.Go(func() error {
		defer cancel()
		return st.victim.pace(ctx)
	})
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// pace sends the rounds after the first at the victim's even rate, one request
// at a time. A late answer delays the next request, not its clock.
func (s *sender) pace(ctx context.Context) error {
	every := time.Second * time.Duration(s.load.samples[0]) / victimPerSecond
	tick := time.NewTicker(every)
	defer tick.Stop()
	for r := 1; r < s.load.rounds; r++ {
		for b := range s.load.samples {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-tick.C:
			}
			if err := s.post(ctx, r, b); err != nil {
				return err
			}
		}
	}
	return nil
}

// hammer sends one connection's share, waiting only when it is told that it is
// too fast.
func (s *sender) hammer(ctx context.Context, c int) error {
	for r := 1; r < s.load.rounds; r++ {
		for b := c; b < len(s.load.samples); b += generatorConnections {
			err := s.post(ctx, r, b)
			for throttled(err) {
				if err := pause(ctx, backoff); err != nil {
					return err
				}
				err = s.post(ctx, r, b)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func throttled(err error) bool {
	refused := (*refusal)(nil)
	return errors.As(err, &refused) && refused.status == http.StatusTooManyRequests
}
