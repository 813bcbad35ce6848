package cluster

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// xor is a sealer for tests: what it seals cannot be read by chance.
type xor struct{}

func (xor) Seal(plain []byte, about string) []byte {
	out := append([]byte(about+"\x00"), plain...)
	for i := range out {
		out[i] ^= 0x5a
	}
	return out
}

func (xor) Open(box []byte, about string) ([]byte, error) {
	plain := slices.Clone(box)
	for i := range plain {
		plain[i] ^= 0x5a
	}
	text, ok := strings.CutPrefix(string(plain), about+"\x00")
	if !ok {
		return nil, fmt.Errorf("not sealed for %s", about)
	}
	return []byte(text), nil
}

// An apiServer is one that does what a test tells it to. It answers as Kubernetes
// does what the room asks, with the rights in allowed.
type apiServer struct {
	*httptest.Server
	mu        sync.Mutex
	token     string          // the one it takes
	allowed   map[string]bool // VERB GROUP/RESOURCE or VERB URL, of whoever is impersonated
	seen      []seen
	instead   http.HandlerFunc // answers everything, if not nil
	objects   map[string]string
	redirects map[string]string
	issuer    string
	powerless string // who may nothing, whatever is allowed
}

// seen is a request as it arrived.
type seen struct {
	method, path, auth, user string
	groups                   []string
}

func newAPIServer(t *testing.T, token string) *apiServer {
	t.Helper()
	a := &apiServer{token: token, allowed: map[string]bool{}, objects: map[string]string{}, issuer: "https://issuer.example.org"}
	a.Server = httptest.NewTLSServer(a)
	t.Cleanup(a.Close)
	return a
}

func (a *apiServer) set(change func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change()
}

func (a *apiServer) requests() []seen {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.seen)
}

func (a *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.seen = append(a.seen, seen{r.Method, r.URL.Path, r.Header.Get("Authorization"), r.Header.Get("Impersonate-User"), r.Header.Values("Impersonate-Group")})
	instead, token := a.instead, a.token
	a.mu.Unlock()
	if instead != nil {
		instead(w, r)
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+token {
		status(w, http.StatusUnauthorized, "Unauthorized")
		return
	}
	a.answer(w, r)
}

func status(w http.ResponseWriter, code int, text string) {
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{"kind": "Status", "message": text, "code": code})
}

func (a *apiServer) answer(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.redirects[r.URL.Path] != "":
		http.Redirect(w, r, a.redirects[r.URL.Path], http.StatusTemporaryRedirect)
	case r.URL.Path == "/version":
		_, _ = io.WriteString(w, `{"major":"1","minor":"35+","gitVersion":"v1.35.3"}`)
	case r.URL.Path == "/.well-known/openid-configuration":
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": a.issuer})
	case r.URL.Path == "/openid/v1/jwks":
		_, _ = io.WriteString(w, `{"keys":[]}`)
	case r.URL.Path == reviewPath:
		a.reviewed(w, r)
	case r.Method == http.MethodGet && a.objects[r.URL.Path] != "":
		_, _ = io.WriteString(w, a.objects[r.URL.Path])
	default:
		status(w, http.StatusNotFound, "the server could not find the requested resource")
	}
}

func (a *apiServer) reviewed(w http.ResponseWriter, r *http.Request) {
	var review authorizationv1.SelfSubjectAccessReview
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
		status(w, http.StatusBadRequest, err.Error())
		return
	}
	if n := review.Spec.NonResourceAttributes; n != nil {
		review.Status.Allowed = a.allowed[n.Verb+" "+n.Path]
	} else {
		s := review.Spec.ResourceAttributes
		resource := s.Resource
		if s.Subresource != "" {
			resource += "/" + s.Subresource
		}
		review.Status.Allowed = a.allowed[s.Verb+" "+s.Group+"/"+resource]
	}
	review.Status.Allowed = review.Status.Allowed && (a.powerless == "" || r.Header.Get("Impersonate-User") != a.powerless)
	_ = json.NewEncoder(w).Encode(review)
}

func (a *apiServer) ca() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Certificate().Raw}))
}

func (a *apiServer) kubeconfig(token string) string { return kubeconfig(a.URL, a.ca(), token) }

func kubeconfig(server, ca, token string) string {
	text, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": "c",
		"contexts": []any{map[string]any{"name": "c", "context": map[string]string{"cluster": "c", "user": "u"}}},
		"clusters": []any{map[string]any{"name": "c", "cluster": map[string]any{"server": server, "certificate-authority-data": []byte(ca)}}},
		"users":    []any{map[string]any{"name": "u", "user": map[string]string{"token": token}}},
	})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// A bed is a room with its store.
type bed struct {
	*Room
	st   *store.SQLite
	now  time.Time
	pins []string
}

func (b *bed) PinProvider(_ context.Context, account hearth.AccountID, issuer, owner string, clientIDs []string, keys []byte) error {
	b.pins = append(b.pins, fmt.Sprintf("%s %s %s %v %s", account, issuer, owner, clientIDs, keys))
	return nil
}

func newBed(t *testing.T, change func(*Options)) *bed {
	t.Helper()
	st, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "store"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	b := &bed{st: st, now: time.Now()}
	o := Options{Store: st, Sealer: xor{}, Dial: (&net.Dialer{}).DialContext, Providers: b, Now: func() time.Time { return b.now }}
	if change != nil {
		change(&o)
	}
	b.Room = New(o)
	return b
}

// as is a context of a caller of the account in us-west-2.
func as(t *testing.T, account hearth.AccountID) context.Context {
	t.Helper()
	return hearth.WithCaller(t.Context(), hearth.Caller{Account: account, Region: "us-west-2"})
}

const alice, bob hearth.AccountID = "111111111111", "222222222222"

func (b *bed) register(t *testing.T, a *apiServer, name string) hearth.ARN {
	t.Helper()
	c, err := b.Register(as(t, alice), Registration{Name: name, Kubeconfig: a.kubeconfig(a.token)})
	if err != nil {
		t.Fatal(err)
	}
	return c.ARN()
}
