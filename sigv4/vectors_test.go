package sigv4

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
)

const (
	exampleSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	exampleScope  = "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
)

var exampleTime = time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)

// arrived turns text into the request that a server would see, and its body.
func arrived(t testing.TB, text string) (*http.Request, Body) {
	t.Helper()
	head, body, _ := strings.Cut(text, "\n\n")
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n" + body)))
	if err != nil {
		t.Fatalf("request as a server reads it: %v", err)
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r, BodyOf(raw)
}

// The keys, the time and the signatures are those of AWS's published
// Signature Version 4 test suite; a signature is a fact about the request.
var published = []struct {
	name, request, headers, signature string
	body                              string
}{
	{"vanilla", "GET / HTTP/1.1", "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31", ""},
	{"query sorted by name", "GET /?Param2=value2&Param1=value1 HTTP/1.1", "host;x-amz-date", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500", ""},
	{"one parameter", "GET /?Param1=value1 HTTP/1.1", "host;x-amz-date", "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb", ""},
	{"unicode query", "GET /?%E1%88%B4=bar HTTP/1.1", "host;x-amz-date", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04", ""},
	{"unicode path", "GET /\u1234 HTTP/1.1", "host;x-amz-date", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85", ""},
	{"unreserved path", "GET /-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz HTTP/1.1", "host;x-amz-date", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f", ""},
	{"doubled slashes", "GET //example// HTTP/1.1", "host;x-amz-date", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84", ""},
	{"post", "POST / HTTP/1.1", "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b", ""},
	{"post with query", "POST /?Param1=value1 HTTP/1.1", "host;x-amz-date", "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11", ""},
	{"token not signed", "POST / HTTP/1.1\nX-Amz-Security-Token: AQoDYXdzEPT", "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b", ""},
	{"repeated header", "GET / HTTP/1.1\nMy-Header1: value2\nMy-Header1: value2\nMy-Header1: value1", "host;my-header1;x-amz-date", "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea", ""},
	{"blanks in headers", "GET / HTTP/1.1\nMy-Header1:  value1\nMy-Header2:  \"a   b   c\"", "host;my-header1;my-header2;x-amz-date", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736", ""},
	{"form body", "POST / HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\nContent-Length: 13", "content-type;host;x-amz-date", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a", "Param1=value1"},
}

func TestPublishedVectors(t *testing.T) {
	for _, c := range published {
		t.Run(c.name, func(t *testing.T) {
			line, more, _ := strings.Cut(c.request, "\n")
			if more != "" {
				more = "\n" + more
			}
			r, body := arrived(t, line+"\nHost: example.amazonaws.com\nX-Amz-Date: 20150830T123600Z"+more+
				"\nAuthorization: AWS4-HMAC-SHA256 "+exampleScope+"SignedHeaders="+c.headers+", Signature="+c.signature+"\n\n"+c.body)
			check(t, r, body, exampleTime)
		})
	}
}

// check fails unless r carries a good signature of exampleSecret.
func check(t testing.TB, r *http.Request, body Body, now time.Time) {
	t.Helper()
	s, err := Parse(r)
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	var v Verifier
	for _, again := range []string{"fresh key", "kept key"} {
		if err := v.Verify(s, r, Known{Secret: exampleSecret, Body: body, Now: now}); err != nil {
			t.Fatalf("%s: %v\n%s", again, err, canonicalOf(err))
		}
	}
}

func canonicalOf(err error) string {
	if m, ok := errors.AsType[*Mismatch](err); ok {
		return m.Canonical
	}
	return ""
}

// The worked example of the IAM guide.
func TestGuideExample(t *testing.T) {
	r, body := arrived(t, `GET /?Action=ListUsers&Version=2010-05-08 HTTP/1.1
Host: iam.amazonaws.com
Content-Type: application/x-www-form-urlencoded; charset=utf-8
X-Amz-Date: 20150830T123600Z
Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7

`)
	check(t, r, body, exampleTime)

	r.Header.Set("Content-Type", "text/plain")
	s, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	err = new(Verifier).Verify(s, r, Known{Secret: exampleSecret, Body: body, Now: exampleTime})
	m, ok := errors.AsType[*Mismatch](err)
	if !ok || hearth.KindOf(err) != hearth.Unauthenticated {
		t.Fatalf("Verify = %v, want an Unauthenticated mismatch", err)
	}
	const want = `GET
/
Action=ListUsers&Version=2010-05-08
content-type:text/plain
host:iam.amazonaws.com
x-amz-date:20150830T123600Z

content-type;host;x-amz-date
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855`
	if m.Canonical != want {
		t.Errorf("canonical request\n%s\nwant\n%s", m.Canonical, want)
	}
	if e, _ := errors.AsType[*hearth.Error](err); !strings.Contains(e.Msg, "should have been\n'"+want+"'") {
		t.Errorf("the caller is not shown the canonical request: %q", e.Msg)
	}
}
