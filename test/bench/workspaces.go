package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

// idleAfter is when a workspace is closed in the scenario of many workspaces.
const idleAfter = 10 * time.Second

// many measures what workspaces cost that do nothing, that hold a pod's series
// each, and that did so once. Only Hearth has workspaces.
func (b *bench) many(ctx context.Context, p *peer) (figures, error) {
	n := b.workspaces
	q := *p
	q.args = func(s *server) []string { return append(p.args(s), "--engine.idle-after="+idleAfter.String()) }
	s, first, err := b.begin(ctx, &q)
	if err != nil {
		return nil, err
	}
	defer b.discard(s)
	l := b.encode(size{n * seriesPerPod, 3}, "v2", time.Now(), 1)
	f := figures{}
	// One workspace's life first, so that what all share is not counted.
	if err := s.writeInto(ctx, []string{first}, l); err != nil {
		return nil, err
	}
	return f, b.manyLives(ctx, s, l, n, f)
}

func (b *bench) manyLives(ctx context.Context, s *server, l *load, n int, f figures) error {
	base, err := s.lowest(ctx, 2*idleAfter+b.settle)
	if err != nil {
		return err
	}
	paths := make([]string, n)
	begun, err := s.cpu()
	if err != nil {
		return err
	}
	if err := everyone(ctx, n, func(ctx context.Context, i int) (err error) {
		paths[i], err = s.peer.open(ctx, s)
		return err
	}); err != nil {
		return err
	}
	made, err := s.cpu()
	if err != nil {
		return err
	}
	f["create CPU"] = millis(made-begun) / float64(n)
	idle, err := s.lowest(ctx, 2*b.settle)
	if err != nil {
		return err
	}
	f["idle memory"] = kibibytes(idle-base) / float64(n)
	if err := s.writeInto(ctx, paths, l); err != nil {
		return err
	}
	active, err := s.memory()
	if err != nil {
		return err
	}
	f["active memory"] = kibibytes(active.anonymous) / 1024
	b.heapProfile(ctx, s, "workspaces")
	closed, err := s.lowest(ctx, 4*idleAfter+2*b.settle)
	if err != nil {
		return err
	}
	f["closed memory"] = kibibytes(closed-base) / float64(n)
	if f["idle CPU"], err = s.idleCPU(ctx, b.settle); err != nil {
		return err
	}
	return s.again(ctx, f)
}

// idleCPU is the share of a core, in percent, that the server uses on its own.
func (s *server) idleCPU(ctx context.Context, d time.Duration) (percent float64, err error) {
	before, err := s.cpu()
	if err != nil {
		return 0, err
	}
	if err := pause(ctx, d); err != nil {
		return 0, err
	}
	after, err := s.cpu()
	return 100 * (after - before).Seconds() / d.Seconds(), err
}

// again kills the server and measures its way back.
func (s *server) again(ctx context.Context, f figures) error {
	if err := s.kill(); err != nil {
		return err
	}
	if err := s.launch(); err != nil {
		return err
	}
	wall, err := s.ready(ctx)
	f["crash wall"] = millis(wall)
	return err
}

func kibibytes(n int64) float64 { return float64(n) / 1024 }

// writeInto sends the i-th pod of every round to the i-th path.
func (s *server) writeInto(ctx context.Context, paths []string, l *load) error {
	for r := range l.bodies {
		err := everyone(ctx, len(paths), func(ctx context.Context, i int) error {
			return s.write(ctx, paths[i], l.protocol, l.bodies[r][i])
		})
		if err != nil {
			return fmt.Errorf("write to many workspaces: %w", err)
		}
	}
	return nil
}

// lowest is the least anonymous memory within d after a garbage collection:
// memory goes back to the system some time after it is free.
func (s *server) lowest(ctx context.Context, d time.Duration) (least int64, err error) {
	if err := pause(ctx, d/2); err != nil {
		return 0, err
	}
	if _, err := s.liveHeap(ctx); err != nil {
		return 0, err
	}
	for end := time.Now().Add(d / 2); time.Now().Before(end); {
		if err := pause(ctx, time.Second); err != nil {
			return 0, err
		}
		m, err := s.memory()
		if err != nil {
			return 0, err
		}
		if least == 0 || m.anonymous < least {
			least = m.anonymous
		}
	}
	return least, nil
}

// everyone runs f for n things, some at a time.
func everyone(ctx context.Context, n int, f func(ctx context.Context, i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(generatorConnections)
	for i := range n {
		g.Go(func() error { return f(ctx, i) })
	}
	return g.Wait()
}
