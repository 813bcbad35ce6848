package iam

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/hearth-metrics/hearth"
)

// minVectors is how many cases the files hold at least.
const minVectors = 300

// TestVectors plays the files of testdata: the rules of the policy language, one
// case each. A line is
//
//	WHAT IS ASKED => ANSWER # THE RULE OF AWS IT SHOWS
//
// and the command above it says how to read what is asked. Lines of setting up
// have no answer. The output repeats what was not as expected.
func TestVectors(t *testing.T) {
	total := 0
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		if strings.Contains(path, "fuzz") {
			return
		}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			play, ok := players[d.Cmd]
			if !ok {
				t.Fatalf("%s: unknown command %q", d.Pos, d.Cmd)
			}
			n, faults := playLines(d, play())
			total += n
			return fmt.Sprintf("%d cases%s\n", n, faults)
		})
	})
	if total < minVectors {
		t.Errorf("there are %d vectors; there must be at least %d", total, minVectors)
	}
}

// A player answers one line; a line that sets up answers nothing.
type player func(line string) (answer string)

var players = map[string]func() player{
	"conditions": func() player { return playCondition },
	"actions":    func() player { return playAction },
	"resources":  func() player { return playResource },
	"parse":      func() player { return playParse },
	"evaluate":   func() player { return (&stage{}).play },
}

func playLines(d *datadriven.TestData, play player) (n int, faults string) {
	for line := range strings.Lines(d.Input) {
		line = strings.TrimSpace(line)
		asked, rest, isCase := cutLast(line, " => ")
		if !isCase {
			if got := play(line); got != "" {
				faults += "\n" + line + "\n\t" + got
			}
			continue
		}
		want, rule, cited := strings.Cut(rest, " # ")
		if !cited || rule == "" {
			faults += "\n" + line + "\n\tcites no rule"
		}
		n++
		if got := play(asked); got != strings.TrimSpace(want) {
			faults += "\n" + line + "\n\tgot: " + got
		}
	}
	return n, faults
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// playCondition reads OPERATOR KEY VALUES | KEY=[VALUES] …, in a policy of 2012.
func playCondition(line string) string {
	asked, given, _ := strings.Cut(line, " | ")
	op, rest, _ := strings.Cut(asked, " ")
	key, values, _ := strings.Cut(rest, " ")
	version := version2012
	if strings.HasPrefix(op, "2008/") {
		op, version = op[5:], version2008
	}
	doc := fmt.Sprintf(`{"Version":%q,"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{%q:{%q:%s}}}}`, version, op, key, values)
	p, err := Parse(IdentityPolicy, doc)
	if err != nil {
		return "refused"
	}
	if p.Statements[0].conditions[0].holds(readKeys(given)) {
		return "holds"
	}
	return "fails"
}

// readKeys reads KEY=VALUE or KEY=["A","B"], separated by two spaces.
func readKeys(s string) Values {
	v := Values{}
	for pair := range strings.SplitSeq(strings.TrimSpace(s), "  ") {
		key, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if !ok {
			continue
		}
		var list []string
		if json.Unmarshal([]byte(value), &list) != nil {
			list = []string{value}
		}
		v.Set(key, list...)
	}
	return v
}

// playAction reads PATTERN ACTION.
func playAction(line string) string {
	p, action, _ := strings.Cut(line, " ")
	pattern := foldedPattern(p)
	return yesNo(pattern.match(action, nothing))
}

func yesNo(ok bool) string {
	if ok {
		return "yes"
	}
	return "no"
}

// playResource reads PATTERN RESOURCE | KEYS, in a policy of 2012.
func playResource(line string) string {
	asked, given, _ := strings.Cut(line, " | ")
	p, resource, split := strings.Cut(asked, " arn:")
	if split {
		resource = "arn:" + resource
	}
	pattern, err := newARNPattern(p, true)
	if err != nil {
		return "refused"
	}
	a, err := hearth.ParseARN(strings.TrimSpace(resource))
	if err != nil {
		return err.Error()
	}
	return yesNo(pattern.match(&a, readKeys(given)))
}

// playParse reads KIND DOCUMENT; the answer is ok or the whole message.
func playParse(line string) string {
	kind, doc, _ := strings.Cut(line, " ")
	kinds := map[string]PolicyKind{"identity": IdentityPolicy, "trust": TrustPolicy, "resource": ResourcePolicy}
	_, err := Parse(kinds[kind], doc)
	if err == nil {
		return "ok"
	}
	if e := err.(*hearth.Error); e.Kind == hearth.Malformed {
		return e.Msg
	}
	return "wrong kind of error: " + err.Error()
}

// A stage holds the policies that the questions of one command are about.
type stage struct {
	p     Policies
	trust bool // the resource is a role
}

// The people who ask.
var cast = map[string]Identity{
	"root":     {Kind: Root, Account: "111111111111", ARN: "arn:aws:iam::111111111111:root"},
	"alice":    {Kind: User, Account: "111111111111", ARN: "arn:aws:iam::111111111111:user/alice"},
	"bob":      {Kind: User, Account: "111111111111", ARN: "arn:aws:iam::111111111111:user/bob"},
	"session":  {Kind: Session, Account: "111111111111", ARN: "arn:aws:sts::111111111111:assumed-role/writer/pod", Role: "arn:aws:iam::111111111111:role/writer"},
	"stranger": {Kind: User, Account: "222222222222", ARN: "arn:aws:iam::222222222222:user/mallory"},
	"foreign":  {Kind: Session, Account: "222222222222", ARN: "arn:aws:sts::222222222222:assumed-role/reader/s", Role: "arn:aws:iam::222222222222:role/reader"},
	"badroot":  {Kind: Root, Account: "222222222222", ARN: "arn:aws:iam::222222222222:root"},
	"pod":      {Kind: Federated, Name: "arn:aws:iam::111111111111:oidc-provider/oidc.example.org/id/1"},
	"service":  {Kind: Service, Name: "aps.amazonaws.com"},
	"nobody":   {},
}

// play reads LAYER DOCUMENT to set up, and WHO ACTION [RESOURCE] | KEYS to ask.
// RESOURCE is short for a resource of AMP in account 111111111111.
func (s *stage) play(line string) string {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "identity":
		return s.add(&s.p.Identity, IdentityPolicy, rest)
	case "boundary":
		return s.add(&s.p.Boundary, IdentityPolicy, rest)
	case "session-policy":
		return s.add(&s.p.Session, IdentityPolicy, rest)
	case "resource":
		return s.add(&s.p.Resource, ResourcePolicy, rest)
	case "trust":
		s.trust = true
		return s.add(&s.p.Resource, TrustPolicy, rest)
	case "empty-session-policy":
		s.p.Session = []Source{}
		return ""
	}
	return s.ask(line)
}

func (s *stage) add(to *[]Source, kind PolicyKind, doc string) string {
	if !strings.HasPrefix(doc, `{"Version"`) {
		doc = `{"Version":"2012-10-17","Statement":` + doc + `}`
	}
	p, err := Parse(kind, doc)
	if err != nil {
		return err.Error()
	}
	*to = append(*to, Source{Name: "p", Policy: p})
	return ""
}

func (s *stage) ask(line string) string {
	asked, given, _ := strings.Cut(line, " | ")
	words := strings.Fields(asked)
	if len(words) < 2 {
		return "not a question"
	}
	resource := "workspace/ws-1"
	if len(words) > 2 {
		resource = words[2]
	}
	who, ok := cast[words[0]]
	if !ok {
		return "nobody is called " + words[0]
	}
	q := &Question{
		Trust: s.trust, Who: who, Action: words[1], Keys: readKeys(given),
		Resource: hearth.ARN{Partition: "aws", Service: "aps", Region: "eu-west-1", Account: "111111111111", Resource: resource},
	}
	if a, err := hearth.ParseARN(resource); err == nil {
		q.Resource = a
	}
	d := Explain(q, &s.p)
	if d.Allowed {
		return "allowed by " + string(d.By)
	}
	return strings.TrimPrefix(d.Because("it"), "because ")
}
