package main

import (
	"os"
	"os/exec"
	"slices"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hearth-metrics/hearth/test/port"
)

// prometheusSender WHICH CONFIG FLAG… runs a real Prometheus (WHICH is a program, or
// current-prometheus) with that configuration file until the script ends.
// The configuration file may use $VARIABLES of the script.
func prometheusSender(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || neg {
		ts.Fatalf("usage: prometheus PROGRAM CONFIG FLAG…")
	}
	program, err := peer(args[0])
	ts.Check(err)
	text := os.Expand(ts.ReadFile(args[1]), ts.Getenv)
	config := ts.MkAbs(args[0] + ".yml")
	ts.Check(os.WriteFile(config, []byte(text), 0o600))
	out := &safeBuffer{}
	where := "--storage.tsdb.path="
	if slices.Contains(args[2:], "--agent") {
		where = "--storage.agent.path="
	}
	flags := []string{"--config.file=" + config, where + ts.MkAbs(args[0]+"-data"), "--web.listen-address=127.0.0.1:" + port.For(scriptT{ts})}
	cmd := exec.Command(program, append(flags, args[2:]...)...)
	cmd.Env = environment(ts, "PATH", "HOME", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION",
		"AWS_ENDPOINT_URL_STS", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE")
	cmd.Stdout, cmd.Stderr = out, out
	ts.Check(cmd.Start())
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	ts.Defer(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			_ = cmd.Process.Kill()
			<-done
		}
		ts.Logf("%s: %s", args[0], out)
	})
}
