package hearth

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxTags is how many tags a resource can have.
// https://docs.aws.amazon.com/general/latest/gr/aws_tagging.html
const MaxTags = 50

var (
	tokenPattern = regexp.MustCompile(`^[!-~]{1,64}$`)
	tagPattern   = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
)

// Problems gathers everything that is wrong with a request of the AWS services
// with JSON, so that the caller learns of it in one go.
type Problems []Field

// Add notes what is wrong with a member.
func (p *Problems) Add(member, format string, args ...any) {
	*p = append(*p, Field{Name: member, Msg: fmt.Sprintf(format, args...)})
}

// Err is an Error of kind Invalid in AWS's words; nil if nothing is wrong.
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	plural := ""
	if len(p) > 1 {
		plural = "s"
	}
	msgs := make([]string, len(p))
	for i, f := range p {
		msgs[i] = fmt.Sprintf("Value at '%s' failed to satisfy constraint: %s", f.Name, f.Msg)
	}
	return &Error{Kind: Invalid, Fields: p,
		Msg: fmt.Sprintf("%d validation error%s detected: %s", len(p), plural, strings.Join(msgs, "; "))}
}

// CheckToken checks the clientToken that makes a request idempotent.
func (p *Problems) CheckToken(token *string) {
	if token != nil && !tokenPattern.MatchString(*token) {
		p.Add("clientToken", "Member must have 1 to 64 printable ASCII characters and no space")
	}
}

// CheckTags checks tags one by one, and that no more than fifty come together.
func (p *Problems) CheckTags(tags map[string]string) {
	if len(tags) > MaxTags {
		p.Add("tags", "Member must have at most %d entries", MaxTags)
		return
	}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		p.CheckTagKey("tags", k)
		if v := tags[k]; utf8.RuneCountInString(v) > 256 || !tagPattern.MatchString(v) {
			p.Add("tags", "The value of %q must have at most 256 letters, digits, blanks or _.:/=+-@", k)
		}
	}
}

// CheckTagKey checks one tag's key.
func (p *Problems) CheckTagKey(member, k string) {
	if n := utf8.RuneCountInString(k); n < 1 || n > 128 || !tagPattern.MatchString(k) {
		p.Add(member, "The key %q must have 1 to 128 letters, digits, blanks or _.:/=+-@", k)
	}
	if len(k) >= 4 && strings.EqualFold(k[:4], "aws:") {
		p.Add(member, "The key %q must not begin with aws:", k)
	}
}

// CheckAdded checks how many tags a resource has after some were added.
func (p *Problems) CheckAdded(have map[string]string) {
	if len(have) > MaxTags {
		p.Add("tags", "A resource can have at most %d tags; it would have %d", MaxTags, len(have))
	}
}

// CheckRange checks a number that may be absent.
func (p *Problems) CheckRange(member string, n *int, low, high int) {
	if n != nil && (*n < low || *n > high) {
		p.Add(member, "Member must be between %d and %d", low, high)
	}
}

// A page token is a version, eight bytes that tell which list it belongs to, and
// the key that the page ended at.
const (
	pageTokenVersion = "1"
	pageTokenHead    = len(pageTokenVersion) + 8
	maxPageToken     = 1000
)

// NextToken makes the token for the page after the one that ended at key. list
// tells the list with all its filters.
func NextToken(list, key string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(pageTokenVersion + listSum(list) + key))
}

func listSum(list string) string {
	sum := sha256.Sum256([]byte(list))
	return string(sum[:8])
}

// CheckNextToken returns the key that the page before ended at; "" for the first
// page, and for a token that is not of this list.
func (p *Problems) CheckNextToken(token *string, list string) (key string) {
	if token == nil || *token == "" {
		return ""
	}
	if len(*token) > maxPageToken {
		p.Add("nextToken", "Member must have at most %d characters", maxPageToken)
		return ""
	}
	buf, err := base64.RawURLEncoding.DecodeString(*token)
	if err != nil || len(buf) <= pageTokenHead || !strings.HasPrefix(string(buf), pageTokenVersion) {
		p.Add("nextToken", "Member must be a token that the page before was answered with")
		return ""
	}
	if string(buf[len(pageTokenVersion):pageTokenHead]) != listSum(list) {
		p.Add("nextToken", "The other parameters must be the same as for the page before")
		return ""
	}
	return string(buf[pageTokenHead:])
}
