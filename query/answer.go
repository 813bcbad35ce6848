package query

import (
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// leastGzip is the answer below which compressing costs more than it saves.
const leastGzip = 1 << 10

var gzipWriters = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// An answer writes what a handler says: compressed if the caller wants that and
// it pays. Prometheus' own compression makes a compressor for each answer,
// most of a megabyte, even for a hundred bytes.
type answer struct {
	w    http.ResponseWriter
	gzip bool // wanted
	code int
	sent bool // the header is out
	zip  *gzip.Writer

	// rendered is called before the first byte goes out: the work is done then,
	// and a caller who reads slowly keeps nobody else from theirs. May be nil.
	rendered func()
}

func newAnswer(w http.ResponseWriter, r *http.Request) *answer {
	return &answer{w: w, gzip: wantsGzip(r)}
}

// wantsGzip reads Accept-Encoding; "gzip;q=0" refuses.
func wantsGzip(r *http.Request) bool {
	for field := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, params, _ := strings.Cut(field, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			q := strings.ReplaceAll(params, " ", "")
			return !strings.HasPrefix(q, "q=0") || strings.Trim(q[len("q=0"):], ".0") != ""
		}
	}
	return false
}

func (a *answer) Header() http.Header { return a.w.Header() }

// WriteHeader waits for the first bytes, by whose number it chooses.
func (a *answer) WriteHeader(code int) {
	if a.code == 0 {
		a.code = code
	}
}

func (a *answer) Write(p []byte) (int, error) {
	if !a.sent {
		a.send(len(p))
	}
	if a.zip != nil {
		return a.zip.Write(p)
	}
	return a.w.Write(p)
}

func (a *answer) send(n int) {
	a.sent = true
	if !slices.Contains(a.Header()["Vary"], "Accept-Encoding") { // Prometheus' API says it, too
		a.Header().Add("Vary", "Accept-Encoding")
	}
	if a.rendered != nil {
		a.rendered()
	}
	if a.gzip && n >= leastGzip {
		a.Header().Set("Content-Encoding", "gzip")
		a.Header().Del("Content-Length")
		a.zip = gzipWriters.Get().(*gzip.Writer)
		a.zip.Reset(a.w)
	}
	a.w.WriteHeader(a.status())
}

func (a *answer) status() int {
	if a.code == 0 {
		return http.StatusOK
	}
	return a.code
}

// close ends the answer. A caller that went away cannot be told.
func (a *answer) close() {
	if !a.sent {
		a.send(0)
	}
	if a.zip != nil {
		a.zip.Close()
		gzipWriters.Put(a.zip)
		a.zip = nil
	}
}

// apiAnswer is where Prometheus' API writes. When ours stopped the request, it
// drops what the API says of that, and the error is answered instead.
type apiAnswer struct {
	*answer
	rd      *reading
	dropped bool
}

func (a *apiAnswer) WriteHeader(code int) {
	if code >= http.StatusBadRequest && a.rd.failure != nil {
		a.dropped = true
		return
	}
	a.answer.WriteHeader(code)
}

func (a *apiAnswer) Write(p []byte) (int, error) {
	if a.dropped {
		return len(p), nil
	}
	return a.answer.Write(p)
}
