package sso

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"crypto/sha256"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// A Session is a browser that is known again: in one Grafana workspace, or in the
// console.
type Session struct {
	ID      string           `json:"id"`
	Account hearth.AccountID `json:"account"`

	Grafana hearth.GrafanaID `json:"grafana,omitempty"` // empty: the console
	User    int64            `json:"user,omitempty"`    // of the Grafana workspace
	Login   string           `json:"login,omitempty"`

	Principal   string `json:"principal,omitempty"` // ARN, of the console
	AccessKeyID string `json:"accessKeyId,omitempty"`
	Sealed      []byte `json:"sealed,omitempty"` // the session token that goes with it

	Provider     string `json:"provider"` // SAML, AWS_SSO, LOCAL, KEYS, LINK
	Issuer       string `json:"issuer,omitempty"`
	Subject      string `json:"subject,omitempty"`
	NameID       string `json:"nameId,omitempty"`
	NameFormat   string `json:"nameFormat,omitempty"`
	SessionIndex string `json:"sessionIndex,omitempty"` // the identity provider's
	Hint         []byte `json:"hint,omitempty"`         // the ID token, sealed, if the provider is to end its session, too

	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen"` // last used, to the minute
	Expires time.Time `json:"expires"`
	Idle    int64     `json:"idle"` // seconds without use that end it
	Remote  string    `json:"remote,omitempty"`
	Agent   string    `json:"agent,omitempty"`

	key string
}

// How long sessions last. Grafana workspaces have Grafana's defaults, the console
// has that of AWS.
// https://grafana.com/docs/grafana/latest/setup-grafana/configure-grafana/#login_maximum_inactive_lifetime_duration
const (
	grafanaIdle   = 7 * 24 * time.Hour
	grafanaLife   = 30 * 24 * time.Hour
	consoleIdle   = 2 * time.Hour
	consoleLife   = 12 * time.Hour
	seenGrain     = time.Minute
	maxPerOwner   = 50 // sessions of one user; with more the oldest ends
	consoleScope  = "console"
	maxAgentBytes = 256
)

// scope is what the session opens.
func (s *Session) scope() string {
	if s.Grafana == "" {
		return consoleScope
	}
	return string(s.Grafana)
}

func (s *Session) owner() string {
	if s.Grafana != "" {
		return strconv.FormatInt(s.User, 10)
	}
	sum := sha256.Sum256([]byte(s.Principal))
	return hex.EncodeToString(sum[:8])
}

func (s *Session) over(now time.Time) bool {
	return !now.Before(s.Expires) || !now.Before(s.Seen.Add(time.Duration(s.Idle)*time.Second))
}

// begin stores a new session and returns the cookie's value: who owns it, and a
// secret of which only the hash is kept.
func (r *Room) begin(ctx context.Context, s *Session) (cookie string, err error) {
	secret := newSecret()
	hash := hashOf(secret)
	now := r.opts.Now().UTC()
	s.ID, s.Created, s.Seen = hash[:20], now, now
	s.Expires = s.Expires.UTC()
	if len(s.Agent) > maxAgentBytes {
		s.Agent = s.Agent[:maxAgentBytes]
	}
	owner := s.owner()
	prefix := s.scope() + "/" + owner + "/"
	err = r.opts.Store.Update(ctx, func(tx store.Tx) error {
		if err := dropOldest(tx, prefix); err != nil {
			return err
		}
		return put(tx, sessionBucket, prefix+hash, s)
	})
	if err != nil {
		return "", fmt.Errorf("save session: %w", err)
	}
	return owner + "." + secret, nil
}

// dropOldest keeps one user from having sessions without end.
func dropOldest(tx store.Tx, prefix string) error {
	all, err := sessionsIn(tx, prefix)
	if err != nil || len(all) < maxPerOwner {
		return err
	}
	slices.SortFunc(all, func(a, b *Session) int { return a.Seen.Compare(b.Seen) })
	for _, s := range all[:len(all)-maxPerOwner+1] {
		if err := tx.Delete(sessionBucket, s.key); err != nil {
			return err
		}
	}
	return nil
}

func sessionsIn(tx store.Tx, prefix string) ([]*Session, error) {
	entries, err := tx.Scan(sessionBucket, prefix, "", 0)
	if err != nil {
		return nil, err
	}
	var all []*Session
	for _, e := range entries {
		s, err := get[Session](tx, sessionBucket, e.Key)
		if err != nil {
			return nil, err
		}
		s.key = e.Key
		all = append(all, s)
	}
	return all, nil
}

var ownerName = regexp.MustCompile(`^[0-9a-f]{1,20}$`)

// errNoSession is of cookies that open nothing, or no longer.
func errNoSession() error {
	return &hearth.Error{Kind: hearth.Unauthenticated, Type: SignInType, Msg: "You are not signed in, or your session is over. Sign in."}
}

// find returns the session that a cookie opens in a scope. A cookie of another
// scope opens nothing there.
func (r *Room) find(ctx context.Context, scope, cookie string) (*Session, error) {
	owner, secret, ok := strings.Cut(cookie, ".")
	if !ok || !ownerName.MatchString(owner) || len(secret) != 43 {
		return nil, errNoSession()
	}
	key := scope + "/" + owner + "/" + hashOf(secret)
	var s *Session
	err := r.opts.Store.View(ctx, func(tx store.Tx) (err error) {
		s, err = get[Session](tx, sessionBucket, key)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, errNoSession()
	case err != nil:
		return nil, fmt.Errorf("find session: %w", err)
	}
	s.key = key
	now := r.opts.Now()
	if s.over(now) {
		return nil, errNoSession()
	}
	if now.Sub(s.Seen) >= seenGrain {
		return s, r.touch(ctx, key, now)
	}
	return s, nil
}

// touch remembers that a session was used. One that was ended meanwhile stays so.
func (r *Room) touch(ctx context.Context, key string, now time.Time) error {
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		s, err := get[Session](tx, sessionBucket, key)
		if err != nil {
			return err
		}
		s.Seen = now.UTC()
		return put(tx, sessionBucket, key, s)
	})
	if errors.Is(err, store.ErrNotFound) {
		return errNoSession()
	}
	return err
}

// end ends one session; ending what is over already is no error.
func (r *Room) end(ctx context.Context, s *Session, why string) error {
	if err := r.opts.Store.Update(ctx, func(tx store.Tx) error { return tx.Delete(sessionBucket, s.key) }); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	r.metrics.sessions.WithLabelValues(why).Inc()
	return nil
}

// Sessions are an account's sessions that are good now, the latest first.
func (r *Room) Sessions(ctx context.Context, account hearth.AccountID) ([]*Session, error) {
	var all []*Session
	err := r.opts.Store.View(ctx, func(tx store.Tx) (err error) {
		all, err = sessionsIn(tx, "")
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	now := r.opts.Now()
	all = slices.DeleteFunc(all, func(s *Session) bool { return s.Account != account || s.over(now) })
	slices.SortFunc(all, func(a, b *Session) int { return b.Created.Compare(a.Created)*2 + strings.Compare(a.ID, b.ID) })
	return all, nil
}

// Revoke ends a session of the account at once. One that does not exist is
// NotFound.
func (r *Room) Revoke(ctx context.Context, account hearth.AccountID, id string) error {
	all, err := r.Sessions(ctx, account)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.ID == id {
			return r.end(ctx, s, "revoked")
		}
	}
	return &hearth.Error{Kind: hearth.NotFound, Type: "session", Resource: id, Msg: "There is no such session."}
}

// endWhere ends the sessions of a Grafana workspace for which ok is true, and
// says how many.
func (r *Room) endWhere(ctx context.Context, g hearth.GrafanaID, ok func(*Session) bool) (n int, err error) {
	err = r.opts.Store.Update(ctx, func(tx store.Tx) error {
		all, err := sessionsIn(tx, string(g)+"/")
		if err != nil {
			return err
		}
		n = 0
		for _, s := range all {
			if !ok(s) {
				continue
			}
			n++
			if err := tx.Delete(sessionBucket, s.key); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}
