package awsapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/iam"
)

// tokenRows make, list and end bearer tokens: for tools that cannot sign.
func (s *Server) tokenRows() []row {
	return []row{
		op("POST", "/hearth/v1/tokens", 200, "hearth:CreateToken", account, s.createToken),
		op("GET", "/hearth/v1/tokens", 200, "hearth:ListTokens", account, s.listTokens),
		op("DELETE", "/hearth/v1/tokens/{tokenId}", 200, "hearth:RevokeToken", account, s.revokeToken),
	}
}

type tokenBody struct {
	ID      string     `json:"tokenId"`
	Token   string     `json:"token,omitempty"` // at creation only
	Of      string     `json:"principal"`       // user/NAME or role/NAME
	Actions []string   `json:"actions"`
	Note    string     `json:"note,omitempty"`
	Created time.Time  `json:"createdAt"`
	Expires *time.Time `json:"expiresAt,omitempty"`
}

func tokenOf(b *iam.BearerToken, token string) tokenBody {
	out := tokenBody{ID: b.ID, Token: token, Of: string(b.Kind) + "/" + b.Entity, Actions: b.Actions, Note: b.Note, Created: b.Created}
	if !b.Expires.IsZero() {
		out.Expires = &b.Expires
	}
	return out
}

type createTokenInput struct {
	Principal        string   `json:"principal"` // user/NAME or role/NAME
	Actions          []string `json:"actions"`
	Note             string   `json:"note"`
	ExpiresInSeconds int64    `json:"expiresInSeconds"` // 0: never
}

// createToken needs, besides its own right, every right over who the token
// stands for: whoever may make tokens of root's roles is as good as root.
func (s *Server) createToken(ctx context.Context, r *request) (any, error) {
	if s.opts.IAM == nil {
		return nil, notServed(r.row.action)
	}
	var in createTokenInput
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	kind, name, _ := strings.Cut(in.Principal, "/")
	if kind != string(iam.UserKind) && kind != string(iam.RoleKind) {
		return nil, invalidField("principal", "must be user/NAME or role/NAME")
	}
	e, err := s.account(r).Get(iam.EntityKind(kind), name)
	if err != nil {
		return nil, err
	}
	if err := s.askToPass(r, e.ARN(), e.Tags, "hearth"); err != nil {
		return nil, err
	}
	if in.ExpiresInSeconds < 0 || in.ExpiresInSeconds > 10*365*86400 {
		return nil, invalidField("expiresInSeconds", "must be between 0 (never) and ten years")
	}
	want := iam.BearerInput{Kind: e.Kind, Entity: e.Name, Actions: in.Actions, Note: in.Note}
	if in.ExpiresInSeconds > 0 {
		want.Expires = r.began.Add(time.Duration(in.ExpiresInSeconds) * time.Second).UTC()
	}
	b, token, err := s.account(r).CreateBearer(ctx, want)
	if err != nil {
		return nil, err
	}
	return tokenOf(b, token), nil
}

func (s *Server) listTokens(_ context.Context, r *request) (any, error) {
	if s.opts.IAM == nil {
		return nil, notServed(r.row.action)
	}
	out := struct {
		Tokens []tokenBody `json:"tokens"`
	}{[]tokenBody{}}
	for _, b := range s.account(r).Bearers() {
		out.Tokens = append(out.Tokens, tokenOf(b, ""))
	}
	return out, nil
}

func (s *Server) revokeToken(ctx context.Context, r *request) (any, error) {
	if s.opts.IAM == nil {
		return nil, notServed(r.row.action)
	}
	return struct{}{}, s.account(r).RevokeBearer(ctx, r.param("tokenId"))
}

// bearer is the bearer token of a request; empty if it has none of ours.
func (r *request) bearer() string {
	auth := r.http.Header["Authorization"]
	if len(auth) != 1 || len(auth[0]) < len("Bearer ") || !strings.EqualFold(auth[0][:len("Bearer ")], "Bearer ") {
		return ""
	}
	token := strings.TrimSpace(auth[0][len("Bearer "):])
	if !strings.HasPrefix(token, iam.BearerPrefix) {
		return ""
	}
	return token
}

// authenticateBearer lets a token in, to AMP only: nothing that could widen
// rights is reached by one. Profile aws-strict has no tokens.
func (s *Server) authenticateBearer(r *request, token string) error {
	if s.opts.IAM == nil || s.opts.Profile == hearth.AWSStrict || r.service.name != "aps" {
		return s.badSignature(r, r.sigErr)
	}
	p, err := s.opts.IAM.Bearer(r.http.Context(), token)
	switch hearth.KindOf(err) {
	case hearth.Unauthenticated:
		return expiredToken(r)
	case hearth.NotFound:
		return &refusal{code: codeUnknownKey, status: http.StatusForbidden, reason: "unknown_token",
			msg: "The security token included in the request is invalid.", summary: "The bearer token is not known here, or was revoked."}
	}
	if err != nil {
		return err
	}
	if err := readBody(r, s.bodies, s.bodyLimit(r)); err != nil {
		return err
	}
	r.body.proven()
	region := s.opts.Region
	if r.workspace.ID != "" && r.workspace.Account == p.Account {
		region = r.workspace.Region
	}
	r.caller = hearth.Caller{Principal: p, Account: p.Account, Region: region, RequestID: r.id}
	return nil
}
