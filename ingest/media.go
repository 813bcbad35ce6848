package ingest

import (
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/hearth-metrics/hearth"
)

// A protocol is a way to send samples.
type protocol uint8

const (
	writeV1 protocol = iota
	writeV2
	otlpProtobuf
	otlpJSON
)

func (p protocol) String() string {
	return [...]string{"remote-write-1.0", "remote-write-2.0", "otlp-protobuf", "otlp-json"}[p]
}

func unsupported(format string, args ...any) error {
	return &hearth.Error{Kind: hearth.Unsupported, Msg: fmt.Sprintf(format, args...)}
}

// remoteWriteOf tells which remote write a request speaks. Anything else is
// Unsupported, so that senders fall back to what is spoken here.
func remoteWriteOf(h http.Header) (protocol, error) {
	p, err := remoteWriteType(h.Get("Content-Type"))
	if err != nil {
		return 0, err
	}
	if enc := h.Get("Content-Encoding"); !strings.EqualFold(enc, "snappy") {
		return 0, unsupported("Content-Encoding %q is not spoken here: remote write is compressed with snappy", clip(enc))
	}
	return p, nil
}

func remoteWriteType(contentType string) (protocol, error) {
	switch contentType { // as senders write it
	case "application/x-protobuf":
		return writeV1, nil
	case "application/x-protobuf;proto=io.prometheus.write.v2.Request":
		return writeV2, nil
	}
	media, params, err := mime.ParseMediaType(contentType)
	if err == nil && media == "application/x-protobuf" {
		switch params["proto"] {
		case "", "prometheus.WriteRequest":
			return writeV1, nil
		case "io.prometheus.write.v2.Request":
			return writeV2, nil
		}
	}
	return 0, unsupported("Content-Type %q is not spoken here: remote write is application/x-protobuf, with proto=prometheus.WriteRequest (1.0) or proto=io.prometheus.write.v2.Request (2.0)", clip(contentType))
}

// otlpOf tells which OTLP a request speaks.
func otlpOf(h http.Header) (p protocol, gzipped bool, err error) {
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	switch {
	case err == nil && media == "application/x-protobuf":
		p = otlpProtobuf
	case err == nil && media == "application/json":
		p = otlpJSON
	default:
		return 0, false, unsupported("Content-Type %q is not spoken here: OTLP is application/x-protobuf or application/json", clip(h.Get("Content-Type")))
	}
	switch enc := h.Get("Content-Encoding"); {
	case enc == "" || strings.EqualFold(enc, "identity"):
		return p, false, nil
	case strings.EqualFold(enc, "gzip"):
		return p, true, nil
	default:
		return 0, false, unsupported("Content-Encoding %q is not spoken here: OTLP is sent plain or with gzip", clip(enc))
	}
}
