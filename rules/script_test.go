package rules_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/rules"
)

// A script plays a file of testdata. Series keep the value they were last given,
// a sample each 15 s, until they are given none.
type script struct {
	*bed
	value map[string]float64
	wrote time.Time
}

func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		s := &script{value: map[string]float64{}}
		s.bed = newBed(t, func(b *bed) {
			if strings.Contains(path, "strict") {
				b.profile = hearth.AWSStrict
			}
		})
		datadriven.RunTest(t, path, s.play)
	})
}

func (s *script) play(t *testing.T, d *datadriven.TestData) string {
	s.t = t
	switch d.Cmd {
	case "create", "put", "delete":
		return s.change(d)
	case "describe":
		n, err := s.Describe(as(t.Context()), kitchen.ID, d.CmdArgs[0].Key)
		return said(fmt.Sprintf("%s %s\n%s", n.Status, n.ARN.Resource, n.Data), err)
	case "reconcile":
		s.reconcile()
		return "ok\n"
	case "restart":
		s.restart()
		return "ok\n"
	case "set":
		for line := range strings.Lines(d.Input) {
			s.set1(strings.TrimSpace(line))
		}
		return ""
	case "tick":
		s.tick(until(t, d))
		return s.told()
	case "ask":
		return strings.Join(append(s.values(kitchen, strings.TrimSpace(d.Input), s.clock()), ""), "\n")
	case "broken":
		s.heard.broken = errors.New("nobody listens")
		return ""
	case "mended":
		s.heard.broken = nil
		return ""
	case "away": // time in which nothing runs
		s.bed.set(noon.Add(until(t, d)))
		s.wrote = s.clock()
		return ""
	}
	return "no such command\n"
}

func until(t *testing.T, d *datadriven.TestData) time.Duration {
	t.Helper()
	to, err := time.ParseDuration(d.CmdArgs[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	return to
}

func (s *script) change(d *datadriven.TestData) string {
	ctx, name, data := as(s.t.Context()), d.CmdArgs[0].Key, []byte(d.Input)
	var (
		n   rules.Namespace
		err error
	)
	switch d.Cmd {
	case "create":
		n, err = s.Create(ctx, kitchen.ID, rules.CreateInput{Name: name, Data: data})
	case "put":
		n, err = s.Put(ctx, kitchen.ID, rules.PutInput{Name: name, Data: data})
	case "delete":
		err = s.Delete(ctx, kitchen.ID, name, nil)
	}
	if err == nil && !slices.ContainsFunc(d.CmdArgs, func(a datadriven.CmdArg) bool { return a.Key == "only" }) {
		s.reconcile()
	}
	return said(string(n.Status), err)
}

func said(ok string, err error) string {
	e, is := errors.AsType[*hearth.Error](err)
	switch {
	case is:
		kinds := map[hearth.Kind]string{hearth.Invalid: "invalid", hearth.NotFound: "not found", hearth.Conflict: "conflict", hearth.Quota: "quota"}
		return kinds[e.Kind] + ": " + strings.ReplaceAll(e.Msg, "; Value at", ";\n  Value at") + "\n"
	case err != nil:
		return "error: " + err.Error() + "\n"
	}
	return strings.TrimRight(ok, "\n") + "\n"
}

func (s *script) set1(line string) {
	series, text, _ := strings.Cut(line, " ")
	if text == "none" {
		delete(s.value, series)
		return
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		s.t.Fatalf("%q: %v", line, err)
	}
	s.value[series] = v
}

// tick moves the clock to each slot on the way, and then to the end.
func (s *script) tick(to time.Duration) {
	end := noon.Add(to)
	for {
		next := s.Next()
		if next.IsZero() || next.After(end) {
			break
		}
		s.feed(next)
		s.bed.set(next)
		s.Evaluate(s.t.Context())
	}
	s.feed(end)
	s.bed.set(end)
}

func (s *script) feed(to time.Time) {
	if s.wrote.IsZero() {
		s.wrote = noon.Add(-15 * time.Second)
	}
	for at := s.wrote.Add(15 * time.Second); !at.After(to); at = at.Add(15 * time.Second) {
		s.bed.set(at)
		for _, series := range slices.Sorted(maps.Keys(s.value)) {
			s.write(kitchen, series, at, s.value[series])
		}
		s.wrote = at
	}
}

// told is what the ledger and the notifier heard, in the order of time.
func (s *script) told() string {
	var out strings.Builder
	alerts, events := s.heard.take()
	for _, e := range events {
		if e.Kind != hearth.EventRule {
			continue
		}
		at, err := time.Parse(time.RFC3339, e.Detail(hearth.DetailEvaluated))
		if err != nil {
			s.t.Fatal(err)
		}
		fmt.Fprintf(&out, "%s %s/%s/%s: %s %s%s\n", at.Sub(noon).Round(time.Second), e.Detail(hearth.DetailNamespace), e.Detail(hearth.DetailRuleGroup),
			e.Detail(hearth.DetailRule), e.Summary, e.Detail(hearth.DetailError), e.Detail(hearth.DetailResult))
		for _, d := range e.Details {
			if d.Name == hearth.DetailState {
				fmt.Fprintf(&out, "  %s\n", d.Value)
			}
		}
	}
	for _, a := range alerts {
		fmt.Fprintf(&out, "told: %s %s from %s to %s\n", a.Labels, a.Annotations, a.StartsAt.Sub(noon).Round(time.Second), a.EndsAt.Sub(noon).Round(time.Second))
	}
	return out.String()
}
