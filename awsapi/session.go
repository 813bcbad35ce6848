package awsapi

import (
	"errors"
	"net/http"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/sigv4"
	"github.com/hearth-metrics/hearth/sso"
)

// sessionService is the service that a request of the console names: its pages
// sign nothing, but say for which service a request is, and their cookie says who
// asks. Empty for requests that carry a signature or a token.
func (r *request) sessionService() string {
	if !errors.Is(r.sigErr, sigv4.ErrUnsigned) || len(r.http.Header["Authorization"]) > 0 {
		return ""
	}
	return r.http.Header.Get(sso.ServiceHeader)
}

// authenticateSession lets the console in: the session's principal is the caller,
// and may do what it may do with a signature.
func (s *Server) authenticateSession(r *request) error {
	if s.opts.SSO == nil {
		return s.badSignature(r, r.sigErr)
	}
	region := r.http.Header.Get(sso.RegionHeader)
	if !isRegionName(region) || len(region) > 64 {
		return invalidField(sso.RegionHeader, "must be the name of a region")
	}
	p, err := s.opts.SSO.Console(r.http.Context(), r.http)
	switch hearth.KindOf(err) {
	case hearth.Unauthenticated:
		return &refusal{code: codeExpired, status: http.StatusUnauthorized, reason: "session",
			msg: "You are not signed in, or your session is over. Sign in.", summary: "The browser's session is over, or there is none."}
	case hearth.Denied:
		return &refusal{code: faultOf(r.service, hearth.Denied).code, status: http.StatusForbidden, denied: true, reason: "cross_site",
			msg: "The request comes from a page of another site, and may not use your session.", summary: "A page of another site asked with the browser's session."}
	}
	if err != nil {
		return err
	}
	if err := readBody(r, s.bodies, s.bodyLimit(r)); err != nil {
		return err
	}
	r.body.proven()
	r.caller = hearth.Caller{Principal: p, Account: p.Account, Region: s.sessionRegion(r, p, region), RequestID: r.id}
	return nil
}

// sessionRegion is the region that the page names, else the workspace's, if it is
// the caller's own.
func (s *Server) sessionRegion(r *request, p hearth.Principal, named string) hearth.Region {
	switch {
	case named != "":
		return hearth.Region(named)
	case r.workspace.ID != "" && r.workspace.Account == p.Account:
		return r.workspace.Region
	}
	return s.opts.Region
}
