package sso

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

const (
	kitchen hearth.GrafanaID = "g-00000000aa"
	cellar  hearth.GrafanaID = "g-00000000bb"
)

// A house is a room with two Grafana workspaces, their people in memory, and a
// real HTTP server before it.
type house struct {
	*Room
	t      testing.TB
	server *httptest.Server
	path   string // of the store
	store  *store.SQLite
	opts   Options

	mu     sync.Mutex
	now    time.Time
	how    map[hearth.GrafanaID]hearth.GrafanaAuthentication
	users  map[hearth.GrafanaID][]*hearth.GrafanaUser
	idents []hearth.Identity // that signed in
	gone   map[int64]bool
	keys   map[string]string // secrets by access key
	events []hearth.Event
}

// testSealer is AES-GCM under one key.
type testSealer struct{ cipher.AEAD }

func newTestSealer(t testing.TB) testSealer {
	t.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return testSealer{aead}
}

func (s testSealer) Seal(plain []byte, about string) []byte {
	nonce := make([]byte, s.NonceSize())
	_, _ = rand.Read(nonce)
	return s.AEAD.Seal(nonce, nonce, plain, []byte(about))
}

func (s testSealer) Open(box []byte, about string) ([]byte, error) {
	if len(box) < s.NonceSize() {
		return nil, errors.New("too short")
	}
	return s.AEAD.Open(nil, box[:s.NonceSize()], box[s.NonceSize():], []byte(about))
}

func openHouse(t testing.TB, change func(*Options)) *house {
	t.Helper()
	h := &house{
		t: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), path: filepath.Join(t.TempDir(), "s.db"),
		how: map[hearth.GrafanaID]hearth.GrafanaAuthentication{kitchen: {}, cellar: {}}, users: map[hearth.GrafanaID][]*hearth.GrafanaUser{},
		gone: map[int64]bool{}, keys: map[string]string{"AKIAROOT": "root-secret", "AKIAUSER": "user-secret"},
	}
	h.server = httptest.NewServer(h)
	t.Cleanup(h.server.Close)
	h.opts = Options{
		Sealer: newTestSealer(t), Client: h.server.Client(), Workspaces: h, Users: h, Credentials: h,
		ExternalURL: h.server.URL, Account: "000000000000", Recorder: h, Now: h.clock,
	}
	if change != nil {
		change(&h.opts)
	}
	h.open()
	t.Cleanup(func() { _ = h.store.Close() })
	return h
}

func (h *house) open() {
	h.t.Helper()
	var err error
	if h.store, err = store.OpenSQLite(h.t.Context(), h.path, store.Options{}); err != nil {
		h.t.Fatal(err)
	}
	h.opts.Store = h.store
	if h.Room, err = New(h.opts); err != nil {
		h.t.Fatal(err)
	}
}

// restart is what a process that died and came back is.
func (h *house) restart() {
	h.t.Helper()
	if err := h.store.Close(); err != nil {
		h.t.Fatal(err)
	}
	h.open()
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// ServeHTTP is the front door, as far as sign-in is concerned.
func (h *house) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	req = req.WithContext(hearth.WithCaller(req.Context(), hearth.Caller{RequestID: "r-1"}))
	err := h.serve(w, req)
	if e, ok := errors.AsType[*hearth.Error](err); ok {
		status := statuses[e.Kind]
		if e.Type == SignInType {
			status = http.StatusUnauthorized
		}
		http.Error(w, e.Msg, max(status, 400))
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func (h *house) serve(w http.ResponseWriter, req *http.Request) error {
	console := map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /ui/session": h.ConsoleWho, "GET /ui/login/options": h.ConsoleOptions, "POST /ui/login": h.ConsoleLogin, "POST /ui/logout": h.ConsoleLogout,
		"GET /ui/login/oidc": h.StartConsoleOIDC, "GET /ui/login/link": h.LinkPage, "POST /ui/login/link": h.FollowLink, "GET " + OIDCCallback: h.Room.OIDCCallback, "GET " + OIDCLoggedOut: h.LoggedOut,
	}
	if f := console[req.Method+" "+req.URL.Path]; f != nil {
		return f(w, req)
	}
	rest, ok := strings.CutPrefix(req.URL.Path, "/grafana/")
	if !ok {
		_, err := fmt.Fprint(w, "app")
		return err
	}
	id, path, _ := strings.Cut(rest, "/")
	ws, err := h.Lookup(req.Context(), hearth.GrafanaID(id))
	if err != nil {
		return err
	}
	f := map[string]func(http.ResponseWriter, *http.Request, hearth.GrafanaWorkspace) error{
		"GET login/options": h.LoginOptions, "GET login/session": h.Who, "POST login": h.Login, "POST logout": h.Logout, "GET login/saml": h.StartSAML,
		"GET login/complete": h.Complete, "GET login/generic_oauth": h.StartOIDC, "GET saml/metadata": h.SAMLMetadata, "POST saml/acs": h.ConsumeSAML,
		"GET saml/slo": h.SAMLLogout, "POST saml/slo": h.SAMLLogout,
	}[req.Method+" "+path]
	if f != nil {
		return f(w, req, ws)
	}
	u, err := h.GrafanaUser(req.Context(), ws, req)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s %s", u.Login, u.Role)
	return err
}

func (h *house) Lookup(_ context.Context, id hearth.GrafanaID) (hearth.GrafanaWorkspace, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.how[id]; !ok {
		return hearth.GrafanaWorkspace{}, &hearth.Error{Kind: hearth.NotFound, Msg: "no such Grafana workspace"}
	}
	return hearth.GrafanaWorkspace{ID: id, Account: "111111111111", Name: "w", URL: h.server.URL + "/grafana/" + string(id), Providers: h.how[id].Providers}, nil
}

func (h *house) Authentication(_ context.Context, id hearth.GrafanaID) (hearth.GrafanaAuthentication, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.how[id], nil
}

func (h *house) SignedIn(_ context.Context, id hearth.GrafanaID, who hearth.Identity) (hearth.GrafanaUser, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if who.Login == "banned" {
		return hearth.GrafanaUser{}, &hearth.Error{Kind: hearth.Denied, Msg: "banned"}
	}
	h.idents = append(h.idents, who)
	role := who.Role
	if role == "" {
		role = hearth.GrafanaViewer
	}
	uid := who.SSOID()
	for _, u := range h.users[id] {
		if u.UID == uid {
			u.Role, u.Login = role, who.Login
			return *u, nil
		}
	}
	u := &hearth.GrafanaUser{Workspace: id, ID: int64(len(h.users[id]) + 1), UID: uid, Login: who.Login, Role: role}
	h.users[id] = append(h.users[id], u)
	return *u, nil
}

func (h *house) User(_ context.Context, id hearth.GrafanaID, n int64) (hearth.GrafanaUser, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.gone[n] || n < 1 || n > int64(len(h.users[id])) {
		return hearth.GrafanaUser{}, &hearth.Error{Kind: hearth.NotFound, Msg: "no such user"}
	}
	return *h.users[id][n-1], nil
}

func (h *house) Secret(_ context.Context, id, token string) (string, hearth.Principal, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	secret, ok := h.keys[id]
	if !ok || (strings.HasPrefix(id, "ASIA") != (token != "")) {
		return "", hearth.Principal{}, &hearth.Error{Kind: hearth.NotFound, Msg: "no such key"}
	}
	p := hearth.Principal{ARN: hearth.ARN{Partition: "aws", Service: "iam", Account: "000000000000", Resource: id}, Account: "000000000000", AccessKeyID: id}
	return secret, p, nil
}

func (h *house) Record(e hearth.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

// lastEvent is the latest event, with its details as text.
func (h *house) lastEvent() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.events) == 0 {
		return ""
	}
	e := h.events[len(h.events)-1]
	text := e.Summary
	for _, d := range e.Details {
		text += "\n" + d.Name + ": " + d.Value
	}
	return text
}

func (h *house) set(id hearth.GrafanaID, change func(*hearth.GrafanaAuthentication)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	a := h.how[id]
	change(&a)
	h.how[id] = a
}

// A browser keeps cookies and follows no redirect by itself.
type browser struct {
	t testing.TB
	h *house
	*http.Client
}

func (h *house) browser() *browser {
	jar, _ := cookiejar.New(nil)
	c := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &browser{h.t, h, c}
}

type got struct {
	status int
	body   string
	to     string // Location
	header http.Header
}

func (b *browser) do(method, at string, body string, header ...string) got {
	b.t.Helper()
	if strings.HasPrefix(at, "/") {
		at = b.h.server.URL + at
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, at, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := b.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	var text strings.Builder
	if _, err := fmt.Fprint(&text, readAll(b.t, res)); err != nil {
		b.t.Fatal(err)
	}
	return got{res.StatusCode, text.String(), res.Header.Get("Location"), res.Header}
}

func readAll(t testing.TB, res *http.Response) string {
	t.Helper()
	var b strings.Builder
	buf := make([]byte, 4096)
	for {
		n, err := res.Body.Read(buf)
		b.Write(buf[:n])
		if err != nil {
			return b.String()
		}
	}
}

func (b *browser) get(at string) got { b.t.Helper(); return b.do("GET", at, "") }
func (b *browser) form(at string, v url.Values) got {
	b.t.Helper()
	return b.do("POST", at, v.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}
func (b *browser) json(at, body string) got {
	b.t.Helper()
	return b.do("POST", at, body, "Content-Type", "application/json")
}

// who asks the Grafana workspace who the browser is.
func (b *browser) who(id hearth.GrafanaID) string {
	b.t.Helper()
	a := b.get("/grafana/" + string(id) + "/api/user")
	if a.status != http.StatusOK {
		return fmt.Sprint(a.status)
	}
	return a.body
}

// count counts a bucket's records.
func (h *house) count(t testing.TB, bucket string) (n int) {
	t.Helper()
	err := h.store.View(t.Context(), func(tx store.Tx) error {
		all, err := tx.Scan(bucket, "", "", 0)
		n = len(all)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
