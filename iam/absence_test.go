package iam

import "testing"

func TestAbsentKeys(t *testing.T) {
	for key, want := range map[string]string{
		"aws:ResourceTag/team":  "StringEquals aws:ResourceTag/team [red] fails: the resource has no tag team",
		"aws:principaltag/team": "StringEquals aws:principaltag/team [red] fails: the caller has no tag team",
		"aws:RequestTag/team":   "StringEquals aws:RequestTag/team [red] fails: the request gives no tag team",
		"aws:SourceArn":         "StringEquals aws:SourceArn [red] fails: it is not in the request",
	} {
		if got := (ConditionTrace{Operator: "StringEquals", Key: key, Want: []string{"red"}}).String(); got != want {
			t.Errorf("%s", got)
		}
	}
}
