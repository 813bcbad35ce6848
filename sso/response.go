package sso

import (
	"crypto/x509"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"

	"github.com/hearth-metrics/hearth"
)

// Bounds on responses.
const (
	maxResponse  = 256 << 10       // bytes, before base64
	clockSkew    = 3 * time.Minute // between the identity provider's clock and ours
	maxOnTheWay  = 5 * time.Minute // from its issue to here
	maxAssertion = 24 * time.Hour  // that an assertion may be good; replays are remembered as long
)

// A response is a SAML response whose assertion was proven.
type response struct {
	saml.Response
	assertion saml.Assertion
}

// expected is what a response must be.
type expected struct {
	audience, acs string
	idp           *IDP
	now           time.Time
}

// readResponse proves a response. Only what a signature covers is in the result,
// but for the envelope of a response that is not signed itself.
func readResponse(encoded string, want *expected) (*response, *refused) {
	if len(encoded) > maxResponse/3*4+4096 {
		return nil, refuse("too-large", "The response is longer than %d bytes.", maxResponse)
	}
	text, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(encoded), ""))
	if err != nil {
		return nil, &refused{reason: "malformed", summary: "The response is not base64.", err: err}
	}
	root, f := readXML(text, false)
	if f != nil {
		return nil, f
	}
	if f := checkResponseShape(root); f != nil {
		return nil, f
	}
	if f := answered(root); f != nil {
		return nil, f // before the signature: a refusal by the provider is often unsigned
	}
	envelope, assertion, f := proven(root, want.idp.Certificates, want.now)
	if f != nil {
		return nil, f
	}
	out := &response{}
	if f := decode(envelope, &out.Response); f != nil {
		return nil, f
	}
	if f := decode(assertion, &out.assertion); f != nil {
		return nil, f
	}
	signed, _ := signatureOf(root)
	if f := out.checkEnvelope(want, signed != nil); f != nil {
		return nil, f
	}
	return out, out.checkAssertion(want)
}

// proven returns the response and the assertion, each as it was signed. A response
// that is not signed is returned as it came.
func proven(root *etree.Element, certs []*x509.Certificate, now time.Time) (envelope, assertion *etree.Element, f *refused) {
	sig, f := signatureOf(root)
	if f != nil {
		return nil, nil, f
	}
	envelope = root
	if sig != nil {
		if envelope, f = verify(root, certs, now); f != nil {
			return nil, nil, f
		}
	}
	found := children(envelope, samlNS, "Assertion")
	if len(found) != 1 {
		return nil, nil, refuse("shape", "What is signed has %d assertions.", len(found))
	}
	assertion = found[0]
	inner, f := signatureOf(assertion)
	switch {
	case f != nil:
		return nil, nil, f
	case inner != nil:
		assertion, f = verify(assertion, certs, now)
		return envelope, assertion, f
	case sig == nil:
		return nil, nil, refuse("unsigned", "Neither the response nor the assertion is signed.")
	}
	own, err := detached(assertion)
	if err != nil {
		return nil, nil, &refused{reason: "xml", summary: "The assertion cannot be read.", err: err}
	}
	return envelope, own, nil
}

// checkResponseShape accepts a response with one assertion as its child and none
// elsewhere, signatures in these two only, and no two ids alike: in any other
// shape what is verified and what is read could be different things.
func checkResponseShape(root *etree.Element) *refused {
	if !is(root, protocolNS, "Response") {
		return refuse("shape", "The message is a %s, not a SAML response.", root.Tag)
	}
	var f *refused
	assertions, ids := 0, map[string]bool{}
	walk(root, func(el *etree.Element) {
		parent := el.Parent()
		switch {
		case f != nil:
		case is(el, samlNS, "EncryptedAssertion") || is(el, samlNS, "EncryptedID") || is(el, samlNS, "EncryptedAttribute"):
			f = refuse("encrypted", "The response has an encrypted part (%s), which is not taken.", el.Tag).
				with(hearth.DetailHint, "switch the encryption of assertions off at the identity provider: TLS protects them on their way, and the metadata of this Grafana workspace offers no key for it")
		case el.Tag == "Assertion":
			if assertions++; assertions > 1 || parent != root || !is(el, samlNS, "Assertion") {
				f = refuse("shape", "The response has an assertion where none belongs, or more than one.")
			}
		case el.Tag == "Response" && el != root:
			f = refuse("shape", "There is a response within the response.")
		case el.Tag == "Signature":
			if parent == nil || parent != root && !(parent.Parent() == root && is(parent, samlNS, "Assertion")) || !is(el, signatureNS, "Signature") {
				f = refuse("shape", "There is a signature where none belongs.")
			}
		}
		if f == nil {
			f = checkIDs(el, ids)
		}
	})
	return f
}

func checkIDs(el *etree.Element, ids map[string]bool) *refused {
	for _, a := range el.Attr {
		if a.Space != "" && a.Space != "xml" || !strings.EqualFold(a.Key, "id") {
			continue
		}
		if ids[a.Value] {
			return refuse("shape", "Two elements of the response have the same ID.")
		}
		ids[a.Value] = true
	}
	return nil
}

// providerRefused is what people are told of providers that say no.
const providerRefused = "the identity provider refused it"

// answered refuses a response by which the identity provider says no.
func answered(root *etree.Element) *refused {
	status := children(root, protocolNS, "Status")
	if len(status) != 1 {
		return refuse("shape", "The response has no status.")
	}
	var codes []string
	walk(status[0], func(el *etree.Element) {
		if is(el, protocolNS, "StatusCode") {
			value := el.SelectAttrValue("Value", "")
			codes = append(codes, value[strings.LastIndexByte(value, ':')+1:])
		}
	})
	if len(codes) == 1 && codes[0] == "Success" {
		return nil
	}
	f := refuse("provider", "The identity provider refused the sign-in: %s.", strings.Join(codes, ", ")).tell(providerRefused)
	for _, m := range children(status[0], protocolNS, "StatusMessage") {
		f.with(hearth.DetailAnswer, m.Text())
	}
	if len(children(root, samlNS, "Assertion")) > 0 {
		f = refuse("shape", "The response says no (%s) and has an assertion nevertheless.", strings.Join(codes, ", "))
	}
	return f
}

// mismatch is the reason of what should have been something else.
func mismatch(reason, what, got, want string) *refused {
	return refuse(reason, "%s is not what it must be.", what).with(hearth.DetailActual, got).with(hearth.DetailExpected, want)
}

func (p *response) checkEnvelope(want *expected, signed bool) *refused {
	switch {
	case p.Version != "2.0":
		return mismatch("version", "The version of the response", p.Version, "2.0")
	case p.Destination != want.acs && (signed || p.Destination != ""):
		return mismatch("destination", "The Destination of the response", p.Destination, want.acs)
	case p.Issuer != nil && p.Issuer.Value != want.idp.EntityID:
		return mismatch("issuer", "The Issuer of the response", p.Issuer.Value, want.idp.EntityID)
	}
	return checkIssued("response", p.IssueInstant, want.now)
}

// untimely is what people are told of proofs of another time.
const untimely = "what your identity provider sent is no longer, or not yet, valid"

func checkIssued(what string, at, now time.Time) *refused {
	switch {
	case now.Sub(at) > maxOnTheWay+clockSkew:
		return refuse("expired", "The %s is too old.", what).
			with(hearth.DetailClientTime, hearth.DetailTime(at)).with(hearth.DetailServerTime, hearth.DetailTime(now)).
			with(hearth.DetailHint, "compare the clocks of the identity provider and of Hearth").tell(untimely)
	case at.Sub(now) > clockSkew:
		return refuse("early", "The %s was issued in the future.", what).
			with(hearth.DetailClientTime, hearth.DetailTime(at)).with(hearth.DetailServerTime, hearth.DetailTime(now)).
			with(hearth.DetailHint, "compare the clocks of the identity provider and of Hearth").tell(untimely)
	}
	return nil
}

// checkAssertion applies the rules of the web browser single sign-on profile.
// https://docs.oasis-open.org/security/saml/v2.0/saml-profiles-2.0-os.pdf, 4.1.4.3
func (p *response) checkAssertion(want *expected) *refused {
	a := &p.assertion
	switch {
	case a.Version != "2.0" || a.ID == "":
		return refuse("shape", "The assertion has no ID, or is not of version 2.0.")
	case a.Issuer.Value != want.idp.EntityID:
		return mismatch("issuer", "The Issuer of the assertion", a.Issuer.Value, want.idp.EntityID)
	case a.Subject == nil || a.Conditions == nil || len(a.AuthnStatements) == 0:
		return refuse("shape", "The assertion lacks a Subject, Conditions or an AuthnStatement.")
	}
	for _, check := range []func(*expected) *refused{p.checkIssued, p.checkConditions, p.checkSubject} {
		if f := check(want); f != nil {
			return f
		}
	}
	for _, s := range a.AuthnStatements {
		if s.SessionNotOnOrAfter != nil && !want.now.Before(*s.SessionNotOnOrAfter) {
			return refuse("expired", "The identity provider's session is over.").tell(untimely)
		}
	}
	return nil
}

func (p *response) checkIssued(want *expected) *refused {
	return checkIssued("assertion", p.assertion.IssueInstant, want.now)
}

func (p *response) checkConditions(want *expected) *refused {
	c := p.assertion.Conditions
	switch {
	case !c.NotBefore.IsZero() && c.NotBefore.After(want.now.Add(clockSkew)):
		return refuse("early", "The assertion is not good yet.").with(hearth.DetailClientTime, hearth.DetailTime(c.NotBefore)).with(hearth.DetailServerTime, hearth.DetailTime(want.now)).tell(untimely)
	case !c.NotOnOrAfter.IsZero() && !want.now.Before(c.NotOnOrAfter.Add(clockSkew)):
		return refuse("expired", "The assertion is no longer good.").with(hearth.DetailClientTime, hearth.DetailTime(c.NotOnOrAfter)).with(hearth.DetailServerTime, hearth.DetailTime(want.now)).tell(untimely)
	case len(c.AudienceRestrictions) == 0:
		return refuse("audience", "The assertion does not say whom it is for.").with(hearth.DetailExpected, want.audience)
	}
	for _, restriction := range c.AudienceRestrictions { // each must hold
		if restriction.Audience.Value != want.audience {
			return mismatch("audience", "The Audience of the assertion", restriction.Audience.Value, want.audience).
				with(hearth.DetailHint, "the identity provider must have the entity id of this Grafana workspace as audience; Okta calls it Audience URI (SP Entity ID)")
		}
	}
	return nil
}

const bearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer"

// checkSubject accepts an assertion with a bearer confirmation for this workspace,
// made for the same request as the response.
func (p *response) checkSubject(want *expected) *refused {
	f := refuse("subject", "The assertion has no bearer confirmation of its subject.")
	for _, c := range p.assertion.Subject.SubjectConfirmations {
		if c.Method != bearer || c.SubjectConfirmationData == nil {
			continue
		}
		if f = p.checkConfirmation(c.SubjectConfirmationData, want); f == nil {
			return nil
		}
	}
	return f
}

func (p *response) checkConfirmation(d *saml.SubjectConfirmationData, want *expected) *refused {
	switch {
	case d.Recipient != want.acs:
		return mismatch("recipient", "The Recipient of the assertion", d.Recipient, want.acs)
	case d.NotOnOrAfter.IsZero() || !want.now.Before(d.NotOnOrAfter.Add(clockSkew)):
		return refuse("expired", "The confirmation of the assertion's subject is over.").with(hearth.DetailClientTime, hearth.DetailTime(d.NotOnOrAfter)).with(hearth.DetailServerTime, hearth.DetailTime(want.now)).tell(untimely)
	case d.NotOnOrAfter.Sub(want.now) > maxAssertion:
		return refuse("lifetime", "The assertion would be good for more than %s.", maxAssertion)
	case !d.NotBefore.IsZero():
		return refuse("shape", "A bearer confirmation must have no NotBefore.")
	case d.InResponseTo != p.InResponseTo:
		return mismatch("request", "The InResponseTo of the assertion", d.InResponseTo, p.InResponseTo)
	}
	return nil
}

// goodUntil is when the assertion would let in nobody anyway.
func (p *response) goodUntil(now time.Time) time.Time {
	until := now
	for _, c := range p.assertion.Subject.SubjectConfirmations {
		if c.SubjectConfirmationData != nil && c.SubjectConfirmationData.NotOnOrAfter.After(until) {
			until = c.SubjectConfirmationData.NotOnOrAfter
		}
	}
	return slices.MaxFunc([]time.Time{until, now.Add(maxOnTheWay)}, time.Time.Compare).Add(2 * clockSkew)
}
