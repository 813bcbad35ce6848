package iam

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/hearth-metrics/hearth"
)

// FuzzPolicy: whatever the document, reading it ends in a Malformed or in a
// policy whose two ways of evaluation agree.
func FuzzPolicy(f *testing.F) {
	f.Add(0, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"aps:*","Resource":"arn:aws:aps:*:*:workspace/${aws:username}*","Condition":{"ForAllValues:StringLikeIfExists":{"aws:TagKeys":["a*","${x, 'y'}"]}}}]}`, "aps:QueryMetrics", "workspace/ws-1", "alice")
	f.Add(1, `{"Statement":{"Effect":"Deny","NotPrincipal":{"AWS":"111111111111"},"Action":"sts:AssumeRole"}}`, "sts:AssumeRole", "role/x", "a")
	f.Add(2, `{"Statement":{"Effect":"Allow","Principal":"*","NotAction":"a:b","NotResource":"arn:aws:s3","Condition":{"DateLessThan":{"a":"2026"},"Null":{"b":true},"IpAddress":{"c":"::/0"}}}}`, "a:c", "é", "::ffff:1.2.3.4")
	f.Fuzz(func(t *testing.T, kind int, doc, action, resource, value string) {
		p, err := Parse(PolicyKind(kind&3%3), doc)
		if err != nil {
			if hearth.KindOf(err) != hearth.Malformed {
				t.Fatalf("Parse(%q): %v is not Malformed", doc, err)
			}
			return
		}
		q := &Question{
			Who: cast["alice"], Action: action, Keys: everything(value),
			Resource: hearth.ARN{Partition: "aws", Service: "aps", Account: "111111111111", Resource: resource},
		}
		ps := &Policies{Identity: []Source{{Name: "p", Policy: p}}}
		d := Explain(q, ps)
		applied := false
		for _, s := range d.Trace {
			applied = applied || s.Applies
			if s.Applies != s.Statement.applies(q) {
				t.Fatalf("the trace of %s disagrees with its evaluation", s)
			}
			if s.Applies && !s.Statement.Allow && d.Allowed {
				t.Fatalf("%s denies, and yet it is allowed", s)
			}
		}
		if d.Allowed && !applied {
			t.Fatalf("allowed, though no statement of %q applies", doc)
		}
	})
}

// everything is Keys in which each key has the same value.
type everything string

func (e everything) Get(string) ([]string, bool) { return []string{string(e)}, true }

// FuzzGlob: the patient and the bounded matcher agree.
func FuzzGlob(f *testing.F) {
	f.Add("a*b?c", "aXXbYc")
	f.Add("*é?*", "caféx")
	f.Add("**?", "")
	f.Fuzz(func(t *testing.T, p, s string) {
		if !utf8.ValidString(p) || !utf8.ValidString(s) || len(p)*len(s) > 1<<16 {
			return
		}
		p = compileText(p, true)
		if a, b := globSimple(p, s, false), globBounded(p, s); a != b {
			t.Errorf("pattern %q, text %q: simple %v, bounded %v", p, s, a, b)
		}
	})
}

func TestWildcardsOfAnyDepthAreQuick(t *testing.T) {
	for name, p := range map[string]string{
		"many stars":          strings.Repeat("*a", 1500),
		"star and long tail":  "*" + strings.Repeat("a", 3000) + "b",
		"stars and questions": strings.Repeat("*?", 1500),
		"nearly":              strings.Repeat("*a?", 1000) + "b",
	} {
		t.Run(name, func(t *testing.T) {
			pattern, err := newPattern(p, true, true)
			if err != nil {
				t.Fatal(err)
			}
			value := strings.Repeat("a", 2000)
			best := time.Hour
			for range 5 {
				began := time.Now()
				pattern.match(value, nothing)
				best = min(best, time.Since(began))
			}
			if best > 5*time.Millisecond {
				t.Errorf("3 KiB of wildcards against 2 KB took %s", best)
			}
			t.Log(best)
		})
	}
}

func TestDocumentsThatAreTooMuch(t *testing.T) {
	for name, doc := range map[string]string{
		"too long": strings.Repeat(" ", maxDocument+1),
		"too deep": strings.Repeat("[", 100_000) + strings.Repeat("]", 10),
		"only nul": "\x00\x00",
		"two":      `{} {}`,
		"nothing":  "",
	} {
		if _, err := Parse(IdentityPolicy, doc); hearth.KindOf(err) != hearth.Malformed {
			t.Errorf("%s: got %v, want a Malformed", name, err)
		}
	}
}

func BenchmarkEvaluate(b *testing.B) {
	identity := parse(b, IdentityPolicy, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["aps:RemoteWrite","aps:GetSeries","aps:GetLabels"],"Resource":"arn:aws:aps:*:111111111111:workspace/*"}]}`)
	conditions := parse(b, IdentityPolicy, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"aps:*","Resource":"arn:aws:aps:*:*:workspace/${aws:PrincipalTag/team}-*","Condition":{"StringEquals":{"aws:ResourceTag/team":"${aws:PrincipalTag/team}"},"IpAddress":{"aws:SourceIp":["10.0.0.0/8","192.168.0.0/16"]},"DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"}}},{"Effect":"Deny","Action":"aps:Delete*","Resource":"*"}]}`)
	q := &Question{
		Who: cast["session"], Action: "aps:RemoteWrite",
		Resource: hearth.ARN{Partition: "aws", Service: "aps", Region: "eu-west-1", Account: "111111111111", Resource: "workspace/red-9b2d5f0e-1111-4222-8333-444455556666"},
		Keys:     Values{"aws:principaltag/team": {"red"}, "aws:resourcetag/team": {"red"}, "aws:sourceip": {"10.1.2.3"}, "aws:currenttime": {"2026-11-21T12:00:00Z"}},
	}
	for name, p := range map[string]*Policies{
		"ingest":     {Identity: []Source{{Policy: identity}}},
		"conditions": {Identity: []Source{{Policy: conditions}}, Boundary: []Source{{Policy: identity}}},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !Evaluate(q, p).Allowed {
					b.Fatal("denied")
				}
			}
		})
	}
}

func parse(t testing.TB, kind PolicyKind, doc string) *Policy {
	t.Helper()
	p, err := Parse(kind, doc)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// FuzzTokens: whatever is offered as a session token, an identity token or a
// bearer token proves nothing and breaks nothing.
func FuzzTokens(f *testing.F) {
	f.Add("ASIAX", "AQAA")
	f.Add("test", "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJodHRwczovL2V4YW1wbGUub3JnIn0.AA")
	f.Add("", "hearth_ABIA_secret")
	h := newHouse(f)
	f.Fuzz(func(t *testing.T, id, token string) {
		if _, _, err := h.Secret(t.Context(), id, token); err == nil && (token != "" || id != "test" && id != "AKIAOTHERROOT0000000") {
			t.Errorf("Secret(%q, %q) found somebody", id, token)
		}
		if _, err := h.Bearer(t.Context(), token); err == nil {
			t.Errorf("Bearer(%q) found somebody", token)
		}
		if _, _, err := h.verifyToken(t.Context(), own, token); err == nil || hearth.KindOf(err) == hearth.Internal {
			t.Errorf("verifyToken(%q): %v", token, err)
		}
	})
}
