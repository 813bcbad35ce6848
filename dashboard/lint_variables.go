package dashboard

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
)

type lintVariable struct {
	Name    string          `json:"name"`
	Type    string          `json:"type"`
	Query   json.RawMessage `json:"query"`
	Current struct {
		Value json.RawMessage `json:"value"`
	} `json:"current"`
	used bool
}

// dollar finds variables in Grafana's three spellings.
// https://grafana.com/docs/grafana/latest/dashboards/variables/variable-syntax/
var dollar = regexp.MustCompile(`\$([A-Za-z_][A-Za-z0-9_]*)|\$\{([A-Za-z_][A-Za-z0-9_]*)(?:\.[^}:]*)?(?::[^}]*)?\}|\[\[([A-Za-z_][A-Za-z0-9_]*)(?::[^\]]*)?\]\]`)

// placeholder stands for a variable whose value is not known: part of a name, or of
// a text.
const placeholder = "hearth_variable"

func (l *linter) gatherVariables() {
	for _, v := range l.board.Templating.List {
		if v != nil && v.Name != "" {
			l.variables[v.Name] = v
		}
	}
}

// builtin tells variables that Grafana itself has.
func (l *linter) builtin(name string) bool {
	if strings.HasPrefix(name, "__") || name == "timeFilter" || name == "interval" && l.variables[name] == nil {
		return true
	}
	for _, in := range l.board.Inputs {
		if in.Name == name {
			return true
		}
	}
	return strings.HasPrefix(name, "DS_") || strings.HasPrefix(name, "VAR_")
}

// names notes which variables a text names, and finds those that are not there.
func (l *linter) names(panel, what, text string, is bool) {
	if !is {
		return
	}
	for _, m := range dollar.FindAllStringSubmatch(text, -1) {
		name := m[1] + m[2] + m[3]
		if v := l.variables[name]; v != nil {
			v.used = true
		} else if !l.builtin(name) {
			l.find(true, panel, "%s names the variable %s, which the dashboard does not have", what, name)
		}
	}
}

// sourceNames looks at a data source that a variable may choose.
func (l *linter) sourceNames(panel string, raw json.RawMessage) {
	l.names(panel, "the data source", string(raw), len(raw) > 0 && bytes.Contains(raw, []byte("$")))
}

// lintVariables finds variables that name others that are not there, and those that
// nothing names: neither a panel nor another variable, link or annotation.
func (l *linter) lintVariables(raw []byte) error {
	var loose struct {
		Templating struct {
			List []json.RawMessage `json:"list"`
		} `json:"templating"`
	}
	if err := json.Unmarshal(raw, &loose); err != nil {
		return err
	}
	rest, err := without(raw, "templating")
	if err != nil {
		return err
	}
	for i, v := range l.board.Templating.List {
		if v == nil || v.Name == "" {
			continue
		}
		if v.Type == "query" || v.Type == "" {
			l.names("", "the query of the variable "+v.Name, string(v.Query), true)
		}
		for j, other := range loose.Templating.List {
			if i != j {
				rest = append(append(rest, '\n'), other...)
			}
		}
		if v.used || v.Type == "adhoc" || namedIn(rest, v.Name) {
			rest = rest[:len(rest):len(rest)]
			continue
		}
		l.find(false, "", "nothing uses the variable %s", v.Name)
	}
	return nil
}

// namedIn tells whether a text names a variable.
func namedIn(text []byte, name string) bool {
	return slices.ContainsFunc(dollar.FindAllSubmatch(text, -1), func(m [][]byte) bool {
		return string(m[1])+string(m[2])+string(m[3]) == name
	})
}

// Numbers that Grafana's own variables stand for.
var builtinValues = map[string]string{
	"__interval": "1m", "__rate_interval": "1m", "__range": "1h", "__interval_ms": "60000", "__range_s": "3600", "__range_ms": "3600000",
	"__from": "0", "__to": "60000", "__dashboard": placeholder, "interval": "1m",
}

// parse parses a query with values in the place of variables. Of those whose value
// is not known, names, numbers and durations are tried.
func (l *linter) parse(text string) (parser.Expr, error) {
	p := parser.NewParser(parser.Options{})
	var first error
	for _, loose := range []string{placeholder, "1", "1m", ".*"} {
		e, err := p.ParseExpr(l.filled(text, loose))
		if err == nil {
			return e, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// filled puts values in the place of variables: what Grafana has, the current value
// of a constant, an interval or a list, a duration between brackets, else loose.
func (l *linter) filled(text, loose string) string {
	var out strings.Builder
	at := 0
	for _, m := range dollar.FindAllStringSubmatchIndex(text, -1) {
		out.WriteString(text[at:m[0]])
		at = m[1]
		found := dollar.FindStringSubmatch(text[m[0]:m[1]])
		out.WriteString(l.valueOf(found[1]+found[2]+found[3], out.String(), loose))
	}
	out.WriteString(text[at:])
	return out.String()
}

func (l *linter) valueOf(name, before, loose string) string {
	if v, ok := builtinValues[name]; ok && l.variables[name] == nil {
		return v
	}
	quoted := inQuotes(before)
	open := strings.LastIndexByte(before, '[') > strings.LastIndexByte(before, ']')
	switch v := l.variables[name]; {
	case quoted:
		return placeholder
	case v != nil && (v.Type == "constant" || v.Type == "interval" || v.Type == "custom" || v.Type == "textbox"):
		if text := v.value(); text != "" && !strings.HasPrefix(text, "$__") {
			return text
		}
	}
	if open {
		return "1m"
	}
	return loose
}

func (v *lintVariable) value() string {
	var text string
	if json.Unmarshal(v.Current.Value, &text) == nil && text != "" {
		return text
	}
	if v.Type == "constant" || v.Type == "textbox" {
		_ = json.Unmarshal(v.Query, &text)
	}
	return text
}

// inQuotes tells whether what follows the text is within a quoted string of PromQL.
func inQuotes(text string) bool {
	var open byte
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case open == 0 && (c == '"' || c == '\'' || c == '`'):
			open = c
		case open != 0 && c == '\\' && open != '`':
			i++
		case c == open:
			open = 0
		}
	}
	return open != 0
}
