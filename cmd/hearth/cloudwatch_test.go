package main

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hearth-metrics/hearth/test/port"
)

// moto starts moto, the stand-in for CloudWatch, tagging, ECS and STS, and points
// AWS_ENDPOINT_URL at it. A script that has it needs it: without, the test fails.
func moto(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: moto")
	}
	at := port.For(scriptT{ts})
	cmd := exec.Command("moto_server", "-H", "127.0.0.1", "-p", at)
	cmd.Path, cmd.Env = lookPath(ts, "moto_server"), append(environment(ts, "PATH", "PYENV_ROOT", "PYENV_VERSION"), "HOME="+os.Getenv("HOME"))
	launch(ts, "moto", cmd, at)
	url := "http://127.0.0.1:" + at
	awaitPage(ts, processes(ts).running["moto"], url+"/moto-api/", "")
	ts.Setenv("AWS_ENDPOINT_URL", url)
	ts.Setenv("MOTO", url)
	ts.Setenv("AWS_DISABLE_REQUEST_COMPRESSION", "true") // moto unpacks some bodies twice
}

func launch(ts *testscript.TestScript, name string, cmd *exec.Cmd, at string) {
	out := &safeBuffer{}
	p := &process{cmd: cmd, done: make(chan struct{}), out: out, port: at}
	cmd.Dir, cmd.Stdout, cmd.Stderr = ts.Getenv("WORK"), out, out
	ts.Check(cmd.Start())
	go func() { _ = cmd.Wait(); close(p.done) }()
	processes(ts).running[name] = p
}

func awaitPage(ts *testscript.TestScript, p *process, url, text string) {
	tick, deadline := time.NewTicker(100*time.Millisecond), time.After(90*time.Second)
	defer tick.Stop()
	for {
		code, body := get(url)
		if code == http.StatusOK && strings.Contains(body, text) {
			return
		}
		select {
		case <-p.done:
			ts.Fatalf("ended before %s was there:\n%s", url, p.out)
		case <-deadline:
			ts.Fatalf("%s: no page with %q after a minute and a half; the last was:\n%s\nand the program said:\n%s", url, text, body, p.out)
		case <-tick.C:
		}
	}
}

// exporter NAME PROGRAM FLAG… starts an exporter, hearth or the peer yace, on a
// free port, waits for its first series and puts its URL into $NAME.
func exporter(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exporter NAME hearth|yace FLAG…")
	}
	name, argv := args[0], args[2:]
	at := port.For(scriptT{ts})
	program, verb := "", []string(nil)
	if args[1] == "hearth" {
		program, verb = lookPath(ts, "hearth"), []string{"cloudwatch"}
	} else {
		var err error
		program, err = peer(args[1])
		ts.Check(err)
	}
	cmd := exec.Command(program, slices.Concat(verb, argv, []string{"--listen-address=127.0.0.1:" + at})...)
	cmd.Env = environment(ts, "PATH", "HOME", "TMPDIR", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION",
		"AWS_EC2_METADATA_DISABLED", "AWS_SHARED_CREDENTIALS_FILE", "AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN")
	launch(ts, name, cmd, at)
	ts.Setenv(name, "http://127.0.0.1:"+at)
	awaitPage(ts, processes(ts).running[name], "http://127.0.0.1:"+at+"/metrics", "\naws_")
}

// samepage A B fails unless two exporters' pages have the same lines about
// CloudWatch: names, labels, values, times, helps and types. Of their own counters
// only the names must be the same, for Hearth asks less.
func samepage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: samepage URL URL")
	}
	var pages [2][]string
	for i, url := range args {
		_, body := get(url + "/metrics")
		for line := range strings.Lines(body) {
			switch line = strings.TrimSpace(line); {
			case strings.Contains(line, "hearth_"):
			case strings.HasPrefix(line, "yace_"):
				pages[i] = append(pages[i], line[:strings.LastIndexByte(line, ' ')])
			default:
				pages[i] = append(pages[i], line)
			}
		}
	}
	if diff := cmp.Diff(pages[0], pages[1]); diff != "" {
		ts.Fatalf("-%s +%s\n%s", args[0], args[1], diff)
	}
	ts.Logf("%d lines alike", len(pages[0]))
}

// A flag with one dash is YACE's, too.
func TestYACEFlags(t *testing.T) {
	got := yaceArgs([]string{"cloudwatch", "-config.file", "x.yml", "--debug", "plan", "-f", "-"})
	want := []string{"cloudwatch", "--config.file", "x.yml", "--debug", "plan", "-f", "-"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := yaceArgs([]string{"dev", "-h1"}); got[1] != "-h1" {
		t.Errorf("another command's flag became %q", got[1])
	}
}

func TestExporterFlagsAreChecked(t *testing.T) {
	for _, c := range []struct{ flag, want string }{
		{"--log.format=text", `--log.format: "text" is none of logfmt, json`},
		{"--scraping-interval=0", "--scraping-interval: 0 is less than a second"},
		{"--metrics-per-query=501", "--metrics-per-query: 501 is not between 1 and 500"},
		{"--tag-concurrency=0", "--cloudwatch-concurrency and --tag-concurrency: at least one call at once is needed"},
		{"--cost.daily-cap=-1", "--cost.daily-cap: must not be negative"},
		{"--enable-feature=x", `--enable-feature: "x" is none of always-return-info-metrics, aws-sdk-v2, aws-sdk-v1`},
		{"--log.level=loud", `--log.level: "loud" is none of debug, info, warn, error`},
	} {
		var out, errs strings.Builder
		if code := execute(context.Background(), []string{"cloudwatch", c.flag}, &out, &errs); code != exitMisuse || !strings.Contains(errs.String(), c.want) {
			t.Errorf("%s: %d, %s", c.flag, code, errs.String())
		}
	}
}
