package iam

import (
	"math/bits"
	"strings"
	"unicode/utf8"
)

// Inside a compiled pattern wildcards are bytes that UTF-8 never has, so that
// the stars of a variable's value stay plain characters.
const (
	run  = '\xff' // *: any characters, also none
	char = '\xfe' // ?: exactly one character
)

// A pattern is a text with wildcards and, in policies of 2012, variables.
type pattern struct {
	source string
	text   string // compiled; what precedes the first variable if there are any
	parts  []part // nil unless there are variables
	fold   bool   // letters' case does not count
	plain  bool   // no wildcards
}

// A part is compiled text followed by a variable.
type part struct {
	text     string
	key      string // lower case; empty: no variable follows
	fallback string
	optional bool // has a fallback
}

// foldedPattern compiles an action: wildcards, no variables, any case.
func foldedPattern(s string) pattern {
	p := pattern{source: s, text: lower(compileText(s, true)), fold: true}
	p.plain = !hasWildcards(p.text)
	return p
}

// newPattern compiles s. An error says what is wrong with a variable in it.
func newPattern(s string, wildcards, variables bool) (pattern, error) {
	p := pattern{source: s}
	if variables && strings.Contains(s, "${") {
		parts, err := splitVariables(s, wildcards)
		if err != nil {
			return p, err
		}
		if len(parts) == 1 && parts[0].key == "" {
			p.text = parts[0].text
		} else {
			p.parts = parts
		}
	} else {
		p.text = compileText(s, wildcards)
	}
	p.plain = p.parts == nil && !hasWildcards(p.text)
	return p, nil
}

func compileText(s string, wildcards bool) string {
	if !wildcards {
		return s
	}
	return strings.NewReplacer("*", "\xff", "?", "\xfe").Replace(s)
}

func hasWildcards(s string) bool {
	return strings.IndexByte(s, run) >= 0 || strings.IndexByte(s, char) >= 0
}

// match tells whether value fits, with variables taken from keys. A variable
// that has no value fits nothing.
func (p *pattern) match(value string, keys Keys) bool {
	text := p.text
	if p.parts != nil {
		var ok bool
		if text, ok = p.expand(keys); !ok {
			return false
		}
	}
	switch {
	case p.fold:
		return globFold(text, value)
	case p.plain:
		return text == value
	case text == "\xff":
		return true
	}
	return glob(text, value)
}

// patient is how many steps the simple matcher may need before the bounded one,
// which costs more to start, takes over.
const patient = 4 << 10

// glob matches in time proportional to both lengths at worst, and usually to
// their sum.
func glob(p, s string) bool {
	if len(p)*len(s) > patient && strings.Count(p, "\xff") > 1 {
		return globBounded(p, s)
	}
	return globSimple(p, s, false)
}

func globFold(p, s string) bool {
	if len(p)*len(s) > patient && strings.Count(p, "\xff") > 1 {
		return globBounded(p, lower(s))
	}
	return globSimple(p, s, true)
}

// globSimple goes back to the last star only, which is enough.
func globSimple(p, s string, fold bool) bool {
	star, from := -1, 0
	i, j := 0, 0
	for j < len(s) {
		if i < len(p) {
			switch c := p[i]; {
			case c == run:
				star, from = i, j
				i++
				continue
			case c == char:
				i++
				j += width(s[j:])
				continue
			case c == s[j] || fold && c == lowerByte(s[j]):
				i++
				j++
				continue
			}
		}
		if star < 0 {
			return false
		}
		from += width(s[from:])
		i, j = star+1, from
	}
	for i < len(p) && p[i] == run {
		i++
	}
	return i == len(p)
}

func width(s string) int {
	if s[0] < utf8.RuneSelf {
		return 1
	}
	_, n := utf8.DecodeRuneInString(s)
	return n
}

// globBounded follows all ways at once, one bit each, so that 64 of them cost
// one step. Bit i stands for "the first i tokens have matched".
func globBounded(p, s string) bool {
	n := newAutomaton(p)
	for i := 0; i < len(s); {
		w := width(s[i:])
		for k := range w {
			n.step(s[i+k], k == 0)
		}
		i += w
	}
	return n.accepts()
}

type automaton struct {
	now, loop, chars []uint64           // states that are on; that stay on; that follow a ?
	on               map[byte]*[]uint64 // states a byte leads to
	tokens           int
}

func newAutomaton(p string) *automaton {
	tokens := len(p) - strings.Count(p, "\xff")
	words := tokens/64 + 1
	n := &automaton{
		now: make([]uint64, words), loop: make([]uint64, words), chars: make([]uint64, words),
		on: map[byte]*[]uint64{}, tokens: tokens,
	}
	n.now[0] = 1
	at := 0
	for i := range len(p) {
		switch c := p[i]; c {
		case run:
			set(n.loop, at)
			continue
		case char:
			set(n.chars, at+1)
		default:
			if n.on[c] == nil {
				masks := make([]uint64, words)
				n.on[c] = &masks
			}
			set(*n.on[c], at+1)
		}
		at++
	}
	return n
}

func set(words []uint64, bit int) { words[bit/64] |= 1 << (bit % 64) }

// step reads a byte; first says that it begins a character.
func (n *automaton) step(c byte, first bool) {
	var masks []uint64
	if m := n.on[c]; m != nil {
		masks = *m
	}
	carry := uint64(0)
	for w, old := range n.now {
		shifted, out := bits.Add64(old, old, carry) // shift left by one
		carry = out
		next := old & n.loop[w]
		if masks != nil {
			next |= shifted & masks[w]
		}
		if first {
			next |= shifted & n.chars[w]
		} else {
			next |= old & n.chars[w] // the rest of the character a ? took
		}
		n.now[w] = next
	}
}

func (n *automaton) accepts() bool { return n.now[n.tokens/64]>>(n.tokens%64)&1 == 1 }

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// lower is strings.ToLower for ASCII; other bytes stay.
func lower(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for k := i; k < len(b); k++ {
				b[k] = lowerByte(b[k])
			}
			return string(b)
		}
	}
	return s
}
