package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A clusterServer answers as a Kubernetes API server does about pods, which everybody
// may list and watch, and misbehaves as a test tells it to.
type clusterServer struct {
	*httptest.Server
	mu       sync.Mutex
	cert     tls.Certificate
	ca       string // PEM
	token    string
	pods     map[string]clusterPod // by name
	version  int
	watchers map[chan string]bool
	instead  http.HandlerFunc // answers everything, if not nil
	lists    int              // of pods
}

// A clusterPod is where a pod listens, and the version of the cluster that made it.
type clusterPod struct {
	address string
	version int
}

func newClusterServer(t *testing.T, token string) *clusterServer {
	t.Helper()
	s := &clusterServer{token: token, pods: map[string]clusterPod{}, watchers: map[chan string]bool{}, version: 1}
	s.renew(t)
	s.Server = httptest.NewUnstartedServer(s)
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{s.cert}}, nil
	}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(func() { s.cut(); s.Close() })
	return s
}

// renew gives the server a certificate that nobody knows yet.
func (s *clusterServer) renew(t *testing.T) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "kubernetes"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cert, s.ca = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// kubeconfig is one with the server's certificate and token as they are now.
func (s *clusterServer) kubeconfig() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf(`{"apiVersion": "v1", "kind": "Config", "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
"clusters": [{"name": "c", "cluster": {"server": %q, "certificate-authority-data": %s}}], "users": [{"name": "u", "user": {"token": %q}}]}`, s.URL, jsonText([]byte(s.ca)), s.token)
}

func jsonText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// set changes how the server behaves, and ends connections as they are.
func (s *clusterServer) set(change func()) {
	s.mu.Lock()
	change()
	s.mu.Unlock()
	s.cut()
}

// cut ends all watches and connections.
func (s *clusterServer) cut() {
	s.mu.Lock()
	for w := range s.watchers {
		close(w)
		delete(s.watchers, w)
	}
	s.mu.Unlock()
	s.CloseClientConnections()
}

// put adds a pod, and tells it to the watches that there are unless quietly: those hear
// nothing of it, a list and a watch that comes later do.
func (s *clusterServer) put(name, address string, quietly bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	s.pods[name] = clusterPod{address, s.version}
	if !quietly {
		s.event(s.added(name))
	}
}

// gone tells every watch that it is too old, as an API server does whose history does
// not go that far back.
func (s *clusterServer) gone() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.event(`{"type": "ERROR", "object": {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 410, "reason": "Expired", "message": "too old resource version"}}` + "\n")
}

func (s *clusterServer) event(text string) {
	for w := range s.watchers {
		w <- text
	}
}

func (s *clusterServer) added(name string) string {
	return fmt.Sprintf(`{"type": "ADDED", "object": %s}`+"\n", s.pod(name))
}

func (s *clusterServer) pod(name string) string {
	p := s.pods[name]
	host, port, _ := strings.Cut(p.address, ":")
	return fmt.Sprintf(`{"kind": "Pod", "apiVersion": "v1", "metadata": {"name": %[1]q, "namespace": "default", "uid": %[1]q, "resourceVersion": "%[2]d"},
"spec": {"containers": [{"name": "c", "ports": [{"containerPort": %[3]s}]}]}, "status": {"phase": "Running", "podIP": %[4]q}}`, name, p.version, port, host)
}

func (s *clusterServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // only then is a client's leaving noticed
	s.mu.Lock()
	instead, token := s.instead, s.token
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case instead != nil:
		instead(w, r)
	case r.Header.Get("Authorization") != "Bearer "+token:
		s.refuse(w, http.StatusUnauthorized, "Unauthorized")
	case r.URL.Path == "/version":
		fmt.Fprint(w, `{"major": "1", "minor": "35", "gitVersion": "v1.35.3"}`)
	case r.URL.Path == "/.well-known/openid-configuration":
		fmt.Fprint(w, `{"issuer": "https://issuer.example.org"}`)
	case strings.HasSuffix(r.URL.Path, "/selfsubjectaccessreviews"):
		fmt.Fprint(w, `{"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1", "status": {"allowed": true}}`)
	case r.URL.Path == "/api/v1/pods" && r.URL.Query().Get("sendInitialEvents") != "":
		s.refuse(w, http.StatusUnprocessableEntity, "sendInitialEvents is forbidden")
	case r.URL.Path == "/api/v1/pods" && r.URL.Query().Get("watch") != "":
		s.watch(w, r)
	case r.URL.Path == "/api/v1/pods":
		s.list(w)
	default:
		s.refuse(w, http.StatusNotFound, "the server could not find the requested resource")
	}
}

func (s *clusterServer) refuse(w http.ResponseWriter, code int, text string) {
	w.WriteHeader(code)
	fmt.Fprintf(w, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": %d, "message": %q}`, code, text)
}

func (s *clusterServer) list(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists++
	var items []string
	for name := range s.pods {
		items = append(items, s.pod(name))
	}
	fmt.Fprintf(w, `{"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "%d"}, "items": [%s]}`, s.version, strings.Join(items, ","))
}

// watch tells what came after the version that is asked for, and what comes.
func (s *clusterServer) watch(w http.ResponseWriter, r *http.Request) {
	since, err := strconv.Atoi(r.URL.Query().Get("resourceVersion"))
	if err != nil {
		s.refuse(w, http.StatusBadRequest, "resourceVersion: "+err.Error())
		return
	}
	events := make(chan string, 100)
	s.mu.Lock()
	for name, p := range s.pods {
		if p.version > since {
			fmt.Fprint(w, s.added(name))
		}
	}
	s.watchers[events] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.watchers, events)
		s.mu.Unlock()
	}()
	flush := http.NewResponseController(w).Flush
	for {
		_ = flush()
		select {
		case e, ok := <-events:
			if !ok {
				return
			}
			fmt.Fprint(w, e)
		case <-r.Context().Done():
			return
		}
	}
}
