package dashboard

import (
	"bytes"
	"encoding/json"
	"net/http"
	"unicode/utf8"
)

// columns are the values of one series in the form in which frames are sent.
// What a Prometheus wrote as a number is a number there, too: it is copied and never
// understood, which is most of what a dashboard before many people costs.
type columns struct {
	times, values []byte           // as JSON arrays
	strange       map[string][]int // places of values that JSON has no number for
	n             int
}

// scan reads an answer as Prometheus writes it: no blanks, the type before the
// result, no escapes in texts. ok is false for any other, which is no fault: readAnswer
// reads it then.
func scan(status int, body []byte) (o *outcome, ok bool) {
	s := &scanner{rest: body}
	if status != http.StatusOK || !s.skip(`{"status":"success","data":{"resultType":"`) {
		return nil, false
	}
	o = &outcome{}
	switch {
	case s.skip(`matrix","result":[`):
		o.kind = "matrix"
	case s.skip(`vector","result":[`):
		o.kind = "vector"
	default:
		return nil, false
	}
	for first := true; !s.skip("]"); first = false {
		if !first && !s.skip(",") {
			return nil, false
		}
		one, ok := s.series(o.kind)
		if !ok {
			return nil, false
		}
		o.series = append(o.series, one)
	}
	if !s.skip("}") || !s.remarks(&o.warnings) {
		return nil, false
	}
	return o, s.skip("}") && len(s.rest) == 0
}

// A scanner reads from the front of rest.
type scanner struct{ rest []byte }

func (s *scanner) skip(text string) bool {
	if len(s.rest) < len(text) || string(s.rest[:len(text)]) != text {
		return false
	}
	s.rest = s.rest[len(text):]
	return true
}

// remarks reads warnings, then infos.
func (s *scanner) remarks(into *[]string) bool {
	for _, name := range []string{`,"warnings":[`, `,"infos":[`} {
		if !s.skip(name) {
			continue
		}
		for first := true; !s.skip("]"); first = false {
			text, ok := "", false
			if first || s.skip(",") {
				text, ok = s.text()
			}
			if !ok {
				return false
			}
			*into = append(*into, text)
		}
	}
	return true
}

// series reads {"metric":{…},"values":[…]}, or value of a vector.
func (s *scanner) series(kind string) (one series, ok bool) {
	one.labels = map[string]string{}
	if !s.skip(`{"metric":{`) {
		return one, false
	}
	for first := true; !s.skip("}"); first = false {
		if !first && !s.skip(",") {
			return one, false
		}
		name, ok := s.text()
		if !ok || !s.skip(":") {
			return one, false
		}
		if one.labels[name], ok = s.text(); !ok {
			return one, false
		}
	}
	one.columns = &columns{times: []byte{'['}, values: []byte{'['}}
	if kind == "vector" {
		ok = s.skip(`,"value":`) && s.pair(one.columns)
	} else {
		ok = s.skip(`,"values":[`) && s.pairs(one.columns)
	}
	one.times, one.values = append(one.times, ']'), append(one.values, ']')
	return one, ok && s.skip("}")
}

func (s *scanner) pairs(c *columns) bool {
	if n := bytes.Index(s.rest, []byte("]]")); n > 0 { // neither gets more than two thirds
		c.times, c.values = append(make([]byte, 0, n*2/3+8), '['), append(make([]byte, 0, n*2/3+8), '[')
	}
	for !s.skip("]") {
		if c.n > 0 && !s.skip(",") || !s.pair(c) {
			return false
		}
	}
	return c.n > 0
}

// maxNumber is the length from which on a number may be more than a float64 holds;
// readAnswer judges those.
const maxNumber = 300

// pair reads [seconds,"number"].
func (s *scanner) pair(c *columns) bool {
	if !s.skip("[") {
		return false
	}
	if c.n > 0 {
		c.times, c.values = append(c.times, ','), append(c.values, ',')
	}
	if !s.millis(&c.times) || !s.skip(`,"`) {
		return false
	}
	if n := numberLength(s.rest); n > 0 && n < maxNumber {
		c.values, s.rest = append(c.values, s.rest[:n]...), s.rest[n:]
	} else if !s.oddity(c) {
		return false
	}
	c.n++
	return s.skip(`"]`)
}

// oddity reads a value that JSON has no number for.
func (s *scanner) oddity(c *columns) bool {
	for _, odd := range []struct{ text, name string }{{"NaN", "NaN"}, {"+Inf", "Inf"}, {"-Inf", "NegInf"}} {
		if s.skip(odd.text) {
			if c.strange == nil {
				c.strange = map[string][]int{}
			}
			c.strange[odd.name] = append(c.strange[odd.name], c.n)
			c.values = append(c.values, "null"...)
			return true
		}
	}
	return false
}

// millis reads seconds with at most three decimals and writes milliseconds.
func (s *scanner) millis(into *[]byte) bool {
	n := digits(s.rest)
	if n == 0 || n > 12 || s.rest[0] == '0' {
		return false
	}
	*into = append(*into, s.rest[:n]...)
	s.rest = s.rest[n:]
	decimals := 0
	if s.skip(".") {
		if decimals = digits(s.rest); decimals == 0 || decimals > 3 {
			return false
		}
		*into = append(*into, s.rest[:decimals]...)
		s.rest = s.rest[decimals:]
	}
	*into = append(*into, "000"[decimals:]...)
	return true
}

func digits(b []byte) (n int) {
	for n < len(b) && b[n] >= '0' && b[n] <= '9' {
		n++
	}
	return n
}

// numberLength is how long the number is that b begins with, as JSON has numbers; 0 if it
// begins with none.
func numberLength(b []byte) int {
	i := 0
	if i < len(b) && b[i] == '-' {
		i++
	}
	whole := digits(b[i:])
	if whole == 0 || whole > 1 && b[i] == '0' {
		return 0
	}
	i += whole
	if i < len(b) && b[i] == '.' {
		n := digits(b[i+1:])
		if n == 0 {
			return 0
		}
		i += 1 + n
	}
	if i < len(b) && b[i] == 'e' {
		sign := i + 1
		if sign < len(b) && (b[sign] == '+' || b[sign] == '-') {
			sign++
		}
		n := digits(b[sign:])
		if n == 0 || n > 2 {
			return 0
		}
		i = sign + n
	}
	return i
}

// text reads a text. One with escapes, which are rare, is left to encoding/json.
func (s *scanner) text() (string, bool) {
	if !s.skip(`"`) {
		return "", false
	}
	for i, c := range s.rest {
		switch {
		case c == '"':
			out := s.rest[:i]
			s.rest = s.rest[i+1:]
			return string(out), utf8.Valid(out)
		case c == '\\':
			return s.escaped(i)
		case c < ' ':
			return "", false
		}
	}
	return "", false
}

// escaped reads a text whose first escape is at from.
func (s *scanner) escaped(from int) (out string, ok bool) {
	for i := from; i < len(s.rest); i++ {
		switch s.rest[i] {
		case '\\':
			i++
		case '"':
			whole := append([]byte{'"'}, s.rest[:i+1]...)
			s.rest = s.rest[i+1:]
			return out, json.Unmarshal(whole, &out) == nil
		}
	}
	return "", false
}
