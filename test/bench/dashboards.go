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

// A viewer is somebody before the dashboards of one peer.
type viewer struct {
	*sender
	panels []asked // one for each of panels
}

// runPanels loads every peer, then asks them in turn, pass by pass, so that what
// else the machine does hits both alike.
func (b *bench) runPanels(ctx context.Context) error {
	l := b.encode(b.long, "v2", time.Now(), fullRequest)
	viewers := map[*peer]*viewer{}
	for _, p := range b.order(0) {
		v, f, err := b.viewer(ctx, p, l)
		if err != nil {
			return err
		}
		defer b.discard(v.server)
		b.keep(p, "panels", f)
		viewers[p] = v
	}
	for _, v := range viewers {
		defer b.profile(ctx, v.server, "panels")()
	}
	for pass := range passes {
		for _, p := range b.order(pass) {
			if err := viewers[p].pass(ctx, pass); err != nil {
				return err
			}
		}
	}
	for _, p := range b.order(0) {
		b.panels[p.name] = viewers[p].panels
		b.keep(p, "panels", total(viewers[p].panels))
	}
	return nil
}

// viewer loads hours of samples into a peer and restarts it.
func (b *bench) viewer(ctx context.Context, p *peer, l *load) (*viewer, figures, error) {
	s, path, err := b.begin(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	v := &viewer{&sender{server: s, path: path, load: l}, make([]asked, len(panels))}
	f := figures{}
	if err := b.fill(ctx, v.sender, f); err != nil {
		b.discard(s)
		return nil, nil, fmt.Errorf("write to %s: %w", p.name, err)
	}
	if err := v.restart(ctx, f); err != nil {
		b.discard(s)
		return nil, nil, fmt.Errorf("start %s again: %w", p.name, err)
	}
	return v, f, pause(ctx, b.settle/4)
}

func (v *viewer) restart(ctx context.Context, f figures) error {
	begun := time.Now()
	if err := v.server.stop(); err != nil {
		return err
	}
	f["stopping wall"] = time.Since(begun).Seconds()
	back, err := v.reopen(ctx)
	f["stop wall"], f["stop CPU"] = back.wall.Seconds(), back.cpu.Seconds()
	return err
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

// pass asks every panel once.
func (v *viewer) pass(ctx context.Context, pass int) error {
	end := v.load.end().Add(-time.Duration(passes-1-pass) * time.Minute)
	for i, p := range panels {
		if err := v.panels[i].ask(ctx, v.sender, p, end); err != nil {
			return fmt.Errorf("ask %s of %s: %w", p.name, v.server.peer.name, err)
		}
	}
	return nil
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

// total adds the panels up to a pass: the cold one, and the median of the others.
func total(all []asked) figures {
	f := figures{}
	for _, a := range all {
		f["cold CPU"] += millis(a.cpu[0])
		f["cold wall"] += millis(a.wall[0])
		f["warm CPU"] += millis(a.warmCPU())
		f["warm wall"] += millis(a.warmWall())
	}
	return f
}

func (a *asked) warmCPU() time.Duration  { return middle(a.cpu[1:]) }
func (a *asked) warmWall() time.Duration { return middle(a.wall[1:]) }

func middle(d []time.Duration) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[len(d)/2]
}
