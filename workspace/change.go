package workspace

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// tokenWindow is how long a clientToken stands for its first request.
const tokenWindow = 8 * time.Hour

// request is one mutation by a caller.
type request struct {
	op      string             // as AWS names it
	id      hearth.WorkspaceID // empty for CreateWorkspace
	token   *string
	content any    // what an equal request has equal, without the token
	summary string // of the event
}

// outcome is what do made of a record. It replaces the record before, unless
// same says that nothing changed.
type outcome struct {
	rec    *record
	same   bool
	detail []hearth.Detail
	result any // what a repeated request is answered
}

// perform runs one mutation: once for each token, in one transaction, then known
// to Lookup, then in the ledger. result receives what do gave, or what it gave
// the first time.
func (r *Room) perform(ctx context.Context, req request, result any, do func(store.Tx) (outcome, error)) error {
	r.wait(ctx, req.id)
	if err := r.ready(ctx); err != nil {
		return err
	}
	release, err := r.take(ctx)
	if err != nil {
		return err
	}
	defer release()
	answer, out, rev, err := r.commit(ctx, req, do)
	if err != nil {
		return err
	}
	if out != nil && !out.same {
		if err := r.settled(ctx, rev, []*record{out.rec}); err != nil {
			return err
		}
		r.record(ctx, req, out)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(answer, result)
}

// commit returns a nil outcome for a request that was answered before.
func (r *Room) commit(ctx context.Context, req request, do func(store.Tx) (outcome, error)) (answer []byte, out *outcome, rev uint64, err error) {
	err = r.opts.Store.Update(ctx, func(tx store.Tx) (err error) {
		out = nil
		answer, err = store.Once(tx, req.scope(ctx), deref(req.token), req.fingerprint(), r.opts.Now(), tokenWindow, func() ([]byte, error) {
			o, err := do(tx)
			if err != nil {
				return nil, err
			}
			out = &o
			if rev, err = keep(tx, o); err != nil {
				return nil, err
			}
			return json.Marshal(o.result)
		})
		return err
	})
	return answer, out, rev, err
}

func keep(tx store.Tx, o outcome) (uint64, error) {
	if o.same {
		return 0, nil
	}
	if err := save(tx, o.rec); err != nil {
		return 0, err
	}
	return nextRevision(tx)
}

// scope keeps one account's tokens, and one operation's, from another's.
func (q request) scope(ctx context.Context) string {
	c := hearth.CallerFrom(ctx)
	return "aps/" + q.op + "/" + regionPrefix(c.Account, c.Region)
}

func (q request) fingerprint() string {
	buf, err := json.Marshal([]any{q.id, q.content})
	if err != nil {
		panic("workspace: " + err.Error()) // our own types
	}
	sum := sha256.Sum256(buf)
	return hex.EncodeToString(sum[:])
}

// mine loads the caller's workspace for a change within tx. The result may be
// changed.
func (r *Room) mine(ctx context.Context, tx store.Tx, id hearth.WorkspaceID) (*record, error) {
	e, err := r.own(ctx, id)
	if err != nil {
		return nil, err
	}
	rec, err := load(tx, e.rec.key())
	if err != nil {
		return nil, err
	}
	if rec == nil {
		return nil, notFound(id)
	}
	return rec, nil
}

// idle is mine, for changes that need a workspace with nothing under way.
func (r *Room) idle(ctx context.Context, tx store.Tx, id hearth.WorkspaceID) (*record, error) {
	rec, err := r.mine(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	if rec.busy() {
		return nil, conflict(rec)
	}
	return rec, nil
}

func (r *Room) record(ctx context.Context, req request, out *outcome) {
	c := hearth.CallerFrom(ctx)
	r.metrics.changes.WithLabelValues(req.op).Inc()
	e := hearth.Event{
		Time: r.opts.Now(), RequestID: c.RequestID, Account: out.rec.Account, Workspace: out.rec.ID,
		Kind: hearth.EventChanged, Summary: req.summary,
		Details: append([]hearth.Detail{
			{Name: hearth.DetailAction, Value: "aps:" + req.op},
			{Name: hearth.DetailResource, Value: r.entry(out.rec).ws.ARN().String()},
		}, out.detail...),
	}
	if c.Principal.ARN != (hearth.ARN{}) {
		e.Principal = c.Principal.ARN.String()
	}
	r.opts.Recorder.Record(e)
}

func before(v any) hearth.Detail {
	return hearth.Detail{Name: hearth.DetailBefore, Value: fmt.Sprint(v)}
}

func after(v any) hearth.Detail {
	return hearth.Detail{Name: hearth.DetailAfter, Value: fmt.Sprint(v)}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
