package main

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth/test/port"
)

// debianPython is the one that Debian's pysaml2 belongs to.
const debianPython = "/usr/bin/python3"

// TestSignIn runs web/test/signin.mjs: people sign in to a Grafana workspace by SAML, by
// OpenID Connect and by password, or are told why not. The identity providers are real
// ones, and each next visitor is the person of a file that the script writes.
func TestSignIn(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	if exec.CommandContext(t.Context(), debianPython, "-c", "import saml2").Run() != nil {
		missing(t, "Debian's python3-pysaml2")
	}
	peers := filepath.Join("..", "peers")
	if _, err := os.Stat(filepath.Join(peers, "oidc", "node_modules", "oidc-provider")); err != nil {
		missing(t, "npm's oidc-provider (npm ci in test/peers/oidc)")
	}
	folder, hearth, saml, oidc := t.TempDir(), address(t), address(t), address(t)
	startPeer(t, debianPython, filepath.Join(peers, "pysaml2", "idp.py"), portOf(t, saml), folder, "localhost")
	startPeer(t, "node", filepath.Join(peers, "oidc", "idp.mjs"), portOf(t, oidc), "http://"+hearth+"/login/oidc/callback", folder)

	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("secret of hearth"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := begin(t.Context(), dir, os.Getenv("HEARTH_PROGRAM"), hearth,
		"--sso.oidc.issuer=http://"+oidc, "--sso.oidc.client-id=hearth", "--sso.oidc.client-secret-file="+secret, "--sso.oidc.name=Example")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.stop)
	f.joinProviders(t, "http://localhost:"+portOf(t, saml)+"/metadata")
	f.browse(t, "signin.mjs", "HEARTH_PERSON="+filepath.Join(folder, "person.json"), "HEARTH_PROVIDERS=http://localhost:"+portOf(t, saml)+" http://"+oidc)
}

// joinProviders makes a Grafana workspace that lets people of the organization home in by
// SAML, and by OpenID Connect everybody, of whom cooks are editors.
func (f *fixture) joinProviders(t *testing.T, metadata string) {
	t.Helper()
	var err error
	if f.grafana, err = f.aws(t.Context(), "grafana", "create-workspace", "--workspace-name", "kitchen", "--account-access-type", "CURRENT_ACCOUNT",
		"--permission-type", "SERVICE_MANAGED", "--workspace-data-sources", "PROMETHEUS", "--authentication-providers", "SAML", "AWS_SSO", "--query", "workspace.id"); err != nil {
		t.Fatal(err)
	}
	if _, err = f.aws(t.Context(), "grafana", "update-workspace-authentication", "--workspace-id", f.grafana, "--authentication-providers", "SAML", "AWS_SSO",
		"--saml-configuration", `{"idpMetadata": {"url": "`+metadata+`"}, "assertionAttributes": {"name": "displayName", "login": "login", "email": "mail", "role": "role", "org": "org"},
		"roleValues": {"admin": ["admin"], "editor": ["editor"]}, "allowedOrganizations": ["home"]}`); err != nil {
		t.Fatal(err)
	}
	if _, err = f.aws(t.Context(), "grafana", "update-permissions", "--workspace-id", f.grafana,
		"--update-instruction-batch", "action=ADD,role=EDITOR,users=[{id=cooks,type=SSO_GROUP}]"); err != nil {
		t.Fatal(err)
	}
}

func address(t *testing.T) string {
	t.Helper()
	return net.JoinHostPort("127.0.0.1", port.For(t))
}

func portOf(t *testing.T, address string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// startPeer runs a program until the test ends, once it has said that it is ready.
func startPeer(t *testing.T, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	late := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	for s := bufio.NewScanner(out); s.Scan(); {
		if s.Text() == "ready" {
			return
		}
	}
	_ = cmd.Wait()
	t.Fatalf("%s did not become ready within a minute: %s", program, errs.String())
}
