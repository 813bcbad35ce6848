package awsapi

import (
	"errors"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/hearth-metrics/hearth"
)

const (
	failuresRate  = 10  // failed proofs a second that a source is told about in full
	failuresBurst = 100 // and at once
	maxSources    = 4096
)

// failures slows down who guesses. A source that fails too often is told only
// that, and the ledger nothing. A proof that holds always passes, so nobody can
// shut others out, not even from behind the same address.
type failures struct {
	mu      sync.Mutex
	sources map[string]*rate.Limiter
}

func (f *failures) allow(source string, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := f.sources[source]
	if l == nil {
		if f.sources == nil || len(f.sources) >= maxSources {
			f.sources = map[string]*rate.Limiter{}
		}
		l = rate.NewLimiter(failuresRate, failuresBurst)
		f.sources[source] = l
	}
	return l.AllowN(now, 1)
}

// guess are the reasons of failures that come of trying secrets.
var guess = map[string]bool{"mismatch": true, "unknown_key": true, "unknown_token": true}

// throttled replaces a failed proof by an answer without details if its source
// has failed too often.
func (s *Server) throttled(r *request, err error) error {
	f, ok := errors.AsType[*refusal](err)
	if !ok || !guess[f.reason] || s.failures.allow(r.sourceIP(), r.began) {
		return err
	}
	s.metrics.denied.WithLabelValues("throttled").Inc()
	return &hearth.Error{Kind: hearth.Throttled, Msg: "Too many requests of this address could not be authenticated. Correct the credentials and try again.", RetryAfter: time.Second}
}
