package sso

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/hearth-metrics/hearth"
)

func certsOf(t testing.TB, p *idp) []*x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(p.cert)
	if err != nil {
		t.Fatal(err)
	}
	return []*x509.Certificate{c}
}

// evil is a copy of el that speaks for somebody else.
func evil(el *etree.Element, id string) *etree.Element {
	c := el.Copy()
	for _, n := range c.FindElements("//NameID") {
		n.SetText("boss@example.org")
	}
	if c.Tag == "Assertion" {
		for _, n := range c.FindElements("./Subject/NameID") {
			n.SetText("boss@example.org")
		}
	}
	c.CreateAttr("ID", id)
	return c
}

func unsigned(el *etree.Element) *etree.Element {
	c := el.Copy()
	for _, s := range c.SelectElements("Signature") {
		c.RemoveChild(s)
	}
	return c
}

// The eight shapes of XML signature wrapping: a genuine signature stays, and what
// is read should be something else. "On Breaking SAML: Be Whoever You Want to Be",
// Somorovsky et al., 2012.
var wrappings = []struct {
	name string
	sign string
	wrap func(doc *etree.Document)
}{
	{"XSW1: the signed response in the signature of a forged one", "response", func(doc *etree.Document) {
		old := doc.Root()
		forged := evil(old, "_forged")
		forged.SelectElement("Signature").AddChild(unsigned(old))
		doc.SetRoot(forged)
	}},
	{"XSW2: the signed response before the signature of a forged one", "response", func(doc *etree.Document) {
		old := doc.Root()
		forged := evil(old, "_forged")
		forged.InsertChildAt(forged.SelectElement("Signature").Index(), unsigned(old))
		doc.SetRoot(forged)
	}},
	{"XSW3: a forged assertion before the signed one", "assertion", func(doc *etree.Document) {
		a := doc.Root().SelectElement("Assertion")
		doc.Root().InsertChildAt(a.Index(), evil(unsigned(a), "_forged"))
	}},
	{"XSW4: a forged assertion around the signed one", "assertion", func(doc *etree.Document) {
		a := doc.Root().SelectElement("Assertion")
		forged := evil(unsigned(a), "_forged")
		doc.Root().RemoveChild(a)
		forged.AddChild(a)
		doc.Root().AddChild(forged)
	}},
	{"XSW5: the signature in a forged assertion, the signed one behind it", "assertion", func(doc *etree.Document) {
		a := doc.Root().SelectElement("Assertion")
		doc.Root().RemoveChild(a)
		doc.Root().AddChild(evil(a, "_forged"))
		doc.Root().AddChild(unsigned(a))
	}},
	{"XSW6: the signed assertion in the signature of a forged one", "assertion", func(doc *etree.Document) {
		a := doc.Root().SelectElement("Assertion")
		doc.Root().RemoveChild(a)
		forged := evil(a, "_forged")
		forged.SelectElement("Signature").AddChild(unsigned(a))
		doc.Root().AddChild(forged)
	}},
	{"XSW7: a forged assertion in Extensions", "assertion", func(doc *etree.Document) {
		a := doc.Root().SelectElement("Assertion")
		ext := etree.NewElement("samlp:Extensions")
		ext.AddChild(evil(unsigned(a), a.SelectAttrValue("ID", "")))
		doc.Root().InsertChildAt(1, ext)
	}},
	{"XSW8: the signed assertion in an Object of the signature", "assertion", func(doc *etree.Document) {
		a := doc.Root().SelectElement("Assertion")
		doc.Root().RemoveChild(a)
		forged := evil(a, a.SelectAttrValue("ID", ""))
		object := etree.NewElement("ds:Object")
		object.AddChild(unsigned(a))
		forged.SelectElement("Signature").AddChild(object)
		doc.Root().AddChild(forged)
	}},
}

func TestSignatureWrapping(t *testing.T) {
	h, p := openHouse(t, nil), newIDP(t)
	h.saml(p, kitchen)
	for _, w := range wrappings {
		t.Run(w.name, func(t *testing.T) {
			h.pass(2 * time.Minute)
			b := h.browser()
			request, _ := b.begin(kitchen, "")
			doc := p.document(reply{h: h, ws: kitchen, request: request, sign: w.sign})
			genuine := encoded(t, doc)
			w.wrap(doc)
			if text := encoded(t, doc); text == genuine || !strings.Contains(mustText(t, doc), "boss@example.org") {
				t.Fatal("the wrapping changed nothing")
			}
			if got := b.in(kitchen, encoded(t, doc)); got != "403 shape" {
				t.Errorf("%s, want 403 shape\n%s", got, h.lastEvent())
			}
			// Were the shape not looked at, still nothing forged would be read.
			if _, a, f := proven(doc.Root(), certsOf(t, p), h.clock()); f == nil && strings.Contains(elementText(t, a), "boss@example.org") {
				t.Errorf("a forged assertion passes for a signed one:\n%s", elementText(t, a))
			}
			if got := b.in(kitchen, genuine); got != "anna Viewer" {
				t.Errorf("the genuine response, after that: %s", got)
			}
		})
	}
}

func mustText(t testing.TB, doc *etree.Document) string {
	t.Helper()
	s, err := doc.WriteToString()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func elementText(t testing.TB, el *etree.Element) string {
	t.Helper()
	doc := etree.NewDocument()
	doc.SetRoot(el.Copy())
	return mustText(t, doc)
}

// Responses that must not let in, each for its reason.
func TestRefusedResponses(t *testing.T) {
	h, p := openHouse(t, nil), newIDP(t)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	stranger := newIDPWith(t, key)
	h.saml(p, kitchen)
	h.saml(p, cellar)
	success := `Value="urn:oasis:names:tc:SAML:2.0:status:Success"`
	for _, c := range []struct {
		name  string
		by    *idp
		reply reply
		want  string
	}{
		{"unsigned", p, reply{sign: "none"}, "unsigned"},
		{"signed by a stranger", stranger, reply{}, "signature"},
		{"response signed by a stranger", stranger, reply{sign: "response"}, "signature"},
		{"signed with SHA-1", p, reply{method: dsig.RSASHA1SignatureMethod}, "signature"},
		{"expired", p, reply{at: -20 * time.Minute}, "expired"},
		{"from the future", p, reply{at: 20 * time.Minute}, "early"},
		{"conditions over", p, reply{replace: []string{`<saml:Conditions NotBefore="BEFORE" NotOnOrAfter="LATER">`, `<saml:Conditions NotOnOrAfter="` + stamp(h.clock().Add(-time.Hour)) + `">`}}, "expired"},
		{"conditions not yet", p, reply{replace: []string{`<saml:Conditions NotBefore="BEFORE"`, `<saml:Conditions NotBefore="` + stamp(h.clock().Add(time.Hour)) + `"`}}, "early"},
		{"confirmation over", p, reply{replace: []string{`Data NotOnOrAfter="LATER"`, `Data NotOnOrAfter="` + stamp(h.clock().Add(-time.Hour)) + `"`}}, "expired"},
		{"confirmation without end", p, reply{replace: []string{`Data NotOnOrAfter="LATER"`, `Data`}}, "expired"},
		{"confirmation for years", p, reply{replace: []string{`Data NotOnOrAfter="LATER"`, `Data NotOnOrAfter="2090-01-01T00:00:00Z"`}}, "lifetime"},
		{"holder of key", p, reply{replace: []string{"cm:bearer", "cm:holder-of-key"}}, "subject"},
		{"no confirmation", p, reply{replace: []string{"saml:SubjectConfirmation", "saml:Other"}}, "subject"},
		{"for another workspace", p, reply{ws: cellar}, "destination"},
		{"recipient elsewhere", p, reply{replace: []string{`Recipient="ACS"`, `Recipient="https://elsewhere.example.org/acs"`}}, "recipient"},
		{"audience elsewhere", p, reply{replace: []string{"AUDIENCE", "https://elsewhere.example.org"}}, "audience"},
		{"one audience of two", p, reply{replace: []string{"</saml:AudienceRestriction>", "</saml:AudienceRestriction><saml:AudienceRestriction><saml:Audience>x</saml:Audience></saml:AudienceRestriction>"}}, "audience"},
		{"no audience", p, reply{replace: []string{"<saml:AudienceRestriction><saml:Audience>AUDIENCE</saml:Audience></saml:AudienceRestriction>", ""}}, "audience"},
		{"another issuer", p, reply{replace: []string{"<saml:Issuer>ISSUER", "<saml:Issuer>https://elsewhere.example.org"}}, "issuer"},
		{"unsolicited", p, reply{request: "-"}, "unsolicited"},
		{"request of nobody", p, reply{request: "id-0123456789"}, "unsolicited"},
		{"request and confirmation differ", p, reply{replace: []string{`InResponseTo="REQUEST"><saml:Issuer>`, `><saml:Issuer>`}}, "request"},
		{"the provider says no", p, reply{replace: []string{success, `Value="urn:oasis:names:tc:SAML:2.0:status:Responder"`, "<saml:Assertion ", "<saml:Nothing ", "</saml:Assertion>", "</saml:Nothing>"}, sign: "response"}, "provider"},
		{"the provider says no, with an assertion", p, reply{replace: []string{success, `Value="urn:oasis:names:tc:SAML:2.0:status:Responder"`}}, "shape"},
		{"no statement of authentication", p, reply{replace: []string{"saml:AuthnStatement", "saml:Other"}}, "shape"},
		{"the provider's session is over", p, reply{replace: []string{`SessionIndex="s1"`, `SessionNotOnOrAfter="` + stamp(h.clock().Add(-time.Minute)) + `"`}}, "expired"},
		{"encrypted", p, reply{sign: "none", replace: []string{"saml:Assertion", "saml:EncryptedAssertion"}}, "encrypted"},
		{"another version", p, reply{replace: []string{`ID="_r1" Version="2.0"`, `ID="_r1" Version="1.1"`}}, "version"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.slow = newLimiter(h.clock)
			b := h.browser()
			request, _ := b.begin(kitchen, "")
			c.reply.h = h
			c.reply.ws = hearth.GrafanaID(orElse(string(c.reply.ws), string(kitchen)))
			switch c.reply.request {
			case "":
				c.reply.request = request
			case "-":
				c.reply.request = ""
			}
			if got := b.in(kitchen, c.by.response(c.reply)); got != "403 "+c.want {
				t.Errorf("%s, want 403 %s\n%s", got, c.want, h.lastEvent())
			}
			if got := b.who(kitchen); got != "401" {
				t.Errorf("there is a session: %s", got)
			}
		})
	}
	if len(h.idents) != 0 {
		t.Errorf("identities were let in: %+v", h.idents)
	}
}

// What was signed and then changed.
func TestTamperedResponses(t *testing.T) {
	h, p := openHouse(t, nil), newIDP(t)
	h.saml(p, kitchen)
	for _, sign := range []string{"assertion", "response", "both"} {
		b := h.browser()
		request, _ := b.begin(kitchen, "")
		text := mustText(t, p.document(reply{h: h, ws: kitchen, request: request, sign: sign, attrs: map[string][]string{"role": {"cook"}}}))
		for _, change := range [][2]string{{">cook<", ">boss<"}, {">anna<", ">boss<"}, {"LoginAttribute", ""}} {
			forged := strings.Replace(text, change[0], change[1], 1)
			if forged == text {
				continue
			}
			h.slow = newLimiter(h.clock)
			if got := b.in(kitchen, base64.StdEncoding.EncodeToString([]byte(forged))); got != "403 signature" {
				t.Errorf("%s, %v: %s", sign, change, got)
			}
		}
	}
}

// A comment splits a name for parsers that read its first text only, and the
// signature holds nevertheless: canonical form has no comments.
func TestCommentInName(t *testing.T) {
	h, p := openHouse(t, nil), newIDP(t)
	h.saml(p, kitchen)
	b := h.browser()
	request, _ := b.begin(kitchen, "")
	doc := p.document(reply{h: h, ws: kitchen, request: request, name: "boss@example.org.evil.example"})
	forged := strings.Replace(mustText(t, doc), "boss@example.org.evil", "boss@example.org<!-- -->.evil", 1)
	if got := b.in(kitchen, base64.StdEncoding.EncodeToString([]byte(forged))); got != "403 xml" {
		t.Errorf("%s, want 403 xml", got)
	}
	// Were comments let through, still the whole name would be read.
	again := etree.NewDocument()
	if err := again.ReadFromString(forged); err != nil {
		t.Fatal(err)
	}
	_, a, f := proven(again.Root(), certsOf(t, p), h.clock())
	if f != nil || !strings.Contains(elementText(t, a), "boss@example.org.evil.example") {
		t.Errorf("the name is read in part, or the signature does not hold: %v", f)
	}
}

// XML that does more than being XML.
func TestDangerousXML(t *testing.T) {
	h, p := openHouse(t, nil), newIDP(t)
	h.saml(p, kitchen)
	b := h.browser()
	request, _ := b.begin(kitchen, "")
	good := mustText(t, p.document(reply{h: h, ws: kitchen, request: request}))
	bomb := `<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">`
	for i := range 9 {
		bomb += fmt.Sprintf(`<!ENTITY %c "%s">`, 'b'+i, strings.Repeat(fmt.Sprintf("&%c;", 'a'+i), 10))
	}
	for name, text := range map[string]string{
		"XXE":                    `<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + strings.Replace(good, ">anna<", ">&x;<", 1),
		"external DTD":           `<!DOCTYPE r SYSTEM "https://elsewhere.example.org/x.dtd">` + good,
		"billion laughs":         bomb + `]>` + strings.Replace(good, ">anna<", ">&j;<", 1),
		"quadratic":              `<!DOCTYPE r [<!ENTITY a "` + strings.Repeat("a", 50_000) + `">]>` + strings.Replace(good, ">anna<", ">"+strings.Repeat("&a;", 1000)+"<", 1),
		"stylesheet":             `<?xml-stylesheet href="x"?>` + good,
		"depth":                  strings.Repeat("<a>", 10_000) + strings.Repeat("</a>", 10_000),
		"breadth":                "<a>" + strings.Repeat("<b/>", 50_000) + "</a>",
		"attributes":             "<a " + manyAttributes(5000) + "/>",
		"namespace confusion":    strings.Replace(good, "<samlp:Response ", `<samlp:Response xmlns:x="1" ::attr="x" `, 1),
		"no end":                 good[:len(good)/2],
		"two roots":              good + good,
		"UTF-16":                 "\xff\xfe<\x00a\x00/\x00>\x00",
		"another encoding":       `<?xml version="1.0" encoding="UTF-7"?>` + good,
		"unknown entity":         strings.Replace(good, ">anna<", ">&x;<", 1),
		"nothing":                "",
		"a comment at the start": "<!-- -->" + good,
	} {
		t.Run(name, func(t *testing.T) {
			h.slow = newLimiter(h.clock)
			began := time.Now()
			got := b.in(kitchen, base64.StdEncoding.EncodeToString([]byte(text)))
			if !slices.Contains([]string{"403 xml", "403 too-large", "403 shape", "403 malformed"}, got) {
				t.Errorf("%s\n%s", got, h.lastEvent())
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
	h.slow = newLimiter(h.clock)
	if got := b.in(kitchen, base64.StdEncoding.EncodeToString([]byte(good))); got != "anna Viewer" {
		t.Errorf("the genuine response, after that: %s", got)
	}
}

func manyAttributes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `a%d="" `, i)
	}
	return b.String()
}

// A response lets in once, also after a restart, and an assertion once, whatever
// request it is sent for.
func TestReplay(t *testing.T) {
	h, p := openHouse(t, nil), newIDP(t)
	h.saml(p, kitchen)
	b := h.browser()
	request, _ := b.begin(kitchen, "")
	response := p.response(reply{h: h, ws: kitchen, request: request})
	if got := b.in(kitchen, response); got != "anna Viewer" {
		t.Fatal(got)
	}
	for _, restart := range []bool{false, true} {
		if restart {
			h.restart()
		}
		if got := h.browser().in(kitchen, response); got != "403 replayed" {
			t.Errorf("restarted %t: %s", restart, got)
		}
		again := p.response(reply{h: h, ws: kitchen, request: request})
		if got := h.browser().in(kitchen, again); got != "403 replayed" {
			t.Errorf("restarted %t, another assertion for the same request: %s", restart, got)
		}
	}
	if got := b.who(kitchen); got != "anna Viewer" {
		t.Errorf("the session did not survive: %s", got)
	}
	h.opts.AllowUnsolicited = true
	h.restart()
	unsolicited := p.response(reply{h: h, ws: kitchen, assertion: "_once"})
	if got := h.browser().in(kitchen, unsolicited); got != "anna Viewer" {
		t.Errorf("unsolicited, where allowed: %s\n%s", got, h.lastEvent())
	}
	if got := h.browser().in(kitchen, unsolicited); got != "403 replayed" {
		t.Errorf("unsolicited, again: %s", got)
	}
}

// Whoever gets hold of a response cannot use it in another browser, nor sign
// another browser in with their own.
func TestAnotherBrowser(t *testing.T) {
	h, p := openHouse(t, nil), newIDP(t)
	h.saml(p, kitchen)
	h.saml(p, cellar)
	attacker, victim := h.browser(), h.browser()
	request, _ := attacker.begin(kitchen, "")
	victim.begin(kitchen, "") // has a sign-in of its own under way
	if got := victim.in(kitchen, p.response(reply{h: h, ws: kitchen, request: request, name: "attacker"})); got != "403 browser" {
		t.Errorf("the victim's browser is signed in by the attacker: %s", got)
	}
	request, _ = attacker.begin(cellar, "")
	if got := attacker.in(kitchen, p.response(reply{h: h, ws: kitchen, request: request})); got != "403 unsolicited" {
		t.Errorf("a request of another workspace: %s", got)
	}
	b := h.browser()
	request, _ = b.begin(kitchen, "")
	h.pass(requestLife + time.Second)
	if got := b.in(kitchen, p.response(reply{h: h, ws: kitchen, request: request})); got != "403 expired" {
		t.Errorf("a request of long ago: %s", got)
	}
}

// RelayState and return_to lead nowhere else.
func TestOpenRedirects(t *testing.T) {
	h, p := openHouse(t, func(o *Options) { o.AllowUnsolicited = true }), newIDP(t)
	h.saml(p, kitchen)
	base := h.server.URL + "/grafana/" + string(kitchen)
	for _, to := range []string{
		"https://evil.example", "//evil.example", `/\evil.example`, `\\evil.example`, "/..//evil.example", "/d/../../../ui/", "/%2e%2e/%2e%2e/ui/", "/%2f%2fevil.example",
		"javascript:alert(1)", "/a\r\nSet-Cookie: x=y", "/\t/evil.example", "http:evil.example", "@evil.example", "/d/a%0d%0aX:y", "///evil.example", "", "/" + strings.Repeat("a", 5000),
	} {
		b := h.browser()
		a := b.post(kitchen, p.response(reply{h: h, ws: kitchen}), to)
		if a.status != http.StatusSeeOther || a.to != base+"/" {
			t.Errorf("RelayState %q leads to %q (%d)", to, a.to, a.status)
		}
	}
	b := h.browser()
	if a := b.post(kitchen, p.response(reply{h: h, ws: kitchen}), "/d/abc?orgId=1&var-x=a%20b#p"); a.to != base+"/d/abc?orgId=1&var-x=a%20b#p" {
		t.Errorf("a page of the workspace: %q", a.to)
	}
}

// A response that arrives many times at the same moment lets in once.
func TestReplayAtOnce(t *testing.T) {
	h, p := openHouse(t, nil), newIDP(t)
	h.saml(p, kitchen)
	b := h.browser()
	request, _ := b.begin(kitchen, "")
	form := url.Values{"SAMLResponse": {p.response(reply{h: h, ws: kitchen, request: request})}}
	tickets := make(chan int, 8)
	var all sync.WaitGroup
	for range cap(tickets) {
		all.Go(func() { tickets <- b.form("/grafana/"+string(kitchen)+"/saml/acs", form).status })
	}
	all.Wait()
	close(tickets)
	taken := 0
	for status := range tickets {
		if status == http.StatusSeeOther {
			taken++
		}
	}
	if n := h.count(t, ticketBucket); taken != 1 || n != 1 {
		t.Errorf("%d responses were taken, %d tickets made; want one", taken, n)
	}
}
