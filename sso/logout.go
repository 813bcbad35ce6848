package sso

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// logoutURL asks the identity provider to end its session, too; empty if it does
// not offer that.
func (r *Room) logoutURL(ctx context.Context, ws hearth.GrafanaWorkspace, s *Session) string {
	if s.Provider != hearth.ProviderSAML || s.NameID == "" {
		return ""
	}
	_, idp, err := r.samlOf(ctx, ws, false)
	if err != nil || idp.Logout == "" || idp.EntityID != s.Issuer {
		return ""
	}
	key, err := r.signingKey(ctx)
	if err != nil {
		r.opts.Log.Warn("no single logout", "err", err)
		return ""
	}
	m := saml.LogoutRequest{
		ID: "h" + hashOf(newSecret())[:40], Version: "2.0", IssueInstant: r.opts.Now().UTC(), Destination: idp.Logout,
		Issuer: &saml.Issuer{Value: entityID(ws)}, NameID: &saml.NameID{Format: s.NameFormat, Value: s.NameID},
	}
	if s.SessionIndex != "" {
		m.SessionIndex = &saml.SessionIndex{Value: s.SessionIndex}
	}
	to, err := key.redirectURL(idp.Logout, "SAMLRequest", m.Element(), "")
	if err != nil {
		r.opts.Log.Warn("no single logout", "err", err)
		return ""
	}
	return to
}

// SAMLLogout takes what an identity provider says about a logout: that it ended
// its session, so that ours ends, too, or that it did what we asked for. Only what
// it signed counts: anyone could log others out otherwise.
func (r *Room) SAMLLogout(w http.ResponseWriter, req *http.Request, ws hearth.GrafanaWorkspace) error {
	a := r.attempt(req, ws, hearth.ProviderSAML)
	if err := a.logout(w); err != nil {
		return failPage(w, req, a.fail(err), ws.URL+"/login")
	}
	return nil
}

func (a *attempt) logout(w http.ResponseWriter) error {
	if err := a.room.slow.check(origin(a.req.RemoteAddr)); err != nil {
		return err
	}
	_, idp, err := a.room.samlOf(a.req.Context(), a.grafana, false)
	if err != nil {
		return err
	}
	if a.req.FormValue("SAMLResponse") != "" { // of a logout we asked for: our session is over already
		redirect(w, a.grafana.URL+"/login")
		return nil
	}
	m, f := a.logoutRequest(idp)
	if f != nil {
		return f
	}
	if err := a.onlyOnce(m); err != nil {
		return err
	}
	n, err := a.room.endWhere(a.req.Context(), a.grafana.ID, func(s *Session) bool {
		same := s.Provider == hearth.ProviderSAML && s.Issuer == idp.EntityID && s.NameID == m.NameID.Value
		return same && (m.SessionIndex == nil || m.SessionIndex.Value == "" || m.SessionIndex.Value == s.SessionIndex)
	})
	if err != nil {
		return err
	}
	a.room.metrics.sessions.WithLabelValues("single-logout").Add(float64(n))
	a.who = m.NameID.Value
	a.record(hearth.EventSignIn, "The identity provider ended the sessions of "+m.NameID.Value+".")
	return a.answerLogout(w, idp, m.ID)
}

// onlyOnce refuses a LogoutRequest that was taken before: whoever saw one must not
// end later sessions with it. It is remembered for as long as its age would pass.
func (a *attempt) onlyOnce(m *saml.LogoutRequest) error {
	err := a.room.opts.Store.Update(a.req.Context(), func(tx store.Tx) error {
		until := m.IssueInstant.Add(maxOnTheWay + 2*clockSkew)
		return use(tx, "logout "+string(a.grafana.ID)+" "+m.Issuer.Value+" "+m.ID, until)
	})
	if errors.Is(err, errUsed) {
		return refuse("replayed", "The LogoutRequest was used before: each ends sessions once.")
	}
	return err
}

func (a *attempt) answerLogout(w http.ResponseWriter, idp *IDP, request string) error {
	if idp.LogoutAnswer == "" {
		redirect(w, a.grafana.URL+"/login")
		return nil
	}
	key, err := a.room.signingKey(a.req.Context())
	if err != nil {
		return err
	}
	m := saml.LogoutResponse{
		ID: "h" + hashOf(newSecret())[:40], InResponseTo: request, Version: "2.0", IssueInstant: a.room.opts.Now().UTC(), Destination: idp.LogoutAnswer,
		Issuer: &saml.Issuer{Value: entityID(a.grafana)}, Status: saml.Status{StatusCode: saml.StatusCode{Value: saml.StatusSuccess}},
	}
	relay := a.req.FormValue("RelayState")
	if len(relay) > maxRelay {
		relay = ""
	}
	to, err := key.redirectURL(idp.LogoutAnswer, "SAMLResponse", m.Element(), relay)
	if err == nil {
		redirect(w, to)
	}
	return err
}

// logoutRequest proves a LogoutRequest, by the signature of its binding.
func (a *attempt) logoutRequest(idp *IDP) (*saml.LogoutRequest, *refused) {
	var root *etree.Element
	var f *refused
	if a.req.Method == http.MethodPost {
		root, f = postedLogout(a.req.PostFormValue("SAMLRequest"), idp.Certificates, a.room)
	} else {
		root, f = redirectedLogout(a.req.URL.RawQuery, idp.Certificates)
	}
	if f != nil {
		return nil, f
	}
	if !is(root, protocolNS, "LogoutRequest") {
		return nil, refuse("shape", "The message is a %s, not a LogoutRequest.", root.Tag)
	}
	m := &saml.LogoutRequest{}
	if f := decode(root, m); f != nil {
		return nil, f
	}
	switch {
	case m.Issuer == nil || m.Issuer.Value != idp.EntityID:
		return nil, refuse("issuer", "The LogoutRequest is of another identity provider.")
	case m.Destination != sloURL(a.grafana):
		return nil, mismatch("destination", "The Destination of the LogoutRequest", m.Destination, sloURL(a.grafana))
	case m.ID == "":
		return nil, refuse("malformed", "The LogoutRequest has no ID.")
	case m.NameID == nil || m.NameID.Value == "":
		return nil, refuse("subject", "The LogoutRequest names nobody.")
	}
	return m, checkIssued("LogoutRequest", m.IssueInstant, a.room.opts.Now())
}

func postedLogout(encoded string, certs []*x509.Certificate, r *Room) (*etree.Element, *refused) {
	if len(encoded) > maxResponse {
		return nil, refuse("too-large", "The LogoutRequest is too long.")
	}
	text, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(encoded), ""))
	if err != nil {
		return nil, &refused{reason: "malformed", summary: "The LogoutRequest is not base64.", err: err}
	}
	root, f := readXML(text, false)
	if f != nil {
		return nil, f
	}
	return verify(root, certs, r.opts.Now())
}

// redirectedLogout checks the signature over the query as it was sent.
func redirectedLogout(rawQuery string, certs []*x509.Certificate) (*etree.Element, *refused) {
	raw := map[string]string{}
	for pair := range strings.SplitSeq(rawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if _, twice := raw[name]; twice {
			return nil, refuse("malformed", "A parameter of the query is there twice.")
		}
		raw[name] = value
	}
	signed := "SAMLRequest=" + raw["SAMLRequest"]
	if relay, ok := raw["RelayState"]; ok {
		signed += "&RelayState=" + relay
	}
	signed += "&SigAlg=" + raw["SigAlg"]
	if f := checkQuerySignature(signed, raw["SigAlg"], raw["Signature"], certs); f != nil {
		return nil, f
	}
	return inflated(raw["SAMLRequest"])
}

// queryMethods are the algorithms of signatures over queries.
var queryMethods = map[string]x509.SignatureAlgorithm{
	signatureMethods[0]: x509.SHA256WithRSA, signatureMethods[1]: x509.SHA384WithRSA, signatureMethods[2]: x509.SHA512WithRSA,
	signatureMethods[3]: x509.ECDSAWithSHA256, signatureMethods[4]: x509.ECDSAWithSHA384, signatureMethods[5]: x509.ECDSAWithSHA512,
}

func checkQuerySignature(signed, method, signature string, certs []*x509.Certificate) *refused {
	if signature == "" {
		return refuse("unsigned", "The LogoutRequest is not signed.")
	}
	name, err := url.QueryUnescape(method)
	algorithm, ok := queryMethods[name]
	if err != nil || !ok {
		return refuse("signature", "The algorithm of the LogoutRequest's signature is not taken: RSA or ECDSA with SHA-256 or longer is.").with(hearth.DetailActual, name)
	}
	text, err := url.QueryUnescape(signature)
	if err != nil {
		return refuse("signature", "The signature of the LogoutRequest cannot be read.")
	}
	sig, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return refuse("signature", "The signature of the LogoutRequest cannot be read.")
	}
	if slices.ContainsFunc(certs, func(c *x509.Certificate) bool { return c.CheckSignature(algorithm, []byte(signed), sig) == nil }) {
		return nil
	}
	return refuse("signature", "The signature of the LogoutRequest does not hold.")
}

func inflated(escaped string) (*etree.Element, *refused) {
	text, err := url.QueryUnescape(escaped)
	if err != nil {
		return nil, refuse("malformed", "The LogoutRequest cannot be read.")
	}
	small, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, refuse("malformed", "The LogoutRequest is not base64.")
	}
	plain, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(small)), maxResponse+1))
	if err != nil || len(plain) > maxResponse {
		return nil, refuse("malformed", "The LogoutRequest cannot be inflated, or is too long.")
	}
	return readXML(plain, false)
}
