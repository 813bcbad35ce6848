package alerting

import (
	"fmt"
	"reflect"
	"strings"
	"text/template/parse"

	"github.com/prometheus/alertmanager/config"
	amtemplate "github.com/prometheus/alertmanager/template"
	commoncfg "github.com/prometheus/common/config"
	"github.com/prometheus/sigv4"
)

// A fieldFunc is given a text of an integration's configuration, where it stands
// and whether it is rendered as HTML, and returns what shall stand there.
type fieldFunc func(at, text string, html bool) (string, error)

// untouched are parts of an integration's configuration that are no templates.
var untouched = map[reflect.Type]bool{
	reflect.TypeFor[*commoncfg.HTTPClientConfig](): true,
	reflect.TypeFor[*commoncfg.TLSConfig]():        true,
	reflect.TypeFor[sigv4.SigV4Config]():           true,
	reflect.TypeFor[config.HostPort]():             true,
}

// rewrite returns a copy of an integration's configuration, a pointer to one of
// upstream's structs, with f applied to every text. What is no text is shared.
func rewrite(conf any, f fieldFunc) (any, error) {
	w := &rewriter{f: f, html: htmlFields(conf)}
	out, err := w.value(reflect.ValueOf(conf), "")
	if err != nil {
		return nil, err
	}
	return out.Interface(), nil
}

// htmlFields names the fields that are rendered as HTML.
func htmlFields(conf any) map[string]bool {
	switch c := reflect.Indirect(reflect.ValueOf(conf)).Interface().(type) {
	case config.EmailConfig:
		return map[string]bool{"html": true}
	case config.PushoverConfig:
		return map[string]bool{"message": c.HTML}
	}
	if v := reflect.Indirect(reflect.ValueOf(conf)).FieldByName("ParseMode"); v.IsValid() && v.String() == "HTML" {
		return map[string]bool{"message": true}
	}
	return nil
}

type rewriter struct {
	f    fieldFunc
	html map[string]bool
}

func (w *rewriter) value(v reflect.Value, at string) (reflect.Value, error) {
	if untouched[v.Type()] {
		return v, nil
	}
	switch v.Kind() {
	case reflect.String:
		return w.text(v, at)
	case reflect.Pointer, reflect.Interface:
		return w.behind(v, at)
	case reflect.Struct:
		return w.structure(v, at)
	case reflect.Slice:
		return w.slice(v, at)
	case reflect.Map:
		return w.mapping(v, at)
	}
	return v, nil
}

func (w *rewriter) text(v reflect.Value, at string) (reflect.Value, error) {
	text, err := w.f(at, v.String(), w.html[at])
	if err != nil {
		return v, fmt.Errorf("section '%s': %w", at, err)
	}
	out := reflect.New(v.Type()).Elem()
	out.SetString(text)
	return out, nil
}

func (w *rewriter) behind(v reflect.Value, at string) (reflect.Value, error) {
	if v.IsNil() {
		return v, nil
	}
	inner, err := w.value(v.Elem(), at)
	if err != nil {
		return v, err
	}
	if v.Kind() == reflect.Interface {
		out := reflect.New(v.Type()).Elem()
		out.Set(inner)
		return out, nil
	}
	out := reflect.New(v.Type().Elem())
	out.Elem().Set(inner)
	return out, nil
}

func (w *rewriter) structure(v reflect.Value, at string) (reflect.Value, error) {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() || f.Type.PkgPath() == "net/url" || strings.HasSuffix(f.Type.String(), "url.URL") {
			continue
		}
		where := at
		if name, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); name != "" && name != "-" {
			where = join(at, name)
		}
		inner, err := w.value(v.Field(i), where)
		if err != nil {
			return v, err
		}
		out.Field(i).Set(inner)
	}
	return out, nil
}

func (w *rewriter) slice(v reflect.Value, at string) (reflect.Value, error) {
	if v.IsNil() || v.Type().Elem().Kind() == reflect.Uint8 {
		return v, nil
	}
	out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
	for i := range v.Len() {
		inner, err := w.value(v.Index(i), fmt.Sprintf("%s[%d]", at, i))
		if err != nil {
			return v, err
		}
		out.Index(i).Set(inner)
	}
	return out, nil
}

func (w *rewriter) mapping(v reflect.Value, at string) (reflect.Value, error) {
	if v.IsNil() {
		return v, nil
	}
	out := reflect.MakeMapWithSize(v.Type(), v.Len())
	for it := v.MapRange(); it.Next(); {
		inner, err := w.value(it.Value(), join(at, fmt.Sprint(it.Key())))
		if err != nil {
			return v, err
		}
		key, err := w.value(it.Key(), at)
		if err != nil {
			return v, err
		}
		out.SetMapIndex(key, inner)
	}
	return out, nil
}

// literal writes rendered text so that upstream's templates leave it as it is.
func literal(text string) string { return strings.ReplaceAll(text, "{{", "{{`{{`}}") }

// checkFields parses every template in the receivers, so that a mistake is told
// when the definition comes and not when an alert does.
func (d *Definition) checkFields(t *templates) error {
	for _, r := range d.Config.Receivers {
		for _, in := range integrationsOf(r) {
			_, err := rewrite(in.conf, func(_, text string, _ bool) (string, error) {
				return text, t.parses(text)
			})
			if err != nil {
				return fmt.Errorf("in the receiver '%s', %s_configs position #%d, %w", r.Name, in.name, in.index+1, err)
			}
		}
	}
	return nil
}

// builtins are the functions text/template has by itself.
var builtins = map[string]any{
	"and": 0, "call": 0, "html": 0, "index": 0, "slice": 0, "js": 0, "len": 0, "not": 0, "or": 0,
	"print": 0, "printf": 0, "println": 0, "urlquery": 0, "eq": 0, "ge": 0, "gt": 0, "le": 0, "lt": 0, "ne": 0,
	"break": 0, "continue": 0,
}

func (t *templates) parses(text string) error {
	if !strings.Contains(text, "{{") {
		return nil
	}
	trees, err := parse.Parse("template", text, "", "", builtins, amtemplate.DefaultFuncs)
	if err != nil {
		return fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "template: "))
	}
	for _, tree := range trees {
		if name := t.missing(tree.Root, trees); name != "" {
			return fmt.Errorf("template %q is not defined", name)
		}
	}
	return nil
}

// missing is the first template that l calls and nobody defines.
func (t *templates) missing(l *parse.ListNode, own map[string]*parse.Tree) string {
	if l == nil {
		return ""
	}
	for _, n := range l.Nodes {
		var name string
		switch n := n.(type) {
		case *parse.TemplateNode:
			if own[n.Name] == nil && t.text.Lookup(n.Name) == nil {
				name = n.Name
			}
		case *parse.IfNode:
			name = t.missingIn(&n.BranchNode, own)
		case *parse.RangeNode:
			name = t.missingIn(&n.BranchNode, own)
		case *parse.WithNode:
			name = t.missingIn(&n.BranchNode, own)
		}
		if name != "" {
			return name
		}
	}
	return ""
}

func (t *templates) missingIn(b *parse.BranchNode, own map[string]*parse.Tree) string {
	if name := t.missing(b.List, own); name != "" {
		return name
	}
	return t.missing(b.ElseList, own)
}
