package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// passes is how often the dashboard is asked: first cold, then each time a step
// later, as a browser tab refreshes.
const passes = 5

// An asked panel is its answers with what they cost, by pass.
type asked struct {
	cpu, wall []time.Duration
	answers   []answer
}

// dashboards loads hours of samples into a peer, restarts it, and asks the
// panels.
func (b *bench) dashboards(ctx context.Context, p *peer, l *load) (figures, []asked, error) {
	s, path, err := b.begin(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	defer b.discard(s)
	w := &sender{server: s, path: path, load: l}
	f := figures{}
	if err := b.fill(ctx, w, f); err != nil {
		return nil, nil, fmt.Errorf("write to %s: %w", p.name, err)
	}
	if err := s.stop(); err != nil {
		return nil, nil, err
	}
	back, err := w.reopen(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("start again: %w", err)
	}
	f["stop wall"], f["stop CPU"] = back.wall.Seconds(), back.cpu.Seconds()
	if err := pause(ctx, b.settle/4); err != nil {
		return nil, nil, err
	}
	defer b.profile(ctx, s, "panels")()
	all, err := askAll(ctx, w)
	if err != nil {
		return nil, nil, err
	}
	sumUp(all, f)
	return f, all, nil
}

// fill sends the whole load and measures its place on disk once the peer has
// come to rest.
func (b *bench) fill(ctx context.Context, w *sender, f figures) error {
	before, err := w.server.cpu()
	if err != nil {
		return err
	}
	if err := w.rounds(ctx, 0, w.load.rounds); err != nil {
		return err
	}
	if err := w.server.rest(ctx, b.settle); err != nil {
		return err
	}
	after, err := w.server.cpu()
	if err != nil {
		return err
	}
	f["long CPU"] = (after - before).Seconds() / float64(w.acked.Load()) * 1e6
	disk, err := diskUsage(w.server.data())
	f["long disk"] = float64(disk) / float64(w.acked.Load())
	return err
}

// rest waits until the server has used less than a twentieth of a core for as
// long as settle, or ten times that have passed.
func (s *server) rest(ctx context.Context, settle time.Duration) error {
	for range 10 {
		before, err := s.cpu()
		if err != nil {
			return err
		}
		if err := pause(ctx, settle); err != nil {
			return err
		}
		after, err := s.cpu()
		if err != nil || after-before < settle/20 {
			return err
		}
	}
	return nil
}

func askAll(ctx context.Context, w *sender) ([]asked, error) {
	all := make([]asked, len(panels))
	for pass := range passes {
		end := w.load.end().Add(-time.Duration(passes-1-pass) * time.Minute)
		for i, p := range panels {
			if err := all[i].ask(ctx, w, p, end); err != nil {
				return nil, fmt.Errorf("ask %s of %s: %w", p.name, w.server.peer.name, err)
			}
		}
	}
	return all, nil
}

func (a *asked) ask(ctx context.Context, w *sender, p panel, end time.Time) error {
	before, err := w.server.cpu()
	if err != nil {
		return err
	}
	begun := time.Now()
	body, err := p.ask(ctx, w.server, w.path, end)
	if err != nil {
		return err
	}
	wall := time.Since(begun)
	after, err := w.server.cpu()
	if err != nil {
		return err
	}
	got, err := parseAnswer(body)
	a.cpu, a.wall, a.answers = append(a.cpu, after-before), append(a.wall, wall), append(a.answers, got)
	return err
}

// sumUp adds the panels up to a pass: the cold one, and the median of the others.
func sumUp(all []asked, f figures) {
	for _, a := range all {
		f["cold CPU"] += millis(a.cpu[0])
		f["cold wall"] += millis(a.wall[0])
		f["warm CPU"] += millis(a.warmCPU())
		f["warm wall"] += millis(a.warmWall())
	}
}

func (a *asked) warmCPU() time.Duration  { return middle(a.cpu[1:]) }
func (a *asked) warmWall() time.Duration { return middle(a.wall[1:]) }

func middle(d []time.Duration) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[len(d)/2]
}
