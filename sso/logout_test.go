package sso

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

func (p *idp) logoutText(h *house, name, destination string) string {
	return fmt.Sprintf(`<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="%s" Version="2.0" IssueInstant="%s" Destination="%s">`+
		`<saml:Issuer>%s</saml:Issuer><saml:NameID>%s</saml:NameID></samlp:LogoutRequest>`, "_"+newSecret(), stamp(h.clock()), destination, p.entity, name)
}

var idPattern = regexp.MustCompile(` ID="[^"]*"`)

// signedQuery is a message of the HTTP-Redirect binding.
func (p *idp) signedQuery(t *testing.T, text string) string {
	t.Helper()
	var small bytes.Buffer
	w, err := flate.NewWriter(&small, 9)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	q := "SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(small.Bytes())) + "&RelayState=r&SigAlg=" + url.QueryEscape(dsig.RSASHA256SignatureMethod)
	sum := sha256.Sum256([]byte(q))
	sig, err := rsa.SignPKCS1v15(rand.Reader, p.key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return q + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(sig))
}

// The identity provider ends sessions; nobody else does.
func TestLogoutByTheProvider(t *testing.T) {
	h, p := openHouse(t, nil), newIDP(t)
	h.saml(p, kitchen)
	slo := "/grafana/" + string(kitchen) + "/saml/slo"
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	stranger := newIDPWith(t, key)
	anna, bert := h.signedIn(t, p, "anna"), h.signedIn(t, p, "bert")
	good := p.logoutText(h, "anna", h.server.URL+slo)
	unsignedQuery, _, _ := strings.Cut(p.signedQuery(t, good), "&SigAlg")
	for name, query := range map[string]string{
		"unsigned":          unsignedQuery,
		"by a stranger":     stranger.signedQuery(t, good),
		"another name":      strings.Replace(p.signedQuery(t, good), "RelayState=r", "RelayState=x", 1),
		"two requests":      p.signedQuery(t, good) + "&SAMLRequest=x",
		"for another place": p.signedQuery(t, p.logoutText(h, "anna", "https://elsewhere.example.org")),
		"of another issuer": p.signedQuery(t, strings.Replace(good, p.entity, "https://elsewhere.example.org", 1)),
		"without an ID":     p.signedQuery(t, idPattern.ReplaceAllString(good, "")),
		"nobody":            p.signedQuery(t, strings.Replace(good, "anna", "", 1)),
		"a DTD":             p.signedQuery(t, "<!DOCTYPE x>"+good),
		"a bomb":            p.signedQuery(t, strings.Repeat(" ", 4<<20)+good),
		"nothing":           "",
	} {
		h.slow = newLimiter(h.clock)
		if a := h.browser().get(slo + "?" + query); a.status != http.StatusForbidden {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	if got := anna.who(kitchen); got != "anna Admin" {
		t.Fatalf("somebody else ended the session: %s", got)
	}
	a := h.browser().get(slo + "?" + p.signedQuery(t, good))
	if a.status != http.StatusSeeOther || !strings.HasPrefix(a.to, "https://idp.example.org/slo?SAMLResponse=") || !strings.Contains(a.to, "RelayState=r") {
		t.Errorf("%+v\n%s", a, h.lastEvent())
	}
	if a, b := anna.who(kitchen), bert.who(kitchen); a != "401" || b != "bert Admin" {
		t.Errorf("anna %s, bert %s", a, b)
	}
	anna = h.signedIn(t, p, "anna")
	h.slow = newLimiter(h.clock)
	if a := h.browser().get(slo + "?" + p.signedQuery(t, good)); a.status != http.StatusForbidden || anna.who(kitchen) != "anna Admin" {
		t.Errorf("played again: %+v", a)
	}
	if got := h.lastEvent(); !strings.Contains(got, "was used before") {
		t.Errorf("the ledger does not tell of the replay: %s", got)
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromString(p.logoutText(h, "bert", h.server.URL+slo)); err != nil {
		t.Fatal(err)
	}
	p.signElement(doc.Root(), "")
	if a := h.browser().form(slo, url.Values{"SAMLRequest": {encoded(t, doc)}}); a.status != http.StatusSeeOther || bert.who(kitchen) != "401" {
		t.Errorf("posted: %+v\n%s", a, h.lastEvent())
	}
}
