package dashboard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// A talker answers every question to a metrics workspace in the same way.
type talker struct {
	answer string
	breaks any // what it panics with once it has begun to answer
}

func (talker) Workspaces(context.Context, hearth.GrafanaWorkspace, hearth.Region) ([]hearth.Workspace, error) {
	return nil, nil
}

func (talker) Find(*url.URL) (hearth.WorkspaceID, bool) { return "ws-1", true }

func (k *talker) Serve(w http.ResponseWriter, _ *http.Request, _ hearth.GrafanaWorkspace) {
	_, _ = w.Write([]byte(k.answer))
	if k.breaks != nil {
		panic(k.breaks)
	}
}

// asking is a Grafana workspace whose only data source k answers.
func asking(t *testing.T, k *talker) (*shelf, *Call) {
	t.Helper()
	s := openShelf(t)
	s.opts.Source = k
	c := s.call(hearth.GrafanaAdmin, `{"name":"p","uid":"p","type":"prometheus","access":"proxy","url":"http://hearth/workspaces/ws-1","isDefault":true,"jsonData":{"sigV4Auth":true}}`)
	if _, err := s.AddSource(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return s, c
}

// call is a call of somebody with the role.
func (s *shelf) call(role hearth.GrafanaRole, body string) *Call {
	return &Call{Workspace: hearth.GrafanaWorkspace{ID: s.id}, User: hearth.GrafanaUser{Workspace: s.id, ID: 1, Login: "u", Role: role}, Body: []byte(body),
		HTTP: &http.Request{URL: &url.URL{}, Header: http.Header{}}, Param: func(string) string { return "" }}
}

const oneValue = `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"1"},"value":[1,"5"]}]}}`

// A question that breaks while it is answered, beside the request, is its own
// failure and nobody else's.
func TestBrokenEvaluationIsContained(t *testing.T) {
	for _, breaks := range []any{http.ErrAbortHandler, "a fault of ours"} {
		s, c := asking(t, &talker{answer: oneValue, breaks: breaks})
		c.Body = []byte(`{"queries":[{"refId":"A","datasource":{"uid":"p"},"expr":"up"}]}`)
		out, err := s.Query(t.Context(), c)
		reply, _ := out.(Reply)
		if err != nil || reply.Code != http.StatusBadRequest || !strings.Contains(string(reply.Raw), "could not be asked") {
			t.Errorf("%v: %d %s, %v", breaks, reply.Code, reply.Raw, err)
		}
		rule := &alertRule{Condition: "A", Data: []ruleQuery{{RefID: "A", Source: "p", Model: json.RawMessage(`{"expr":"up","instant":true}`)}}}
		if got, err := s.outcomeOf(t.Context(), c.Workspace, rule, time.Now()); err == nil {
			t.Errorf("%v: a rule finds %v", breaks, got)
		}
	}
}

// A condition that names no query is refused when it is evaluated, and ends nothing
// else.
func TestConditionWithoutQuery(t *testing.T) {
	for _, named := range []string{`{}`, `{"params":[]}`} {
		n := &node{}
		text := `{"type":"classic_conditions","conditions":[{"evaluator":{"type":"gt","params":[1]},"reducer":{"type":"last"},"query":` + named + `}]}`
		if err := json.Unmarshal([]byte(text), n); err != nil {
			t.Fatal(err)
		}
		if out := (sets{"A": number(1)}).apply(n, &query{RefID: "B"}); out.err == nil || hearth.KindOf(out.err) != hearth.Invalid {
			t.Errorf("%s: %+v", named, out)
		}
	}
}

// All queries of a request together read no more than one may.
func TestAnswersOfOneRequest(t *testing.T) {
	s, c := asking(t, &talker{answer: strings.Replace(oneValue, `"a"`, `"`+strings.Repeat("a", maxAnswer/3)+`"`, 1)})
	var queries []string
	for i := range 4 {
		queries = append(queries, fmt.Sprintf(`{"refId":"Q%d","datasource":{"uid":"p"},"expr":"up","instant":true}`, i))
	}
	c.Body = []byte(`{"queries":[` + strings.Join(queries, ",") + `]}`)
	out, err := s.Query(t.Context(), c)
	reply, _ := out.(Reply)
	if n := strings.Count(string(reply.Raw), "ask for less"); err != nil || n < 1 || n > 2 {
		t.Errorf("%d of 4 answers were too long, %v", n, err)
	}
}

// The editor of alert rules gets values, not only that there are some.
func TestEvaluateRulesAnswersFrames(t *testing.T) {
	s, c := asking(t, &talker{answer: oneValue})
	c.Body = []byte(`{"condition":"B","data":[{"refId":"A","datasourceUid":"p","relativeTimeRange":{"from":600,"to":0},"model":{"expr":"up","instant":true}},
		{"refId":"B","datasourceUid":"__expr__","model":{"type":"math","expression":"$A * 2"}}]}`)
	out, err := s.EvaluateRules(t.Context(), c)
	reply, _ := out.(Reply)
	var got struct {
		Results map[string]struct {
			Frames []struct {
				Data struct{ Values [][]float64 }
			}
		}
	}
	if err != nil || json.Unmarshal(reply.Raw, &got) != nil || len(got.Results["B"].Frames) != 1 || got.Results["B"].Frames[0].Data.Values[0][0] != 10 {
		t.Errorf("%s, %v", reply.Raw, err)
	}
	c.Body = []byte(`{"data":[` + strings.Repeat(`{},`, maxQueries) + `{}]}`)
	if _, err := s.EvaluateRules(t.Context(), c); hearth.KindOf(err) != hearth.Invalid {
		t.Errorf("of very many: %v", err)
	}
}

// Small inputs do not make a dashboard that no memory holds.
func TestInputsDoNotGrow(t *testing.T) {
	text := `{"__inputs":[{"name":"A","type":"datasource"}],"title":"` + strings.Repeat("${A}", 100_000) + `"}`
	_, err := fillInputs([]byte(text), []importInput{{Name: "A", Value: strings.Repeat("x", 100_000)}})
	if hearth.KindOf(err) != hearth.TooLarge {
		t.Errorf("%v", err)
	}
}

// Expressions refuse work that would take minutes or all memory.
func TestExpressionsAreBounded(t *testing.T) {
	many := &set{to: time.Unix(43_200, 0), from: time.Unix(0, 0)}
	for i := range 5000 {
		many.items = append(many.items, series{labels: map[string]string{"a": fmt.Sprint(i)}, points: []point{{0, 1}}})
	}
	if _, err := evaluateMath("$A + $A", sets{"A": many}); hearth.KindOf(err) != hearth.Invalid {
		t.Errorf("5000 with 5000: %v", err)
	}
	if out, err := evaluateMath("$A * 2 > $B", sets{"A": many, "B": number(1)}); err != nil {
		t.Errorf("5000 with one: %v, %v", out, err)
	}
	n := &node{Type: "resample", Window: "1s", Down: "mean", Up: "pad"}
	if _, err := n.resample(many); hearth.KindOf(err) != hearth.Invalid {
		t.Errorf("5000 series of 43200 points: %v", err)
	}
	n.Window = "1h"
	if out, err := n.resample(many); err != nil || len(out.items) != 5000 {
		t.Errorf("5000 series of 13 points: %v", err)
	}
}

// What came as a secret is kept and answered as one, whatever its name is, and stays
// until another is given.
func TestSecretSettings(t *testing.T) {
	s := openShelf(t)
	in := channelInput{UID: "c", Name: "hook", Type: "webhook", Options: map[string]any{"url": "http://h"}, Secure: map[string]string{"hmacConfig.secret": "s3cret", "password": "p4ss"}}
	first, again := in.contact(), (&channelInput{UID: "c", Name: "hook", Type: "webhook", Options: map[string]any{"url": "http://h2", "hmacConfig.secret": redacted}}).contact()
	err := s.opts.Store.Update(t.Context(), func(tx store.Tx) error {
		return errors.Join(s.keepContact(tx, s.id, first, nil), s.keepContact(tx, s.id, again, first))
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*contact{first, again} {
		kept, err := json.Marshal([]any{c.Settings, c.body()["settings"], c.channelBody()["settings"]})
		if err != nil || strings.Contains(string(kept), "s3cret") || strings.Contains(string(kept), "p4ss") {
			t.Errorf("%s, %v", kept, err)
		}
		if open, err := s.opened(s.id, c); err != nil || open["hmacConfig.secret"] != "s3cret" || open["password"] != "p4ss" {
			t.Errorf("opened: %v, %v", open, err)
		}
	}
}

// Labels and annotations of rules stay small, and their templates end.
func TestRuleTexts(t *testing.T) {
	for text, ok := range map[string]bool{
		"{{ $labels.pod }} is at {{ $values.B.Value | humanize }}": true, "{{ range 10000000000 }}{{ end }}": false,
		strings.Repeat("x", maxRuleTexts+1): false, `{{ define "a" }}{{ template "a" }}{{ template "a" }}{{ end }}{{ template "a" }}`: false,
	} {
		for _, a := range []*alertRule{{Annotations: map[string]string{"s": text}}, {Labels: map[string]string{"s": text}}} {
			if err := a.checkLabels(); (err == nil) != ok {
				t.Errorf("%.40s: %v", text, err)
			}
		}
	}
	left := 100
	out := expanded("x", `{{ range $k, $v := $labels }}{{ $v }}{{ end }}`, templateData{Labels: map[string]string{"a": strings.Repeat("y", 90), "b": strings.Repeat("z", 90)}}, time.Now(), &left)
	if len(out) != 100 || left != 0 {
		t.Errorf("%d bytes, %d left", len(out), left)
	}
}

// The newest annotations come first, however many there are.
func TestAnnotationsInPages(t *testing.T) {
	s := openShelf(t)
	c := s.call(hearth.GrafanaViewer, "")
	err := s.opts.Store.Update(t.Context(), func(tx store.Tx) error {
		for i := int64(1); i <= 450; i++ {
			if err := put(tx, annotationBucket, key(s.id, idKey(i)), annotation{ID: i, Time: i, Text: "x", Tags: []string{fmt.Sprint(i % 2)}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string][3]int64{"": {100, 450, 351}, "limit=3": {3, 450, 448}, "limit=0": {0, 0, 0}, "limit=-1": {0, 0, 0}, "limit=9999": {450, 450, 1}, "tags=1&limit=2": {2, 449, 447}, "to=10&from=5": {6, 10, 5}} {
		c.HTTP.URL.RawQuery, c.query = query, nil
		out, err := s.Annotations(t.Context(), c)
		list, _ := out.([]*annotation)
		got := [3]int64{int64(len(list)), 0, 0}
		if len(list) > 0 {
			got[1], got[2] = list[0].ID, list[len(list)-1].ID
		}
		if err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", query, got, err, want)
		}
	}
}

// One Grafana workspace's rules do not wait for another's, however slow those are.
func TestEvaluatorsAreShared(t *testing.T) {
	e := New(Options{}).evaluator
	a, b := e.share("g-a"), e.share("g-b")
	for range ownEvaluators {
		if !enter(t.Context(), a) {
			t.Fatal("no slot of its own")
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if enter(ended, a) || !enter(t.Context(), b) || e.share("g-a") != a {
		t.Error("one workspace has more than its slots, or takes another's")
	}
	if ownEvaluators*4 > evaluators {
		t.Errorf("%d of %d slots are too many for one", ownEvaluators, evaluators)
	}
}
