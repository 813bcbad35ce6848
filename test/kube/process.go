package kube

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/hearth-metrics/hearth/test/port"
)

var errPortTaken = errors.New("the port was taken meanwhile")

// A process is one of a cluster's programs. A nil process is not running.
type process struct {
	name string
	cmd  *exec.Cmd
	done chan struct{}
	log  tail
}

// run starts a program that ends with the test's process, however that ends. Its
// memory is bounded softly by memory, in Go's notation.
func run(name, program, dir, memory string, args ...string) (*process, error) {
	p := &process{name: name, cmd: exec.Command(program, args...), done: make(chan struct{})}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, &p.log, &p.log
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GOMEMLIMIT=" + memory}
	p.cmd.SysProcAttr = endWithParent()
	started := make(chan error)
	go func() {
		// The kernel signals the child when the thread that started it ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

func (p *process) kill() {
	if p == nil {
		return
	}
	_ = p.cmd.Process.Kill()
	<-p.done
}

func (p *process) output() string { return p.log.String() }

// await asks url until it answers 200.
func (p *process) await(client *http.Client, url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), readyWithin)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !answers(ctx, client, url) {
		select {
		case <-p.done:
			if strings.Contains(p.output(), "address already in use") {
				return fmt.Errorf("%s: %w", p.name, errPortTaken)
			}
			return fmt.Errorf("%s ended before it was ready:\n%s", p.name, p.output())
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready after %s:\n%s", p.name, readyWithin, p.output())
		case <-tick.C:
		}
	}
	return nil
}

func answers(ctx context.Context, client *http.Client, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	res, err := client.Do(req)
	if err != nil {
		return false
	}
	res.Body.Close()
	return res.StatusCode == http.StatusOK
}

func (c *Cluster) startEtcd() error {
	c.etcdURL = "http://127.0.0.1:" + port.For(c.t)
	peer := "http://127.0.0.1:" + port.For(c.t)
	dir, err := os.MkdirTemp(c.dir, "etcd-")
	if err != nil {
		return err
	}
	c.etcd, err = run("etcd", "etcd", dir, "200MiB",
		"--name=test", "--data-dir="+filepath.Join(dir, "data"), "--unsafe-no-fsync", "--log-level=error", "--logger=zap",
		"--listen-client-urls="+c.etcdURL, "--advertise-client-urls="+c.etcdURL,
		"--listen-peer-urls="+peer, "--initial-advertise-peer-urls="+peer, "--initial-cluster=test="+peer)
	if err != nil {
		return err
	}
	return c.etcd.await(&http.Client{Timeout: time.Second}, c.etcdURL+"/health")
}

func (c *Cluster) startServer() (err error) {
	c.api, err = run("kube-apiserver", c.apiserver, c.dir, "400MiB", c.serverFlags()...)
	if err != nil {
		return err
	}
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: c.ca.pool()}, DisableKeepAlives: true,
	}}
	return c.api.await(client, c.Server+"/readyz")
}

// serverFlags are those of a cluster without nodes or controllers. The admission
// plug-in ServiceAccount would refuse every pod, for no controller makes the
// default service accounts.
func (c *Cluster) serverFlags() []string {
	audiences := append([]string{c.Server, "sts.amazonaws.com"}, c.o.Audiences...)
	return append([]string{
		"--etcd-servers=" + c.etcdURL,
		"--bind-address=127.0.0.1", "--secure-port=" + c.port,
		"--tls-cert-file=" + c.path("server.pem"), "--tls-private-key-file=" + c.path("server.key"),
		"--client-ca-file=" + c.CAFile,
		"--service-account-issuer=" + c.Issuer, "--service-account-jwks-uri=" + c.JWKS,
		"--service-account-signing-key-file=" + c.path("issuer.key"), "--service-account-key-file=" + c.path("issuer.pub"),
		"--api-audiences=" + strings.Join(audiences, ","),
		"--authorization-mode=Node,RBAC", "--anonymous-auth=true",
		"--disable-admission-plugins=ServiceAccount",
		"--endpoint-reconciler-type=none", "--service-cluster-ip-range=10.96.0.0/16",
		"--allow-privileged=true", "--profiling=false", "--v=0",
	}, c.o.Flags...)
}

// A tail keeps the end of what a program wrote.
type tail struct {
	mu sync.Mutex
	b  bytes.Buffer
}

const tailBytes = 64 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b.Write(p)
	if over := t.b.Len() - tailBytes; over > 0 {
		t.b.Next(over)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}
