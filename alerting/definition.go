package alerting

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/alertmanager/config"
	"go.yaml.in/yaml/v3"

	"github.com/hearth-metrics/hearth"
)

// The two keys of an alert manager definition,
// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-alertmanager-config.html
const (
	configKey    = "alertmanager_config"
	templatesKey = "template_files"
)

// maxFaults is how many faults are told at once.
const maxFaults = 20

// A Definition is an alert manager definition that was found good.
type Definition struct {
	Config    *config.Config
	Templates []namedText // those the configuration names, in its order

	profile hearth.Profile
	text    string // of alertmanager_config
	lines   lines
}

type namedText struct{ name, text string }

// A Fault is one thing wrong with a definition.
type Fault struct {
	Line int    // of the definition; 0 if it cannot be told
	Key  string // what is at fault, such as alertmanager_config or template_files.mail
	Msg  string
}

func (f Fault) String() string {
	if f.Line == 0 {
		return f.Key + ": " + f.Msg
	}
	return fmt.Sprintf("%s: line %d: %s", f.Key, f.Line, f.Msg)
}

// Unwrap returns the YAML in data, which may have been base64-encoded once more
// than the protocol says: version 1 of the aws CLI does that to files its users
// encoded as the documentation tells them. A definition has a colon in it, which
// base64 has not, so there is no doubt which is which.
func Unwrap(data []byte) []byte {
	packed := bytes.Join(bytes.Fields(data), nil)
	if len(packed) == 0 || bytes.IndexByte(packed, ':') >= 0 {
		return data
	}
	plain, err := base64.StdEncoding.DecodeString(string(packed))
	if err != nil {
		return data
	}
	return plain
}

// Parse reads an alert manager definition and says what is wrong with it under
// profile p. It opens no file and no connection.
func Parse(data []byte, p hearth.Profile) (*Definition, []Fault) {
	l := limitsOf(p)
	if len(data) > l.bytes {
		return nil, []Fault{{Key: "data", Msg: fmt.Sprintf("the definition has %d bytes; at most %d are allowed", len(data), l.bytes)}}
	}
	w, faults := parseWrapper(data)
	if len(faults) > 0 {
		return nil, faults
	}
	d := &Definition{profile: p, text: w.config, lines: w.lines}
	if faults := d.parseConfig(p); len(faults) > 0 {
		return nil, clipFaults(faults)
	}
	if faults := d.takeTemplates(w.templates); len(faults) > 0 {
		return nil, clipFaults(faults)
	}
	if faults := d.checkLimits(p, l); len(faults) > 0 {
		return nil, clipFaults(faults)
	}
	t, err := newTemplates(d, nil, p)
	if err != nil {
		return nil, []Fault{{Key: templatesKey, Msg: err.Error()}}
	}
	if err := d.checkFields(t); err != nil {
		return nil, []Fault{{Key: configKey, Msg: err.Error()}}
	}
	return d, nil
}

func clipFaults(faults []Fault) []Fault {
	if len(faults) > maxFaults {
		more := len(faults) - maxFaults
		faults = append(slices.Clone(faults[:maxFaults]), Fault{Key: configKey, Msg: fmt.Sprintf("and %d more", more)})
	}
	return faults
}

// wrapper is the definition's outer YAML.
type wrapper struct {
	config    string
	lines     lines
	templates []template
}

type template struct {
	namedText
	line int
}

func parseWrapper(data []byte) (*wrapper, []Fault) {
	root, fault := oneMapping(data)
	if fault != nil {
		return nil, []Fault{*fault}
	}
	w, seen := &wrapper{}, map[string]bool{}
	var faults []Fault
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		if seen[key.Value] {
			faults = append(faults, Fault{key.Line, key.Value, "is there twice"})
		}
		seen[key.Value] = true
		faults = append(faults, w.take(key, value)...)
	}
	if len(faults) == 0 && !seen[configKey] {
		faults = append(faults, Fault{Key: configKey, Msg: "is required: the Alertmanager configuration, as a string under this key (alertmanager_config: |)"})
	}
	return w, faults
}

func oneMapping(data []byte) (*yaml.Node, *Fault) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, &Fault{Key: "data", Msg: "the definition is empty"}
	case err != nil:
		return nil, &Fault{Key: "data", Msg: strings.TrimPrefix(err.Error(), "yaml: ")}
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, &Fault{Key: "data", Msg: "holds more than one YAML document"}
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, &Fault{Line: 1, Key: "data", Msg: "is not a YAML mapping with the key " + configKey}
	}
	return doc.Content[0], nil
}

func (w *wrapper) take(key, value *yaml.Node) []Fault {
	switch key.Value {
	case configKey:
		if value.Kind != yaml.ScalarNode || value.Tag != "!!str" {
			return []Fault{{value.Line, configKey, "must be a string: write alertmanager_config: | and indent the configuration below it"}}
		}
		w.config, w.lines = value.Value, linesOf(value)
		return nil
	case templatesKey:
		return w.takeTemplates(value)
	}
	if _, ok := topFields[key.Value]; ok {
		return []Fault{{key.Line, key.Value, "belongs to the Alertmanager configuration: write alertmanager_config: | and indent the configuration below it"}}
	}
	return []Fault{{key.Line, key.Value, "is no key of an alert manager definition, which has " + configKey + " and " + templatesKey}}
}

func (w *wrapper) takeTemplates(value *yaml.Node) []Fault {
	if value.Tag == "!!null" {
		return nil
	}
	if value.Kind != yaml.MappingNode {
		return []Fault{{value.Line, templatesKey, "must map names to the text of templates"}}
	}
	var faults []Fault
	for i := 0; i+1 < len(value.Content); i += 2 {
		k, v := value.Content[i], value.Content[i+1]
		switch {
		case v.Kind != yaml.ScalarNode || v.Tag != "!!str":
			faults = append(faults, Fault{v.Line, templatesKey + "." + k.Value, "must be a string"})
		case k.Value == "" || strings.ContainsAny(k.Value, `/\`):
			faults = append(faults, Fault{k.Line, templatesKey, fmt.Sprintf("%q is a name, not a path: it must not be empty or have a slash", k.Value)})
		default:
			w.templates = append(w.templates, template{namedText{k.Value, v.Value}, v.Line})
		}
	}
	return faults
}

// lines turns a line of alertmanager_config into one of the whole definition.
type lines struct {
	first int
	known bool // false for quoted and folded strings: their lines are not ours
}

func linesOf(n *yaml.Node) lines {
	return lines{first: n.Line, known: n.Style&yaml.LiteralStyle != 0}
}

func (l lines) of(line int) int {
	if !l.known || line <= 0 {
		return 0
	}
	return l.first + line
}

var upstreamLine = regexp.MustCompile(`\bline (\d+): ?`)

// fault turns upstream's error about alertmanager_config into ours: the same
// text, with the line taken out of it if there is one.
func (l lines) fault(err error) Fault {
	msg := strings.TrimPrefix(err.Error(), "yaml: ")
	f := Fault{Key: configKey}
	if m := upstreamLine.FindStringSubmatchIndex(msg); m != nil {
		n, _ := strconv.Atoi(msg[m[2]:m[3]])
		if f.Line = l.of(n); f.Line > 0 {
			msg = msg[:m[0]] + msg[m[1]:]
		}
	}
	f.Msg = strings.Join(strings.Fields(msg), " ")
	return f
}

func (d *Definition) parseConfig(p hearth.Profile) []Fault {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(d.text), &doc); err != nil {
		return []Fault{d.lines.fault(err)}
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return []Fault{{d.lines.of(1), configKey, "no route provided in config"}}
	}
	v := &vetting{lines: d.lines, profile: p}
	v.mapping(doc.Content[0], "", topFields)
	if len(v.faults) > 0 {
		return v.faults
	}
	c, err := load(d.text)
	if err != nil {
		return []Fault{d.lines.fault(err)}
	}
	d.Config = c
	return nil
}

// load is upstream's parser, which panics on some contradictions.
func load(text string) (c *config.Config, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the configuration contradicts itself: %v", v)
		}
	}()
	return config.Load(text)
}

// takeTemplates picks the templates that the configuration names. As upstream,
// a name may have wildcards; unlike there, it never leads to a file.
func (d *Definition) takeTemplates(have []template) []Fault {
	var faults []Fault
	taken := map[string]bool{}
	for i, pattern := range d.Config.Templates {
		found := false
		for _, t := range have {
			ok, err := path.Match(pattern, t.name)
			if err != nil {
				return []Fault{{Key: configKey, Msg: fmt.Sprintf("templates[%d]: %q: %v", i, pattern, err)}}
			}
			if !ok {
				continue
			}
			found = true
			if !taken[t.name] {
				taken[t.name] = true
				d.Templates = append(d.Templates, t.namedText)
			}
		}
		if !found {
			faults = append(faults, Fault{Key: configKey, Msg: fmt.Sprintf("templates[%d]: %q is not in %s: templates come from the definition only", i, pattern, templatesKey)})
		}
	}
	return faults
}
