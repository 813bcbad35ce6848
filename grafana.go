package hearth

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"regexp"
	"strings"
)

// GrafanaID names a Grafana workspace: "g-" and ten lower-case hexadecimal digits.
type GrafanaID string

var grafanaID = regexp.MustCompile(`^g-[0-9a-f]{10}$`)

// NewGrafanaID mints an id at random.
func NewGrafanaID() GrafanaID {
	var b [5]byte
	_, _ = rand.Read(b[:]) // never fails
	return GrafanaID("g-" + hex.EncodeToString(b[:]))
}

// ParseGrafanaID accepts exactly what NewGrafanaID mints; ok is false for
// anything else.
func ParseGrafanaID(s string) (id GrafanaID, ok bool) {
	return GrafanaID(s), grafanaID.MatchString(s)
}

// GrafanaHost is the Grafana workspace that has a host of its own, such as
// g-0123456789.hearth.example.org: where there is wildcard DNS, each has one.
func GrafanaHost(host string) (id GrafanaID, ok bool) {
	name, _, ok := strings.Cut(host, ".")
	if !ok {
		return "", false
	}
	return ParseGrafanaID(name)
}

// GrafanaRole is what someone may do in a Grafana workspace, in Grafana's spelling.
type GrafanaRole string

// The roles, least first.
const (
	GrafanaViewer GrafanaRole = "Viewer"
	GrafanaEditor GrafanaRole = "Editor"
	GrafanaAdmin  GrafanaRole = "Admin"
)

// Allows tells whether who has the role r may do what needs the role need.
// Nobody may do what needs an unknown role.
func (r GrafanaRole) Allows(need GrafanaRole) bool {
	return need.rank() > 0 && r.rank() >= need.rank()
}

func (r GrafanaRole) rank() int {
	switch r {
	case GrafanaViewer:
		return 1
	case GrafanaEditor:
		return 2
	case GrafanaAdmin:
		return 3
	}
	return 0
}

// GrafanaWorkspace is what every room may know about a Grafana workspace. The
// room dashboard owns the rest.
type GrafanaWorkspace struct {
	ID        GrafanaID
	Account   AccountID
	Region    Region
	Name      string
	URL       string // where browsers reach it, without a trailing slash
	Status    Status
	Tags      map[string]string
	RoleARN   string   // what its data sources act as; empty: the workspace's own identity
	Providers []string // SAML, AWS_SSO
	Managed   bool     // whether its permissions are managed for it: without a role it may read its account's metrics
}

// ARN names the Grafana workspace as AWS does.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonmanagedgrafana.html
func (w GrafanaWorkspace) ARN() ARN {
	return ARN{Partition: "aws", Service: "grafana", Region: w.Region, Account: w.Account, Resource: "/workspaces/" + string(w.ID)}
}

// An Identity is who an identity provider says someone is. Issuer and Subject
// together are the identity; everything else may change from login to login.
type Identity struct {
	Provider string // SAML, AWS_SSO or LOCAL
	Issuer   string
	Subject  string
	Login    string
	Name     string
	Email    string
	Groups   []string
	Org      string
	Role     GrafanaRole // what the assertion gives; empty if the provider does not say
}

// A GrafanaUser is who acts in a Grafana workspace: a person who signed in, or a
// service account.
type GrafanaUser struct {
	Workspace      GrafanaID
	ID             int64 // within the workspace, from 1
	UID            string
	Login          string
	Name           string
	Email          string
	Role           GrafanaRole // as of the last login or the last change of permissions
	ServiceAccount bool
}

type grafanaUserKey struct{}

// WithGrafanaUser returns a context that carries who acts in the Grafana workspace.
// Only the front door may call it.
func WithGrafanaUser(ctx context.Context, u GrafanaUser) context.Context {
	return context.WithValue(ctx, grafanaUserKey{}, u)
}

// GrafanaUserFrom returns who acts in the Grafana workspace. ok is false where
// nobody was set.
func GrafanaUserFrom(ctx context.Context) (u GrafanaUser, ok bool) {
	u, ok = ctx.Value(grafanaUserKey{}).(GrafanaUser)
	return u, ok
}
