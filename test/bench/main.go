// Command bench measures Hearth and a current Prometheus side by side: the same
// bytes, one core for the server and another for the generator, in alternating
// order, medians of several runs. Its table is docs/benchmarks.md.
//
//	go run ./test/bench -out docs/benchmarks.md
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	out, only, scenarios     string
	hearth, prometheus       string
	work, profiles           string
	quick                    bool
	runs, series, rounds     int
	longSeries, longRounds   int
	workspaces, neighbourFor int
	ruleWorkspaces, ruleFor  int
	scrapeTargets            int
	polledMetrics, viewers   int
}

// places are flags that name folders and programs of this machine: the report
// leaves them out.
var places = map[string]bool{"out": true, "hearth": true, "prometheus": true, "work": true, "profiles": true}

func parse(args []string) (o options, command string, err error) {
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.StringVar(&o.out, "out", "", "write the report to this file too")
	fs.StringVar(&o.only, "only", "", "hearth or prometheus: measure only that")
	fs.StringVar(&o.scenarios, "scenarios", "start,door,v1,v2,panels,workspaces,neighbour,rules,scrape,cloudwatch,viewers", "which to run")
	fs.StringVar(&o.hearth, "hearth", "", "program to measure; default: built from ./cmd/hearth")
	fs.StringVar(&o.prometheus, "prometheus", "", "program to compare with; default: built by test/peers/build")
	fs.StringVar(&o.work, "work", "", "folder for the servers' files; default: a temporary one")
	fs.StringVar(&o.profiles, "profiles", "", "folder for CPU profiles, which make the figures worse; default: none")
	fs.BoolVar(&o.quick, "quick", false, "small sizes, one run: shows that everything works, not how fast")
	fs.IntVar(&o.runs, "runs", 3, "runs of each peer, of which the median counts")
	fs.IntVar(&o.series, "series", 200_000, "series of the ingest load, a multiple of 100")
	fs.IntVar(&o.rounds, "rounds", 41, "scrapes of each of them")
	fs.IntVar(&o.longSeries, "long-series", 20_000, "series of the query load, a multiple of 100")
	fs.IntVar(&o.longRounds, "long-rounds", 1_440, "scrapes of each of them")
	fs.IntVar(&o.workspaces, "workspaces", 1_000, "how many to make")
	fs.IntVar(&o.neighbourFor, "neighbour-seconds", 15, "how long to write beside a neighbour")
	fs.IntVar(&o.ruleWorkspaces, "rule-workspaces", ruleWorkspaces, "workspaces with fifty rules each")
	fs.IntVar(&o.ruleFor, "rule-seconds", 60, "how long to watch rules, after as long to begin")
	fs.IntVar(&o.scrapeTargets, "scrape-targets", 5_000, "targets of 200 series each, scraped every 15 seconds")
	fs.IntVar(&o.polledMetrics, "polled-metrics", 10_000, "metrics of CloudWatch polled by an exporter, a multiple of 10")
	fs.IntVar(&o.viewers, "viewers", 200, "people before a dashboard of 30 panels at the same time")
	if err := fs.Parse(args); err != nil {
		return o, "", err
	}
	var given []string
	fs.Visit(func(f *flag.Flag) {
		if !places[f.Name] {
			given = append(given, "-"+f.Name+"="+f.Value.String())
		}
	})
	if o.quick {
		o.shrink(fs)
	}
	return o, strings.Join(append([]string{"go run ./test/bench"}, given...), " "), nil
}

// shrink sets the sizes of a quick run, unless they were given.
func (o *options) shrink(fs *flag.FlagSet) {
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for name, into := range map[string]struct {
		field *int
		small int
	}{
		"runs": {&o.runs, 1}, "series": {&o.series, 5_000}, "rounds": {&o.rounds, 5},
		"long-series": {&o.longSeries, 2_000}, "long-rounds": {&o.longRounds, 300},
		"workspaces": {&o.workspaces, 50}, "neighbour-seconds": {&o.neighbourFor, 3}, "rule-workspaces": {&o.ruleWorkspaces, 20}, "rule-seconds": {&o.ruleFor, 8}, "scrape-targets": {&o.scrapeTargets, 100}, "polled-metrics": {&o.polledMetrics, 500}, "viewers": {&o.viewers, 5},
	} {
		if !given[name] {
			*into.field = into.small
		}
	}
}

func (o options) check() error {
	switch {
	case o.runs < 1 || o.rounds < 3 || o.longRounds < 3 || o.workspaces < 1 || o.neighbourFor < 1 || o.ruleWorkspaces < 1 || o.ruleFor < 1 || o.scrapeTargets < 1 || o.polledMetrics < 10 || o.viewers < 1:
		return fmt.Errorf("want at least 1 run, 3 rounds, 1 workspace and 1 second")
	case o.series < seriesPerPod || o.longSeries < seriesPerPod || o.series%seriesPerPod+o.longSeries%seriesPerPod != 0:
		return fmt.Errorf("want a multiple of %d series", seriesPerPod)
	case o.only != "" && o.only != "hearth" && o.only != "prometheus":
		return fmt.Errorf("-only=%s: want hearth or prometheus", o.only)
	}
	for name := range strings.SplitSeq(o.scenarios, ",") {
		if !slices.ContainsFunc(scenarios, func(s scenario) bool { return s.name == name }) {
			return fmt.Errorf("-scenarios: there is none called %q", name)
		}
	}
	return nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	o, command, err := parse(args)
	if err == nil {
		err = o.check()
	}
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp(o.work, "hearth-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	b, err := o.bench(ctx, work)
	if err != nil {
		return err
	}
	if err := b.run(ctx, strings.Split(o.scenarios, ",")); err != nil {
		return err
	}
	r := b.report(command, time.Now())
	fmt.Print(r.text)
	if o.out != "" {
		if err := os.WriteFile(o.out, []byte(r.text+kept(o.out)), 0o644); err != nil {
			return err
		}
	}
	return r.wrong
}

func (o options) bench(ctx context.Context, work string) (*bench, error) {
	b := &bench{
		log:            slog.New(slog.NewTextHandler(os.Stderr, nil)),
		work:           work,
		profiles:       o.profiles,
		core:           anyCore,
		runs:           o.runs,
		settle:         8 * time.Second,
		wide:           size{o.series, o.rounds + 1}, // one more, to be cut off
		long:           size{o.longSeries, o.longRounds},
		workspaces:     o.workspaces,
		neighbourLasts: time.Duration(o.neighbourFor) * time.Second,
		ruleWorkspaces: o.ruleWorkspaces, rulesLast: time.Duration(o.ruleFor) * time.Second, scrapeTargets: o.scrapeTargets, polledMetrics: o.polledMetrics, viewers: o.viewers,
	}
	if _, err := exec.LookPath("taskset"); err == nil && runtime.NumCPU() > 1 {
		b.core = 0
	}
	if o.quick {
		b.settle = 2 * time.Second
	}
	return b, o.build(ctx, b)
}

// build makes the programs to measure.
func (o options) build(ctx context.Context, b *bench) error {
	root, err := output(ctx, "", "go", "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return err
	}
	if o.only != "prometheus" {
		if o.hearth == "" {
			o.hearth = filepath.Join(b.work, "hearth")
			if _, err := output(ctx, root, "go", "build", "-o", o.hearth, "./cmd/hearth"); err != nil {
				return err
			}
		}
		b.hearth = hearthPeer(o.hearth)
	}
	b.root = root
	b.version, err = output(ctx, filepath.Join(root, "test", "peers", "prometheus"), "go", "list", "-m", "-f", "{{.Version}}", "github.com/prometheus/prometheus")
	if err != nil {
		return err
	}
	if o.only != "hearth" {
		if o.prometheus == "" {
			if o.prometheus, err = output(ctx, root, filepath.Join(root, "test", "peers", "build"), "prometheus"); err != nil {
				return err
			}
		}
		b.prometheus = prometheusPeer(o.prometheus)
	}
	return nil
}

// output runs a command and returns what it says.
func output(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var out bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w", filepath.Base(name), strings.Join(args, " "), err)
	}
	return strings.TrimSpace(out.String()), nil
}
