package query

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/hearth-metrics/hearth"
)

// A route is one path of the API.
type route struct {
	name      string // for the metrics
	get, post bool
	extension bool // not offered by AMP
	// check refuses a request by its parameters alone.
	check func(q *Room, rd *reading, form url.Values) error
	// answer writes the answer, or returns an error if it has written nothing.
	answer func(q *Room, rd *reading, w *answer, r *http.Request) error
	pure   bool // costs nothing, so it needs no place
}

// labelValues is the one path with a variable in it.
const labelValues = "/api/v1/label/"

func (q *Room) table() map[string]route {
	return map[string]route{
		"/api/v1/query":            {name: "query", get: true, post: true, check: checkQuery, answer: fromAPI},
		"/api/v1/query_range":      {name: "query_range", get: true, post: true, check: checkQuery, answer: fromAPI},
		"/api/v1/labels":           {name: "labels", get: true, post: true, check: checkMatchers, answer: fromAPI},
		labelValues:                {name: "label_values", get: true, check: checkMatchers, answer: fromAPI},
		"/api/v1/series":           {name: "series", get: true, post: true, check: checkMatchers, answer: fromAPI},
		"/api/v1/metadata":         {name: "metadata", get: true, answer: metadataAnswer},
		"/api/v1/query_exemplars":  {name: "query_exemplars", get: true, post: true, extension: true, check: checkExemplars, answer: fromAPI},
		"/api/v1/format_query":     {name: "format_query", get: true, post: true, extension: true, check: checkFormat, answer: fromAPI},
		"/api/v1/parse_query":      {name: "parse_query", get: true, post: true, extension: true, check: checkQuery, answer: fromAPI},
		"/api/v1/status/buildinfo": {name: "buildinfo", get: true, extension: true, pure: true, answer: buildAnswer},
		"/api/v1/status/tsdb":      {name: "tsdb", get: true, extension: true, answer: tsdbAnswer},
	}
}

// find returns the route of a request, or why there is none.
func (q *Room) find(r *http.Request) (route, *hearth.Error) {
	path := r.URL.Path
	if name, ok := strings.CutPrefix(path, labelValues); ok {
		if name, ok = strings.CutSuffix(name, "/values"); ok && name != "" && !strings.Contains(name, "/") {
			path = labelValues
		}
	}
	rt, ok := q.routes[path]
	switch {
	case !ok, path == labelValues && r.URL.Path == labelValues:
		return route{name: "none"}, &hearth.Error{Kind: hearth.NotFound, Msg: fmt.Sprintf("no query API path %q", cut(r.URL.Path, 200))}
	case rt.extension && q.profile == hearth.AWSStrict:
		return rt, &hearth.Error{Kind: hearth.NotServed, Msg: r.URL.Path + " is not offered by Amazon Managed Service for Prometheus, and the profile aws-strict offers nothing more"}
	}
	return rt, nil
}

// ServeHTTP answers a request below /workspaces/{id}, whose prefix the front
// door has taken away and whose workspace it has put into the context.
func (q *Room) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := q.now()
	z := newAnswer(w, r)
	rt, missing := q.find(r)
	rd := &reading{room: q}
	func() {
		defer rd.end()
		if missing != nil {
			writeFailure(z, missing)
			return
		}
		q.serve(rt, rd, z, r)
	}()
	z.close()
	q.metrics.requests.WithLabelValues(rt.name, strconv.Itoa(z.status())).Inc()
	q.metrics.seconds.WithLabelValues(rt.name).Observe(q.now().Sub(begun).Seconds())
}

// statusClosed is what Prometheus' API says of requests whose caller left.
const statusClosed = 499

func (q *Room) serve(rt route, rd *reading, w *answer, r *http.Request) {
	if !(r.Method == http.MethodGet && rt.get || r.Method == http.MethodPost && rt.post) {
		w.Header().Set("Allow", allowed(rt))
		writeEnvelope(w, http.StatusMethodNotAllowed, envelope{Status: "error", ErrorType: "bad_data", Error: r.Method + " is not allowed here; use " + allowed(rt)})
		return
	}
	err := q.read(rt, rd, w, r)
	if err == nil {
		return
	}
	if errors.Is(err, context.Canceled) && rd.failure == nil { // the caller went away, or the server is closing
		writeEnvelope(w, statusClosed, envelope{Status: "error", ErrorType: "canceled", Error: "the request was canceled"})
		return
	}
	rd.fail(err)
	q.refused(r.Context(), rd.ws, rd.asked, rd.failure)
	writeFailure(w, rd.failure)
}

func allowed(rt route) string {
	if rt.get && rt.post {
		return "GET, POST"
	}
	return http.MethodGet
}

// read does the work of one request in its workspace, within its limits.
func (q *Room) read(rt route, rd *reading, w *answer, r *http.Request) error {
	ws, ok := hearth.WorkspaceFrom(r.Context())
	if !ok {
		return errNoWorkspace()
	}
	rd.ws = ws
	if err := parseForm(w, r, ws.Limits); err != nil {
		return err
	}
	rd.asked.Text = r.Form.Get("query")
	if rt.check != nil {
		if err := rt.check(q, rd, r.Form); err != nil {
			return err
		}
	}
	ctx := withReading(r.Context(), rd)
	if t := ws.Limits.QueryTimeout; t > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, t)
		defer cancel()
	}
	if !rt.pure {
		leave, err := q.places.take(ctx, ws)
		if err != nil {
			return err
		}
		w.rendered = sync.OnceFunc(leave)
		defer w.rendered()
	}
	return rt.answer(q, rd, w, r.WithContext(ctx))
}

// mostForm bounds a form's bytes where the workspace's limits do not.
const mostForm = 10 << 20

// parseForm reads the parameters of the URL and of a form body. Grafana and
// awscurl also POST with everything in the URL and nothing in the body.
func parseForm(w http.ResponseWriter, r *http.Request, l hearth.Limits) error {
	most := l.RequestBytes
	if most <= 0 {
		most = mostForm
	}
	if len(r.URL.RawQuery) > int(most) {
		return tooLarge(most)
	}
	if r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, most)
		if err := checkMedia(r); err != nil {
			return err
		}
	}
	err := r.ParseForm()
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge(most)
	}
	if err != nil {
		return &hearth.Error{Kind: hearth.Malformed, Msg: "error parsing form values: " + err.Error()}
	}
	return nil
}

func tooLarge(most int64) *hearth.Error {
	return &hearth.Error{Kind: hearth.TooLarge, Msg: fmt.Sprintf("the request's parameters are too large (limit: %d bytes)", most), Err: &refusal{reason: "request-bytes", limit: strconv.FormatInt(most, 10)}}
}

// checkMedia refuses bodies that are not a form, rather than ignoring what they
// say. An empty body may be called anything.
func checkMedia(r *http.Request) error {
	typ := r.Header.Get("Content-Type")
	media, _, err := mime.ParseMediaType(typ)
	if err == nil && media == "application/x-www-form-urlencoded" {
		return nil
	}
	var one [1]byte
	if n, _ := io.ReadFull(r.Body, one[:]); n == 0 {
		r.Body = http.NoBody
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return nil
	}
	return &hearth.Error{Kind: hearth.Unsupported, Msg: fmt.Sprintf("cannot read parameters from a body of type %q; use application/x-www-form-urlencoded", cut(typ, 100))}
}

// checkQuery bounds what queries are made of, before anything parses it.
func checkQuery(q *Room, rd *reading, form url.Values) error {
	if err := checkText(form.Get("query"), rd.ws.Limits); err != nil {
		return err
	}
	rd.statistics = form.Get("stats") != ""
	for name, into := range map[string]*int64{
		"max_samples_processed_warning_threshold": &rd.warnAt,
		"max_samples_processed_error_threshold":   &rd.refuseAt,
	} {
		s := form.Get(name)
		if s == "" {
			continue
		}
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n <= 0 {
			return &hearth.Error{Kind: hearth.Invalid, Msg: fmt.Sprintf("invalid parameter %q: must be a positive whole number", name)}
		}
		*into = n
	}
	return checkStep(form)
}

// mostFormatting bounds what Prometheus' formatter does: it writes each part of a
// query again for each part around it, so its cost is the text's length times the
// square of its depth. This many is about a third of a second; unbounded, 64 KiB
// take more than a minute.
const mostFormatting = 1_000_000_000

func checkFormat(q *Room, rd *reading, form url.Values) error {
	if err := checkQuery(q, rd, form); err != nil {
		return err
	}
	text := form.Get("query")
	s := scan(text)
	depth := s.depth + s.operators
	if cost := times(int64(len(text)), times(int64(depth), int64(depth))); cost > mostFormatting {
		return overLimit("formatting", cost, mostFormatting, "the query is too long and too deep to format (length × depth² = %d, limit: %d)")
	}
	return nil
}

// checkStep refuses steps that are no whole millisecond long, which Prometheus'
// API lets through and its engine divides by.
func checkStep(form url.Values) error {
	step, ok := formDuration(form.Get("step"))
	if ok && step > 0 && step < time.Millisecond {
		return checkTimes(time.Unix(0, 0), time.Unix(0, 0), step)
	}
	return nil
}

// checkMatchers bounds match[] and the time asked for.
func checkMatchers(q *Room, rd *reading, form url.Values) error {
	if err := checkSelectors(form["match[]"], rd); err != nil {
		return err
	}
	return boundSpan(form, q.now(), rd.ws.Limits)
}

func checkSelectors(matches []string, rd *reading) error {
	if n, most := len(matches), rd.ws.Limits.QuerySelectors; most > 0 && n > most {
		return overLimit("selectors", n, most, "the request has too many match[] parameters (%d, limit: %d)")
	}
	all := strings.Join(matches, "\n")
	if rd.asked.Text == "" {
		rd.asked.Text = cut(all, mostQueryText)
	}
	return checkText(all, rd.ws.Limits)
}

func checkExemplars(q *Room, rd *reading, form url.Values) error {
	if err := checkQuery(q, rd, form); err != nil {
		return err
	}
	expr, err := q.parser.ParseExpr(form.Get("query"))
	if err == nil { // else the API says what is wrong
		if n, most := len(parser.ExtractSelectors(expr)), rd.ws.Limits.QuerySelectors; most > 0 && n > most {
			return overLimit("selectors", n, most, "the query has too many selectors (%d, limit: %d)")
		}
	}
	return boundSpan(form, q.now(), rd.ws.Limits)
}
