package alerting

import (
	"encoding/json"
	"fmt"
	htmltemplate "html/template"
	"reflect"
	"regexp"
	"regexp/syntax"
	"strings"
	texttemplate "text/template"
	"time"

	amtemplate "github.com/prometheus/alertmanager/template"
)

// What regular expressions in templates may cost.
const (
	patternBytes  = 1 << 10
	patternSize   = 2_000 // instructions
	patternGroups = 32
	matchedBytes  = 64 << 10
)

// functions are the template functions that can make much of little, bounded.
// The others are upstream's.
func (b *budget) functions(data *amtemplate.Data) map[string]any {
	upstream := amtemplate.DefaultFuncs
	return map[string]any{
		tickName:       b.tick,
		"routeLabels":  func(name string) string { return data.RouteLabels[name] },
		"printf":       b.printf,
		"print":        func(v ...any) (string, error) { return b.print(fmt.Sprint, v) },
		"println":      func(v ...any) (string, error) { return b.print(fmt.Sprintln, v) },
		"html":         func(v ...any) (string, error) { return b.print(texttemplate.HTMLEscaper, v) },
		"js":           func(v ...any) (string, error) { return b.print(texttemplate.JSEscaper, v) },
		"urlquery":     func(v ...any) (string, error) { return b.print(texttemplate.URLQueryEscaper, v) },
		"toJson":       b.toJSON,
		"join":         b.join,
		"match":        b.match,
		"reReplaceAll": b.replace,
		"stringSlice":  func(s ...string) ([]string, error) { return s, b.fits(s) },
		"list":         func(v ...any) ([]any, error) { return append([]any{}, v...), b.fits(v) },
		"append": func(l []any, v ...any) ([]any, error) {
			out := append(l[:len(l):len(l)], v...)
			return out, b.fits(out)
		},
		"dict": func(v ...any) (map[string]any, error) {
			if err := b.fits(v); err != nil {
				return nil, err
			}
			return upstream["dict"].(func(...any) (map[string]any, error))(v...)
		},
		"toUpper":      b.linear(strings.ToUpper),
		"toLower":      b.linear(strings.ToLower),
		"title":        b.linear(upstream["title"].(func(string) string)),
		"base64encode": b.linear(upstream["base64encode"].(func(string) string)),
		"date": func(layout string, t time.Time) (string, error) {
			return t.Format(layout[:min(len(layout), 1<<10)]), b.spend(1)
		},
	}
}

// forHTML are the same functions where html/template knows some by itself and
// insists on its own.
func (b *budget) forHTML(data *amtemplate.Data) htmltemplate.FuncMap {
	f := b.functions(data)
	delete(f, "html")
	delete(f, "urlquery")
	return f
}

func (b *budget) tick(steps int) (string, error) { return "", b.spend(steps) }

// fits refuses values that are large, or would be once printed: a list that holds
// another twice is small until then.
func (b *budget) fits(v any) error {
	left := valueBytes
	if !measure(reflect.ValueOf(v), &left, 0) {
		return errValue
	}
	return b.spend(1 + (valueBytes-left)/4096)
}

// measure takes the printed size of v from left, and stops where nothing is left.
func measure(v reflect.Value, left *int, depth int) bool {
	if *left -= 8; *left < 0 || depth > 100 {
		return false
	}
	switch v.Kind() {
	case reflect.String:
		*left -= v.Len()
	case reflect.Interface, reflect.Pointer:
		return v.IsNil() || measure(v.Elem(), left, depth+1)
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			*left -= 4 * v.Len()
			break
		}
		for i := range v.Len() {
			if !measure(v.Index(i), left, depth+1) {
				return false
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if !measure(it.Key(), left, depth+1) || !measure(it.Value(), left, depth+1) {
				return false
			}
		}
	case reflect.Struct:
		*left -= 32
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && !measure(v.Field(i), left, depth+1) {
				return false
			}
		}
	}
	return *left >= 0
}

var wide = regexp.MustCompile(`[0-9]{4}|\*`)

// printf refuses widths of four digits and results that cannot be bounded.
func (b *budget) printf(format string, v ...any) (string, error) {
	if wide.MatchString(format) {
		return "", fmt.Errorf("printf: the format %.40q has a width or an argument of four digits", format)
	}
	largest := 1_000
	for _, x := range v {
		left := valueBytes
		if !measure(reflect.ValueOf(x), &left, 0) {
			return "", errValue
		}
		largest = max(largest, valueBytes-left)
	}
	if len(format)+strings.Count(format, "%")*largest > 2*valueBytes {
		return "", errValue
	}
	return b.limited(fmt.Sprintf(format, v...))
}

func (b *budget) print(how func(...any) string, v []any) (string, error) {
	if err := b.fits(v); err != nil {
		return "", err
	}
	return b.limited(how(v...))
}

func (b *budget) limited(s string) (string, error) {
	if len(s) > valueBytes {
		return "", errValue
	}
	return s, b.spend(1 + len(s)/4096)
}

func (b *budget) linear(f func(string) string) func(string) (string, error) {
	return func(s string) (string, error) {
		if len(s) > valueBytes {
			return "", errValue
		}
		return b.limited(f(s))
	}
}

func (b *budget) toJSON(v any) (string, error) {
	if err := b.fits(v); err != nil {
		return "", err
	}
	out, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return b.limited(string(out))
}

func (b *budget) join(sep string, s []string) (string, error) {
	n := len(sep) * len(s)
	for _, x := range s {
		n += len(x)
	}
	if n > valueBytes {
		return "", errValue
	}
	return b.limited(strings.Join(s, sep))
}

// compile refuses patterns that cost much to match, and pays for matching text.
func (b *budget) compile(pattern, text string) (*regexp.Regexp, error) {
	if len(pattern) > patternBytes || len(text) > matchedBytes {
		return nil, fmt.Errorf("a regular expression may have %d bytes and be matched against %d", patternBytes, matchedBytes)
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, err
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	if len(prog.Inst) > patternSize || re.NumSubexp() > patternGroups {
		return nil, fmt.Errorf("the regular expression %.40q is too large", pattern)
	}
	return re, b.spend(1 + len(prog.Inst)*len(text)/4096)
}

func (b *budget) match(pattern, text string) (bool, error) {
	re, err := b.compile(pattern, text)
	return err == nil && re.MatchString(text), err
}

func (b *budget) replace(pattern, repl, text string) (string, error) {
	re, err := b.compile(pattern, text)
	if err != nil {
		return "", err
	}
	var out []byte
	last := 0
	for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
		out = append(out, text[last:m[0]]...)
		out = re.ExpandString(out, repl, text, m)
		last = m[1]
		if len(out) > valueBytes {
			return "", errValue
		}
	}
	return b.limited(string(append(out, text[last:]...)))
}
