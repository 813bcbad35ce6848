package sigv4

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/golang/snappy"
	"github.com/prometheus/common/config"
	prom "github.com/prometheus/sigv4"
)

// A gate is a real HTTP server that answers 200 to what verifies and otherwise
// 403 with the reason.
type gate struct {
	*httptest.Server
	mu      sync.Mutex
	saw     []*Signature
	chunked int // bodies that came without a length
}

func newGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{}
	var v Verifier
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := g.admit(&v, r); err != nil {
			http.Error(w, err.Error()+"\n"+canonicalOf(err), http.StatusForbidden)
		}
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *gate) admit(v *Verifier, r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	s, err := Parse(r)
	if err != nil {
		return err
	}
	g.note(s, r)
	return v.Verify(s, r, Known{Secret: exampleSecret, Body: BodyOf(body), Now: time.Now(), TLS: r.TLS != nil})
}

func (g *gate) note(s *Signature, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.saw = append(g.saw, s)
	if r.ContentLength < 0 {
		g.chunked++
	}
}

// signatures returns what the gate parsed so far.
func (g *gate) signatures() []*Signature {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.saw)
}

// expectOK sends r and fails the test with the gate's reason if it was refused.
func expectOK(t *testing.T, rt http.RoundTripper, r *http.Request) {
	t.Helper()
	resp, err := rt.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK {
		t.Errorf("%s %s: %s\n%s", r.Method, r.URL, resp.Status, answer)
	}
}

var exampleKeys = aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: exampleSecret}

func newRequest(t testing.TB, method, target string, body []byte) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, target, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sign signs r as aws-sdk-go-v2 does.
func sign(t testing.TB, r *http.Request, body []byte, at time.Time) {
	t.Helper()
	signAs(t, r, body, at, exampleKeys, "us-east-1")
}

func signAs(t testing.TB, r *http.Request, body []byte, at time.Time, keys aws.Credentials, region string) {
	t.Helper()
	sum := BodyOf(body).SHA256
	if err := v4.NewSigner().SignHTTP(context.Background(), keys, r, hex.EncodeToString(sum[:]), "aps", region, at); err != nil {
		t.Fatal(err)
	}
}

var targets = []string{
	"/workspaces",
	"/workspaces/ws-1/api/v1/query?query=up",
	"/workspaces/ws-1/api/v1/query?query=sum%28rate%28x%5B5m%5D%29%29+by+%28job%29&time=1700000000.123",
	"/workspaces/ws-1/api/v1/series?match[]=up&match[]={job=\"a%20b\"}&match[]=a-b&match[]=a/b",
	"/workspaces/ws-1/api/v1/query?query=%7Bv%3D%22%C3%BC%2B1%22%7D&empty&empty=&query=again",
	"/workspaces/ws-1/api/v1/label/f%C3%B6%C3%B6/values",
	"/workspaces/ws-1/api/v1/remote_write/",
	"/workspaces//ws-1///api/v1/remote_write",
	"/tags/arn%3Aaws%3Aaps%3Aus-west-2%3A123456789012%3Arulegroupsnamespace%2Fws-1%2Fns?tagKeys=a%20b&tagKeys=a",
	"/tags/arn:aws:aps:us-west-2:123456789012:workspace/ws-1",
	"/workspaces/ws-1/a%20b;c=d,e@f!$&'()*+",
	"/?",
	"",
}

func TestSDKRequests(t *testing.T) {
	g := newGate(t)
	for _, target := range targets {
		for _, body := range []string{"", `{"alias":"kitchen"}`} {
			r := newRequest(t, http.MethodPost, g.URL+target, []byte(body))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("X-Odd-Name", "  two   blanks\tand a tab ")
			sign(t, r, []byte(body), time.Now())
			expectOK(t, http.DefaultTransport, r)
		}
	}
}

func TestSDKSessionTokenAndEmptyRegion(t *testing.T) {
	g := newGate(t)
	keys := exampleKeys
	keys.SessionToken = "IQoJb3JpZ2luX2Vj//////////+token="
	r := newRequest(t, http.MethodGet, g.URL+"/workspaces", nil)
	signAs(t, r, nil, time.Now(), keys, "")
	expectOK(t, http.DefaultTransport, r)
	got := g.signatures()[0]
	if got.Token != keys.SessionToken || got.Region != "" || got.Service != "aps" || got.AccessKeyID != "AKIDEXAMPLE" {
		t.Errorf("Parse = %+v", got)
	}
}

func TestSDKPresigned(t *testing.T) {
	g := newGate(t)
	keys := exampleKeys
	keys.SessionToken = "to+ken/=="
	r := newRequest(t, http.MethodGet, g.URL+"/workspaces/ws-1/api/v1/query?query=a+b%2Bc&X-Amz-Expires=60", nil)
	r.Header.Set("X-K8s-Aws-Id", "cluster")
	u, headers, err := v4.NewSigner().PresignHTTP(context.Background(), keys, r, emptySHA256, "aps", "us-east-1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	r = newRequest(t, http.MethodGet, u, nil)
	r.Header = headers
	expectOK(t, http.DefaultTransport, r)
	got := g.signatures()[0]
	if !got.Presigned || got.Token != keys.SessionToken || got.Expires != time.Minute {
		t.Errorf("Parse = %+v", got)
	}
}

// A body sent on in chunks has lost the Content-Length that was signed.
func TestRechunkedBody(t *testing.T) {
	g := newGate(t)
	body := []byte("twelve bytes")
	r := newRequest(t, http.MethodPost, g.URL+"/workspaces", body)
	sign(t, r, body, time.Now())
	if !strings.Contains(r.Header.Get("Authorization"), "content-length;") {
		t.Fatal("the SDK no longer signs content-length")
	}
	r.ContentLength = -1
	expectOK(t, http.DefaultTransport, r)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.chunked != 1 {
		t.Error("the test did not send chunks")
	}
}

func TestPrometheusRoundTripper(t *testing.T) {
	g := newGate(t)
	rt, err := prom.NewSigV4RoundTripper(&prom.SigV4Config{
		Region: "us-east-1", AccessKey: "AKIDEXAMPLE", SecretKey: config.Secret(exampleSecret),
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range targets {
		body := snappy.Encode(nil, bytes.Repeat([]byte("series"), 100))
		r := newRequest(t, http.MethodPost, g.URL+target, body)
		r.Header.Set("Content-Type", "application/x-protobuf")
		r.Header.Set("Content-Encoding", "snappy")
		r.Header.Set("User-Agent", "Prometheus/3.15.0")
		r.Header.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
		r.Header.Set("Uber-Trace-Id", "1:2:3:4")
		expectOK(t, rt, r)
	}
}

// prometheus/sigv4 before v0.2 signs with aws-sdk-go v1, on a copy of the
// request: the path is cleaned (and loses its last slash) on both, but only the
// copy gets the query sorted, before encoding, and the host without the port
// that http implies. Older ones, in prometheus/common, leave the path alone.
func TestOldPrometheusRequests(t *testing.T) {
	for _, target := range targets {
		u, err := url.Parse("http://hearth.example:80" + target)
		if err != nil {
			t.Fatal(err)
		}
		u.Path, u.RawPath = path.Clean("/"+u.Path), ""
		sent := newRequest(t, http.MethodPost, u.String(), nil)
		signed := sent.Clone(context.Background())
		signed.URL.RawQuery = strings.ReplaceAll(sortedDecoded(signed.URL.Query()), "+", "%20")
		authorise(signed, "hearth.example", encodePath(signed.URL.EscapedPath()), exampleTime)
		sent.Header = signed.Header
		r, body := onTheWire(t, sent)
		check(t, r, body, exampleTime)
	}
}

func sortedDecoded(q url.Values) string {
	for _, values := range q {
		for i := range values {
			for j := i; j > 0 && values[j-1] > values[j]; j-- {
				values[j-1], values[j] = values[j], values[j-1]
			}
		}
	}
	return q.Encode()
}

// authorise signs host and date of r the way a client would that writes down
// the path as given and the query as it is.
func authorise(r *http.Request, host, canonicalPath string, at time.Time) {
	s := &Signature{AccessKeyID: "AKIDEXAMPLE", Date: at.Format(dateLayout), Region: "us-east-1", Service: "aps", Time: at, SignedHeaders: []string{"host", "x-amz-date"}}
	r.Header.Set("X-Amz-Date", stamp(at))
	p := proof{r: r, s: s, key: derive(s, exampleSecret)}
	p.holds(reading{path: canonicalPath, query: r.URL.RawQuery, host: host}, emptySHA256)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"+s.Scope()+", SignedHeaders=host;x-amz-date, Signature="+hex.EncodeToString(p.buf))
}

// onTheWire returns r as a server receives it.
func onTheWire(t testing.TB, r *http.Request) (*http.Request, Body) {
	t.Helper()
	var wire bytes.Buffer
	if err := r.Write(&wire); err != nil {
		t.Fatal(err)
	}
	return arrived(t, strings.ReplaceAll(wire.String(), "\r\n", "\n"))
}

// Grafana signs with aws-sdk-go v1 and sends exactly what it signed.
func TestGrafanaRequests(t *testing.T) {
	for _, target := range targets {
		sent := newRequest(t, http.MethodGet, "http://127.0.0.1:4750"+target, nil)
		sent.URL.RawQuery = strings.ReplaceAll(sortedDecoded(sent.URL.Query()), "+", "%20")
		p := sent.URL.EscapedPath()
		if p == "" {
			p = "/"
		}
		authorise(sent, sent.Host, encodePath(p), exampleTime)
		r, body := onTheWire(t, sent)
		check(t, r, body, exampleTime)
	}
}

// awscurl encodes and sorts what was typed, which it then sends as typed.
func TestAwscurlRequest(t *testing.T) {
	r, body := arrived(t, "POST /workspaces/ws-1/api/v1/query?query=sum(rate(x[5m]))&match[]=up&match[]={a} HTTP/1.1\nHost: h:80\n\n")
	r.URL.RawQuery = "match%5B%5D=up&match%5B%5D=%7Ba%7D&query=sum%28rate%28x%5B5m%5D%29%29"
	authorise(r, "h", "/workspaces/ws-1/api/v1/query", exampleTime)
	check(t, r, body, exampleTime)
}

func TestUnsigned(t *testing.T) {
	for name, set := range map[string]func(*http.Request){
		"nothing":     func(*http.Request) {},
		"bearer":      func(r *http.Request) { r.Header.Set("Authorization", "Bearer abc") },
		"basic":       func(r *http.Request) { r.SetBasicAuth("a", "b") },
		"empty":       func(r *http.Request) { r.Header.Set("Authorization", "") },
		"token alone": func(r *http.Request) { r.URL.RawQuery = "X-Amz-Security-Token=x" },
	} {
		r := newRequest(t, http.MethodGet, "http://h/", nil)
		set(r)
		if s, err := Parse(r); s != nil || !errors.Is(err, ErrUnsigned) {
			t.Errorf("%s: Parse = %v, %v, want ErrUnsigned", name, s, err)
		}
	}
}
