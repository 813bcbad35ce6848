package workspace

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hearth-metrics/hearth"
)

// The patterns of the service model.
var (
	idPattern     = regexp.MustCompile(`[0-9A-Za-z]`)
	kmsPattern    = regexp.MustCompile(`^arn:aws[-a-z]*:kms:[-a-z0-9]+:[0-9]{12}:key/[-a-f0-9]+$`)
	labelPattern  = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
	metricPattern = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)
)

const (
	maxAlias     = 100
	maxLabelSets = 100
)

func (p *problems) checkID(id hearth.WorkspaceID) {
	if n := len(id); n < 1 || n > 64 || !idPattern.MatchString(string(id)) {
		p.Add("workspaceId", "Member must have 1 to 64 characters, one of them a letter or a digit")
	}
}

// checkAlias returns the alias without the blanks around it; "" for nil.
func (p *problems) checkAlias(alias *string) string {
	if alias == nil {
		return ""
	}
	a := strings.TrimSpace(*alias)
	if n := utf8.RuneCountInString(a); n < 1 || n > maxAlias || !utf8.ValidString(a) {
		p.Add("alias", "Member must have 1 to %d characters that are not only blanks", maxAlias)
	}
	if strings.ContainsFunc(a, unicode.IsControl) {
		p.Add("alias", "Member must not have control characters")
	}
	return a
}

// checkKMS refuses a key that is well-formed too: keeping the workspace without
// it would be a promise broken in silence.
func (p *problems) checkKMS(arn *string) {
	switch {
	case arn == nil:
	case len(*arn) < 20 || len(*arn) > 2048 || !kmsPattern.MatchString(*arn):
		p.Add("kmsKeyArn", "Member must be the ARN of a KMS key: %s", kmsPattern)
	default:
		p.Add("kmsKeyArn", "Customer managed keys are not served. Leave kmsKeyArn out, and encrypt the disk that Hearth writes to")
	}
}

func (p *problems) checkLabelSets(sets []hearth.LabelSetLimit) {
	if len(sets) > maxLabelSets {
		p.Add("limitsPerLabelSet", "Member must have at most %d entries", maxLabelSets)
		return
	}
	seen := map[string]int{}
	for i, set := range sets {
		at := fmt.Sprintf("limitsPerLabelSet[%d]", i)
		if set.MaxSeries < 0 {
			p.Add(at+".limits.maxSeries", "Member must be 0 or more")
		}
		for _, name := range slices.Sorted(maps.Keys(set.Labels)) {
			p.checkLabel(at+".labelSet", name, set.Labels[name])
		}
		same := spell(set.Labels)
		if first, twice := seen[same]; twice {
			p.Add(at+".labelSet", "The same label set stands at limitsPerLabelSet[%d]", first)
		} else {
			seen[same] = i
		}
	}
}

func (p *problems) checkLabel(at, name, value string) {
	if !labelPattern.MatchString(name) {
		p.Add(at, "The label name %q must match %s", name, labelPattern)
	}
	if strings.TrimSpace(value) == "" || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
		p.Add(at, "The value of %q must be printable ASCII and not only blanks", name)
	} else if name == "__name__" && !metricPattern.MatchString(value) {
		p.Add(at, "The metric name %q must match %s", value, metricPattern)
	}
}

// spell writes a label set so that equal sets read equal.
func spell(labels map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		fmt.Fprintf(&b, "%q=%q,", name, labels[name])
	}
	return b.String()
}
