package main

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// debianPython is the one that Debian's pysaml2 belongs to.
const debianPython = "/usr/bin/python3"

// signInPeer tells whether an identity provider for sign-ins is there.
func signInPeer(name string) error {
	switch name {
	case "pysaml2":
		return exec.Command(debianPython, "-c", "import saml2").Run()
	case "oidc-provider":
		_, err := os.Stat(filepath.Join("..", "..", "test", "peers", "oidc", "node_modules", name))
		return err
	}
	return fmt.Errorf("no identity provider is called %s", name)
}

// identityProvider pysaml2|oidc-provider PORT [CALLBACK] runs a real identity
// provider until the script ends. Its next visitor is the person of
// idp/person.json.
func identityProvider(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || neg {
		ts.Fatalf("usage: idp pysaml2|oidc-provider PORT [CALLBACK]")
	}
	folder := ts.MkAbs("idp")
	ts.Check(os.MkdirAll(folder, 0o700))
	argv := []string{debianPython, filepath.Join(ts.Getenv("PEERS"), "pysaml2", "idp.py"), args[1], folder}
	if args[0] == "oidc-provider" {
		argv = []string{"node", filepath.Join(ts.Getenv("PEERS"), "oidc", "idp.mjs"), args[1], args[2], folder}
	}
	out := &safeBuffer{}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = out, out
	ts.Check(cmd.Start())
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	ts.Defer(func() { _ = cmd.Process.Kill(); <-done })
	tick, deadline := time.NewTicker(50*time.Millisecond), time.After(time.Minute)
	defer tick.Stop()
	for !strings.Contains(out.String(), "ready\n") {
		select {
		case <-done:
			ts.Fatalf("%s ended: %s", args[0], out)
		case <-deadline:
			ts.Fatalf("%s is not ready after a minute: %s", args[0], out)
		case <-tick.C:
		}
	}
}

var (
	formAction = regexp.MustCompile(`<form method="post" action="([^"]*)"`)
	formField  = regexp.MustCompile(`name="(\w+)" value="([^"]*)"`)
)

// aBrowser NAME GET|POST|PRESS URL [BODY] does what a browser does: it keeps
// cookies, follows redirects, and submits the forms by which sign-ins pass from
// one site to the next (PRESS also those that wait for a person). It prints the
// status, the address and the page it ended at.
func aBrowser(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: browser NAME GET|POST|PRESS URL [BODY]")
	}
	c := browserNamed(ts, args[0])
	method, body := args[1], ""
	if method == "PRESS" {
		method = http.MethodGet
	}
	if len(args) > 3 {
		body = args[3]
	}
	res, page := visit(ts, c, method, args[2], body, "application/json")
	for range 3 {
		m := formAction.FindStringSubmatch(page)
		if m == nil || !strings.Contains(page, "SAMLResponse") && args[1] != "PRESS" {
			break
		}
		form := url.Values{}
		for _, f := range formField.FindAllStringSubmatch(page, -1) {
			form.Set(f[1], html.UnescapeString(f[2]))
		}
		to, err := res.Request.URL.Parse(html.UnescapeString(m[1]))
		ts.Check(err)
		res, page = visit(ts, c, http.MethodPost, to.String(), form.Encode(), "application/x-www-form-urlencoded")
	}
	fmt.Fprintf(ts.Stdout(), "%d %s\nx-amzn-RequestId: %s\n%s\n", res.StatusCode, res.Request.URL, res.Header.Get("x-amzn-RequestId"), page)
	if failed := res.StatusCode >= 400; failed != neg {
		ts.Fatalf("browser: %d\n%s", res.StatusCode, page)
	}
}

func visit(ts *testscript.TestScript, c *http.Client, method, at, body, kind string) (*http.Response, string) {
	req, err := http.NewRequest(method, at, strings.NewReader(body))
	ts.Check(err)
	req.Header.Set("Content-Type", kind)
	req.Header.Set("X-Hearth-Session", "1")
	if service := ts.Getenv("SERVICE"); service != "" {
		req.Header.Set("X-Hearth-Service", service)
	}
	res, err := c.Do(req)
	ts.Check(err)
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	ts.Check(err)
	return res, string(text)
}

// browserNamed is a browser of the script, with the cookies it has collected.
func browserNamed(ts *testscript.TestScript, name string) *http.Client {
	h := processes(ts)
	if h.browsers == nil {
		h.browsers = map[string]*http.Client{}
	}
	if h.browsers[name] == nil {
		jar, err := cookiejar.New(nil)
		ts.Check(err)
		h.browsers[name] = &http.Client{Jar: jar, Timeout: 30 * time.Second}
	}
	return h.browsers[name]
}
