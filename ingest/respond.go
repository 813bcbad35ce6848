package ingest

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"

	"github.com/hearth-metrics/hearth"
)

// statuses are the codes of the data plane. What is not in it is 500.
// Senders of remote write repeat 5xx, and 429 if told so, and give up on other 4xx.
var statuses = map[hearth.Kind]int{
	hearth.Invalid:         http.StatusBadRequest,
	hearth.Malformed:       http.StatusBadRequest,
	hearth.NotFound:        http.StatusNotFound,
	hearth.NotServed:       http.StatusNotFound,
	hearth.Conflict:        http.StatusConflict,
	hearth.InUse:           http.StatusConflict,
	hearth.Unauthenticated: http.StatusForbidden,
	hearth.Denied:          http.StatusForbidden,
	hearth.Quota:           http.StatusBadRequest,
	hearth.Throttled:       http.StatusTooManyRequests,
	hearth.TooLarge:        http.StatusRequestEntityTooLarge,
	hearth.Unsupported:     http.StatusUnsupportedMediaType,
	hearth.Unavailable:     http.StatusServiceUnavailable,
	hearth.Timeout:         http.StatusServiceUnavailable,
}

// fail answers err in the data plane's forms and returns the code.
func (r *Room) fail(w http.ResponseWriter, req *http.Request, err error) int {
	e, ok := errors.AsType[*hearth.Error](err)
	code := http.StatusInternalServerError
	if ok {
		if c := statuses[e.Kind]; c != 0 {
			code = c
		}
	}
	msg := "An internal error has occurred. The samples may be sent again."
	if ok && e.Kind != hearth.Internal {
		msg = e.Msg
	}
	if code == http.StatusInternalServerError { // what is only for now would fill the log
		r.log.Error("samples not stored", "err", err, "request_id", hearth.CallerFrom(req.Context()).RequestID)
	}
	if ok && e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	if code == http.StatusNotFound {
		body, _ := json.Marshal(struct{ Message string }{msg})
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = w.Write(body)
		return code
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, msg+"\n")
	return code
}

// tell sets the headers by which a remote write 2.0 sender learns how much was
// stored; they stand on refusals as well.
func (s written) tell(h http.Header) {
	h.Set("X-Prometheus-Remote-Write-Samples-Written", strconv.Itoa(s.samples))
	h.Set("X-Prometheus-Remote-Write-Histograms-Written", strconv.Itoa(s.histograms))
	h.Set("X-Prometheus-Remote-Write-Exemplars-Written", strconv.Itoa(s.exemplars))
}

func (r *Room) count(p protocol, code int) {
	r.metrics.requests.WithLabelValues(p.String(), strconv.Itoa(code)).Inc()
}
