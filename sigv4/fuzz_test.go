package sigv4

import (
	"bufio"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hearth-metrics/hearth"
)

func FuzzParse(f *testing.F) {
	f.Add("GET", "/", algorithm+" "+goodCredential+", "+goodHeaders+", "+goodSignature, "20150830T123600Z", "")
	f.Add("GET", "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=k%2F20150830%2Fr%2Faps%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=0a", "", "", "")
	f.Add("POST", "//a/../%zz?b=%zz;c", "AWS4-HMAC-SHA256 Credential=", "Sun, 30 Aug 2015 12:36:00 GMT", unsignedPayload)
	var v Verifier
	f.Fuzz(func(t *testing.T, method, target, auth, date, claimed string) {
		r := &http.Request{Method: method, RequestURI: target, URL: &url.URL{Path: "/"}, Host: "h", Header: http.Header{
			"Authorization": {auth}, "X-Amz-Date": {date}, "X-Amz-Content-Sha256": {claimed},
		}}
		s, err := Parse(r)
		if err != nil {
			if s != nil || hearth.KindOf(err) != hearth.Unauthenticated {
				t.Errorf("Parse = %v, %v", s, err)
			}
			return
		}
		if s.AccessKeyID == "" || s.Service == "" || !slices.Contains(s.SignedHeaders, "host") {
			t.Errorf("Parse = %+v without an error", s)
		}
		if err := v.Verify(s, r, Known{Secret: exampleSecret, Now: s.Time, TLS: true}); hearth.KindOf(err) != hearth.Unauthenticated {
			t.Errorf("Verify = %v for a signature made without the secret", err)
		}
	})
}

// FuzzVerify lets a stranger who has seen a signed request change it: whatever
// still verifies must mean the same.
func FuzzVerify(f *testing.F) {
	text := signedText(f)
	want, wantBody := readText(text)
	f.Add(text)
	f.Add(strings.Replace(text, "a=1&b=2", "b=2&%61=1", 1))
	for old, other := range map[string]string{
		"%2B": "+", "%20": "+", "%3B": ";", "%25": "%", "x%2B": "x%2b", "&q": "&&q", "=1": "", "/ws-1/": "//ws-1/./", "/api/v1": "/api/v1/%2e%2e/v1",
	} {
		f.Add(strings.Replace(text, old, other, 1))
	}
	f.Add(strings.Replace(text, "Content-Length: 8", "Transfer-Encoding: chunked", 1))
	f.Add(strings.Replace(text, "Content-Encoding", "content-encoding", 1))
	var v Verifier
	f.Fuzz(func(t *testing.T, text string) {
		r, body := readText(text)
		if r == nil {
			return
		}
		s, err := Parse(r)
		if err != nil {
			return
		}
		if err := v.Verify(s, r, Known{Secret: exampleSecret, Body: BodyOf(body), Now: exampleTime}); err != nil {
			return
		}
		if diff := cmp.Diff(meaning(want, wantBody), meaning(r, body)); diff != "" {
			t.Errorf("verified, but means something else:\n%s\n%s", diff, text)
		}
	})
}

func readText(text string) (*http.Request, []byte) {
	head, body, _ := strings.Cut(text, "\n\n")
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n" + body)))
	if err != nil {
		return nil, nil
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, nil
	}
	return r, raw
}

type meant struct {
	Method, Path, Host, Body string
	Query                    url.Values
	Headers                  map[string]string
}

// meaning is what handlers act on.
func meaning(r *http.Request, body []byte) meant {
	m := meant{Method: r.Method, Path: squeezePath(r.URL.EscapedPath()), Host: r.Host, Body: string(body), Query: r.URL.Query(), Headers: map[string]string{}}
	for _, values := range m.Query {
		slices.Sort(values)
	}
	for _, name := range []string{"Content-Encoding", "Content-Type", "X-Amz-Security-Token", "X-Prometheus-Remote-Write-Version"} {
		m.Headers[name] = string(appendTrimmed(nil, strings.Join(r.Header[name], ",")))
	}
	return m
}
