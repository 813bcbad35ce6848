package iam

import (
	"context"

	"github.com/hearth-metrics/hearth"
)

// AssumeForService makes a session of a role for a service of AWS that acts in
// somebody's name, such as grafana.amazonaws.com: the role's trust policy must let
// the service. in.RoleARN and in.SessionName are what counts.
func (r *Room) AssumeForService(_ context.Context, service string, in AssumeInput, access hearth.Access) (*Credentials, error) {
	arn, err := checkAssume(in.RoleARN, in.SessionName)
	if err != nil {
		return nil, err
	}
	w := caller{Identity: Identity{Kind: Service, Name: service}}
	s := &session{Name: in.SessionName}
	ask := assumption{room: r, who: &w, access: access, keys: in.keys(s), session: s, duration: in.Duration}
	return ask.assume(arn, "sts:AssumeRole")
}
