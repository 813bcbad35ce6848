package ingest

import (
	"github.com/hearth-metrics/hearth"
)

// The OTLP library builds a value on the heap for every message it meets, some
// fifty times bigger than an empty one is on the wire. So messages and their
// nesting are counted before it may begin.

const (
	maxOTLPMessages = 1_000_000
	maxOTLPDepth    = 32
)

// otlpMessage names the messages of OTLP that hold others.
type otlpMessage uint8

const (
	leaf otlpMessage = iota
	otlpRequest
	resourceMetrics
	resource
	scopeMetrics
	scope
	metric
	points // Gauge, Sum and Summary: their points' parts share field numbers
	histPoints
	expPoints
	numberPoint
	histPoint
	expPoint
	keyValue
	anyValue
	list
	exemplarMessage
)

// otlpFields tells which fields of a message hold messages.
// https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/metrics/v1/metrics.proto
var otlpFields = map[otlpMessage]map[uint64]otlpMessage{
	otlpRequest:     {1: resourceMetrics},
	resourceMetrics: {1: resource, 2: scopeMetrics},
	resource:        {1: keyValue, 3: leaf},
	scopeMetrics:    {1: scope, 2: metric},
	scope:           {3: keyValue},
	metric:          {5: points, 7: points, 9: histPoints, 10: expPoints, 11: points, 12: keyValue},
	points:          {1: numberPoint},
	histPoints:      {1: histPoint},
	expPoints:       {1: expPoint},
	numberPoint:     {5: exemplarMessage, 6: leaf, 7: keyValue},
	histPoint:       {8: exemplarMessage, 9: keyValue},
	expPoint:        {1: keyValue, 8: leaf, 9: leaf, 11: exemplarMessage},
	exemplarMessage: {7: keyValue},
	keyValue:        {2: anyValue},
	anyValue:        {5: list, 6: list},
	list:            {1: anyValue},
}

// measureOTLP refuses a request with too many messages or points, or nested too
// deeply.
func measureOTLP(body []byte, l hearth.Limits) error {
	m := otlpMeasure{limits: l}
	return m.walk(otlpRequest, body, 0)
}

type otlpMeasure struct {
	limits           hearth.Limits
	messages, points int
}

func (m *otlpMeasure) walk(kind otlpMessage, b []byte, depth int) error {
	if m.messages++; m.messages > maxOTLPMessages {
		return tooMany("OTLP messages", maxOTLPMessages)
	}
	if depth > maxOTLPDepth {
		return malformed("the OTLP request is nested too deeply")
	}
	if kind == numberPoint || kind == histPoint || kind == expPoint {
		if m.points++; m.limits.RequestSamples > 0 && m.points > m.limits.RequestSamples {
			return tooMany("data points", m.limits.RequestSamples)
		}
	}
	fields := otlpFields[kind]
	return eachField(b, func(f field) error {
		sub, ok := fields[f.id]
		if !ok || f.wire != wireBytes {
			return nil
		}
		if kind == list { // of values, or of keys with values: both are counted alike
			return m.listItem(f.b, depth+1)
		}
		return m.walk(sub, f.b, depth+1)
	})
}

// listItem walks an item of an ArrayValue or KeyValueList. Which it is does not
// show here; a KeyValue read as an AnyValue has its value in field 2, which an
// AnyValue never has as a message.
func (m *otlpMeasure) listItem(b []byte, depth int) error {
	if err := m.walk(anyValue, b, depth); err != nil {
		return err
	}
	return eachField(b, func(f field) error {
		if f.id == 2 && f.wire == wireBytes {
			return m.walk(anyValue, f.b, depth+1)
		}
		return nil
	})
}

// measureJSON does the same for JSON: it counts braces and brackets outside of
// strings, and commas, which separate numbers too.
func measureJSON(body []byte, _ hearth.Limits) error {
	depth, items, quoted := 0, 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			items++
		case c == '}' || c == ']':
			depth--
		case c == ',':
			items++
		}
		if depth > 2*maxOTLPDepth {
			return malformed("the OTLP request is nested too deeply")
		}
		if items > 4*maxOTLPMessages {
			return tooMany("OTLP elements", 4*maxOTLPMessages)
		}
	}
	return nil
}
