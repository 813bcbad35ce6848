package sigv4

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
)

// Every failure is a *hearth.Error of kind Unauthenticated whose Msg is AWS's
// text. Its Err is ErrUnsigned or one of the types below, for the ledger.

// ErrUnsigned says that the request carries no signature at all.
var ErrUnsigned = errors.New("request is not signed with SigV4")

// Incomplete is a signature that lacks a part or has one in the wrong form.
type Incomplete struct {
	Problems []string // sentences
}

func (e *Incomplete) Error() string { return strings.Join(e.Problems, " ") }

// WrongDate is a scope whose day is not the day of the request.
type WrongDate struct {
	Scope string // YYYYMMDD, as in the credential scope
	Time  time.Time
}

func (e *WrongDate) Error() string {
	return fmt.Sprintf("scope date %s is not the day of %s", e.Scope, stamp(e.Time))
}

// OutOfTime is a signature made too long ago or too far in the future.
type OutOfTime struct {
	Client  time.Time // when the client says it signed
	Server  time.Time
	Allowed time.Duration
}

// Skew is how far the client's clock is ahead of the server's, if the request
// did not linger. It is negative for an expired signature.
func (e *OutOfTime) Skew() time.Duration { return e.Client.Sub(e.Server) }

func (e *OutOfTime) Error() string {
	return fmt.Sprintf("signed at %s, server's clock is %s", stamp(e.Client), stamp(e.Server))
}

// WrongBody is a body that is not the one the client declares.
type WrongBody struct {
	Claimed string // X-Amz-Content-Sha256
	Actual  string // hex SHA-256 of the body as received
	Size    int64
}

func (e *WrongBody) Error() string {
	return fmt.Sprintf("body of %d bytes has SHA-256 %s, declared is %s", e.Size, e.Actual, e.Claimed)
}

// Mismatch is a signature that does not fit the request under the secret the
// server holds. Canonical and StringToSign hold what the client sent, session
// token included: show them to that client or strip the token.
type Mismatch struct {
	Canonical    string
	StringToSign string
	Missing      []string // signed headers that did not arrive
	Finding      string   // what the signature would fit; empty if nothing tried
}

func (e *Mismatch) Error() string {
	switch {
	case e.Finding != "":
		return "signature does not match: " + e.Finding
	case len(e.Missing) > 0:
		return "signature does not match; signed but not received: " + strings.Join(e.Missing, ", ")
	}
	return "signature does not match"
}

func unsigned() error {
	return &hearth.Error{Kind: hearth.Unauthenticated, Msg: "Missing Authentication Token", Err: ErrUnsigned}
}

func incomplete(problems ...string) error {
	e := &Incomplete{Problems: problems}
	return &hearth.Error{Kind: hearth.Unauthenticated, Msg: e.Error(), Err: e}
}

func wrongDate(s *Signature) error {
	return &hearth.Error{
		Kind: hearth.Unauthenticated,
		Msg: fmt.Sprintf("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s', from '%s'.",
			s.Date, s.Time.Format(dateLayout), stamp(s.Time)),
		Err: &WrongDate{Scope: s.Date, Time: s.Time},
	}
}

func expired(client, now time.Time, allowed time.Duration) error {
	return outOfTime(client, now, allowed, fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - %s)",
		stamp(client), stamp(now.Add(-allowed)), stamp(now), inWords(allowed)))
}

func early(client, now time.Time, allowed time.Duration) error {
	return outOfTime(client, now, allowed, fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + %s)",
		stamp(client), stamp(now.Add(allowed)), stamp(now), inWords(allowed)))
}

func outOfTime(client, now time.Time, allowed time.Duration, msg string) error {
	return &hearth.Error{
		Kind: hearth.Unauthenticated,
		Msg:  msg,
		Err:  &OutOfTime{Client: client, Server: now, Allowed: allowed},
	}
}

func wrongBody(claimed, actual string, size int64) error {
	return &hearth.Error{
		Kind: hearth.Unauthenticated,
		Msg:  "The provided 'x-amz-content-sha256' header does not match what was computed.",
		Err:  &WrongBody{Claimed: claimed, Actual: actual, Size: size},
	}
}

func mismatch(m *Mismatch) error {
	return &hearth.Error{
		Kind: hearth.Unauthenticated,
		Msg: "The request signature we calculated does not match the signature you provided. " +
			"Check your AWS Secret Access Key and signing method. Consult the service documentation for details." +
			"\n\nThe Canonical String for this request should have been\n'" + m.Canonical +
			"'\n\nThe String-to-Sign should have been\n'" + m.StringToSign + "'\n",
		Err: m,
	}
}

func stamp(t time.Time) string { return t.UTC().Format(timeLayout) }

// inWords writes d as AWS does: "5 min." or "90 sec.".
func inWords(d time.Duration) string {
	if d%time.Minute == 0 {
		return fmt.Sprintf("%d min.", d/time.Minute)
	}
	return fmt.Sprintf("%d sec.", d/time.Second)
}
