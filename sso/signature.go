package sso

import (
	"crypto/x509"
	"slices"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"

	"github.com/hearth-metrics/hearth"
)

// The algorithms that count. SHA-1 is broken, and what is signed with a secret is
// signed by nobody.
var (
	signatureMethods = []string{
		dsig.RSASHA256SignatureMethod, dsig.RSASHA384SignatureMethod, dsig.RSASHA512SignatureMethod,
		dsig.ECDSASHA256SignatureMethod, dsig.ECDSASHA384SignatureMethod, dsig.ECDSASHA512SignatureMethod,
	}
	digestMethods = []string{
		"http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmldsig-more#sha384", "http://www.w3.org/2001/04/xmlenc#sha512",
	}
	canonicalMethods = []string{
		string(dsig.CanonicalXML10ExclusiveAlgorithmId), string(dsig.CanonicalXML10ExclusiveWithCommentsAlgorithmId),
		string(dsig.CanonicalXML10RecAlgorithmId), string(dsig.CanonicalXML11AlgorithmId),
	}
	enveloped = string(dsig.EnvelopedSignatureAltorithmId)
)

// signatureOf is el's own signature; nil if it has none.
func signatureOf(el *etree.Element) (*etree.Element, *refused) {
	found := children(el, signatureNS, "Signature")
	if len(found) > 1 {
		return nil, refuse("signature", "The %s has %d signatures.", el.Tag, len(found))
	}
	if len(found) == 0 {
		return nil, nil
	}
	return found[0], nil
}

// verify proves el, by the signature in it, with one of the certificates that the
// identity provider's metadata has; what the signature brings along counts for
// nothing. It returns what was signed, read anew from the very bytes that were
// digested: all else about el is unproven.
func verify(el *etree.Element, certs []*x509.Certificate, now time.Time) (*etree.Element, *refused) {
	sig, f := signatureOf(el)
	if f == nil && sig == nil {
		f = refuse("unsigned", "The %s is not signed.", el.Tag)
	}
	if f == nil {
		f = checkSignatureShape(el, sig)
	}
	if f != nil {
		return nil, f
	}
	own, err := detached(el)
	if err != nil {
		return nil, &refused{reason: "signature", summary: "The signature cannot be read.", err: err}
	}
	var why error
	for _, cert := range certs {
		c := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{cert}})
		c.IdAttribute, c.Clock = "ID", dsig.NewFakeClockAt(now)
		signed, err := c.Validate(own)
		if err == nil {
			return signed, nil
		}
		why = err
	}
	f = &refused{reason: "signature", summary: "The signature of the " + el.Tag + " does not hold with any certificate of the identity provider's metadata.", err: why}
	for _, cert := range certs {
		if now.After(cert.NotAfter) {
			f.with(hearth.DetailHint, "the certificate "+cert.Subject.String()+" in the metadata expired on "+hearth.DetailTime(cert.NotAfter))
		}
	}
	return nil, f.with(hearth.DetailHint, "if the identity provider has a new certificate, its metadata here must have it, too")
}

// detached copies el with the namespaces it inherits, and without the keys that
// its signature brings along.
func detached(el *etree.Element) (*etree.Element, error) {
	ctx, err := etreeutils.NSBuildParentContext(el)
	if err != nil {
		return nil, err
	}
	if ctx, err = ctx.SubContext(el); err != nil {
		return nil, err
	}
	own, err := etreeutils.NSDetatch(ctx, el)
	if err != nil {
		return nil, err
	}
	for _, sig := range children(own, signatureNS, "Signature") {
		for _, info := range children(sig, signatureNS, "KeyInfo") {
			sig.RemoveChild(info)
		}
	}
	return own, nil
}

// checkSignatureShape accepts one reference, to the element the signature stands
// in, and no transform but its removal and canonical form.
func checkSignatureShape(el, sig *etree.Element) *refused {
	bad := func(what string) *refused {
		return refuse("signature", "The signature of the %s is not what SAML allows: %s.", el.Tag, what)
	}
	infos := children(sig, signatureNS, "SignedInfo")
	if len(infos) != 1 || len(children(sig, signatureNS, "SignatureValue")) != 1 || len(children(sig, signatureNS, "Object")) > 0 || len(children(sig, signatureNS, "KeyInfo")) > 1 {
		return bad("it must have one SignedInfo, one SignatureValue, at most one KeyInfo, and no Object")
	}
	refs := children(infos[0], signatureNS, "Reference")
	id := el.SelectAttrValue("ID", "")
	if len(refs) != 1 || id == "" || refs[0].SelectAttrValue("URI", "") != "#"+id {
		return bad("it must have one Reference, to the ID of the element it stands in")
	}
	if m := algorithm(infos[0], "CanonicalizationMethod"); !slices.Contains(canonicalMethods, m) {
		return bad("the canonicalization " + m + " is not taken")
	}
	if m := algorithm(infos[0], "SignatureMethod"); !slices.Contains(signatureMethods, m) {
		return bad("the algorithm " + m + " is not taken: RSA or ECDSA with SHA-256 or longer is")
	}
	if m := algorithm(refs[0], "DigestMethod"); !slices.Contains(digestMethods, m) {
		return bad("the digest " + m + " is not taken: SHA-256 or longer is")
	}
	for _, list := range children(refs[0], signatureNS, "Transforms") {
		for _, t := range list.ChildElements() {
			if m := t.SelectAttrValue("Algorithm", ""); m != enveloped && !slices.Contains(canonicalMethods, m) || len(t.ChildElements()) > 1 {
				return bad("the transform " + m + " is not taken")
			}
		}
	}
	return nil
}

// algorithm is the Algorithm of el's only child of that name; empty if there is
// not exactly one.
func algorithm(el *etree.Element, tag string) string {
	found := children(el, signatureNS, tag)
	if len(found) != 1 {
		return ""
	}
	return found[0].SelectAttrValue("Algorithm", "")
}
