package sso

import (
	"compress/flate"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/hearth-metrics/hearth"
)

// An idp is a SAML identity provider that also does what none should.
type idp struct {
	t      testing.TB
	key    *rsa.PrivateKey
	cert   []byte
	entity string
}

var newKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func newIDP(t testing.TB) *idp {
	t.Helper()
	key, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	return newIDPWith(t, key)
}

func newIDPWith(t testing.TB, key *rsa.PrivateKey) *idp {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "idp"},
		NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &idp{t, key, der, "https://idp.example.org/metadata"}
}

func (p *idp) metadata() string {
	return `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + p.entity + `"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` +
		`<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>` + base64.StdEncoding.EncodeToString(p.cert) + `</X509Certificate></X509Data></KeyInfo></KeyDescriptor>` +
		`<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example.org/slo"/>` +
		`<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example.org/sso?tenant=1"/></IDPSSODescriptor></EntityDescriptor>`
}

// saml makes the workspace use the identity provider.
func (h *house) saml(p *idp, id hearth.GrafanaID) {
	h.set(id, func(a *hearth.GrafanaAuthentication) {
		a.Providers = []string{hearth.ProviderSAML}
		a.SAML = hearth.GrafanaSAML{
			MetadataXML: p.metadata(), NameAttribute: "displayName", LoginAttribute: "login", EmailAttribute: "mail", GroupsAttribute: "groups", RoleAttribute: "role", OrgAttribute: "org",
			AdminValues: []string{"boss"}, EditorValues: []string{"writer"},
		}
	})
}

// An answer is a response to be made. Zero fields are right ones.
type reply struct {
	h         *house
	ws        hearth.GrafanaID
	request   string // InResponseTo
	name      string // NameID
	format    string
	attrs     map[string][]string
	sign      string // assertion, response, both, none
	method    string // of the signature
	at        time.Duration
	replace   []string // texts before the signature
	assertion string   // its ID
}

const responseText = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r1" Version="2.0" IssueInstant="NOW" Destination="ACS" InResponseTo="REQUEST">` +
	`<saml:Issuer>ISSUER</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>` +
	`<saml:Assertion ID="ASSERTION" Version="2.0" IssueInstant="NOW"><saml:Issuer>ISSUER</saml:Issuer>` +
	`<saml:Subject><saml:NameID Format="FORMAT">NAME</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="LATER" Recipient="ACS" InResponseTo="REQUEST"/></saml:SubjectConfirmation></saml:Subject>` +
	`<saml:Conditions NotBefore="BEFORE" NotOnOrAfter="LATER"><saml:AudienceRestriction><saml:Audience>AUDIENCE</saml:Audience></saml:AudienceRestriction></saml:Conditions>` +
	`<saml:AuthnStatement AuthnInstant="NOW" SessionIndex="s1"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` +
	`<saml:AttributeStatement>ATTRIBUTES</saml:AttributeStatement></saml:Assertion></samlp:Response>`

func (p *idp) document(r reply) *etree.Document {
	p.t.Helper()
	now := r.h.clock().Add(r.at)
	ws, err := r.h.Lookup(p.t.Context(), r.ws)
	if err != nil {
		p.t.Fatal(err)
	}
	var attrs strings.Builder
	for name, values := range r.attrs {
		fmt.Fprintf(&attrs, `<saml:Attribute Name="%s">`, name)
		for _, v := range values {
			fmt.Fprintf(&attrs, `<saml:AttributeValue>%s</saml:AttributeValue>`, v)
		}
		attrs.WriteString(`</saml:Attribute>`)
	}
	text := strings.NewReplacer(append(r.replace,
		"NOW", stamp(now), "BEFORE", stamp(now.Add(-time.Minute)), "LATER", stamp(now.Add(5*time.Minute)), "ACS", acsURL(ws), "AUDIENCE", entityID(ws),
		"REQUEST", r.request, "ISSUER", p.entity, "FORMAT", orElse(r.format, "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"), "NAME", orElse(r.name, "anna"),
		"ATTRIBUTES", attrs.String(), "ASSERTION", orElse(r.assertion, "_a"+hashOf(newSecret())[:8]))...).Replace(responseText)
	text = strings.ReplaceAll(text, ` InResponseTo=""`, "")
	doc := etree.NewDocument()
	if err := doc.ReadFromString(text); err != nil {
		p.t.Fatalf("%v in %s", err, text)
	}
	if r.sign == "" || r.sign == "assertion" || r.sign == "both" {
		p.signIn(doc.Root(), doc.Root().SelectElement("Assertion"), r.method)
	}
	if r.sign == "response" || r.sign == "both" {
		p.signElement(doc.Root(), r.method)
	}
	return doc
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// signIn signs a child as the identity provider would have signed it alone.
func (p *idp) signIn(parent, el *etree.Element, method string) {
	p.t.Helper()
	at := el.Index()
	own, err := detached(el)
	if err != nil {
		p.t.Fatal(err)
	}
	p.signElement(own, method)
	parent.RemoveChild(el)
	parent.InsertChildAt(at, own)
}

func (p *idp) signElement(el *etree.Element, method string) {
	p.t.Helper()
	c, err := dsig.NewSigningContext(p.key, [][]byte{p.cert})
	if err != nil {
		p.t.Fatal(err)
	}
	c.IdAttribute, c.Canonicalizer = "ID", dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if err := c.SetSignatureMethod(orElse(method, dsig.RSASHA256SignatureMethod)); err != nil {
		p.t.Fatal(err)
	}
	sig, err := c.ConstructSignature(el, true)
	if err != nil {
		p.t.Fatal(err)
	}
	el.InsertChildAt(1, sig)
}

func encoded(t testing.TB, doc *etree.Document) string {
	t.Helper()
	text, err := doc.WriteToBytes()
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(text)
}

func (p *idp) response(r reply) string { p.t.Helper(); return encoded(p.t, p.document(r)) }

// begin starts a sign-in and returns the id of the request that reached the
// identity provider.
func (b *browser) begin(id hearth.GrafanaID, query string) (request string, q url.Values) {
	b.t.Helper()
	a := b.get("/grafana/" + string(id) + "/login/saml" + query)
	if a.status != http.StatusSeeOther {
		b.t.Fatalf("login/saml: %d %s\n%s", a.status, a.body, b.h.lastEvent())
	}
	u, err := url.Parse(a.to)
	if err != nil {
		b.t.Fatal(err)
	}
	small, err := base64.StdEncoding.DecodeString(u.Query().Get("SAMLRequest"))
	if err != nil {
		b.t.Fatal(err)
	}
	text, err := io.ReadAll(flate.NewReader(strings.NewReader(string(small))))
	if err != nil {
		b.t.Fatal(err)
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(text); err != nil {
		b.t.Fatal(err)
	}
	return doc.Root().SelectAttrValue("ID", ""), u.Query()
}

// post gives a response to the workspace and follows to the end.
func (b *browser) post(id hearth.GrafanaID, response, relay string) got {
	b.t.Helper()
	form := url.Values{"SAMLResponse": {response}}
	if relay != "" {
		form.Set("RelayState", relay)
	}
	a := b.form("/grafana/"+string(id)+"/saml/acs", form)
	if a.status != http.StatusSeeOther {
		return a
	}
	return b.get(a.to)
}

// in is how far a sign-in got: who the browser is, or the reason in the ledger.
func (b *browser) in(id hearth.GrafanaID, response string) string {
	b.t.Helper()
	a := b.post(id, response, "")
	if a.status == http.StatusSeeOther {
		return b.who(id)
	}
	for line := range strings.Lines(b.h.lastEvent()) {
		if reason, ok := strings.CutPrefix(line, "reason: "); ok {
			return fmt.Sprintf("%d %s", a.status, strings.TrimSpace(reason))
		}
	}
	return fmt.Sprintf("%d %s", a.status, a.body)
}
