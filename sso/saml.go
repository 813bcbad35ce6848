package sso

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/hearth-metrics/hearth"
)

// Where a Grafana workspace is as a SAML service provider, as AMG has it.
func entityID(ws hearth.GrafanaWorkspace) string { return ws.URL + "/saml/metadata" }
func acsURL(ws hearth.GrafanaWorkspace) string   { return ws.URL + "/saml/acs" }
func sloURL(ws hearth.GrafanaWorkspace) string   { return ws.URL + "/saml/slo" }

// The service provider's metadata: what an identity provider needs to know. No key
// for encryption is in it, for encrypted assertions are not taken.
type spMetadata struct {
	XMLName  xml.Name `xml:"urn:oasis:names:tc:SAML:2.0:metadata EntityDescriptor"`
	EntityID string   `xml:"entityID,attr"`
	SP       struct {
		Protocols     string       `xml:"protocolSupportEnumeration,attr"`
		RequestSigned bool         `xml:"AuthnRequestsSigned,attr"`
		WantSigned    bool         `xml:"WantAssertionsSigned,attr"`
		Key           spKey        `xml:"KeyDescriptor"`
		Logout        []spEndpoint `xml:"SingleLogoutService"`
		NameIDFormat  []string     `xml:"NameIDFormat"`
		Consumer      spEndpoint   `xml:"AssertionConsumerService"`
	} `xml:"SPSSODescriptor"`
}

type spKey struct {
	Use  string `xml:"use,attr"`
	Info struct {
		Certificate string `xml:"X509Data>X509Certificate"`
	} `xml:"http://www.w3.org/2000/09/xmldsig# KeyInfo"`
}

type spEndpoint struct {
	Binding  string `xml:",attr"`
	Location string `xml:",attr"`
	Index    string `xml:"index,attr,omitempty"`
	Default  string `xml:"isDefault,attr,omitempty"`
}

// metadata is the workspace's own metadata.
func (r *Room) metadata(ctx context.Context, ws hearth.GrafanaWorkspace) ([]byte, error) {
	key, err := r.signingKey(ctx)
	if err != nil {
		return nil, err
	}
	var m spMetadata
	m.EntityID = entityID(ws)
	m.SP.Protocols, m.SP.RequestSigned, m.SP.WantSigned = protocolNS, true, true
	m.SP.Key.Use, m.SP.Key.Info.Certificate = "signing", base64.StdEncoding.EncodeToString(key.Certificate)
	m.SP.Logout = []spEndpoint{{Binding: saml.HTTPRedirectBinding, Location: sloURL(ws)}, {Binding: saml.HTTPPostBinding, Location: sloURL(ws)}}
	m.SP.NameIDFormat = []string{string(saml.PersistentNameIDFormat), string(saml.EmailAddressNameIDFormat), string(saml.UnspecifiedNameIDFormat)}
	m.SP.Consumer = spEndpoint{Binding: saml.HTTPPostBinding, Location: acsURL(ws), Index: "0", Default: "true"}
	text, err := xml.MarshalIndent(m, "", "  ")
	return append([]byte(xml.Header), append(text, '\n')...), err
}

// requestLife is how long someone may take to sign in at the identity provider.
const requestLife = 15 * time.Minute

// A request id says by itself when and for which browser it was made: it is
// sealed, so that only this Hearth can make one, and nothing needs to be stored
// for people who never come back.
func (r *Room) newRequestID(g hearth.GrafanaID, binding string) string {
	plain := binary.BigEndian.AppendUint64(nil, uint64(r.opts.Now().Unix()))
	plain = append(plain, binding[:32]...)
	return "h" + hex.EncodeToString(r.opts.Sealer.Seal(plain, "saml request "+string(g)))
}

// openRequestID returns the browser a request was made for.
func (r *Room) openRequestID(g hearth.GrafanaID, id string) (binding string, f *refused) {
	unknown := refuse("unsolicited", "The response answers a request that this Hearth did not make for this Grafana workspace.").with(hearth.DetailActual, id)
	text, ok := strings.CutPrefix(id, "h")
	box, err := hex.DecodeString(text)
	if !ok || err != nil {
		return "", unknown
	}
	plain, err := r.opts.Sealer.Open(box, "saml request "+string(g))
	if err != nil || len(plain) != 8+32 {
		return "", unknown
	}
	made := time.Unix(int64(binary.BigEndian.Uint64(plain)), 0)
	if age := r.opts.Now().Sub(made); age > requestLife {
		return "", refuse("expired", "The response answers a request that was made %s ago; people have %s to sign in.", age.Round(time.Second), requestLife).tell("it took more than %s", requestLife)
	}
	return string(plain[8:]), nil
}

// authnRequest asks for a sign-in.
func (r *Room) authnRequest(ws hearth.GrafanaWorkspace, id, destination string) *etree.Element {
	create, format := true, string(saml.UnspecifiedNameIDFormat)
	req := saml.AuthnRequest{
		ID: id, Version: "2.0", IssueInstant: r.opts.Now().UTC(), Destination: destination,
		AssertionConsumerServiceURL: acsURL(ws), ProtocolBinding: saml.HTTPPostBinding,
		Issuer:       &saml.Issuer{Value: entityID(ws)},
		NameIDPolicy: &saml.NameIDPolicy{AllowCreate: &create, Format: &format},
	}
	return req.Element()
}

// redirectURL sends a message by the HTTP-Redirect binding, signed.
// https://docs.oasis-open.org/security/saml/v2.0/saml-bindings-2.0-os.pdf, 3.4.4.1
func (k *signingKey) redirectURL(to, param string, message *etree.Element, relay string) (string, error) {
	u, err := url.Parse(to)
	if err != nil {
		return "", err
	}
	doc := etree.NewDocument()
	doc.SetRoot(message)
	text, err := doc.WriteToBytes()
	if err != nil {
		return "", err
	}
	var small bytes.Buffer
	w, err := flate.NewWriter(&small, flate.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(text); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	query := param + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(small.Bytes()))
	if relay != "" {
		query += "&RelayState=" + url.QueryEscape(relay)
	}
	query += "&SigAlg=" + url.QueryEscape(dsig.RSASHA256SignatureMethod)
	signature, err := k.sign(query)
	if err != nil {
		return "", err
	}
	query += "&Signature=" + url.QueryEscape(signature)
	if u.RawQuery != "" {
		query = u.RawQuery + "&" + query
	}
	u.RawQuery = query
	return u.String(), nil
}

// signEnveloped signs a message within itself, for the HTTP-POST binding.
func (k *signingKey) signEnveloped(message *etree.Element) (string, error) {
	c, err := dsig.NewSigningContext(k.key, [][]byte{k.Certificate})
	if err != nil {
		return "", err
	}
	c.IdAttribute, c.Canonicalizer = "ID", dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if err := c.SetSignatureMethod(dsig.RSASHA256SignatureMethod); err != nil {
		return "", err
	}
	signature, err := c.ConstructSignature(message, true)
	if err != nil {
		return "", err
	}
	// The schema wants it behind the Issuer.
	message.InsertChildAt(1, signature)
	doc := etree.NewDocument()
	doc.SetRoot(message)
	text, err := doc.WriteToBytes()
	return base64.StdEncoding.EncodeToString(text), err
}

// SAMLMetadata answers the workspace's metadata as a service provider.
func (r *Room) SAMLMetadata(w http.ResponseWriter, req *http.Request, ws hearth.GrafanaWorkspace) error {
	text, err := r.metadata(req.Context(), ws)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	_, err = w.Write(text)
	return err
}

// samlOf is how a workspace does SAML, and with whom.
func (r *Room) samlOf(ctx context.Context, ws hearth.GrafanaWorkspace, again bool) (*hearth.GrafanaSAML, *IDP, error) {
	how, err := r.opts.Workspaces.Authentication(ctx, ws.ID)
	if err != nil {
		return nil, nil, err
	}
	if !how.Allows(hearth.ProviderSAML) || !how.SAML.Configured() {
		return nil, nil, &hearth.Error{Kind: hearth.NotFound, Resource: string(ws.ID), Msg: "This Grafana workspace has no SAML sign-in: aws grafana update-workspace-authentication configures it."}
	}
	idp, err := r.idps.of(ctx, &how.SAML, again)
	if err != nil {
		r.metrics.fetches.WithLabelValues("failed").Inc()
		return nil, nil, &refused{reason: unreachable, summary: "The identity provider's metadata cannot be had.", err: err,
			details: []hearth.Detail{detail(hearth.DetailEndpoint, how.SAML.MetadataURL)}}
	}
	r.metrics.fetches.WithLabelValues("ok").Inc()
	return &how.SAML, idp, nil
}

// samlCookie binds a request to the browser that began it.
func (r *Room) samlCookie(requestID string) string {
	return "hearth-saml-" + hashOf(requestID)[:12]
}

func completePath(g hearth.GrafanaID) string { return grafanaPath(g) + "/login/complete" }

// StartSAML sends the browser to the identity provider.
func (r *Room) StartSAML(w http.ResponseWriter, req *http.Request, ws hearth.GrafanaWorkspace) error {
	if elsewhere(w, req, ws.URL, "/login/saml") {
		return nil
	}
	a := r.attempt(req, ws, hearth.ProviderSAML)
	if err := r.startSAML(w, req, ws); err != nil {
		return failPage(w, req, a.fail(err), ws.URL+"/login")
	}
	return nil
}

func (r *Room) startSAML(w http.ResponseWriter, req *http.Request, ws hearth.GrafanaWorkspace) error {
	_, idp, err := r.samlOf(req.Context(), ws, false)
	if err != nil {
		return err
	}
	key, err := r.signingKey(req.Context())
	if err != nil {
		return err
	}
	secret := newSecret()
	id := r.newRequestID(ws.ID, hashOf(secret))
	r.setCookie(w, req, r.samlCookie(id), secret, completePath(ws.ID), requestLife)
	relay := place(req.URL.Query().Get("return_to"))
	if len(relay) > maxRelay || relay == "/" {
		relay = ""
	}
	if idp.SignOn != "" {
		to, err := key.redirectURL(idp.SignOn, "SAMLRequest", r.authnRequest(ws, id, idp.SignOn), relay)
		if err != nil {
			return fmt.Errorf("ask the identity provider: %w", err)
		}
		redirect(w, to)
		return nil
	}
	message, err := key.signEnveloped(r.authnRequest(ws, id, idp.SignOnPost))
	if err != nil {
		return fmt.Errorf("ask the identity provider: %w", err)
	}
	postForm{To: idp.SignOnPost, Name: "SAMLRequest", Value: message, Relay: relay}.write(w)
	return nil
}

// maxRelay is how long a RelayState may be.
// https://docs.oasis-open.org/security/saml/v2.0/saml-bindings-2.0-os.pdf, 3.4.3
const maxRelay = 80
