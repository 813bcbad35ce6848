package awsapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/hearth-metrics/hearth"
)

// decode reads the body's JSON object into v. Members v does not have are
// ignored, for clients may be newer than Hearth. No body is an empty object.
func (r *request) decode(v any) error {
	data := r.body.bytes()
	if len(data) == 0 {
		return nil
	}
	err := json.Unmarshal(data, v)
	if err == nil {
		return nil
	}
	why := err.Error()
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if e.Field != "" {
			return invalidField(e.Field, "must be "+jsonType(e.Type.Kind().String())+", not "+e.Value)
		}
		why = "it is " + e.Value
	}
	return &hearth.Error{Kind: hearth.Malformed, Msg: "The request body is not a JSON object: " + why}
}

// jsonType names a Go kind in JSON's words.
func jsonType(kind string) string {
	switch kind {
	case "string":
		return "a string"
	case "int", "int64":
		return "a whole number"
	case "float64":
		return "a number"
	case "bool":
		return "true or false"
	case "slice":
		return "a list"
	}
	return "an object"
}

func invalidField(name, msg string) error {
	return &hearth.Error{
		Kind: hearth.Invalid, Msg: fmt.Sprintf("Value at '%s' failed to satisfy constraint: %s", name, msg),
		Fields: []hearth.Field{{Name: name, Msg: msg}},
	}
}

// A query is the decoded query string of a control-plane request. The first
// fault found in it stays in err.
type query struct {
	values url.Values
	err    error
}

func (r *request) query() *query {
	values, err := url.ParseQuery(r.http.URL.RawQuery)
	if err != nil {
		return &query{err: &hearth.Error{Kind: hearth.Malformed, Msg: "The query string cannot be parsed: " + err.Error()}}
	}
	return &query{values: values}
}

// text is a parameter that may be given once; nil if it is not given.
func (q *query) text(name string) *string {
	v := q.values[name]
	if len(v) > 1 && q.err == nil {
		q.err = invalidField(name, "may be given once only")
	}
	if len(v) == 0 {
		return nil
	}
	return &v[0]
}

// number is a whole number that may be given once; nil if it is not given.
func (q *query) number(name string) *int {
	v := q.text(name)
	if v == nil {
		return nil
	}
	n, err := strconv.Atoi(*v)
	if err != nil {
		if q.err == nil {
			q.err = invalidField(name, "must be a whole number")
		}
		return nil
	}
	return &n
}

// time is a time in RFC 3339 that may be given once; zero if it is not given.
func (q *query) time(name string) time.Time {
	v := q.text(name)
	if v == nil {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, *v)
	if err != nil && q.err == nil {
		q.err = invalidField(name, "must be a time such as 2006-01-02T15:04:05Z")
	}
	return at
}

// askedTags are the tags and tag keys in the request, for policies that limit
// them. What cannot be read is refused by the handler.
func (r *request) askedTags() (tags map[string]string, keys []string) {
	if r.service.protocol != restJSON || r.http.Method == "GET" {
		return nil, nil
	}
	var in struct {
		Tags map[string]string `json:"tags"`
	}
	if r.decode(&in) == nil {
		tags = in.Tags
	}
	return tags, r.query().values["tagKeys"]
}
