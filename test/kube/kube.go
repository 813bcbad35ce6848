// Package kube runs a real Kubernetes control plane for tests: etcd and
// kube-apiserver, with RBAC, its own certificate authority and service-account
// tokens that anyone can verify, as IAM roles for service accounts need it. There
// is no controller, scheduler or kubelet: what those would write, tests write
// (nodes, pods with their status, endpoints). A cluster costs about 6 seconds of
// CPU to start and 300 MB while it runs, so a test binary should share one.
package kube

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth/test/port"
)

// T is what a cluster needs of a test. A testing.TB is one.
type T interface {
	Helper()
	Logf(format string, args ...any)
	Skipf(format string, args ...any)
	Fatalf(format string, args ...any)
	TempDir() string
	Cleanup(func())
}

// Options may be left empty.
type Options struct {
	// Audiences for which service-account tokens also open the API server itself,
	// beyond the server's own URL and sts.amazonaws.com.
	Audiences []string
	// Flags are further flags of kube-apiserver, as --name=value.
	Flags []string
	// Verbose logs what etcd and kube-apiserver said when the test ends, failed
	// or not.
	Verbose bool
}

// A Cluster runs until the test that started it ends. Its methods end that test
// if they cannot do what they say. They may be called concurrently, except Stop,
// Restart and Close.
type Cluster struct {
	Server     string // https://127.0.0.1:PORT
	Issuer     string // of service-account tokens: the server's URL; discovery is open to anyone
	JWKS       string // where the issuer's public keys are
	CAFile     string // PEM, signs the server's certificate and is sent along with it
	Thumbprint string // of that certificate, as an identity provider of IAM has it
	Kubeconfig string // of a cluster administrator
	Kubectl    string // path of the program, of the server's version

	t         T
	o         Options
	dir       string
	ca        *authority
	port      string
	etcdURL   string
	etcd, api *process
	apiserver string // path of the program
}

// readyWithin bounds the start of a cluster on a busy machine.
const readyWithin = 2 * time.Minute

// Start starts a cluster and waits until it answers. Programs that are not there
// are built by test/peers/build, which takes minutes the first time. Under -short
// the test is skipped; where the programs cannot be had it is skipped too, except
// with CI set: then it fails.
func Start(t T, o Options) *Cluster {
	t.Helper()
	if testing.Testing() && testing.Short() {
		t.Skipf("a Kubernetes API server takes too long for -short")
	}
	c := &Cluster{t: t, o: o}
	if err := c.programs(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("kube: %v", err)
		}
		t.Skipf("kube: %v", err)
	}
	c.dir = t.TempDir()
	t.Cleanup(c.Close)
	var err error
	for range 3 { // a port may be taken between its choice and its use
		if err = c.start(); err == nil || !errors.Is(err, errPortTaken) {
			break
		}
		c.Close()
	}
	if err != nil {
		t.Fatalf("kube: %v", err)
	}
	return c
}

// programs finds what a cluster consists of.
func (c *Cluster) programs() error {
	if _, err := exec.LookPath("etcd"); err != nil {
		return fmt.Errorf("find etcd (Debian's etcd-server): %w", err)
	}
	build, err := builder()
	if err != nil {
		return err
	}
	cmd := exec.Command(build, "kube-apiserver", "kubectl")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("build kube-apiserver and kubectl: %w", err)
	}
	paths := strings.Fields(string(out))
	if len(paths) != 2 {
		return fmt.Errorf("test/peers/build printed %q instead of two paths", out)
	}
	c.apiserver, c.Kubectl = paths[0], paths[1]
	return nil
}

// builder is test/peers/build of the checkout a test runs in.
func builder() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		path := filepath.Join(dir, "test", "peers", "build")
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		if filepath.Dir(dir) == dir {
			return "", errors.New("test/peers/build is in no folder above this one")
		}
		dir = filepath.Dir(dir)
	}
}

func (c *Cluster) start() error {
	if err := c.prepare(); err != nil {
		return err
	}
	if err := c.startEtcd(); err != nil {
		return err
	}
	if err := c.startServer(); err != nil {
		return err
	}
	return c.kubectl(strings.NewReader(discoveryForAll), nil, "apply", "--server-side", "-f", "-")
}

// discoveryForAll lets anyone read the issuer's keys, as EKS does.
const discoveryForAll = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: service-account-issuer-discovery-for-all}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "system:service-account-issuer-discovery"}
subjects:
  - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:unauthenticated"}
`

// prepare chooses ports and writes keys, certificates and the administrator's
// kubeconfig.
func (c *Cluster) prepare() (err error) {
	c.port = port.For(c.t)
	c.Server = "https://127.0.0.1:" + c.port
	c.Issuer, c.JWKS = c.Server, c.Server+"/openid/v1/jwks"
	c.CAFile, c.Kubeconfig = c.path("ca.pem"), c.path("admin.kubeconfig")
	if c.ca, err = newAuthority(); err != nil {
		return err
	}
	c.Thumbprint = c.ca.thumbprint()
	if err := c.writeKeys(); err != nil {
		return err
	}
	return c.writeKubeconfig(c.Kubeconfig, "kubernetes-admin", "system:masters")
}

func (c *Cluster) path(name string) string { return filepath.Join(c.dir, name) }

// Stop ends the API server at once, as a crash would. What was stored remains.
func (c *Cluster) Stop() {
	c.api.kill()
	c.api = nil
}

// Restart ends the API server, if it runs, and starts it again at the same URL.
func (c *Cluster) Restart() {
	c.t.Helper()
	c.Stop()
	if err := c.startServer(); err != nil {
		c.t.Fatalf("kube: restart: %v", err)
	}
}

// Close ends everything. The end of the test does it too.
func (c *Cluster) Close() {
	for _, p := range []*process{c.api, c.etcd} {
		p.kill()
		if p != nil && c.o.Verbose {
			c.t.Logf("%s: %s", p.name, p.output())
		}
	}
	c.api, c.etcd = nil, nil
}
