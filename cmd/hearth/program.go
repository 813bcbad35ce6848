package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/oklog/run"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/alerting"
	"github.com/hearth-metrics/hearth/awsapi"
	"github.com/hearth-metrics/hearth/cloudwatch"
	"github.com/hearth-metrics/hearth/cluster"
	"github.com/hearth-metrics/hearth/dashboard"
	"github.com/hearth-metrics/hearth/engine/embedded"
	"github.com/hearth-metrics/hearth/iam"
	"github.com/hearth-metrics/hearth/ingest"
	"github.com/hearth-metrics/hearth/ledger"
	"github.com/hearth-metrics/hearth/query"
	"github.com/hearth-metrics/hearth/rules"
	"github.com/hearth-metrics/hearth/scraper"
	"github.com/hearth-metrics/hearth/sns"
	"github.com/hearth-metrics/hearth/sso"
	"github.com/hearth-metrics/hearth/store"
	"github.com/hearth-metrics/hearth/workspace"
)

// A program is a whole Hearth: it listens, opens its rooms from the bottom up,
// runs them together, and closes them in reverse.
type program struct {
	config   *Config
	keys     func(storage string) (keyPair, error) // the root's; asked once storage is ours alone
	mode     string                                // dev or serve
	demo     string                                // alias of the workspace that scrapes Hearth itself; empty: none
	password string                                // of the local administrator; empty: none
	fresh    bool                                  // nothing was kept in the folder before
	log      *slog.Logger
	ready    func(url string, demo hearth.Workspace) // told once callers are let in; may be nil

	registry *prometheus.Registry
	health   *health
	url      string
	ownURL   string // how this process reaches itself
	rooms    rooms
}

// rooms are what a program joins. Each is nil until opened.
type rooms struct {
	store     *store.SQLite
	ledger    *ledger.Ledger
	iam       *iam.Room
	endLedger func() // returns once everything recorded is in the store
	engine    *embedded.Engine
	workspace *workspace.Room
	sns       *sns.Room
	clusters  *cluster.Room
	ingest    *ingest.Room
	query     *query.Room
	rules     *rules.Room
	alerting  *alerting.Room
	scrapers  *scraper.Room
	grafana   *dashboard.Room
	sso       *sso.Room
	door      *awsapi.Server
	root      keyPair
	demo      hearth.Workspace
	board     hearth.GrafanaWorkspace // that of the demo
	self      *scraper.Static

	cloudwatch *cloudwatch.Room
	tally      *cloudwatch.Tally
}

// gcPercent keeps resident memory near the live heap. Samples of known series
// make no garbage, so collections stay rare; docs/decisions/0031 has figures.
const gcPercent = 40

// run serves until ctx ends or something essential fails.
func (p *program) run(ctx context.Context) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	p.registry = newRegistry()
	p.health = newHealth(p.mode, p.registry)
	api, err := listen(ctx, "api", p.config.Web.ListenAddress, p.config.behindProxies(p.health), p.config.Web.ConfigFile, p.log)
	if err != nil {
		return err
	}
	p.url, p.ownURL = p.config.externalURL(api.addr()), p.config.ownURL(api.addr())

	// The group interrupts its actors in this order: first the listeners finish
	// what is under way, then the rooms close.
	var group run.Group
	asked, cancel := context.WithCancel(ctx)
	defer cancel()
	group.Add(func() error { <-asked.Done(); return nil }, func(error) { cancel() })
	group.Add(api.run, func(error) { api.shutdown() })
	if err := p.addDebug(ctx, &group); err != nil {
		return err
	}
	living, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	var lived error
	group.Add(func() error { lived = p.live(living); return lived }, func(error) { end() })
	if err := group.Run(); err != nil { // of the first that ended
		return err
	}
	return lived
}

func (p *program) addDebug(ctx context.Context, group *run.Group) error {
	if p.config.Debug.ListenAddress == "" {
		return nil
	}
	profiler, err := listen(ctx, "debug", p.config.Debug.ListenAddress, profiles(), "", p.log)
	if err != nil {
		return err
	}
	group.Add(profiler.run, func(error) { profiler.shutdown() })
	return nil
}

func newRegistry() *prometheus.Registry {
	reg := prometheus.NewRegistry()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "hearth_build_info",
		Help:        "Always 1; the labels say what runs.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision()},
	})
	build.Set(1)
	reg.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return reg
}

// live opens the rooms, runs them until ctx ends, and closes them. Requests are
// let in only between.
func (p *program) live(ctx context.Context) (err error) {
	began := time.Now()
	defer func() { err = errors.Join(err, p.close()) }()
	if err := p.open(ctx); err != nil {
		return err
	}
	var group run.Group
	p.background(ctx, &group)
	p.addFront(ctx, &group, began)
	return group.Run()
}

// open makes the rooms, lowest floor first. Of them only the ledger runs yet.
func (p *program) open(ctx context.Context) (err error) {
	c, r := p.config, &p.rooms
	if r.store, err = store.OpenSQLite(ctx, filepath.Join(c.Storage.Path, stateFile), store.Options{Log: p.log, Metrics: p.registry}); err != nil {
		return err
	}
	if r.root, err = p.keys(c.Storage.Path); err != nil {
		return err
	}
	r.ledger = ledger.New(ledger.Options{Store: r.store, Log: p.log, Metrics: p.registry})
	r.endLedger = keep(ctx, r.ledger)
	accounts, err := p.iamOptions(ctx)
	if err != nil {
		return err
	}
	if r.iam, err = iam.Open(ctx, accounts); err != nil {
		return err
	}
	if r.sns, err = p.openSNS(); err != nil {
		return err
	}
	if r.clusters, err = p.openClusters(); err != nil {
		return err
	}
	p.health.say("opening the engine")
	if r.engine, err = embedded.Open(p.engineOptions()); err != nil {
		return err
	}
	r.workspace = workspace.New(workspace.Options{
		Store: r.store, Engine: r.engine, Profile: hearth.Profile(c.Profile), Defaults: c.limits(),
		Recorder: r.ledger, Log: p.log, Metrics: p.registry,
	})
	r.tally = cloudwatch.NewTally(nil)
	r.ingest = ingest.New(ingest.Options{
		Engine: r.engine, Tally: r.tally, Profile: hearth.Profile(c.Profile), Log: p.log, Metrics: p.registry, Recorder: r.ledger,
	})
	r.query, err = query.New(query.Options{
		Engine: r.engine, Tally: r.tally, Profile: hearth.Profile(c.Profile), Log: p.log, Metrics: p.registry, Recorder: r.ledger,
		Build: query.Build{Version: version, Revision: revision()},
	})
	if err != nil {
		return err
	}
	if r.alerting, err = p.newAlerting(); err != nil {
		return err
	}
	r.rules = p.newRules()
	if r.cloudwatch, err = p.openCloudWatch(ctx); err != nil {
		return err
	}
	if r.scrapers, err = p.newScrapers(); err != nil {
		return err
	}
	if r.grafana, err = p.newGrafana(); err != nil {
		return err
	}
	if r.sso, err = p.openSSO(ctx); err != nil {
		return err
	}
	pages, err := p.newPages()
	if err != nil {
		return err
	}
	upstream, err := p.newUpstream()
	if err != nil {
		return err
	}
	r.door = p.newDoor(pages, upstream)
	return nil
}

// keep runs the ledger until the function returned is called: it outlives whoever
// records, the engine that is being closed included.
func keep(ctx context.Context, l *ledger.Ledger) (end func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = l.Run(ctx) // logs what it cannot write
	}()
	return func() { cancel(); <-done }
}

func (p *program) engineOptions() embedded.Options {
	c := p.config
	return embedded.Options{
		Dir:        filepath.Join(c.Storage.Path, samplesDir),
		Profile:    hearth.Profile(c.Profile),
		Durability: embedded.Durability(c.Storage.Durability),
		MaxOpen:    c.Engine.MaxOpen,
		IdleAfter:  c.idleAfter(),
		Recorder:   attributed{to: p.rooms.ledger, lookup: p.lookup, root: hearth.AccountID(c.AWS.AccountID)},
		Log:        p.log,
		Metrics:    p.registry,
		Limits:     p.limits,
	}
}

// limits tells the engine what a workspace may hold now.
func (p *program) limits(id hearth.WorkspaceID) (hearth.Limits, bool) {
	w, err := p.lookup(context.Background(), id)
	return w.Limits, err == nil
}

func (p *program) newDoor(pages awsapi.Pages, upstream awsapi.Upstream) *awsapi.Server {
	c, r := p.config, &p.rooms
	return awsapi.New(awsapi.Options{
		Workspaces:  r.workspace,
		Credentials: r.iam,
		Authorizer:  r.iam,
		IAM:         r.iam,
		SNS:         r.sns,
		Clusters:    r.clusters,
		Recorder:    r.ledger,
		Events:      r.ledger,
		Ingest:      r.ingest,
		Query:       r.query,
		Rules:       r.rules,
		Alerting:    r.alerting,
		CloudWatch:  r.cloudwatch,
		Tally:       r.tally,
		Usage:       r.engine,
		Dashboards:  r.grafana,
		Upstream:    upstream,
		Scrapers:    r.scrapers,
		SSO:         r.sso,
		Pages:       pages,
		Sessions:    r.sso,
		ExternalURL: p.url,
		Profile:     hearth.Profile(c.Profile),
		Region:      hearth.Region(c.AWS.Region),
		Account:     hearth.AccountID(c.AWS.AccountID),
		Log:         p.log,
		Metrics:     p.registry,
	})
}

// background adds what every room does by itself. Each ends with ctx.
func (p *program) background(ctx context.Context, group *run.Group) {
	r := &p.rooms
	for _, room := range []interface{ Run(context.Context) error }{r.engine, r.workspace, r.rules, r.alerting, r.query, r.iam, r.sns, r.cloudwatch, r.sso, r.clusters, r.scrapers, r.grafana} {
		ctx, cancel := context.WithCancel(ctx)
		group.Add(func() error { return room.Run(ctx) }, func(error) { cancel() })
	}
}

// addFront lets callers in once the rooms run, and out again before they end.
func (p *program) addFront(ctx context.Context, group *run.Group, began time.Time) {
	ctx, cancel := context.WithCancel(ctx)
	group.Add(func() error {
		defer p.health.open(nil)
		if err := p.makeDemo(ctx); err != nil {
			return err
		}
		p.health.open(p.rooms.door)
		if err := p.warm(ctx); err != nil || ctx.Err() != nil {
			return err
		}
		p.announce(began)
		if p.rooms.self != nil {
			return p.rooms.self.Run(ctx)
		}
		<-ctx.Done()
		return nil
	}, func(error) { cancel() })
}

// warm opens the workspaces that were open when Hearth last ran. Callers are let
// in meanwhile: each workspace serves as soon as it is open. One that does not
// open says so to whoever asks for it, and keeps nobody else waiting.
func (p *program) warm(ctx context.Context) error {
	were, err := p.wereOpen(ctx)
	if err != nil {
		return err
	}
	say := func(done int) {
		p.health.say(fmt.Sprintf("opened %d of %d workspaces", done, len(were)))
	}
	say(0)
	if err := p.rooms.engine.Warm(ctx, were, say); err != nil && ctx.Err() == nil {
		p.log.Error("some workspaces do not open", "err", err)
	}
	return nil
}

// wereOpen lists the workspaces that were open and still exist.
func (p *program) wereOpen(ctx context.Context) ([]hearth.Workspace, error) {
	ids, err := p.rooms.engine.WasOpen()
	if err != nil {
		return nil, err
	}
	var were []hearth.Workspace
	for _, id := range ids {
		switch w, err := p.rooms.workspace.Lookup(ctx, id); {
		case err == nil:
			were = append(were, w)
		case hearth.KindOf(err) != hearth.NotFound:
			return nil, err
		}
	}
	return were, nil
}

// announce says how to begin before /-/ready does: whoever waits for that finds the
// text whole.
func (p *program) announce(began time.Time) {
	if p.ready != nil {
		p.ready(p.url, p.rooms.demo)
	}
	p.sayHow()
	p.health.say("")
	p.log.Info("ready", "url", p.url, "mode", p.mode, "profile", p.config.Profile, "storage", p.config.Storage.Path, "took", time.Since(began).Round(time.Millisecond))
}

// makeDemo ensures the demo workspace and what scrapes Hearth into it.
func (p *program) makeDemo(ctx context.Context) error {
	if p.demo == "" {
		return nil
	}
	account := hearth.AccountID(p.config.AWS.AccountID)
	caller := hearth.Caller{Account: account, Region: hearth.Region(p.config.AWS.Region)}
	made, err := p.rooms.workspace.Ensure(ctx, caller, p.demo)
	if err != nil {
		return fmt.Errorf("demo workspace: %w", err)
	}
	p.rooms.demo = made.Workspace
	if p.rooms.board, err = p.rooms.grafana.Ensure(ctx, caller, p.demo); err != nil {
		return fmt.Errorf("demo workspace: %w", err)
	}
	p.rooms.self, err = scraper.NewStatic(scraper.StaticOptions{
		Append:   p.rooms.ingest.Appendable(made.Workspace, "hearth dev"),
		Job:      "hearth",
		URLs:     []string{p.ownURL + "/metrics"},
		Trusted:  true,
		Interval: demoInterval,
		Log:      p.log,
		Metrics:  prometheus.WrapRegistererWithPrefix("hearth_scraper_", p.registry),
	})
	return err
}

// demoInterval is how often `hearth dev` scrapes itself.
const demoInterval = 5 * time.Second

// close closes what open opened, in reverse.
func (p *program) close() error {
	var err error
	if p.rooms.engine != nil {
		err = p.rooms.engine.Close()
	}
	if p.rooms.endLedger != nil {
		p.rooms.endLedger()
	}
	if p.rooms.store != nil {
		err = errors.Join(err, p.rooms.store.Close())
	}
	return err
}
