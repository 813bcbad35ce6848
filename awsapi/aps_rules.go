package awsapi

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/rules"
)

const namespacePath = ws + "/rulegroupsnamespaces/{name}"

// rulesRows are the operations of rule groups namespaces.
func (s *Server) rulesRows() []row {
	return []row{
		op("POST", ws+"/rulegroupsnamespaces", 202, "aps:CreateRuleGroupsNamespace", ownWorkspace, s.withRules(s.createNamespace)),
		op("GET", ws+"/rulegroupsnamespaces", 200, "aps:ListRuleGroupsNamespaces", ownWorkspace, s.withRules(s.listNamespaces)),
		op("GET", namespacePath, 200, "aps:DescribeRuleGroupsNamespace", ownNamespace, s.withRules(s.describeNamespace)),
		op("PUT", namespacePath, 202, "aps:PutRuleGroupsNamespace", ownNamespace, s.withRules(s.putNamespace)),
		op("DELETE", namespacePath, 202, "aps:DeleteRuleGroupsNamespace", ownNamespace, s.withRules(s.deleteNamespace)),
	}
}

// withRules is h for a Server that has a room of rules.
func (s *Server) withRules(h handler) handler {
	return func(ctx context.Context, r *request) (any, error) {
		if s.opts.Rules == nil {
			return nil, notServed(r.row.action)
		}
		return h(ctx, r)
	}
}

// mayNamespace asks about the namespace in the path.
func (s *Server) mayNamespace(r *request) error {
	return s.mayOwn(r, callerARN(r, "rulegroupsnamespace/"+string(r.workspaceID())+"/"+r.param("name")))
}

// tagsOfNamespace are the tags of a rule groups namespace; nil if the ARN names
// none.
func (s *Server) tagsOfNamespace(r *request, arn hearth.ARN) map[string]string {
	id, name, ok := rules.Named(arn)
	if !ok || s.opts.Rules == nil {
		return nil
	}
	w, err := s.opts.Workspaces.Lookup(r.http.Context(), id)
	if err != nil || w.Account != arn.Account || w.Region != arn.Region {
		return nil
	}
	tags, _, err := s.opts.Rules.TagsOf(r.http.Context(), id, name)
	if err != nil {
		return nil
	}
	return tags
}

// tagKeeper keeps the tags of one sort of resource.
type tagKeeper interface {
	Tags(ctx context.Context, arn hearth.ARN) (map[string]string, error)
	Tag(ctx context.Context, arn hearth.ARN, tags map[string]string) error
	Untag(ctx context.Context, arn hearth.ARN, keys []string) error
}

// tagKeeper finds whose resource arn names.
func (s *Server) tagKeeper(r *request, arn hearth.ARN) tagKeeper {
	switch r.service.name {
	case "grafana":
		return s.opts.Dashboards
	case "eks":
		return s.opts.Clusters
	}
	if strings.HasPrefix(arn.Resource, "rulegroupsnamespace/") && s.opts.Rules != nil {
		return s.opts.Rules
	}
	if strings.HasPrefix(arn.Resource, "scraper/") && s.opts.Scrapers != nil {
		return s.opts.Scrapers
	}
	return s.opts.Workspaces
}

type reasonedStatus struct {
	Code   hearth.Status `json:"statusCode"`
	Reason string        `json:"statusReason,omitempty"`
}

// changedNamespace is what Create and Put answer.
type changedNamespace struct {
	ARN    string            `json:"arn"`
	Name   string            `json:"name"`
	Status reasonedStatus    `json:"status"`
	Tags   map[string]string `json:"tags"`
}

func changedOf(n rules.Namespace) changedNamespace {
	return changedNamespace{ARN: n.ARN.String(), Name: n.Name, Status: reasonedStatus{n.Status, n.Reason}, Tags: tagsBody(n.Tags)}
}

// namespaceBody is a namespace as List and Describe tell it; List leaves the
// file out.
type namespaceBody struct {
	ARN        string            `json:"arn"`
	CreatedAt  epoch             `json:"createdAt"`
	Data       []byte            `json:"data,omitempty"`
	ModifiedAt epoch             `json:"modifiedAt"`
	Name       string            `json:"name"`
	Status     reasonedStatus    `json:"status"`
	Tags       map[string]string `json:"tags"`
}

func namespaceOf(n rules.Namespace) namespaceBody {
	return namespaceBody{
		ARN: n.ARN.String(), CreatedAt: epoch(n.CreatedAt), Data: n.Data, ModifiedAt: epoch(n.ModifiedAt),
		Name: n.Name, Status: reasonedStatus{n.Status, n.Reason}, Tags: tagsBody(n.Tags),
	}
}

// blob is a member that holds bytes. Clients break its lines as they like.
func blob(name string, text *string) ([]byte, error) {
	if text == nil {
		return nil, invalidField(name, "must not be null")
	}
	data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(*text), ""))
	if err != nil {
		return nil, invalidField(name, "must be base64")
	}
	return data, nil
}

func (s *Server) createNamespace(ctx context.Context, r *request) (any, error) {
	var in struct {
		Name        string            `json:"name"`
		Data        *string           `json:"data"`
		ClientToken *string           `json:"clientToken"`
		Tags        map[string]string `json:"tags"`
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	data, err := blob("data", in.Data)
	if err != nil {
		return nil, err
	}
	n, err := s.opts.Rules.Create(ctx, r.workspaceID(), rules.CreateInput{Name: in.Name, Data: data, Tags: in.Tags, Token: in.ClientToken})
	if err != nil {
		return nil, err
	}
	return changedOf(n), nil
}

func (s *Server) putNamespace(ctx context.Context, r *request) (any, error) {
	var in struct {
		Data        *string `json:"data"`
		ClientToken *string `json:"clientToken"`
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	data, err := blob("data", in.Data)
	if err != nil {
		return nil, err
	}
	n, err := s.opts.Rules.Put(ctx, r.workspaceID(), rules.PutInput{Name: r.param("name"), Data: data, Token: in.ClientToken})
	if err != nil {
		return nil, err
	}
	return changedOf(n), nil
}

func (s *Server) deleteNamespace(ctx context.Context, r *request) (any, error) {
	q := r.query()
	token := q.text("clientToken")
	if q.err != nil {
		return nil, q.err
	}
	return nil, s.opts.Rules.Delete(ctx, r.workspaceID(), r.param("name"), token)
}

func (s *Server) describeNamespace(ctx context.Context, r *request) (any, error) {
	n, err := s.opts.Rules.Describe(ctx, r.workspaceID(), r.param("name"))
	if err != nil {
		return nil, err
	}
	return struct {
		Namespace namespaceBody `json:"ruleGroupsNamespace"`
	}{namespaceOf(n)}, nil
}

func (s *Server) listNamespaces(ctx context.Context, r *request) (any, error) {
	q := r.query()
	in := rules.ListInput{Name: q.text("name"), MaxResults: q.number("maxResults"), NextToken: q.text("nextToken")}
	if q.err != nil {
		return nil, q.err
	}
	page, err := s.opts.Rules.List(ctx, r.workspaceID(), in)
	if err != nil {
		return nil, err
	}
	out := struct {
		NextToken  *string         `json:"nextToken,omitempty"`
		Namespaces []namespaceBody `json:"ruleGroupsNamespaces"`
	}{orNothing(page.NextToken), []namespaceBody{}}
	for _, n := range page.Namespaces {
		out.Namespaces = append(out.Namespaces, namespaceOf(n))
	}
	return out, nil
}

// evaluated answers what is known of a workspace's rules and alerts.
func (s *Server) evaluated(w http.ResponseWriter, r *request) {
	if s.opts.Rules == nil {
		s.refuse(r, notServed(r.row.action))
		return
	}
	s.opts.Rules.ServeHTTP(w, r.forPrometheus())
}
