package dashboard

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// A Finding is something about a dashboard that its author wants to know.
type Finding struct {
	Fault bool   // whether it is wrong, and not only worth a look
	Panel string // title; empty: the whole dashboard
	Msg   string
}

func (f Finding) String() string {
	if f.Panel == "" {
		return f.Msg
	}
	return fmt.Sprintf("panel %q: %s", f.Panel, f.Msg)
}

// A Report is what Lint finds.
type Report struct {
	Title    string
	Panels   int
	Queries  int
	Findings []Finding
	Metrics  map[string][]string // the panels that ask for a metric, by its name
}

// newestSchema is the schemaVersion that dashboards are drawn in.
const newestSchema = 42

// Kinds that are drawn: those of today, and those of old Grafanas that are drawn as
// one of them.
var (
	drawnKinds = []string{
		"timeseries", "stat", "gauge", "bargauge", "table", "piechart", "heatmap", "barchart", "histogram", "state-timeline", "status-history", "text",
	}
	oldKinds = map[string]string{
		"graph": "timeseries", "singlestat": "stat", "grafana-singlestat-panel": "stat", "table-old": "table", "grafana-piechart-panel": "piechart",
		"heatmap-old": "heatmap", "piechart-old": "piechart",
	}
)

type lintPanel struct {
	Title      string          `json:"title"`
	Type       string          `json:"type"`
	Repeat     string          `json:"repeat"`
	DataSource json.RawMessage `json:"datasource"`
	Targets    []lintTarget    `json:"targets"`
	Panels     []*lintPanel    `json:"panels"`
	Library    *struct {
		UID  string `json:"uid"`
		Name string `json:"name"`
	} `json:"libraryPanel"`
}

type lintTarget struct {
	RefID      string          `json:"refId"`
	Expr       string          `json:"expr"`
	Hide       bool            `json:"hide"`
	DataSource json.RawMessage `json:"datasource"`
}

type lintBoard struct {
	Schema int          `json:"schemaVersion"`
	Panels []*lintPanel `json:"panels"`
	Rows   []*struct {
		Title  string       `json:"title"`
		Repeat string       `json:"repeat"`
		Panels []*lintPanel `json:"panels"`
	} `json:"rows"`
	Templating struct {
		List []*lintVariable `json:"list"`
	} `json:"templating"`
	Inputs []struct {
		Name string `json:"name"`
	} `json:"__inputs"`
}

// A linter gathers what is found about one dashboard.
type linter struct {
	Report
	board     lintBoard
	variables map[string]*lintVariable
}

// Lint looks into a dashboard: whether it is one, what of it is not drawn, which
// queries do not parse, and which variables are not used or not there. The error is
// what Save would say to it.
func Lint(raw []byte) (*Report, error) {
	h, err := readHead(raw)
	if err != nil {
		return nil, err
	}
	l := &linter{Report: Report{Title: h.Title, Metrics: map[string][]string{}}, variables: map[string]*lintVariable{}}
	if err := json.Unmarshal(raw, &l.board); err != nil {
		return nil, bad("bad request data: dashboard: %v", err)
	}
	l.schema()
	l.gatherVariables()
	for _, r := range l.board.Rows {
		if r != nil {
			l.names("", "the repetition of a row", "$"+r.Repeat, r.Repeat != "")
			l.panels(r.Panels, 0)
		}
	}
	l.panels(l.board.Panels, 0)
	if err := l.lintVariables(raw); err != nil {
		return nil, err
	}
	return &l.Report, nil
}

func (l *linter) find(fault bool, panel, format string, args ...any) {
	f := Finding{Fault: fault, Panel: panel, Msg: fmt.Sprintf(format, args...)}
	if !slices.Contains(l.Findings, f) {
		l.Findings = append(l.Findings, f)
	}
}

func (l *linter) schema() {
	switch v := l.board.Schema; {
	case v > newestSchema:
		l.find(false, "", "schemaVersion %d is newer than %d, the newest that is known: what is new in it is not drawn", v, newestSchema)
	case len(l.board.Rows) > 0:
		l.find(false, "", "schemaVersion %d with rows is drawn as %d, and saved so from the browser", v, newestSchema)
	case v < newestSchema:
		l.find(false, "", "schemaVersion %d is drawn as %d", v, newestSchema)
	}
}

const maxPanelDepth = 3

func (l *linter) panels(list []*lintPanel, depth int) {
	for _, p := range list {
		if p == nil || depth > maxPanelDepth {
			continue
		}
		if p.Type == "row" {
			l.names(orElse(p.Title, "row"), "the repetition", "$"+p.Repeat, p.Repeat != "")
			l.panels(p.Panels, depth+1)
			continue
		}
		l.Panels++
		l.panel(p)
		l.panels(p.Panels, depth+1)
	}
}

func (l *linter) panel(p *lintPanel) {
	title := orElse(p.Title, "(without a title)")
	l.names(title, "the repetition", "$"+p.Repeat, p.Repeat != "")
	if p.Library != nil {
		l.find(false, title, "is the library panel %q (%s), which is looked into on its own", p.Library.Name, p.Library.UID)
		return
	}
	switch {
	case oldKinds[p.Type] != "":
		l.find(false, title, "the kind %s is drawn as %s", p.Type, oldKinds[p.Type])
	case !slices.Contains(drawnKinds, p.Type):
		l.find(true, title, "the kind %q is not drawn: the panel stays in the dashboard and says so in its place", p.Type)
	}
	for i := range p.Targets {
		l.target(title, p, &p.Targets[i])
	}
}

// kindOfSource is the type of a data source as panels and targets name it; empty if
// they do not say.
func kindOfSource(raw json.RawMessage) string {
	var s struct {
		Type string `json:"type"`
		UID  string `json:"uid"`
	}
	if json.Unmarshal(raw, &s) != nil {
		return "" // a name, or a variable
	}
	return s.Type
}

func (l *linter) target(title string, p *lintPanel, t *lintTarget) {
	kind := kindOfSource(t.DataSource)
	if kind == "" || kind == "datasource" {
		kind = orElse(kindOfSource(p.DataSource), kind)
	}
	l.sourceNames(title, p.DataSource)
	l.sourceNames(title, t.DataSource)
	switch kind {
	case "", typePrometheus, typeAMP, "-- Mixed --", "datasource", "mixed":
	default:
		if !strings.HasPrefix(kind, "$") {
			l.find(true, title, "query %s asks a data source of the type %s: only Prometheus is drawn", t.RefID, kind)
			return
		}
	}
	if strings.TrimSpace(t.Expr) == "" {
		return
	}
	l.Queries++
	l.names(title, "query "+t.RefID, t.Expr, true)
	e, err := l.parse(t.Expr)
	if err != nil {
		l.find(true, title, "query %s does not parse: %v", t.RefID, err)
		return
	}
	l.metricsOf(title, e)
}

func (l *linter) metricsOf(title string, e parser.Expr) {
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		s, ok := n.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		name := s.Name
		for _, m := range s.LabelMatchers {
			if m.Name == model.MetricNameLabel && m.Type == labels.MatchEqual {
				name = m.Value
			}
		}
		if name != "" && !strings.Contains(name, placeholder) && !slices.Contains(l.Metrics[name], title) {
			l.Metrics[name] = append(l.Metrics[name], title)
		}
		return nil
	})
}

// Without finds the metrics that a workspace does not have.
func (r *Report) Without(have []string) (out []Finding) {
	for _, name := range slices.Sorted(maps.Keys(r.Metrics)) {
		if !slices.Contains(have, name) {
			for _, p := range r.Metrics[name] {
				out = append(out, Finding{Fault: true, Panel: p, Msg: fmt.Sprintf("asks for %s, which the workspace does not have", name)})
			}
		}
	}
	return out
}
