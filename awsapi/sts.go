package awsapi

import (
	"context"
	"errors"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/iam"
)

// stsRows are the operations of the AWS Security Token Service. Who may assume a
// role is for the role's trust policy, so those rows ask in their handlers.
func (s *Server) stsRows() []row {
	return []row{
		op("POST", "GetCallerIdentity", 200, "sts:GetCallerIdentity", anyPrincipal, s.getCallerIdentity),
		op("POST", "AssumeRole", 200, "sts:AssumeRole", anyPrincipal, s.assumeRole),
		op("POST", "AssumeRoleWithWebIdentity", 200, "sts:AssumeRoleWithWebIdentity", unsigned, s.assumeRoleWithWebIdentity),
		op("POST", "GetSessionToken", 200, "sts:GetSessionToken", anyPrincipal, s.getSessionToken),
		op("POST", "DecodeAuthorizationMessage", 200, "sts:DecodeAuthorizationMessage", account, s.decodeAuthorizationMessage),
		op("POST", "GetAccessKeyInfo", 200, "sts:GetAccessKeyInfo", account, s.getAccessKeyInfo),
	}
}

// stsRefused are the operations that are known and not served yet. Those with a
// SAML assertion are unsigned: the assertion is the proof.
func stsRefused() []row {
	return refuse(anyPrincipal, []row{
		{method: "POST", path: "AssumeRoleWithSAML", action: "sts:AssumeRoleWithSAML", on: unsigned},
		{method: "POST", path: "AssumeRoot", action: "sts:AssumeRoot"},
		{method: "POST", path: "GetDelegatedAccessToken", action: "sts:GetDelegatedAccessToken"},
		{method: "POST", path: "GetFederationToken", action: "sts:GetFederationToken"},
		{method: "POST", path: "GetWebIdentityToken", action: "sts:GetWebIdentityToken"},
	})
}

type callerIdentity struct {
	ARN     string `xml:"Arn"`
	UserID  string `xml:"UserId"`
	Account string `xml:"Account"`
}

// getCallerIdentity needs no permission: not even a policy that denies it does.
func (s *Server) getCallerIdentity(_ context.Context, r *request) (any, error) {
	p := r.caller.Principal
	return callerIdentity{ARN: p.ARN.String(), UserID: p.UserID, Account: string(p.Account)}, nil
}

type credentialsShape struct{ AccessKeyId, SecretAccessKey, SessionToken, Expiration string }

func credentialsOf(c *iam.Credentials) credentialsShape {
	return credentialsShape{c.AccessKeyID, c.Secret, c.Token, stamp(c.Expires)}
}

type assumedRole struct{ AssumedRoleId, Arn string }

// sessionARNs are the managed policies a session is limited to:
// PolicyArns.member.1.arn and so on.
func (r *request) sessionARNs() []string {
	var out []string
	for i := 1; i <= maxMembers; i++ {
		v, ok := r.form[memberAt("PolicyArns", i)+".arn"]
		if !ok {
			break
		}
		out = append(out, v[0])
	}
	return out
}

func (s *Server) assumeRole(ctx context.Context, r *request) (any, error) {
	if s.opts.IAM == nil {
		return nil, notServed(r.row.action)
	}
	if err := r.required("RoleArn", "RoleSessionName"); err != nil {
		return nil, err
	}
	duration, err := r.seconds("DurationSeconds")
	if err != nil {
		return nil, err
	}
	tags, err := r.tagged("Tags")
	if err != nil {
		return nil, err
	}
	c, err := s.opts.IAM.AssumeRole(ctx, r.caller.Principal, iam.AssumeInput{
		RoleARN: r.field("RoleArn"), SessionName: r.field("RoleSessionName"), Policy: r.field("Policy"), PolicyARNs: r.sessionARNs(),
		Duration: duration, Tags: tags, Transitive: r.listed("TransitiveTagKeys"),
		ExternalID: r.field("ExternalId"), SourceIdentity: r.field("SourceIdentity"),
	}, s.access(r))
	if err != nil {
		return nil, s.notAssumed(r, err)
	}
	return struct {
		Credentials      credentialsShape
		AssumedRoleUser  assumedRole
		PackedPolicySize int    `xml:",omitempty"`
		SourceIdentity   string `xml:",omitempty"`
	}{credentialsOf(c), assumedRole{c.ID, c.ARN.String()}, c.PackedSize, c.SourceIdentity}, nil
}

// notAssumed turns a denial into AWS's sentence, with the explanation for the
// ledger.
func (s *Server) notAssumed(r *request, err error) error {
	e, ok := errors.AsType[*hearth.Error](err)
	if !ok || e.Kind != hearth.Denied {
		return err
	}
	a := hearth.Access{Action: r.row.action}
	if d, ok := errors.AsType[*iam.Denial](err); ok {
		a.Action = d.Action
	}
	a.Resource, _ = hearth.ParseARN(r.field("RoleArn"))
	f := denied(r, a, err)
	s.tellRoleOwner(r, a, err)
	if a.Resource.Account != r.caller.Account {
		// Why a role of another account is closed is for that account to know.
		f.msg = "User: " + r.caller.Principal.ARN.String() + " is not authorized to perform: " + a.Action + " on resource: " + a.Resource.String()
	}
	return f
}

// tellRoleOwner lets the account of a role know who was turned away, and why.
func (s *Server) tellRoleOwner(r *request, a hearth.Access, err error) {
	d, ok := errors.AsType[*iam.Denial](err)
	owner := a.Resource.Account
	if !ok || owner == r.caller.Account || !s.opts.IAM.Has(owner) {
		return
	}
	e := s.event(r, hearth.EventDenied, "Another account tried to assume a role of this one.")
	e.Account = owner
	e.Details = append(e.Details, hearth.Detail{Name: hearth.DetailResource, Value: a.Resource.String()})
	e.Details = append(e.Details, d.DetailsOfResource()...)
	s.opts.Recorder.Record(e)
}

func (s *Server) assumeRoleWithWebIdentity(ctx context.Context, r *request) (any, error) {
	if s.opts.IAM == nil {
		return nil, notServed(r.row.action)
	}
	if err := r.required("RoleArn", "RoleSessionName", "WebIdentityToken"); err != nil {
		return nil, err
	}
	duration, err := r.seconds("DurationSeconds")
	if err != nil {
		return nil, err
	}
	in := iam.WebIdentityInput{
		RoleARN: r.field("RoleArn"), SessionName: r.field("RoleSessionName"), Token: r.field("WebIdentityToken"),
		Policy: r.field("Policy"), PolicyARNs: r.sessionARNs(), Duration: duration,
	}
	w, err := s.opts.IAM.AssumeWithWebIdentity(ctx, in, s.access(r))
	if err != nil {
		return nil, s.notFederated(r, err)
	}
	return struct {
		SubjectFromWebIdentityToken string
		Audience                    string
		AssumedRoleUser             assumedRole
		Credentials                 credentialsShape
		Provider                    string
		PackedPolicySize            int `xml:",omitempty"`
	}{w.Subject, w.Audience, assumedRole{w.ID, w.ARN.String()}, credentialsOf(&w.Credentials), w.Provider, w.PackedSize}, nil
}

// notFederated writes the reason into the ledger of the role's account; whoever
// holds the token learns only that it was not enough.
func (s *Server) notFederated(r *request, err error) error {
	e, ok := errors.AsType[*hearth.Error](err)
	if !ok || e.Kind != hearth.Denied && e.Kind != hearth.Unauthenticated && e.Kind != hearth.Unavailable {
		return err
	}
	arn, _ := hearth.ParseARN(r.field("RoleArn"))
	f := &refusal{reason: "web_identity", denied: e.Kind == hearth.Denied, msg: e.Msg, summary: "A web identity token was not accepted: " + e.Msg}
	got := failureOf(r.service, err)
	f.code, f.status = got.code, got.status
	if f.denied {
		f.msg = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
		f.summary = "The role's trust policy does not let this web identity assume it."
	}
	f.details = []hearth.Detail{
		{Name: hearth.DetailAction, Value: r.row.action},
		{Name: hearth.DetailResource, Value: clip(r.field("RoleArn"))},
	}
	if d, ok := errors.AsType[*iam.Denial](err); ok {
		f.details = append(f.details, d.Details(arn.Account)...)
	}
	if e.Err != nil && !f.denied {
		f.details = append(f.details, hearth.Detail{Name: hearth.DetailError, Value: e.Err.Error()})
	}
	if s.opts.IAM.Has(arn.Account) {
		f.account = arn.Account
	}
	return f
}

func (s *Server) getSessionToken(ctx context.Context, r *request) (any, error) {
	if s.opts.IAM == nil {
		return nil, notServed(r.row.action)
	}
	duration, err := r.seconds("DurationSeconds")
	if err != nil {
		return nil, err
	}
	c, err := s.opts.IAM.SessionToken(ctx, r.caller.Principal, duration)
	if err != nil {
		return nil, err
	}
	return struct{ Credentials credentialsShape }{credentialsOf(c)}, nil
}

func (s *Server) getAccessKeyInfo(_ context.Context, r *request) (any, error) {
	if s.opts.IAM == nil {
		return nil, notServed(r.row.action)
	}
	if err := r.required("AccessKeyId"); err != nil {
		return nil, err
	}
	a, ok := s.opts.IAM.AccountOfKey(r.field("AccessKeyId"))
	if !ok {
		return nil, invalidField("accessKeyId", "The specified value is invalid. No account has this access key")
	}
	return struct{ Account string }{string(a)}, nil
}
