package rules_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/notifier"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine/embedded"
	"github.com/hearth-metrics/hearth/ingest"
	"github.com/hearth-metrics/hearth/query"
	"github.com/hearth-metrics/hearth/rules"
	"github.com/hearth-metrics/hearth/store"
)

// noon is when scripts begin.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const account, region = hearth.AccountID("000000000000"), hearth.Region("eu-west-1")

func workspace(n int) hearth.Workspace {
	ws := hearth.Workspace{
		ID: hearth.WorkspaceID(fmt.Sprintf("ws-00000000-0000-4000-8000-%012x", n)), Account: account, Region: region,
		Status: hearth.Active, Limits: hearth.LimitsOf(hearth.Local),
	}
	ws.Limits.RuleQueryOffset = 0
	return ws
}

var kitchen, cellar = workspace(1), workspace(2)

// workspaces is a small room of workspaces.
type workspaces struct {
	mu      sync.Mutex
	all     map[hearth.WorkspaceID]hearth.Workspace
	changed chan struct{}
}

func newWorkspaces(all ...hearth.Workspace) *workspaces {
	w := &workspaces{all: map[hearth.WorkspaceID]hearth.Workspace{}, changed: make(chan struct{}, 1)}
	for _, ws := range all {
		w.all[ws.ID] = ws
	}
	return w
}

func (w *workspaces) Lookup(_ context.Context, id hearth.WorkspaceID) (hearth.Workspace, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ws, ok := w.all[id]; ok {
		return ws, nil
	}
	return hearth.Workspace{}, &hearth.Error{Kind: hearth.NotFound, Resource: string(id), Msg: "Workspace not found"}
}

func (w *workspaces) Workspaces(context.Context) ([]hearth.Workspace, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []hearth.Workspace
	for _, ws := range w.all {
		all = append(all, ws)
	}
	return all, nil
}

func (w *workspaces) Changed() (<-chan struct{}, func()) { return w.changed, func() {} }

func (w *workspaces) remove(id hearth.WorkspaceID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.all, id)
}

func (w *workspaces) add(ws hearth.Workspace) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all[ws.ID] = ws
}

// listener takes alerts and events.
type listener struct {
	mu     sync.Mutex
	broken error
	alerts []*notifier.Alert
	events []hearth.Event
}

func (l *listener) Notify(_ context.Context, _ hearth.Workspace, alerts ...*notifier.Alert) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return l.broken
	}
	l.alerts = append(l.alerts, alerts...)
	return nil
}

func (l *listener) Record(e hearth.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

// take returns what came since the last call.
func (l *listener) take() ([]*notifier.Alert, []hearth.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	alerts, events := l.alerts, l.events
	l.alerts, l.events = nil, nil
	return alerts, events
}

// bed is a rules room among real rooms, under a clock that the test moves.
type bed struct {
	*rules.Room
	t       testing.TB
	dir     string
	profile hearth.Profile

	mu    sync.Mutex
	now   time.Time
	clock func() time.Time // the clock the test moves, unless it says otherwise

	workspaces *workspaces
	heard      *listener
	store      *store.SQLite
	engine     *embedded.Engine
	query      *query.Room
	ingest     *ingest.Room
	slow       func(ws hearth.Workspace) // called by each query, if set
	workers    int
	tally      hearth.Tally
	stop       func() // ends Run
}

func newBed(t testing.TB, change func(*bed)) *bed {
	t.Helper()
	b := &bed{t: t, dir: t.TempDir(), now: noon, workspaces: newWorkspaces(kitchen, cellar), heard: &listener{}, profile: hearth.Local}
	b.clock = b.virtual
	if change != nil {
		change(b)
	}
	b.open()
	t.Cleanup(b.close)
	return b
}

func (b *bed) virtual() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bed) set(t time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = t
}

func (b *bed) open() {
	b.t.Helper()
	var err error
	if b.store, err = store.OpenSQLite(context.Background(), filepath.Join(b.dir, "hearth.db"), store.Options{}); err != nil {
		b.t.Fatal(err)
	}
	if b.engine, err = embedded.Open(embedded.Options{Dir: filepath.Join(b.dir, "workspaces"), Now: b.clock}); err != nil {
		b.t.Fatal(err)
	}
	if b.query, err = query.New(query.Options{Engine: b.engine, Now: b.clock, Memory: -1}); err != nil {
		b.t.Fatal(err)
	}
	b.ingest = ingest.New(ingest.Options{Engine: b.engine, Now: b.clock})
	b.Room = rules.New(rules.Options{
		Store: b.store, Workspaces: b.workspaces, Query: asked{b}, Append: b.ingest, Engine: b.engine, Notify: b.heard,
		Profile: b.profile, Now: b.clock, Workers: b.workers, Recorder: b.heard, Tally: b.tally, ExternalURL: "http://hearth.example:4750",
	})
}

// asked is the query room, which a test may make slow.
type asked struct{ *bed }

func (a asked) Query(ctx context.Context, ws hearth.Workspace, text string, at time.Time) (parser.Value, annotations.Annotations, error) {
	if a.slow != nil {
		a.slow(ws)
	}
	return a.query.Query(ctx, ws, text, at)
}

func (b *bed) close() {
	b.t.Helper()
	if err := b.engine.Close(); err != nil {
		b.t.Error(err)
	}
	if err := b.store.Close(); err != nil {
		b.t.Error(err)
	}
}

func (b *bed) restart() {
	b.t.Helper()
	b.close()
	b.open()
	b.reconcile()
}

func (b *bed) reconcile() {
	b.t.Helper()
	if err := b.Reconcile(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

// as is a caller of the account that owns the workspaces.
func as(ctx context.Context) context.Context {
	return hearth.WithCaller(ctx, hearth.Caller{Account: account, Region: region, RequestID: "req-1"})
}

// make creates a namespace, or fails the test.
func (b *bed) make(ws hearth.Workspace, name, file string) {
	b.t.Helper()
	if _, err := b.Create(as(b.t.Context()), ws.ID, rules.CreateInput{Name: name, Data: []byte(file)}); err != nil {
		b.t.Fatal(err)
	}
	b.reconcile()
}

// write appends one sample.
func (b *bed) write(ws hearth.Workspace, series string, at time.Time, value float64) {
	b.t.Helper()
	ls, err := parser.NewParser(parser.Options{}).ParseMetric(series)
	if err != nil {
		b.t.Fatal(err)
	}
	app := b.ingest.Appendable(ws, "test").AppenderV2(b.t.Context())
	if _, err := app.Append(0, ls, 0, at.UnixMilli(), value, nil, nil, storage.AOptions{}); err != nil {
		b.t.Fatal(err)
	}
	if err := app.Commit(); err != nil {
		b.t.Fatal(err)
	}
}

// values asks ws and returns the answer as lines.
func (b *bed) values(ws hearth.Workspace, text string, at time.Time) []string {
	b.t.Helper()
	v, _, err := b.query.Query(b.t.Context(), ws, text, at)
	if err != nil {
		b.t.Fatal(err)
	}
	var lines []string
	for _, s := range v.(promql.Vector) {
		lines = append(lines, fmt.Sprintf("%s %g", spell(s.Metric), s.F))
	}
	slices.Sort(lines)
	return lines
}

func spell(ls labels.Labels) string {
	name := ls.Get(model.MetricNameLabel)
	rest := labels.NewBuilder(ls).Del(model.MetricNameLabel).Labels()
	if rest.IsEmpty() {
		return name
	}
	return name + strings.ReplaceAll(rest.String(), ", ", ",")
}
