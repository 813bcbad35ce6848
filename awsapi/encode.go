package awsapi

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
	"time"
)

// encode answers with out in the service's protocol and the row's status.
func (r *request) encode(out any) {
	page, isPage := out.(htmlPage)
	switch {
	case isPage:
		page.write(&r.w, r.row.code)
	case r.service.protocol == grafanaJSON:
		r.encodeGrafana(out)
	case r.service.name == "monitoring":
		r.encodeMonitoring(out)
	case r.service.protocol == queryXML:
		r.encodeXML(out)
	case out == nil:
		r.w.WriteHeader(r.row.code)
	default:
		writeJSON(&r.w, "application/json", r.row.code, out)
	}
}

// encodeXML wraps out as the query protocol does: <XResponse><XResult>.
func (r *request) encodeXML(out any) {
	op := r.row.operation()
	var inner bytes.Buffer
	if err := xml.NewEncoder(&inner).EncodeElement(out, xml.StartElement{Name: xml.Name{Local: op + "Result"}}); err != nil {
		failureOf(r.service, err).write(&r.w, r)
		return
	}
	r.w.Header().Set("Content-Type", "text/xml")
	r.w.WriteHeader(r.row.code)
	_, _ = fmt.Fprintf(&r.w, `<%[1]sResponse xmlns="%[2]s">%[3]s<ResponseMetadata><RequestId>%[4]s</RequestId></ResponseMetadata></%[1]sResponse>`,
		op, r.service.namespace(), inner.Bytes(), r.id)
}

// epoch is a time as AWS's JSON has it: seconds since 1970, milliseconds behind
// the point.
type epoch time.Time

// MarshalJSON writes a number.
func (e epoch) MarshalJSON() ([]byte, error) {
	seconds := float64(time.Time(e).UnixMilli()) / 1000
	return strconv.AppendFloat(nil, seconds, 'f', -1, 64), nil
}

// orNothing leaves out what is empty.
func orNothing(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
