package main

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hearth-metrics/hearth/test/kube"
)

// scriptT lets a script start what a test can start.
type scriptT struct{ *testscript.TestScript }

func (t scriptT) Helper() {}

func (t scriptT) Skipf(format string, args ...any) { t.Fatalf(format, args...) }

func (t scriptT) Cleanup(f func()) { t.Defer(f) }

func (t scriptT) TempDir() string {
	dir, err := os.MkdirTemp(t.Getenv("WORK"), "kube-")
	t.Check(err)
	return dir
}

// kubernetes start [NAME] runs a Kubernetes API server and sets KUBECONFIG (of an
// administrator), KUBE_SERVER, KUBE_ISSUER, KUBE_CA and KUBE_THUMBPRINT, with NAME_ before them for
// a further cluster, and puts kubectl on PATH. kubernetes stop|restart [NAME] ends
// it at once and starts it again. kubernetes user USER FILE [NAME] writes a
// kubeconfig for a user. kubernetes resign FILE CLAIM=VALUE [NAME] changes a claim
// of the token in a file (a duration means that long from now) and
// signs it again.
func kubernetes(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 || neg {
		ts.Fatalf("usage: kubernetes start|stop|restart|user|resign …")
	}
	clusters := ts.Value("kubernetes").(map[string]*kube.Cluster)
	verb, args := args[0], args[1:]
	want := map[string]int{"start": 0, "stop": 0, "restart": 0, "user": 2, "resign": 2}[verb]
	name := ""
	if len(args) > want {
		name = args[want]
	}
	if verb == "start" {
		clusters[name] = startKubernetes(ts, name)
		return
	}
	c := clusters[name]
	if c == nil || len(args) < want {
		ts.Fatalf("kubernetes %s: no such cluster, or too few arguments", verb)
	}
	switch verb {
	case "stop":
		c.Stop()
	case "restart":
		c.Restart()
	case "user":
		text, err := os.ReadFile(c.KubeconfigFor(args[0]))
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), text, 0o600))
	case "resign":
		resign(ts, c, args[0], args[1])
	default:
		ts.Fatalf("kubernetes %s: unknown", verb)
	}
}

func startKubernetes(ts *testscript.TestScript, name string) *kube.Cluster {
	c := kube.Start(scriptT{ts}, kube.Options{})
	prefix := ""
	if name != "" {
		prefix = name + "_"
	}
	for key, value := range map[string]string{"KUBECONFIG": c.Kubeconfig, "KUBE_SERVER": c.Server, "KUBE_ISSUER": c.Issuer, "KUBE_CA": c.CAFile, "KUBE_THUMBPRINT": c.Thumbprint} {
		ts.Setenv(prefix+key, value)
	}
	bin := ts.MkAbs("kubernetes-bin")
	if _, err := os.Stat(bin); err != nil {
		ts.Check(os.Mkdir(bin, 0o700))
		ts.Check(os.Symlink(c.Kubectl, filepath.Join(bin, "kubectl")))
		ts.Setenv("PATH", bin+string(os.PathListSeparator)+ts.Getenv("PATH"))
	}
	return c
}

// resign changes the claim CLAIM=VALUE of the token in a file. A VALUE that is a
// duration is a time from now.
func resign(ts *testscript.TestScript, c *kube.Cluster, file, claim string) {
	name, text, _ := strings.Cut(claim, "=")
	var value any = text
	if d, err := time.ParseDuration(text); err == nil {
		value = time.Now().Add(d).Unix()
	}
	changed := c.Resign(strings.TrimSpace(ts.ReadFile(file)), func(claims map[string]any) { claims[name] = value })
	ts.Check(os.WriteFile(ts.MkAbs(file), []byte(changed), 0o600))
}

// exchange FILE ACCOUNT asks for a session of the account's role ingest with the
// web identity token in a file, as SDKs do it, and prints the answer. The request
// id is then in $ID.
func exchange(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 || neg {
		ts.Fatalf("usage: exchange FILE ACCOUNT")
	}
	form := url.Values{
		"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"}, "RoleSessionName": {"pod"},
		"RoleArn": {"arn:aws:iam::" + args[1] + ":role/ingest"}, "WebIdentityToken": {strings.TrimSpace(ts.ReadFile(args[0]))},
	}
	ts.Check(os.WriteFile(ts.MkAbs("form"), []byte(form.Encode()), 0o600))
	ts.Check(ts.Exec("curl", "-sS", "-i", "--data-binary", "@form", ts.Getenv("AWS_ENDPOINT_URL")))
	requestID(ts, false, []string{"ID"})
}
