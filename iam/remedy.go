package iam

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// A Remedy is the least that would turn a denial into permission.
type Remedy struct {
	Where     Layer  // the kind of policy to change
	Statement string // JSON of the statement to add; empty if adding none helps
	Advice    string // one sentence
}

// Smallest returns the smallest change that lets q through the layer that
// stopped it: one action on one resource. Another layer may still be in the way.
func Smallest(q *Question, d *Decision) Remedy {
	switch {
	case d.Allowed:
		return Remedy{Advice: "Nothing is missing: it is allowed."}
	case d.Explicit:
		return Remedy{Where: d.By, Advice: fmt.Sprintf("No statement outweighs a denial: change %s of %s so that it does not apply to this request.",
			d.Statement.Name(), d.Source)}
	}
	if q.Tethered && d.By == SessionLayer {
		return Remedy{Where: d.By, Advice: "The bearer token is for other actions: " + q.anotherToken()}
	}
	r := Remedy{Where: d.By, Statement: q.statement(d.By), Advice: fmt.Sprintf("Add the statement to %s.", q.target(d.By))}
	if t, ok := nearMiss(d); ok {
		r.Advice = fmt.Sprintf("%s of %s would allow it but for %s. Fulfil the condition, or add the statement to %s.",
			t.Statement.Name(), t.Source, t.misfits()[0], q.target(d.By))
	}
	if q.Tethered && !d.allowedBy(SessionLayer) {
		r.Advice += " The bearer token is for other actions, too: " + q.anotherToken()
	}
	return r
}

// opening is what the account that has the resource could change for the caller of
// another account.
func opening(q *Question, d *Decision) Remedy {
	if q.Who.Account == q.owner() {
		return Remedy{}
	}
	o := Decision{By: ResourceLayer, Trace: d.Trace}
	for _, t := range d.Trace {
		if t.Layer == ResourceLayer && t.Applies && !t.Statement.Allow {
			o.Explicit, o.Source, o.Statement = true, t.Source, t.Statement
		}
	}
	switch {
	case !o.Explicit && d.allowedBy(ResourceLayer):
		return Remedy{Advice: fmt.Sprintf("Nothing here is in the way: the account %s has to allow it, too.", q.Who.Account)}
	case q.Trust && !slices.ContainsFunc(d.Trace, func(t StatementTrace) bool { return t.Layer == ResourceLayer }):
		return Remedy{} // there is no such role
	}
	return Smallest(q, &o)
}

func (q *Question) anotherToken() string {
	return fmt.Sprintf("make one with hearth token create --actions %s.", q.Action)
}

// allowedBy tells whether a statement of a layer allows what was asked.
func (d *Decision) allowedBy(l Layer) bool {
	return slices.ContainsFunc(d.Trace, func(t StatementTrace) bool { return t.Layer == l && t.Statement.Allow && t.Applies })
}

func (q *Question) target(l Layer) string {
	who := q.Who.ARN
	if q.Who.Kind == Session {
		who = q.Who.Role
	}
	switch l {
	case ResourceLayer:
		if q.Trust {
			return "the trust policy of " + q.Resource.String()
		}
		return "the resource policy of " + q.Resource.String()
	case BoundaryLayer:
		return "the permissions boundary of " + who
	case SessionLayer:
		return "the session policy given when the role was assumed"
	}
	return "a policy of " + who
}

// statement writes elements in the order people expect.
func (q *Question) statement(l Layer) string {
	s := struct {
		Effect    string
		Principal map[string]string `json:",omitempty"`
		Action    string
		Resource  string                       `json:",omitempty"`
		Condition map[string]map[string]string `json:",omitempty"`
	}{Effect: "Allow", Action: q.Action, Resource: q.Resource.String()}
	if l == ResourceLayer {
		s.Principal = q.principal()
	}
	if l == ResourceLayer && q.Trust {
		s.Resource, s.Condition = "", q.token() // a trust policy is about its own role
	}
	out, err := json.Marshal(s)
	if err != nil {
		return ""
	}
	return string(out)
}

func (q *Question) principal() map[string]string {
	switch q.Who.Kind {
	case Federated:
		return map[string]string{"Federated": q.Who.Name}
	case Service:
		return map[string]string{"Service": q.Who.Name}
	case Session:
		return map[string]string{"AWS": q.Who.Role}
	case Nobody:
		return map[string]string{"AWS": "*"}
	}
	return map[string]string{"AWS": q.Who.ARN}
}

// token asks for the very token that was shown: without a condition, all that its
// issuer ever names would be let in.
func (q *Question) token() map[string]map[string]string {
	_, issuer, ok := strings.Cut(q.Who.Name, ":oidc-provider/")
	if q.Who.Kind != Federated || !ok || q.Keys == nil {
		return nil
	}
	wanted := map[string]string{}
	for _, claim := range []string{":aud", ":sub"} {
		if got, ok := q.Keys.Get(lower(issuer + claim)); ok && len(got) == 1 {
			wanted[issuer+claim] = got[0]
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	return map[string]map[string]string{"StringEquals": wanted}
}

// nearMiss is an allowing statement of the deciding layer of which only a
// condition fails.
func nearMiss(d *Decision) (StatementTrace, bool) {
	for _, t := range d.Trace {
		if t.Layer == d.By && t.Statement.Allow && !t.Applies && t.Action && t.Resource && t.Principal {
			return t, true
		}
	}
	return StatementTrace{}, false
}
