package awsapi

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/hearth-metrics/hearth"
)

// Clients join URLs carelessly; what reaches a room is always tidy.
func TestDataPlanePaths(t *testing.T) {
	d := openDoor(t, nil)
	w := d.workspaceOf(alice, "us-west-2", "kitchen")
	base := "/workspaces/" + string(w.ID)
	cases := []struct {
		method, url, want string // want: the path Query sees
	}{
		{"GET", base + "/api/v1/query?query=up", "/api/v1/query"},
		{"POST", base + "/api/v1/query?query=up", "/api/v1/query"},
		{"POST", base + "//api/v1/query", "/api/v1/query"},
		{"POST", "/" + base + "/api/v1/query/", "/api/v1/query"},
		{"GET", base + "/api/v1/label/job/values", "/api/v1/label/job/values"},
		{"GET", base + "/api/v1/label/U__a_2e_b/values", "/api/v1/label/U__a_2e_b/values"},
		{"GET", base + "/api/v1/label/a%2Fb/values", "/api/v1/label/a%2Fb/values"},
		{"GET", base + "/api/v1/status/buildinfo", "/api/v1/status/buildinfo"},
		{"GET", base + "/api/v1/labels/", "/api/v1/labels"},
	}
	for _, c := range cases {
		d.seen = nil
		status, body := d.say(ask{by: &alice, method: c.method, url: c.url})
		if status != 200 || len(d.seen) != 1 || d.seen[0].path != c.want {
			t.Errorf("%s %s: %d %s, seen %+v, want path %s", c.method, c.url, status, body, d.seen, c.want)
		}
	}
}

// A room gets the workspace, the caller and the body, and the body in one piece
// if it asks.
func TestDataPlaneContext(t *testing.T) {
	d := openDoor(t, nil)
	w := d.workspaceOf(alice, "us-west-2", "kitchen")
	body := strings.Repeat("samples ", 100_000)
	var whole string
	d.opts.Ingest = &wholeIngest{d, &whole}
	res := d.do(ask{by: &alice, method: "POST", url: "/workspaces/" + string(w.ID) + "/api/v1/remote_write/", body: body,
		spoil: func(r *http.Request) { r.ContentLength = -1 }})
	if res.StatusCode != 200 {
		t.Fatal(res.Status)
	}
	got := d.seen[0]
	want := hearth.Caller{Principal: alice.principal(), Account: alice.account, Region: "us-west-2",
		RequestID: hearth.RequestID(res.Header.Get("X-Amzn-Requestid"))}
	if diff := cmp.Diff(want, got.caller); diff != "" {
		t.Errorf("caller (-want +got):\n%s", diff)
	}
	if got.workspace != w.ID || got.body != body || whole != body {
		t.Errorf("workspace %s, body of %d bytes, whole of %d; want %s and %d", got.workspace, len(got.body), len(whole), w.ID, len(body))
	}
	if n := d.bodies.taken.Load(); n != 0 {
		t.Errorf("%d bytes are still held", n)
	}
}

type wholeIngest struct {
	*door
	whole *string
}

func (w *wholeIngest) RemoteWrite(rw http.ResponseWriter, r *http.Request) {
	*w.whole = string(r.Body.(interface{ Bytes() []byte }).Bytes())
	w.door.RemoteWrite(rw, r)
}

func TestBodyLimits(t *testing.T) {
	d := openDoor(t, func(o *Options) { o.Profile = hearth.AWSStrict; o.BodyMemory = 2 << 20 })
	w := d.workspaceOf(alice, "us-west-2", "kitchen")
	write := ask{by: &alice, method: "POST", url: "/workspaces/" + string(w.ID) + "/api/v1/remote_write"}
	chunked := func(r *http.Request) { r.ContentLength = -1 }
	cases := []struct {
		name  string
		size  int
		spoil func(*http.Request)
		held  int64
		want  int
	}{
		{"at the limit", 1_000_000, nil, 0, 200},
		{"at the limit, chunked", 1_000_000, chunked, 0, 200},
		{"over", 1_000_001, nil, 0, 413},
		{"over, chunked", 1_000_001, chunked, 0, 413},
		{"memory is spent", 1_000_000, chunked, 2 << 20, 503},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a := write
			a.body, a.spoil = strings.Repeat("x", c.size), c.spoil
			d.bodies.taken.Add(c.held)
			defer d.bodies.taken.Add(-c.held)
			res := d.do(a)
			if res.StatusCode != c.want {
				text, _ := io.ReadAll(res.Body)
				t.Errorf("%d %s, want %d", res.StatusCode, text, c.want)
			}
			if c.want == 503 && res.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			if n := d.bodies.taken.Load(); n != c.held {
				t.Errorf("%d bytes are held, want %d", n, c.held)
			}
		})
	}
}

// The body of a stranger is not read.
func TestStrangersBodyIsNotRead(t *testing.T) {
	d := openDoor(t, nil)
	nobody := person{key: "AKIANOBODY", secret: "x"}
	for _, by := range []*person{nil, &nobody} {
		a := ask{by: by, method: "POST", url: "/workspaces/ws-1/api/v1/remote_write"}
		r := a.request(t)
		body := &countedBody{}
		r.Body, r.ContentLength = body, 1000
		d.ServeHTTP(httptest.NewRecorder(), r)
		if body.reads != 0 {
			t.Errorf("the body of %v was read", by)
		}
	}
}

type countedBody struct{ reads int }

func (c *countedBody) Read([]byte) (int, error) { c.reads++; return 0, io.EOF }
func (c *countedBody) Close() error             { return nil }

// A presigned GET needs no header of its own.
func TestPresigned(t *testing.T) {
	d := openDoor(t, nil)
	w := d.workspaceOf(alice, "us-west-2", "kitchen")
	sign := func(method string) *http.Request {
		u := "http://hearth.test:4750/workspaces/" + string(w.ID) + "/api/v1/query?X-Amz-Expires=60&query=up"
		r := httptest.NewRequest(method, u, nil)
		signed, _, err := v4.NewSigner().PresignHTTP(t.Context(), aws.Credentials{AccessKeyID: alice.key, SecretAccessKey: alice.secret},
			r, emptySum, "aps", "us-west-2", noon)
		if err != nil {
			t.Fatal(err)
		}
		return httptest.NewRequest(method, signed, nil)
	}
	for method, want := range map[string]int{"GET": 200, "POST": 403} {
		rec := httptest.NewRecorder()
		d.ServeHTTP(rec, sign(method))
		if rec.Code != want {
			t.Errorf("presigned %s: %d %s, want %d", method, rec.Code, rec.Body, want)
		}
	}
}

const emptySum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// Small bodies do not hold large buffers, and buffers are used again.
func TestBodiesHoldWhatTheyNeed(t *testing.T) {
	p := &bodies{budget: 1 << 20}
	large, err := p.read(strings.NewReader(strings.Repeat("x", 100_000)), -1, 1<<20, claimant{})
	if err != nil || len(large.bytes()) != 100_000 {
		t.Fatalf("%d bytes, %v", len(large.bytes()), err)
	}
	p.put(&large)
	small, err := p.read(strings.NewReader("query=up"), 8, 1<<20, claimant{})
	if err != nil || string(small.bytes()) != "query=up" || p.taken.Load() > 16 {
		t.Errorf("%q, %v, %d bytes held", small.bytes(), err, p.taken.Load())
	}
	p.put(&small)
	if _, err := p.read(iotest.ErrReader(io.ErrUnexpectedEOF), 8, 1<<20, claimant{}); hearth.KindOf(err) != hearth.Malformed {
		t.Errorf("a body cut short: %v", err)
	}
	if p.taken.Load() != 0 {
		t.Errorf("%d bytes are still held", p.taken.Load())
	}
}

// A handler that panics costs its own request only.
func TestPanicIsAnswered(t *testing.T) {
	d := openDoor(t, nil)
	d.opts.Query = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oven") })
	w := d.workspaceOf(alice, "us-west-2", "kitchen")
	status, body := d.say(ask{by: &alice, method: "GET", url: "/workspaces/" + string(w.ID) + "/api/v1/query"})
	if status != 500 || strings.Contains(body, "oven") {
		t.Errorf("%d %s", status, body)
	}
}
