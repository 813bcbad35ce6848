package kube

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Token asks the API server for a token of a service account, which must exist,
// as kubelet does for a projected volume. Kubernetes grants no lifetime below 10
// minutes.
func (c *Cluster) Token(namespace, account, audience string, ttl time.Duration) string {
	c.t.Helper()
	return strings.TrimSpace(c.Run("create", "token", account, "--namespace", namespace, "--audience", audience, "--duration", ttl.String()))
}

// Resign is a token with its claims changed, signed by the cluster's own key: for
// what the API server would not issue, as an expired token.
func (c *Cluster) Resign(token string, change func(claims map[string]any)) string {
	c.t.Helper()
	changed, err := c.resign(token, change)
	if err != nil {
		c.t.Fatalf("kube: resign: %v", err)
	}
	return changed
}

func (c *Cluster) resign(token string, change func(map[string]any)) (string, error) {
	text, err := os.ReadFile(c.path("issuer.key"))
	if err != nil {
		return "", err
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return "", err
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return "", fmt.Errorf("parse the token: %w", err)
	}
	claims := map[string]any{}
	if err := parsed.UnsafeClaimsWithoutVerification(&claims); err != nil {
		return "", err
	}
	change(claims)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: parsed.Headers[0].KeyID}}, nil)
	if err != nil {
		return "", err
	}
	return jwt.Signed(signer).Claims(claims).Serialize()
}
