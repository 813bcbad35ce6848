package alerting

import (
	"fmt"
	htmltemplate "html/template"
	"net/url"
	"strings"
	texttemplate "text/template"
	"text/template/parse"
	"time"

	amtemplate "github.com/prometheus/alertmanager/template"

	"github.com/hearth-metrics/hearth"
)

// templates are upstream's default templates and those of a definition. They
// are rendered here and not by the integrations, for only so can a rendering be
// bounded. Safe for concurrent use.
type templates struct {
	base *amtemplate.Template // makes the data
	text *texttemplate.Template
	html *htmltemplate.Template
}

// newTemplates parses the definition's templates over the default ones.
func newTemplates(d *Definition, external *url.URL, p hearth.Profile) (*templates, error) {
	t := &templates{}
	base, err := amtemplate.FromGlobs(nil, func(text *texttemplate.Template, html *htmltemplate.Template) {
		t.text, t.html = text, html
	})
	if err != nil {
		return nil, err
	}
	t.base, base.ExternalURL = base, external
	t.text.Funcs(texttemplate.FuncMap{tickName: noTick})
	t.html.Funcs(htmltemplate.FuncMap{tickName: noTick})
	if p == hearth.Local {
		t.text.Funcs(linkFunctions())
		t.html.Funcs(linkFunctions())
		if err := base.Parse(strings.NewReader(ownTexts)); err != nil {
			return nil, err
		}
	}
	for _, f := range d.Templates {
		if err := base.Parse(strings.NewReader(f.text)); err != nil {
			return nil, fmt.Errorf("%s: %s", f.name, parseError(err))
		}
	}
	for _, x := range t.text.Templates() {
		meter(x.Tree)
	}
	for _, x := range t.html.Templates() {
		meter(x.Tree)
	}
	return t, nil
}

// parseError is the text of a parser's error without the empty name it has for
// the template.
func parseError(err error) string {
	return strings.Replace(strings.TrimPrefix(err.Error(), "template: "), ":", "line ", 1)
}

// tickName is the function that metered templates call. The name cannot be
// written in a template by accident, and does no harm if it is.
const tickName = "hearth_tick"

func noTick(int) (string, error) { return "", nil }

// meter makes a template call tickName where it begins and in each round of its
// loops.
func meter(t *parse.Tree) {
	if t == nil || t.Root == nil {
		return
	}
	meterList(t.Root)
	prefix(t.Root, callSteps)
}

func meterList(l *parse.ListNode) {
	if l == nil {
		return
	}
	for _, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.RangeNode:
			meterBranch(&n.BranchNode)
			prefix(n.List, 1)
		case *parse.IfNode:
			meterBranch(&n.BranchNode)
		case *parse.WithNode:
			meterBranch(&n.BranchNode)
		}
	}
}

func meterBranch(b *parse.BranchNode) {
	meterList(b.List)
	meterList(b.ElseList)
}

// prefix puts a call of tickName before a list.
func prefix(l *parse.ListNode, steps int) {
	trees, err := parse.Parse("", fmt.Sprintf("{{if %s %d}}{{end}}", tickName, steps), "", "", map[string]any{tickName: noTick})
	if err != nil {
		panic("alerting: " + err.Error()) // our own text
	}
	l.Nodes = append([]parse.Node{trees[""].Root.Nodes[0]}, l.Nodes...)
}

// A rendering renders the fields of one notification.
type rendering struct {
	templates *templates
	data      *amtemplate.Data
	deadline  time.Time
}

func (t *templates) rendering(data *amtemplate.Data) *rendering {
	return &rendering{templates: t, data: data, deadline: time.Now().Add(renderTime)}
}

// field renders one field. A panic in it is an error.
func (r *rendering) field(text string, html bool) (out string, err error) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	defer func() {
		if v := recover(); v != nil {
			out, err = "", fmt.Errorf("the template panics: %v", v)
		}
	}()
	b := &budget{deadline: r.deadline}
	if err = b.spend(0); err != nil {
		return "", err
	}
	if html {
		err = r.executeHTML(b, text)
	} else {
		err = r.executeText(b, text)
	}
	return string(b.text), err
}

func (r *rendering) executeText(b *budget, text string) error {
	t, err := r.templates.text.Clone()
	if err != nil {
		return err
	}
	t, err = t.New("").Option("missingkey=zero").Funcs(texttemplate.FuncMap(b.functions(r.data))).Parse(text)
	if err != nil {
		return err
	}
	meter(t.Tree)
	return t.Execute(b, r.data)
}

func (r *rendering) executeHTML(b *budget, text string) error {
	t, err := r.templates.html.Clone()
	if err != nil {
		return err
	}
	t, err = t.New("").Option("missingkey=zero").Funcs(b.forHTML(r.data)).Parse(text)
	if err != nil {
		return err
	}
	meter(t.Tree)
	return t.Execute(b, r.data)
}
