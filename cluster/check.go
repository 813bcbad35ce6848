package cluster

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hearth-metrics/hearth"
)

var (
	clusterName = regexp.MustCompile(`^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$`)
	regionName  = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	rolePattern = regexp.MustCompile(`^arn:aws[-a-z]*:iam::[0-9]{12}:role/.{1,200}$`)
	tagPattern  = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
)

// The quotas of an account and region.
// https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html
const (
	maxClusters       = 1000
	maxClustersStrict = 10 // registered ones, as AWS has it
	maxTags           = 50
)

// connectors are the providers of the model.
var connectors = []string{"EKS_ANYWHERE", "ANTHOS", "GKE", "AKS", "OPENSHIFT", "TANZU", "RANCHER", "EC2", "OTHER"}

func unfit(field, format string, args ...any) error {
	msg := fmt.Sprintf(format, args...)
	return &hearth.Error{Kind: hearth.Invalid, Msg: field + ": " + msg, Fields: []hearth.Field{{Name: field, Msg: msg}}}
}

func checkName(c hearth.Caller, name string) error {
	switch {
	case !clusterName.MatchString(name):
		return unfit("name", "A cluster's name has 1 to 100 letters, digits, - and _, and begins with a letter or a digit")
	case !regionName.MatchString(string(c.Region)):
		return unfit("region", "%q is not a region's name", clip(string(c.Region)))
	}
	return nil
}

func checkTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return unfit("tags", "A resource can have at most %d tags", maxTags)
	}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		switch v := tags[k]; {
		case k == "" || utf8.RuneCountInString(k) > 128 || !tagPattern.MatchString(k):
			return unfit("tags", "The key %q must have 1 to 128 letters, digits, blanks or _.:/=+-@", clip(k))
		case strings.HasPrefix(strings.ToLower(k), "aws:"):
			return unfit("tags", "The key %q must not begin with aws:", clip(k))
		case utf8.RuneCountInString(v) > 256 || !tagPattern.MatchString(v):
			return unfit("tags", "The value of %q must have at most 256 letters, digits, blanks or _.:/=+-@", clip(k))
		}
	}
	return nil
}

// checkIssuer takes what an identity provider can be made of.
func checkIssuer(issuer string) error {
	u, err := url.Parse(issuer)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || len(issuer) > 255 {
		return unfit("oidcIssuer", "An issuer is https://HOST/PATH without a query")
	}
	return nil
}
