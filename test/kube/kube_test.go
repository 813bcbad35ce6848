package kube_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/hearth-metrics/hearth/test/kube"
)

const shop = `apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: till, namespace: shop}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: pod-reader}
rules:
  - {apiGroups: [""], resources: [pods], verbs: [get, list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: pod-reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: pod-reader}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: reader}]
---
apiVersion: v1
kind: Pod
metadata: {name: till-1, namespace: shop}
spec:
  nodeName: node-1
  containers: [{name: till, image: till, ports: [{containerPort: 8080}]}]
`

const running = `apiVersion: v1
kind: Pod
metadata: {name: till-1, namespace: shop}
status:
  phase: Running
  podIP: 127.0.0.9
  podIPs: [{ip: 127.0.0.9}]
`

// TestCluster uses one cluster for everything, for each costs seconds.
func TestCluster(t *testing.T) {
	c := kube.Start(t, kube.Options{})
	c.Apply(shop)
	c.ApplyStatus(running)
	if got := c.Run("get", "pod", "till-1", "--namespace=shop", "--output=jsonpath={.status.phase} {.status.podIP}"); got != "Running 127.0.0.9" {
		t.Errorf("the pod is %q, want Running at 127.0.0.9", got)
	}
	t.Run("users have what RBAC gives them", func(t *testing.T) { testUsers(t, c) })
	t.Run("tokens are verified by anyone", func(t *testing.T) { testTokens(t, c) })
	t.Run("what was stored survives a crash", func(t *testing.T) { testRestart(t, c) })
	c.Delete(shop)
	c.Delete(shop)
}

func testUsers(t *testing.T, c *kube.Cluster) {
	for user, want := range map[string]string{"reader": "pod/till-1", "stranger": "Forbidden"} {
		cmd := exec.Command(c.Kubectl, "--kubeconfig", c.KubeconfigFor(user), "get", "pods", "-n", "shop", "-o", "name")
		cmd.Env = []string{"HOME=" + t.TempDir()}
		out, _ := cmd.CombinedOutput()
		if !strings.Contains(string(out), want) {
			t.Errorf("%s sees %q, want %q", user, out, want)
		}
	}
}

func testTokens(t *testing.T, c *kube.Cluster) {
	keys := jwks(t, c)
	token := c.Token("shop", "till", "sts.amazonaws.com", time.Hour)
	claims := verified(t, keys, token)
	want := jwt.Expected{Issuer: c.Issuer, Subject: "system:serviceaccount:shop:till", AnyAudience: jwt.Audience{"sts.amazonaws.com"}}
	if err := claims.ValidateWithLeeway(want, 0); err != nil {
		t.Errorf("claims %+v: %v", claims, err)
	}
	old := verified(t, keys, c.Resign(token, func(claims map[string]any) { claims["exp"] = time.Now().Add(-time.Hour).Unix() }))
	if err := old.ValidateWithLeeway(want, 0); err == nil {
		t.Error("the token that was resigned to have expired has not")
	}
}

// jwks asks for the issuer's keys without credentials.
func jwks(t *testing.T, c *kube.Cluster) jose.JSONWebKeySet {
	t.Helper()
	ca, err := os.ReadFile(c.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer client.CloseIdleConnections()
	var discovery struct {
		JWKS string `json:"jwks_uri"`
	}
	getJSON(t, client, c.Issuer+"/.well-known/openid-configuration", &discovery)
	if discovery.JWKS != c.JWKS {
		t.Errorf("the issuer's keys are at %q, want %q", discovery.JWKS, c.JWKS)
	}
	var keys jose.JSONWebKeySet
	getJSON(t, client, c.JWKS, &keys)
	return keys
}

func getJSON(t *testing.T, client *http.Client, url string, into any) {
	t.Helper()
	res, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s", url, res.Status)
	}
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

func verified(t *testing.T, keys jose.JSONWebKeySet, token string) jwt.Claims {
	t.Helper()
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	var claims jwt.Claims
	if err := parsed.Claims(keys, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func testRestart(t *testing.T, c *kube.Cluster) {
	url := c.Server
	c.Restart()
	if got := c.Run("get", "serviceaccount", "till", "--namespace=shop", "--output=name"); c.Server != url || got != "serviceaccount/till\n" {
		t.Errorf("after a restart %s has %q", c.Server, got)
	}
}
