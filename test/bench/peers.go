package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/prometheus/sigv4"
)

// The root keys Hearth is started with.
const (
	rootKey    = "AKIAHEARTHBENCHMARK0"
	rootSecret = "a secret that only this benchmark uses"
	region     = "us-east-1"
)

// prometheusPeer is a Prometheus as it comes, with its write receiver on.
func prometheusPeer(bin string) *peer {
	return &peer{
		name:  "Prometheus",
		write: "write",
		bin:   bin,
		args: func(s *server) []string {
			return []string{
				"--config.file=" + filepath.Join(s.dir, "config.yml"),
				"--storage.tsdb.path=" + s.data(),
				"--web.listen-address=" + s.addr,
				"--web.enable-remote-write-receiver",
				"--log.level=warn",
			}
		},
		config: "global: {}\n",
		client: func(n int) (*http.Client, error) { return &http.Client{Transport: transport(n)}, nil },
		open:   func(_ context.Context, s *server) (string, error) { return "", nil },
	}
}

// hearthPeer is Hearth as it comes. Every request to it is signed.
func hearthPeer(bin string) *peer {
	return &peer{
		name:  "Hearth",
		write: "remote_write",
		bin:   bin,
		env:   []string{"HEARTH_ROOT_ACCESS_KEY_ID=" + rootKey, "HEARTH_ROOT_SECRET_ACCESS_KEY=" + rootSecret},
		args: func(s *server) []string {
			s.debug = s.spare
			return []string{
				"serve",
				"--config.file=" + filepath.Join(s.dir, "config.yml"),
				"--storage.path=" + s.data(),
				"--web.listen-address=" + s.addr,
				"--debug.listen-address=" + s.debug,
				"--egress.allow-loopback",
				"--aws.region=" + region,
				"--log.level=warn",
			}
		},
		config: "{}\n",
		client: signing,
		open:   createWorkspace,
	}
}

// limited is p with limits that a configuration file sets.
func limited(p *peer, limits string) *peer {
	q := *p
	q.config = "limits:\n" + limits
	return &q
}

func transport(connections int) *http.Transport {
	return &http.Transport{MaxIdleConns: connections, MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, DisableCompression: true}
}

func signing(connections int) (*http.Client, error) { return signingFor("aps", connections) }

func signingFor(service string, connections int) (*http.Client, error) {
	rt, err := sigv4.NewSigV4RoundTripper(&sigv4.SigV4Config{ServiceName: service, Region: region, AccessKey: rootKey, SecretKey: rootSecret}, transport(connections))
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: rt}, nil
}

// createWorkspace returns the new workspace's path once it takes samples.
func createWorkspace(ctx context.Context, s *server) (string, error) {
	var made struct{ WorkspaceID string }
	if err := s.call(ctx, http.MethodPost, "/workspaces", []byte("{}"), &made); err != nil {
		return "", fmt.Errorf("create a workspace: %w", err)
	}
	path := "/workspaces/" + made.WorkspaceID
	err := s.poll(ctx, func() (bool, error) {
		var is struct {
			Workspace struct {
				Status struct{ StatusCode string }
			}
		}
		err := s.call(ctx, http.MethodGet, path, nil, &is)
		return is.Workspace.Status.StatusCode == "ACTIVE", err
	})
	return path, err
}

// call makes a JSON request and decodes the answer.
func (s *server) call(ctx context.Context, method, path string, body []byte, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, s.url()+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return &refusal{status: resp.StatusCode, text: string(answer)}
	}
	return json.Unmarshal(answer, into)
}

// A refusal is an answer that is not a success.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string {
	return fmt.Sprintf("status %d: %s", r.status, r.text[:min(len(r.text), 500)])
}

// writeConfig puts the peer's configuration file beside its data.
func (s *server) writeConfig() error {
	return os.WriteFile(filepath.Join(s.dir, "config.yml"), []byte(s.peer.config), 0o644)
}
