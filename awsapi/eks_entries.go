package awsapi

import (
	"context"

	"github.com/hearth-metrics/hearth/cluster"
)

type entryBody struct {
	Cluster   string            `json:"clusterName"`
	Principal string            `json:"principalArn"`
	Groups    []string          `json:"kubernetesGroups"`
	ARN       string            `json:"accessEntryArn"`
	Created   epoch             `json:"createdAt"`
	Modified  epoch             `json:"modifiedAt"`
	Tags      map[string]string `json:"tags"`
	Username  string            `json:"username"`
	Type      string            `json:"type"`
}

type entryAnswer struct {
	Entry entryBody `json:"accessEntry"`
}

func entryAnswerOf(r *request, e *cluster.Entry) entryAnswer {
	b := entryBody{
		Cluster: r.param("name"), Principal: e.Principal.String(), Groups: e.Groups, ARN: e.ARN().String(),
		Created: epoch(e.Created), Modified: epoch(e.Modified), Tags: tagsBody(e.Tags), Username: e.Username, Type: "STANDARD",
	}
	if b.Groups == nil {
		b.Groups = []string{}
	}
	return entryAnswer{b}
}

type entryInput struct {
	Principal string            `json:"principalArn"`
	Groups    []string          `json:"kubernetesGroups"`
	Tags      map[string]string `json:"tags"`
	Token     string            `json:"clientRequestToken"`
	Username  string            `json:"username"`
	Type      string            `json:"type"`
}

func (s *Server) createAccessEntry(ctx context.Context, r *request) (any, error) {
	var in entryInput
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	e, err := s.opts.Clusters.CreateEntry(ctx, r.param("name"), cluster.EntryInput{
		Principal: in.Principal, Username: in.Username, Groups: in.Groups, Type: in.Type, Tags: in.Tags, Token: in.Token,
	})
	if err != nil {
		return nil, err
	}
	return entryAnswerOf(r, e), nil
}

func (s *Server) describeAccessEntry(ctx context.Context, r *request) (any, error) {
	e, err := s.opts.Clusters.Entry(ctx, r.param("name"), r.param("principalArn"))
	if err != nil {
		return nil, err
	}
	return entryAnswerOf(r, e), nil
}

func (s *Server) updateAccessEntry(ctx context.Context, r *request) (any, error) {
	var in entryInput
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	e, err := s.opts.Clusters.UpdateEntry(ctx, r.param("name"), r.param("principalArn"), cluster.EntryUpdate{Username: in.Username, Groups: in.Groups})
	if err != nil {
		return nil, err
	}
	return entryAnswerOf(r, e), nil
}

func (s *Server) deleteAccessEntry(ctx context.Context, r *request) (any, error) {
	return struct{}{}, s.opts.Clusters.DeleteEntry(ctx, r.param("name"), r.param("principalArn"))
}

func (s *Server) listAccessEntries(ctx context.Context, r *request) (any, error) {
	q := r.query()
	p, policy := q.paging(), deref(q.text("associatedPolicyArn"))
	if q.err != nil {
		return nil, q.err
	}
	all, next, err := s.opts.Clusters.Entries(ctx, r.param("name"), policy, p)
	if err != nil {
		return nil, err
	}
	if all == nil {
		all = []string{}
	}
	return struct {
		Entries []string `json:"accessEntries"`
		Next    *string  `json:"nextToken,omitempty"`
	}{all, orNothing(next)}, nil
}

type scopeBody struct {
	Type       string   `json:"type"`
	Namespaces []string `json:"namespaces"`
}

type associationBody struct {
	Policy     string    `json:"policyArn"`
	Scope      scopeBody `json:"accessScope"`
	Associated epoch     `json:"associatedAt"`
	Modified   epoch     `json:"modifiedAt"`
}

func associationOf(a *cluster.Association) associationBody {
	b := associationBody{Policy: a.Policy, Scope: scopeBody{"cluster", []string{}}, Associated: epoch(a.Associated), Modified: epoch(a.Modified)}
	if len(a.Namespaces) > 0 {
		b.Scope = scopeBody{"namespace", a.Namespaces}
	}
	return b
}

func (s *Server) associateAccessPolicy(ctx context.Context, r *request) (any, error) {
	var in struct {
		Policy string    `json:"policyArn"`
		Scope  scopeBody `json:"accessScope"`
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	e, a, err := s.opts.Clusters.Associate(ctx, r.param("name"), r.param("principalArn"), in.Policy, cluster.Scope{Type: in.Scope.Type, Namespaces: in.Scope.Namespaces})
	if err != nil {
		return nil, err
	}
	return struct {
		Cluster     string          `json:"clusterName"`
		Principal   string          `json:"principalArn"`
		Association associationBody `json:"associatedAccessPolicy"`
	}{r.param("name"), e.Principal.String(), associationOf(a)}, nil
}

func (s *Server) listAssociatedAccessPolicies(ctx context.Context, r *request) (any, error) {
	q := r.query()
	p := q.paging()
	if q.err != nil {
		return nil, q.err
	}
	e, err := s.opts.Clusters.Entry(ctx, r.param("name"), r.param("principalArn"))
	if err != nil {
		return nil, err
	}
	out := struct {
		Cluster      string            `json:"clusterName"`
		Principal    string            `json:"principalArn"`
		Associations []associationBody `json:"associatedAccessPolicies"`
		Next         *string           `json:"nextToken,omitempty"`
	}{r.param("name"), e.Principal.String(), []associationBody{}, nil}
	all := make([]associationBody, 0, len(e.Policies))
	for i := range e.Policies {
		all = append(all, associationOf(&e.Policies[i]))
	}
	page, next, err := cluster.PageOf(all, p, func(a associationBody) string { return a.Policy })
	out.Associations, out.Next = append(out.Associations, page...), orNothing(next)
	return out, err
}

func (s *Server) disassociateAccessPolicy(ctx context.Context, r *request) (any, error) {
	return struct{}{}, s.opts.Clusters.Disassociate(ctx, r.param("name"), r.param("principalArn"), r.param("policyArn"))
}

func (s *Server) listAccessPolicies(_ context.Context, r *request) (any, error) {
	q := r.query()
	p := q.paging()
	if q.err != nil {
		return nil, q.err
	}
	type policy struct {
		Name string `json:"name"`
		ARN  string `json:"arn"`
	}
	out := struct {
		Policies []policy `json:"accessPolicies"`
		Next     *string  `json:"nextToken,omitempty"`
	}{}
	var all []policy
	for _, p := range cluster.AccessPolicies() {
		all = append(all, policy{p.Name, p.ARN()})
	}
	page, next, err := cluster.PageOf(all, p, func(p policy) string { return p.ARN })
	out.Policies, out.Next = page, orNothing(next)
	return out, err
}
