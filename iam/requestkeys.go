package iam

import (
	"strconv"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
)

// requestKeys are the condition keys of a request, made when they are asked for.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
type requestKeys struct {
	who     *caller
	access  *hearth.Access
	now     time.Time
	further Keys // of STS; nil if there are none
}

// Get answers the global keys, tags, and whatever came with the request.
func (k *requestKeys) Get(key string) ([]string, bool) {
	if k.further != nil {
		if got, ok := k.further.Get(key); ok {
			return got, true
		}
	}
	if family, tag, ok := strings.Cut(key, "/"); ok {
		return k.tag(family, tag)
	}
	if v, ok := k.principalKey(key); ok {
		return one(v)
	}
	if key == "aws:tagkeys" {
		return k.tagKeys()
	}
	if v, ok := k.requestKey(key); ok {
		return one(v)
	}
	for name, v := range k.access.Context {
		if strings.EqualFold(name, key) {
			return one(v)
		}
	}
	return nil, false
}

// one is a single value; an empty one is as good as none.
func one(v string) ([]string, bool) {
	if v == "" {
		return nil, false
	}
	return []string{v}, true
}

// principalKey answers keys about who asks; ok says that it is such a key.
func (k *requestKeys) principalKey(key string) (v string, ok bool) {
	switch key {
	case "aws:principalarn":
		return k.who.principalARN(), true
	case "aws:principalaccount":
		return string(k.who.Account), true
	case "aws:principaltype":
		return k.who.principalType(), true
	case "aws:userid":
		return k.who.userID, true
	case "aws:username":
		return k.who.userName(), true
	case "aws:sourceidentity", "aws:federatedprovider", "aws:tokenissuetime", "aws:multifactorauthpresent":
		return k.who.sessionKey(key), true
	case "aws:principalisawsservice":
		return strconv.FormatBool(k.who.Kind == Service), true
	}
	return "", false
}

func (k *requestKeys) requestKey(key string) (v string, ok bool) {
	a := k.access
	switch key {
	case "aws:sourceip":
		return a.SourceIP, true
	case "aws:useragent":
		return a.UserAgent, true
	case "aws:securetransport":
		return strconv.FormatBool(a.TLS), true
	case "aws:requestedregion":
		return string(a.Region), true
	case "aws:resourceaccount":
		return string(a.Resource.Account), true
	case "aws:currenttime":
		return k.time().UTC().Format(time.RFC3339), true
	case "aws:epochtime":
		return strconv.FormatInt(k.time().Unix(), 10), true
	case "aws:viaawsservice":
		return "false", true
	}
	return "", false
}

func (k *requestKeys) time() time.Time {
	if k.access.Time.IsZero() {
		return k.now
	}
	return k.access.Time
}

// tag answers aws:ResourceTag/NAME and its kin. NAME's case does not count.
func (k *requestKeys) tag(family, name string) ([]string, bool) {
	var tags map[string]string
	switch family {
	case "aws:resourcetag", "iam:resourcetag":
		tags = k.access.ResourceTags
	case "aws:requesttag":
		tags = k.access.RequestTags
	case "aws:principaltag":
		return k.who.tag(name)
	}
	return findTag(tags, name)
}

func findTag(tags map[string]string, name string) ([]string, bool) {
	for t, v := range tags {
		if strings.EqualFold(t, name) {
			return []string{v}, true
		}
	}
	return nil, false
}

func (k *requestKeys) tagKeys() ([]string, bool) {
	keys := append([]string(nil), k.access.TagKeys...)
	for t := range k.access.RequestTags {
		keys = append(keys, t)
	}
	return keys, len(keys) > 0
}
