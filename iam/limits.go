package iam

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hearth-metrics/hearth"
)

// How much of everything an account may have, whatever the profile.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const (
	maxTags           = 50
	maxVersions       = 5
	maxAccessKeys     = 2
	maxGroupsOfUser   = 10
	maxPolicySize     = 6144 // characters, blanks not counted
	maxClientIDs      = 100
	maxThumbprints    = 5
	maxProviders      = 100
	maxResourcePolicy = 20 << 10
)

// quotas are what AWS raises on request. The profile aws-strict has AWS's defaults,
// local what AWS raises them to.
type quotas struct {
	entities  map[EntityKind]int
	policies  int // managed policies of the account's own
	attached  int // managed policies of a user, group or role
	trustSize int // characters of a trust policy, blanks not counted
}

func quotasOf(p hearth.Profile) quotas {
	if p == hearth.AWSStrict {
		return quotas{entities: map[EntityKind]int{UserKind: 5000, GroupKind: 300, RoleKind: 1000}, policies: 1500, attached: 10, trustSize: 2048}
	}
	return quotas{entities: map[EntityKind]int{UserKind: 5000, GroupKind: 500, RoleKind: 5000}, policies: 5000, attached: 20, trustSize: 8192}
}

// maxInline is the size of an entity's inline policies together.
var maxInline = map[EntityKind]int{UserKind: 2048, GroupKind: 5120, RoleKind: 10240}

var (
	namePattern    = regexp.MustCompile(`^[\w+=,.@-]+$`)
	pathPattern    = regexp.MustCompile(`^/([\x21-\x7e]*/)?$`)
	aliasPattern   = regexp.MustCompile(`^[a-z0-9](-?[a-z0-9])+$`)
	externalID     = regexp.MustCompile(`^[\w+=,.@:/-]+$`)
	thumbprintForm = regexp.MustCompile(`^[0-9A-Fa-f]{40}$`)
)

// invalid is a member of a request that breaks a rule, in AWS's sentence.
func invalid(name, rule string) error {
	return &hearth.Error{Kind: hearth.Invalid, Fields: []hearth.Field{{Name: name, Msg: rule}},
		Msg: fmt.Sprintf("1 validation error detected: Value at '%s' failed to satisfy constraint: %s", name, rule)}
}

// checkName checks a name of at most longest characters.
func checkName(member, name string, longest int) error {
	switch {
	case len(name) > longest:
		return invalid(member, fmt.Sprintf("Member must have length less than or equal to %d", longest))
	case name == "" || !namePattern.MatchString(name):
		return invalid(member, `Member must satisfy regular expression pattern: [\w+=,.@-]+`)
	}
	return nil
}

func nameLength(kind EntityKind) int {
	if kind == GroupKind {
		return 128
	}
	return 64
}

// checkPath returns the path to use: / if none is given.
func checkPath(path string) (string, error) {
	switch {
	case path == "":
		return "/", nil
	case len(path) > 512 || !pathPattern.MatchString(path):
		return "", invalid("path", "The specified value is invalid. It must begin and end with / and contain only printable characters")
	}
	return path, nil
}

// checkTags checks tags that will stand beside others of an entity.
func checkTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return overQuota("The number of tags has reached the maximum limit: %d.", maxTags)
	}
	for k, v := range tags {
		switch {
		case k == "" || utf8.RuneCountInString(k) > 128 || !tagText(k):
			return invalid("tags.key", "Member must have 1 to 128 characters: letters, digits, blanks and _.:/=+-@")
		case utf8.RuneCountInString(v) > 256 || !tagText(v):
			return invalid("tags.value", "Member must have at most 256 characters: letters, digits, blanks and _.:/=+-@")
		case strings.HasPrefix(lower(k), "aws:"):
			return invalid("tags.key", "Member must not begin with aws:")
		}
	}
	return nil
}

func tagText(s string) bool {
	for _, c := range s {
		if !unicode.In(c, unicode.L, unicode.Z, unicode.N) && !strings.ContainsRune("_.:/=+-@", c) {
			return false
		}
	}
	return true
}

func checkDescription(s string) error {
	if utf8.RuneCountInString(s) > 1000 {
		return invalid("description", "Member must have length less than or equal to 1000")
	}
	return nil
}

// checkMaxSession returns the longest a role's sessions may last: an hour unless
// said otherwise.
func checkMaxSession(d time.Duration) (time.Duration, error) {
	switch {
	case d == 0:
		return time.Hour, nil
	case d < time.Hour || d > 12*time.Hour:
		return 0, invalid("maxSessionDuration", "Member must have value between 3600 and 43200")
	}
	return d, nil
}

// size is how AWS counts a document: without blanks.
func size(document string) int {
	n := 0
	for i := range len(document) {
		if strings.IndexByte(" \t\r\n", document[i]) < 0 {
			n++
		}
	}
	return n
}

// A Quota is how much of something there may be, by its name in GetAccountSummary.
type Quota struct {
	Name string
	Most int
}

// Quotas are the account's.
func (a *Account) Quotas() []Quota {
	q := &a.room.quotas
	return []Quota{
		{"UsersQuota", q.entities[UserKind]}, {"GroupsQuota", q.entities[GroupKind]}, {"RolesQuota", q.entities[RoleKind]}, {"PoliciesQuota", q.policies},
		{"AttachedPoliciesPerUserQuota", q.attached}, {"AttachedPoliciesPerGroupQuota", q.attached}, {"AttachedPoliciesPerRoleQuota", q.attached},
		{"AssumeRolePolicySizeQuota", q.trustSize}, {"UserPolicySizeQuota", maxInline[UserKind]}, {"GroupPolicySizeQuota", maxInline[GroupKind]}, {"RolePolicySizeQuota", maxInline[RoleKind]},
		{"AccessKeysPerUserQuota", maxAccessKeys}, {"VersionsPerPolicyQuota", maxVersions}, {"PolicySizeQuota", maxPolicySize}, {"GroupsPerUserQuota", maxGroupsOfUser},
	}
}
