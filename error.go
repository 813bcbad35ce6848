package hearth

import (
	"errors"
	"strings"
	"time"
)

// Kind says what sort of failure an Error is. Only awsapi turns kinds into AWS
// codes, and only query into Prometheus' error types.
type Kind int

// The kinds.
const (
	Internal        Kind = iota // ours; the caller gets one fixed sentence
	Invalid                     // well-formed, but a value is not acceptable
	Malformed                   // cannot be parsed
	NotFound                    //
	Conflict                    // exists already, or another change is under way
	InUse                       // cannot go while something depends on it
	Unauthenticated             // who the caller is could not be proven
	Denied                      // proven, but not allowed
	Quota                       // a limit on how much may exist
	Throttled                   // a limit on how fast; see Error.RetryAfter
	TooLarge                    // the request itself is too big
	Unsupported                 // media type or encoding nobody here speaks
	NotServed                   // an operation Hearth knows and refuses by name
	Unavailable                 // for now: starting, stopping, or out of disk
	Timeout                     // the work was stopped by its deadline
)

// Error is a failure the caller may be told about.
type Error struct {
	Kind       Kind
	Resource   string        // the ARN or ID it is about, if any
	Type       string        // the resource's type as AWS names it, if any
	Msg        string        // for the caller: complete, without internals
	Fields     []Field       // the members at fault, for Invalid and Malformed
	Quota      string        // AWS quota code (L-…), for Quota and Throttled
	RetryAfter time.Duration // for Throttled and Unavailable; zero if unknown
	Err        error         // for the log: never sent
}

// Field names one member of a request that is at fault, and why.
type Field struct {
	Name string `json:"name"`
	Msg  string `json:"message"`
}

func (e *Error) Error() string {
	s := e.Msg
	if e.Resource != "" {
		s += " (" + e.Resource + ")"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Explained is an error of which the ledger of an account may know more than its
// text says.
type Explained interface {
	error
	Details(AccountID) []Detail
}

// Said is the text of err as people read it: what was for the log alone is left
// out, as it repeats or goes beyond what an Error says.
func Said(err error) string {
	text := err.Error()
	if e, ok := errors.AsType[*Error](err); ok && e.Msg != "" {
		text = strings.Replace(text, e.Error(), e.Msg, 1)
	}
	return text
}

// KindOf returns the kind of the first Error in err's chain; Internal for any
// other error.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}
