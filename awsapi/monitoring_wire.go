package awsapi

import (
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/cloudwatch"
)

// An object is a structure as any of CloudWatch's three protocols spells it.
type object map[string]any

// fields, items and entry are an answer before it is spelt: a structure, a list,
// and a map of one key.
type (
	field struct {
		name  string
		value any
	}
	fields []field
	items  []any
	entry  struct {
		key   string
		value float64
	}
)

// isCBOR tells requests in Smithy's RPC v2.
func (r *request) isCBOR() bool { return r.http.Header.Get("Smithy-Protocol") == "rpc-v2-cbor" }

var cborModes = func() cbor.DecMode {
	m, err := cbor.DecOptions{MaxNestedLevels: 16, MaxArrayElements: 10_000, MaxMapPairs: 1000, DupMapKey: cbor.DupMapKeyEnforcedAPF}.DecMode()
	if err != nil {
		panic(err) // of options that are constants
	}
	return m
}()

// members reads the request's members.
func (r *request) members() (object, error) {
	in := object{}
	switch {
	case r.isCBOR():
		if err := cborModes.Unmarshal(r.body.bytes(), (*map[string]any)(&in)); err != nil && len(r.body.bytes()) > 0 {
			return nil, &hearth.Error{Kind: hearth.Malformed, Msg: "The request body is not a CBOR map of texts: " + err.Error()}
		}
	case r.form != nil:
		return fromForm(r.form)
	default:
		return in, r.decode(&in)
	}
	return in, nil
}

// fromForm turns A.member.1.B=c into {A: [{B: c}]}.
func fromForm(form url.Values) (object, error) {
	root := object{}
	for name, values := range form {
		path := strings.Split(name, ".")
		if len(path) > 16 || len(values) != 1 {
			return nil, invalidField(clip(name), "is given twice or goes too deep")
		}
		at := root
		for _, step := range path[:len(path)-1] {
			next, ok := at[step].(object)
			if !ok {
				next = object{}
				at[step] = next
			}
			at = next
		}
		at[path[len(path)-1]] = values[0]
	}
	return root, nil
}

func (o object) text(name string) string {
	s, _ := o[name].(string)
	return s
}

func asObject(v any) object {
	switch v := v.(type) {
	case object:
		return v
	case map[string]any:
		return v
	case map[any]any:
		out := object{}
		for k, x := range v {
			out[fmt.Sprint(k)] = x
		}
		return out
	}
	return nil
}

func (o object) object(name string) object { return asObject(o[name]) }

// list is a list's items, also of a form's.
func (o object) list(name string) []any {
	if all, ok := o[name].([]any); ok {
		return all
	}
	numbered := o.object(name).object("member")
	var all []any
	for i := 1; numbered[strconv.Itoa(i)] != nil && i <= maxMembers; i++ {
		all = append(all, numbered[strconv.Itoa(i)])
	}
	return all
}

func (o object) objects(name string) (all []object) {
	for _, v := range o.list(name) {
		all = append(all, asObject(v))
	}
	return all
}

func (o object) texts(name string) (all []string) {
	for _, v := range o.list(name) {
		s, _ := v.(string)
		all = append(all, s)
	}
	return all
}

func (o object) dimensions() map[string]string {
	out := map[string]string{}
	for _, d := range o.objects("Dimensions") {
		out[d.text("Name")] = d.text("Value")
	}
	return out
}

func (o object) number(name string) (int64, error) {
	switch v := o[name].(type) {
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1e15 {
			return int64(v), nil
		}
	case uint64:
		if v < 1e15 {
			return int64(v), nil
		}
	case string:
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			return n, nil
		}
	}
	return 0, invalidField(name, "must be a whole number")
}

func (o object) time(name string) (time.Time, error) {
	switch v := o[name].(type) {
	case time.Time:
		return v.UTC(), nil
	case float64:
		if math.Abs(v) < 1e11 {
			return time.UnixMilli(int64(v * 1000)).UTC(), nil
		}
	case string:
		if t, err := time.Parse(time.RFC3339, v); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, invalidField(name, "must be a time")
}

// encodeMonitoring answers in the protocol of the request.
func (r *request) encodeMonitoring(out any) {
	switch {
	case r.isCBOR():
		body, err := cbor.Marshal(plain(out, func(t time.Time) any { return cbor.Tag{Number: 1, Content: float64(t.UnixMilli()) / 1000} }))
		if err != nil {
			failureOf(r.service, err).write(&r.w, r)
			return
		}
		r.w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		r.w.Header().Set("Content-Type", "application/cbor")
		r.w.WriteHeader(http.StatusOK)
		_, _ = r.w.Write(body)
	case r.form != nil:
		r.encodeXML(out)
	default:
		writeJSON(&r.w, "application/x-amz-json-1.0", http.StatusOK, plain(out, func(t time.Time) any {
			return json.Number(strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', -1, 64))
		}))
	}
}

// plain is an answer made of maps and slices, times spelt by at.
func plain(v any, at func(time.Time) any) any {
	switch v := v.(type) {
	case fields:
		out := make(map[string]any, len(v))
		for _, f := range v {
			out[f.name] = plain(f.value, at)
		}
		return out
	case items:
		out := make([]any, 0, len(v))
		for _, m := range v {
			out = append(out, plain(m, at))
		}
		return out
	case entry:
		return map[string]any{v.key: v.value}
	case time.Time:
		return at(v)
	}
	return v
}

// MarshalXML spells a structure as the query protocol does.
func (fs fields) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	if err := e.EncodeToken(start); err != nil {
		return err
	}
	for _, f := range fs {
		if err := e.EncodeElement(f.value, xml.StartElement{Name: xml.Name{Local: f.name}}); err != nil {
			return err
		}
	}
	return e.EncodeToken(start.End())
}

// MarshalXML spells a list: its items are called member.
func (m items) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	if err := e.EncodeToken(start); err != nil {
		return err
	}
	for _, v := range m {
		if err := e.EncodeElement(v, xml.StartElement{Name: xml.Name{Local: "member"}}); err != nil {
			return err
		}
	}
	return e.EncodeToken(start.End())
}

// MarshalXML spells a map of one key.
func (n entry) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	type pair struct {
		Key   string  `xml:"entry>key"`
		Value float64 `xml:"entry>value"`
	}
	return e.EncodeElement(pair{n.key, n.value}, start)
}

const metricsOnPage = 500 // as CloudWatch has

func pageOfMetrics(all []cloudwatch.VendedSeries, token string) (page []cloudwatch.VendedSeries, next string, err error) {
	from, err := fromToken(token)
	if err != nil {
		return nil, "", err
	}
	all = all[min(from, len(all)):]
	if len(all) <= metricsOnPage {
		return all, "", nil
	}
	return all[:metricsOnPage], toToken(from + metricsOnPage), nil
}

// toToken and fromToken spell where the next page begins.
func toToken(from int) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(from)))
}

func fromToken(token string) (from int, err error) {
	if token == "" {
		return 0, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(token)
	if from, _ = strconv.Atoi(string(text)); err != nil || from < 1 {
		return 0, invalidField("NextToken", "is none of Hearth's")
	}
	return from, nil
}
