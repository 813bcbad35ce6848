package scraper

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
	id      string // the scraper's
	token   *string
	content any    // what an equal request has equal, without the token
	summary string // of the event
}

// perform runs one mutation: once for each token, in one transaction, then in
// the ledger. change is given the scraper as it is, nil if there is none, and
// saves what it changes; what it returns is the answer.
func (r *Room) perform(ctx context.Context, req request, change func(tx store.Tx, old *record) (*record, error)) (Description, error) {
	c := hearth.CallerFrom(ctx)
	key := keyOf(c.Account, c.Region, req.id)
	r.wait(ctx, key)
	var (
		answer []byte
		done   bool
	)
	err := r.opts.Store.Update(ctx, func(tx store.Tx) (err error) {
		done = false
		answer, err = store.Once(tx, req.scope(c), deref(req.token), req.fingerprint(), r.opts.Now(), tokenWindow, func() ([]byte, error) {
			old, err := load(tx, key)
			if err != nil {
				return nil, err
			}
			rec, err := change(tx, old)
			if err != nil {
				return nil, err
			}
			done = true
			return json.Marshal(rec)
		})
		return err
	})
	if err != nil {
		return Description{}, err
	}
	rec := new(record)
	if err := json.Unmarshal(answer, rec); err != nil {
		return Description{}, err
	}
	if done {
		r.recordChange(c, rec, req)
	}
	return rec.describe(), nil
}

// scope keeps one account's tokens, and one operation's, from another's.
func (q request) scope(c hearth.Caller) string {
	return "aps/" + q.op + "/" + string(c.Account) + "/" + string(c.Region)
}

// fingerprint leaves out the id of a scraper that this request makes.
func (q request) fingerprint() string {
	id := q.id
	if q.op == "CreateScraper" {
		id = ""
	}
	buf, err := json.Marshal([]any{id, q.content})
	if err != nil {
		panic("scraper: " + err.Error()) // our own types
	}
	sum := sha256.Sum256(buf)
	return hex.EncodeToString(sum[:])
}

// wait lets a change under way come to its end, so that a script need not sleep
// between two calls. If Run does not run, or the end does not come, the change
// that waits will find the scraper busy.
func (r *Room) wait(ctx context.Context, key string) {
	if !r.running.Load() {
		return
	}
	changed, stop := r.opts.Store.Changed(bucket)
	defer stop()
	late := time.NewTimer(r.settle)
	defer late.Stop()
	for r.busy(ctx, key) {
		select {
		case <-changed:
		case <-late.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (r *Room) busy(ctx context.Context, key string) bool {
	var rec *record
	err := r.opts.Store.View(ctx, func(tx store.Tx) (err error) {
		rec, err = load(tx, key)
		return err
	})
	return err == nil && rec != nil && rec.moving()
}

func (r *Room) recordChange(c hearth.Caller, rec *record, req request) {
	r.metrics.changes.WithLabelValues(req.op).Inc()
	e := rec.event(r.opts.Now(), hearth.EventChanged, req.summary)
	e.RequestID = c.RequestID
	e.Details = []hearth.Detail{
		{Name: hearth.DetailAction, Value: "aps:" + req.op},
		{Name: hearth.DetailResource, Value: rec.arn().String()},
	}
	if c.Principal.ARN != (hearth.ARN{}) {
		e.Principal = c.Principal.ARN.String()
	}
	r.opts.Recorder.Record(e)
}

// event is one about this scraper, in its own account's ledger.
func (rec *record) event(now time.Time, kind hearth.EventKind, summary string) hearth.Event {
	e := hearth.Event{Time: now, Account: rec.Account, Kind: kind, Summary: summary}
	if arn, err := hearth.ParseARN(rec.Destination); err == nil && arn.Account == rec.Account {
		e.Workspace = hearth.WorkspaceID(arn.Resource[len("workspace/"):])
	}
	return e
}
