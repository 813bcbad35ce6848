package awsapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/iam"
)

// RootOnly lets the root of an account do everything in that account, and
// nobody anything else.
type RootOnly struct{}

// Authorize answers by account alone.
func (RootOnly) Authorize(_ context.Context, p hearth.Principal, a hearth.Access) error {
	switch {
	case p.Account == "" || p.Account != a.Resource.Account:
		return &hearth.Error{Kind: hearth.Denied, Msg: "no resource-based policy allows the " + a.Action + " action"}
	case !p.Root:
		return &hearth.Error{Kind: hearth.Denied, Msg: "no identity-based policy allows the " + a.Action + " action"}
	}
	return nil
}

// authorize asks whether the caller may do what the row does, with the roles the
// request hands on.
func (s *Server) authorize(r *request) error {
	if err := s.mayDo(r); err != nil {
		return err
	}
	return s.mayPass(r)
}

func (s *Server) mayDo(r *request) error {
	switch r.row.on {
	case unsigned, anyPrincipal:
		return nil
	case account:
		return s.may(r, accountARN(r), nil)
	case ownWorkspace:
		return s.mayOwn(r, callerARN(r, "workspace/"+string(r.workspaceID())))
	case ownGrafana:
		return s.mayOwn(r, callerARN(r, "/workspaces/"+string(r.grafanaID())))
	case grafanaUser:
		return s.mayGrafana(r)
	case grafanaOpen:
		return s.findGrafana(r)
	case ownNamespace:
		return s.mayNamespace(r)
	case newScraper:
		return s.mayCreateScraper(r)
	case ownScraper:
		return s.mayScraper(r)
	case taggedResource:
		return s.mayTagged(r)
	case dataWorkspace:
		return s.mayData(r)
	case ownEvents:
		return s.may(r, callerARN(r, "events"), nil)
	case iamResource:
		return s.mayIAM(r)
	case snsTopic, snsSubscription:
		return s.maySNS(r)
	case snsLink:
		return s.mayFollow(r)
	case snsPage:
		return s.mayRead(r)
	case hearthWorkspace:
		return s.mayHearthWorkspace(r, r.workspaceID())
	case cwScraper:
		return s.mayCloudWatch(r)
	case ownCluster:
		return s.mayCluster(r)
	case ownEntry:
		return s.mayEntry(r)
	case eksTagged:
		return s.mayTagCluster(r)
	case signIn:
		return s.maySignIn(r)
	}
	return denied(r, hearth.Access{Action: r.row.action}, nil) // the zero row stays shut
}

// callerARN names a resource in the caller's account and region.
func callerARN(r *request, resource string) hearth.ARN {
	return hearth.ARN{
		Partition: "aws", Service: r.service.name, Region: r.caller.Region,
		Account: r.caller.Account, Resource: resource,
	}
}

// accountARN stands for an operation on nothing in particular, in the way AWS
// prints it when it denies one: …:ACCOUNT:/workspaces.
func accountARN(r *request) hearth.ARN {
	if r.service.name == "monitoring" {
		return hearth.ARN{Partition: "aws", Service: "cloudwatch", Region: r.caller.Region, Account: r.caller.Account, Resource: "*"}
	}
	if r.service.protocol == queryXML {
		return callerARN(r, "*")
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(r.row.path, "/"), "/")
	return callerARN(r, "/"+first)
}

// mayOwn asks about a workspace of the caller, with the tags it has if it
// exists. Whether it does is for the handler to say, to those who may know.
func (s *Server) mayOwn(r *request, arn hearth.ARN) error {
	return s.may(r, arn, s.tagsOf(r, arn))
}

// tagsOf are the tags of a workspace or of something in it; nil if the ARN names
// none.
func (s *Server) tagsOf(r *request, arn hearth.ARN) map[string]string {
	if arn.Service == "grafana" {
		return s.tagsOfGrafana(r, arn)
	}
	if strings.HasPrefix(arn.Resource, "scraper/") {
		return s.tagsOfScraper(r, arn)
	}
	name, ok := strings.CutPrefix(arn.Resource, "workspace/")
	if !ok {
		return s.tagsOfNamespace(r, arn)
	}
	id, ok := hearth.ParseWorkspaceID(name)
	if !ok {
		return nil
	}
	w, err := s.opts.Workspaces.Known(r.http.Context(), id)
	if err != nil || w.ARN() != arn {
		return nil
	}
	return w.Tags
}

// mayTagged asks about the resource in the path. One of another account is
// asked about as it is; text that is no ARN concerns nobody.
func (s *Server) mayTagged(r *request) error {
	arn, err := hearth.ParseARN(r.param("resourceArn"))
	if err != nil {
		return s.may(r, accountARN(r), nil)
	}
	return s.mayOwn(r, arn)
}

// mayData asks about the workspace in the path. To a caller who may not use it,
// a workspace of another account looks exactly like one that does not exist,
// in the answer and in the caller's part of the ledger, unless its policy lets
// them do something else.
func (s *Server) mayData(r *request) error {
	if r.workspace.ID != "" {
		err := s.may(r, r.workspace.ARN(), r.workspace.Tags)
		f, refused := errors.AsType[*refusal](err)
		if !refused || r.workspace.Account == r.caller.Account {
			return err
		}
		s.tellOwner(r, f.denial)
		r.workspace = hearth.Workspace{}
		if f.denial != nil && f.denial.Invited() {
			return err
		}
	}
	if err := s.may(r, callerARN(r, "workspace/"+string(r.workspaceID())), nil); err != nil {
		return err
	}
	return noWorkspace(r)
}

// tellOwner lets the owner of a workspace know who was turned away, and why if that
// is known.
func (s *Server) tellOwner(r *request, d *iam.Denial) {
	e := s.event(r, hearth.EventDenied, "Another account asked for this workspace and was turned away.")
	e.Account = r.workspace.Account
	e.Details = append(e.Details, hearth.Detail{Name: hearth.DetailResource, Value: r.workspace.ARN().String()})
	if d != nil {
		e.Details = append(e.Details, d.DetailsOfResource()...)
	}
	s.opts.Recorder.Record(e)
}

func noWorkspace(r *request) error {
	return &refusal{
		code: "ResourceNotFoundException", status: http.StatusNotFound, denied: true, reason: "no_workspace",
		msg: "Workspace not found", summary: "No workspace of this account has this id.",
		details: []hearth.Detail{{Name: hearth.DetailResource, Value: clip(string(r.workspaceID()))}},
	}
}

// may asks the row's question, and with tags in the request also whether the
// caller may tag.
func (s *Server) may(r *request, arn hearth.ARN, tags map[string]string) error {
	return s.mayWith(r, arn, tags, nil)
}

// mayWith is may with condition keys of the service.
func (s *Server) mayWith(r *request, arn hearth.ARN, tags, keys map[string]string) error {
	a := s.access(r)
	a.Action, a.Resource, a.ResourceTags, a.Context = r.row.action, arn, tags, keys
	if r.row.serve != nil {
		a.RequestTags, a.TagKeys = r.askedTags()
	}
	if err := s.ask(r, a); err != nil {
		return err
	}
	if len(a.RequestTags) == 0 || r.row.on == taggedResource || r.row.on == eksTagged {
		return nil
	}
	a.Action = r.service.name + ":TagResource"
	return s.ask(r, a)
}

// access is what policies may ask about any request.
func (s *Server) access(r *request) hearth.Access {
	return hearth.Access{
		SourceIP: r.sourceIP(), UserAgent: r.http.UserAgent(), TLS: r.http.TLS != nil,
		Region: r.caller.Region, Time: r.began,
	}
}

func (s *Server) ask(r *request, a hearth.Access) error {
	err := s.opts.Authorizer.Authorize(r.http.Context(), r.caller.Principal, a)
	switch {
	case err == nil:
		return nil
	case hearth.KindOf(err) == hearth.Denied:
		return denied(r, a, err)
	}
	return fmt.Errorf("authorize %s: %w", a.Action, err)
}

func denied(r *request, a hearth.Access, err error) *refusal {
	msg := fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s", r.caller.Principal.ARN, a.Action, a.Resource)
	if e, ok := errors.AsType[*hearth.Error](err); ok && e.Msg != "" {
		msg += because(e.Msg)
	}
	msg = strings.ReplaceAll(msg, a.Action, spelt(a.Action))
	why, _ := errors.AsType[*iam.Denial](err)
	return &refusal{
		code: faultOf(r.service, hearth.Denied).code, status: faultOf(r.service, hearth.Denied).status,
		denied: true, reason: "policy", msg: msg, denial: why,
		details: append([]hearth.Detail{
			{Name: hearth.DetailAction, Value: a.Action},
			{Name: hearth.DetailResource, Value: a.Resource.String()},
		}, explained(r, why)...),
	}
}

func because(msg string) string {
	if strings.HasPrefix(msg, "with ") {
		return " " + msg
	}
	return " because " + msg
}

// explained is what the caller's account may know of a denial. The policy of
// another account's resource is not the caller's to read.
func explained(r *request, d *iam.Denial) []hearth.Detail {
	if d == nil {
		return nil
	}
	return d.Details(r.caller.Account)
}

// tagsOfGrafana are the tags of a Grafana workspace; nil if the ARN names none.
func (s *Server) tagsOfGrafana(r *request, arn hearth.ARN) map[string]string {
	id, ok := hearth.ParseGrafanaID(strings.TrimPrefix(arn.Resource, "/workspaces/"))
	if !ok || s.opts.Dashboards == nil {
		return nil
	}
	w, err := s.opts.Dashboards.Lookup(r.http.Context(), id)
	if err != nil || w.ARN() != arn {
		return nil
	}
	return w.Tags
}
