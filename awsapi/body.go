package awsapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hearth-metrics/hearth"
)

const (
	firstBuffer = 4 << 10   // what a body gets before it has shown that it is longer
	keepFrom    = 16 << 10  // buffers worth keeping for the next request:
	keepUpTo    = 256 << 10 // neither tiny nor rarely needed whole
)

// bodies reads the bodies of requests. Together they take no more memory than
// its budget, so that many large or slow senders cannot exhaust it.
type bodies struct {
	budget int64
	taken  atomic.Int64
	shares shares    // of what is taken, by those who have proven nothing
	kept   sync.Pool // of *[]byte
}

// A body is a request's body, read whole. The zero body is empty.
type body struct {
	from *bodies
	buf  *[]byte
	held int64 // of the budget

	claim claimant // whose share it counts in; zero: nobody's
}

// release gives the body back to where it was read. Its bytes must no longer be
// used.
func (b *body) release() {
	if b.from != nil {
		b.from.put(b)
	}
}

func (b *body) bytes() []byte {
	if b.buf == nil {
		return nil
	}
	return *b.buf
}

// reader gives the body to a handler that expects a stream. Handlers that can
// take it whole ask for Bytes.
func (b *body) reader() io.ReadCloser {
	data := b.bytes()
	return &wholeBody{Reader: bytes.NewReader(data), data: data}
}

type wholeBody struct {
	*bytes.Reader
	data []byte
}

// Bytes is the whole body, valid until the handler returns.
func (w *wholeBody) Bytes() []byte { return w.data }

// Close does nothing: the front door owns the bytes.
func (w *wholeBody) Close() error { return nil }

// read reads src to its end. A body longer than limit is TooLarge; one that
// finds the budget spent is Unavailable. announced is the length the client
// promised, or -1; memory is taken as bytes arrive, never on a promise alone. It
// counts in the share of who until that is proven.
func (p *bodies) read(src io.Reader, announced, limit int64, who claimant) (body, error) {
	if announced > limit {
		return body{}, tooLarge(limit)
	}
	if announced == 0 {
		return body{}, nil
	}
	b := body{from: p, buf: p.buffer(announced), claim: who}
	if err := p.fill(&b, src, announced, limit); err != nil {
		p.put(&b)
		return body{}, err
	}
	return b, nil
}

func (p *bodies) fill(b *body, src io.Reader, announced, limit int64) error {
	buf := (*b.buf)[:0]
	defer func() { *b.buf = buf }()
	if err := p.hold(b, int64(cap(buf))); err != nil {
		return err
	}
	for {
		if len(buf) == cap(buf) {
			size := grown(cap(buf), announced, limit)
			if err := p.hold(b, size); err != nil {
				return err
			}
			buf = append(make([]byte, 0, size), buf...)
		}
		n, err := src.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)) > limit:
			return tooLarge(limit)
		case err == io.EOF:
			return nil
		case err != nil:
			return unread(err)
		}
	}
}

// grown is the next capacity of a full buffer: twice as much, but no more than
// was announced plus the byte that shows there is no more.
func grown(have int, announced, limit int64) int64 {
	next := 2 * int64(have)
	if announced >= int64(have) && announced+1 < next {
		next = announced + 1
	}
	return min(next, limit+1)
}

func (p *bodies) buffer(announced int64) *[]byte {
	if announced < 0 || announced >= firstBuffer {
		if kept, ok := p.kept.Get().(*[]byte); ok {
			return kept
		}
	}
	size := int64(firstBuffer)
	if announced > 0 {
		size = min(size, announced+1)
	}
	buf := make([]byte, 0, size)
	return &buf
}

// hold raises what b holds of the budget to want.
func (p *bodies) hold(b *body, want int64) error {
	more := want - b.held
	if more <= 0 {
		return nil
	}
	if b.claim != (claimant{}) && !p.shares.take(b.claim, b.held, more, p.budget) {
		return crowded()
	}
	if p.taken.Add(more) > p.budget {
		p.taken.Add(-more)
		if b.claim != (claimant{}) {
			p.shares.give(b.claim, more)
		}
		return crowded()
	}
	b.held = want
	return nil
}

func crowded() error {
	return &hearth.Error{Kind: hearth.Unavailable, Msg: "too many requests are being read at once; please retry", RetryAfter: time.Second}
}

// put takes a body back. Its bytes must no longer be used.
func (p *bodies) put(b *body) {
	b.proven() // in whatever way it ends, it holds nothing more
	p.taken.Add(-b.held)
	if b.buf != nil && cap(*b.buf) >= keepFrom && cap(*b.buf) <= keepUpTo {
		*b.buf = (*b.buf)[:0]
		p.kept.Put(b.buf)
	}
	*b = body{}
}

func tooLarge(limit int64) error {
	return &hearth.Error{Kind: hearth.TooLarge, Msg: fmt.Sprintf("the request body is larger than %d bytes", limit)}
}

func unread(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &hearth.Error{Kind: hearth.Timeout, Msg: "the request body did not arrive in time", Err: err}
	}
	return &hearth.Error{Kind: hearth.Malformed, Msg: "the request body ended early", Err: err}
}
