package hearth

import (
	"net/url"
	"strings"
	"time"
)

// Watched is an expression that a rule watches, at a moment. Value is what it gave for
// one alert, if it is about one that fires.
type Watched struct {
	Workspace              WorkspaceID
	Namespace, Group, Rule string
	Expr                   string
	At                     time.Time
	Value                  string
}

// The pages of the browser app that notifications lead to. docs/decisions/0057
// has the scheme.
const (
	explorePage = "/ui/explore"
	silencePage = "/ui/alerts/silences/new"
	rulePage    = "/ui/alerts/rule"
)

// watchedFor is how much of the past a link to an expression shows.
const watchedFor = time.Hour

// ExploreURL is where a person sees an expression's values of the hour before.
func (w Watched) ExploreURL(base string) string {
	q := w.query()
	q.Set("expr", w.Expr)
	q.Set("from", DetailTime(w.At.Add(-watchedFor)))
	q.Set("to", DetailTime(w.At))
	if w.Value != "" {
		q.Set("value", w.Value)
	}
	return strings.TrimRight(base, "/") + explorePage + "?" + q.Encode()
}

// RuleURL is where a person sees how the rule was evaluated.
func (w Watched) RuleURL(base string) string {
	return strings.TrimRight(base, "/") + rulePage + "?" + w.query().Encode()
}

// SilenceURL is the form of a silence for alerts that match, such as
// {alertname="Down", job="web"}.
func (w Watched) SilenceURL(base, matchers string) string {
	q := url.Values{"workspace": {string(w.Workspace)}, "matchers": {matchers}}
	return strings.TrimRight(base, "/") + silencePage + "?" + q.Encode()
}

func (w Watched) query() url.Values {
	return url.Values{"workspace": {string(w.Workspace)}, "namespace": {w.Namespace}, "group": {w.Group}, "rule": {w.Rule}}
}

// ReadExploreURL is ExploreURL's reverse: an alert has nothing else to tell which
// rule it is of. ok is false for a link that is another one.
func ReadExploreURL(link string) (w Watched, base string, ok bool) {
	before, query, ok := strings.Cut(link, explorePage+"?")
	if !ok {
		return w, "", false
	}
	q, err := url.ParseQuery(query)
	if err != nil || q.Get("workspace") == "" {
		return w, "", false
	}
	at, err := time.Parse(time.RFC3339, q.Get("to"))
	return Watched{
		Workspace: WorkspaceID(q.Get("workspace")), Namespace: q.Get("namespace"), Group: q.Get("group"), Rule: q.Get("rule"),
		Expr: q.Get("expr"), At: at, Value: q.Get("value"),
	}, before, err == nil
}
