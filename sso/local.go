package sso

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// LocalLogin is the local administrator's name.
const LocalLogin = "admin"

const (
	localIssuer  = "hearth"
	localRounds  = 600_000 // of PBKDF2 with SHA-256, as OWASP has it
	localBytes   = 32
	maxPassword  = 1024
	minPassword  = 8
	localWorkers = 2 // passwords that are checked at the same time: each costs a core
)

// localUser is how a local administrator's password is kept.
type localUser struct {
	Salt   []byte    `json:"salt"`
	Hash   []byte    `json:"hash"`
	Rounds int       `json:"rounds"`
	Set    time.Time `json:"set"`
}

// local bounds the work of checking passwords.
type local struct{ slots chan struct{} }

// SetLocal sets the local administrator's password, and ends the sessions that
// the one before had opened. The same password again changes nothing. One that was
// generated, of 80 bits or more, nobody guesses: its hash need not be slow.
func (r *Room) SetLocal(ctx context.Context, password string, generated bool) error {
	if len(password) < minPassword || len(password) > maxPassword {
		return &hearth.Error{Kind: hearth.Invalid, Msg: fmt.Sprintf("the local administrator's password must have %d to %d bytes", minPassword, maxPassword)}
	}
	have, err := r.localUser(ctx)
	if err != nil {
		return err
	}
	if have != nil && have.matches(password) {
		return nil
	}
	u := &localUser{Salt: make([]byte, 16), Rounds: localRounds, Set: r.opts.Now().UTC()}
	if generated {
		u.Rounds = localRounds / 100
	}
	_, _ = rand.Read(u.Salt) // never fails
	if u.Hash, err = pbkdf2.Key(sha256.New, password, u.Salt, u.Rounds, localBytes); err != nil {
		return fmt.Errorf("hash password: %w", err)
	}
	return r.opts.Store.Update(ctx, func(tx store.Tx) error {
		all, err := sessionsIn(tx, "")
		if err != nil {
			return err
		}
		for _, s := range all {
			if s.Provider != hearth.ProviderLocal {
				continue
			}
			if err := tx.Delete(sessionBucket, s.key); err != nil {
				return err
			}
		}
		return put(tx, localBucket, LocalLogin, u)
	})
}

// localUser is the stored administrator; nil if no password was set.
func (r *Room) localUser(ctx context.Context) (u *localUser, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		u, err = get[localUser](tx, localBucket, LocalLogin)
		if errors.Is(err, store.ErrNotFound) {
			u, err = nil, nil
		}
		return err
	})
	return u, err
}

// matches tells whether the password is the one that was set. It costs the same
// whether there is one or not.
func (u *localUser) matches(password string) bool {
	salt, want, rounds := make([]byte, 16), make([]byte, localBytes), localRounds
	if u != nil {
		salt, want, rounds = u.Salt, u.Hash, u.Rounds
	}
	got, err := pbkdf2.Key(sha256.New, password, salt, rounds, localBytes)
	return err == nil && u != nil && subtle.ConstantTimeCompare(got, want) == 1
}

// checkLocal proves the local administrator.
func (r *Room) checkLocal(ctx context.Context, login, password string) error {
	if len(password) > maxPassword || len(login) > 256 {
		return refuse("password", "The login or the password is too long.")
	}
	select {
	case r.local.slots <- struct{}{}:
		defer func() { <-r.local.slots }()
	default:
		return &hearth.Error{Kind: hearth.Throttled, RetryAfter: time.Second, Msg: "Too many passwords are being checked. Try again in a second."}
	}
	u, err := r.localUser(ctx)
	if err != nil {
		return err
	}
	right := u.matches(password)
	switch {
	case u == nil:
		return refuse("password", "No password of the local administrator was set.")
	case login != LocalLogin:
		return refuse("password", "There is no local user of this login; the local administrator is %s.", LocalLogin).with(hearth.DetailLogin, login)
	case !right:
		return refuse("password", "The password of the local administrator is wrong.").with(hearth.DetailLogin, login)
	}
	return nil
}

func localIdentity() hearth.Identity {
	return hearth.Identity{
		Provider: hearth.ProviderLocal, Issuer: localIssuer, Subject: LocalLogin, Login: LocalLogin, Name: "Local administrator",
		Role: hearth.GrafanaAdmin,
	}
}
