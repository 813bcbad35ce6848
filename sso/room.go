package sso

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// The buckets. docs/storage.md describes them.
const (
	sessionBucket = "sso-sessions" // SCOPE/OWNER/HASH
	ticketBucket  = "sso-tickets"  // KIND/HASH
	usedBucket    = "sso-used"     // hash of what lets in once
	keyBucket     = "sso-keys"     // id of a key that signs
	localBucket   = "sso-local"    // login of a local administrator
)

// Workspaces knows Grafana workspaces and how people sign in to them. What does
// not exist is NotFound.
type Workspaces interface {
	Lookup(ctx context.Context, id hearth.GrafanaID) (hearth.GrafanaWorkspace, error)
	Authentication(ctx context.Context, id hearth.GrafanaID) (hearth.GrafanaAuthentication, error)
}

// Users has the people of Grafana workspaces.
type Users interface {
	// SignedIn makes or refreshes the user of an identity that was proven. Denied
	// means that this identity may not come in.
	SignedIn(ctx context.Context, id hearth.GrafanaID, who hearth.Identity) (hearth.GrafanaUser, error)

	// User returns a user as of now; one that is gone or disabled is NotFound.
	User(ctx context.Context, id hearth.GrafanaID, user int64) (hearth.GrafanaUser, error)
}

// Credentials knows access keys and whose they are.
type Credentials interface {
	// Secret returns the secret of an access key and whose it is. A key nobody has
	// is NotFound; one whose time is over is Unauthenticated.
	Secret(ctx context.Context, accessKeyID, token string) (secret string, p hearth.Principal, err error)
}

// A Role is what someone whom an OpenID Connect provider proved becomes in the
// console: temporary credentials without their secret.
type Role struct {
	AccessKeyID, Token string
	Expires            time.Time
}

// Roles exchanges an ID token for a role, as AssumeRoleWithWebIdentity does.
type Roles interface {
	Assume(ctx context.Context, roleARN, session, idToken string) (Role, error)
}

// A Sealer encrypts what others carry or what lies on disk. about must be the
// same to open it.
type Sealer interface {
	Seal(plain []byte, about string) []byte
	Open(box []byte, about string) ([]byte, error)
}

// Options is what a Room needs. Store, Sealer, Client, Workspaces, Users and
// Credentials are required.
type Options struct {
	Store       store.Store
	Sealer      Sealer
	Client      *http.Client // makes guarded connections, to identity providers
	Workspaces  Workspaces
	Users       Users
	Credentials Credentials

	OIDC  *OIDC // nil: nobody signs in by OpenID Connect
	Roles Roles // for the console by OpenID Connect
	Local bool  // the local administrator may sign in

	AllowUnsolicited bool // SAML sign-ins that begin at the identity provider

	ExternalURL string // what Hearth calls itself
	Account     hearth.AccountID
	Recorder    hearth.Recorder

	Now     func() time.Time      // time.Now unless a test says otherwise
	Log     *slog.Logger          // nil discards
	Metrics prometheus.Registerer // nil keeps the numbers private
}

// A Room signs people in and knows them again. Its methods may be called
// concurrently.
type Room struct {
	opts    Options
	secure  bool   // cookies travel over TLS only
	root    string // the external URL's path, without a trailing slash
	metrics *metrics
	keys    keys
	idps    idps
	oidc    *oidcClient
	local   local
	slow    *limiter
	cross   *http.CrossOriginProtection
}

// New returns a room. It starts nothing.
func New(o Options) (*Room, error) {
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
	r := &Room{opts: o, secure: strings.HasPrefix(o.ExternalURL, "https://"), metrics: newMetrics(o.Metrics), cross: http.NewCrossOriginProtection()}
	if u, err := url.Parse(o.ExternalURL); err == nil && u.Host != "" {
		r.root = u.EscapedPath()
		if err := r.cross.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			return nil, fmt.Errorf("external URL: %w", err)
		}
	}
	r.idps.init(o.Client, o.Now)
	r.slow, r.local.slots = newLimiter(o.Now), make(chan struct{}, localWorkers)
	if o.OIDC != nil {
		var err error
		if r.oidc, err = newOIDCClient(*o.OIDC, o); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// sweepEvery is how often what has expired is deleted.
const sweepEvery = 10 * time.Minute

// Run deletes what has expired until ctx ends.
func (r *Room) Run(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := r.sweep(ctx); err != nil && ctx.Err() == nil {
			r.opts.Log.Warn("expired sessions were not deleted", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// sweepPage is how many records are looked at in one transaction.
const sweepPage = 500

func (r *Room) sweep(ctx context.Context) error {
	now := r.opts.Now()
	for _, bucket := range []string{sessionBucket, ticketBucket, usedBucket} {
		for after, more := "", true; more; {
			err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
				entries, err := tx.Scan(bucket, "", after, sweepPage)
				if err != nil {
					return err
				}
				more = len(entries) == sweepPage
				if len(entries) > 0 {
					after = entries[len(entries)-1].Key
				}
				return deleteExpired(tx, bucket, entries, now)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func deleteExpired(tx store.Tx, bucket string, entries []store.Entry, now time.Time) error {
	for _, e := range entries {
		var v struct {
			Expires time.Time `json:"expires"`
			Seen    time.Time `json:"seen"`
			Idle    int64     `json:"idle"` // seconds
		}
		if err := json.Unmarshal(e.Value, &v); err != nil {
			return fmt.Errorf("%s %s: %w", bucket, e.Key, err)
		}
		idle := v.Idle > 0 && !now.Before(v.Seen.Add(time.Duration(v.Idle)*time.Second))
		if now.Before(v.Expires) && !idle {
			continue
		}
		if err := tx.Delete(bucket, e.Key); err != nil {
			return err
		}
	}
	return nil
}

// get reads a record; what is not there is store.ErrNotFound.
func get[T any](tx store.Tx, bucket, key string) (*T, error) {
	return store.Read[T](tx, bucket, key)
}

func put(tx store.Tx, bucket, key string, v any) error { return store.Write(tx, bucket, key, v) }

// errUsed is of what lets in once and has done so.
var errUsed = errors.New("it was used before")

// use consumes what lets in once; a second time is errUsed. until is when it
// would let in nobody anyway.
func use(tx store.Tx, what string, until time.Time) error {
	key := hashOf(what)
	switch _, err := tx.Get(usedBucket, key); {
	case err == nil:
		return errUsed
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	return put(tx, usedBucket, key, struct {
		Expires time.Time `json:"expires"`
	}{until.UTC()})
}
