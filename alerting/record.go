package alerting

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// The buckets. Keys of the first two are a workspace's id; of the others
// ID/NAME, so that a workspace's lie together.
const (
	definitions = "alertmanager-definitions"
	dataBucket  = "alertmanager-data"     // the definition, byte for byte
	silences    = "alertmanager-silences" // NAME: the silence's id
	notified    = "alertmanager-notified" // NAME: a hash of group and integration
	posted      = "alertmanager-alerts"   // NAME: the alert's fingerprint
)

// stateBuckets hold what an Alertmanager remembers.
var stateBuckets = []string{silences, notified, posted}

// record is what the store keeps of a definition, beside its bytes.
type record struct {
	Workspace  hearth.WorkspaceID `json:"workspace"`
	Account    hearth.AccountID   `json:"account"`
	Region     hearth.Region      `json:"region"`
	Status     hearth.Status      `json:"status"`
	CreatedAt  time.Time          `json:"createdAt"`
	ModifiedAt time.Time          `json:"modifiedAt"`
	Revision   string             `json:"revision"` // another one with each change
}

// idle refuses a change of a definition that Run has not made hold yet.
func (rec *record) idle() error {
	if rec.Status == hearth.Active {
		return nil
	}
	return &hearth.Error{Kind: hearth.Conflict, Resource: string(rec.Workspace), Type: resourceType,
		Msg: "The alert manager definition is " + string(rec.Status) + ". Try again when it is ACTIVE."}
}

func loadRecord(tx store.Tx, id hearth.WorkspaceID) (*record, error) {
	rec, err := store.Read[record](tx, definitions, string(id))
	if errors.Is(err, store.ErrNotFound) {
		return nil, noDefinition(id)
	}
	return rec, err
}

func saveRecord(tx store.Tx, rec *record) error {
	return store.Write(tx, definitions, string(rec.Workspace), rec)
}

func (r *Room) record(ctx context.Context, id hearth.WorkspaceID) (rec *record, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) (err error) {
		rec, err = loadRecord(tx, id)
		return err
	})
	return rec, err
}

func (r *Room) data(ctx context.Context, id hearth.WorkspaceID) (data []byte, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) (err error) {
		data, err = tx.Get(dataBucket, string(id))
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, noDefinition(id)
	}
	if err != nil {
		return nil, err
	}
	return r.unseal(id, data)
}

// records lists all definitions.
func (r *Room) records(ctx context.Context) (all []*record, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) (err error) {
		all, err = store.List[record](tx, definitions, "", "", 0)
		return err
	})
	return all, err
}

// forget removes a definition and all that its Alertmanager remembers.
func forget(tx store.Tx, id hearth.WorkspaceID) error {
	if err := tx.Delete(definitions, string(id)); err != nil {
		return err
	}
	if err := tx.Delete(dataBucket, string(id)); err != nil {
		return err
	}
	for _, bucket := range stateBuckets {
		entries, err := tx.Scan(bucket, string(id)+"/", "", 0)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := tx.Delete(bucket, e.Key); err != nil {
				return err
			}
		}
	}
	return nil
}

// resourceType is what a definition is called in errors.
const resourceType = "AWS::APS::AlertManagerDefinition"

func noDefinition(id hearth.WorkspaceID) error {
	return &hearth.Error{Kind: hearth.NotFound, Resource: string(id), Type: resourceType, Msg: "Alert manager definition not found for this workspace."}
}

// invalid tells the caller all that is wrong with a definition.
func invalid(faults []Fault) error {
	e := &hearth.Error{Kind: hearth.Invalid}
	var texts []string
	for _, f := range faults {
		texts = append(texts, f.String())
		e.Fields = append(e.Fields, hearth.Field{Name: "data", Msg: f.String()})
	}
	e.Msg = "The alert manager definition is not valid: " + strings.Join(texts, "; ")
	return e
}

// profileOf is the profile that a definition is checked under. AWS bounds what the
// alert managers of metrics workspaces may do; those of Grafana workspaces have all
// of Grafana's contact points there, too.
func (r *Room) profileOf(id hearth.WorkspaceID) hearth.Profile {
	if _, ok := hearth.ParseGrafanaID(string(id)); ok {
		return hearth.Local
	}
	return r.opts.Profile
}
