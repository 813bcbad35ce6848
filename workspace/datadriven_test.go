package workspace

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/hearth-metrics/hearth"
)

// script plays testdata/life: a room without Run, moved on by the command
// reconcile. Workspaces are called by the names the script gives them.
type script struct {
	*fixture
	names map[string]hearth.WorkspaceID
	first map[hearth.WorkspaceID]string // the first name each was given
}

func TestLifeScript(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.Profile = hearth.AWSStrict })
	s := &script{fixture: f, names: map[string]hearth.WorkspaceID{}, first: map[hearth.WorkspaceID]string{}}
	datadriven.RunTest(t, "testdata/life", func(t *testing.T, d *datadriven.TestData) string {
		return s.play(t, d)
	})
}

func (s *script) play(t *testing.T, d *datadriven.TestData) string {
	a := args{}
	for _, arg := range d.CmdArgs {
		if len(arg.Vals) == 1 {
			a[arg.Key] = arg.Vals[0]
		} else {
			a["name"] = arg.Key
		}
	}
	ctx := as(t, "000000000000", hearth.Region(a.or("region", "us-east-1")))
	switch d.Cmd {
	case "restart":
		s.restart(t)
		return "ok\n"
	case "reconcile":
		return s.reconciled(t)
	case "engine":
		s.engine.set(nil, nil)
		if a["name"] == "broken" {
			s.engine.set(nil, errors.New("broken"))
		}
		return "ok\n"
	case "ledger":
		return s.ledger()
	}
	return s.request(ctx, d.Cmd, a)
}

func (s *script) request(ctx context.Context, cmd string, a args) string {
	id := s.names[a["name"]]
	if a["name"] == "None" {
		id = "None"
	}
	switch cmd {
	case "create":
		w, err := s.Create(ctx, CreateInput{Alias: a.text("alias"), Token: a.text("token")})
		if err == nil {
			s.names[a["name"]] = w.ID
			if s.first[w.ID] == "" {
				s.first[w.ID] = a["name"]
			}
		}
		return s.answer(string(w.Status), err)
	case "describe":
		w, err := s.Describe(ctx, id)
		return s.answer(fmt.Sprintf("%s %q", w.Status, w.Alias), err)
	case "list":
		page, err := s.List(ctx, ListInput{Alias: a.text("alias")})
		return s.answer(strings.Join(append(aliases(page), "(end)"), " "), err)
	case "alias":
		return s.answer("ok", s.SetAlias(ctx, id, AliasInput{Alias: a.text("to"), Token: a.text("token")}))
	case "configure":
		status, err := s.UpdateConfiguration(ctx, id, ConfigurationInput{RetentionDays: a.number("retention"), OutOfOrderSeconds: a.number("window")})
		return s.answer(string(status), err)
	case "configuration":
		c, err := s.Configuration(ctx, id)
		return s.answer(fmt.Sprintf("%s retention=%d window=%d offset=%d", c.Status, c.RetentionDays, c.OutOfOrderSeconds, c.RuleOffsetSeconds), err)
	case "delete":
		return s.answer("ok", s.Delete(ctx, id, a.text("token")))
	case "lookup":
		w, err := s.Lookup(ctx, id)
		return s.answer(fmt.Sprintf("%s in %s, keeps samples for %s", w.Status, w.Region, w.Limits.Retention), err)
	}
	return "no such command\n"
}

func (s *script) reconciled(t *testing.T) string {
	d := deletions{room: s.Room, ended: make(chan struct{}, 1), under: map[hearth.WorkspaceID]bool{}, failed: map[hearth.WorkspaceID]bool{}}
	err := s.reconcile(t.Context(), &d)
	d.group.Wait()
	return s.answer("ok", err)
}

func (s *script) ledger() string {
	var b strings.Builder
	for _, e := range s.events.take() {
		fmt.Fprintf(&b, "%s: %s", s.first[e.Workspace], e.Summary)
		if before, after := e.Detail(hearth.DetailBefore), e.Detail(hearth.DetailAfter); after != "" {
			fmt.Fprintf(&b, " %s -> %s", before, after)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (s *script) answer(ok string, err error) string {
	if e, is := errors.AsType[*hearth.Error](err); is {
		kinds := map[hearth.Kind]string{hearth.Invalid: "invalid", hearth.NotFound: "not found", hearth.Conflict: "conflict", hearth.Quota: "quota"}
		return kinds[e.Kind] + ": " + e.Msg + "\n"
	}
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	return ok + "\n"
}

type args map[string]string

func (a args) or(key, otherwise string) string {
	if v, ok := a[key]; ok {
		return v
	}
	return otherwise
}

func (a args) text(key string) *string {
	if v, ok := a[key]; ok {
		return &v
	}
	return nil
}

func (a args) number(key string) *int {
	n, err := strconv.Atoi(a[key])
	if err != nil {
		return nil
	}
	return &n
}
