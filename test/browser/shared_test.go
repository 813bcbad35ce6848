package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth/test/port"
)

// TestMain ends the Hearth that the tests share.
func TestMain(m *testing.M) {
	code := m.Run()
	shared.stop()
	os.Exit(code)
}

// A hearth is started by the first test that asks for it.
type hearth struct {
	once sync.Once
	err  error
	*fixture
	dir  string
	end  context.CancelFunc
	idle sync.WaitGroup

	release func() // of its port
}

var shared hearth

// of gives the Hearth of all tests, with the known samples, which go on as time goes by.
func (h *hearth) of(t *testing.T) *fixture {
	t.Helper()
	h.once.Do(func() { h.err = h.start() })
	if h.err != nil {
		t.Fatal(h.err)
	}
	return h.fixture
}

func (h *hearth) start() error {
	dir, err := os.MkdirTemp("", "hearth-browser")
	if err != nil {
		return err
	}
	h.dir = dir
	own, release, err := port.Reserve()
	if err != nil {
		return err
	}
	h.release = release
	listen := net.JoinHostPort("127.0.0.1", own)
	ctx, cancel := context.WithCancel(context.Background())
	h.end = cancel
	if h.fixture, err = start(ctx, dir, os.Getenv("HEARTH_PROGRAM"), listen, ""); err != nil {
		return err
	}
	for _, topic := range []string{"on-call", "grafana-notification"} {
		if _, err := h.aws(ctx, "sns", "create-topic", "--name", topic); err != nil {
			return err
		}
	}
	h.idle.Go(func() { _ = h.keepWriting(ctx) })
	return nil
}

func (h *hearth) stop() {
	if h.end != nil {
		if h.fixture != nil {
			h.fixture.stop()
		}
		h.end()
		h.idle.Wait()
		h.release()
	}
	os.RemoveAll(h.dir)
}

// browse runs a script of web/test in Chromium on the shared Hearth. It returns what was
// said.
func browse(t *testing.T, script string) string {
	t.Helper()
	needBrowser(t)
	return shared.of(t).browse(t, script)
}

// needBrowser skips the test where there is no browser for it. It needs Node, the packages
// of web/, Chromium and the aws CLI; CI has them.
func needBrowser(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser is no short test")
	}
	for _, need := range []string{"node", "chromium", "aws"} {
		if _, err := exec.LookPath(need); err != nil {
			missing(t, need)
		}
	}
	if _, err := os.Stat("../../web/node_modules/playwright-core"); err != nil {
		missing(t, "the packages of web/ (cd web && npm install --no-save)")
	}
}

// browse runs a script of web/test in Chromium, with more variables.
func (f *fixture) browse(t *testing.T, script string, more ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute) // each wait of a script ends after a minute
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "test/"+script)
	cmd.Dir = filepath.Join("..", "..", "web")
	cmd.Env = append(os.Environ(), "HEARTH_URL="+f.url, "HEARTH_GRAFANA="+f.grafana, "HEARTH_KEY="+f.key, "HEARTH_TOKEN="+f.token, "HEARTH_WORKSPACE="+f.workspace, "HEARTH_PASSWORD="+password)
	cmd.Env = append(cmd.Env, more...)
	out, err := cmd.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		t.Log(strings.TrimRight(line, "\n"))
	}
	if err != nil {
		t.Errorf("%s: %v", script, err)
	}
	return string(out)
}

// missing skips the test on a machine that lacks a peer; in CI it fails.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("CI needs %s", what)
	}
	t.Skipf("needs %s", what)
}
