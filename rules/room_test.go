package rules_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/rules"
)

const down = "groups:\n- name: g\n  interval: 1s\n  rules:\n  - {alert: Down, expr: up == 0}\n  - {record: total, expr: sum(up)}\n"

// run lets the room evaluate by itself until the test ends.
func (b *bed) run() {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := b.Run(ctx); err != nil {
			b.t.Error(err)
		}
	})
	stop := sync.OnceFunc(func() { cancel(); running.Wait() })
	b.stop = stop
	b.t.Cleanup(stop)
}

// eventually waits for a condition.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// get asks the data plane of ws.
func (b *bed) get(ws hearth.Workspace, path string, into any) int {
	b.t.Helper()
	r := httptest.NewRequestWithContext(hearth.WithWorkspace(b.t.Context(), ws), http.MethodGet, path, nil)
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
		b.t.Fatalf("%s: %v in %s", path, err, w.Body)
	}
	return w.Code
}

// listed is an answer of ListRules or ListAlerts.
type listed struct {
	Status, Error string
	Data          struct {
		Groups []struct {
			Name, File string
			Rules      []struct{ Name, Type, Health, State string }
		}
		Alerts         []struct{ State string }
		GroupNextToken string
	}
}

// What one workspace has, another sees nothing of: rules, alerts, samples.
func TestWorkspacesAreApart(t *testing.T) {
	b := newBed(t, nil)
	b.make(kitchen, "web", down)
	b.write(kitchen, `up{job="api"}`, noon, 0)
	b.write(cellar, `up{job="api"}`, noon, 0)
	b.set(noon.Add(time.Second))
	b.Evaluate(t.Context())
	var mine, others listed
	b.get(kitchen, "/api/v1/alerts", &mine)
	b.get(cellar, "/api/v1/alerts", &others)
	if len(mine.Data.Alerts) != 1 || len(others.Data.Alerts) != 0 {
		t.Errorf("alerts: %d in the workspace, %d in another", len(mine.Data.Alerts), len(others.Data.Alerts))
	}
	b.get(cellar, "/api/v1/rules", &others)
	if len(others.Data.Groups) != 0 {
		t.Errorf("another workspace lists %+v", others.Data.Groups)
	}
	if got := b.values(cellar, "total or ALERTS", noon.Add(time.Second)); len(got) != 0 {
		t.Errorf("another workspace has %q", got)
	}
	if got := b.values(kitchen, "total", noon.Add(time.Second)); !slices.Equal(got, []string{"total 0"}) {
		t.Errorf("the workspace has %q", got)
	}

	stranger := hearth.WithCaller(t.Context(), hearth.Caller{Account: "999999999999", Region: region})
	elsewhere := hearth.WithCaller(t.Context(), hearth.Caller{Account: account, Region: "us-east-1"})
	for _, ctx := range []context.Context{stranger, elsewhere} {
		_, describe := b.Describe(ctx, kitchen.ID, "web")
		_, list := b.List(ctx, kitchen.ID, rules.ListInput{})
		_, create := b.Create(ctx, kitchen.ID, rules.CreateInput{Name: "x", Data: []byte(down)})
		remove := b.Delete(ctx, kitchen.ID, "web", nil)
		for _, err := range []error{describe, list, create, remove} {
			if hearth.KindOf(err) != hearth.NotFound {
				t.Errorf("a stranger is told %v", err)
			}
		}
	}
}

// A workspace whose queries hang keeps its share of the workers busy, and not
// one more: the rules of others go on.
func TestSlowWorkspaceTakesOnlyItsShare(t *testing.T) {
	hang := make(chan struct{})
	var hanging atomic.Int32
	var many strings.Builder
	many.WriteString("groups:\n")
	for i := range 50 {
		fmt.Fprintf(&many, "- name: g%d\n  interval: 1s\n  rules: [{record: r%d, expr: up}]\n", i, i)
	}
	b := newBed(t, func(b *bed) {
		b.workers = 4
		b.clock = time.Now
		b.slow = func(ws hearth.Workspace) {
			if ws.ID == kitchen.ID {
				hanging.Add(1)
				<-hang
			}
		}
	})
	b.run()
	for ws, file := range map[string]string{"kitchen": many.String(), "cellar": down} {
		to := kitchen
		if ws == "cellar" {
			to = cellar
		}
		if _, err := b.Create(as(t.Context()), to.ID, rules.CreateInput{Name: "web", Data: []byte(file)}); err != nil {
			t.Fatal(err)
		}
	}
	b.write(cellar, `up{job="api"}`, time.Now(), 1)
	eventually(t, "both shares are taken", func() bool { return hanging.Load() == 2 })
	began := time.Now()
	for i := range 3 {
		b.write(cellar, `up{job="api"}`, time.Now(), float64(i+2))
		want := []string{fmt.Sprintf("total %d", i+2)}
		eventually(t, "the other workspace is evaluated", func() bool { return slices.Equal(b.values(cellar, "total", time.Now()), want) })
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("three evaluations of a second each took %s beside a workspace that hangs", took)
	}
	if n := hanging.Load(); n != 2 {
		t.Errorf("%d of 4 workers hang in one workspace", n)
	}
	close(hang)
	b.stop()
}

// A namespace of a workspace that is gone is gone.
func TestNamespacesGoWithTheirWorkspace(t *testing.T) {
	b := newBed(t, nil)
	b.make(kitchen, "web", down)
	b.make(cellar, "web", down)
	b.workspaces.remove(kitchen.ID)
	b.reconcile()
	b.workspaces.add(kitchen) // its id would never come back
	if _, err := b.Describe(as(t.Context()), kitchen.ID, "web"); hearth.KindOf(err) != hearth.NotFound {
		t.Errorf("the namespace of a deleted workspace: %v", err)
	}
	if n, err := b.Describe(as(t.Context()), cellar.ID, "web"); err != nil || n.Status != hearth.Active {
		t.Errorf("the namespace of another: %v %v", n.Status, err)
	}
	b.set(noon.Add(time.Minute))
	b.Evaluate(t.Context())
	var got listed
	if b.get(kitchen, "/api/v1/rules", &got); len(got.Data.Groups) != 0 {
		t.Errorf("rules of a deleted workspace: %+v", got.Data.Groups)
	}
}

// Slots that could not be kept are left out, not made up for.
func TestMissedSlotsAreLeftOut(t *testing.T) {
	b := newBed(t, nil)
	b.make(kitchen, "web", down)
	b.write(kitchen, "up", noon, 1)
	b.set(noon.Add(time.Second))
	b.Evaluate(t.Context())
	b.set(noon.Add(10 * time.Second))
	b.Evaluate(t.Context())
	if got := b.values(kitchen, "count_over_time(total[1m])", b.clock()); !slices.Equal(got, []string{"{} 2"}) && !slices.Equal(got, []string{" 2"}) {
		t.Errorf("after a stop of nine seconds: %q", got)
	}
	if next := b.Next(); next.Sub(b.clock()) > time.Second || !next.After(b.clock()) {
		t.Errorf("next due %s after now", next.Sub(b.clock()))
	}
}

// The same token does a thing once; other content with it is a conflict.
func TestTokens(t *testing.T) {
	b := newBed(t, nil)
	token := "t-1"
	create := func(data string) error {
		_, err := b.Create(as(t.Context()), kitchen.ID, rules.CreateInput{Name: "web", Data: []byte(data), Token: &token})
		return err
	}
	if err := create(down); err != nil {
		t.Fatal(err)
	}
	b.reconcile()
	if err := create(down); err != nil {
		t.Errorf("the same again: %v", err)
	}
	if err := create("groups: []\n"); hearth.KindOf(err) != hearth.Conflict {
		t.Errorf("other content: %v", err)
	}
	for range 2 {
		if err := b.Delete(as(t.Context()), kitchen.ID, "web", &token); err != nil {
			t.Errorf("delete, twice: %v", err)
		}
	}
}

func TestListPages(t *testing.T) {
	b := newBed(t, nil)
	for _, name := range []string{"web-1", "web/2", "db", "web-3", "wub"} {
		b.make(kitchen, name, "groups: []\n")
	}
	prefix, two := "web", 2
	var names []string
	in := rules.ListInput{Name: &prefix, MaxResults: &two}
	for pages := 0; pages < 3; pages++ {
		page, err := b.List(as(t.Context()), kitchen.ID, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range page.Namespaces {
			names = append(names, n.Name)
		}
		if page.NextToken == "" {
			break
		}
		in.NextToken = &page.NextToken
	}
	if diff := cmp.Diff([]string{"web-1", "web-3", "web/2"}, names); diff != "" {
		t.Error(diff)
	}
	in.Name = nil
	if _, err := b.List(as(t.Context()), kitchen.ID, in); hearth.KindOf(err) != hearth.Invalid {
		t.Errorf("a token of another list: %v", err)
	}
}

func TestListRulesPagesAndFilters(t *testing.T) {
	b := newBed(t, nil)
	b.make(kitchen, "b", "groups:\n- name: one\n  rules: [{alert: A, expr: up, labels: {team: tea}}, {record: r, expr: up}]\n- name: two\n  rules: [{record: s, expr: up}]\n")
	b.make(kitchen, "a", down)
	cases := []struct{ query, want string }{
		{"", "a/g:Down,total b/one:A,r b/two:s"},
		{"type=alert", "a/g:Down b/one:A"},
		{"type=record&file[]=b", "b/one:r b/two:s"},
		{"rule_name[]=A&rule_name[]=s", "b/one:A b/two:s"},
		{"rule_group[]=two", "b/two:s"},
		{"match[]={team=\"tea\"}", "b/one:A"},
		{"type=other", "400"},
		{"match[]={", "400"},
		{"group_limit=0", "400"},
		{"group_next_token=x", "400"},
		{"group_limit=1&group_next_token=x", "400"},
		{"exclude_alerts=perhaps", "400"},
	}
	for _, c := range cases {
		t.Run(c.query, func(t *testing.T) {
			var got listed
			if code := b.get(kitchen, "/api/v1/rules?"+strings.NewReplacer(`"`, "%22", "{", "%7B", "}", "%7D").Replace(c.query), &got); code != http.StatusOK {
				if c.want != fmt.Sprint(code) || got.Error == "" {
					t.Errorf("%d %s", code, got.Error)
				}
				return
			}
			if text := spellGroups(got); text != c.want {
				t.Errorf("got  %s\nwant %s", text, c.want)
			}
		})
	}
	var seen []string
	for next, pages := "", 0; pages < 4; pages++ {
		var got listed
		b.get(kitchen, "/api/v1/rules?group_limit=2&group_next_token="+next, &got)
		seen = append(seen, spellGroups(got))
		if next = got.Data.GroupNextToken; next == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"a/g:Down,total b/one:A,r", "b/two:s"}, seen); diff != "" {
		t.Error(diff)
	}
}

func spellGroups(l listed) string {
	var groups []string
	for _, g := range l.Data.Groups {
		var names []string
		for _, r := range g.Rules {
			names = append(names, r.Name)
		}
		groups = append(groups, g.File+"/"+g.Name+":"+strings.Join(names, ","))
	}
	return strings.Join(groups, " ")
}

// A file of a workspace, and the rules of all its files together, are bounded.
func TestQuotas(t *testing.T) {
	b := newBed(t, func(b *bed) { b.profile = hearth.AWSStrict })
	many := "groups:\n- name: g\n  rules:\n" + strings.Repeat("  - {record: r, expr: up}\n", 1500)
	b.make(kitchen, "one", many)
	for name, data := range map[string]string{"two": many, "long": "groups: []\n#" + strings.Repeat("x", 1_000_000)} {
		_, err := b.Create(as(t.Context()), kitchen.ID, rules.CreateInput{Name: name, Data: []byte(data)})
		if hearth.KindOf(err) != hearth.Quota {
			t.Errorf("%s: %v", name, err)
		}
	}
	long := strings.Repeat("n", 128)
	_, err := b.Create(as(t.Context()), cellar.ID, rules.CreateInput{Name: long, Data: []byte("groups:\n- name: " + strings.Repeat("g", 600) + "\n  rules: []\n")})
	if hearth.KindOf(err) != hearth.Invalid || !strings.Contains(fmt.Sprint(err), "721") {
		t.Errorf("long names: %v", err)
	}
}

// Files made to hurt are refused, at once.
func TestBadFiles(t *testing.T) {
	rule := func(expr string) string {
		return "groups:\n- name: g\n  rules:\n  - record: r\n    expr: " + expr + "\n"
	}
	note := func(text string) string {
		return "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up\n    annotations:\n      x: '" + text + "'\n"
	}
	var laughs strings.Builder
	laughs.WriteString(`{{define "t0"}}ha{{end}}`)
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&laughs, `{{define "t%d"}}%s{{end}}`, i, strings.Repeat(fmt.Sprintf(`{{template "t%d"}}`, i-1), 10))
	}
	laughs.WriteString(`{{template "t11"}}`)
	cases := map[string]string{
		"parentheses":       rule(strings.Repeat("(", 30_000) + "1" + strings.Repeat(")", 30_000)),
		"operators":         rule("1" + strings.Repeat(" + 1", 10_000)),
		"words":             rule("up" + strings.Repeat(" or up", 5_000)),
		"a long expression": rule(`up{a="` + strings.Repeat("x", 100_000) + `"}`),
		"template laughs":   note(laughs.String()),
		"a long template":   note(strings.Repeat("x", 100_000)),
		"template nesting":  note("{{" + strings.Repeat("(", 30_000)),
		"yaml nesting":      strings.Repeat("[", 100_000),
		"yaml aliases":      "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ngroups: *d\n",
		"not a mapping":     "- groups",
		"binary":            "\x00\x01\x02:",
		"a recording for":   "groups:\n- name: g\n  rules: [{record: r, expr: up, for: 1m}]\n",
		"no name":           "groups:\n- rules: []\n",
		"both":              "groups:\n- name: g\n  rules: [{record: r, alert: a, expr: up}]\n",
		"negative limit":    "groups:\n- {name: g, limit: -1, rules: []}\n",
	}
	for name, data := range cases {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			_, faults := rules.Parse([]byte(data), hearth.Local, hearth.LimitsOf(hearth.Local))
			if len(faults) == 0 {
				t.Error("accepted")
			}
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

// Of durations that cannot be read, each is told with its key and line.
func TestBadDurations(t *testing.T) {
	const data = "groups:\n- name: g\n  interval: 1 minute\n  rules:\n  - alert: A\n    expr: up\n    for: 5x\n  - alert: B\n    expr: up\n    keep_firing_for: ''\n    for: 1m\n"
	_, faults := rules.Parse([]byte(data), hearth.Local, hearth.LimitsOf(hearth.Local))
	want := `[line 3: interval: unknown unit " minute" in duration "1 minute" line 7: for: unknown unit "x" in duration "5x" line 10: keep_firing_for: empty duration string]`
	if got := fmt.Sprint(faults); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// FuzzParse looks for files that panic or are accepted and cannot be loaded.
func FuzzParse(f *testing.F) {
	f.Add([]byte(down))
	f.Add([]byte(base64.StdEncoding.EncodeToString([]byte(down))))
	f.Add([]byte("groups:\n- name: g\n  labels: {a: b}\n  query_offset: 1m\n  rules:\n  - alert: A\n    expr: up\n    annotations: {x: '{{ range query \"up\" }}{{ . }}{{ end }}'}\n"))
	limits := hearth.LimitsOf(hearth.Local)
	f.Fuzz(func(t *testing.T, data []byte) {
		plain := rules.Unwrap(data)
		file, faults := rules.Parse(plain, hearth.Local, limits)
		if len(faults) == 0 && file == nil {
			t.Error("neither a file nor a fault")
		}
		for _, fault := range faults {
			if fault.Msg == "" || fault.Line < 0 {
				t.Errorf("a fault that says nothing: %+v", fault)
			}
		}
	})
}
