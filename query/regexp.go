package query

import (
	"regexp/syntax"
	"strconv"
	"strings"
)

// mostClasses is how many Unicode classes a string may name before it counts
// as too large without another look: each is some kilobytes, even to parse.
const mostClasses = 500

// regexpSize returns about how many instructions a quoted string would compile
// to if it were a regular expression with counted repetitions or Unicode
// classes. Strings without any are no larger than their text and count 0.
func regexpSize(quoted string) int {
	classes := strings.Count(quoted, `\p`) + strings.Count(quoted, `\P`)
	if classes > mostClasses {
		return maxRegexpSize + classes
	}
	if len(quoted) < 2 || classes == 0 && !strings.Contains(quoted, "{") {
		return 0
	}
	pattern := quoted[1 : len(quoted)-1]
	if quoted[0] != '`' {
		if s, err := strconv.Unquote(`"` + strings.ReplaceAll(pattern, `"`, `\"`) + `"`); err == nil {
			pattern = s
		}
	}
	re, err := syntax.Parse(pattern, syntax.Perl|syntax.DotNL)
	if err != nil {
		return 0 // then no regular expression will be made of it either
	}
	return instructions(re)
}

// instructions estimates the compiled size of re. The syntax package refuses
// repetitions nested to more than 1000, so the product cannot overflow.
func instructions(re *syntax.Regexp) int {
	n := 1
	switch re.Op {
	case syntax.OpLiteral:
		n = len(re.Rune)
	case syntax.OpCharClass:
		n += len(re.Rune) / 10 // as bytes: an instruction is as large as ten runes
	}
	for _, sub := range re.Sub {
		n += instructions(sub)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min+1, re.Max)
	}
	return n
}

// copies returns how often, at most, one byte matched by pattern comes back in
// template as label_replace expands it: references to groups that do not
// contain each other share the match between them, those that do repeat it.
func copies(pattern, template string) float64 {
	references := strings.Count(template, "$")
	if references == 0 {
		return 0
	}
	re, err := syntax.Parse(pattern, syntax.Perl|syntax.DotNL)
	if err != nil {
		return float64(references)
	}
	whole := groupReferences(template, "0")
	return float64(whole) + heaviest(re, template)
}

// heaviest is the largest sum of references to groups of re that lie within
// each other.
func heaviest(re *syntax.Regexp, template string) float64 {
	var own, below float64
	if re.Op == syntax.OpCapture {
		n := groupReferences(template, strconv.Itoa(re.Cap))
		if re.Name != "" {
			named := groupReferences(template, re.Name)
			n += named
		}
		own = float64(n)
	}
	for _, sub := range re.Sub {
		below = max(below, heaviest(sub, template))
	}
	return own + below
}

// groupReferences counts $name and ${name} in template. "$1x" names the group
// "1x", so a reference ends where the word ends.
func groupReferences(template, name string) (n int) {
	for rest := template; ; {
		_, after, found := strings.Cut(rest, "$")
		if !found {
			return n
		}
		rest = after
		if strings.HasPrefix(after, "{"+name+"}") {
			n++
		} else if strings.HasPrefix(after, name) && !startsWord(after[len(name):]) {
			n++
		}
	}
}

func startsWord(s string) bool {
	if s == "" {
		return false
	}
	c := s[0]
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
