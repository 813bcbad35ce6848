package iam

import (
	"strings"

	"github.com/hearth-metrics/hearth"
)

// An arnPattern matches an ARN part by part: a star before the last part never
// reaches over a colon. Parts that are missing at the end match everything.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
type arnPattern struct {
	source string
	any    bool // *
	parts  [6]pattern
}

func newARNPattern(s string, variables bool) (arnPattern, error) {
	p := arnPattern{source: s, any: s == "*"}
	texts := splitARN(s, variables)
	for i := range p.parts {
		t := "*"
		if i < len(texts) {
			t = texts[i]
		}
		var err error
		if p.parts[i], err = newPattern(t, true, variables); err != nil {
			return p, err
		}
	}
	return p, nil
}

// splitARN cuts at the first five colons that are not part of a variable.
func splitARN(s string, variables bool) []string {
	var parts []string
	depth, from := 0, 0
	for i := range len(s) {
		switch {
		case variables && strings.HasPrefix(s[i:], "${"):
			depth = 1
		case s[i] == '}':
			depth = 0
		case s[i] == ':' && depth == 0 && len(parts) < 5:
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	return append(parts, s[from:])
}

func (p *arnPattern) match(a *hearth.ARN, keys Keys) bool {
	return p.any || p.parts[5].match(a.Resource, keys) &&
		p.parts[4].match(string(a.Account), keys) &&
		p.parts[3].match(string(a.Region), keys) &&
		p.parts[2].match(a.Service, keys) &&
		p.parts[1].match(a.Partition, keys)
}

// matchText is match for an ARN that is still a text, as condition keys are.
func (p *arnPattern) matchText(s string, keys Keys) bool {
	if p.any {
		return true
	}
	parts := strings.SplitN(s, ":", 6)
	if len(parts) < 6 {
		return false
	}
	for i := range p.parts {
		if !p.parts[i].match(parts[i], keys) {
			return false
		}
	}
	return true
}
