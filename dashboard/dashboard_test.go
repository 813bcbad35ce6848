package dashboard

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
)

// Members are set, and every other byte stays.
func TestSplice(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{}`, `{"id":7,"uid":"u"}`},
		{`{ }`, `{ "id":7,"uid":"u"}`},
		{"{\"a\" : 1e3 ,\n \"id\" : null }", "{\"a\" : 1e3 ,\n \"id\" : 7,\"uid\":\"u\" }"},
		{`{"id":1,"x":{"id":2},"uid":"old","id":3}`, `{"id":7,"x":{"id":2},"uid":"u","id":7}`},
		{`{"id":"\u00e9","uid":[1,"}"]}`, `{"id":7,"uid":"u"}`},
	} {
		got, err := splice([]byte(c.in), setNumber("id", 7), setText("uid", "u"))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %s, %v; want %s", c.in, got, err, c.want)
		}
	}
	for _, bad := range []string{``, `[]`, `{`, `{"a":1}x`, `{"a":}`, `null`} {
		if got, err := splice([]byte(bad), setNumber("id", 7)); err == nil {
			t.Errorf("%q: %s, want an error", bad, got)
		}
	}
}

func FuzzSplice(f *testing.F) {
	f.Add([]byte(`{"id":1,"a":[{}]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		out, err := splice(in, setNumber("id", 7))
		if err != nil {
			return
		}
		var v map[string]any
		if err := json.Unmarshal(out, &v); err != nil || v["id"] != 7.0 {
			t.Errorf("%q became %q: %v", in, out, err)
		}
	})
}

func number(v float64) *set {
	return &set{numbers: true, items: []series{{labels: map[string]string{"a": "1"}, points: []point{{0, v}}}}}
}

func TestMath(t *testing.T) {
	all := sets{"A": number(6), "B": number(4), "N": number(math.NaN()), "None": &set{numbers: true}}
	for text, want := range map[string]float64{
		"1 + 2 * 3": 7, "(1+2)*3": 9, "2 ** 3 - 1": 7, "$A > 5 && $B < 5": 1, "$A > 5 && !($B < 5)": 0, "-$A": -6, "abs(-${A}) % 4": 2,
		"is_nan($N)": 1, "is_number($A) || 0": 1, "round(1.6) / 4": .5, "$A == 6": 1, "floor(1.9e0)": 1,
	} {
		got, err := evaluateMath(text, all)
		if err != nil || len(got.items) != 1 || got.items[0].points[0].value != want {
			t.Errorf("%s: %+v, %v; want %g", text, got, err, want)
		}
	}
	if got, err := evaluateMath("$None + 1", all); err != nil || len(got.items) != 0 {
		t.Errorf("of nothing: %+v, %v", got, err)
	}
	for _, text := range []string{"", "1 +", "(1", "$A $B", "foo(1)", "1 ? 2", strings.Repeat("(", 500) + "1", strings.Repeat("1+", 5000) + "1"} {
		if got, err := evaluateMath(text, all); err == nil {
			t.Errorf("%.20q: %+v, want an error", text, got)
		}
	}
}

func FuzzMath(f *testing.F) {
	f.Add("$A + log(2) > 1")
	f.Fuzz(func(_ *testing.T, text string) { _, _ = evaluateMath(text, sets{"A": number(1)}) })
}

// What could climb, at this or at one more decoding, is refused; so is what writes.
func TestProxyPaths(t *testing.T) {
	for _, path := range []string{"/..", "/a/../b", "/./a", "/a%2fb", "/a%2Fb", "/%2e%2e/b", "/a%5cb", `/a\b`, "/a%00", "/a%252fb", "/%"} {
		if checkRest(path) == nil {
			t.Errorf("%s passes", path)
		}
	}
	for _, path := range []string{"/api/v1/query", "/api/v1/label/a%20b/values", "/loki/api/v1/push", "/a..b"} {
		if err := checkRest(path); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	for ask, ok := range map[string]bool{
		"GET /api/v1/query": true, "POST /api/v1/query_range": true, "GET /api/v1/label/job/values": true, "POST /api/v1/remote_write": false,
		"POST /api/v1/admin/tsdb/delete_series": false, "PUT /api/v1/query": false, "GET /api/v1/admin/tsdb/snapshot": false, "GET /metrics": false,
		"POST /api/v1/rules": false, "DELETE /api/v1/series": false, "GET /api/v1/query/../admin": false,
	} {
		method, path, _ := strings.Cut(ask, " ")
		if err := checkPrometheus(method, path); (err == nil) != ok {
			t.Errorf("%s: %v", ask, err)
		}
	}
}

func TestTimes(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 34, 56, 0, time.UTC)
	for text, want := range map[string]string{
		"now": "2026-11-21T12:34:56Z", "now-1h": "2026-11-21T11:34:56Z", "now-1d/d": "2026-11-20T00:00:00Z", "now/w": "2026-11-16T00:00:00Z",
		"0": "1970-01-01T00:00:00Z", "2026-01-02T03:04:05Z": "2026-01-02T03:04:05Z", "now-1M/M": "2026-10-01T00:00:00Z",
	} {
		if got, err := parseTime(text, now, false); err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%s: %s, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "yesterday", "now-", "now-1", "now-9999999999999h", "99999999999999999"} {
		if got, err := parseTime(text, now, false); err == nil {
			t.Errorf("%q: %s, want an error", text, got)
		}
	}
	for text, want := range map[string]time.Duration{"15s": 15 * time.Second, "1h30m": 90 * time.Minute, "250ms": 250 * time.Millisecond, "1d": 24 * time.Hour} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
}

// An alert waits, fires, recovers and ends, evaluation by evaluation.
func TestAlertStates(t *testing.T) {
	rule := &alertRule{Title: "Latency", For: "2m", Keep: "1m", NoData: "NoData", Error: "Error", Data: []ruleQuery{{RefID: "A", Source: "s"}},
		Labels: map[string]string{"sev": "{{ if gt $values.B.Value 9.0 }}high{{ else }}low{{ end }}"}, Annotations: map[string]string{"s": "{{ $values.B }} at {{ $labels.pod }}"}}
	s := &ruleState{rule: rule, folder: "F", every: time.Minute, instances: map[string]*instance{}}
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	v := func(firing bool, n float64) []verdict {
		l := map[string]string{"pod": "a"}
		return []verdict{{labels: l, firing: firing, values: map[string]templateValue{"B": {l, n}}}}
	}
	for i, step := range []struct {
		found []verdict
		err   error
		want  string
	}{
		{v(false, 1), nil, "Normal 1"}, {v(true, 7), nil, "Pending 1"}, {v(true, 8), nil, "Pending 1"}, {v(true, 10), nil, "Alerting 1"},
		{v(false, 1), nil, "Recovering 1"}, {v(true, 10), nil, "Alerting 1"}, {nil, nil, "Alerting 1, Pending 1"}, {nil, bad("down"), "Alerting 1, Normal 1, Pending 1"},
		{v(false, 1), nil, "Normal 2, Recovering 1"}, {v(false, 1), nil, "Normal 3"},
	} {
		s.advance(step.found, step.err, at)
		if got := s.summary(); got != step.want {
			t.Errorf("evaluation %d: %s, want %s", i, got, step.want)
		}
		at = at.Add(time.Minute)
	}
	for _, in := range s.instances {
		if in.Kind == "" && (in.AllLabel["sev"] != "high" || in.AllLabel["alertname"] != "Latency" || in.Notes["s"] != "10 at a") {
			t.Errorf("labels %v, annotations %v", in.AllLabel, in.Notes)
		}
	}
}

// Inputs become values wherever they stand, and nothing else changes.
func TestInputs(t *testing.T) {
	const text = `{"__inputs":[{"name":"DS","type":"datasource"},{"name":"C","type":"constant","value":"q\"x"}],"a": "${DS} and $DS ${OTHER} ${C}"}`
	got, err := fillInputs([]byte(text), []importInput{{Name: "DS", Type: "datasource", Value: `u"1`}})
	if want := `{"a": "u\"1 and $DS ${OTHER} q\"x"}`; err != nil || string(got) != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	if _, err := fillInputs([]byte(text), nil); err == nil || !strings.Contains(err.Error(), "DS") {
		t.Errorf("without a value: %v", err)
	}
}
