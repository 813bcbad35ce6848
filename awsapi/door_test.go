package awsapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/alerting"
	"github.com/hearth-metrics/hearth/cluster"
	"github.com/hearth-metrics/hearth/dashboard"
	"github.com/hearth-metrics/hearth/iam"
	"github.com/hearth-metrics/hearth/ledger"
	"github.com/hearth-metrics/hearth/rules"
	"github.com/hearth-metrics/hearth/scraper"
	"github.com/hearth-metrics/hearth/store"
	"github.com/hearth-metrics/hearth/workspace"
)

var update = flag.Bool("update", false, "rewrite golden files and docs/operations.md")

// noon is when it is in tests.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// The people of the tests: two accounts' roots, and one who is not root.
var (
	alice = person{key: "AKIAALICE", secret: "alice-secret", account: "111111111111", root: true}
	bob   = person{key: "AKIABOB", secret: "bob-secret", account: "222222222222", root: true}
	carol = person{key: "AKIACAROL", secret: "carol-secret", account: "111111111111"}
)

type person struct {
	key, secret string
	token       string // of temporary keys
	account     hearth.AccountID
	root        bool
}

func (p person) principal() hearth.Principal {
	resource := "user/" + strings.ToLower(strings.TrimPrefix(p.key, "AKIA"))
	if p.root {
		resource = "root"
	}
	return hearth.Principal{
		ARN:     hearth.ARN{Partition: "aws", Service: "iam", Account: p.account, Resource: resource},
		Account: p.account, UserID: string(p.account), AccessKeyID: p.key, Root: p.root,
	}
}

type people []person

func (ps people) Secret(_ context.Context, key, _ string) (string, hearth.Principal, error) {
	for _, p := range ps {
		if p.key == key {
			return p.secret, p.principal(), nil
		}
	}
	return "", hearth.Principal{}, &hearth.Error{Kind: hearth.NotFound, Msg: "no such key"}
}

// A door is a Server with everything behind it, in memory or a temporary file.
type door struct {
	*Server
	t    testing.TB
	room *workspace.Room

	mu     sync.Mutex
	events []hearth.Event
	seen   []seen // by Ingest and Query
}

// seen is what reached the data plane.
type seen struct {
	path, body string
	workspace  hearth.WorkspaceID
	caller     hearth.Caller
}

func (d *door) Record(e hearth.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.events = append(d.events, e)
}

func (d *door) Find(_ context.Context, q ledger.Query) ([]hearth.Event, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []hearth.Event
	for _, e := range slices.Backward(d.events) {
		if e.Account == q.Account && (q.RequestID == "" || e.RequestID == q.RequestID) && (q.Workspace == "" || e.Workspace == q.Workspace) && len(out) < q.Limit {
			out = append(out, e)
		}
	}
	return out, nil
}

func (d *door) note(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		d.t.Error(err)
	}
	ws, _ := hearth.WorkspaceFrom(r.Context())
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen = append(d.seen, seen{r.URL.EscapedPath(), string(body), ws.ID, hearth.CallerFrom(r.Context())})
	w.Header().Set("Content-Type", "application/json")
}

func (d *door) RemoteWrite(w http.ResponseWriter, r *http.Request) { d.note(w, r) }
func (d *door) OTLP(w http.ResponseWriter, r *http.Request)        { d.note(w, r) }

func (d *door) eventsOf(id string) []hearth.Event {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(d.events), func(e hearth.Event) bool { return string(e.RequestID) != id })
}

type noEngine struct{}

func (noEngine) Delete(context.Context, hearth.WorkspaceID) error { return nil }

// openDoor starts a Server; change may change its options.
func openDoor(t testing.TB, change func(*Options)) *door {
	t.Helper()
	return openDoorOn(t, noEngine{}, change)
}

func openDoorOn(t testing.TB, e workspace.Engine, change func(*Options)) *door {
	t.Helper()
	st, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "store"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return noon }
	d := &door{t: t}
	o := Options{
		Credentials: people{alice, bob, carol}, Ingest: d, Query: http.HandlerFunc(d.note), Recorder: d, Events: d,
		ExternalURL: "http://hearth.test:4750", Account: alice.account, Now: now,
	}
	if change != nil {
		change(&o)
	}
	d.room = workspace.New(workspace.Options{Store: st, Engine: e, Profile: o.Profile, Now: now})
	o.Workspaces = d.room
	if o.IAM == nil {
		o.IAM = openIAM(t, st, now)
	}
	o.Rules = rules.New(rules.Options{Store: st, Workspaces: d.room, Now: now})
	if o.Alerting, err = alerting.New(alerting.Options{Store: st, Workspaces: d.room, Now: now}); err != nil {
		t.Fatal(err)
	}
	o.Scrapers = scraper.New(scraper.Options{Store: st, Workspaces: d.room, Profile: o.Profile, Now: now})
	if o.Dashboards == nil {
		o.Dashboards = dashboard.New(dashboard.Options{Store: st, Sealer: sealerOf(t, "grafana secret"), ExternalURL: o.ExternalURL, Profile: o.Profile, Recorder: d, Now: now})
	}
	o.Clusters = cluster.New(cluster.Options{Store: st, Sealer: sealerOf(t, "cluster credentials"), Dial: (&net.Dialer{}).DialContext, Providers: o.IAM, Profile: o.Profile, Now: now, Recorder: d})
	d.Server = New(o)

	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = d.room.Run(ctx) })
	running.Go(func() { _ = o.Rules.Run(ctx) })
	running.Go(func() { _ = o.Dashboards.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
		_ = st.Close()
	})
	return d
}

// openIAM has the accounts of alice and bob, with roots that have keys of their
// own.
func openIAM(t testing.TB, st store.Store, now func() time.Time) *iam.Room {
	t.Helper()
	keys, err := iam.ParseKeyring(iam.NewKeyringText())
	if err != nil {
		t.Fatal(err)
	}
	room, err := iam.Open(t.Context(), iam.Options{Store: st, Keys: keys, Now: now, Roots: []iam.RootKey{
		{Account: alice.account, ID: alice.key, Secret: alice.secret}, {Account: bob.account, ID: bob.key, Secret: bob.secret},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return room
}

func sealerOf(t testing.TB, purpose string) *iam.Sealer {
	t.Helper()
	keys, err := iam.ParseKeyring(iam.NewKeyringText())
	if err != nil {
		t.Fatal(err)
	}
	s, err := keys.Sealer(purpose)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// An ask is one request, signed unless by is nil.
type ask struct {
	by              *person
	method, url     string // url from the host on
	body            string
	header          map[string]string
	region, service string // us-west-2 and aps unless said otherwise; "-" for an empty region
	host            string
	at              time.Time
	spoil           func(*http.Request) // after signing
}

func (a ask) request(t testing.TB) *http.Request {
	t.Helper()
	host := a.host
	if host == "" {
		host = "hearth.test:4750"
	}
	r := httptest.NewRequest(a.method, a.url, strings.NewReader(a.body))
	r.Host = host
	for k, v := range a.header {
		r.Header.Set(k, v)
	}
	if a.by != nil {
		a.sign(t, r)
	}
	if a.spoil != nil {
		a.spoil(r)
	}
	return r
}

func (a ask) sign(t testing.TB, r *http.Request) {
	t.Helper()
	sum := sha256.Sum256([]byte(a.body))
	region, service, at := a.region, a.service, a.at
	switch region {
	case "":
		region = "us-west-2"
	case "-":
		region = ""
	}
	if service == "" {
		service = "aps"
	}
	if at.IsZero() {
		at = noon
	}
	r.URL.Host, r.URL.Scheme = r.Host, "http" // the signer reads the host there
	err := v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: a.by.key, SecretAccessKey: a.by.secret, SessionToken: a.by.token},
		r, hex.EncodeToString(sum[:]), service, region, at)
	r.URL.Host, r.URL.Scheme = "", ""
	if err != nil {
		t.Fatal(err)
	}
}

func (d *door) do(a ask) *http.Response {
	d.t.Helper()
	w := httptest.NewRecorder()
	d.ServeHTTP(w, a.request(d.t))
	res := w.Result()
	if res.Header.Get("X-Amzn-Requestid") == "" {
		d.t.Errorf("%s %s: no request id", a.method, a.url)
	}
	return res
}

// say does a and returns status and body.
func (d *door) say(a ask) (int, string) {
	d.t.Helper()
	res := d.do(a)
	body, err := io.ReadAll(res.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// workspaceOf makes a workspace, or finds it, and waits until it and its configuration
// are ACTIVE.
func (d *door) workspaceOf(p person, region hearth.Region, alias string) workspace.Description {
	d.t.Helper()
	caller := hearth.Caller{Principal: p.principal(), Account: p.account, Region: region}
	w, err := d.room.Ensure(d.t.Context(), caller, alias)
	if err != nil {
		d.t.Fatal(err)
	}
	ctx := hearth.WithCaller(d.t.Context(), caller)
	for deadline := time.Now().Add(time.Minute); ; {
		got, err := d.room.Describe(ctx, w.ID)
		if err != nil {
			d.t.Fatal(err)
		}
		config, err := d.room.Configuration(ctx, w.ID)
		if err != nil {
			d.t.Fatal(err)
		}
		if got.Status == hearth.Active && config.Status == hearth.Active {
			return got
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("workspace is %s, want ACTIVE", got.Status)
		}
	}
}

// golden compares got with testdata/name.golden, or rewrites it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; go test ./awsapi -update writes it", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// varying is what differs from run to run.
var varying = []struct {
	re   *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`ws-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`), "ws-1"},
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`), "REQUEST-ID"},
	{regexp.MustCompile(`Signature=[0-9a-f]{64}`), "Signature=…"},
	{regexp.MustCompile(`"nextToken":"[^"]+"`), `"nextToken":"TOKEN"`},
	{regexp.MustCompile(`nextToken=[^& ]+`), `nextToken=TOKEN`},
	{regexp.MustCompile(`\\n[0-9a-f]{64}'`), `\nHASH'`},
}

func steady(s string) string {
	for _, v := range varying {
		s = v.re.ReplaceAllString(s, v.with)
	}
	return s
}

// transcript is a request and its whole answer as text.
func (d *door) transcript(a ask) string {
	d.t.Helper()
	res := d.do(a)
	body, err := io.ReadAll(res.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	var b bytes.Buffer
	b.WriteString(a.method + " " + a.url + "\n")
	if a.body != "" {
		b.WriteString(strings.ToValidUTF8(a.body, "\\x") + "\n")
	}
	b.WriteString("----\n" + res.Status + "\n")
	for _, k := range slices.Sorted(maps(res.Header)) {
		b.WriteString(k + ": " + res.Header.Get(k) + "\n")
	}
	b.WriteString("\n")
	if !utf8.Valid(body) {
		body = strconv.AppendQuote(nil, string(body))
	}
	if len(body) > 0 {
		b.Write(body)
		b.WriteString("\n")
	}
	return steady(b.String()) + "\n"
}

func maps(h http.Header) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range h {
			if !yield(k) {
				return
			}
		}
	}
}

// json does a, which must succeed, and decodes the answer.
func (d *door) json(a ask, into any) {
	d.t.Helper()
	status, body := d.say(a)
	if status/100 != 2 {
		d.t.Fatalf("%s %s: %d %s", a.method, a.url, status, body)
	}
	if err := json.Unmarshal([]byte(body), into); err != nil {
		d.t.Fatalf("%s %s: %v in %s", a.method, a.url, err, body)
	}
}
