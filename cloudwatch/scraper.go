package cloudwatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// Buckets of the store.
const (
	bucket      = "cloudwatch-scrapers" // SCRAPER: the scraper
	spentBucket = "cloudwatch-spent"    // SCRAPER: what it spent today
)

// Bounds of one workspace and one scraper.
const (
	maxScrapers = 10
	maxPlaces   = 1000
)

// A Scraper asks CloudWatch what its configuration says and writes into one
// workspace.
type Scraper struct {
	ID            string             `json:"id"`
	Name          string             `json:"name"`
	Workspace     hearth.WorkspaceID `json:"workspace"`
	Account       hearth.AccountID   `json:"account"`
	Configuration string             `json:"configuration"` // as it was given, byte for byte
	DailyCap      float64            `json:"dailyCap"`
	Credentials   []byte             `json:"credentials,omitempty"` // sealed
	Created       time.Time          `json:"created"`
	Revision      int                `json:"revision"`

	fixed bool
}

// Fixed says that the scraper stands in the operator's configuration.
func (s *Scraper) Fixed() bool { return s.fixed }

// HasCredentials says that the scraper has keys of its own.
func (s *Scraper) HasCredentials() bool { return len(s.Credentials) > 0 }

// Input is what a scraper is made of, or changed to.
type Input struct {
	Workspace     hearth.WorkspaceID
	Name          string
	Configuration string
	DailyCap      float64
	Credentials   *Credentials // nil: none, or, for a change, those it has
}

var scraperName = regexp.MustCompile(`^[0-9A-Za-z][-.0-9A-Z_a-z]{0,99}$`)

func invalid(field, msg string) error {
	return &hearth.Error{Kind: hearth.Invalid, Msg: field + ": " + msg, Fields: []hearth.Field{{Name: field, Msg: msg}}}
}

// check refuses what could not be scraped.
func (in *Input) check() error {
	if !scraperName.MatchString(in.Name) {
		return invalid("name", "want 1 to 100 letters, digits, dots, dashes and underscores, beginning with a letter or digit")
	}
	if in.DailyCap < 0 || in.DailyCap > 1e9 || in.DailyCap != in.DailyCap {
		return invalid("dailyCap", "must be between 0 (no cap) and a billion")
	}
	c, faults := Parse([]byte(in.Configuration))
	if len(faults) > 0 {
		e := &hearth.Error{Kind: hearth.Invalid, Msg: "configuration: " + faults[0].String()}
		for _, f := range faults {
			e.Fields = append(e.Fields, hearth.Field{Name: "configuration", Msg: f.String()})
		}
		return e
	}
	if n := len(places(c)); n > maxPlaces {
		return invalid("configuration", fmt.Sprintf("its jobs, regions and roles make %d places to ask: at most %d", n, maxPlaces))
	}
	return nil
}

// Create makes a scraper. Names are of one workspace's scrapers only: one that is
// taken is a Conflict.
func (r *Room) Create(ctx context.Context, ws hearth.Workspace, in Input) (*Scraper, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	s := &Scraper{ID: "cws-" + uuid.NewString(), Name: in.Name, Workspace: ws.ID, Account: ws.Account, Configuration: in.Configuration, DailyCap: in.DailyCap, Created: r.opts.Now().UTC()}
	if err := r.seal(s, in.Credentials); err != nil {
		return nil, err
	}
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		all, err := scan(tx, ws.ID)
		if err != nil {
			return err
		}
		if len(all) >= maxScrapers {
			return &hearth.Error{Kind: hearth.Quota, Resource: string(ws.ID), Type: "workspace", Msg: fmt.Sprintf("a workspace has at most %d CloudWatch scrapers", maxScrapers)}
		}
		if slices.ContainsFunc(all, func(other *Scraper) bool { return other.Name == s.Name }) {
			return &hearth.Error{Kind: hearth.Conflict, Resource: s.Name, Msg: "the workspace has a CloudWatch scraper of this name"}
		}
		return put(tx, s)
	})
	if err != nil {
		return nil, err
	}
	r.changed(ctx, s, "A CloudWatch scraper was made.")
	return s, nil
}

func (r *Room) seal(s *Scraper, c *Credentials) error {
	if c == nil {
		return nil
	}
	plain, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("credentials of %s: %w", s.ID, err)
	}
	s.Credentials = r.opts.Sealer.Seal(plain, s.ID)
	return nil
}

// Update replaces what a scraper does. Its name and workspace stay.
func (r *Room) Update(ctx context.Context, id string, in Input) (*Scraper, error) {
	old, err := r.Scraper(ctx, id)
	if err != nil {
		return nil, err
	}
	if old.fixed {
		return nil, errFixed(id)
	}
	in.Name = old.Name
	if err := in.check(); err != nil {
		return nil, err
	}
	var s *Scraper
	err = r.opts.Store.Update(ctx, func(tx store.Tx) (err error) {
		if s, err = get(tx, id); err != nil {
			return err
		}
		s.Configuration, s.DailyCap = in.Configuration, in.DailyCap
		s.Revision++
		if err := r.seal(s, in.Credentials); err != nil {
			return err
		}
		return put(tx, s)
	})
	if err != nil {
		return nil, err
	}
	r.changed(ctx, s, "A CloudWatch scraper was changed.")
	return s, nil
}

func errFixed(id string) error {
	return &hearth.Error{Kind: hearth.InUse, Resource: id, Msg: "this CloudWatch scraper stands in Hearth's configuration file: change it there"}
}

// Delete ends a scraper. What it wrote stays.
func (r *Room) Delete(ctx context.Context, id string) error {
	s, err := r.Scraper(ctx, id)
	if err != nil {
		return err
	}
	if s.fixed {
		return errFixed(id)
	}
	err = r.opts.Store.Update(ctx, func(tx store.Tx) error {
		return errors.Join(tx.Delete(bucket, id), tx.Delete(spentBucket, id))
	})
	if err == nil {
		r.changed(ctx, s, "A CloudWatch scraper was removed.")
	}
	return err
}

// Scraper returns one; of any account: the caller must authorise.
func (r *Room) Scraper(ctx context.Context, id string) (s *Scraper, err error) {
	for _, f := range r.fixed() {
		if f.ID == id {
			return f, nil
		}
	}
	err = r.opts.Store.View(ctx, func(tx store.Tx) error { s, err = get(tx, id); return err })
	return s, err
}

// Scrapers are those of a workspace, or of all if ws is empty, in order of age.
func (r *Room) Scrapers(ctx context.Context, ws hearth.WorkspaceID) (all []*Scraper, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error { all, err = scan(tx, ws); return err })
	for _, f := range r.fixed() {
		if ws == "" || f.Workspace == ws {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b *Scraper) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return all, err
}

// fixed are the operator's. Their ids stay the same as long as their names do.
func (r *Room) fixed() []*Scraper {
	var all []*Scraper
	for _, in := range r.opts.Fixed {
		id := "cws-" + uuid.NewSHA1(uuid.NameSpaceOID, []byte(string(in.Workspace)+"/"+in.Name)).String()
		s := &Scraper{ID: id, Name: in.Name, Workspace: in.Workspace, Configuration: in.Configuration, DailyCap: in.DailyCap, fixed: true}
		if ws, err := r.opts.Workspaces.Lookup(context.Background(), in.Workspace); err == nil {
			s.Account = ws.Account
		}
		all = append(all, s)
	}
	return all
}

func (r *Room) changed(ctx context.Context, s *Scraper, what string) {
	c := hearth.CallerFrom(ctx)
	r.opts.Recorder.Record(hearth.Event{
		Time: r.opts.Now(), RequestID: c.RequestID, Account: s.Account, Workspace: s.Workspace, Principal: c.Principal.ARN.String(), Kind: hearth.EventChanged, Summary: what,
		Details: []hearth.Detail{{Name: "scraper", Value: s.ID}, {Name: "name", Value: s.Name}},
	})
}

func get(tx store.Tx, id string) (*Scraper, error) {
	data, err := tx.Get(bucket, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, &hearth.Error{Kind: hearth.NotFound, Resource: id, Type: "cloudwatch-scraper", Msg: "there is no CloudWatch scraper of this id"}
	}
	if err != nil {
		return nil, err
	}
	s := &Scraper{}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("CloudWatch scraper %s: %w", id, err)
	}
	return s, nil
}

func put(tx store.Tx, s *Scraper) error {
	data, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("CloudWatch scraper %s: %w", s.ID, err)
	}
	return tx.Put(bucket, s.ID, data)
}

func scan(tx store.Tx, ws hearth.WorkspaceID) ([]*Scraper, error) {
	entries, err := tx.Scan(bucket, "", "", 0)
	if err != nil {
		return nil, err
	}
	var all []*Scraper
	for _, e := range entries {
		s := &Scraper{}
		if err := json.Unmarshal(e.Value, s); err != nil {
			return nil, fmt.Errorf("CloudWatch scraper %s: %w", e.Key, err)
		}
		if ws == "" || s.Workspace == ws {
			all = append(all, s)
		}
	}
	return all, nil
}
