package dashboard

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// The stages of a Grafana workspace's life that metrics workspaces do not have.
const (
	Upgrading       hearth.Status = "UPGRADING"        // a license comes or goes
	VersionUpdating hearth.Status = "VERSION_UPDATING" // another version of Grafana
)

// A record is a Grafana workspace as it is stored.
type record struct {
	ID       hearth.GrafanaID `json:"id"`
	Account  hearth.AccountID `json:"account"`
	Region   hearth.Region    `json:"region"`
	Status   hearth.Status    `json:"status"`
	Created  time.Time        `json:"created"`
	Modified time.Time        `json:"modified"`
	Settings
	Version       string            `json:"version"`
	Configuration string            `json:"configuration"`
	KMSKey        string            `json:"kmsKey,omitempty"`
	Tags          map[string]string `json:"tags,omitempty"`
	Providers     []string          `json:"providers"`
	SAML          *SAML             `json:"saml,omitempty"`
	License       License           `json:"license"`
	Prepared      bool              `json:"prepared"` // whether it has got what a new one begins with
}

// Settings are what CreateWorkspace and UpdateWorkspace both set.
type Settings struct {
	Name           string   `json:"name,omitempty"`
	Description    string   `json:"description,omitempty"`
	AccountAccess  string   `json:"accountAccessType,omitempty"`
	PermissionType string   `json:"permissionType,omitempty"`
	DataSources    []string `json:"dataSources"`
	Destinations   []string `json:"notificationDestinations,omitempty"`
	Units          []string `json:"organizationalUnits,omitempty"`
	UnitsRole      string   `json:"organizationRoleName,omitempty"`
	StackSet       string   `json:"stackSetName,omitempty"`
	RoleARN        string   `json:"workspaceRoleArn,omitempty"`
	VPC            *VPC     `json:"vpcConfiguration,omitempty"`
	Network        *Network `json:"networkAccessControl,omitempty"`
	IPType         string   `json:"ipAddressType,omitempty"`
}

// VPC is where a workspace on AWS would have its interfaces. Hearth keeps it.
type VPC struct {
	SecurityGroups []string `json:"securityGroupIds"`
	Subnets        []string `json:"subnetIds"`
}

// Network is who could reach a workspace on AWS. Hearth keeps it.
type Network struct {
	PrefixLists []string `json:"prefixListIds"`
	Endpoints   []string `json:"vpceIds"`
}

// A License is the Grafana Enterprise license a workspace is associated with.
type License struct {
	Type         string    `json:"type,omitempty"`
	Token        string    `json:"token,omitempty"`
	Expires      time.Time `json:"expires,omitzero"`
	TrialUsed    bool      `json:"trialUsed,omitempty"`
	TrialExpires time.Time `json:"trialExpires,omitzero"`
}

// A Description is a Grafana workspace as its owner sees it.
type Description struct {
	hearth.GrafanaWorkspace
	Settings
	Created, Modified time.Time
	Version           string
	KMSKey            string
	SAMLConfigured    bool
	License           License
}

func (r *Room) describe(rec *record) Description {
	return Description{
		GrafanaWorkspace: r.workspace(rec), Settings: rec.Settings, Created: rec.Created, Modified: rec.Modified,
		Version: rec.Version, KMSKey: rec.KMSKey, License: rec.License, SAMLConfigured: rec.SAML != nil,
	}
}

// workspace is what other rooms know of rec.
func (r *Room) workspace(rec *record) hearth.GrafanaWorkspace {
	return hearth.GrafanaWorkspace{
		ID: rec.ID, Account: rec.Account, Region: rec.Region, Name: rec.Name, URL: r.opts.ExternalURL + "/grafana/" + string(rec.ID),
		Status: rec.Status, Tags: maps.Clone(rec.Tags), RoleARN: rec.RoleARN, Providers: slices.Clone(rec.Providers),
		Managed: rec.PermissionType == "SERVICE_MANAGED",
	}
}

func load(tx store.Tx, id hearth.GrafanaID) (*record, error) {
	rec, err := get[record](tx, workspaceBucket, string(id))
	if err == nil && rec == nil {
		err = noWorkspace(id)
	}
	return rec, err
}

// mine loads a Grafana workspace of the caller. To everybody else it does not
// exist.
func mine(ctx context.Context, tx store.Tx, id hearth.GrafanaID) (*record, error) {
	rec, err := load(tx, id)
	if err != nil {
		return nil, err
	}
	if c := hearth.CallerFrom(ctx); rec.Account != c.Account || rec.Region != c.Region {
		return nil, noWorkspace(id)
	}
	return rec, nil
}

// Lookup finds a Grafana workspace of any account that can be used. NotFound for
// one that is not there, or is being deleted.
func (r *Room) Lookup(ctx context.Context, id hearth.GrafanaID) (w hearth.GrafanaWorkspace, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		rec, err := load(tx, id)
		if err != nil {
			return err
		}
		if rec.Status == hearth.Deleting {
			return noWorkspace(id)
		}
		w = r.workspace(rec)
		return nil
	})
	return w, err
}

// Describe tells about a Grafana workspace of the caller.
func (r *Room) Describe(ctx context.Context, id hearth.GrafanaID) (d Description, err error) {
	var p problems
	p.checkID(id)
	if err := p.Err(); err != nil {
		return d, err
	}
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		rec, err := mine(ctx, tx, id)
		if err == nil {
			d = r.describe(rec)
		}
		return err
	})
	return d, err
}

// CreateInput is what CreateWorkspace takes.
type CreateInput struct {
	Settings
	Providers     []string
	Configuration *string
	Version       *string
	KMSKey        *string
	Tags          map[string]string
	Token         *string // the clientToken; nil: not idempotent
}

// tokenWindow is how long a clientToken stands for its first request.
const tokenWindow = 8 * time.Hour

// Create makes a Grafana workspace for the caller. Its status is CREATING; Run
// makes it ACTIVE.
func (r *Room) Create(ctx context.Context, in CreateInput) (d Description, err error) {
	if err := r.checkCreate(&in); err != nil {
		return d, err
	}
	c := hearth.CallerFrom(ctx)
	now := r.opts.Now().UTC()
	rec := &record{
		ID: hearth.NewGrafanaID(), Account: c.Account, Region: c.Region, Status: hearth.Creating, Created: now, Modified: now,
		Settings: in.Settings, Version: orElse(deref(in.Version), latestVersion), Configuration: orElse(deref(in.Configuration), defaultConfiguration),
		Tags: in.Tags, Providers: in.Providers,
	}
	err = r.opts.Store.Update(ctx, func(tx store.Tx) error {
		scope := "grafana/CreateWorkspace/" + string(c.Account) + "/" + string(c.Region)
		made, err := store.Once(tx, scope, deref(in.Token), in.fingerprint(), now, tokenWindow, func() ([]byte, error) {
			if err := r.checkQuota(tx, c); err != nil {
				return nil, err
			}
			return json.Marshal(rec.ID)
		})
		if err != nil {
			return err
		}
		return r.settleCreate(tx, rec, made, &d)
	})
	if err == nil && d.ID == rec.ID {
		r.changed(ctx, "CreateWorkspace", rec, "Grafana workspace created.", after(rec.Name))
	}
	return d, err
}

// settleCreate saves the new workspace, or describes the one that the token made.
func (r *Room) settleCreate(tx store.Tx, rec *record, made []byte, d *Description) error {
	var id hearth.GrafanaID
	if err := json.Unmarshal(made, &id); err != nil {
		return err
	}
	if id != rec.ID {
		first, err := load(tx, id)
		if err != nil {
			return err
		}
		*d = r.describe(first)
		return nil
	}
	*d = r.describe(rec)
	return put(tx, workspaceBucket, string(rec.ID), rec)
}

func (in CreateInput) fingerprint() string {
	in.Token = nil
	buf, err := json.Marshal(in)
	if err != nil {
		panic("dashboard: " + err.Error()) // our own types
	}
	sum := sha256.Sum256(buf)
	return hex.EncodeToString(sum[:])
}

// maxWorkspaces is AWS's quota for a region of an account.
const maxWorkspaces = 5

func (r *Room) checkQuota(tx store.Tx, c hearth.Caller) error {
	if r.opts.Profile != hearth.AWSStrict {
		return nil
	}
	have, err := ownedBy(tx, c)
	if err != nil || len(have) < maxWorkspaces {
		return err
	}
	return &hearth.Error{Kind: hearth.Quota, Resource: string(c.Account), Type: workspaceType, Quota: "L-D2B3B7F8",
		Msg: "The maximum number of Grafana workspaces of an account in a region is reached."}
}

// ownedBy lists the caller's Grafana workspaces, oldest first.
func ownedBy(tx store.Tx, c hearth.Caller) ([]*record, error) {
	recs, err := all[record](tx, workspaceBucket, "")
	if err != nil {
		return nil, err
	}
	recs = slices.DeleteFunc(recs, func(rec *record) bool { return rec.Account != c.Account || rec.Region != c.Region })
	slices.SortStableFunc(recs, func(a, b *record) int { return a.Created.Compare(b.Created) })
	return recs, nil
}

// Page is the part of a list that was asked for.
type Page struct {
	Max   *int
	Token *string
}

// List returns the caller's Grafana workspaces, oldest first.
func (r *Room) List(ctx context.Context, page Page) (out []Description, next string, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		recs, err := ownedBy(tx, hearth.CallerFrom(ctx))
		if err != nil {
			return err
		}
		recs, next, err = cut(recs, page, "workspaces", func(rec *record) string { return rec.Created.Format(time.RFC3339Nano) + string(rec.ID) })
		out = nil
		for _, rec := range recs {
			out = append(out, r.describe(rec))
		}
		return err
	})
	return out, next, err
}

// change changes a Grafana workspace of the caller that has nothing under way.
// do gets a record that it may change; it is saved with the time of now.
func (r *Room) change(ctx context.Context, op string, id hearth.GrafanaID, summary string, do func(tx store.Tx, rec *record) error) (d Description, err error) {
	var p problems
	p.checkID(id)
	if err := p.Err(); err != nil {
		return d, err
	}
	rec, err := r.changeIdle(ctx, id, do)
	if err != nil {
		return d, err
	}
	r.changed(ctx, op, rec, summary)
	return r.describe(rec), nil
}

// changeIdle lets what is under way end, so that neither a script nor Terraform, which
// makes several changes at once, need wait between two. It gives up soon: then the
// change is a Conflict, as on AWS.
func (r *Room) changeIdle(ctx context.Context, id hearth.GrafanaID, do func(tx store.Tx, rec *record) error) (rec *record, err error) {
	patient, cancel := context.WithTimeout(ctx, r.settle)
	defer cancel()
	for {
		r.waitIdle(patient, id)
		err = r.opts.Store.Update(ctx, func(tx store.Tx) (err error) {
			if rec, err = mine(ctx, tx, id); err != nil {
				return err
			}
			if rec.Status != hearth.Active {
				return busy(rec)
			}
			rec.Modified = r.opts.Now().UTC()
			if err := do(tx, rec); err != nil {
				return err
			}
			return put(tx, workspaceBucket, string(id), rec)
		})
		if !errors.Is(err, errBusy) || patient.Err() != nil {
			return rec, err
		}
	}
}

// waitIdle returns when nothing is under way, or ctx is done. Another change may come
// first all the same.
func (r *Room) waitIdle(ctx context.Context, id hearth.GrafanaID) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		w, err := r.Lookup(ctx, id)
		if err != nil || w.Status == hearth.Active {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Delete begins to delete a Grafana workspace. Run deletes it with all it has.
func (r *Room) Delete(ctx context.Context, id hearth.GrafanaID) (Description, error) {
	return r.change(ctx, "DeleteWorkspace", id, "Grafana workspace deleted.", func(_ store.Tx, rec *record) error {
		rec.Status = hearth.Deleting
		return nil
	})
}

// changed writes a change of the control plane into the ledger.
func (r *Room) changed(ctx context.Context, op string, rec *record, summary string, details ...hearth.Detail) {
	c := hearth.CallerFrom(ctx)
	r.metrics.changes.WithLabelValues(op).Inc()
	e := hearth.Event{
		Time: r.opts.Now(), RequestID: c.RequestID, Account: rec.Account, Kind: hearth.EventChanged, Summary: summary,
		Details: append([]hearth.Detail{
			{Name: hearth.DetailAction, Value: "grafana:" + op},
			{Name: hearth.DetailResource, Value: r.workspace(rec).ARN().String()},
		}, details...),
	}
	if c.Principal.ARN != (hearth.ARN{}) {
		e.Principal = c.Principal.ARN.String()
	}
	r.opts.Recorder.Record(e)
}

func after(v string) hearth.Detail { return hearth.Detail{Name: hearth.DetailAfter, Value: v} }

func deref[T any](v *T) (zero T) {
	if v == nil {
		return zero
	}
	return *v
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// Ensure returns the caller's Grafana workspace with this name, or makes one that
// reads the metrics of its account.
func (r *Room) Ensure(ctx context.Context, caller hearth.Caller, name string) (hearth.GrafanaWorkspace, error) {
	ctx = hearth.WithCaller(ctx, caller)
	list, _, err := r.List(ctx, Page{})
	if err != nil {
		return hearth.GrafanaWorkspace{}, err
	}
	for _, d := range list {
		if d.GrafanaWorkspace.Name == name && d.Status != hearth.Deleting {
			return d.GrafanaWorkspace, nil
		}
	}
	d, err := r.Create(ctx, CreateInput{Providers: []string{hearth.ProviderAWSSSO}, Settings: Settings{
		Name: name, AccountAccess: "CURRENT_ACCOUNT", PermissionType: "SERVICE_MANAGED", DataSources: []string{"PROMETHEUS"}, Destinations: []string{"SNS"},
	}})
	return d.GrafanaWorkspace, err
}
