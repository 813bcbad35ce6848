package kube

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// kubectlWithin bounds one call.
const kubectlWithin = time.Minute

// Run calls kubectl as the administrator and returns what it printed.
func (c *Cluster) Run(args ...string) string {
	c.t.Helper()
	var out bytes.Buffer
	if err := c.kubectl(nil, &out, args...); err != nil {
		c.t.Fatalf("kube: %v", err)
	}
	return out.String()
}

// Apply makes the objects in the YAML documents, or changes them to be so.
func (c *Cluster) Apply(yaml string) {
	c.t.Helper()
	c.feed(yaml, "apply", "--server-side", "--force-conflicts")
}

// ApplyStatus writes the status of objects that exist: a pod's address and phase,
// a node's readiness.
func (c *Cluster) ApplyStatus(yaml string) {
	c.t.Helper()
	c.feed(yaml, "apply", "--server-side", "--force-conflicts", "--subresource=status")
}

// Delete removes the objects in the YAML documents at once. One that is not there
// is none to remove.
func (c *Cluster) Delete(yaml string) {
	c.t.Helper()
	c.feed(yaml, "delete", "--ignore-not-found", "--wait=false", "--now")
}

func (c *Cluster) feed(yaml string, args ...string) {
	c.t.Helper()
	if err := c.kubectl(strings.NewReader(yaml), nil, append(args, "-f", "-")...); err != nil {
		c.t.Fatalf("kube: %v", err)
	}
}

func (c *Cluster) kubectl(in io.Reader, out io.Writer, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), kubectlWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.Kubectl, append([]string{"--kubeconfig=" + c.Kubeconfig, "--cache-dir=" + c.path("cache")}, args...)...)
	var said bytes.Buffer
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = []string{"HOME=" + c.dir}, in, out, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("kubectl %s: %w\n%s", strings.Join(args, " "), err, said.String())
	}
	return nil
}

// KubeconfigFor is the path of a new kubeconfig for a user in the groups, known by
// a client certificate. What the user may do is for RBAC to say.
func (c *Cluster) KubeconfigFor(user string, groups ...string) string {
	c.t.Helper()
	f, err := os.CreateTemp(c.dir, "user-*.kubeconfig")
	if err == nil {
		err = f.Close()
	}
	if err == nil {
		err = c.writeKubeconfig(f.Name(), user, groups...)
	}
	if err != nil {
		c.t.Fatalf("kube: kubeconfig for %s: %v", user, err)
	}
	return f.Name()
}

func (c *Cluster) writeKubeconfig(path, user string, groups ...string) error {
	cert, key, err := c.ca.client(user, groups...)
	if err != nil {
		return err
	}
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: test
contexts:
  - {name: test, context: {cluster: test, user: %q}}
clusters:
  - {name: test, cluster: {server: %q, certificate-authority-data: %s}}
users:
  - {name: %[1]q, user: {client-certificate-data: %[4]s, client-key-data: %[5]s}}
`, user, c.Server, encode(c.ca.pem()), encode(cert), encode(key))
	return os.WriteFile(path, []byte(text), 0o600)
}

func encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
