// Package workspace is the life of a metrics workspace: made, described,
// configured, tagged, deleted, exactly as Amazon Managed Service for Prometheus
// does it.
//
// A workspace belongs to one account and one region: those of the caller in
// the context. To every other caller it does not exist. Only Lookup and
// Workspaces look across accounts, for the front door (which authorises) and
// for rooms that work in the background.
//
// State lives in the store. CREATING becomes ACTIVE, and DELETING becomes
// gone, by reconciling from there, so a restart at any moment is an ordinary
// start.
package workspace

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// An Engine holds the samples of workspaces. Deleting a workspace it does not
// hold is not an error.
type Engine interface {
	Delete(ctx context.Context, ws hearth.WorkspaceID) error
}

// Options is what a Room needs. Store and Engine are required.
type Options struct {
	Store    store.Store
	Engine   Engine
	Profile  hearth.Profile        // Local unless said otherwise
	Defaults hearth.Limits         // of a workspace without configuration; zero: hearth.LimitsOf(Profile)
	Now      func() time.Time      // time.Now unless a test says otherwise
	Recorder hearth.Recorder       // told of every change; nil forgets
	Log      *slog.Logger          // nil discards
	Metrics  prometheus.Registerer // nil keeps the numbers private
}

// A Description is a workspace and what only its owner is told about it.
type Description struct {
	hearth.Workspace
	CreatedAt time.Time
}

// CreateInput is what CreateWorkspace takes.
type CreateInput struct {
	Alias     *string // nil: none
	Tags      map[string]string
	KMSKeyARN *string
	Token     *string // the clientToken; nil: not idempotent
}

// ListInput is what ListWorkspaces takes.
type ListInput struct {
	Alias      *string // prefix of the aliases wanted; nil: all
	MaxResults *int    // 1 to 1000; nil: 100
	NextToken  *string // of the page before
}

// A Page is a part of a list, oldest workspace first. NextToken is empty on the
// last one.
type Page struct {
	Workspaces []Description
	NextToken  string
}

// AliasInput is what UpdateWorkspaceAlias takes.
type AliasInput struct {
	Alias *string // nil removes the alias
	Token *string
}

// A Configuration is what DescribeWorkspaceConfiguration tells: the values in
// force, whether set or by default.
type Configuration struct {
	Status            hearth.Status // Active or Updating
	LabelSets         []hearth.LabelSetLimit
	RetentionDays     int
	OutOfOrderSeconds int
	RuleOffsetSeconds int
}

// ConfigurationInput is what UpdateWorkspaceConfiguration takes. A nil member
// keeps what is set; an empty LabelSets removes every label set limit.
type ConfigurationInput struct {
	LabelSets         *[]hearth.LabelSetLimit
	RetentionDays     *int
	OutOfOrderSeconds *int
	RuleOffsetSeconds *int
	Token             *string
}

// A Room keeps the metrics workspaces. All methods may be called concurrently.
//
// Kinds of errors: Invalid with Fields for input that breaks a rule, NotFound
// for a workspace the caller does not have, Conflict for a change while another
// is under way or a token used for another request, Quota in profile
// aws-strict, Unavailable when the store cannot write.
type Room struct {
	opts Options
}

// New returns a room. It starts nothing; see Run.
func New(o Options) *Room { return &Room{opts: o} }

var errSoon = &hearth.Error{Kind: hearth.NotServed, Msg: "not served yet"}

// Create makes a workspace for the caller. Its status is CREATING; Run makes it
// ACTIVE within milliseconds.
func (r *Room) Create(ctx context.Context, in CreateInput) (Description, error) {
	return Description{}, errSoon
}

// Describe tells about one workspace of the caller. id is what the caller sent:
// it is checked here.
func (r *Room) Describe(ctx context.Context, id hearth.WorkspaceID) (Description, error) {
	return Description{}, errSoon
}

// List returns the caller's workspaces, oldest first.
func (r *Room) List(ctx context.Context, in ListInput) (Page, error) { return Page{}, errSoon }

// Delete begins to delete a workspace: it takes no samples from now on, and is
// gone once Run has removed its files.
func (r *Room) Delete(ctx context.Context, id hearth.WorkspaceID, token *string) error {
	return errSoon
}

// SetAlias renames a workspace.
func (r *Room) SetAlias(ctx context.Context, id hearth.WorkspaceID, in AliasInput) error {
	return errSoon
}

// Configuration tells the values in force for a workspace.
func (r *Room) Configuration(ctx context.Context, id hearth.WorkspaceID) (Configuration, error) {
	return Configuration{}, errSoon
}

// UpdateConfiguration changes the members given and returns the status of the
// change: UPDATING, ACTIVE within milliseconds. Lookup tells the new limits at
// once.
func (r *Room) UpdateConfiguration(ctx context.Context, id hearth.WorkspaceID, in ConfigurationInput) (hearth.Status, error) {
	return "", errSoon
}

// Tag adds tags to a workspace, or changes those of the same key.
func (r *Room) Tag(ctx context.Context, arn hearth.ARN, tags map[string]string) error {
	return errSoon
}

// Untag removes tags. A key that is not there is not an error.
func (r *Room) Untag(ctx context.Context, arn hearth.ARN, keys []string) error { return errSoon }

// Tags returns a workspace's tags; never nil.
func (r *Room) Tags(ctx context.Context, arn hearth.ARN) (map[string]string, error) {
	return nil, errSoon
}

// Lookup returns a workspace that may take samples and queries, of any account
// and region, from memory. The caller must authorise. One that is being deleted
// is NotFound. Maps and slices in the result are shared: do not change them.
func (r *Room) Lookup(ctx context.Context, id hearth.WorkspaceID) (hearth.Workspace, error) {
	return hearth.Workspace{}, errSoon
}

// Workspaces returns every workspace that Lookup would find, oldest first.
func (r *Room) Workspaces(ctx context.Context) ([]hearth.Workspace, error) { return nil, errSoon }

// Changed returns a channel that receives soon after workspaces came, changed
// or went, and a function to stop it.
func (r *Room) Changed() (<-chan struct{}, func()) { return nil, func() {} }

// Ensure returns the caller's oldest workspace with exactly this alias, or
// makes one.
func (r *Room) Ensure(ctx context.Context, caller hearth.Caller, alias string) (Description, error) {
	return Description{}, errSoon
}

// Run moves workspaces along their life until ctx is done.
func (r *Room) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}
