package workspace

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hearth-metrics/hearth"
)

// The patterns of the service model.
var (
	tokenPattern  = regexp.MustCompile(`^[!-~]{1,64}$`)
	idPattern     = regexp.MustCompile(`[0-9A-Za-z]`)
	tagPattern    = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
	kmsPattern    = regexp.MustCompile(`^arn:aws[-a-z]*:kms:[-a-z0-9]+:[0-9]{12}:key/[-a-f0-9]+$`)
	labelPattern  = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
	metricPattern = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)
)

const (
	maxAlias     = 100
	maxTags      = 50
	maxLabelSets = 100
)

func (p *problems) checkID(id hearth.WorkspaceID) {
	if n := len(id); n < 1 || n > 64 || !idPattern.MatchString(string(id)) {
		p.add("workspaceId", "Member must have 1 to 64 characters, one of them a letter or a digit")
	}
}

func (p *problems) checkToken(token *string) {
	if token != nil && !tokenPattern.MatchString(*token) {
		p.add("clientToken", "Member must have 1 to 64 printable ASCII characters and no space")
	}
}

// checkAlias returns the alias without the blanks around it; "" for nil.
func (p *problems) checkAlias(alias *string) string {
	if alias == nil {
		return ""
	}
	a := strings.TrimSpace(*alias)
	if n := utf8.RuneCountInString(a); n < 1 || n > maxAlias || !utf8.ValidString(a) {
		p.add("alias", "Member must have 1 to %d characters that are not only blanks", maxAlias)
	}
	return a
}

// checkKMS refuses a key that is well-formed too: keeping the workspace without
// it would be a promise broken in silence.
func (p *problems) checkKMS(arn *string) {
	switch {
	case arn == nil:
	case len(*arn) < 20 || len(*arn) > 2048 || !kmsPattern.MatchString(*arn):
		p.add("kmsKeyArn", "Member must be the ARN of a KMS key: %s", kmsPattern)
	default:
		p.add("kmsKeyArn", "Customer managed keys are not served. Leave kmsKeyArn out, and encrypt the disk that Hearth writes to")
	}
}

// checkTags checks tags one by one, and that no more than fifty come together.
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

func (p *problems) checkLabelSets(sets []hearth.LabelSetLimit) {
	if len(sets) > maxLabelSets {
		p.add("limitsPerLabelSet", "Member must have at most %d entries", maxLabelSets)
		return
	}
	seen := map[string]int{}
	for i, set := range sets {
		at := fmt.Sprintf("limitsPerLabelSet[%d]", i)
		if set.MaxSeries < 0 {
			p.add(at+".limits.maxSeries", "Member must be 0 or more")
		}
		for _, name := range slices.Sorted(maps.Keys(set.Labels)) {
			p.checkLabel(at+".labelSet", name, set.Labels[name])
		}
		same := spell(set.Labels)
		if first, twice := seen[same]; twice {
			p.add(at+".labelSet", "The same label set stands at limitsPerLabelSet[%d]", first)
		} else {
			seen[same] = i
		}
	}
}

func (p *problems) checkLabel(at, name, value string) {
	if !labelPattern.MatchString(name) {
		p.add(at, "The label name %q must match %s", name, labelPattern)
	}
	if strings.TrimSpace(value) == "" || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
		p.add(at, "The value of %q must be printable ASCII and not only blanks", name)
	} else if name == "__name__" && !metricPattern.MatchString(value) {
		p.add(at, "The metric name %q must match %s", value, metricPattern)
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
