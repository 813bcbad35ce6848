package dashboard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
)

// A point is one value of a series.
type point struct {
	ms    int64
	value float64
}

// A series is labelled values over time, or one value at one time.
type series struct {
	labels   map[string]string
	points   []point
	*columns // instead of points, where nobody computes with them
}

// An outcome is what a Prometheus answered.
type outcome struct {
	kind     string // matrix, vector, scalar, string
	series   []series
	text     string // of a string
	warnings []string
}

// wire is a Prometheus' answer as it comes.
type wire struct {
	Status string `json:"status"`
	Data   struct {
		Type   string          `json:"resultType"`
		Result json.RawMessage `json:"result"`
	} `json:"data"`
	Error    string   `json:"error"`
	Message  string   `json:"message"`
	Message2 string   `json:"Message"`
	Warnings []string `json:"warnings"`
	Infos    []string `json:"infos"`
}

// A pair is a value as Prometheus writes it: [seconds, "number"].
type pair point

// UnmarshalJSON reads [seconds, "number"].
func (p *pair) UnmarshalJSON(data []byte) error {
	text := strings.TrimSuffix(strings.TrimPrefix(string(data), "["), "]")
	at, value, ok := strings.Cut(text, ",")
	seconds, err := strconv.ParseFloat(strings.TrimSpace(at), 64)
	if !ok || err != nil {
		return fmt.Errorf("a value is not [time, \"number\"]")
	}
	number, err := strconv.ParseFloat(strings.Trim(strings.TrimSpace(value), `"`), 64)
	if err != nil {
		return fmt.Errorf("a value is not [time, \"number\"]")
	}
	p.ms, p.value = int64(seconds*1000+0.5), number
	return nil
}

// instant asks for an expression at one time.
func (r *Room) instant(ctx context.Context, as hearth.GrafanaWorkspace, s *source, expr string, at time.Time) (*outcome, error) {
	return understood(r.evaluate(ctx, as, s, atOneTime(expr, at), newAllowance()))
}

// An evaluation is what a Prometheus is asked for.
type evaluation struct {
	path string
	form url.Values
}

func atOneTime(expr string, at time.Time) evaluation {
	return evaluation{"/api/v1/query", url.Values{"query": {expr}, "time": {seconds(at)}}}
}

func overRange(expr string, from, to time.Time, step time.Duration) evaluation {
	return evaluation{"/api/v1/query_range", url.Values{
		"query": {expr}, "start": {seconds(from)}, "end": {seconds(to)}, "step": {strconv.FormatFloat(step.Seconds(), 'f', -1, 64)},
	}}
}

func seconds(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', -1, 64)
}

func (r *Room) evaluate(ctx context.Context, as hearth.GrafanaWorkspace, s *source, e evaluation, left *allowance) (*answer, error) {
	q := question{method: http.MethodPost, path: e.path, body: []byte(e.form.Encode()),
		header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}}
	if strings.EqualFold(s.settings().Method, http.MethodGet) {
		q = question{method: http.MethodGet, path: e.path, query: e.form.Encode(), header: http.Header{}}
	}
	return r.ask(ctx, as, s, q, left)
}

// understood reads an answer so that it can be computed with.
func understood(a *answer, err error) (*outcome, error) {
	if err != nil {
		return nil, err
	}
	return readAnswer(a.status, a.body.Bytes())
}

// shown reads an answer that is only shown.
func shown(a *answer, err error) (*outcome, error) {
	if err == nil {
		if o, ok := scan(a.status, a.body.Bytes()); ok {
			return o, nil
		}
	}
	return understood(a, err)
}

// readAnswer reads what a Prometheus answered.
func readAnswer(status int, body []byte) (*outcome, error) {
	var in wire
	err := json.Unmarshal(body, &in)
	if status != http.StatusOK || in.Status == "error" {
		why := orElse(in.Error, orElse(in.Message, orElse(in.Message2, shortened(body))))
		return nil, &hearth.Error{Kind: statusKind(status), Msg: why}
	}
	if err != nil || in.Status != "success" {
		return nil, &hearth.Error{Kind: hearth.Unavailable, Msg: "The data source does not answer as a Prometheus does: " + shortened(body)}
	}
	out := &outcome{kind: in.Data.Type, warnings: append(in.Warnings, in.Infos...)}
	if err := out.read(in.Data.Result); err != nil {
		return nil, &hearth.Error{Kind: hearth.Unavailable, Msg: "The data source does not answer as a Prometheus does: " + err.Error()}
	}
	return out, nil
}

func statusKind(status int) hearth.Kind {
	switch status {
	case http.StatusForbidden, http.StatusUnauthorized:
		return hearth.Denied
	case http.StatusNotFound:
		return hearth.NotFound
	case http.StatusTooManyRequests:
		return hearth.Throttled
	}
	if status >= 500 {
		return hearth.Unavailable
	}
	return hearth.Invalid
}

func shortened(body []byte) string {
	s := strings.ToValidUTF8(string(body[:min(len(body), 200)]), "?")
	return strings.Join(strings.Fields(s), " ")
}

func (o *outcome) read(raw json.RawMessage) error {
	switch o.kind {
	case "matrix", "vector":
		var in []struct {
			Metric map[string]string `json:"metric"`
			Value  *pair             `json:"value"`
			Values []pair            `json:"values"`
		}
		if err := json.Unmarshal(raw, &in); err != nil {
			return err
		}
		for _, x := range in {
			s := series{labels: x.Metric, points: make([]point, 0, len(x.Values)+1)}
			if x.Value != nil {
				s.points = append(s.points, point(*x.Value))
			}
			for _, p := range x.Values {
				s.points = append(s.points, point(p))
			}
			if len(s.points) > 0 { // native histograms have none
				o.series = append(o.series, s)
			}
		}
	case "scalar":
		var p pair
		if err := json.Unmarshal(raw, &p); err != nil {
			return err
		}
		o.series = []series{{labels: map[string]string{}, points: []point{point(p)}}}
	case "string":
		var two []any
		if err := json.Unmarshal(raw, &two); err != nil || len(two) != 2 {
			return errors.New("a string is not [time, text]")
		}
		o.text, _ = two[1].(string)
	default:
		return fmt.Errorf("the type of the result is %q", o.kind)
	}
	return nil
}

// queryFault is what may be told of a query that failed.
func queryFault(err error) *hearth.Error {
	if e, ok := errors.AsType[*hearth.Error](err); ok && e.Kind != hearth.Internal {
		return e
	}
	return &hearth.Error{Kind: hearth.Internal, Msg: "The data source could not be asked.", Err: err}
}

// nameOf writes labels as Prometheus does: name{a="b"}.
func nameOf(labels map[string]string) string {
	names := make([]string, 0, len(labels))
	for k := range labels {
		if k != "__name__" {
			names = append(names, k)
		}
	}
	sort.Strings(names)
	for i, k := range names {
		names[i] = k + "=" + strconv.Quote(labels[k])
	}
	if len(names) == 0 {
		return labels["__name__"]
	}
	return labels["__name__"] + "{" + strings.Join(names, ", ") + "}"
}
