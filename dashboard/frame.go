package dashboard

import (
	"encoding/json"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// A frame is a table of columns, as Grafana's panels take data.
// https://grafana.com/developers/plugin-tools/key-concepts/data-frames
type frame struct {
	ref, name string
	meta      *frameMeta
	times     []int64   // milliseconds; nil: there is no column of times
	values    []float64 // NaN and infinities are written aside, for JSON has none
	ready     *columns  // instead of times and values: they are there as they are sent
	texts     []string  // a column of texts instead of values
	labels    map[string]string
	shown     string // the name that the data source gives the values
	timeStep  int64  // milliseconds; 0 if there is none
}

type frameMeta struct {
	Type     string            `json:"type,omitempty"`
	Version  [2]int            `json:"typeVersion"`
	Custom   map[string]string `json:"custom,omitempty"`
	Notices  []notice          `json:"notices,omitempty"`
	Executed string            `json:"executedQueryString,omitempty"`
}

type notice struct {
	Severity string `json:"severity"`
	Text     string `json:"text"`
}

// schema and field are the first half of a frame in JSON.
type schema struct {
	Ref    string     `json:"refId"`
	Name   string     `json:"name,omitempty"`
	Meta   *frameMeta `json:"meta,omitempty"`
	Fields []field    `json:"fields"`
}

type field struct {
	Name   string       `json:"name"`
	Type   string       `json:"type"`
	Info   typeInfo     `json:"typeInfo"`
	Labels any          `json:"labels,omitempty"` // of map[string]string, which may be empty
	Config *fieldConfig `json:"config,omitempty"`
}

type typeInfo struct {
	Frame    string `json:"frame"`
	Nullable bool   `json:"nullable,omitempty"`
}

type fieldConfig struct {
	Interval int64  `json:"interval,omitempty"`
	Shown    string `json:"displayNameFromDS,omitempty"`
}

func (f *frame) schema() schema {
	out := schema{Ref: f.ref, Name: f.name, Meta: f.meta}
	if f.timed() {
		out.Fields = append(out.Fields, field{Name: "Time", Type: "time", Info: typeInfo{Frame: "time.Time"}, Config: &fieldConfig{Interval: f.timeStep}})
	}
	values := field{Name: "Value", Type: "number", Info: typeInfo{Frame: "float64", Nullable: true}}
	if f.labels != nil {
		values.Labels = f.labels
	}
	if f.texts != nil {
		values.Type, values.Info = "string", typeInfo{Frame: "string"}
	}
	if f.shown != "" {
		values.Config = &fieldConfig{Shown: f.shown}
	}
	out.Fields = append(out.Fields, values)
	return out
}

func (f *frame) timed() bool { return f.times != nil || f.ready != nil }

// appendFrames writes the form that Grafana's libraries read.
func appendFrames(out []byte, frames []frame) (_ []byte, err error) {
	out = append(out, '[')
	for i := range frames {
		if i > 0 {
			out = append(out, ',')
		}
		if out, err = frames[i].append(out); err != nil {
			return nil, err
		}
	}
	return append(out, ']'), nil
}

func (f *frame) append(out []byte) ([]byte, error) {
	head, err := json.Marshal(f.schema())
	if err != nil {
		return nil, err
	}
	out = append(append(append(out, `{"schema":`...), head...), `,"data":{"values":[`...)
	strange := map[string][]int(nil)
	switch {
	case f.texts != nil:
		column, err := json.Marshal(f.texts)
		if err != nil {
			return nil, err
		}
		out = append(out, column...)
	case f.ready != nil:
		out = append(append(append(out, f.ready.times...), ','), f.ready.values...)
		strange = f.ready.strange
	default:
		if f.times != nil {
			out = append(appendWhole(out, f.times), ',')
		}
		out, strange = appendNumbers(out, f.values)
	}
	return f.appendStrange(append(out, ']'), strange)
}

// appendStrange ends a frame with the places of values that JSON has no number for.
func (f *frame) appendStrange(out []byte, strange map[string][]int) ([]byte, error) {
	if strange == nil {
		return append(out, "}}"...), nil
	}
	aside, err := json.Marshal(strange)
	if err != nil {
		return nil, err
	}
	out = append(out, `,"entities":[`...)
	if f.timed() {
		out = append(out, "null,"...)
	}
	return append(append(out, aside...), "]}}"...), nil
}

func appendWhole(out []byte, list []int64) []byte {
	out = append(out, '[')
	for i, n := range list {
		if i > 0 {
			out = append(out, ',')
		}
		out = strconv.AppendInt(out, n, 10)
	}
	return append(out, ']')
}

// appendNumbers writes values; where JSON has no number, null, and its place in strange.
func appendNumbers(out []byte, list []float64) (_ []byte, strange map[string][]int) {
	out = append(out, '[')
	for i, v := range list {
		if i > 0 {
			out = append(out, ',')
		}
		name := ""
		switch {
		case math.IsNaN(v):
			name = "NaN"
		case math.IsInf(v, 1):
			name = "Inf"
		case math.IsInf(v, -1):
			name = "NegInf"
		default:
			out = strconv.AppendFloat(out, v, 'g', -1, 64)
			continue
		}
		if strange == nil {
			strange = map[string][]int{}
		}
		strange[name] = append(strange[name], i)
		out = append(out, "null"...)
	}
	return append(out, ']'), strange
}

// frames turns a Prometheus' answer into frames, one a series.
func (o *outcome) frames(q *query, executed string, step int64) []frame {
	kind := "timeseries-multi"
	if o.kind != "matrix" {
		kind = "numeric-multi"
	}
	meta := &frameMeta{Type: kind, Version: [2]int{0, 1}, Custom: map[string]string{"resultType": o.kind}}
	first := *meta
	first.Executed = executed
	for _, w := range o.warnings {
		first.Notices = append(first.Notices, notice{"warning", w})
	}
	if o.kind == "string" {
		return []frame{{ref: q.RefID, meta: &first, texts: []string{o.text}}}
	}
	out := make([]frame, 0, len(o.series)+1)
	for i, s := range o.series {
		f := frame{ref: q.RefID, meta: meta, labels: s.labels, ready: s.columns}
		if i == 0 {
			f.meta = &first
		}
		if f.ready == nil {
			f.times, f.values = s.split()
		}
		if o.kind == "matrix" {
			f.timeStep = step
		}
		if name := legend(q.Legend, s.labels); name != "" {
			f.name, f.shown = name, name
		}
		out = append(out, f)
	}
	if len(out) == 0 {
		out = append(out, frame{ref: q.RefID, meta: &first, times: []int64{}, values: []float64{}})
	}
	return out
}

// split is the points of a series by column.
func (s *series) split() (times []int64, values []float64) {
	times, values = make([]int64, len(s.points)), make([]float64, len(s.points))
	for k, p := range s.points {
		times[k], values[k] = p.ms, p.value
	}
	return times, values
}

var legendPattern = regexp.MustCompile(`\{\{\s*(.+?)\s*\}\}`)

// legend names a series as a query's legend format says. The panel names those of
// __auto itself.
func legend(format string, labels map[string]string) string {
	switch format {
	case "__auto":
		return ""
	case "":
		return orElse(nameOf(labels), "Value")
	}
	return legendPattern.ReplaceAllStringFunc(format, func(found string) string {
		return labels[strings.TrimSpace(found[2:len(found)-2])]
	})
}
