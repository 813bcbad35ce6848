package ingest

import (
	"fmt"
	"io"
	"net/http"

	"github.com/klauspost/compress/snappy"

	"github.com/hearth-metrics/hearth"
)

// bodyOf returns the request's body as received. The front door has read it and
// offers its bytes; another reader is drained up to the limit.
func bodyOf(r *http.Request, limit int64) ([]byte, error) {
	if b, ok := r.Body.(interface{ Bytes() []byte }); ok {
		return b.Bytes(), tooBig(int64(len(b.Bytes())), limit)
	}
	if limit <= 0 {
		limit = maxDecoded
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, &hearth.Error{Kind: hearth.Malformed, Msg: "the body could not be read to its end", Err: err}
	}
	return b, tooBig(int64(len(b)), limit)
}

func tooBig(n, limit int64) error {
	if limit > 0 && n > limit {
		return &hearth.Error{Kind: hearth.TooLarge, Quota: "L-B71C1602", Msg: fmt.Sprintf("the request has more than %d bytes: send smaller batches", limit)}
	}
	return nil
}

// maxDecoded bounds a decoded body where the workspace does not; offsets are kept
// in 32 bits.
const maxDecoded = 1 << 30

// claimed returns the decoded size that a snappy block claims, if it is allowed
// and possible: no element of the format yields more than 64 bytes from 3.
func claimed(body []byte, limit int64) (int, error) {
	if limit <= 0 || limit > maxDecoded {
		limit = maxDecoded
	}
	n, err := snappy.DecodedLen(body)
	if err != nil || int64(n) > 22*int64(len(body))+64 {
		return 0, malformed("the body is not snappy: the size it claims is impossible")
	}
	if int64(n) > limit {
		return 0, &hearth.Error{Kind: hearth.TooLarge, Msg: fmt.Sprintf("the decompressed request would have %d bytes (limit: %d): send smaller batches", n, limit)}
	}
	return n, nil
}

// decompress fills b.buf; n is what claimed returned.
func (b *batch) decompress(body []byte, n int) error {
	if cap(b.buf) < n {
		b.buf = make([]byte, n)
	}
	out, err := snappy.Decode(b.buf[:n], body)
	if err != nil {
		return malformed("the body is not valid snappy: it is truncated or damaged")
	}
	b.buf = out
	return nil
}
