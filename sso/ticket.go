package sso

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// A ticket lets in once: a sign-in that was proven and is not completed yet, or a
// link to the console.
type ticket struct {
	Expires time.Time `json:"expires"`

	// A proven sign-in to a Grafana workspace.
	Grafana      hearth.GrafanaID `json:"grafana,omitempty"`
	Identity     *hearth.Identity `json:"identity,omitempty"`
	Binding      string           `json:"binding,omitempty"` // hash of the browser's secret
	Place        string           `json:"place,omitempty"`
	Until        time.Time        `json:"until,omitzero"` // how long the session may last
	NameID       string           `json:"nameId,omitempty"`
	NameFormat   string           `json:"nameFormat,omitempty"`
	SessionIndex string           `json:"sessionIndex,omitempty"`
	Details      []hearth.Detail  `json:"details,omitempty"` // how the identity came about

	// A link to the console.
	AccessKeyID string `json:"accessKeyId,omitempty"`
	Sealed      []byte `json:"sealed,omitempty"`
}

// Kinds of tickets.
const (
	signInTicket = "sign-in"
	linkTicket   = "link"
)

const ticketLife = 2 * time.Minute // of a sign-in between two redirects

// issue stores a ticket within a transaction and returns what redeems it.
func issue(tx store.Tx, kind string, t *ticket) (code string, err error) {
	code = newSecret()
	return code, put(tx, ticketBucket, kind+"/"+hashOf(code), t)
}

// redeem takes a ticket; one that does not exist, or no longer, is nil.
func (r *Room) redeem(ctx context.Context, kind, code string) (*ticket, error) {
	if len(code) != 43 {
		return nil, nil
	}
	key := kind + "/" + hashOf(code)
	var t *ticket
	err := r.opts.Store.Update(ctx, func(tx store.Tx) (err error) {
		if t, err = get[ticket](tx, ticketBucket, key); err != nil {
			return err
		}
		return tx.Delete(ticketBucket, key)
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("redeem ticket: %w", err)
	case !r.opts.Now().Before(t.Expires):
		return nil, nil
	}
	return t, nil
}
