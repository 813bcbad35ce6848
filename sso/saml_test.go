package sso

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"html"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/hearth-metrics/hearth"
)

// A person comes in by SAML, however the response is signed, with the role that
// the assertion gives, and back to the page they asked for.
func TestSAML(t *testing.T) {
	h, p := openHouse(t, nil), newIDP(t)
	h.saml(p, kitchen)
	for _, c := range []struct {
		sign, method string
		attrs        map[string][]string
		want         string
	}{
		{"assertion", "", map[string][]string{"login": {"anna"}, "role": {"cook", "boss"}}, "anna Admin"},
		{"response", "", map[string][]string{"login": {"anna"}, "role": {"writer"}}, "anna Editor"},
		{"both", dsig.RSASHA512SignatureMethod, map[string][]string{"login": {"anna"}, "role": {"Boss"}}, "anna Viewer"},
		{"assertion", "", map[string][]string{"mail": {"anna@example.org"}}, "anna@example.org Viewer"},
		{"assertion", "", nil, "anna Viewer"},
	} {
		b := h.browser()
		request, q := b.begin(kitchen, "?return_to=/d/abc")
		a := b.post(kitchen, p.response(reply{h: h, ws: kitchen, request: request, sign: c.sign, method: c.method, attrs: c.attrs}), q.Get("RelayState"))
		if a.status != http.StatusSeeOther || !strings.HasSuffix(a.to, "/grafana/"+string(kitchen)+"/d/abc") {
			t.Fatalf("%+v: %d %s %s\n%s", c, a.status, a.to, a.body, h.lastEvent())
		}
		if got := b.who(kitchen); got != c.want {
			t.Errorf("%+v: %s, want %s\n%s", c, got, c.want, h.lastEvent())
		}
		if got := b.who(cellar); got != "401" {
			t.Errorf("the session opens another workspace: %s", got)
		}
		h.pass(time.Minute)
	}
	if n := len(h.users[kitchen]); n != 1 {
		t.Errorf("%d users, want 1: it is one identity", n)
	}
}

// Why someone is a Viewer only stands in the ledger.
func TestDowngradeIsExplained(t *testing.T) {
	h, p := openHouse(t, nil), newIDP(t)
	h.saml(p, kitchen)
	for _, c := range []struct {
		attrs map[string][]string
		want  []string
	}{
		{map[string][]string{"role": {"Boss"}}, []string{`the attribute "role" has no value that stands for Admin or Editor`, `actual: "Boss"`, `Admin: "boss"; Editor: "writer"`, "differ in upper and lower case only"}},
		{map[string][]string{"Role": {"boss"}}, []string{`the assertion has no attribute "role"`, "the assertion has these attributes: Role"}},
	} {
		b := h.browser()
		request, _ := b.begin(kitchen, "")
		if got := b.in(kitchen, p.response(reply{h: h, ws: kitchen, request: request, attrs: c.attrs})); got != "anna Viewer" {
			t.Fatalf("%v: %s", c.attrs, got)
		}
		for _, want := range c.want {
			if e := h.lastEvent(); !strings.Contains(e, want) {
				t.Errorf("the ledger lacks %q:\n%s", want, e)
			}
		}
	}
}

func TestOrganizations(t *testing.T) {
	h, p := openHouse(t, nil), newIDP(t)
	h.saml(p, kitchen)
	h.set(kitchen, func(a *hearth.GrafanaAuthentication) { a.SAML.AllowedOrganizations = []string{"home"} })
	for _, c := range []struct {
		orgs []string
		want string
	}{{[]string{"home"}, "anna Viewer"}, {[]string{"away", "home"}, "anna Viewer"}, {[]string{"Home"}, "403 organization"}, {nil, "403 organization"}} {
		b := h.browser()
		request, _ := b.begin(kitchen, "")
		if got := b.in(kitchen, p.response(reply{h: h, ws: kitchen, request: request, attrs: map[string][]string{"org": c.orgs}})); got != c.want {
			t.Errorf("%v: %s, want %s\n%s", c.orgs, got, c.want, h.lastEvent())
		}
	}
	if e := h.lastEvent(); !strings.Contains(e, `expected: "home"`) || !strings.Contains(e, "attribute: org") {
		t.Errorf("not explained:\n%s", e)
	}
}

// The subject is the identity; what changes at each sign-in is none.
func TestTransientSubject(t *testing.T) {
	h, p := openHouse(t, nil), newIDP(t)
	h.saml(p, kitchen)
	transient := "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
	for i, name := range []string{"x1", "x2"} {
		b := h.browser()
		request, _ := b.begin(kitchen, "")
		if got := b.in(kitchen, p.response(reply{h: h, ws: kitchen, request: request, name: name, format: transient, attrs: map[string][]string{"login": {"anna"}}})); got != "anna Viewer" {
			t.Fatalf("%d: %s", i, got)
		}
	}
	if n := len(h.users[kitchen]); n != 1 {
		t.Errorf("%d users, want 1", n)
	}
	b := h.browser()
	request, _ := b.begin(kitchen, "")
	if got := b.in(kitchen, p.response(reply{h: h, ws: kitchen, request: request, name: "x3", format: transient})); got != "403 subject" {
		t.Errorf("without a login: %s", got)
	}
}

// The validity, and the identity provider's own session, bound ours.
func TestValidity(t *testing.T) {
	h, p := openHouse(t, nil), newIDP(t)
	h.saml(p, kitchen)
	h.set(kitchen, func(a *hearth.GrafanaAuthentication) { a.SAML.LoginValidity = 8 * time.Hour })
	for _, c := range []struct {
		replace []string
		life    time.Duration
	}{{nil, 8 * time.Hour}, {[]string{`SessionIndex="s1"`, `SessionIndex="s1" SessionNotOnOrAfter="` + stamp(h.clock().Add(9*time.Hour)) + `"`}, time.Hour}} {
		b := h.browser()
		request, _ := b.begin(kitchen, "")
		if got := b.in(kitchen, p.response(reply{h: h, ws: kitchen, request: request, replace: c.replace})); got != "anna Viewer" {
			t.Fatal(got)
		}
		h.pass(c.life - time.Second)
		if got := b.who(kitchen); got != "anna Viewer" {
			t.Errorf("a second before the end: %s", got)
		}
		h.pass(time.Second)
		if got := b.who(kitchen); got != "401" {
			t.Errorf("at the end: %s", got)
		}
	}
}

// Metadata by URL is fetched once, and again when a new certificate needs it.
func TestMetadataByURL(t *testing.T) {
	h, p := openHouse(t, nil), newIDP(t)
	h.saml(p, kitchen)
	var asked atomic.Int32
	var now atomic.Pointer[idp]
	now.Store(p)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		q := now.Load()
		if q == nil {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		_, _ = w.Write([]byte(q.metadata()))
	}))
	defer s.Close()
	h.set(kitchen, func(a *hearth.GrafanaAuthentication) { a.SAML.MetadataXML, a.SAML.MetadataURL = "", s.URL })
	try := func(p *idp) string {
		b := h.browser()
		request, _ := b.begin(kitchen, "")
		return b.in(kitchen, p.response(reply{h: h, ws: kitchen, request: request}))
	}
	for range 3 {
		if got := try(p); got != "anna Viewer" {
			t.Fatal(got)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("fetched %d times, want once", n)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	newer := newIDPWith(t, key)
	now.Store(newer)
	h.pass(time.Minute)
	if got := try(newer); got != "anna Viewer" {
		t.Errorf("with a new certificate: %s\n%s", got, h.lastEvent())
	}
	if got := try(p); got != "403 signature" {
		t.Errorf("with the old certificate: %s", got)
	}
	now.Store(nil)
	h.pass(2 * time.Hour)
	if got := try(newer); got != "anna Viewer" {
		t.Errorf("while the provider is down: %s", got)
	}
	h.pass(48 * time.Hour)
	if a := h.browser().get("/grafana/" + string(kitchen) + "/login/saml"); a.status != http.StatusServiceUnavailable {
		t.Errorf("after two days: %d", a.status)
	}
}

// The request is signed with the key that is in our metadata, also after a
// restart.
func TestRequestIsSigned(t *testing.T) {
	h, p := openHouse(t, nil), newIDP(t)
	h.saml(p, kitchen)
	before := h.browser().get("/grafana/" + string(kitchen) + "/saml/metadata").body
	h.restart()
	after := h.browser().get("/grafana/" + string(kitchen) + "/saml/metadata").body
	if before != after || !strings.Contains(after, `entityID="`+h.server.URL+"/grafana/"+string(kitchen)+`/saml/metadata"`) || strings.Contains(after, "encryption") {
		t.Errorf("metadata:\n%s\nafter a restart:\n%s", before, after)
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromString(after); err != nil {
		t.Fatal(err)
	}
	cert, err := readCertificate(doc.FindElement("//X509Certificate").Text())
	if err != nil {
		t.Fatal(err)
	}
	to := h.browser().get("/grafana/" + string(kitchen) + "/login/saml").to
	_, query, _ := strings.Cut(to, "?tenant=1&")
	signed, signature, _ := strings.Cut(query, "&Signature=")
	_, method, _ := strings.Cut(signed, "&SigAlg=")
	if f := checkQuerySignature(signed, method, signature, append(certsOf(t, p), cert)); f != nil {
		t.Errorf("%v: %s", f, to)
	}
	if f := checkQuerySignature(signed+"x", method, signature, append(certsOf(t, p), cert)); f == nil {
		t.Error("a signature over something else holds")
	}
}

// A provider that takes requests by POST only gets them signed within.
func TestRequestByPost(t *testing.T) {
	h, p := openHouse(t, nil), newIDP(t)
	h.saml(p, kitchen)
	h.set(kitchen, func(a *hearth.GrafanaAuthentication) {
		a.SAML.MetadataXML = strings.Replace(p.metadata(), `bindings:HTTP-Redirect" Location="https://idp.example.org/sso`, `bindings:HTTP-POST" Location="https://idp.example.org/sso`, 1)
	})
	b := h.browser()
	a := b.get("/grafana/" + string(kitchen) + "/login/saml?return_to=/d/x")
	if a.status != http.StatusOK || !strings.Contains(a.body, `action="https://idp.example.org/sso?tenant=1"`) || !strings.Contains(a.body, `name="RelayState" value="/d/x"`) ||
		!strings.Contains(a.header.Get("Content-Security-Policy"), "form-action https://idp.example.org;") {
		t.Fatalf("%d %s %v", a.status, a.body, a.header)
	}
	_, value, _ := strings.Cut(a.body, `name="SAMLRequest" value="`)
	value, _, _ = strings.Cut(value, `"`)
	text, err := base64.StdEncoding.DecodeString(html.UnescapeString(value))
	if err != nil {
		t.Fatal(err)
	}
	root, f := readXML(text, false)
	if f != nil {
		t.Fatal(f)
	}
	key, err := h.signingKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(key.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	signed, f := verify(root, []*x509.Certificate{cert}, h.clock())
	if f != nil {
		t.Fatal(f)
	}
	if got := b.in(kitchen, p.response(reply{h: h, ws: kitchen, request: signed.SelectAttrValue("ID", "")})); got != "anna Viewer" {
		t.Error(got)
	}
}

// Metadata that cannot work is refused, and says why.
func TestMetadataRefusals(t *testing.T) {
	good := newIDP(t).metadata()
	for want, text := range map[string]string{
		"is not acceptable":            `<!DOCTYPE x [<!ENTITY a "b">]>` + good,
		"is not SAML metadata":         `<html></html>`,
		"has no IDPSSODescriptor":      `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="x"></EntityDescriptor>`,
		"has no entityID":              strings.Replace(good, "https://idp.example.org/metadata", "", 1),
		"has no SingleSignOnService":   strings.Replace(good, "SingleSignOnService", "Other", 1),
		"has no certificate":           strings.Replace(good, `use="signing"`, `use="encryption"`, 1),
		"no http or https address":     strings.Replace(good, "https://idp.example.org/sso", "https://u:p@idp.example.org/sso", 1),
		"invalid url scheme":           strings.Replace(good, "https://idp.example.org/sso", "javascript:alert(1)//", 1),
		"certificate that cannot be":   strings.Replace(good, "<X509Certificate>", "<X509Certificate>AAAA", 1),
		"is longer than 1048576 bytes": good + strings.Repeat(" ", maxMetadata),
	} {
		if _, err := ParseMetadata([]byte(text)); hearth.KindOf(err) != hearth.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// Who asks first for an identity provider's metadata and goes away takes it from
// nobody.
func TestMetadataOutlivesWhoAsked(t *testing.T) {
	p := newIDP(t)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(p.metadata())) }))
	defer s.Close()
	var known idps
	known.init(s.Client(), time.Now)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, ctx := range []context.Context{gone, t.Context()} {
		if got, err := known.of(ctx, &hearth.GrafanaSAML{MetadataURL: s.URL}, false); err != nil || got.EntityID == "" {
			t.Errorf("%+v, %v", got, err)
		}
	}
}
