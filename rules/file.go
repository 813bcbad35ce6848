package rules

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"

	"github.com/hearth-metrics/hearth"
)

// What a rules file may be. The quotas have AWS's codes,
// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP_quotas.html
const (
	maxFileBytes     = 1_000_000 // L-C62641E3
	maxRules         = 20_000    // of a workspace
	maxRulesAWS      = 2_000     // of a workspace, L-3D15CDB4
	maxGroupName     = 721       // bytes of namespace and group name together
	maxTemplateBytes = 64 << 10  // of one label or annotation
	maxFaults        = 20        // told at once

	defaultInterval = time.Minute
	minInterval     = time.Second
	minIntervalAWS  = 30 * time.Second // L-8DEDEE8E
)

var promQL = parser.NewParser(parser.Options{})

// A Fault is one thing wrong with a rules file.
type Fault struct {
	Line int // 0 if it cannot be told
	Msg  string
}

func (f Fault) String() string {
	if f.Line == 0 {
		return f.Msg
	}
	return fmt.Sprintf("line %d: %s", f.Line, f.Msg)
}

// Unwrap returns the YAML in data, which may have been base64-encoded once more
// than the protocol says: version 1 of the aws CLI does that to files its users
// encoded as the documentation tells them. A rules file has a colon in it, which
// base64 has not, so there is no doubt which is which.
func Unwrap(data []byte) []byte {
	packed := bytes.Map(func(r rune) rune {
		if r == ' ' || r == '\t' || r == '\r' || r == '\n' {
			return -1
		}
		return r
	}, data)
	if len(packed) == 0 || bytes.IndexByte(packed, ':') >= 0 {
		return data
	}
	plain, err := base64.StdEncoding.DecodeString(string(packed))
	if err != nil {
		return data
	}
	return plain
}

// Parse reads a rules file and says everything that is wrong with it under
// profile p. Rules nobody could evaluate within the limits are wrong too.
func Parse(data []byte, p hearth.Profile, l hearth.Limits) (*rulefmt.RuleGroups, []Fault) {
	if faults := checkCosts(data, l); len(faults) > 0 {
		return nil, faults
	}
	groups, errs := rulefmt.Parse(data, false, model.UTF8Validation, promQL, slog.New(slog.DiscardHandler))
	if len(errs) > 0 {
		return nil, located(data, withDurations(data, faultsOf(errs)))
	}
	if err := oneDocument(data); err != nil {
		return nil, []Fault{{Msg: err.Error()}}
	}
	faults := checkGroups(groups, p)
	faults = append(faults, checkTemplates(groups)...)
	return groups, located(data, faults)
}

// checkCosts looks at what parsers will be given, before they are: an expression
// or a template can be written so that parsing it takes all memory.
func checkCosts(data []byte, l hearth.Limits) []Fault {
	var file struct {
		Groups []struct {
			Rules []rulefmt.RuleNode `yaml:"rules"`
		} `yaml:"groups"`
	}
	if yaml.Unmarshal(data, &file) != nil {
		return nil // the parser of rules says better what is wrong
	}
	var faults []Fault
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			if err := checkExpr(r.Expr.Value, l); err != nil {
				faults = append(faults, Fault{r.Expr.Line, err.Error()})
			}
			for _, texts := range []map[string]string{r.Labels, r.Annotations} {
				for name, text := range texts {
					if len(text) > maxTemplateBytes {
						faults = append(faults, Fault{r.Expr.Line, fmt.Sprintf("%s has %d bytes; at most %d are allowed", name, len(text), maxTemplateBytes)})
					}
				}
			}
		}
	}
	return faults
}

// operatorsPerNesting is how many operators an expression may have for each
// level of nesting allowed: a chain of operators is a tree as deep as the chain
// is long.
const operatorsPerNesting = 10

func checkExpr(text string, l hearth.Limits) error {
	if l.QueryTextBytes > 0 && len(text) > l.QueryTextBytes {
		return fmt.Errorf("the expression has %d bytes; at most %d are allowed", len(text), l.QueryTextBytes)
	}
	deepest, operators := shape(text)
	if l.QueryNesting > 0 && deepest > l.QueryNesting {
		return fmt.Errorf("the expression is nested %d deep; at most %d are allowed", deepest, l.QueryNesting)
	}
	if most := operatorsPerNesting * l.QueryNesting; most > 0 && operators > most {
		return fmt.Errorf("the expression has %d operators; at most %d are allowed", operators, most)
	}
	return nil
}

// shape counts brackets and operators outside strings. What stands in comments
// counts too: the limits are far above what a rule needs.
func shape(text string) (deepest, operators int) {
	depth, quote := 0, byte(0)
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0 && c == '\\' && quote != '`':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case strings.IndexByte("\"'`", c) >= 0:
			quote = c
		case strings.IndexByte("([{", c) >= 0:
			depth++
			deepest = max(deepest, depth)
		case strings.IndexByte(")]}", c) >= 0:
			depth--
		case strings.IndexByte("+-*/%^=<>!", c) >= 0:
			operators++
		}
	}
	return deepest, operators + wordOperators(text)
}

var words = regexp.MustCompile(`(?i)\b(and|or|unless|atan2)\b`)

func wordOperators(text string) int { return len(words.FindAllStringIndex(text, -1)) }

// oneDocument refuses a second YAML document, which Prometheus would drop in
// silence.
func oneDocument(data []byte) error {
	d := yaml.NewDecoder(bytes.NewReader(data))
	var first, second any
	if err := d.Decode(&first); err != nil {
		return nil
	}
	if err := d.Decode(&second); errors.Is(err, io.EOF) || (err == nil && second == nil) {
		return nil
	}
	return errors.New("the file has more than one YAML document; only the first would be read")
}

func checkGroups(groups *rulefmt.RuleGroups, p hearth.Profile) []Fault {
	least := minInterval
	if p == hearth.AWSStrict {
		least = minIntervalAWS
	}
	var faults []Fault
	for _, g := range groups.Groups {
		if d := time.Duration(g.Interval); d != 0 && d < least {
			faults = append(faults, Fault{Msg: fmt.Sprintf("group %q: interval %s is shorter than %s, the least allowed", g.Name, g.Interval, model.Duration(least))})
		}
		if g.Limit < 0 {
			faults = append(faults, Fault{Msg: fmt.Sprintf("group %q: limit must not be negative", g.Name)})
		}
	}
	return faults
}

var (
	ofRule  = regexp.MustCompile(`^group "(.*)", rule (\d+),`)
	ofGroup = regexp.MustCompile(`^group(?:name)?:? "(.*?)"`)
)

// located finds the lines of faults that name a group or a rule and no line. A
// name that is there twice is meant the second time.
func located(data []byte, faults []Fault) []Fault {
	var file struct {
		Groups []struct {
			Name  yaml.Node   `yaml:"name"`
			Rules []yaml.Node `yaml:"rules"`
		} `yaml:"groups"`
	}
	if len(faults) == 0 || yaml.Unmarshal(data, &file) != nil {
		return faults
	}
	for i, f := range faults {
		for _, g := range file.Groups {
			if m := ofRule.FindStringSubmatch(f.Msg); m != nil && f.Line == 0 && m[1] == g.Name.Value {
				if n, err := strconv.Atoi(m[2]); err == nil && n >= 1 && n <= len(g.Rules) {
					faults[i].Line = g.Rules[n-1].Line
				}
			} else if m := ofGroup.FindStringSubmatch(f.Msg); m != nil && f.Line == 0 && m[1] == g.Name.Value {
				faults[i].Line = g.Name.Line
			}
		}
	}
	return faults
}

var (
	position = regexp.MustCompile(`^(\d+):\d+: (?:\d+:\d+: )?`)
	yamlLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): `)
)

// faultsOf takes the lines out of the texts of Prometheus and of the YAML
// library.
func faultsOf(errs []error) []Fault {
	var faults []Fault
	seen := map[Fault]bool{}
	for _, err := range errs {
		for text := range strings.Lines(strings.TrimPrefix(err.Error(), "yaml: unmarshal errors:\n")) {
			f := faultOf(strings.TrimSpace(text))
			if f.Msg != "" && !seen[f] {
				seen[f] = true
				faults = append(faults, f)
			}
		}
	}
	return faults
}

func faultOf(text string) Fault {
	for _, at := range []*regexp.Regexp{position, yamlLine} {
		if m := at.FindStringSubmatch(text); m != nil {
			line, _ := strconv.Atoi(m[1]) // digits; too many of them are no line
			return Fault{line, strings.NewReplacer("rulefmt.RuleGroups", "a rules file", "rulefmt.RuleGroup", "a group", "rulefmt.Rule", "a rule", "type ", "").Replace(text[len(m[0]):])}
		}
	}
	return Fault{Msg: text}
}

// checkFile is Parse for a file of a namespace, with the limits of AWS's quotas.
func checkFile(name string, data []byte, p hearth.Profile, l hearth.Limits) (*rulefmt.RuleGroups, error) {
	if len(data) > maxFileBytes {
		return nil, &hearth.Error{Kind: hearth.Quota, Type: resourceType, Resource: name, Quota: "L-C62641E3",
			Msg: fmt.Sprintf("The rules file has %d bytes; at most %d are allowed.", len(data), maxFileBytes)}
	}
	groups, faults := Parse(data, p, l)
	if len(faults) > 0 {
		return nil, invalidFile(faults)
	}
	for _, g := range groups.Groups {
		if n := len(name) + len(g.Name); n > maxGroupName {
			return nil, invalidFile([]Fault{{Msg: fmt.Sprintf("group %q: its name and the namespace's have %d bytes together; at most %d are allowed", cut(g.Name), n, maxGroupName)}})
		}
	}
	return groups, nil
}

func invalidFile(faults []Fault) error {
	var p problems
	for i, f := range faults {
		if i == maxFaults {
			p.Add("data", "and %d more faults", len(faults)-i)
			break
		}
		p.Add("data", "%s", f)
	}
	return p.Err()
}

// countRules counts the rules of a file.
func countRules(groups *rulefmt.RuleGroups) int {
	n := 0
	for _, g := range groups.Groups {
		n += len(g.Rules)
	}
	return n
}

func cut(s string) string {
	const most = 100
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
