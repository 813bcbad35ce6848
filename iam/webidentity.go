package iam

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/hearth-metrics/hearth"
)

// Types of errors about web identity tokens.
const (
	IdentityTokenType  = "identity token"         // Unauthenticated: not what it must be
	ExpiredTokenType   = "expired identity token" // Unauthenticated: its time is over
	IdentityIssuerType = "identity provider"      // Unavailable: its keys could not be had
)

// algorithms are those of key pairs. A token without a signature, or signed with
// a secret (which a public key could be mistaken for), is never read.
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512,
}

const (
	maxWebToken = 20_000          // characters
	leeway      = 5 * time.Minute // of an issuer's clock, for times in the future
)

// claims are what a verified token says.
type claims struct {
	jwt.Claims
	AuthorizedParty string          `json:"azp"`
	Email           string          `json:"email"`
	Methods         json.RawMessage `json:"amr"`
}

func badToken(format string, args ...any) error {
	return &hearth.Error{Kind: hearth.Unauthenticated, Type: IdentityTokenType, Msg: fmt.Sprintf(format, args...)}
}

// verifyToken proves that a provider of account a issued the token, for one of
// its client ids, and that it is valid now.
func (r *Room) verifyToken(ctx context.Context, a hearth.AccountID, token string) (*Provider, *claims, error) {
	if len(token) > maxWebToken || len(token) < 4 {
		return nil, nil, invalid("webIdentityToken", "Member must have length between 4 and 20000")
	}
	parsed, err := jwt.ParseSigned(token, algorithms)
	if err != nil {
		return nil, nil, badToken("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
	}
	var unproven claims
	if err := parsed.UnsafeClaimsWithoutVerification(&unproven); err != nil {
		return nil, nil, badToken("The claims of the ID Token cannot be read.")
	}
	p, err := r.providerOf(a, unproven.Issuer)
	if err != nil {
		return nil, nil, err
	}
	c, err := r.proven(ctx, p, parsed)
	if err != nil {
		return nil, nil, err
	}
	return p, c, r.checkClaims(p, c)
}

func (r *Room) providerOf(a hearth.AccountID, issuer string) (*Provider, error) {
	path, https := strings.CutPrefix(issuer, "https://")
	p := &Provider{Account: a, URL: path}
	r.mu.RLock()
	defer r.mu.RUnlock()
	known, ok := r.providers[p.ARN().String()]
	if !ok || !https {
		return nil, badToken("No OpenIDConnect provider found in your account for %s", clip(issuer))
	}
	return known, nil
}

// proven checks the signature, with newer keys if the token names one that is
// not known yet.
func (r *Room) proven(ctx context.Context, p *Provider, token *jwt.JSONWebToken) (*claims, error) {
	for _, again := range []bool{false, true} {
		set, err := r.discovery.keys(ctx, p, again)
		if err != nil {
			return nil, &hearth.Error{Kind: hearth.Unavailable, Type: IdentityIssuerType, Resource: p.URL, Err: err,
				Msg: "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements"}
		}
		for _, key := range candidates(set, token.Headers[0].KeyID) {
			var c claims
			if token.Claims(key, &c) == nil {
				return &c, nil
			}
		}
	}
	return nil, badToken("Couldn't verify the signature of the ID Token with the keys of https://%s", p.URL)
}

// candidates are the keys a token can be signed with: the one it names, or any
// if it names none.
func candidates(set *jose.JSONWebKeySet, id string) []jose.JSONWebKey {
	if id != "" {
		return set.Key(id)
	}
	return set.Keys[:min(len(set.Keys), 8)]
}

func (r *Room) checkClaims(p *Provider, c *claims) error {
	now := r.opts.Now()
	switch {
	case c.Subject == "":
		return badToken("The ID Token has no subject.")
	case c.Expiry == nil:
		return badToken("Missing a required claim: exp")
	case !now.Before(c.Expiry.Time()):
		return &hearth.Error{Kind: hearth.Unauthenticated, Type: ExpiredTokenType,
			Msg: fmt.Sprintf("Token expired: current date/time %d must be before the expiration date/time %d", now.Unix(), c.Expiry.Time().Unix())}
	case c.NotBefore != nil && now.Add(leeway).Before(c.NotBefore.Time()):
		return badToken("The ID Token is not valid yet.")
	case c.IssuedAt != nil && now.Add(leeway).Before(c.IssuedAt.Time()):
		return badToken("The ID Token was issued in the future.")
	case c.audience(p) == "":
		return badToken("Incorrect token audience")
	}
	return nil
}

// audience is whom the token is for, as policies see it: the authorized party if
// there is one, else the audience that the provider knows.
func (c *claims) audience(p *Provider) string {
	wanted := []string(c.Audience)
	if c.AuthorizedParty != "" {
		wanted = []string{c.AuthorizedParty}
	}
	for _, aud := range wanted {
		if slices.Contains(p.ClientIDs, aud) {
			return aud
		}
	}
	return ""
}

// keys are the condition keys a token gives: ISSUER:sub and its kin.
func (c *claims) keys(p *Provider) Values {
	v := Values{}
	set := func(name string, values ...string) {
		if len(values) > 0 && values[0] != "" {
			v.Set(p.URL+":"+name, values...)
		}
	}
	set("sub", c.Subject)
	set("aud", c.audience(p))
	set("oaud", c.Audience...)
	set("azp", c.AuthorizedParty)
	set("email", c.Email)
	set("amr", textOrTexts(c.Methods)...)
	return v
}

func textOrTexts(raw json.RawMessage) []string {
	var many []string
	if json.Unmarshal(raw, &many) == nil {
		return many
	}
	var single string
	if json.Unmarshal(raw, &single) == nil {
		return []string{single}
	}
	return nil
}

// WebIdentityInput asks for a session on the strength of a token.
type WebIdentityInput struct {
	RoleARN, SessionName, Token, Policy string
	PolicyARNs                          []string
	Duration                            time.Duration // an hour if zero
}

// WebIdentity is the session that came of it.
type WebIdentity struct {
	Credentials
	Subject, Audience, Provider string
}

// AssumeWithWebIdentity exchanges an OpenID Connect token for a role's session.
// Nobody has signed the request: the token is the proof.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
func (r *Room) AssumeWithWebIdentity(ctx context.Context, in WebIdentityInput, access hearth.Access) (*WebIdentity, error) {
	arn, err := checkAssume(in.RoleARN, in.SessionName)
	if err != nil {
		return nil, err
	}
	p, c, err := r.verifyToken(ctx, arn.Account, in.Token)
	if err != nil {
		return nil, err
	}
	s := &session{Name: in.SessionName, Policy: in.Policy, PolicyARNs: in.PolicyARNs, Provider: p.ARN().String()}
	keys := c.keys(p)
	keys.Set("sts:RoleSessionName", in.SessionName)
	keys.Set("aws:FederatedProvider", s.Provider)
	w := &caller{Identity: Identity{Kind: Federated, Name: s.Provider}, userID: c.Subject}
	ask := assumption{room: r, who: w, access: access, keys: keys, session: s, duration: in.Duration, webIdentity: true}
	got, err := ask.assume(arn, "sts:AssumeRoleWithWebIdentity")
	if denied, ok := errors.AsType[*hearth.Error](err); ok && denied.Kind == hearth.Denied {
		if d, ok := errors.AsType[*Denial](err); ok {
			d.Principal = p.URL + ":" + c.Subject
		}
	}
	if err != nil {
		return nil, err
	}
	return &WebIdentity{Credentials: *got, Subject: c.Subject, Audience: c.audience(p), Provider: s.Provider}, nil
}
