package cloudwatch

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Each way of the SDK's chain leads to CloudWatch with the keys that are meant.
func TestWhoAsks(t *testing.T) {
	file := func(t *testing.T, text string) string {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const shared = "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = s\n\n[reader]\naws_access_key_id = AKIAREADER\naws_secret_access_key = s\naws_session_token = told\n"
	for name, c := range map[string]struct {
		env        func(t *testing.T) map[string]string
		key, token string
	}{
		"environment": {key: "test"},
		"default profile": {key: "AKIADEFAULT", env: func(t *testing.T) map[string]string {
			return map[string]string{"AWS_SHARED_CREDENTIALS_FILE": file(t, shared)}
		}},
		"profile": {key: "AKIAREADER", token: "told", env: func(t *testing.T) map[string]string {
			return map[string]string{"AWS_SHARED_CREDENTIALS_FILE": file(t, shared), "AWS_PROFILE": "reader"}
		}},
		"keys before any profile": {key: "AKIASEED", env: func(t *testing.T) map[string]string {
			return map[string]string{"AWS_SHARED_CREDENTIALS_FILE": file(t, "aws_region = us-east-1\naws_access_key_id = AKIASEED\naws_secret_access_key = s\n")}
		}},
		"profile with a role": {key: "ASIA", token: "of the profile", env: func(t *testing.T) map[string]string {
			return map[string]string{"AWS_SHARED_CREDENTIALS_FILE": file(t, shared), "AWS_PROFILE": "far",
				"AWS_CONFIG_FILE": file(t, "[profile far]\nrole_arn = arn:aws:iam::210987654321:role/r\nsource_profile = reader\nexternal_id = of the profile\n")}
		}},
		"web identity": {key: "ASIAWEB", token: "web", env: func(t *testing.T) map[string]string {
			return map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": file(t, "a.b.c"), "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/pod"}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			b := openBed(t)
			cw := newFake(t, b.now)
			if c.env != nil {
				t.Setenv("AWS_ACCESS_KEY_ID", "")
				t.Setenv("AWS_SECRET_ACCESS_KEY", "")
				for k, v := range c.env(t) {
					t.Setenv(k, v)
				}
			}
			f := b.feed(oneJob, 0)
			b.play(f, time.Second)
			if s := b.status(f); len(s.Problems) > 0 {
				t.Fatal(s.Problems)
			}
			b.check(3 * 10)
			if got := cw.askers["GetMetricData"]; got.key != c.key || got.token != c.token {
				t.Errorf("CloudWatch was asked by %+v, want %s with the token %q", got, c.key, c.token)
			}
			if web := cw.askers["AssumeRoleWithWebIdentity"]; name == "web identity" && (web.form.Get("WebIdentityToken") != "a.b.c" || web.key != "") {
				t.Errorf("the token went out as %+v", web)
			}
		})
	}
}

// An asker is who asked last for an action.
type asker struct {
	key, token string
	form       url.Values
}

// A role is assumed from the chain's keys, with its external id, in the region that
// is said; CloudWatch is asked as the role.
func TestRoleWithExternalID(t *testing.T) {
	b := openBed(t)
	cw := newFake(t, b.now)
	f := b.feed(strings.Replace(oneJob, "  metrics:", "  roles: [{roleArn: 'arn:aws:iam::123456789012:role/r', externalId: shared}]\n  metrics:", 1), 0)
	b.play(f, time.Second)
	b.check(3 * 10)
	if a := cw.askers["AssumeRole"]; a.key != "test" || a.form.Get("ExternalId") != "shared" || a.form.Get("RoleArn") != "arn:aws:iam::123456789012:role/r" {
		t.Errorf("the role was assumed as %+v", a)
	}
	if a := cw.askers["GetMetricData"]; a.key != "ASIA" || a.token != "shared" {
		t.Errorf("CloudWatch was asked by %+v, want the role", a)
	}
}

// FuzzParseCredentials checks that what is read was in the file.
func FuzzParseCredentials(f *testing.F) {
	f.Add("[default]\naws_access_key_id = AKIA\naws_secret_access_key = s\n", "default")
	f.Add("aws_access_key_id=A\r\naws_secret_access_key=b=c\r\n[x]\n", "default")
	f.Add("[profile x]\nAWS_ACCESS_KEY_ID = A\naws_secret_access_key\n# =\n[", "x")
	f.Fuzz(func(t *testing.T, text, profile string) {
		c, err := ParseCredentials(text, profile)
		if (c == nil) != (err != nil) {
			t.Fatalf("credentials %v with %v", c, err)
		}
		if c == nil {
			return
		}
		for _, v := range []string{c.AccessKeyID, c.Secret, c.Token, c.Region} {
			if !strings.Contains(text, v) || strings.ContainsAny(v, "\n") {
				t.Errorf("%q was made up", v)
			}
		}
	})
}
