package iam

import (
	"fmt"
	"strings"

	"github.com/hearth-metrics/hearth"
)

// A ServiceRole is a role that AWS would make and keep for a service, such as that of
// a Grafana workspace whose permissions are managed for it. It is in no account's
// list: it comes of what it is for, and may what its policy says.
type ServiceRole struct {
	Account hearth.AccountID
	Name    string // AmazonGrafanaServiceRole-g-…
	Session string // who acts as it
	Policy  string // an identity policy
}

// ARN names the role, for policies of resources that allow or deny it.
func (s ServiceRole) ARN() hearth.ARN {
	return hearth.ARN{Partition: "aws", Service: "iam", Account: s.Account, Resource: "role/service-role/" + s.Name}
}

// ServicePrincipal is a session of a service role. It is judged as any role's: by
// its policy, by the policies of what it asks for, and never across accounts unless
// both sides let it. The error is that of a policy that cannot be read.
func (r *Room) ServicePrincipal(s ServiceRole) (hearth.Principal, error) {
	policy, err := Parse(IdentityPolicy, s.Policy)
	if err != nil {
		return hearth.Principal{}, fmt.Errorf("policy of service role %s: %w", s.Name, err)
	}
	of := compiled{role: s.ARN().String(), identity: []Source{{Name: "managed policy of service role " + s.Name, Policy: policy}}}
	return hearth.Principal{
		ARN:     hearth.ARN{Partition: "aws", Service: "sts", Account: s.Account, Resource: "assumed-role/" + s.Name + "/" + s.Session},
		Account: s.Account, UserID: "AROA" + strings.ToUpper(s.Name) + ":" + s.Session,
		Session: &session{Account: s.Account, Kind: RoleKind, Entity: lower(s.Name), Name: s.Session, Issued: r.opts.Now().Unix(), service: &of},
	}, nil
}

// serve gives the caller the policies of its service role.
func (w *caller) serve(of *compiled) {
	w.Kind, w.Role, w.compiled = Session, of.role, *of
}
