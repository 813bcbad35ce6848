package sso

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/hearth-metrics/hearth"
)

// Types of errors about sign-ins.
const (
	SignInType    = "sign-in"    // 401: not signed in
	CrossSiteType = "cross-site" // 403: another site's page asks
)

// refused is the reason of a refused sign-in, for the ledger. The caller gets told
// alone.
type refused struct {
	reason  string // a short word
	summary string // one sentence
	told    string // what the person may know; empty but where it is about who they proved to be, or about nobody
	details []hearth.Detail
	err     error
}

func (f *refused) Error() string {
	if f.err != nil {
		return f.summary + " " + f.err.Error()
	}
	return f.summary
}

func (f *refused) Unwrap() error { return f.err }

// with adds a detail.
func (f *refused) with(name, value string) *refused {
	f.details = append(f.details, detail(name, value))
	return f
}

// tell says what the person may know.
func (f *refused) tell(format string, args ...any) *refused {
	f.told = fmt.Sprintf(format, args...)
	return f
}

func refuse(reason, format string, args ...any) *refused {
	return &refused{reason: reason, summary: fmt.Sprintf(format, args...)}
}

// maxDetail bounds what an identity provider or a stranger gets into the ledger.
const maxDetail = 512

func detail(name, value string) hearth.Detail {
	if len(value) > maxDetail {
		value = strings.ToValidUTF8(value[:maxDetail], "") + "…"
	}
	return hearth.Detail{Name: name, Value: value}
}

// An attempt is one sign-in, from the first proof to the session.
type attempt struct {
	room     *Room
	req      *http.Request
	grafana  hearth.GrafanaWorkspace // zero: the console
	account  hearth.AccountID
	provider string
	details  []hearth.Detail
	who      string // in the ledger: login, principal or subject
	hint     []byte // the ID token, sealed, for the session
}

func (r *Room) attempt(req *http.Request, ws hearth.GrafanaWorkspace, provider string) *attempt {
	a := &attempt{room: r, req: req, grafana: ws, account: ws.Account, provider: provider}
	if a.account == "" {
		a.account = r.opts.Account
	}
	a.note(hearth.DetailProvider, provider)
	if ws.ID != "" {
		a.note(hearth.DetailGrafana, string(ws.ID))
	}
	return a
}

func (a *attempt) note(name, value string) {
	if value != "" {
		a.details = append(a.details, detail(name, value))
	}
}

func (a *attempt) record(kind hearth.EventKind, summary string, more ...hearth.Detail) {
	caller := hearth.CallerFrom(a.req.Context())
	details := []hearth.Detail{
		detail(hearth.DetailMethod, a.req.Method), detail(hearth.DetailPath, a.req.URL.Path),
		detail(hearth.DetailRemote, a.req.RemoteAddr), detail(hearth.DetailUserAgent, a.req.UserAgent()),
	}
	a.room.opts.Recorder.Record(hearth.Event{
		Time: a.room.opts.Now(), RequestID: caller.RequestID, Account: a.account, Principal: a.who,
		Kind: kind, Summary: summary, Details: append(append(details, a.details...), more...),
	})
}

// fail records why the attempt failed, counts it, and returns what its caller may
// know.
func (a *attempt) fail(err error) error {
	f, ok := errors.AsType[*refused](err)
	if !ok {
		if e, ok := errors.AsType[*hearth.Error](err); !ok || e.Kind != hearth.Denied {
			return err // ours, or said in full
		}
		f = refuse("denied", "The Grafana workspace does not let this identity in: %s", err)
	}
	if f.reason != unreachable {
		a.room.slow.failed(origin(a.req.RemoteAddr))
	}
	a.room.metrics.signIns.WithLabelValues(a.provider, f.reason).Inc()
	more := append([]hearth.Detail{detail(hearth.DetailReason, f.reason)}, f.details...)
	if f.err != nil {
		more = append(more, detail(hearth.DetailError, f.err.Error()))
	}
	a.record(hearth.EventSignIn, "A sign-in was refused. "+f.summary, more...)
	if f.reason == unreachable {
		return &hearth.Error{Kind: hearth.Unavailable, Msg: "The identity provider cannot be reached. Try again later; the request id tells your administrator why.", Err: f}
	}
	if f.told != "" {
		return &hearth.Error{Kind: hearth.Unauthenticated, Type: SignInType, Msg: fmt.Sprintf("You could not be signed in: %s. The request id tells your administrator more: hearth why prints it.", f.told), Err: f}
	}
	return &hearth.Error{Kind: hearth.Unauthenticated, Type: SignInType, Msg: "You could not be signed in. The request id tells your administrator why: hearth why prints it.", Err: f}
}

// unreachable is the reason of failures that are not the caller's.
const unreachable = "unreachable"

// succeed records a sign-in.
func (a *attempt) succeed(summary string) {
	a.room.metrics.signIns.WithLabelValues(a.provider, "signed-in").Inc()
	a.record(hearth.EventSignIn, summary)
}
