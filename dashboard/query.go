package dashboard

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// expressionUID is what expressions name as their data source.
const expressionUID = "__expr__"

// A query is one of those that a panel or an alert rule asks together.
type query struct {
	RefID      string          `json:"refId"`
	Source     json.RawMessage `json:"datasource"`
	SourceID   int64           `json:"datasourceId"`
	Expr       string          `json:"expr"`
	Range      *bool           `json:"range"`
	Instant    bool            `json:"instant"`
	Interval   string          `json:"interval"`
	Millis     float64         `json:"intervalMs"`
	MaxPoints  float64         `json:"maxDataPoints"`
	Legend     string          `json:"legendFormat"`
	Exemplar   bool            `json:"exemplar"`
	Hide       bool            `json:"hide"`
	Expression node            `json:"-"`

	uid      string // of the data source
	from, to time.Time
}

const (
	maxQueries   = 100
	atOnce       = 4 // queries of one request that run at the same time
	safePoints   = 11_000
	defaultStep  = 15 * time.Second
	maxRefLength = 100
)

// readQuery reads one query and finds its data source's uid; from and to are those
// of the request.
func readQuery(raw json.RawMessage, from, to time.Time) (*query, error) {
	q := &query{from: from, to: to}
	if err := json.Unmarshal(raw, q); err != nil {
		return nil, bad("bad request data: a query cannot be read: %v", err)
	}
	var more struct {
		Time *struct{ From, To string } `json:"timeRange"`
	}
	if err := json.Unmarshal(raw, &more); err == nil && more.Time != nil {
		var err error
		if q.from, q.to, err = timeRange(more.Time.From, more.Time.To, to); err != nil {
			return nil, err
		}
	}
	q.RefID = orElse(q.RefID, "A")
	if len(q.RefID) > maxRefLength {
		return nil, invalid("refId", "must have at most %d characters", maxRefLength)
	}
	var ref struct {
		UID  string `json:"uid"`
		Type string `json:"type"`
	}
	if len(q.Source) > 0 && q.Source[0] == '"' {
		_ = json.Unmarshal(q.Source, &ref.UID) // a text, as the quote says
	} else if len(q.Source) > 0 {
		if err := json.Unmarshal(q.Source, &ref); err != nil {
			return nil, invalid("datasource", "must be an object with uid")
		}
	}
	q.uid = ref.UID
	if ref.Type == expressionUID || q.uid == "-100" {
		q.uid = expressionUID
	}
	if q.uid != expressionUID {
		return q, nil
	}
	return q, json.Unmarshal(raw, &q.Expression)
}

// sourceFor finds a query's data source: by uid, by number, else the default.
func sourceFor(tx store.Tx, id hearth.GrafanaID, q *query) (*source, error) {
	if q.uid != "" && q.uid != "default" {
		return sourceByUID(tx, id, q.uid)
	}
	list, err := sourcesIn(tx, id)
	if err != nil {
		return nil, err
	}
	for _, s := range list {
		if q.SourceID != 0 && s.ID == q.SourceID || q.SourceID == 0 && s.Default {
			return s, nil
		}
	}
	return nil, noSource()
}

// Query answers the queries of a panel.
func (r *Room) Query(ctx context.Context, c *Call) (any, error) {
	var in struct {
		Queries []json.RawMessage `json:"queries"`
		From    string            `json:"from"`
		To      string            `json:"to"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if len(in.Queries) == 0 || len(in.Queries) > maxQueries {
		return nil, bad("no queries found: there must be 1 to %d", maxQueries)
	}
	now := r.opts.Now()
	from, to, err := timeRange(in.From, in.To, now)
	if err != nil {
		return nil, err
	}
	queries := make([]*query, 0, len(in.Queries))
	for _, raw := range in.Queries {
		q, err := readQuery(raw, from, to)
		if err != nil {
			return nil, err
		}
		queries = append(queries, q)
	}
	results, failed, err := r.answerQueries(ctx, c, queries, now)
	if err != nil {
		return nil, err
	}
	code := http.StatusOK
	if failed {
		code = http.StatusBadRequest
	}
	out, err := encodeResults(results)
	return Reply{Code: code, Raw: out, Type: "application/json"}, err
}

// A result is what one query gave.
type result struct {
	Status int     `json:"status"`
	Frames []frame `json:"-"`
	Error  string  `json:"error,omitempty"`
	Source string  `json:"errorSource,omitempty"`
}

// encodeResults writes {"results":{"A":{"status":200,"frames":[…]},…}}. The frames
// are appended as they are: encoding/json would read all of them once more.
func encodeResults(results map[string]result) ([]byte, error) {
	out := []byte(`{"results":{`)
	for i, ref := range slices.Sorted(maps.Keys(results)) {
		name, err := json.Marshal(ref)
		if err != nil {
			return nil, err
		}
		head, err := json.Marshal(results[ref])
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, name...), ':'), head[:len(head)-1]...)
		if out, err = appendFrames(append(out, `,"frames":`...), results[ref].Frames); err != nil {
			return nil, err
		}
		out = append(out, '}')
	}
	return append(out, "}}"...), nil
}

func failedResult(err error) result {
	e := queryFault(err)
	status := http.StatusBadRequest
	switch e.Kind {
	case hearth.Denied:
		status = http.StatusForbidden
	case hearth.NotFound:
		status = http.StatusNotFound
	case hearth.Unavailable, hearth.Internal:
		status = http.StatusInternalServerError
	}
	return result{Status: status, Frames: []frame{}, Error: e.Msg, Source: "downstream"}
}

func (r *Room) answerQueries(ctx context.Context, c *Call, queries []*query, now time.Time) (results map[string]result, failed bool, err error) {
	all := make([]result, len(queries))
	nodes, err := r.graph(ctx, c.Workspace, queries, now)
	if err != nil {
		return nil, false, err
	}
	left := newAllowance()
	var g errgroup.Group
	g.SetLimit(atOnce)
	for i, q := range queries {
		if q.uid == expressionUID {
			continue
		}
		g.Go(func() error {
			frames, err := r.panel(ctx, c.Workspace, q, left)
			all[i] = result{Status: http.StatusOK, Frames: frames}
			if err != nil {
				all[i] = failedResult(r.told(err))
			}
			return nil
		})
	}
	_ = g.Wait() // failures are results
	results = map[string]result{}
	for i, q := range queries {
		if q.uid == expressionUID {
			all[i] = nodes.panel(q.RefID)
		}
		if !q.Hide {
			results[q.RefID] = all[i]
		}
		failed = failed || all[i].Error != ""
	}
	return results, failed, nil
}

// panel asks one query for a panel: over the range, at its end, or both.
func (r *Room) panel(ctx context.Context, as hearth.GrafanaWorkspace, q *query, left *allowance) (frames []frame, err error) {
	defer r.contain(&err)
	s, step, err := r.prepared(ctx, as.ID, q)
	if err != nil {
		return nil, err
	}
	expr := interpolated(q.Expr, step, q.to.Sub(q.from), s)
	if q.Instant {
		o, err := shown(r.evaluate(ctx, as, s, atOneTime(expr, q.to), left))
		if err != nil {
			return nil, err
		}
		frames = o.frames(q, "Expr: "+expr, 0)
	}
	if q.Range != nil && !*q.Range || q.Range == nil && q.Instant {
		return frames, nil
	}
	from, to := aligned(q.from, q.to, step)
	o, err := shown(r.evaluate(ctx, as, s, overRange(expr, from, to, step), left))
	if err != nil {
		return nil, err
	}
	return append(frames, o.frames(q, fmt.Sprintf("Expr: %s\nStep: %s", expr, step), step.Milliseconds())...), nil
}

func (r *Room) prepared(ctx context.Context, id hearth.GrafanaID, q *query) (s *source, step time.Duration, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		s, err = sourceFor(tx, id, q)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	if !s.prometheus() {
		return nil, 0, &hearth.Error{Kind: hearth.NotServed, Msg: "Queries of data sources of type " + s.Type + " are not served: Prometheus and Amazon Managed Service for Prometheus are."}
	}
	if strings.TrimSpace(q.Expr) == "" {
		return nil, 0, invalid("expr", "the query %s is empty", q.RefID)
	}
	step, err = q.step(s)
	return s, step, err
}

// step is the distance of points: fine enough for the panel's width, no finer than
// the data or than a Prometheus answers.
func (q *query) step(s *source) (time.Duration, error) {
	least := defaultStep
	if text := orElse(unvaried(q.Interval), s.settings().Interval); text != "" {
		d, err := parseDuration(strings.TrimLeft(text, ">"))
		if err != nil || d <= 0 {
			return 0, invalid("interval", "%q is not a duration such as 15s", text)
		}
		least = d
	}
	span, points := q.to.Sub(q.from), q.MaxPoints
	if points < 1 {
		points = 43_200 // Grafana's default
	}
	step := max(least, rounded(time.Duration(float64(span)/points)), time.Duration(q.Millis)*time.Millisecond)
	return max(step, rounded(span/safePoints), time.Millisecond), nil
}

// unvaried is nothing where a template variable was left in.
func unvaried(s string) string {
	if strings.HasPrefix(s, "$") {
		return ""
	}
	return s
}

// rounded makes a duration one that people read.
func rounded(d time.Duration) time.Duration {
	for _, nice := range []time.Duration{
		time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second,
		20 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 20 * time.Minute,
		30 * time.Minute, time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour,
	} {
		if d <= nice {
			return nice
		}
	}
	return 365 * 24 * time.Hour
}

// aligned moves a range to whole steps, so that the same panel asks for the same
// points again.
func aligned(from, to time.Time, step time.Duration) (time.Time, time.Time) {
	return from.Truncate(step), to.Truncate(step)
}

// interpolated puts in what Grafana's backend knows: $__interval and the like.
func interpolated(expr string, step, span time.Duration, s *source) string {
	scrape := defaultStep
	if d, err := parseDuration(s.settings().Interval); err == nil && d > 0 {
		scrape = d
	}
	rate := max(step+scrape, 4*scrape)
	pairs := []string{}
	for _, v := range []struct{ name, value string }{
		{"__rate_interval_ms", strconv.FormatInt(rate.Milliseconds(), 10)}, {"__rate_interval", promDuration(rate)},
		{"__interval_ms", strconv.FormatInt(step.Milliseconds(), 10)}, {"__interval", promDuration(step)},
		{"__range_ms", strconv.FormatInt(span.Milliseconds(), 10)},
		{"__range_s", strconv.FormatInt(int64(span.Seconds()), 10)}, {"__range", strconv.FormatInt(int64(span.Seconds()), 10) + "s"},
	} {
		pairs = append(pairs, "${"+v.name+"}", v.value, "$"+v.name, v.value)
	}
	return strings.NewReplacer(pairs...).Replace(expr)
}

func promDuration(d time.Duration) string {
	if d%time.Second == 0 {
		return strconv.FormatInt(int64(d/time.Second), 10) + "s"
	}
	return strconv.FormatInt(d.Milliseconds(), 10) + "ms"
}

var durationPattern = regexp.MustCompile(`^(\d+)(ms|[smhdwMy])?$`)

var units = map[string]time.Duration{
	"ms": time.Millisecond, "": time.Second, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
	"M": 30 * 24 * time.Hour, "y": 365 * 24 * time.Hour,
}

// parseDuration reads 15s, 5m, 1d and the sums of such: 1h30m.
func parseDuration(text string) (total time.Duration, err error) {
	if text == "" {
		return 0, fmt.Errorf("an empty duration")
	}
	for rest := text; rest != ""; {
		n := len(rest)
		for i := range rest {
			if i > 0 && rest[i] >= '0' && rest[i] <= '9' && (rest[i-1] < '0' || rest[i-1] > '9') {
				n = i
				break
			}
		}
		m := durationPattern.FindStringSubmatch(rest[:n])
		if m == nil {
			return 0, fmt.Errorf("%q is not a duration such as 5m", text)
		}
		k, err := strconv.ParseInt(m[1], 10, 32)
		if err != nil {
			return 0, fmt.Errorf("%q is too long", text)
		}
		if total += time.Duration(k) * units[m[2]]; total < 0 || total > 100*365*24*time.Hour {
			return 0, fmt.Errorf("%q is too long", text)
		}
		rest = rest[n:]
	}
	return total, nil
}

// timeRange reads two times in Grafana's forms.
func timeRange(from, to string, now time.Time) (a, b time.Time, err error) {
	if a, err = parseTime(orElse(from, "now-6h"), now, false); err != nil {
		return a, b, invalid("from", "%v", err)
	}
	if b, err = parseTime(orElse(to, "now"), now, true); err != nil {
		return a, b, invalid("to", "%v", err)
	}
	if !a.Before(b) {
		return a, b, invalid("from", "must be before to")
	}
	return a, b, nil
}

var relativePattern = regexp.MustCompile(`^now(?:([+-])(\d+)([smhdwMy]))?(?:/([smhdwMy]))?$`)

// parseTime reads milliseconds since 1970, RFC 3339 or now-1h/h. end rounds up
// instead of down.
func parseTime(text string, now time.Time, end bool) (time.Time, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		if n < -1<<50 || n > 1<<50 {
			return time.Time{}, fmt.Errorf("%s is out of all time", text)
		}
		return time.UnixMilli(n).UTC(), nil
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t.UTC(), nil
	}
	m := relativePattern.FindStringSubmatch(text)
	if m == nil {
		return time.Time{}, fmt.Errorf("%q is none of milliseconds since 1970, a time such as 2026-01-02T15:04:05Z, and now-1h", text)
	}
	at := now.UTC()
	if m[2] != "" {
		n, err := strconv.Atoi(m[2])
		if err != nil || n > 100_000 {
			return time.Time{}, fmt.Errorf("%q is too far away", text)
		}
		if m[1] == "-" {
			n = -n
		}
		at = shifted(at, n, m[3])
	}
	return roundTime(at, m[4], end), nil
}

func shifted(t time.Time, n int, unit string) time.Time {
	switch unit {
	case "M":
		return t.AddDate(0, n, 0)
	case "y":
		return t.AddDate(n, 0, 0)
	}
	return t.Add(time.Duration(n) * units[unit])
}

func roundTime(t time.Time, unit string, end bool) time.Time {
	if unit == "" {
		return t
	}
	y, month, d := t.Date()
	var down time.Time
	switch unit {
	case "d":
		down = time.Date(y, month, d, 0, 0, 0, 0, time.UTC)
	case "w":
		down = time.Date(y, month, d-(int(t.Weekday())+6)%7, 0, 0, 0, 0, time.UTC)
	case "M":
		down = time.Date(y, month, 1, 0, 0, 0, 0, time.UTC)
	case "y":
		down = time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC)
	default:
		down = t.Truncate(units[unit])
	}
	if end {
		return shifted(down, 1, unit).Add(-time.Millisecond)
	}
	return down
}
