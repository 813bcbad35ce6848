package query

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/promql/parser"
	v1 "github.com/prometheus/prometheus/web/api/v1"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

// Options is what a Room needs. Engine is required.
type Options struct {
	Engine   engine.Engine
	Now      func() time.Time // time.Now unless a test says otherwise
	Log      *slog.Logger
	Tally    hearth.Tally          // counts for the workspaces' owners; nil counts nothing
	Metrics  prometheus.Registerer // nil keeps the numbers private
	Recorder hearth.Recorder       // learns of every refused query
	Profile  hearth.Profile        // AWSStrict hides what AMP does not offer
	Build    Build                 // what /api/v1/status/buildinfo says
	Usage    Usage                 // nil if nobody counts usage

	Concurrency int           // requests reading at once, all workspaces together; 0 means max(8, 4×GOMAXPROCS)
	Queue       int           // requests of one workspace that may wait for a place; 0 means 1,500
	QueueWait   time.Duration // how long one may wait; 0 means 10 s
	Memory      int64         // live heap of the process above which running queries are stopped; 0 means half of what the machine allows, negative switches it off
	Cache       int64         // bytes of results kept; 0 means a 32nd of what the machine allows, at most 64 MiB; negative keeps none

	language language
	codecs   []v1.Codec
	keepAll  bool // results that took next to nothing too
}

// language is which PromQL is spoken. The zero value is Prometheus' default;
// only tests speak more.
type language struct {
	parser             parser.Options
	delayedNameRemoval bool
	startTimestamps    bool
}

// Build says which program answers.
type Build struct {
	Version   string `json:"version"`
	Revision  string `json:"revision"`
	Branch    string `json:"branch"`
	BuildUser string `json:"buildUser"`
	BuildDate string `json:"buildDate"`
	GoVersion string `json:"goVersion"`
}

// Usage learns which queries are asked. Queried is called once for each query
// that passed the guards, before it is evaluated, and must neither block nor
// keep or change the expression.
type Usage interface {
	Queried(ctx context.Context, ws hearth.Workspace, q Asked)
}

// Asked is one query. Start equals End and Step is 0 for an instant query.
type Asked struct {
	Text       string
	Expr       parser.Expr
	Start, End time.Time
	Step       time.Duration
}

// A Room answers the query API of every workspace. Its methods may be called
// concurrently.
type Room struct {
	engine   engine.Engine
	now      func() time.Time
	log      *slog.Logger
	recorder hearth.Recorder
	profile  hearth.Profile
	build    Build
	usage    Usage
	tally    hearth.Tally
	language language
	codecs   []v1.Codec
	memory   int64
	cache    *cache // nil if nothing is kept
	keepAll  bool

	parser  parser.Parser
	places  *places
	metrics *metrics
	api     func() http.Handler // built by the first call
	routes  map[string]route

	mu      sync.Mutex
	engines map[int]*promqlEngine    // by the most samples in memory
	running map[*reading]func(error) // evaluations in flight, and how to stop them
	active  atomic.Int64             // len(running), for the memory watch
}

// New returns a Room. It starts nothing: until Run or a first request, the
// Prometheus API is not built.
func New(o Options) (*Room, error) {
	if o.Engine == nil {
		return nil, &hearth.Error{Kind: hearth.Internal, Msg: "query: no engine given"}
	}
	o = o.withDefaults()
	q := &Room{
		engine: o.Engine, now: o.Now, log: o.Log, recorder: o.Recorder, profile: o.Profile,
		build: o.Build, usage: o.Usage, tally: o.Tally, language: o.language, codecs: o.codecs, memory: o.Memory, keepAll: o.keepAll,
		parser:  parser.NewParser(o.language.parser),
		places:  newPlaces(o.Concurrency, o.Queue, o.QueueWait),
		engines: make(map[int]*promqlEngine),
		running: make(map[*reading]func(error)),
	}
	if o.Cache > 0 {
		q.cache = newCache(o.Cache, o.Metrics)
	}
	q.metrics = newMetrics(o.Metrics, q.places)
	q.api = sync.OnceValue(q.newAPI)
	q.routes = q.table()
	return q, nil
}

// Run builds the Prometheus API, which costs about 0.2 s, so that no query has
// to wait for it, and then stops queries whenever the process outgrows its
// memory, until ctx ends.
func (q *Room) Run(ctx context.Context) error {
	q.api()
	q.watchMemory(ctx)
	return nil
}
