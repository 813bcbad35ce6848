package alerting

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/eventrecorder"
	"github.com/prometheus/alertmanager/featurecontrol"
	"github.com/prometheus/alertmanager/inhibit"
	"github.com/prometheus/alertmanager/marker"
	"github.com/prometheus/alertmanager/nflog"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/provider/mem"
	"github.com/prometheus/alertmanager/silence"
	"github.com/prometheus/alertmanager/silence/silencepb"
	amtemplate "github.com/prometheus/alertmanager/template"
	"github.com/prometheus/alertmanager/timeinterval"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/notifier"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/hearth-metrics/hearth"
)

// Scenarios in virtual time: what is notified, and that upstream's own parts, put
// together as its program does, notify the same at the same time.
func TestScenarios(t *testing.T) {
	datadriven.Walk(t, "testdata/scenarios", func(t *testing.T, path string) {
		synctest.Test(t, func(t *testing.T) {
			s := newScenario(t)
			defer s.end()
			datadriven.RunTest(t, path, s.step)
		})
	})
}

type scenario struct {
	t        *testing.T
	bed      *bed
	ws       hearth.Workspace
	began    time.Time
	ours     *diary
	theirs   *diary
	upstream *upstream
	firing   map[string]*notifier.Alert

	restarted bool
}

// A diary is what was notified, in order.
type diary struct {
	mu    sync.Mutex
	began time.Time
	lines []line
}

type line struct {
	at   time.Duration
	text string
}

func (d *diary) write(topic, status string, alerts []string) {
	slices.Sort(alerts)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line{time.Since(d.began).Round(time.Second), topic + " " + status + ": " + strings.Join(alerts, " ")})
}

// take empties the diary. What happened at the same time has no order.
func (d *diary) take() (withTimes, without string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	slices.SortFunc(d.lines, func(a, b line) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.text, b.text)) })
	for _, l := range d.lines {
		withTimes += fmt.Sprintf("%s %s\n", l.at, l.text)
		without += l.text + "\n"
	}
	d.lines = nil
	return withTimes, without
}

// Publish writes our notifications: the template makes the message the line.
func (d *diary) Publish(_ context.Context, _ hearth.Workspace, topic, subject, body string, _ map[string]string) (string, error) {
	d.write(topic[strings.LastIndex(topic, ":")+1:], subject, strings.Fields(body))
	return "id", nil
}

func newScenario(t *testing.T) *scenario {
	s := &scenario{t: t, began: time.Now(), firing: map[string]*notifier.Alert{}}
	s.ours, s.theirs = &diary{began: s.began}, &diary{began: s.began}
	s.bed = newBed(t, Options{Publisher: s.ours})
	s.ws = s.bed.spaces.add("1")
	return s
}

func (s *scenario) end() {
	if s.upstream != nil {
		s.upstream.stop()
	}
}

func (s *scenario) step(t *testing.T, d *datadriven.TestData) string {
	switch d.Cmd {
	case "define":
		return s.define(d.Input)
	case "fire", "resolve":
		s.alert(d)
	case "silence":
		s.silence(d)
	case "restart": // ours alone: the same notifications, though groups begin anew
		s.restarted = true
		s.bed.stop()
		s.bed.start()
		s.resend()
	case "run":
		var span time.Duration
		var text string
		d.ScanArgs(t, "for", &text)
		span, err := time.ParseDuration(text)
		if err != nil {
			d.Fatalf(t, "%v", err)
		}
		return s.run(span)
	default:
		d.Fatalf(t, "no command %s", d.Cmd)
	}
	return ""
}

// define reads a configuration whose receivers are names only, each of which
// becomes a topic.
func (s *scenario) define(config string) string {
	full := config + "\nreceivers:\n"
	for _, name := range []string{"a", "b", "c"} {
		full += fmt.Sprintf("- name: %[1]s\n  sns_configs: [{topic_arn: 'arn:aws:sns:r:1:%[1]s', subject: '{{ .Status }}', message: '{{ range .Alerts }}{{ .Labels.alertname }}{{ .Labels.n }}={{ .Status }} {{ end }}'}]\n", name)
	}
	d, faults := Parse(wrap(full), hearth.Local)
	if len(faults) > 0 {
		return fmt.Sprint(faults)
	}
	if s.upstream == nil {
		s.bed.define(s.ws, full)
		s.upstream = newUpstream(s.t, s.theirs)
	} else if _, err := s.bed.room.Put(s.t.Context(), s.ws, wrap(full), nil); err != nil {
		return err.Error()
	}
	s.bed.mustAsk(s.ws, "GET", "/api/v2/receivers", "") // opens it
	s.upstream.apply(d)
	return ""
}

func (s *scenario) alert(d *datadriven.TestData) {
	var pairs []string
	for _, a := range d.CmdArgs {
		pairs = append(pairs, a.Key, a.Vals[0])
	}
	l := labels.FromStrings(pairs...)
	a := s.firing[l.String()]
	if a == nil {
		a = &notifier.Alert{Labels: l, StartsAt: time.Now()}
		s.firing[l.String()] = a
	}
	a.EndsAt = time.Now().Add(4 * time.Minute)
	if d.Cmd == "resolve" {
		a.EndsAt = time.Now()
		delete(s.firing, l.String())
	}
	s.send(a)
}

func (s *scenario) send(a *notifier.Alert) {
	x := *a
	if err := s.bed.room.Notify(s.t.Context(), s.ws, &x); err != nil {
		s.t.Fatal(err)
	}
	if err := s.upstream.alerts.Put(context.Background(), fromRules([]*notifier.Alert{&x})...); err != nil {
		s.t.Fatal(err)
	}
}

// resend is what rules do each minute.
func (s *scenario) resend() {
	for _, a := range s.firing {
		a.EndsAt = time.Now().Add(4 * time.Minute)
		s.send(a)
	}
}

func (s *scenario) silence(d *datadriven.TestData) {
	var name, span string
	d.ScanArgs(s.t, "alertname", &name)
	d.ScanArgs(s.t, "for", &span)
	length, err := time.ParseDuration(span)
	if err != nil {
		d.Fatalf(s.t, "%v", err)
	}
	from, to := time.Now(), time.Now().Add(length)
	s.bed.mustAsk(s.ws, "POST", "/api/v2/silences", fmt.Sprintf(`{"matchers":[{"name":"alertname","value":%q,"isRegex":false,"isEqual":true}],
		"startsAt":%q,"endsAt":%q,"createdBy":"me","comment":"x"}`, name, from.Format(time.RFC3339Nano), to.Format(time.RFC3339Nano)))
	err = s.upstream.silences.Set(context.Background(), &silencepb.Silence{
		MatcherSets: []*silencepb.MatcherSet{{Matchers: []*silencepb.Matcher{{Type: silencepb.Matcher_EQUAL, Name: "alertname", Pattern: name}}}},
		StartsAt:    timestamppb.New(from), EndsAt: timestamppb.New(to), CreatedBy: "me", Comment: "x",
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// run lets time pass and tells what was notified.
func (s *scenario) run(span time.Duration) string {
	for end := time.Now().Add(span); time.Now().Before(end); {
		step := min(time.Minute, time.Until(end))
		<-time.After(step)
		s.resend()
	}
	synctest.Wait()
	ours, oursInOrder := s.ours.take()
	theirs, theirsInOrder := s.theirs.take()
	if ours != theirs && !(s.restarted && oursInOrder == theirsInOrder) {
		return "we notified\n" + ours + "and upstream\n" + theirs
	}
	if ours == "" {
		return "nothing"
	}
	return ours
}

// upstream is an Alertmanager put together from upstream's parts alone.
type upstream struct {
	t          *testing.T
	diary      *diary
	alerts     *mem.Alerts
	silences   *silence.Silences
	silencer   *silence.Silencer
	history    *nflog.Log
	groups     marker.GroupMarker
	builder    *notify.PipelineBuilder
	inhibitor  *inhibit.Inhibitor
	dispatcher *dispatch.Dispatcher
}

func newUpstream(t *testing.T, d *diary) *upstream {
	log := slog.New(slog.DiscardHandler)
	u := &upstream{t: t, diary: d, groups: marker.NewGroupMarker()}
	var err error
	if u.silences, err = silence.New(silence.Options{Retention: retention, Metrics: nowhere{}}); err != nil {
		t.Fatal(err)
	}
	u.silencer = silence.NewSilencer(u.silences, log, eventrecorder.Recorder{})
	if u.history, err = nflog.New(nflog.Options{Retention: retention, Metrics: nowhere{}}); err != nil {
		t.Fatal(err)
	}
	if u.alerts, err = mem.NewAlerts(context.Background(), 30*time.Minute, 0, u.silencer, log, eventrecorder.Recorder{}, nowhere{}, featurecontrol.NoopFlags{}); err != nil {
		t.Fatal(err)
	}
	u.builder = notify.NewPipelineBuilder(nowhere{}, featurecontrol.NoopFlags{}, eventrecorder.Recorder{})
	return u
}

// noted is an integration that writes the diary.
type noted struct {
	diary *diary
	name  string
}

func (n noted) SendResolved() bool { return true }

func (n noted) Notify(_ context.Context, alerts ...*alert.Alert) (bool, error) {
	var names []string
	for _, a := range alerts {
		names = append(names, fmt.Sprintf("%s%s=%s", a.Labels["alertname"], a.Labels["n"], a.Status()))
	}
	n.diary.write(n.name, string(alert.Alerts(alerts...).Status()), names)
	return false, nil
}

func (u *upstream) apply(d *Definition) {
	u.halt()
	log := slog.New(slog.DiscardHandler)
	receivers := map[string][]notify.Integration{}
	for _, r := range d.Config.Receivers {
		n := noted{u.diary, r.Name}
		receivers[r.Name] = []notify.Integration{notify.NewIntegration(n, n, "sns", 0, r.Name)}
	}
	u.inhibitor = inhibit.NewInhibitor(u.alerts, d.Config.InhibitRules, log, eventrecorder.Recorder{})
	stages := u.builder.New(receivers, func() time.Duration { return 0 }, u.inhibitor, u.silencer,
		timeinterval.NewIntervener(intervalsOf(d.Config)), u.groups, u.history, nil)
	tmpl, err := amtemplate.FromGlobs(nil)
	if err != nil {
		u.t.Fatal(err)
	}
	tmpl.ExternalURL = &url.URL{}
	u.dispatcher = dispatch.NewDispatcher(u.alerts, dispatch.NewRoute(d.Config.Route, nil), stages, u.groups,
		func(d time.Duration) time.Duration { return max(d, notify.MinTimeout) }, 30*time.Second, nil, log, eventrecorder.Recorder{}, nil, tmpl)
	go u.inhibitor.Run()
	u.inhibitor.WaitForLoading()
	go u.dispatcher.Run(time.Now())
	u.dispatcher.WaitForLoading()
}

func (u *upstream) halt() {
	if u.dispatcher != nil {
		u.inhibitor.Stop()
		u.dispatcher.Stop()
	}
}

func (u *upstream) stop() {
	u.halt()
	u.alerts.Close()
}
