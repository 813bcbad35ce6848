package dashboard

import (
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// A Sealer encrypts what must not be read from disk.
type Sealer interface {
	Seal(plain []byte, about string) []byte
	Open(box []byte, about string) ([]byte, error)
}

// Options is what a Room needs. Store and Sealer are required.
type Options struct {
	Store    store.Store
	Sealer   Sealer       // for the secrets of data sources and contact points
	Client   *http.Client // makes guarded connections to data sources; nil: none are made
	Source   Source       // answers data sources that are workspaces of this Hearth; nil: there are none
	Metadata Metadata     // reads SAML metadata; nil: only its root element is looked at
	Alerts   Alerts       // carries alerts to contact points; nil: nobody is told
	History  History      // what was recorded of alerts; nil: nothing is told
	Shipped  []Shipped    // dashboards that new Grafana workspaces may have

	// Mail is the global part of Alertmanager's configuration by which e-mails are
	// sent (smtp_smarthost and the like); nil: none are.
	Mail map[string]any

	GnetPath  string // a folder of dashboards by the number they have at grafana.com; empty: none
	GnetFetch bool   // whether a dashboard may be fetched from grafana.com

	Files    string                             // a folder of provisioning files; empty: none
	FilesFor func(hearth.GrafanaWorkspace) bool // whether they are for a Grafana workspace; nil: for all
	Env      func(string) (string, bool)        // variables that provisioning files name; nil: there are none

	ExternalURL string         // what URLs handed out begin with
	Profile     hearth.Profile // Local unless said otherwise
	Recorder    hearth.Recorder

	Now     func() time.Time      // time.Now unless a test says otherwise
	Log     *slog.Logger          // nil discards
	Metrics prometheus.Registerer // nil keeps the numbers private
}

// A Room keeps the Grafana workspaces. All methods may be called concurrently.
//
// Kinds of errors: Invalid with Fields for input that breaks a rule, NotFound
// for what is not there, Conflict for what is there already or a change while
// another is under way, Quota, Denied for what the role alone does not decide,
// Unavailable when the store cannot write.
type Room struct {
	opts    Options
	metrics *metrics
	client  *http.Client

	mu   sync.Mutex
	used map[string]time.Time // tokens that were used since the last flush, by key

	moved    chan struct{} // a status changed
	defining chan struct{} // holds one while a definition is read and made
	settle   time.Duration // how long a change waits for the one before it
	tick     time.Duration // how often Run looks without being told

	evaluator *evaluator
	files     *provisioner
}

// New returns a room. It starts nothing; see Run.
func New(o Options) *Room {
	if o.Profile == "" {
		o.Profile = hearth.Local
	}
	if o.Recorder == nil {
		o.Recorder = hearth.NoRecord{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.ExternalURL = strings.TrimRight(o.ExternalURL, "/")
	r := &Room{opts: o, used: map[string]time.Time{}, moved: make(chan struct{}, 1), defining: make(chan struct{}, 1), settle: 5 * time.Second, tick: 5 * time.Second}
	r.client = withoutRedirects(o.Client)
	r.metrics = newMetrics(o.Metrics)
	r.evaluator = newEvaluator(r)
	r.files = newProvisioner(r)
	return r
}

// withoutRedirects hands a redirect on instead of following it: a data source
// does not choose whom Hearth sends its credentials to.
func withoutRedirects(c *http.Client) *http.Client {
	if c == nil {
		return nil
	}
	own := *c
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}
