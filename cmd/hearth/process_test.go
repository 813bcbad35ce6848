package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/prompb"

	"github.com/hearth-metrics/hearth/test/port"
)

// A running is the real program in a process of its own, for tests that are no
// scripts.
type running struct {
	target
	cmd  *exec.Cmd
	done chan struct{}
	out  *safeBuffer
	args []string
	dir  string
}

// startHearth starts `hearth serve` in a folder of its own.
func startHearth(t *testing.T, args ...string) *running {
	t.Helper()
	addr := net.JoinHostPort("127.0.0.1", port.For(t))
	r := &running{target: target{URL: "http://" + addr, Region: "us-east-1", Keys: keyPair{"test", "test"}}, dir: t.TempDir()}
	r.args = append([]string{"serve", "--storage.path=" + r.dir, "--web.listen-address=" + addr}, args...)
	r.start(t)
	t.Cleanup(func() { r.end(t, syscall.SIGKILL) })
	return r
}

func (r *running) start(t *testing.T) {
	t.Helper()
	r.cmd, r.done, r.out = exec.Command("hearth", r.args...), make(chan struct{}), &safeBuffer{}
	r.cmd.Env = append(os.Environ(), "HEARTH_ROOT_ACCESS_KEY_ID=test", "HEARTH_ROOT_SECRET_ACCESS_KEY=test")
	r.cmd.Stdout, r.cmd.Stderr = r.out, r.out
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done, cmd := r.done, r.cmd
	go func() { _ = cmd.Wait(); close(done) }()
	r.await(t, time.Minute)
}

// await waits until the program is ready.
func (r *running) await(t *testing.T, limit time.Duration) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(limit); ; {
		if code, _ := get(r.URL + "/-/ready"); code == http.StatusOK {
			return
		}
		select {
		case <-r.done:
			t.Fatalf("hearth ended before it was ready:\n%s", r.out)
		case <-deadline:
			t.Fatalf("hearth is not ready after %s:\n%s", limit, r.out)
		case <-tick.C:
		}
	}
}

// end sends the program a signal and waits for its end.
func (r *running) end(t *testing.T, sig os.Signal) {
	t.Helper()
	_ = r.cmd.Process.Signal(sig)
	select {
	case <-r.done:
	case <-time.After(time.Minute):
		t.Errorf("hearth does not end on %s:\n%s", sig, r.out)
	}
}

// call sends one signed request. Status 0 means there was no answer.
func (r *running) call(ctx context.Context, method, path, service string, header http.Header, body []byte) (int, http.Header, []byte) {
	req, err := http.NewRequestWithContext(ctx, method, r.URL+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, []byte(err.Error())
	}
	for k, v := range header {
		req.Header[k] = v
	}
	if err := sign(ctx, req, r.target, service, body); err != nil {
		return 0, nil, []byte(err.Error())
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, []byte(err.Error())
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 64<<20))
	if err != nil {
		return 0, nil, []byte(err.Error())
	}
	return res.StatusCode, res.Header, answer
}

// create makes a workspace and waits until it takes samples.
func (r *running) create(t *testing.T, alias string) string {
	t.Helper()
	body := fmt.Sprintf(`{"alias":%q}`, alias)
	code, _, answer := r.call(t.Context(), "POST", "/workspaces", "aps", http.Header{"Content-Type": {"application/json"}}, []byte(body))
	var ws struct{ WorkspaceID string }
	if err := json.Unmarshal(answer, &ws); code != http.StatusAccepted || err != nil {
		t.Fatalf("create workspace: %d %s", code, answer)
	}
	r.waitActive(t, ws.WorkspaceID)
	return ws.WorkspaceID
}

func (r *running) waitActive(t *testing.T, ws string) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(time.Minute); ; {
		code, _, answer := r.call(t.Context(), "GET", "/workspaces/"+ws, "aps", nil, nil)
		if strings.Contains(string(answer), `"ACTIVE"`) {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("workspace %s: %d %s; want ACTIVE", ws, code, answer)
		case <-tick.C:
		}
	}
}

var remoteWrite1 = http.Header{
	"Content-Type":                      {"application/x-protobuf"},
	"Content-Encoding":                  {"snappy"},
	"X-Prometheus-Remote-Write-Version": {"0.1.0"},
}

// write sends samples by remote write 1.0 and returns the status.
func (r *running) write(ctx context.Context, ws string, series []prompb.TimeSeries) (int, []byte) {
	body, err := (&prompb.WriteRequest{Timeseries: series}).Marshal()
	if err != nil {
		return 0, []byte(err.Error())
	}
	code, _, answer := r.call(ctx, "POST", "/workspaces/"+ws+"/api/v1/remote_write", "aps", remoteWrite1, snappy.Encode(nil, body))
	return code, answer
}

// one is a series with one sample.
func one(ms int64, v float64, names ...string) prompb.TimeSeries {
	ts := prompb.TimeSeries{Samples: []prompb.Sample{{Timestamp: ms, Value: v}}}
	for i := 0; i+1 < len(names); i += 2 {
		ts.Labels = append(ts.Labels, prompb.Label{Name: names[i], Value: names[i+1]})
	}
	return ts
}

// A matrix is the answer to a range selector: per series its samples.
type matrix []struct {
	Metric map[string]string
	Values [][2]any
}

// query asks an instant query whose answer is a matrix or a vector.
func (r *running) query(t *testing.T, ws, expr string) (matrix, string) {
	t.Helper()
	code, _, answer := r.call(t.Context(), "POST", "/workspaces/"+ws+"/api/v1/query?"+url.Values{"query": {expr}}.Encode(), "aps", nil, nil)
	var a struct {
		Status string
		Data   struct {
			ResultType string
			Result     json.RawMessage
		}
	}
	if err := json.Unmarshal(answer, &a); err != nil || code != http.StatusOK || a.Status != "success" {
		t.Fatalf("query %s: %d %s", expr, code, answer)
	}
	var m matrix
	if a.Data.ResultType == "matrix" {
		if err := json.Unmarshal(a.Data.Result, &m); err != nil {
			t.Fatalf("query %s: %v in %s", expr, err, answer)
		}
	}
	return m, string(a.Data.Result)
}

// Whoever finds the folder in use, or the port, leaves no keys there: they would
// not be those of the Hearth that runs.
func TestKeysAreMadeByWhoHasTheFolder(t *testing.T) {
	r := startHearth(t)
	second := exec.Command("hearth", "serve", "--storage.path="+r.dir, "--web.listen-address=127.0.0.1:0")
	second.Env = append(os.Environ(), "HEARTH_ROOT_ACCESS_KEY_ID=", "HEARTH_ROOT_SECRET_ACCESS_KEY=")
	out, err := second.CombinedOutput()
	if err == nil || second.ProcessState.ExitCode() != exitFound || !strings.Contains(string(out), "another Hearth") {
		t.Errorf("a second Hearth in the same folder: %v\n%s", err, out)
	}
	if _, err := os.Stat(credentialsFile(r.dir)); !os.IsNotExist(err) {
		t.Errorf("it has made keys: %v", err)
	}
}
