package rules

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// tokenWindow is how long a clientToken stands for its first request.
const tokenWindow = 8 * time.Hour

// request is one mutation by a caller.
type request struct {
	op      string // as AWS names it
	ws      hearth.Workspace
	name    string
	token   *string
	content any    // what an equal request has equal, without the token
	summary string // of the event
}

// perform runs one mutation: once for each token, in one transaction, then in
// the ledger. change is given the namespace as it is, nil if there is none, and
// returns it as it shall be, nil if it is gone.
func (r *Room) perform(ctx context.Context, req request, change func(tx store.Tx, old *record) (*record, error)) (Namespace, error) {
	r.wait(ctx, req)
	var (
		answer []byte
		done   bool
	)
	err := r.opts.Store.Update(ctx, func(tx store.Tx) (err error) {
		done = false
		answer, err = store.Once(tx, req.scope(), deref(req.token), req.fingerprint(), r.opts.Now(), tokenWindow, func() ([]byte, error) {
			rec, err := apply(tx, keyOf(req.ws.ID, req.name), change)
			done = err == nil
			if err != nil || rec == nil {
				return []byte("null"), err
			}
			return json.Marshal(rec)
		})
		return err
	})
	if err != nil {
		return Namespace{}, err
	}
	if done {
		r.recordChange(ctx, req)
	}
	var rec *record
	if err := json.Unmarshal(answer, &rec); err != nil || rec == nil {
		return Namespace{}, err
	}
	return rec.describe(), nil
}

func apply(tx store.Tx, key string, change func(tx store.Tx, old *record) (*record, error)) (*record, error) {
	old, err := load(tx, key)
	if err != nil {
		return nil, err
	}
	rec, err := change(tx, old)
	if err != nil || rec == nil {
		return nil, err
	}
	return rec, save(tx, rec)
}

// scope keeps one account's tokens, and one operation's, from another's.
func (q request) scope() string {
	return "aps/" + q.op + "/" + string(q.ws.Account) + "/" + string(q.ws.Region)
}

func (q request) fingerprint() string {
	buf, err := json.Marshal([]any{q.ws.ID, q.name, q.content})
	if err != nil {
		panic("rules: " + err.Error()) // our own types
	}
	sum := sha256.Sum256(buf)
	return hex.EncodeToString(sum[:])
}

// wait lets a change under way come to its end, so that a script need not sleep
// between two calls. If Run does not run, or the end does not come, the change
// that waits will find the namespace busy.
func (r *Room) wait(ctx context.Context, req request) {
	if !r.running.Load() {
		return
	}
	store.Await(ctx, r.opts.Store, bucket, r.settle, func(tx store.Tx) bool {
		rec, err := load(tx, keyOf(req.ws.ID, req.name))
		return err == nil && rec != nil && rec.moving()
	})
}

func (r *Room) recordChange(ctx context.Context, req request) {
	c := hearth.CallerFrom(ctx)
	r.metrics.changes.WithLabelValues(req.op).Inc()
	rec := record{Workspace: req.ws.ID, Account: req.ws.Account, Region: req.ws.Region, Name: req.name}
	e := hearth.Event{
		Time: r.opts.Now(), RequestID: c.RequestID, Account: req.ws.Account, Workspace: req.ws.ID,
		Kind: hearth.EventChanged, Summary: req.summary,
		Details: []hearth.Detail{
			{Name: hearth.DetailAction, Value: "aps:" + req.op},
			{Name: hearth.DetailResource, Value: rec.arn().String()},
		},
	}
	if c.Principal.ARN != (hearth.ARN{}) {
		e.Principal = c.Principal.ARN.String()
	}
	r.opts.Recorder.Record(e)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
