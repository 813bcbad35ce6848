package sso

import (
	"context"
	"crypto/subtle"
	"encoding/json"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/hearth-metrics/hearth"
)

// claims are what an ID token says, and the provider's UserInfo where the token
// is silent.
type claims struct {
	Issuer, Subject string
	all             map[string]json.RawMessage
}

const maxIDToken = 64 << 10

// verify proves an ID token: its signature by a key of the provider, its issuer,
// audience, time, and that it was made for this very sign-in.
// https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
func (c *oidcClient) verify(ctx context.Context, p *oidc.Provider, raw, nonce string) (*claims, *refused) {
	if raw == "" || len(raw) > maxIDToken {
		return nil, refuse("token", "The provider's answer has no ID token, or one that is too long.")
	}
	v := p.VerifierContext(ctx, &oidc.Config{ClientID: c.ClientID, SupportedSigningAlgs: oidcAlgorithms, Now: c.now})
	token, err := v.Verify(ctx, raw)
	if err != nil {
		return nil, &refused{reason: "token", summary: "The ID token is not acceptable.", err: err}
	}
	out := &claims{Issuer: token.Issuer, Subject: token.Subject}
	if err := token.Claims(&out.all); err != nil {
		return nil, &refused{reason: "token", summary: "The claims of the ID token cannot be read.", err: err}
	}
	switch azp := out.text("azp"); {
	case subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(nonce)) != 1:
		return nil, refuse("nonce", "The ID token was made for another sign-in: its nonce is not ours.")
	case token.Subject == "" || len(token.Subject) > 255:
		return nil, refuse("token", "The ID token has no subject, or one of more than 255 characters.")
	case len(token.Audience) > 1 && azp != c.ClientID || azp != "" && azp != c.ClientID:
		return nil, mismatch("audience", "The authorized party of the ID token", azp, c.ClientID)
	}
	return out, nil
}

// addUserInfo adds the claims that only the UserInfo endpoint gives, if the token
// has no groups or no e-mail address.
func (c *oidcClient) addUserInfo(ctx context.Context, p *oidc.Provider, token *oauth2.Token, have *claims) error {
	if p.UserInfoEndpoint() == "" || have.all[c.GroupsClaim] != nil && have.all["email"] != nil {
		return nil
	}
	info, err := p.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return &refused{reason: unreachable, summary: "The provider's UserInfo cannot be had.", err: err}
	}
	if info.Subject != have.Subject {
		return mismatch("subject", "The subject of the provider's UserInfo", info.Subject, have.Subject)
	}
	var more map[string]json.RawMessage
	if err := info.Claims(&more); err != nil {
		return &refused{reason: "token", summary: "The provider's UserInfo cannot be read.", err: err}
	}
	for name, value := range more {
		if have.all[name] == nil {
			have.all[name] = value
		}
	}
	return nil
}

// text is a claim that is a text; empty otherwise.
func (c *claims) text(name string) (s string) {
	_ = json.Unmarshal(c.all[name], &s) // of another kind: as if it were not there
	if len(s) > maxValue {
		return ""
	}
	return s
}

// texts is a claim that is one text or several.
func (c *claims) texts(name string) (out []string) {
	var many []any
	if json.Unmarshal(c.all[name], &many) != nil {
		if s := c.text(name); s != "" {
			return []string{s}
		}
		return nil
	}
	for _, v := range many {
		if s, ok := v.(string); ok && s != "" && len(s) <= maxValue && len(out) < maxValues {
			out = append(out, s)
		}
	}
	return out
}

// identity says who it is. The e-mail address is for people to read: one that the
// provider has not verified is left out.
func (c *claims) identity(o *oidcClient) *hearth.Identity {
	who := &hearth.Identity{
		Provider: hearth.ProviderAWSSSO, Issuer: c.Issuer, Subject: c.Subject,
		Login: c.text("preferred_username"), Name: c.text("name"), Email: c.text("email"), Groups: c.texts(o.GroupsClaim),
	}
	var verified any
	if json.Unmarshal(c.all["email_verified"], &verified) == nil && (verified == false || verified == "false") {
		who.Email = ""
	}
	who.Login = orElse(orElse(who.Login, who.Email), who.Subject)
	who.Name = orElse(who.Name, who.Login)
	return who
}
