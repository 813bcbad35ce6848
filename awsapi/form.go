package awsapi

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
)

// maxMembers bounds a list in a form.
const maxMembers = 2000

// field is a member of a query-protocol form; empty if it is not given.
func (r *request) field(name string) string { return r.form.Get(name) }

// optional is a member that may be absent.
func (r *request) optional(name string) *string {
	v, ok := r.form[name]
	if !ok || len(v) == 0 {
		return nil
	}
	return &v[0]
}

// required fails for members that must be there, in AWS's words.
func (r *request) required(names ...string) error {
	for _, name := range names {
		if r.field(name) == "" {
			member := strings.ToLower(name[:1]) + name[1:]
			return &hearth.Error{Kind: hearth.Invalid, Fields: []hearth.Field{{Name: member, Msg: "must not be null"}},
				Msg: fmt.Sprintf("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", member)}
		}
	}
	return nil
}

func memberAt(name string, i int) string { return name + ".member." + strconv.Itoa(i) }

// listed is a list: NAME.member.1 and so on.
func (r *request) listed(name string) []string {
	var out []string
	for i := 1; i <= maxMembers; i++ {
		v, ok := r.form[memberAt(name, i)]
		if !ok {
			return out
		}
		out = append(out, v[0])
	}
	return out
}

// tagged is a list of tags: NAME.member.1.Key and .Value. A key that is given
// twice is refused.
func (r *request) tagged(name string) (map[string]string, error) {
	tags := map[string]string{}
	for i := 1; i <= maxMembers; i++ {
		at := memberAt(name, i)
		key, ok := r.form[at+".Key"]
		if !ok {
			break
		}
		for have := range tags {
			if strings.EqualFold(have, key[0]) {
				return nil, &hearth.Error{Kind: hearth.Invalid, Type: "input",
					Msg: "Duplicate tag keys found. Please note that Tag keys are case insensitive."}
			}
		}
		tags[key[0]] = r.field(at + ".Value")
	}
	return tags, nil
}

// whole is a whole number; 0 if it is not given.
func (r *request) whole(name string) (int, error) {
	v := r.field(name)
	if v == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		return 0, &hearth.Error{Kind: hearth.Malformed, Msg: name + " must be a whole number"}
	}
	return n, nil
}

// seconds is a duration in seconds; 0 if it is not given.
func (r *request) seconds(name string) (time.Duration, error) {
	n, err := r.whole(name)
	if n > 1<<30 || n < -(1<<30) {
		return 0, invalidField(name, "is out of range")
	}
	if n == 0 && r.field(name) != "" {
		n = -1 // zero was asked for, and is too short
	}
	return time.Duration(n) * time.Second, err
}

func (r *request) yes(name string) bool { return strings.EqualFold(r.field(name), "true") }

// members is a list in an answer: it is there even if it is empty.
type memberList[T any] struct {
	Member []T `xml:"member"`
}

func memberListOf[T, U any](in []T, shape func(T) U) memberList[U] {
	out := memberList[U]{Member: make([]U, 0, len(in))}
	for _, v := range in {
		out.Member = append(out.Member, shape(v))
	}
	return out
}

// pageOf cuts the page out of a list that Marker and MaxItems ask for. The list
// is in order of key.
func pageOf[T any](r *request, all []T, key func(T) string) ([]T, pageShape, error) {
	size, err := r.whole("MaxItems")
	switch {
	case err != nil:
		return nil, pageShape{}, err
	case size < 0 || size > 1000 || size == 0 && r.field("MaxItems") != "":
		return nil, pageShape{}, invalidField("maxItems", "Member must have value between 1 and 1000")
	case size == 0:
		size = 100
	}
	if marker := r.field("Marker"); marker != "" {
		after, err := base64.RawURLEncoding.DecodeString(marker)
		if err != nil {
			return nil, pageShape{}, invalidField("marker", "Invalid Marker.")
		}
		for len(all) > 0 && key(all[0]) <= string(after) {
			all = all[1:]
		}
	}
	if len(all) <= size {
		return all, pageShape{}, nil
	}
	next := base64.RawURLEncoding.EncodeToString([]byte(key(all[size-1])))
	return all[:size], pageShape{IsTruncated: true, Marker: next}, nil
}

type pageShape struct {
	IsTruncated bool
	Marker      string `xml:",omitempty"`
}

// stamp is a time as the query protocol has it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// escaped is a policy document as IAM answers it: percent-encoded.
func escaped(document string) string {
	return strings.ReplaceAll(url.QueryEscape(document), "+", "%20")
}
