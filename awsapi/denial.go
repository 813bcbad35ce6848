package awsapi

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/sigv4"
)

// maxCanonical is how much of a canonical request the ledger keeps: all of it,
// but for queries of unusual length.
const maxCanonical = 16 << 10

// badSignature turns what sigv4 found into AWS's answer for the caller and a
// full account for the ledger.
func (s *Server) badSignature(r *request, err error) error {
	f := &refusal{code: codeMismatch, status: http.StatusForbidden, msg: err.Error(), reason: "signature"}
	if e, ok := errors.AsType[*hearth.Error](err); ok {
		f.msg, f.summary = e.Msg, e.Msg
	}
	if errors.Is(err, sigv4.ErrUnsigned) {
		f.code, f.reason, f.summary = codeUnsigned, "unsigned", "The request is not signed."
	} else if e, ok := errors.AsType[*sigv4.Incomplete](err); ok {
		f.code, f.reason, f.summary = codeIncomplete, "incomplete", "The signature is incomplete: "+e.Error()
	} else if e, ok := errors.AsType[*sigv4.OutOfTime](err); ok {
		f.reason, f.details = "skew", skewDetails(e)
	} else if e, ok := errors.AsType[*sigv4.WrongBody](err); ok {
		f.reason = "body"
		f.details = []hearth.Detail{
			{Name: hearth.DetailClaimedBody, Value: e.Claimed},
			{Name: hearth.DetailBody, Value: e.Actual},
			{Name: hearth.DetailBodyBytes, Value: strconv.FormatInt(e.Size, 10)},
		}
	} else if e, ok := errors.AsType[*sigv4.Mismatch](err); ok {
		f.reason, f.summary = "mismatch", "The signature does not match the one calculated with this key's secret."
		f.details = mismatchDetails(r, e)
	}
	f.code = faultFor(r, f.code)
	return f
}

func skewDetails(e *sigv4.OutOfTime) []hearth.Detail {
	return []hearth.Detail{
		{Name: hearth.DetailClientTime, Value: hearth.DetailTime(e.Client)},
		{Name: hearth.DetailServerTime, Value: hearth.DetailTime(e.Server)},
		{Name: hearth.DetailSkew, Value: e.Skew().String()},
		{Name: hearth.DetailExpires, Value: e.Allowed.String()},
	}
}

// mismatchDetails keeps session tokens out of the ledger.
func mismatchDetails(r *request, e *sigv4.Mismatch) []hearth.Detail {
	d := []hearth.Detail{
		{Name: hearth.DetailCanonical, Value: clipTo(withoutToken(e.Canonical, r.sig.Token), maxCanonical)},
		{Name: hearth.DetailStringToSign, Value: e.StringToSign},
		{Name: hearth.DetailBodyBytes, Value: strconv.Itoa(len(r.body.bytes()))},
	}
	for _, name := range e.Missing {
		d = append(d, hearth.Detail{Name: hearth.DetailMissing, Value: name})
	}
	if e.Finding != "" {
		d = append(d, hearth.Detail{Name: hearth.DetailHint, Value: e.Finding})
	}
	return d
}

func withoutToken(s, token string) string {
	if token == "" {
		return s
	}
	return strings.ReplaceAll(s, token, "(session token)")
}

// recordDenial writes the reason of a denial into the ledger.
func (s *Server) recordDenial(r *request, err error) {
	f, ok := errors.AsType[*refusal](err)
	if !ok || f.reason == "" {
		return
	}
	s.metrics.denied.WithLabelValues(f.reason).Inc()
	e := s.event(r, hearth.EventDenied, f.summary)
	if e.Summary == "" {
		e.Summary = f.msg
	}
	if f.account != "" {
		e.Account = f.account
	}
	e.Details = append(e.Details, hearth.Detail{Name: hearth.DetailReason, Value: f.code})
	e.Details = append(e.Details, f.details...)
	s.opts.Recorder.Record(e)
}

// event begins an event about r. It belongs to the account of the caller, else
// of the workspace or key in question, else of this Hearth.
func (s *Server) event(r *request, kind hearth.EventKind, summary string) hearth.Event {
	e := hearth.Event{
		Time: r.began, RequestID: r.id, Account: r.caller.Account,
		Kind: kind, Summary: summary, Details: requestDetails(r),
	}
	if id, ok := hearth.ParseWorkspaceID(r.param("workspaceId")); ok {
		e.Workspace = id
	}
	if e.Account == "" {
		e.Account = r.workspace.Account
	}
	if e.Account == "" {
		e.Account = s.opts.Account
	}
	switch {
	case r.caller.Principal.Account != "":
		e.Principal = r.caller.Principal.ARN.String()
	case r.sig != nil:
		e.Principal = r.sig.AccessKeyID
	}
	return e
}

func requestDetails(r *request) []hearth.Detail {
	d := []hearth.Detail{
		{Name: hearth.DetailMethod, Value: clip(r.http.Method)},
		{Name: hearth.DetailPath, Value: clipTo(r.path, maxPath)},
		{Name: hearth.DetailRemote, Value: r.http.RemoteAddr},
		{Name: hearth.DetailUserAgent, Value: clipTo(r.http.UserAgent(), 512)},
	}
	if r.row != nil {
		d = append(d, hearth.Detail{Name: hearth.DetailAction, Value: r.row.action})
	}
	return append(d, signatureDetails(r)...)
}

func signatureDetails(r *request) []hearth.Detail {
	if r.bearer() != "" {
		return []hearth.Detail{{Name: hearth.DetailAuth, Value: "bearer"}}
	}
	if r.sessionService() != "" {
		return []hearth.Detail{{Name: hearth.DetailAuth, Value: "session"}}
	}
	if r.sig == nil {
		return []hearth.Detail{{Name: hearth.DetailAuth, Value: "none"}}
	}
	auth := "sigv4"
	if r.sig.Presigned {
		auth = "presigned"
	}
	return []hearth.Detail{
		{Name: hearth.DetailAuth, Value: auth},
		{Name: hearth.DetailAccessKey, Value: r.sig.AccessKeyID},
		{Name: hearth.DetailScope, Value: r.sig.Scope()},
		{Name: hearth.DetailSignedHeaders, Value: clipTo(strings.Join(r.sig.SignedHeaders, ";"), 2048)},
	}
}
