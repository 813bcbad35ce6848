package dashboard

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/hearth-metrics/hearth"
)

// A Call is one request of Grafana's HTTP API, whose sender is proven and has the
// role that the front door's row asks for.
type Call struct {
	Workspace hearth.GrafanaWorkspace
	User      hearth.GrafanaUser // zero where nobody need be proven
	Request   hearth.RequestID
	HTTP      *http.Request
	Body      []byte
	Param     func(name string) string // of the path, decoded
	Rest      string                   // what follows the row's path, still escaped
	query     url.Values
}

// A Reply is an answer that is not simply 200 with a JSON body.
type Reply struct {
	Code int    // 200 if zero
	Body any    // encoded as JSON, unless Raw is there
	Raw  []byte // sent as it is
	Type string // the content type of Raw
	File string // offered for download under this name
}

// message is the answer of operations that have nothing else to tell.
func message(text string) map[string]any { return map[string]any{"message": text} }

// id is the Grafana workspace's.
func (c *Call) id() hearth.GrafanaID { return c.Workspace.ID }

// decode reads the body's JSON into v.
func (c *Call) decode(v any) error {
	body := bytes.TrimSpace(c.Body)
	if len(body) == 0 {
		return &hearth.Error{Kind: hearth.Malformed, Msg: "bad request data: the request has no body"}
	}
	err := json.Unmarshal(body, v)
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && e.Field != "" {
		return invalid(e.Field, "must not be %s", e.Value)
	}
	return &hearth.Error{Kind: hearth.Malformed, Msg: "bad request data: " + err.Error()}
}

// invalid is an error about one member of a request.
func invalid(field, format string, args ...any) error {
	why := fmt.Sprintf(format, args...)
	return &hearth.Error{Kind: hearth.Invalid, Msg: field + ": " + why, Fields: []hearth.Field{{Name: field, Msg: why}}}
}

func bad(format string, args ...any) error {
	return &hearth.Error{Kind: hearth.Invalid, Msg: fmt.Sprintf(format, args...)}
}

func missing(format string, args ...any) error {
	return &hearth.Error{Kind: hearth.NotFound, Msg: fmt.Sprintf(format, args...)}
}

func (c *Call) values() url.Values {
	if c.query == nil {
		c.query, _ = url.ParseQuery(c.HTTP.URL.RawQuery) // what cannot be read is left out, as Grafana does
	}
	return c.query
}

func (c *Call) text(name string) string { return c.values().Get(name) }

func (c *Call) flag(name string) bool {
	v, _ := strconv.ParseBool(c.text(name))
	return v
}

// number is a number of the query; otherwise if there is none.
func (c *Call) number(name string, otherwise int64) (int64, error) {
	v := c.text(name)
	if v == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return 0, invalid(name, "must be a whole number")
	}
	return n, nil
}

// paramID is a number of the path.
func (c *Call) paramID(name string) (int64, error) {
	n, err := strconv.ParseInt(c.Param(name), 10, 64)
	if err != nil || n < 0 {
		return 0, bad("%s is invalid", name)
	}
	return n, nil
}

// may tells whether who asks has at least the role.
func (c *Call) may(role hearth.GrafanaRole) bool { return c.User.Role.Allows(role) }

// site is the path that addresses in answers begin with: /grafana/g-….
func (c *Call) site() string {
	u, err := url.Parse(c.Workspace.URL)
	if err != nil {
		return ""
	}
	return strings.TrimRight(u.Path, "/")
}

// fault is an error of Grafana's with a status of its own, such as
// version-mismatch; the front door knows their codes.
func fault(status, format string, args ...any) error {
	return &hearth.Error{Kind: hearth.Conflict, Type: status, Msg: fmt.Sprintf(format, args...)}
}

// The faults that Grafana answers with 412, by their status.
const (
	VersionMismatch = "version-mismatch"
	NameExists      = "name-exists"
	Provisioned     = "provisioned" // 400: kept by files
)
