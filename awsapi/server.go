package awsapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/alerting"
	"github.com/hearth-metrics/hearth/cloudwatch"
	"github.com/hearth-metrics/hearth/cluster"
	"github.com/hearth-metrics/hearth/dashboard"
	"github.com/hearth-metrics/hearth/iam"
	"github.com/hearth-metrics/hearth/ledger"
	"github.com/hearth-metrics/hearth/rules"
	"github.com/hearth-metrics/hearth/scraper"
	"github.com/hearth-metrics/hearth/sigv4"
	"github.com/hearth-metrics/hearth/sns"
	"github.com/hearth-metrics/hearth/sso"
	"github.com/hearth-metrics/hearth/workspace"
)

const (
	controlBody  = 1_500_000 // bytes a control-plane request may have
	unsignedBody = 128 << 10 // bytes an unsigned request may have
	hardBody     = 64 << 20  // bytes no workspace's limit exceeds

	strangersPart = 16 // strangers' bodies may take a sixteenth of BodyMemory
)

// Credentials knows the secrets of access keys.
type Credentials interface {
	// Secret returns the secret of an access key and whose it is. token is the
	// session token that came with it, if any. A key nobody has, or that does not
	// go with the token, is NotFound; one that has expired is Unauthenticated.
	Secret(ctx context.Context, accessKeyID, token string) (secret string, p hearth.Principal, err error)
}

// Authorizer decides about rights, nowhere else is that done.
type Authorizer interface {
	// Authorize returns nil if p may. Otherwise the error is of kind Denied, and
	// its Msg, if any, completes the sentence "not authorized because …", or
	// "not authorized …" if it begins with "with". An *iam.Denial in its chain
	// explains it to the ledger.
	Authorize(ctx context.Context, p hearth.Principal, a hearth.Access) error
}

// Events reads the ledger.
type Events interface {
	// Events returns an account's events, newest first. A zero request or
	// workspace selects all.
	Find(ctx context.Context, q ledger.Query) ([]hearth.Event, error)
}

// An Upstream is a Grafana of the operator's own, which stands for a Grafana
// workspace.
type Upstream interface {
	// Has tells whether a Grafana workspace is handed on.
	Has(w hearth.GrafanaWorkspace) bool
	// Serve hands a request on in the name of a user; path is still escaped.
	Serve(w http.ResponseWriter, r *http.Request, path string, of hearth.GrafanaWorkspace, as hearth.GrafanaUser) error
	// Keys is the JSON web key set by which it checks who asks.
	Keys() []byte
}

// Options is what a Server needs. Workspaces, Credentials, Ingest and Query are
// required.
type Options struct {
	Workspaces  *workspace.Room
	Credentials Credentials
	Authorizer  Authorizer      // RootOnly unless said otherwise
	IAM         *iam.Room       // users, roles, policies, sessions; nil: IAM and most of STS are not served
	SNS         *sns.Room       // topics and subscriptions; nil: SNS is not served
	Recorder    hearth.Recorder // takes the reasons of refusals; nil forgets
	Events      Events          // nil: the ledger cannot be read here

	// Ingest and Query serve the data plane. Query is asked under the paths of a
	// Prometheus server, /api/v1/…
	Ingest Ingest
	Query  http.Handler
	Rules  *rules.Room // nil: rules are not served

	Alerting *alerting.Room // nil: alert managers are not served
	Scrapers *scraper.Room  // nil: scrapers are not served
	Clusters *cluster.Room  // nil: EKS is not served

	CloudWatch *cloudwatch.Room // scrapers; nil: there are none

	Usage Usage // sizes of workspaces; nil: they are not told

	SSO *sso.Room // signs people in; nil: nobody signs in with a browser

	Pages      Pages           // the browser app; nil: there are no pages
	Upstream   Upstream        // nil: no Grafana workspace is handed on
	Dashboards *dashboard.Room // nil: Grafana workspaces are not served
	Sessions   GrafanaSessions // of browsers in Grafana workspaces; nil: only tokens are taken there

	ExternalURL string           // what URLs handed out begin with
	Profile     hearth.Profile   // Local unless said otherwise
	Region      hearth.Region    // of callers that name none; us-east-1 if empty
	Account     hearth.AccountID // whose ledger holds what cannot be attributed
	BodyMemory  int64            // bytes all bodies being read may take together; 0: 512 MiB

	Now     func() time.Time      // time.Now unless a test says otherwise
	Log     *slog.Logger          // nil discards
	Tally   hearth.Tally          // counts for the workspaces' owners; nil counts nothing
	Metrics prometheus.Registerer // nil keeps the numbers private
}

// A Server is the front door. It must see requests as they arrived: a router
// before it that tidies paths breaks their signatures.
type Server struct {
	opts     Options
	services map[string]*service
	upstream *row // what is handed on

	tokenPage, tokenSession *row // pages for who sends a token

	signIns   *router // where people sign in, whatever service a page names
	verifier  sigv4.Verifier
	bodies    *bodies
	strangers *bodies // takes the forms of those who name no key that exists
	metrics   *metrics
	warned    *warned
	failures  failures
	ownHost   string
	root      string   // the external URL's path, without a trailing slash
	foreign   *service // answers for services nobody knows
}

// New returns a server. It starts nothing.
func New(o Options) *Server {
	o = o.withDefaults()
	s := &Server{
		opts:      o,
		bodies:    &bodies{budget: o.BodyMemory},
		strangers: &bodies{budget: o.BodyMemory / strangersPart},
		metrics:   newMetrics(o.Metrics),
		warned:    &warned{},
		foreign:   &service{protocol: restJSON, router: &router{}},
	}
	if u, err := url.Parse(o.ExternalURL); err == nil {
		s.ownHost, s.root = u.Host, strings.TrimSuffix(u.EscapedPath(), "/")
	}
	s.services = s.newServices()
	s.upstream = s.upstreamRow()
	s.tokenPage, s.tokenSession = s.newTokenRows()
	s.signIns = newRouter(rowsOf(s.signInRows()))
	return s
}

func (o Options) withDefaults() Options {
	if o.Authorizer == nil {
		o.Authorizer = RootOnly{}
	}
	if o.Recorder == nil {
		o.Recorder = hearth.NoRecord{}
	}
	if o.Profile == "" {
		o.Profile = hearth.Local
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.Account == "" {
		o.Account = "000000000000"
	}
	if o.BodyMemory == 0 {
		o.BodyMemory = 512 << 20
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.ExternalURL = strings.TrimSuffix(o.ExternalURL, "/")
	return o
}

// ServeHTTP answers one request, whatever it is.
func (s *Server) ServeHTTP(w http.ResponseWriter, hr *http.Request) {
	hr = s.belowRoot(hr)
	if !s.upstreamed(hr.Context(), hr.Host, s.rawPath(hr)) && s.page(w, hr) {
		return
	}
	r := s.begin(w, hr)
	defer s.end(r)
	defer s.recovered(r)
	if err := s.handle(r); err != nil {
		s.refuse(r, err)
	}
}

// handle is the row loop.
func (s *Server) handle(r *request) error {
	if err := s.route(r); err != nil {
		return err
	}
	if r.needsSignature() {
		if err := s.authenticate(r); err != nil {
			return s.throttled(r, err)
		}
	}
	if err := s.authorize(r); err != nil {
		return err
	}
	if err := s.checkRegion(r); err != nil {
		return err
	}
	return s.answer(r)
}

func (s *Server) answer(r *request) error {
	switch {
	case !r.service.served:
		return notServed(r.service.title + " (" + r.service.name + ")")
	case r.row.refused():
		return notServed(r.row.action)
	case r.row.pass != nil:
		r.row.pass(&r.w, r)
		return nil
	}
	out, err := r.row.serve(hearth.WithCaller(r.http.Context(), r.caller), r)
	if err != nil {
		return err
	}
	r.encode(out)
	return nil
}

// refuse answers with err, logs it if it is ours, and writes the reason of a
// denial into the ledger.
func (s *Server) refuse(r *request, err error) {
	f := failureOf(r.service, err)
	if f.kind == hearth.Internal {
		s.opts.Log.Error("request not answered", "request_id", r.id, "operation", r.operation(), "err", err)
	}
	s.recordDenial(r, err)
	s.tellRegion(r, err)
	if !r.w.written() && !s.toSignIn(r, f.status) {
		f.write(&r.w, r)
	}
}

func (s *Server) recovered(r *request) {
	switch v := recover(); v {
	case nil:
	case http.ErrAbortHandler:
		panic(v)
	default:
		s.opts.Log.Error("request panicked", "request_id", r.id, "operation", r.operation(), "panic", v, "stack", string(debug.Stack()))
		if r.w.written() {
			panic(http.ErrAbortHandler) // cut the answer off rather than let it look whole
		}
		failureOf(r.service, nil).write(&r.w, r)
	}
}
