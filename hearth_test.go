package hearth

import (
	"errors"
	"fmt"
	"testing"
)

func TestParseARN(t *testing.T) {
	for _, s := range []string{
		"arn:aws:aps:us-west-2:123456789012:workspace/ws-1",
		"arn:aws:iam::123456789012:role/a/b:c",
		"arn:aws-cn:sns:cn-north-1:123456789012:topic",
	} {
		a, err := ParseARN(s)
		if err != nil {
			t.Errorf("ParseARN(%q): %v", s, err)
		}
		if got := a.String(); got != s {
			t.Errorf("ParseARN(%q).String() = %q", s, got)
		}
	}
	for _, s := range []string{"", "arn", "arn:aws:aps", "arn:aws:aps:us-west-2:123456789012:", "urn:aws:aps:r:1:x", "arn::aps:r:1:x", "arn:aws::r:1:x"} {
		if a, err := ParseARN(s); KindOf(err) != Malformed {
			t.Errorf("ParseARN(%q) = %v, %v; want Malformed", s, a, err)
		}
	}
}

func FuzzParseARN(f *testing.F) {
	f.Add("arn:aws:aps:us-west-2:123456789012:workspace/ws-1")
	f.Fuzz(func(t *testing.T, s string) {
		if a, err := ParseARN(s); err == nil && a.String() != s {
			t.Errorf("ParseARN(%q).String() = %q", s, a.String())
		}
	})
}

func TestParseWorkspaceID(t *testing.T) {
	if id := NewWorkspaceID(); true {
		if got, ok := ParseWorkspaceID(string(id)); !ok || got != id {
			t.Errorf("ParseWorkspaceID(%q) = %q, %t", id, got, ok)
		}
	}
	for _, s := range []string{"", "None", "ws-", "../ws-00000000-0000-0000-0000-000000000000", "ws-00000000-0000-0000-0000-00000000000G", "ws-00000000-0000-0000-0000-000000000000/x", "WS-00000000-0000-0000-0000-000000000000"} {
		if _, ok := ParseWorkspaceID(s); ok {
			t.Errorf("ParseWorkspaceID(%q): accepted", s)
		}
	}
}

func TestKindOf(t *testing.T) {
	quota := &Error{Kind: Quota, Msg: "full"}
	for _, c := range []struct {
		err  error
		want Kind
	}{
		{errors.New("plain"), Internal},
		{quota, Quota},
		{fmt.Errorf("create: %w", quota), Quota},
		{&Error{Kind: Denied, Err: quota}, Denied},
	} {
		if got := KindOf(c.err); got != c.want {
			t.Errorf("KindOf(%v) = %d, want %d", c.err, got, c.want)
		}
	}
}

func TestLimitsOfStrictAreAWSs(t *testing.T) {
	l := LimitsOf(AWSStrict)
	if l.RequestBytes != 1_000_000 || l.MaxSampleAge.Hours() != 1 || l.QueryRange.Hours() != 95*24 || l.NativeHistogramBuckets != 200 {
		t.Errorf("aws-strict limits are not AWS's: %+v", l)
	}
	if l := LimitsOf(Local); l.MaxSampleAge != 0 || l.ActiveSeries != 0 || l.IngestRate != 0 {
		t.Errorf("local limits refuse what a laptop should take: %+v", l)
	}
}
