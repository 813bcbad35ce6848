// Browser runs the app in a real browser on a real Hearth that holds known
// samples: the journeys of web/test. With -serve it only starts that Hearth, to
// look at.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/prompb"
)

func main() {
	serve := flag.Bool("serve", false, "start the Hearth of the journeys and wait")
	perf := flag.Bool("perf", false, "measure how fast dashboards are, print the figures and end")
	program := flag.String("hearth", "", "the program to start; empty: built from the sources")
	listen := flag.String("listen", "127.0.0.1:4751", "where it listens")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *serve, *perf, *program, *listen); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, serve, perf bool, program, listen string) error {
	if !serve && !perf {
		return errors.New("journeys run by `go test ./test/browser`; -serve starts their Hearth, -perf measures")
	}
	dir, err := os.MkdirTemp("", "hearth-browser")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	f, err := start(ctx, dir, program, listen, "")
	if err != nil {
		return err
	}
	defer f.stop()
	if perf {
		return f.measure(ctx)
	}
	fmt.Printf("url=%s workspace=%s grafana=%s token=%s key=%s\n", f.url, f.workspace, f.grafana, f.token, f.key)
	return f.keepWriting(ctx)
}

// A fixture is a Hearth with a workspace that holds the known samples of the
// last day.
type fixture struct {
	url       string
	workspace string
	grafana   string // the Grafana workspace `hearth dev` makes
	token     string // reads and writes the workspace
	key       string // of an administrator of the Grafana workspace
	known     []writing
	filled    time.Time // until when there are samples
	program   string
	dir       string
	cmd       *exec.Cmd
	out       bytes.Buffer
}

// password is the local administrator's, in the browser's sign-in form.
const password = "known-to-the-journeys"

const (
	history     = 26 * time.Hour
	feedHistory = 3 * time.Hour
)

// start starts a Hearth and fills it with the known samples. It stands below a path, or
// has the host for itself.
func start(ctx context.Context, dir, program, listen, path string) (*fixture, error) {
	var flags []string
	if path != "" {
		flags = append(flags, "--web.external-url=http://"+listen+path)
	}
	f, err := begin(ctx, dir, program, listen, flags...)
	if err != nil {
		return nil, err
	}
	f.url += path
	if err := f.fill(ctx); err != nil {
		f.stop()
		return nil, fmt.Errorf("%w\n%s", err, f.out.String())
	}
	return f, nil
}

// begin starts a Hearth without samples, with more flags.
func begin(ctx context.Context, dir, program, listen string, flags ...string) (*fixture, error) {
	f := &fixture{url: "http://" + listen, program: program, dir: dir}
	if f.program == "" {
		f.program = filepath.Join(dir, "hearth")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", f.program, "github.com/hearth-metrics/hearth/cmd/hearth").CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build hearth: %w\n%s", err, out)
		}
	}
	f.cmd = exec.CommandContext(ctx, f.program, append([]string{"dev", "--web.listen-address=" + listen, "--storage.path=" + filepath.Join(dir, "data"),
		"--sso.local.password-file=" + filepath.Join(dir, "password")}, flags...)...)
	if err := os.WriteFile(filepath.Join(dir, "password"), []byte(password), 0o600); err != nil {
		return nil, err
	}
	f.cmd.Stdout, f.cmd.Stderr = &f.out, &f.out
	if err := f.cmd.Start(); err != nil {
		return nil, err
	}
	if err := f.await(ctx); err != nil {
		f.stop()
		return nil, fmt.Errorf("%w\n%s", err, f.out.String())
	}
	return f, nil
}

func (f *fixture) stop() {
	_ = f.cmd.Process.Signal(os.Interrupt)
	_ = f.cmd.Wait()
}

func (f *fixture) fill(ctx context.Context) error {
	var err error
	if f.workspace, err = f.aws(ctx, "amp", "create-workspace", "--alias", "browser", "--query", "workspaceId"); err != nil {
		return err
	}
	if err := f.makeToken(ctx); err != nil {
		return err
	}
	if err := f.makeSource(ctx); err != nil {
		return err
	}
	if f.known, err = writings(); err != nil {
		return err
	}
	f.filled = time.Now()
	for _, r := range requests(f.known, f.filled) {
		if err := f.write(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// makeToken makes a user that may do everything with metrics, and its token.
func (f *fixture) makeToken(ctx context.Context) error {
	const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"aps:*","Resource":"*"}]}`
	if _, err := f.aws(ctx, "iam", "create-user", "--user-name", "browser"); err != nil {
		return err
	}
	if _, err := f.aws(ctx, "iam", "put-user-policy", "--user-name", "browser", "--policy-name", "metrics", "--policy-document", policy); err != nil {
		return err
	}
	out, err := f.hearth(ctx, "token", "create", "user/browser", "--storage.path="+filepath.Join(f.dir, "data"),
		"--actions=aps:QueryMetrics,aps:GetLabels,aps:GetSeries,aps:GetMetricMetadata,aps:RemoteWrite")
	f.token = out
	return err
}

// makeSource makes the workspace a data source, uid prom, of the Grafana workspace
// that `hearth dev` has.
func (f *fixture) makeSource(ctx context.Context) error {
	var err error
	if f.grafana, err = f.aws(ctx, "grafana", "list-workspaces", "--query", "workspaces[0].id"); err != nil {
		return err
	}
	id, err := f.aws(ctx, "grafana", "create-workspace-service-account", "--workspace-id", f.grafana, "--grafana-role", "ADMIN", "--name", "journeys", "--query", "id")
	if err != nil {
		return err
	}
	f.key, err = f.aws(ctx, "grafana", "create-workspace-service-account-token", "--workspace-id", f.grafana, "--service-account-id", id,
		"--name", "journeys", "--seconds-to-live", "86400", "--query", "serviceAccountToken.key")
	if err != nil {
		return err
	}
	return f.post(ctx, "/api/datasources", `{"uid":"prom","name":"Known","type":"prometheus","access":"proxy","isDefault":true,
		"url":"`+f.url+`/workspaces/`+f.workspace+`","jsonData":{"timeInterval":"15s","httpMethod":"POST","sigV4Auth":true,"sigV4AuthType":"ec2_iam_role","sigV4Region":"us-east-1",
		"exemplarTraceIdDestinations":[{"name":"trace_id","url":"`+f.url+`/traces/${__value.raw}","urlDisplayLabel":"The trace"}]}}`)
}

// post asks the Grafana workspace's HTTP API as its administrator.
func (f *fixture) post(ctx context.Context, path, body string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, f.url+"/grafana/"+f.grafana+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+f.key)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
		return fmt.Errorf("POST %s: %s: %s", path, answer.Status, text)
	}
	return nil
}

func (f *fixture) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if r, err := http.Get(f.url + "/-/ready"); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return errors.New("hearth is not ready within a minute")
		case <-tick.C:
		}
	}
}

func (f *fixture) env() []string {
	return append(os.Environ(), "AWS_ENDPOINT_URL="+f.url, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_DEFAULT_REGION=us-east-1", "AWS_PAGER=")
}

func (f *fixture) aws(ctx context.Context, args ...string) (string, error) {
	return f.say(exec.CommandContext(ctx, "aws", append(args, "--output", "text")...))
}

func (f *fixture) hearth(ctx context.Context, args ...string) (string, error) {
	return f.say(exec.CommandContext(ctx, f.program, args...))
}

func (f *fixture) say(cmd *exec.Cmd) (string, error) {
	cmd.Env = f.env()
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, complaint.String())
	}
	return strings.TrimSpace(out.String()), nil
}

// write sends samples as a Prometheus does.
func (f *fixture) write(ctx context.Context, w *prompb.WriteRequest) error {
	raw, err := w.Marshal()
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, f.url+"/workspaces/"+f.workspace+"/api/v1/remote_write", bytes.NewReader(snappy.Encode(nil, raw)))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+f.token)
	r.Header.Set("Content-Type", "application/x-protobuf")
	r.Header.Set("Content-Encoding", "snappy")
	r.Header.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
		return fmt.Errorf("remote write: %s: %s", answer.Status, text)
	}
	return nil
}

// keepWriting adds samples as time goes by, until ctx ends.
func (f *fixture) keepWriting(ctx context.Context) error {
	tick := time.NewTicker(step)
	defer tick.Stop()
	last := f.filled.Add(-time.Nanosecond).Truncate(step)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			now := time.Now().Truncate(step)
			for _, w := range f.known {
				if err := f.write(ctx, w.request(last.Add(step), now.Add(time.Second))); err != nil {
					return err
				}
			}
			last = now
		}
	}
}

func sorted(labels map[string]string) []prompb.Label {
	all := make([]prompb.Label, 0, len(labels))
	for name, value := range labels {
		all = append(all, prompb.Label{Name: name, Value: value})
	}
	slices.SortFunc(all, func(a, b prompb.Label) int { return strings.Compare(a.Name, b.Name) })
	return all
}
