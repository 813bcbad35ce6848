package rules

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hearth-metrics/hearth"
)

// resourceType is what a rule groups namespace is called in errors.
const resourceType = "AWS::APS::RuleGroupsNamespace"

// The patterns and limits of the service model.
var (
	tokenPattern = regexp.MustCompile(`^[!-~]{1,64}$`)
	namePattern  = regexp.MustCompile(`[0-9A-Za-z]`)
	tagPattern   = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
)

const (
	maxName = 128
	maxTags = 50
)

func notFound(ws hearth.WorkspaceID, name string) error {
	return &hearth.Error{Kind: hearth.NotFound, Resource: string(ws) + "/" + name, Type: resourceType, Msg: "Rule groups namespace not found"}
}

func noWorkspace(id hearth.WorkspaceID) error {
	return &hearth.Error{Kind: hearth.NotFound, Resource: string(id), Type: "AWS::APS::Workspace", Msg: "Workspace not found"}
}

func conflict(rec *record, msg string) error {
	return &hearth.Error{Kind: hearth.Conflict, Resource: string(rec.Workspace) + "/" + rec.Name, Type: resourceType, Msg: msg}
}

// problems gathers everything that is wrong with a request, so that the caller
// learns of it in one go.
type problems []hearth.Field

func (p *problems) add(name, format string, args ...any) {
	*p = append(*p, hearth.Field{Name: name, Msg: fmt.Sprintf(format, args...)})
}

// err is nil if nothing is wrong. The texts have AWS's form.
func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	plural := ""
	if len(p) > 1 {
		plural = "s"
	}
	msgs := make([]string, len(p))
	for i, f := range p {
		msgs[i] = fmt.Sprintf("Value at '%s' failed to satisfy constraint: %s", f.Name, f.Msg)
	}
	return &hearth.Error{Kind: hearth.Invalid, Fields: p,
		Msg: fmt.Sprintf("%d validation error%s detected: %s", len(p), plural, strings.Join(msgs, "; "))}
}

func (p *problems) checkName(name string) {
	n := utf8.RuneCountInString(name)
	if n < 1 || n > maxName || !utf8.ValidString(name) || !namePattern.MatchString(name) || strings.ContainsRune(name, 0) {
		p.add("name", "Member must have 1 to %d characters, one of them a letter or a digit", maxName)
	}
}

func (p *problems) checkToken(token *string) {
	if token != nil && !tokenPattern.MatchString(*token) {
		p.add("clientToken", "Member must have 1 to 64 printable ASCII characters and no space")
	}
}

func (p *problems) checkData(data []byte) {
	if len(data) == 0 {
		p.add("data", "Member must not be empty: it is the rules file")
	}
}

func (p *problems) checkTags(tags map[string]string) {
	if len(tags) > maxTags {
		p.add("tags", "Member must have at most %d entries", maxTags)
		return
	}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		p.checkTagKey("tags", k)
		if v := tags[k]; utf8.RuneCountInString(v) > 256 || !tagPattern.MatchString(v) {
			p.add("tags", "The value of %q must have at most 256 letters, digits, blanks or _.:/=+-@", k)
		}
	}
}

func (p *problems) checkTagKey(member, k string) {
	if n := utf8.RuneCountInString(k); n < 1 || n > 128 || !tagPattern.MatchString(k) {
		p.add(member, "The key %q must have 1 to 128 letters, digits, blanks or _.:/=+-@", k)
	}
	if len(k) >= 4 && strings.EqualFold(k[:4], "aws:") {
		p.add(member, "The key %q must not begin with aws:", k)
	}
}

func (p *problems) checkRange(member string, n *int, low, high int) {
	if n != nil && (*n < low || *n > high) {
		p.add(member, "Member must be between %d and %d", low, high)
	}
}
