package alerting

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// tokenWindow is how long a clientToken is remembered.
const tokenWindow = 24 * time.Hour

// A Description is a definition as its owner sees it.
type Description struct {
	Status     hearth.Status
	Data       []byte // the YAML, byte for byte
	CreatedAt  time.Time
	ModifiedAt time.Time
}

// Create gives the workspace, which the caller owns, its definition. Run makes
// it ACTIVE. Conflict if it has one.
func (r *Room) Create(ctx context.Context, ws hearth.Workspace, data []byte, token *string) (hearth.Status, error) {
	return r.change(ctx, "CreateAlertManagerDefinition", ws, Unwrap(data), token, func(tx store.Tx) (*record, error) {
		_, err := loadRecord(tx, ws.ID)
		switch {
		case err == nil:
			return nil, &hearth.Error{Kind: hearth.Conflict, Resource: string(ws.ID), Type: resourceType,
				Msg: "The workspace has an alert manager definition: PutAlertManagerDefinition changes it."}
		case hearth.KindOf(err) != hearth.NotFound:
			return nil, err
		}
		now := r.opts.Now().UTC()
		return &record{Workspace: ws.ID, Account: ws.Account, Region: ws.Region, Status: hearth.Creating, CreatedAt: now, ModifiedAt: now}, nil
	})
}

// Put replaces the workspace's definition. NotFound if it has none. Alerts,
// silences and what was notified stay.
func (r *Room) Put(ctx context.Context, ws hearth.Workspace, data []byte, token *string) (hearth.Status, error) {
	return r.change(ctx, "PutAlertManagerDefinition", ws, Unwrap(data), token, func(tx store.Tx) (*record, error) {
		rec, err := loadRecord(tx, ws.ID)
		if err != nil {
			return nil, err
		}
		if err := rec.idle(); err != nil {
			return nil, err
		}
		rec.ModifiedAt, rec.Status = r.opts.Now().UTC(), hearth.Updating
		return rec, nil
	})
}

func (r *Room) change(ctx context.Context, op string, ws hearth.Workspace, data []byte, token *string, next func(store.Tx) (*record, error)) (hearth.Status, error) {
	if err := checkToken(token); err != nil {
		return "", err
	}
	if _, faults := Parse(data, r.profileOf(ws.ID)); len(faults) > 0 {
		return "", invalid(faults)
	}
	answer, fresh, err := r.once(ctx, op, ws, data, token, func(tx store.Tx) ([]byte, error) {
		rec, err := next(tx)
		if err != nil {
			return nil, err
		}
		rec.Revision = uuid.NewString()
		if err := saveRecord(tx, rec); err != nil {
			return nil, err
		}
		if err := tx.Put(dataBucket, string(ws.ID), r.seal(ws.ID, data)); err != nil {
			return nil, err
		}
		return json.Marshal(rec.Status)
	})
	if err != nil {
		return "", err
	}
	if fresh {
		r.tell(ctx, op, ws, "Alert manager definition changed.", hearth.Detail{Name: hearth.DetailAfter, Value: hash(data)})
	}
	var status hearth.Status
	return status, json.Unmarshal(answer, &status)
}

// Delete removes the workspace's definition, its silences and its alerts.
func (r *Room) Delete(ctx context.Context, ws hearth.Workspace, token *string) error {
	if err := checkToken(token); err != nil {
		return err
	}
	_, fresh, err := r.once(ctx, "DeleteAlertManagerDefinition", ws, nil, token, func(tx store.Tx) ([]byte, error) {
		rec, err := loadRecord(tx, ws.ID)
		if err == nil {
			err = rec.idle()
		}
		if err != nil {
			return nil, err
		}
		return nil, forget(tx, ws.ID)
	})
	if err != nil {
		return err
	}
	r.shut(ws.ID, false)
	if fresh {
		r.tell(ctx, "DeleteAlertManagerDefinition", ws, "Alert manager definition deleted: alerts of the workspace notify nobody.")
	}
	return nil
}

// Describe returns the workspace's definition.
func (r *Room) Describe(ctx context.Context, ws hearth.Workspace) (Description, error) {
	var d Description
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		rec, err := loadRecord(tx, ws.ID)
		if err != nil {
			return err
		}
		d = Description{Status: rec.Status, CreatedAt: rec.CreatedAt, ModifiedAt: rec.ModifiedAt}
		kept, err := tx.Get(dataBucket, string(ws.ID))
		if err != nil {
			return err
		}
		d.Data, err = r.unseal(ws.ID, kept)
		return err
	})
	return d, err
}

// wait lets a change under way come to its end, so that a script need not sleep
// between two calls. If Run does not run, or the end does not come, the change
// that waits finds the definition busy.
func (r *Room) wait(ctx context.Context, id hearth.WorkspaceID) {
	if !r.running.Load() {
		return
	}
	store.Await(ctx, r.opts.Store, definitions, r.settle, func(tx store.Tx) bool {
		rec, err := loadRecord(tx, id)
		return err == nil && rec.idle() != nil
	})
}

// once runs a change, or answers as the first time if the token was used before.
func (r *Room) once(ctx context.Context, op string, ws hearth.Workspace, data []byte, token *string, do func(store.Tx) ([]byte, error)) (answer []byte, fresh bool, err error) {
	r.wait(ctx, ws.ID)
	scope := "aps/" + op + "/" + string(ws.Account) + "/" + string(ws.Region)
	given := ""
	if token != nil {
		given = *token
	}
	err = r.opts.Store.Update(ctx, func(tx store.Tx) (err error) {
		fresh = false
		answer, err = store.Once(tx, scope, given, string(ws.ID)+" "+hash(data), r.opts.Now(), tokenWindow, func() ([]byte, error) {
			fresh = true
			return do(tx)
		})
		return err
	})
	return answer, fresh, err
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:]) + " (" + strconv.Itoa(len(data)) + " bytes)"
}

var tokenPattern = regexp.MustCompile(`^[!-~]{1,64}$`)

func checkToken(token *string) error {
	if token == nil || tokenPattern.MatchString(*token) {
		return nil
	}
	const msg = "Member must have 1 to 64 printable ASCII characters and no space"
	return &hearth.Error{Kind: hearth.Invalid, Msg: "Value at 'clientToken' failed to satisfy constraint: " + msg,
		Fields: []hearth.Field{{Name: "clientToken", Msg: msg}}}
}

// tell writes a change into the ledger.
func (r *Room) tell(ctx context.Context, op string, ws hearth.Workspace, summary string, details ...hearth.Detail) {
	c := hearth.CallerFrom(ctx)
	e := hearth.Event{
		Time: r.opts.Now(), RequestID: c.RequestID, Account: ws.Account, Workspace: ws.ID,
		Kind: hearth.EventChanged, Summary: summary,
		Details: append([]hearth.Detail{
			{Name: hearth.DetailAction, Value: "aps:" + op},
			{Name: hearth.DetailResource, Value: ws.ARN().String()},
		}, details...),
	}
	if c.Principal.ARN != (hearth.ARN{}) {
		e.Principal = c.Principal.ARN.String()
	}
	r.opts.Recorder.Record(e)
}
