package awsapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/iam"
)

// passing says which roles a request hands to a service. Whoever sends it needs
// iam:PassRole on each: otherwise a right to create would be a right to act as
// any role that trusts the service.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
type passing struct {
	to      string     // iam:PassedToService
	members [][]string // paths of members of the JSON body, each the ARN of a role
	abroad  bool       // a role may also be another account's: there the role's trust decides
}

// passes is the row with roles that its request hands to a service, by the members
// of its JSON body: "roleConfiguration.sourceRoleArn".
func (r row) passes(to string, members ...string) row {
	r.passing = passing{to: to}
	for _, m := range members {
		r.passing.members = append(r.passing.members, strings.Split(m, "."))
	}
	return r
}

// alsoAbroad lets the roles be another account's, which no PassRole can be asked
// about. The service must then not act in that account unless the role trusts it.
func (r row) alsoAbroad() row {
	r.passing.abroad = true
	return r
}

// mayPass asks whether the caller may pass every role the request names.
func (s *Server) mayPass(r *request) error {
	for _, path := range r.row.passing.members {
		for _, text := range textsAt(r.body.bytes(), path) {
			arn, err := hearth.ParseARN(text)
			if err != nil || arn.Service != "iam" || !strings.HasPrefix(arn.Resource, "role/") {
				continue // no role: the handler says so
			}
			if err := s.mayPassTo(r, arn, r.row.passing.to); err != nil {
				return err
			}
		}
	}
	return nil
}

// mayPassTo asks about one role.
func (s *Server) mayPassTo(r *request, role hearth.ARN, to string) error {
	if role.Account != r.caller.Account {
		if r.row.passing.abroad {
			return nil
		}
		return &refusal{
			code: faultOf(r.service, hearth.Denied).code, status: http.StatusForbidden, denied: true, reason: "pass_role",
			msg: "Cross-account pass role is not allowed.",
			details: []hearth.Detail{
				{Name: hearth.DetailAction, Value: "iam:PassRole"}, {Name: hearth.DetailResource, Value: clipTo(role.String(), maxPath)},
			},
		}
	}
	return s.askToPass(r, role, s.tagsOfRole(role), to)
}

func (s *Server) askToPass(r *request, who hearth.ARN, tags map[string]string, to string) error {
	a := s.access(r)
	a.Action, a.Resource, a.ResourceTags = "iam:PassRole", who, tags
	a.Context = map[string]string{"iam:PassedToService": to}
	return s.ask(r, a)
}

// tagsOfRole are the tags of a role; nil if it does not exist.
func (s *Server) tagsOfRole(arn hearth.ARN) map[string]string {
	if s.opts.IAM == nil {
		return nil
	}
	e, err := s.opts.IAM.Account(arn.Account).Get(iam.RoleKind, arn.Resource[strings.LastIndexByte(arn.Resource, '/')+1:])
	if err != nil || e.ARN() != arn {
		return nil
	}
	return e.Tags
}

// textsAt collects each string that a path of member names leads to, in the way
// encoding/json would read it into a struct: the names' case does not count, and a
// name may be there twice. What a handler could see was asked about.
func textsAt(data []byte, path []string) []string {
	if len(path) == 0 {
		var text string
		if json.Unmarshal(data, &text) != nil || text == "" {
			return nil
		}
		return []string{text}
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	var out []string
	for d.More() {
		name, err := d.Token()
		if err != nil {
			break
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			break
		}
		if text, ok := name.(string); ok && strings.EqualFold(text, path[0]) {
			out = append(out, textsAt(value, path[1:])...)
		}
	}
	return out
}
