package sigv4

import (
	"net/url"
	"sort"
	"strings"
)

// A param is a name and a value in canonical encoding.
type param struct{ name, value string }

// canonicalQuery decodes every name and value of a raw query, encodes them as
// AWS wants them and sorts by the encoded forms. ok is false if something in it
// would not mean the same to net/url.
func canonicalQuery(raw string) (canonical string, ok bool) {
	if raw == "" {
		return "", true
	}
	params, ok := parseParams(raw)
	if !ok {
		return "", false
	}
	sort.SliceStable(params, func(i, j int) bool {
		if params[i].name != params[j].name {
			return params[i].name < params[j].name
		}
		return params[i].value < params[j].value
	})
	return joinParams(params), true
}

// querySortedDecoded is canonicalQuery, but sorted by what the names and values
// are before they are encoded.
func querySortedDecoded(raw string) (canonical string, ok bool) {
	params, ok := parseParams(raw)
	if !ok {
		return "", false
	}
	sort.SliceStable(params, func(i, j int) bool {
		if params[i].name != params[j].name {
			return decoded(params[i].name) < decoded(params[j].name)
		}
		return decoded(params[i].value) < decoded(params[j].value)
	})
	return joinParams(params), true
}

// queryAsSent sorts the pairs of a raw query and leaves their encoding alone. A
// name without a value gets its equals sign.
func queryAsSent(raw string) string {
	if raw == "" {
		return ""
	}
	var params []param
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		params = append(params, param{name, value})
	}
	sort.SliceStable(params, func(i, j int) bool {
		if params[i].name != params[j].name {
			return params[i].name < params[j].name
		}
		return params[i].value < params[j].value
	})
	return joinParams(params)
}

// withoutSignature drops the one parameter that cannot be signed.
func withoutSignature(raw string) string {
	var kept []string
	for pair := range strings.SplitSeq(raw, "&") {
		if !strings.HasPrefix(pair, "X-Amz-Signature=") {
			kept = append(kept, pair)
		}
	}
	return strings.Join(kept, "&")
}

func parseParams(raw string) ([]param, bool) {
	params := make([]param, 0, strings.Count(raw, "&")+1)
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		n, ok1 := reencode(name)
		v, ok2 := reencode(value)
		if !ok1 || !ok2 {
			return nil, false
		}
		params = append(params, param{n, v})
	}
	return params, true
}

func joinParams(params []param) string {
	n := 0
	for _, p := range params {
		n += len(p.name) + len(p.value) + 2
	}
	b := make([]byte, 0, n)
	for i, p := range params {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(append(append(b, p.name...), '='), p.value...)
	}
	return string(b)
}

// reencode turns s, percent-encoded by whatever rules, into canonical encoding.
// A plus is a blank, as for every handler that will read the query. What
// net/url drops or refuses (a lone percent sign, a semicolon) is not ok: it must
// not be signed as if it were something else.
func reencode(s string) (string, bool) {
	if plain(s) {
		return s, true
	}
	b := make([]byte, 0, len(s)+16)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == ';':
			return "", false
		case c == '+':
			c = ' '
		case c == '%':
			if i+2 >= len(s) {
				return "", false
			}
			hi, lo := unhex(s[i+1]), unhex(s[i+2])
			if hi < 0 || lo < 0 {
				return "", false
			}
			c = byte(hi<<4 | lo)
			i += 2
		}
		if unreserved(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return string(b), true
}

func plain(s string) bool {
	for i := range len(s) {
		if !unreserved(s[i]) {
			return false
		}
	}
	return true
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// decoded undoes canonical encoding, which cannot fail.
func decoded(s string) string {
	d, _ := url.PathUnescape(s)
	return d
}
