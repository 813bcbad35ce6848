package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// What the scenario of rules evaluates: 10,000 alerting rules at their usual pace.
const (
	ruleWorkspaces = 200
	ruleGroups     = 5  // of a workspace
	rulesInGroup   = 10 // once a minute each
)

// evaluated measures how late rules are when many workspaces have many, and what
// they cost. It takes two minutes: one in which every group has its first turn,
// and one that counts.
func (b *bench) evaluated(ctx context.Context, p *peer) (figures, error) {
	s, first, err := b.begin(ctx, p)
	if err != nil {
		return nil, err
	}
	defer b.discard(s)
	paths := make([]string, b.ruleWorkspaces)
	paths[0] = first
	err = everyone(ctx, len(paths)-1, func(ctx context.Context, i int) (err error) {
		paths[i+1], err = p.open(ctx, s)
		return err
	})
	if err != nil {
		return nil, err
	}
	l := b.encode(size{len(paths) * seriesPerPod, 3}, "v2", time.Now(), 1)
	if err := s.writeInto(ctx, paths, l); err != nil {
		return nil, err
	}
	if err := s.giveRules(ctx, paths); err != nil {
		return nil, err
	}
	if err := pause(ctx, b.rulesLast); err != nil {
		return nil, err
	}
	return s.lateness(ctx, b.rulesLast)
}

// giveRules gives every workspace its rules, of which one in ten fires.
func (s *server) giveRules(ctx context.Context, paths []string) error {
	var file strings.Builder
	file.WriteString("groups:\n")
	for g := range ruleGroups {
		fmt.Fprintf(&file, "- name: g%d\n  rules:\n", g)
		for r := range rulesInGroup {
			fmt.Fprintf(&file, "  - {alert: Busy%d, expr: 'count by (job) ({__name__=~\"http_.+\", instance!=\"%d\"}) > %d', for: 1m, annotations: {summary: '{{ $labels.job }} has {{ $value }}'}}\n", r, r, 1_000_000*min(r, 1))
		}
	}
	body, err := json.Marshal(map[string]any{"name": "bench", "data": []byte(file.String())})
	if err != nil {
		return err
	}
	return everyone(ctx, len(paths), func(ctx context.Context, i int) error {
		return s.call(ctx, http.MethodPost, paths[i]+"/rulegroupsnamespaces", body, new(any))
	})
}

// lateness is how late evaluations began, of those within d.
func (s *server) lateness(ctx context.Context, d time.Duration) (figures, error) {
	before, err := s.ruleNumbers(ctx)
	if err != nil {
		return nil, err
	}
	used, err := s.cpu()
	if err != nil {
		return nil, err
	}
	if err := pause(ctx, d); err != nil {
		return nil, err
	}
	after, err := s.ruleNumbers(ctx)
	if err != nil {
		return nil, err
	}
	now, err := s.cpu()
	if err != nil {
		return nil, err
	}
	delays := after.minus(before)
	if delays.evaluated == 0 {
		return nil, errors.New("no rule was evaluated")
	}
	return figures{
		"delay p99": 1000 * delays.quantile(0.99), "delay p50": 1000 * delays.quantile(0.5), "missed": delays.missed, "failed": delays.failed,
		"evaluation CPU": micros(now-used) / delays.evaluated, "evaluations": delays.evaluated / d.Seconds(),
	}, nil
}

// ruleNumbers are what the server counts of its rules.
type ruleNumbers struct {
	bounds                    []float64 // of the buckets of delays, in seconds
	counts                    []float64 // cumulated
	evaluated, failed, missed float64
}

var bucketLine = regexp.MustCompile(`^hearth_rules_evaluation_delay_seconds_bucket\{le="([^"]+)"\} (\S+)$`)

func (s *server) ruleNumbers(ctx context.Context) (n ruleNumbers, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url()+"/metrics", nil)
	if err != nil {
		return n, err
	}
	req.Close = true // an idle connection is closed by the server about now
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return n, fmt.Errorf("%w\n%s", err, s.tail())
	}
	defer res.Body.Close()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		line := lines.Text()
		if m := bucketLine.FindStringSubmatch(line); m != nil {
			n.bounds, n.counts = append(n.bounds, number(m[1])), append(n.counts, number(m[2]))
		}
		name, value, _ := strings.Cut(line, " ")
		switch name {
		case `hearth_rules_evaluations_total{result="ok"}`:
			n.evaluated = number(value)
		case `hearth_rules_evaluations_total{result="failed"}`:
			n.failed = number(value)
		case "hearth_rules_iterations_missed_total":
			n.missed = number(value)
		}
	}
	if len(n.bounds) == 0 {
		return n, fmt.Errorf("%s has no metric of the delay of rules", s.peer.name)
	}
	return n, nil
}

func number(text string) float64 {
	n, _ := strconv.ParseFloat(text, 64) // also +Inf
	return n
}

func (n ruleNumbers) minus(other ruleNumbers) ruleNumbers {
	out := ruleNumbers{bounds: n.bounds, evaluated: n.evaluated - other.evaluated, failed: n.failed - other.failed, missed: n.missed - other.missed}
	for i, c := range n.counts {
		out.counts = append(out.counts, c-other.counts[i])
	}
	return out
}

// quantile is the upper bound of the bucket that holds it, in seconds: no smaller
// than the truth.
func (n ruleNumbers) quantile(q float64) float64 {
	for i, c := range n.counts {
		if c >= q*n.counts[len(n.counts)-1] {
			return n.bounds[i]
		}
	}
	return n.bounds[len(n.bounds)-1]
}
