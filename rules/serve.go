package rules

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	promrules "github.com/prometheus/prometheus/rules"

	"github.com/hearth-metrics/hearth"
)

// mostRules is how many rules one page has at most, as AMP's.
const mostRules = 100_000

// ServeHTTP answers /api/v1/rules and /api/v1/alerts of the workspace in the
// request's context.
func (r *Room) ServeHTTP(w http.ResponseWriter, hr *http.Request) {
	ws, ok := hearth.WorkspaceFrom(hr.Context())
	if !ok {
		answer(w, http.StatusNotFound, envelope{Status: "error", ErrorType: "not_found", Error: "no workspace"})
		return
	}
	var (
		data any
		err  error
	)
	switch hr.URL.Path {
	case "/api/v1/rules":
		data, err = r.listRules(ws, hr.URL.Query())
	case "/api/v1/alerts":
		data = r.listAlerts(ws.ID)
	default:
		answer(w, http.StatusNotFound, envelope{Status: "error", ErrorType: "not_found", Error: "no such path"})
		return
	}
	if err != nil {
		answer(w, http.StatusBadRequest, envelope{Status: "error", ErrorType: "bad_data", Error: err.Error()})
		return
	}
	answer(w, http.StatusOK, envelope{Status: "success", Data: data})
}

// envelope is Prometheus' answer as AMP writes it: the last two members are there
// when all is well, too.
type envelope struct {
	Status    string `json:"status"`
	Data      any    `json:"data,omitempty"`
	ErrorType string `json:"errorType"`
	Error     string `json:"error"`
}

func answer(w http.ResponseWriter, status int, e envelope) {
	body, err := json.Marshal(e)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"status":"error","errorType":"internal","error":"internal error"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a reader that went away cannot be told
}

// The bodies have the members of Prometheus' API,
// https://prometheus.io/docs/prometheus/latest/querying/api/#rules
type (
	rulesBody struct {
		Groups    []groupBody `json:"groups"`
		NextToken string      `json:"groupNextToken,omitempty"`
	}
	groupBody struct {
		Name     string    `json:"name"`
		File     string    `json:"file"`
		Rules    []any     `json:"rules"`
		Interval float64   `json:"interval"`
		Limit    int       `json:"limit"`
		Took     float64   `json:"evaluationTime"`
		LastEval time.Time `json:"lastEvaluation"`
		Offset   float64   `json:"queryOffset"` // seconds; Hearth's own
	}
	ruleBody struct {
		Name     string               `json:"name"`
		Query    string               `json:"query"`
		Labels   labels.Labels        `json:"labels"`
		Health   promrules.RuleHealth `json:"health"`
		LastErr  string               `json:"lastError,omitempty"`
		Took     float64              `json:"evaluationTime"`
		LastEval time.Time            `json:"lastEvaluation"`
		Type     string               `json:"type"`
	}
	alertingBody struct {
		State         string        `json:"state"`
		Duration      float64       `json:"duration"`
		KeepFiringFor float64       `json:"keepFiringFor"`
		Annotations   labels.Labels `json:"annotations"`
		Alerts        []alertBody   `json:"alerts"`
		ruleBody
	}
	alertBody struct {
		Labels          labels.Labels `json:"labels"`
		Annotations     labels.Labels `json:"annotations"`
		State           string        `json:"state"`
		ActiveAt        *time.Time    `json:"activeAt,omitempty"`
		KeepFiringSince *time.Time    `json:"keepFiringSince,omitempty"`
		Value           string        `json:"value"`
	}
	alertsBody struct {
		Alerts []alertBody `json:"alerts"`
	}
)

// filter is what ListRules was asked for.
type filter struct {
	alerting, recording  bool
	rules, groups, files []string
	matchers             [][]*labels.Matcher
	excludeAlerts        bool
	most                 int // groups; 0: all
	token                string
}

func newFilter(q url.Values) (filter, error) {
	f := filter{rules: q["rule_name[]"], groups: q["rule_group[]"], files: q["file[]"], token: q.Get("group_next_token")}
	kind := strings.ToLower(q.Get("type"))
	if kind != "" && kind != "alert" && kind != "record" {
		return f, fmt.Errorf("invalid parameter %q: not supported value %q", "type", kind)
	}
	f.alerting, f.recording = kind != "record", kind != "alert"
	for _, text := range q["match[]"] {
		ms, err := promQL.ParseMetricSelector(text)
		if err != nil {
			return f, fmt.Errorf("invalid parameter %q: %w", "match[]", err)
		}
		f.matchers = append(f.matchers, ms)
	}
	var err error
	if text := q.Get("exclude_alerts"); text != "" {
		if f.excludeAlerts, err = strconv.ParseBool(strings.ToLower(text)); err != nil {
			return f, fmt.Errorf("invalid parameter %q: must be true or false", "exclude_alerts")
		}
	}
	if text := q.Get("group_limit"); text != "" {
		if f.most, err = strconv.Atoi(text); err != nil || f.most <= 0 {
			return f, fmt.Errorf("invalid parameter %q: must be a whole number greater than 0", "group_limit")
		}
	}
	if f.token != "" && f.most == 0 {
		return f, fmt.Errorf("invalid parameter %q: group_limit needs to be present in order to paginate over the groups", "group_next_token")
	}
	return f, nil
}

// wants tells whether a list of names asks for this one; an empty list asks for
// all.
func wants(names []string, name string) bool { return len(names) == 0 || slices.Contains(names, name) }

func (f *filter) wantsRule(rl *rule) bool {
	if (rl.alert != nil && !f.alerting) || (rl.alert == nil && !f.recording) || !wants(f.rules, rl.Name()) {
		return false
	}
	return len(f.matchers) == 0 || slices.ContainsFunc(f.matchers, func(ms []*labels.Matcher) bool {
		return !slices.ContainsFunc(ms, func(m *labels.Matcher) bool { return !m.Matches(rl.Labels().Get(m.Name)) })
	})
}

var errToken = errors.New(`invalid parameter "group_next_token": no group has it. Were rule groups changed?`)

func (r *Room) listRules(ws hearth.Workspace, q url.Values) (rulesBody, error) {
	body := rulesBody{Groups: []groupBody{}}
	f, err := newFilter(q)
	if err != nil {
		return body, err
	}
	groups := r.groupsOf(ws.ID)
	if f.token != "" {
		at := slices.IndexFunc(groups, func(g *group) bool { return g.token() == f.token })
		if at < 0 {
			return body, errToken
		}
		groups = groups[at:]
	}
	rules := 0
	for _, g := range groups {
		if !wants(f.groups, g.name) || !wants(f.files, g.namespace) {
			continue
		}
		one := g.body(&f)
		one.Offset = g.behind(ws).Seconds()
		if len(one.Rules) == 0 {
			continue
		}
		rules += len(one.Rules)
		if (f.most > 0 && len(body.Groups) == f.most) || (rules > mostRules && len(body.Groups) > 0) {
			body.NextToken = g.token()
			break
		}
		body.Groups = append(body.Groups, one)
	}
	return body, nil
}

// token names a group to whoever wants the page that begins with it.
func (g *group) token() string {
	sum := sha256.Sum256([]byte(g.namespace + "\x00" + g.name))
	return hex.EncodeToString(sum[:20])
}

func byName(a, b *group) int {
	return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name))
}

func (g *group) body(f *filter) groupBody {
	at, took := g.last()
	b := groupBody{
		Name: g.name, File: g.namespace, Rules: []any{}, Interval: g.interval.Seconds(), Limit: g.limit,
		Took: took.Seconds(), LastEval: at,
	}
	for _, rl := range g.rules {
		if f.wantsRule(rl) {
			b.Rules = append(b.Rules, rl.body(f))
		}
	}
	return b
}

func (rl *rule) body(f *filter) any {
	b := ruleBody{
		Name: rl.Name(), Query: rl.Query().String(), Labels: rl.Labels(), Health: rl.Health(),
		Took: rl.GetEvaluationDuration().Seconds(), LastEval: rl.GetEvaluationTimestamp(), Type: "recording",
	}
	if err := rl.LastError(); err != nil {
		b.LastErr = err.Error()
	}
	if rl.alert == nil {
		return b
	}
	b.Type = "alerting"
	a := alertingBody{
		ruleBody: b, State: rl.alert.State().String(), Duration: rl.alert.HoldDuration().Seconds(),
		KeepFiringFor: rl.alert.KeepFiringFor().Seconds(), Annotations: rl.alert.Annotations(), Alerts: []alertBody{},
	}
	if !f.excludeAlerts {
		a.Alerts = rl.alerts()
	}
	return a
}

// alerts returns a rule's pending and firing alerts, in the order of their
// labels.
func (rl *rule) alerts() []alertBody {
	all := []alertBody{}
	for _, a := range rl.alert.ActiveAlerts() {
		b := alertBody{
			Labels: a.Labels, Annotations: a.Annotations, State: a.State.String(), ActiveAt: &a.ActiveAt,
			Value: strconv.FormatFloat(a.Value, 'e', -1, 64),
		}
		if !a.KeepFiringSince.IsZero() {
			b.KeepFiringSince = &a.KeepFiringSince
		}
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b alertBody) int { return labels.Compare(a.Labels, b.Labels) })
	return all
}

func (r *Room) listAlerts(ws hearth.WorkspaceID) alertsBody {
	body := alertsBody{Alerts: []alertBody{}}
	for _, g := range r.groupsOf(ws) {
		for _, rl := range g.rules {
			if rl.alert != nil {
				body.Alerts = append(body.Alerts, rl.alerts()...)
			}
		}
	}
	return body
}
