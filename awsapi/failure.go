package awsapi

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
)

// write answers the failure in the way the request's service and plane do.
func (f failure) write(w http.ResponseWriter, r *request) {
	if f.kind == hearth.NotServed && r.row.data() {
		f.fault = common[restJSON][hearth.NotServed] // no SDK asks here: a plain 404
	}
	h := w.Header()
	h.Set("X-Amzn-ErrorType", f.code)
	f.retry(h)
	switch {
	case r.service.protocol == grafanaJSON:
		f.writeGrafana(w)
	case r.row.data():
		f.writeData(w, r)
	case r.service.protocol == queryXML:
		f.writeXML(w, r)
	case r.http.Header.Get("Smithy-Protocol") == "rpc-v2-cbor":
		f.writeCBOR(w)
	case r.service.protocol == awsJSON && r.http.Header.Get("X-Amz-Target") != "":
		writeJSON(w, "application/x-amz-json-1.1", f.status, f.members())
	case r.service.name == "monitoring":
		f.writeXML(w, r)
	case r.service.name == "eks":
		writeJSON(w, "application/json", f.status, f.eksMembers())
	default:
		body := f.members()
		if body.ServiceCode != "" {
			body.ServiceCode = r.service.name
		}
		writeJSON(w, "application/json", f.status, body)
	}
}

// retry tells the caller how long to wait before asking again.
func (f failure) retry(h http.Header) {
	var wait time.Duration
	if f.err != nil {
		wait = f.err.RetryAfter
	}
	switch f.kind {
	case hearth.Throttled, hearth.Internal, hearth.Unavailable:
		h.Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(wait.Seconds())))))
	}
}

// errorBody has every member an error of a JSON protocol may carry.
type errorBody struct {
	Type         string         `json:"__type"`
	Message      string         `json:"message"`
	ResourceID   string         `json:"resourceId,omitempty"`
	ResourceType string         `json:"resourceType,omitempty"`
	ServiceCode  string         `json:"serviceCode,omitempty"`
	QuotaCode    string         `json:"quotaCode,omitempty"`
	Reason       string         `json:"reason,omitempty"`
	FieldList    []hearth.Field `json:"fieldList,omitempty"`
}

// members gives each kind the members the AMP model has for it.
func (f failure) members() errorBody {
	b := errorBody{Type: f.code, Message: f.msg}
	if f.err == nil {
		return b
	}
	switch f.kind {
	case hearth.NotFound, hearth.Conflict, hearth.InUse:
		b.ResourceID, b.ResourceType = f.err.Resource, f.err.Type
	case hearth.Quota:
		b.ResourceID, b.ResourceType = f.err.Resource, f.err.Type
		b.ServiceCode, b.QuotaCode = "aps", f.err.Quota
	case hearth.Throttled:
		b.ServiceCode, b.QuotaCode = "aps", f.err.Quota
	case hearth.Malformed:
		b.Reason, b.FieldList = "CANNOT_PARSE", f.err.Fields
	case hearth.NotServed:
		b.Reason = "UNKNOWN_OPERATION"
	case hearth.Invalid:
		b.Reason = "OTHER"
		if len(f.err.Fields) > 0 {
			b.Reason, b.FieldList = "FIELD_VALIDATION_FAILED", f.err.Fields
		}
	}
	return b
}

// writeData answers on the data plane. AWS spells the body in three ways: its
// front door says message, rights and missing workspaces say Message, and what
// belongs to the Prometheus API comes in Prometheus' envelope.
func (f failure) writeData(w http.ResponseWriter, r *request) {
	switch {
	case f.kind == hearth.NotServed && strings.HasPrefix(r.row.path, api):
		writeJSON(w, "application/json", f.status, struct {
			Status    string `json:"status"`
			ErrorType string `json:"errorType"`
			Error     string `json:"error"`
		}{"error", "not_found", f.msg})
	case f.cap || f.kind == hearth.NotFound:
		writeJSON(w, "application/json", f.status, struct {
			Message string `json:"Message"`
		}{f.msg})
	default:
		writeJSON(w, "application/json", f.status, struct {
			Message string `json:"message"`
		}{f.msg})
	}
}

type xmlFailure struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	Namespace string   `xml:"xmlns,attr"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"`
}

func (f failure) writeXML(w http.ResponseWriter, r *request) {
	side := "Sender"
	if f.status >= http.StatusInternalServerError {
		side = "Receiver"
	}
	writeXML(w, f.status, xmlFailure{
		Namespace: r.service.namespace(), Type: side, Code: f.code, Message: f.msg, RequestID: string(r.id),
	})
}

// writeCBOR answers in Smithy's RPC v2, which newer CloudWatch clients speak: a
// map of two texts.
func (f failure) writeCBOR(w http.ResponseWriter) {
	out := []byte{0xa2}
	for _, s := range []string{"__type", f.code, "message", clipTo(f.msg, math.MaxUint16-len("…"))} {
		out = append(out, 0x79, byte(len(s)>>8), byte(len(s)))
		out = append(out, s...)
	}
	h := w.Header()
	h.Set("Content-Type", "application/cbor")
	h.Set("Smithy-Protocol", "rpc-v2-cbor")
	w.WriteHeader(f.status)
	_, _ = w.Write(out)
}

func writeJSON(w http.ResponseWriter, contentType string, status int, v any) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false) // people read these texts in logs
	if err := enc.Encode(v); err != nil {
		status = http.StatusInternalServerError
		out.Reset()
		out.WriteString(`{"__type":"InternalServerException","message":"` + internalText + `"}`)
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(bytes.TrimSuffix(out.Bytes(), []byte("\n")))
}

func writeXML(w http.ResponseWriter, status int, v any) {
	out, err := xml.Marshal(v)
	if err != nil {
		status, out = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_, _ = w.Write(out)
}
