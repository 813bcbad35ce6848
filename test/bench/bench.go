package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"time"
)

// seed makes the data; any other gives other data of the same kind.
const seed = 1

// figures are what one run measured, by name.
type figures map[string]float64

// A bench is one invocation: what it measures, how much, and what came out.
type bench struct {
	log      *slog.Logger
	root     string // of the module
	work     string // folder for everything the servers keep
	profiles string // folder for CPU profiles; empty for none
	core     int    // of the servers; the generator has the next

	runs           int
	settle         time.Duration // after a load, still counted as its cost
	wide, long     size
	workspaces     int
	neighbourLasts time.Duration
	ruleWorkspaces int
	rulesLast      time.Duration
	scrapeTargets  int
	polledMetrics  int
	viewers        int

	hearth, prometheus *peer  // nil if left out
	version            string // of Prometheus' module
	results            map[string]map[string][]float64
	panels             map[string][]asked
}

// A scenario measures something, a few times.
type scenario struct {
	name string
	run  func(b *bench, ctx context.Context) error
}

var scenarios = []scenario{
	{"start", (*bench).runStart},
	{"door", (*bench).runDoor},
	{"v1", func(b *bench, ctx context.Context) error { return b.runIngest(ctx, "v1") }},
	{"v2", func(b *bench, ctx context.Context) error { return b.runIngest(ctx, "v2") }},
	{"panels", (*bench).runPanels},
	{"workspaces", (*bench).runWorkspaces},
	{"neighbour", (*bench).runNeighbour},
	{"rules", (*bench).runRules},
	{"scrape", (*bench).runScrape},
	{"cloudwatch", (*bench).runPolled},
	{"viewers", (*bench).runViewers},
}

// run measures the scenarios named.
func (b *bench) run(ctx context.Context, names []string) error {
	b.results, b.panels = map[string]map[string][]float64{}, map[string][]asked{}
	for _, s := range scenarios {
		if !slices.Contains(names, s.name) {
			continue
		}
		if err := s.run(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// order is the peers in the order of run n: each goes first as often as the
// other.
func (b *bench) order(n int) []*peer {
	var all []*peer
	for _, p := range []*peer{b.hearth, b.prometheus} {
		if p != nil {
			all = append(all, p)
		}
	}
	if n%2 == 1 {
		slices.Reverse(all)
	}
	return all
}

// alternate measures every peer b.runs times.
func (b *bench) alternate(name string, measure func(*peer) (figures, error)) error {
	for n := range b.runs {
		for _, p := range b.order(n) {
			f, err := measure(p)
			if err != nil {
				return err
			}
			b.keep(p, name, f)
		}
	}
	return nil
}

// keep remembers what a run of a peer measured.
func (b *bench) keep(p *peer, scenario string, f figures) {
	into := b.results[p.name]
	if into == nil {
		into = map[string][]float64{}
		b.results[p.name] = into
	}
	for _, name := range slices.Sorted(maps.Keys(f)) {
		into[scenario+" "+name] = append(into[scenario+" "+name], f[name])
		b.log.Info("measured", "peer", p.name, "scenario", scenario, "figure", name, "value", strconv.FormatFloat(f[name], 'g', 4, 64))
	}
}

func (b *bench) runStart(ctx context.Context) error {
	return b.alternate("start", func(p *peer) (figures, error) { return b.startup(ctx, p) })
}

func (b *bench) runIngest(ctx context.Context, protocol string) error {
	l := b.encode(b.wide, protocol, time.Now(), fullRequest)
	return b.alternate(protocol, func(p *peer) (figures, error) { return b.ingest(ctx, p, l) })
}

func (b *bench) runWorkspaces(ctx context.Context) error {
	return b.onlyHearth("workspaces", func(p *peer) (figures, error) { return b.many(ctx, p) })
}

func (b *bench) runNeighbour(ctx context.Context) error {
	return b.onlyHearth("neighbour", func(p *peer) (figures, error) { return b.neighbours(ctx, p) })
}

func (b *bench) runRules(ctx context.Context) error {
	return b.onlyHearth("rules", func(p *peer) (figures, error) { return b.evaluated(ctx, p) })
}

func (b *bench) runScrape(ctx context.Context) error {
	return b.alternate("scrape", func(p *peer) (figures, error) { return b.scraped(ctx, p) })
}

func (b *bench) runViewers(ctx context.Context) error {
	return b.onlyHearth("viewers", func(p *peer) (figures, error) { return b.viewed(ctx, p) })
}

func (b *bench) onlyHearth(name string, measure func(*peer) (figures, error)) error {
	if b.hearth == nil {
		return nil
	}
	f, err := measure(b.hearth)
	if err != nil {
		return err
	}
	b.keep(b.hearth, name, f)
	return nil
}

// encode makes a load with all the cores there are, then leaves the first to
// the servers again.
func (b *bench) encode(s size, p string, end time.Time, pods int) *load {
	b.pin("0-" + strconv.Itoa(runtime.NumCPU()-1))
	defer b.pin(strconv.Itoa(b.core + 1))
	l := newLoad(s, protocols[p], end, seed, pods)
	n := float64(s.samples())
	b.log.Info("encoded", "protocol", p, "series", s.series, "rounds", s.rounds,
		"bytes", fmt.Sprintf("%.1f", float64(l.raw)/n), "wire", fmt.Sprintf("%.1f", float64(l.wire())/n))
	return l
}

// pin binds this process to cores.
func (b *bench) pin(cores string) {
	if b.core == anyCore {
		return
	}
	if out, err := exec.Command("taskset", "-a", "-c", "-p", cores, strconv.Itoa(os.Getpid())).CombinedOutput(); err != nil {
		b.log.Warn("not pinned", "cores", cores, "err", err, "taskset", string(out))
	}
}

// folder makes a new one for a server.
func (b *bench) folder() (string, error) { return os.MkdirTemp(b.work, "run-") }
