package query

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/hearth-metrics/hearth"
)

// envelope is Prometheus' answer. https://prometheus.io/docs/prometheus/latest/querying/api/#format-overview
type envelope struct {
	Status    string `json:"status"`
	Data      any    `json:"data,omitempty"`
	ErrorType string `json:"errorType,omitempty"`
	Error     string `json:"error,omitempty"`
}

// fault is how a kind of error looks in the envelope.
type fault struct {
	status int
	typ    string
}

// faultOf is the one table from kinds to Prometheus' error types. Over a limit
// is "execution" with 422, as AMP answers.
func faultOf(k hearth.Kind) fault {
	switch k {
	case hearth.Invalid, hearth.Malformed:
		return fault{http.StatusBadRequest, "bad_data"}
	case hearth.TooLarge:
		return fault{http.StatusRequestEntityTooLarge, "bad_data"}
	case hearth.Unsupported:
		return fault{http.StatusUnsupportedMediaType, "bad_data"}
	case hearth.NotFound, hearth.NotServed:
		return fault{http.StatusNotFound, "not_found"}
	case hearth.Quota, hearth.Timeout:
		return fault{http.StatusUnprocessableEntity, "execution"}
	case hearth.Throttled:
		return fault{http.StatusTooManyRequests, "too_many_requests"}
	case hearth.Unavailable, hearth.Conflict:
		return fault{http.StatusServiceUnavailable, "unavailable"}
	case hearth.Denied, hearth.Unauthenticated:
		return fault{http.StatusForbidden, "forbidden"}
	default:
		return fault{http.StatusInternalServerError, "internal"}
	}
}

// internalMsg is all a caller learns of a failure of ours.
const internalMsg = "internal error; the request ID finds it in the server's log"

func writeFailure(w http.ResponseWriter, e *hearth.Error) {
	f := faultOf(e.Kind)
	msg := e.Msg
	if f.typ == "internal" || msg == "" {
		msg = internalMsg
	}
	if e.RetryAfter > 0 {
		seconds := int64((e.RetryAfter + time.Second - 1) / time.Second)
		w.Header().Set("Retry-After", strconv.FormatInt(seconds, 10))
	}
	writeEnvelope(w, f.status, envelope{Status: "error", ErrorType: f.typ, Error: msg})
}

func writeData(w http.ResponseWriter, data any) {
	writeEnvelope(w, http.StatusOK, envelope{Status: "success", Data: data})
}

func writeEnvelope(w http.ResponseWriter, status int, e envelope) {
	body, err := json.Marshal(e)
	if err != nil { // nothing we put in can fail to be written
		status, body = http.StatusInternalServerError, []byte(`{"status":"error","errorType":"internal","error":"`+internalMsg+`"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body) // a reader that went away cannot be told
}
