package cluster

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/hearth-metrics/hearth"
)

// TokenAudience is what tokens for AWS are meant for.
const TokenAudience = "sts.amazonaws.com"

const (
	discoveryPath = "/.well-known/openid-configuration"
	keysPath      = "/openid/v1/jwks"
)

// issuer asks the API server who issues its service accounts' tokens.
// https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#service-account-issuer-discovery
func (w *wire) issuer(ctx context.Context) (string, error) {
	var doc struct{ Issuer string }
	if _, err := w.ask(ctx, http.MethodGet, discoveryPath, nil, &doc); err != nil {
		return "", err
	}
	return doc.Issuer, checkIssuer(doc.Issuer)
}

// keys are the public keys of the issuer, as the API server itself has them: also
// where the issuer's URL cannot be reached.
func (w *wire) keys(ctx context.Context) ([]byte, error) {
	var set json.RawMessage
	_, err := w.ask(ctx, http.MethodGet, keysPath, nil, &set)
	return set, err
}

// version is what the API server calls itself: v1.35.3, and 1.35 as EKS writes it.
func (w *wire) version(ctx context.Context) (whole, short string, at serverTime, err error) {
	var v struct{ Major, Minor, GitVersion string }
	t, err := w.ask(ctx, http.MethodGet, "/version", nil, &v)
	digits := strings.TrimRightFunc(v.Minor, func(c rune) bool { return c < '0' || c > '9' })
	return clip(v.GitVersion), clip(v.Major + "." + digits), serverTime(t), err
}

// pin makes the account's identity provider for the cluster's issuer have the keys
// that the API server has now.
func (r *Room) pin(ctx context.Context, c *Cluster, w *wire) error {
	if r.opts.Providers == nil {
		return &hearth.Error{Kind: hearth.NotServed, Msg: "This Hearth keeps no identity providers."}
	}
	if c.Issuer == "" {
		return unfit("oidcProvider", "The issuer of cluster %s is not known: --oidc-issuer gives it", c.Name)
	}
	keys, err := w.keys(ctx)
	if err != nil {
		return err
	}
	return r.opts.Providers.PinProvider(ctx, c.Account, c.Issuer, c.ARN().String(), []string{TokenAudience}, keys)
}
