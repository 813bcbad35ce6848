package iam

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// An operand is one value of a condition, read as its operator needs it.
type operand struct {
	source  string
	pattern pattern
	arn     arnPattern
	number  float64
	time    time.Time
	net     netip.Prefix
	bytes   []byte
	yes     bool
}

// An operator compares a policy's value with a request's. A negated one holds
// if none of the policy's values compares.
type operator struct {
	read    func(v *operand, variables bool) error
	equal   func(v *operand, got string, keys Keys) bool
	negated bool
	absence bool // Null: about the key, not its values
}

// operators are all there are, by name without prefix and suffix.
var operators = map[string]*operator{
	"StringEquals":              {read: readText, equal: equalPattern},
	"StringNotEquals":           {read: readText, equal: equalPattern, negated: true},
	"StringEqualsIgnoreCase":    {read: readText, equal: equalFold},
	"StringNotEqualsIgnoreCase": {read: readText, equal: equalFold, negated: true},
	"StringLike":                {read: readLike, equal: equalPattern},
	"StringNotLike":             {read: readLike, equal: equalPattern, negated: true},

	"NumericEquals":            {read: readNumber, equal: compareNumber(func(got, want float64) bool { return got == want })},
	"NumericNotEquals":         {read: readNumber, equal: compareNumber(func(got, want float64) bool { return got == want }), negated: true},
	"NumericLessThan":          {read: readNumber, equal: compareNumber(func(got, want float64) bool { return got < want })},
	"NumericLessThanEquals":    {read: readNumber, equal: compareNumber(func(got, want float64) bool { return got <= want })},
	"NumericGreaterThan":       {read: readNumber, equal: compareNumber(func(got, want float64) bool { return got > want })},
	"NumericGreaterThanEquals": {read: readNumber, equal: compareNumber(func(got, want float64) bool { return got >= want })},

	"DateEquals":            {read: readTime, equal: compareTime(func(c int) bool { return c == 0 })},
	"DateNotEquals":         {read: readTime, equal: compareTime(func(c int) bool { return c == 0 }), negated: true},
	"DateLessThan":          {read: readTime, equal: compareTime(func(c int) bool { return c < 0 })},
	"DateLessThanEquals":    {read: readTime, equal: compareTime(func(c int) bool { return c <= 0 })},
	"DateGreaterThan":       {read: readTime, equal: compareTime(func(c int) bool { return c > 0 })},
	"DateGreaterThanEquals": {read: readTime, equal: compareTime(func(c int) bool { return c >= 0 })},

	"Bool":         {read: readBool, equal: equalBool},
	"BinaryEquals": {read: readBytes, equal: equalBytes},
	"IpAddress":    {read: readNet, equal: containsIP},
	"NotIpAddress": {read: readNet, equal: containsIP, negated: true},

	// Equals and Like are the same for ARNs: both know wildcards.
	"ArnEquals":    {read: readARN, equal: equalARN},
	"ArnLike":      {read: readARN, equal: equalARN},
	"ArnNotEquals": {read: readARN, equal: equalARN, negated: true},
	"ArnNotLike":   {read: readARN, equal: equalARN, negated: true},

	"Null": {read: readBool, absence: true},
}

func readText(v *operand, variables bool) (err error) {
	v.pattern, err = newPattern(v.source, false, variables)
	return err
}

func readLike(v *operand, variables bool) (err error) {
	v.pattern, err = newPattern(v.source, true, variables)
	return err
}

func equalPattern(v *operand, got string, keys Keys) bool { return v.pattern.match(got, keys) }

func equalFold(v *operand, got string, keys Keys) bool {
	want := v.pattern.text
	if v.pattern.parts != nil {
		var ok bool
		if want, ok = v.pattern.expand(keys); !ok {
			return false
		}
	}
	return strings.EqualFold(want, got)
}

func readNumber(v *operand, _ bool) (err error) {
	if v.number, err = strconv.ParseFloat(strings.TrimSpace(v.source), 64); err != nil {
		return fmt.Errorf("%q is not a number", clip(v.source))
	}
	return nil
}

func compareNumber(ok func(got, want float64) bool) func(*operand, string, Keys) bool {
	return func(v *operand, got string, _ Keys) bool {
		n, err := strconv.ParseFloat(strings.TrimSpace(got), 64)
		return err == nil && ok(n, v.number)
	}
}

// The forms of https://www.w3.org/TR/NOTE-datetime, and seconds since 1970.
var timeForms = []string{
	time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02", "2006-01",
}

func parseTime(s string) (time.Time, error) {
	s = strings.TrimSpace(s)
	if !strings.Contains(s, ":") { // what has a clock's time in it is no number
		if n, err := strconv.ParseInt(s, 10, 64); err == nil && len(s) == 4 {
			return time.Date(int(n), 1, 1, 0, 0, 0, 0, time.UTC), nil
		} else if err == nil {
			return time.Unix(n, 0), nil
		}
	}
	for _, form := range timeForms {
		if t, err := time.Parse(form, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errors.New("not a time")
}

func readTime(v *operand, _ bool) (err error) {
	if v.time, err = parseTime(v.source); err != nil {
		return fmt.Errorf("%q is not a time: write 2026-01-31T09:00:00Z, or seconds since 1970", clip(v.source))
	}
	return nil
}

func compareTime(ok func(c int) bool) func(*operand, string, Keys) bool {
	return func(v *operand, got string, _ Keys) bool {
		t, err := parseTime(got)
		return err == nil && ok(t.Compare(v.time))
	}
}

func readBool(v *operand, _ bool) error {
	v.yes = strings.EqualFold(v.source, "true")
	if !v.yes && !strings.EqualFold(v.source, "false") {
		return fmt.Errorf("%q is neither true nor false", clip(v.source))
	}
	return nil
}

func equalBool(v *operand, got string, _ Keys) bool { return strings.EqualFold(v.source, got) }

func readBytes(v *operand, _ bool) (err error) {
	if v.bytes, err = base64.StdEncoding.DecodeString(v.source); err != nil {
		return fmt.Errorf("%q is not base64", clip(v.source))
	}
	return nil
}

func equalBytes(v *operand, got string, _ Keys) bool {
	b, err := base64.StdEncoding.DecodeString(got)
	return err == nil && bytes.Equal(b, v.bytes)
}

func readNet(v *operand, _ bool) error {
	if p, err := netip.ParsePrefix(v.source); err == nil {
		v.net = p.Masked()
		return nil
	}
	a, err := netip.ParseAddr(v.source)
	if err != nil || a.Zone() != "" {
		return fmt.Errorf("%q is neither an address nor a range such as 203.0.113.0/24", clip(v.source))
	}
	v.net = netip.PrefixFrom(a, a.BitLen())
	return nil
}

// containsIP takes an IPv4 address in IPv6's clothes for what it is.
func containsIP(v *operand, got string, _ Keys) bool {
	a, err := netip.ParseAddr(got)
	return err == nil && v.net.Contains(a.Unmap().WithZone(""))
}

func readARN(v *operand, variables bool) (err error) {
	v.arn, err = newARNPattern(v.source, variables)
	return err
}

func equalARN(v *operand, got string, keys Keys) bool { return v.arn.matchText(got, keys) }
