// Package hearth holds the words the whole program shares: what a workspace,
// a principal, an error and an event are. It imports nothing of ours and does
// no I/O.
package hearth

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
)

// AccountID is a twelve-digit AWS account number.
type AccountID string

// Region is an AWS region name. Regions are data: any name a client signs for
// is a region.
type Region string

// WorkspaceID names a metrics workspace: "ws-" and a lower-case UUID. Only
// values made by NewWorkspaceID or accepted by ParseWorkspaceID may become part
// of a file name.
type WorkspaceID string

// NewWorkspaceID mints an id that no other workspace has.
func NewWorkspaceID() WorkspaceID { return WorkspaceID("ws-" + uuid.NewString()) }

// ParseWorkspaceID accepts exactly what NewWorkspaceID mints; ok is false for
// anything else.
func ParseWorkspaceID(s string) (id WorkspaceID, ok bool) {
	hex, ok := strings.CutPrefix(s, "ws-")
	return WorkspaceID(s), ok && isUUID(hex)
}

// isUUID accepts lower case alone. It stands for a regular expression, for every
// request of the data plane is asked.
func isUUID(s string) bool {
	const form = "00000000-0000-0000-0000-000000000000"
	if len(s) != len(form) {
		return false
	}
	for i := range len(s) {
		hex := s[i] >= '0' && s[i] <= '9' || s[i] >= 'a' && s[i] <= 'f'
		if dash := form[i] == '-'; dash && s[i] != '-' || !dash && !hex {
			return false
		}
	}
	return true
}

// RequestID identifies one request; clients see it as x-amzn-RequestId.
type RequestID string

// NewRequestID mints a request id in the form AWS prints.
func NewRequestID() RequestID { return RequestID(uuid.NewString()) }

// Workspace is what every room may know about a metrics workspace. The room
// workspace owns the rest.
type Workspace struct {
	ID      WorkspaceID
	Account AccountID
	Region  Region
	Alias   string
	Tags    map[string]string
	Status  Status
	Limits  Limits // the workspace's own, already merged with the profile's
}

// ARN names the workspace as AWS does: arn:aws:aps:REGION:ACCOUNT:workspace/ID.
func (w Workspace) ARN() ARN {
	return ARN{Partition: "aws", Service: "aps", Region: w.Region, Account: w.Account, Resource: "workspace/" + string(w.ID)}
}

// Status is a stage in a resource's life, in AWS's spelling.
type Status string

// The stages of a metrics workspace's life.
const (
	Creating       Status = "CREATING"
	Active         Status = "ACTIVE"
	Updating       Status = "UPDATING"
	Deleting       Status = "DELETING"
	CreationFailed Status = "CREATION_FAILED"
)

// ARN is an Amazon Resource Name,
// arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
type ARN struct {
	Partition string
	Service   string
	Region    Region
	Account   AccountID
	Resource  string
}

// ParseARN splits s. A string of fewer than six parts is Malformed.
func ParseARN(s string) (ARN, error) {
	p := strings.SplitN(s, ":", 6)
	if len(p) != 6 || p[0] != "arn" || p[1] == "" || p[2] == "" || p[5] == "" {
		return ARN{}, &Error{Kind: Malformed, Resource: s, Msg: "not an ARN: want arn:partition:service:region:account:resource"}
	}
	return ARN{Partition: p[1], Service: p[2], Region: Region(p[3]), Account: AccountID(p[4]), Resource: p[5]}, nil
}

func (a ARN) String() string {
	return "arn:" + a.Partition + ":" + a.Service + ":" + string(a.Region) + ":" + string(a.Account) + ":" + a.Resource
}

// A Principal is who a request comes from, once proven.
type Principal struct {
	ARN         ARN
	Account     AccountID
	UserID      string // what sts:GetCallerIdentity prints as UserId
	AccessKeyID string // empty for browser sessions and workspace tokens
	Root        bool   // the account's root: everything in the account is allowed
	Session     any    // of temporary credentials; only the room iam looks inside
}

// A Caller is one request's who and where. The front door puts it into the
// context before any room is entered.
type Caller struct {
	Principal Principal
	Account   AccountID
	Region    Region
	RequestID RequestID
}

type (
	callerKey    struct{}
	workspaceKey struct{}
)

// WithCaller returns a context that carries c.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerFrom returns the request's caller; the zero Caller inside the program's
// own work (rules, scrapers).
func CallerFrom(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}

// WithWorkspace returns a context that carries the one workspace the work is
// about. Only the front door and the rooms that own a workspace's background
// work may call it: everything below trusts it.
func WithWorkspace(ctx context.Context, w Workspace) context.Context {
	return context.WithValue(ctx, workspaceKey{}, w)
}

// WorkspaceFrom returns the workspace the work is about. ok is false where none
// was set, and then nothing may be read or written.
func WorkspaceFrom(ctx context.Context) (w Workspace, ok bool) {
	w, ok = ctx.Value(workspaceKey{}).(Workspace)
	return w, ok
}

// Profile chooses between generous limits and AWS's.
type Profile string

// The two profiles.
const (
	Local     Profile = "local"
	AWSStrict Profile = "aws-strict"
)

// An Event is one line of the ledger: something refused, dropped or changed,
// with the reason. Details are for whoever may read the ledger, never for the
// caller who was refused.
type Event struct {
	Time      time.Time
	RequestID RequestID
	Account   AccountID
	Workspace WorkspaceID // empty if the event concerns none
	Principal string      // ARN, or what the caller claimed to be
	Kind      EventKind
	Summary   string // one sentence
	Details   []Detail
}

// EventKind says what sort of thing happened.
type EventKind string

// Kinds of events.
const (
	EventDenied         EventKind = "denied"          // signature or policy refused a request
	EventRejected       EventKind = "rejected"        // samples refused
	EventWarning        EventKind = "warning"         // accepted, but the caller should change something
	EventChanged        EventKind = "changed"         // configuration changed
	EventQueryRefused   EventKind = "query-refused"   // a guard stopped a query
	EventStorageTrouble EventKind = "storage-trouble" // disk full, repaired or quarantined files
	EventNotification   EventKind = "notification"    // an alert grouped, muted, delivered or not delivered
	EventRule           EventKind = "rule"            // a rule's evaluation changed something
	EventDelivery       EventKind = "delivery"        // a message was published, delivered or not delivered
	EventScrape         EventKind = "scrape"          // a scraper, or one of its targets, fails or works again
	EventSignIn         EventKind = "sign-in"         // somebody signed in or out, or was refused
)

// A Detail is a named part of an event. Order is kept.
type Detail struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// A Recorder takes events for the ledger. Record never blocks: it drops (and
// counts) when its queue is full.
type Recorder interface {
	Record(Event)
}

// NoRecord is a Recorder that forgets.
type NoRecord struct{}

// Record forgets e.
func (NoRecord) Record(Event) {}
