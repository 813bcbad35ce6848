package rules

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/hearth-metrics/hearth"
)

// resourceType is what a rule groups namespace is called in errors.
const resourceType = "AWS::APS::RuleGroupsNamespace"

// The patterns and limits of the service model.
var (
	namePattern = regexp.MustCompile(`[0-9A-Za-z]`)
)

const (
	maxName = 128
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
type problems struct{ hearth.Problems }

func (p *problems) checkName(name string) {
	n := utf8.RuneCountInString(name)
	if n < 1 || n > maxName || !utf8.ValidString(name) || !namePattern.MatchString(name) || strings.ContainsRune(name, 0) {
		p.Add("name", "Member must have 1 to %d characters, one of them a letter or a digit", maxName)
	}
}

func (p *problems) checkData(data []byte) {
	if len(data) == 0 {
		p.Add("data", "Member must not be empty: it is the rules file")
	}
}
