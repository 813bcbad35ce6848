package dashboard

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/hearth-metrics/hearth"
)

// maxAnswer is how much of the answers of data sources is read for one request: for
// all queries of a panel, or of an alert rule.
const maxAnswer = 64 << 20

// An allowance is what may still be read for one request.
type allowance struct{ left atomic.Int64 }

func newAllowance() *allowance {
	a := &allowance{}
	a.left.Store(maxAnswer)
	return a
}

func (a *allowance) take(n int) bool { return a.left.Add(-int64(n)) >= 0 }

// An answer is what a data source said, read whole.
type answer struct {
	status int
	header http.Header
	body   bytes.Buffer
	left   *allowance
	over   bool
}

// Header is http.ResponseWriter's.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader is http.ResponseWriter's.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write is http.ResponseWriter's. What is too long is not kept.
func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if !a.left.take(len(p)) {
		a.over = true
		return 0, io.ErrShortWrite
	}
	return a.body.Write(p)
}

// askTimeout is how long a data source may take for one query.
const askTimeout = 2 * time.Minute

// ask asks the data source and reads the answer whole.
func (r *Room) ask(ctx context.Context, as hearth.GrafanaWorkspace, s *source, q question, left *allowance) (_ *answer, err error) {
	defer r.contain(&err)
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	a := &answer{header: http.Header{}, left: left}
	if err := r.forward(ctx, a, as, s, q); err != nil {
		return nil, err
	}
	if a.over {
		return nil, &hearth.Error{Kind: hearth.TooLarge, Msg: fmt.Sprintf("The data source's answers to this request have more than %d bytes: ask for less.", maxAnswer)}
	}
	return a, nil
}

// contain ends what an evaluation broke instead of the program: evaluations run
// beside requests, where nobody else would.
func (r *Room) contain(err *error) {
	if v := recover(); v != nil {
		r.opts.Log.Error("an evaluation was broken off", "panic", v, "stack", string(debug.Stack()))
		*err = fmt.Errorf("an evaluation was broken off: %v", v)
	}
}

// told is err, logged if whoever asked is told nothing of it.
func (r *Room) told(err error) error {
	if queryFault(err).Kind == hearth.Internal {
		r.opts.Log.Error("a data source could not be asked", "err", err)
	}
	return err
}
