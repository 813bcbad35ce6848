package awsapi

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/sigv4"
)

// AWS's code for each way a signature can fail.
const (
	codeUnsigned   = "MissingAuthenticationTokenException"
	codeIncomplete = "IncompleteSignatureException"
	codeMismatch   = "InvalidSignatureException"
	codeUnknownKey = "UnrecognizedClientException"
	codeExpired    = "ExpiredTokenException"
)

// authenticate proves who sent the request, and makes them its caller. The body
// is read only for a request whose key exists.
func (s *Server) authenticate(r *request) error {
	if r.row.on == grafanaUser {
		return s.authenticateGrafana(r)
	}
	if token := r.bearer(); token != "" {
		return s.authenticateBearer(r, token)
	}
	if r.sessionService() != "" {
		return s.authenticateSession(r)
	}
	if r.sigErr != nil {
		return s.badSignature(r, r.sigErr)
	}
	if err := rightService(r); err != nil {
		return err
	}
	secret, p, err := s.opts.Credentials.Secret(r.http.Context(), r.sig.AccessKeyID, r.sig.Token)
	switch hearth.KindOf(err) {
	case hearth.NotFound:
		return unknownKey(r)
	case hearth.Unauthenticated:
		return expiredToken(r)
	}
	if err != nil {
		return fmt.Errorf("look up access key: %w", err)
	}
	if err := readBody(r, s.bodies, s.bodyLimit(r)); err != nil {
		return err
	}
	known := sigv4.Known{Secret: secret, Body: sigv4.BodyOf(r.body.bytes()), Now: r.began, TLS: r.http.TLS != nil}
	err = s.verifier.Verify(r.sig, r.http, known)
	if sent := s.atRoot(r.http); err != nil && sent != nil && s.verifier.Verify(r.sig, sent, known) == nil {
		err = nil
	}
	if err != nil {
		r.caller.Account = p.Account // whose key was misused; nothing is proven
		return s.badSignature(r, err)
	}
	r.body.proven()
	r.caller = hearth.Caller{Principal: p, Account: p.Account, Region: s.callerRegion(r, p), RequestID: r.id}
	return s.checkRegionName(r)
}

// needsSignature tells whether the caller must prove who they are. A link that
// was given away is proof enough, but a signature that is there must hold.
func (r *request) needsSignature() bool {
	switch r.row.on {
	case unsigned, snsPage, signIn, grafanaOpen:
		return false
	case snsLink:
		return !errors.Is(r.sigErr, sigv4.ErrUnsigned)
	}
	return true
}

// callerRegion is the region of the scope. Old clients leave it empty; then it is
// the workspace's, if it is theirs.
func (s *Server) callerRegion(r *request, p hearth.Principal) hearth.Region {
	switch {
	case r.sig.Region != "":
		return hearth.Region(r.sig.Region)
	case r.workspace.ID != "" && r.workspace.Account == p.Account:
		return r.workspace.Region
	}
	return s.opts.Region
}

// rightService refuses a signature made for another service than the one the
// path or host belongs to.
func rightService(r *request) error {
	if r.sig.Service == r.service.name {
		return nil
	}
	return &refusal{
		code: codeMismatch, status: http.StatusForbidden, reason: "service",
		msg: fmt.Sprintf("Credential should be scoped to correct service: '%s'. ", r.service.name),
		summary: fmt.Sprintf("The request was signed for the service %q; %s belongs to %q.",
			r.sig.Service, r.path, r.service.name),
		details: []hearth.Detail{
			{Name: hearth.DetailClaimedService, Value: r.sig.Service},
			{Name: hearth.DetailExpectedService, Value: r.service.name},
		},
	}
}

func unknownKey(r *request) error {
	return &refusal{
		code: faultFor(r, codeUnknownKey), status: http.StatusForbidden, reason: "unknown_key",
		msg:     "The security token included in the request is invalid.",
		summary: "The access key id is not known here.",
		details: []hearth.Detail{{Name: hearth.DetailHint, Value: "hearth env prints the keys of this Hearth"}},
	}
}

func expiredToken(r *request) error {
	return &refusal{
		code: faultFor(r, codeExpired), status: http.StatusForbidden, reason: "expired",
		msg:     "The security token included in the request is expired",
		summary: "The session's time is over: assume the role again.",
	}
}

// faultFor spells an authentication code as the request's protocol does: query
// services leave the Exception off, and have a word of their own for keys.
func faultFor(r *request, code string) string {
	if r.service.protocol != queryXML {
		return code
	}
	switch code {
	case codeUnsigned:
		return "MissingAuthenticationToken"
	case codeIncomplete:
		return "IncompleteSignature"
	case codeMismatch:
		return "SignatureDoesNotMatch"
	case codeExpired:
		return "ExpiredToken"
	}
	return "InvalidClientTokenId"
}
