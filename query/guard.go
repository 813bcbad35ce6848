package query

import (
	"fmt"
	"strings"

	"github.com/hearth-metrics/hearth"
)

// The guards of a query's text stand before the parser, because the parser
// itself is what they protect: it takes seconds over 64 KiB of chained
// operators and tens of seconds over 200 KB of parentheses.
// They read the text once, allocate nothing for ordinary queries and never
// judge whether it is PromQL.

// operatorsPerNesting bounds chained operators by the nesting allowed: a chain
// of n operators is a tree n deep, which the parser walks n times.
const operatorsPerNesting = 10

// maxRegexpSize bounds the instructions that all regular expressions of a query
// may compile to; each takes 40 bytes.
const maxRegexpSize = 250_000

// checkText refuses query texts that cost too much to parse. The error's kind
// is Quota.
func checkText(text string, l hearth.Limits) error {
	if l.QueryTextBytes > 0 && len(text) > l.QueryTextBytes {
		return overLimit("query-text", len(text), l.QueryTextBytes, "the query text is too long (%d bytes, limit: %d)")
	}
	s := scan(text)
	if l.QueryNesting > 0 && s.depth > l.QueryNesting {
		return overLimit("nesting", s.depth, l.QueryNesting, "the query is nested too deeply (depth %d, limit: %d)")
	}
	if most := operatorsPerNesting * l.QueryNesting; most > 0 && s.operators > most {
		return overLimit("operators", s.operators, most, "the query has too many operators (%d, limit: %d)")
	}
	if s.regexps > maxRegexpSize {
		return overLimit("regexp-size", s.regexps, maxRegexpSize, "the query's regular expressions are too large once their repetitions are expanded (%d instructions, limit: %d)")
	}
	return nil
}

// overLimit is the refusal of something that is actual where at most limit is
// allowed. format has two verbs, for actual and limit.
func overLimit[N int | int64](reason string, actual, limit N, format string) *hearth.Error {
	return &hearth.Error{
		Kind: hearth.Quota,
		Msg:  fmt.Sprintf(format, actual, limit),
		Err:  &refusal{reason: reason, actual: fmt.Sprint(actual), limit: fmt.Sprint(limit)},
	}
}

// A refusal says which guard stopped a query, for the ledger and the metrics.
type refusal struct {
	reason        string
	actual, limit string
}

func (r *refusal) Error() string { return r.reason }

// scanned is what a query's text looks like before it is parsed.
type scanned struct {
	depth     int // brackets open at once, at most
	operators int // characters and words that may be operators
	regexps   int // instructions that the regular expressions with repetitions compile to
}

// scan reads text as PromQL's lexer would divide it: strings and comments
// apart from the rest.
func scan(text string) scanned {
	var s scanned
	depth, matchers := 0, false // matchers: between braces, where signs are not operators
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '(', '[', '{':
			matchers = c == '{'
			depth++
			s.depth = max(s.depth, depth)
		case ')', ']', '}':
			matchers = false
			depth--
			if wordOperator(text[i+1:]) {
				s.operators++
			}
		case '+', '-', '*', '/', '%', '^', '=', '>', '<', '!':
			if !matchers {
				s.operators++
			}
		case '"', '\'', '`':
			end := endOfString(text, i)
			s.regexps += regexpSize(text[i:end])
			i = end - 1
		case '#':
			i = endOfLine(text, i) - 1 // the line's end may stand before a word
		case ' ', '\t', '\n', '\r':
			if wordOperator(text[i+1:]) {
				s.operators++
			}
		}
	}
	return s
}

// endOfString returns the index after the string that begins at i.
func endOfString(text string, i int) int {
	quote := text[i]
	for i++; i < len(text); i++ {
		switch {
		case text[i] == quote:
			return i + 1
		case text[i] == '\\' && quote != '`':
			i++
		}
	}
	return len(text)
}

func endOfLine(text string, i int) int {
	if n := strings.IndexByte(text[i:], '\n'); n >= 0 {
		return i + n
	}
	return len(text)
}

// wordOperator tells whether text begins with what may be and, or, unless or
// atan2, in any case.
func wordOperator(text string) bool {
	if len(text) < 2 {
		return false
	}
	switch text[0] | 0x20 {
	case 'o':
		return hasWord(text, "or")
	case 'a':
		return hasWord(text, "and") || hasWord(text, "atan2")
	case 'u':
		return hasWord(text, "unless")
	}
	return false
}

func hasWord(text, word string) bool {
	return len(text) >= len(word) && strings.EqualFold(text[:len(word)], word)
}
