package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hearth-metrics/hearth/test/kube"
	"github.com/hearth-metrics/hearth/test/port"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"hearth": func() { os.Exit(Main()) }})
}

// TestScripts plays users' journeys with the real program and the real aws CLI.
func TestScripts(t *testing.T) {
	p := scriptParams()
	p.Dir = "testdata"
	testscript.Run(t, p)
}

// scriptParams are those of all scripts.
func scriptParams() testscript.Params {
	return testscript.Params{
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setUp,
		Condition:           condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start":      start,
			"port":       portCommand,
			"terminate":  terminate,
			"kill9":      kill9,
			"awscurl":    awscurl,
			"eventually": eventually,
			"capture":    capture,
			"requestid":  requestID,
			"prometheus": prometheusSender,
			"issuer":     issuer,
			"token":      identityToken,
			"idp":        identityProvider,
			"browser":    aBrowser,
			"moto":       moto,
			"exporter":   exporter,
			"samepage":   samepage,
			"kubernetes": kubernetes,
			"helm":       helm,
			"exchange":   exchange,
			"node":       nodeExporter,
			"kubestate":  kubeState,
			"kubelet":    kubelet,
			"exposition": exposition,
			"terraform":  terraform,
		},
	}
}

// condition knows [chart]: the chart of Prometheus is there; and [peer:NAME]: the program NAME is there. In CI a peer that is
// not there is a failure, never a skipped test.
func condition(cond string) (bool, error) {
	if cond == "chart" {
		return chart() != "", nil
	}
	name, ok := strings.CutPrefix(cond, "peer:")
	if !ok {
		return false, fmt.Errorf("unknown condition %q", cond)
	}
	_, err := peer(name)
	if name == "terraform" {
		err = terraformThere()
	}
	if name == "pysaml2" || name == "oidc-provider" {
		err = signInPeer(name)
	}
	if err != nil && os.Getenv("CI") != "" {
		return false, fmt.Errorf("CI needs %s: %w", name, err)
	}
	return err == nil, nil
}

// peers are the real peers that test/peers/build makes, by their names here.
// Debian's own Prometheus 2.42 is none of them: it reads `sigv4:` and then sends
// unsigned requests.
var peers = map[string]string{
	"current-prometheus": "prometheus", "old-prometheus": "prometheus-2.42", "amtool": "amtool", "alertmanager": "alertmanager",
	"helm": "helm", "kube-state-metrics": "kube-state-metrics",
	"kube-apiserver": "kube-apiserver", "kubectl": "kubectl", "yace": "yace",
}

// peer finds a real peer: one built by test/peers/build, or a program of the
// machine.
func peer(name string) (string, error) {
	built, ok := peers[name]
	if !ok {
		return exec.LookPath(name)
	}
	out, err := exec.Command(filepath.Join("..", "..", "test", "peers", "build"), built).Output()
	if err != nil {
		return "", fmt.Errorf("build %s: %w", name, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// hearths are the programs a script started.
type hearths struct {
	running  map[string]*process
	browsers map[string]*http.Client
}

type process struct {
	cmd  *exec.Cmd
	done chan struct{}
	out  fmt.Stringer // what it said
	port string
}

// What is written is the text of a file, into which a program writes by itself: a
// script that reads it sees all that the program said before it was asked.
type written string

func (path written) String() string {
	text, err := os.ReadFile(string(path))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func setUp(env *testscript.Env) error {
	h := &hearths{running: map[string]*process{}}
	env.Values["hearths"] = h
	env.Values["kubernetes"] = map[string]*kube.Cluster{}
	env.Defer(func() {
		for _, p := range h.running {
			_ = p.cmd.Process.Kill()
			<-p.done
		}
	})
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	home := filepath.Join(env.WorkDir, "home")
	env.Vars = append(env.Vars,
		"HOME="+home, "TESTDATA="+filepath.Join(here, "testdata"), "PEERS="+filepath.Join(here, "..", "..", "test", "peers"),
		"HEARTH_ROOT_ACCESS_KEY_ID=test", "HEARTH_ROOT_SECRET_ACCESS_KEY=test",
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1",
		"AWS_PAGER=", "AWS_EC2_METADATA_DISABLED=true", "PYTHONWARNINGS=ignore")
	for _, keep := range []string{"CI", "PYENV_ROOT", "PYENV_VERSION"} {
		if v, ok := os.LookupEnv(keep); ok {
			env.Vars = append(env.Vars, keep+"="+v)
		}
	}
	for _, name := range []string{"PROXY_PORT", "IDP_PORT"} {
		own, release, err := port.Reserve()
		if err != nil {
			return err
		}
		env.Defer(release)
		env.Vars = append(env.Vars, name+"="+own)
	}
	return os.MkdirAll(home, 0o700)
}

func processes(ts *testscript.TestScript) *hearths { return ts.Value("hearths").(*hearths) }

// start NAME dev|serve ARG… starts the program on a free port, waits until it is
// ready and sets AWS_ENDPOINT_URL and $NAME (its URL). A name used before keeps
// its port.
func start(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || neg {
		ts.Fatalf("usage: start NAME dev|serve ARG…")
	}
	name, h := args[0], processes(ts)
	at := ""
	if p := h.running[name]; p != nil {
		at = p.port
	} else {
		at = port.For(scriptT{ts})
	}
	argv := append([]string{args[1], "--web.listen-address=127.0.0.1:" + at}, args[2:]...)
	said, err := os.Create(ts.MkAbs(name + ".out"))
	ts.Check(err)
	defer said.Close()
	p := &process{cmd: exec.Command("hearth", argv...), done: make(chan struct{}), out: written(said.Name()), port: at}
	p.cmd.Path = lookPath(ts, "hearth")
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = ts.Getenv("WORK"), said, said
	p.cmd.Env = environment(ts, "PATH", "HOME", "TMPDIR", "HEARTH_ROOT_ACCESS_KEY_ID", "HEARTH_ROOT_SECRET_ACCESS_KEY", "SSL_CERT_FILE")
	if moto := ts.Getenv("MOTO"); moto != "" {
		p.cmd.Env = append(p.cmd.Env, "AWS_ENDPOINT_URL="+moto, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test")
	}
	ts.Check(p.cmd.Start())
	go func() { _ = p.cmd.Wait(); close(p.done) }()
	h.running[name] = p
	url := "http://127.0.0.1:" + at
	awaitReady(ts, p, url)
	ts.Setenv("AWS_ENDPOINT_URL", url)
	ts.Setenv(name, url)
	ts.Setenv(name+"_PORT", at)
	ts.Setenv(name+"_PID", fmt.Sprint(p.cmd.Process.Pid))
}

// portCommand NAME puts a port that is the script's alone into $NAME.
func portCommand(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 || neg {
		ts.Fatalf("usage: port NAME")
	}
	ts.Setenv(args[0], port.For(scriptT{ts}))
}

func lookPath(ts *testscript.TestScript, name string) string {
	for dir := range strings.SplitSeq(ts.Getenv("PATH"), string(os.PathListSeparator)) {
		if path := filepath.Join(dir, name); isProgram(path) {
			return path
		}
	}
	ts.Fatalf("%s is not in PATH", name)
	return ""
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

func environment(ts *testscript.TestScript, names ...string) []string {
	var env []string
	for _, n := range names {
		if v := ts.Getenv(n); v != "" {
			env = append(env, n+"="+v)
		}
	}
	return env
}

func awaitReady(ts *testscript.TestScript, p *process, url string) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(60 * time.Second)
	for {
		select {
		case <-p.done:
			ts.Fatalf("hearth ended before it was ready:\n%s", p.out)
		case <-deadline:
			ts.Fatalf("hearth is not ready after a minute:\n%s", p.out)
		case <-tick.C:
			if code, _ := get(url + "/-/ready"); code == http.StatusOK {
				return
			}
		}
	}
}

func get(url string) (int, string) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, ""
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, ""
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return res.StatusCode, string(body)
}

// terminate NAME ends a program as its user would, and checks that it ends well.
func terminate(ts *testscript.TestScript, _ bool, args []string) {
	end(ts, args, syscall.SIGTERM)
	p := processes(ts).running[args[0]]
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		ts.Fatalf("hearth ended with %d:\n%s", code, p.out)
	}
}

// kill9 NAME ends a program at once.
func kill9(ts *testscript.TestScript, _ bool, args []string) { end(ts, args, syscall.SIGKILL) }

func end(ts *testscript.TestScript, args []string, sig os.Signal) {
	if len(args) != 1 || processes(ts).running[args[0]] == nil {
		ts.Fatalf("usage: terminate|kill9 NAME, of a program that was started")
	}
	p := processes(ts).running[args[0]]
	ts.Check(p.cmd.Process.Signal(sig))
	select {
	case <-p.done:
	case <-time.After(60 * time.Second):
		ts.Fatalf("hearth does not end:\n%s", p.out)
	}
}

// awscurl is awscurl: a SigV4 client that shares no code with Hearth.
func awscurl(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec("python3", append([]string{filepath.Join(ts.Getenv("TESTDATA"), "awscurl.py")}, args...)...)
	if (err == nil) == neg {
		ts.Fatalf("awscurl: unexpected %v", orText(err, "success"))
	}
}

func orText(err error, text string) any {
	if err == nil {
		return text
	}
	return err
}

// eventually DURATION TEXT CMD ARG… runs a program until its output has the text. The
// duration is that of what takes long by itself: a busy machine has a minute in any case.
func eventually(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 3 || neg {
		ts.Fatalf("usage: eventually DURATION PATTERN PROGRAM ARG…")
	}
	limit, err := time.ParseDuration(args[0])
	ts.Check(err)
	limit = max(limit, time.Minute)
	argv := args[2:]
	if argv[0] == "awscurl" {
		argv = append([]string{"python3", filepath.Join(ts.Getenv("TESTDATA"), "awscurl.py"), "--until", args[1], fmt.Sprint(limit.Seconds())}, argv[1:]...)
	}
	deadline, pause := time.After(limit), 200*time.Millisecond
	for {
		_ = ts.Exec(argv[0], argv[1:]...)
		if strings.Contains(ts.ReadFile("stdout"), args[1]) {
			return
		}
		select {
		case <-deadline:
			ts.Fatalf("no %q within %s; the last output was:\n%s%s", args[1], limit, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
		case <-time.After(pause):
			pause = min(2*pause, time.Second)
		}
	}
}

// capture NAME puts the last standard output, trimmed, into $NAME.
func capture(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: capture NAME")
	}
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
}

// requestid NAME puts the request id of the last answer's headers into $NAME.
func requestID(ts *testscript.TestScript, _ bool, args []string) {
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(name, "x-amzn-RequestId") {
			ts.Setenv(args[0], strings.TrimSpace(value))
			return
		}
	}
	ts.Fatalf("the last answer had no x-amzn-RequestId")
}
