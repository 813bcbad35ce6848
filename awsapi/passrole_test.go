package awsapi

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hearth-metrics/hearth/iam"
)

// takeRoles are the operations whose input names roles for a service to act as.
var takeRoles = map[string]string{
	"aps:CreateScraper": "aps.amazonaws.com", "aps:UpdateScraper": "aps.amazonaws.com",
	"grafana:CreateWorkspace": "grafana.amazonaws.com", "grafana:UpdateWorkspace": "grafana.amazonaws.com",
}

// A row of an operation that takes a role asks for iam:PassRole.
func TestRowsThatTakeRolesAsk(t *testing.T) {
	d := openDoor(t, nil)
	for _, rows := range d.tables() {
		for _, r := range rows {
			if to, ok := takeRoles[r.action]; ok && (r.passing.to != to || len(r.passing.members) == 0) {
				t.Errorf("%s hands roles to %q, want %s: give the row .passes(%q, MEMBER…)", r.action, r.passing.to, to, to)
			}
		}
	}
}

// passers is a door with users who may create scrapers, some of whom may pass roles.
func passers(t *testing.T) (*door, map[string]person) {
	t.Helper()
	d, _ := storytellers(t)
	a := d.opts.IAM.Account(alice.account)
	role := `"Resource":"arn:aws:iam::` + string(alice.account) + `:role/scrape-*"`
	people := map[string]person{}
	for name, pass := range map[string]string{
		"creator": ``,
		"passer":  `,{"Effect":"Allow","Action":"iam:PassRole",` + role + `,"Condition":{"StringEquals":{"iam:PassedToService":"aps.amazonaws.com"}}}`,
		"other":   `,{"Effect":"Allow","Action":"iam:PassRole",` + role + `,"Condition":{"StringEquals":{"iam:PassedToService":"grafana.amazonaws.com"}}}`,
		"tagged":  `,{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:ResourceTag/use":"scrape"}}}`,
	} {
		people[name] = personWith(t, d, a, name, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"aps:*","Resource":"*"}`+pass+`]}`)
	}
	trust := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"aps.amazonaws.com"},"Action":"sts:AssumeRole"}}`
	if _, err := a.Create(t.Context(), iam.RoleKind, iam.EntityInput{Name: "by-tag", Trust: trust, Tags: map[string]string{"use": "scrape"}}); err != nil {
		t.Fatal(err)
	}
	return d, people
}

func personWith(t testing.TB, d *door, a *iam.Account, name, policy string) person {
	t.Helper()
	if _, err := a.Create(t.Context(), iam.UserKind, iam.EntityInput{Name: name}); err != nil {
		t.Fatal(err)
	}
	if err := a.PutInline(t.Context(), iam.UserKind, name, "policy", policy); err != nil {
		t.Fatal(err)
	}
	k, secret, err := a.CreateAccessKey(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return person{key: k.ID, secret: secret, account: alice.account}
}

// Whoever hands a role to a service must be allowed to, however the member is
// spelt.
func TestPassRole(t *testing.T) {
	d, people := passers(t)
	made := 0
	served := row{method: "POST", path: "/scrapers", code: 202, action: "aps:CreateScraper", on: account,
		serve: func(context.Context, *request) (any, error) { made++; return struct{}{}, nil }}.
		passes("aps.amazonaws.com", "roleConfiguration.sourceRoleArn", "roleConfiguration.targetRoleArn")
	svc := d.services["aps"]
	serve := func(r row) { svc.router = newRouter([]*row{&r}) }
	away := "arn:aws:iam::" + string(bob.account) + ":role/"
	scrape := "arn:aws:iam::" + string(alice.account) + ":role/scrape-1"
	tagged := strings.Replace(scrape, "scrape-1", "by-tag", 1)
	body := func(role string) string { return `{"roleConfiguration":{"sourceRoleArn":"` + role + `"}}` }
	cases := []struct {
		who, name, body string
		abroad          bool
		want            int
		says            string
	}{
		{"creator", "no role, nothing to pass", `{}`, false, 202, ""},
		{"creator", "a role it may not pass", body(scrape), false, 403, "is not authorized to perform: iam:PassRole on resource: " + scrape},
		{"passer", "a role it may pass", body(scrape), false, 202, ""},
		{"passer", "another role", body(tagged), false, 403, "iam:PassRole"},
		{"other", "another service", body(scrape), false, 403, "iam:PassRole"},
		{"tagged", "by the role's tag", body(tagged), false, 202, ""},
		{"tagged", "by a tag the role lacks", body(scrape), false, 403, "iam:PassRole"},
		{"creator", "in other letters", `{"ROLEconfiguration":{"SourceRoleARN":"` + scrape + `"}}`, false, 403, "iam:PassRole"},
		{"creator", "escaped", `{"roleConfiguration":{"sourceRoleAr\u006e":"` + scrape + `"}}`, false, 403, "iam:PassRole"},
		{"creator", "hidden by a second member", `{"roleConfiguration":{"sourceRoleArn":"` + scrape + `"},"roleConfiguration":{"targetRoleArn":""}}`, false, 403, "iam:PassRole"},
		{"passer", "two roles, one of which it may", `{"roleConfiguration":{"sourceRoleArn":"` + scrape + `","targetRoleArn":"` + tagged + `"}}`, false, 403, "role/by-tag"},
		{"passer", "of another account", body(away + "scrape-1"), false, 403, "Cross-account pass role is not allowed."},
		{"creator", "of another account, which decides itself", body(away + "scrape-1"), true, 202, ""},
		{"creator", "its own is asked about there, too", body(scrape), true, 403, "iam:PassRole"},
		{"creator", "no ARN: for the handler to say", body("nothing"), false, 202, ""},
		{"creator", "no object: for the handler to say", `[1]`, false, 202, ""},
	}
	for _, c := range cases {
		t.Run(c.who+"/"+c.name, func(t *testing.T) {
			r := served
			if c.abroad {
				r = r.alsoAbroad()
			}
			serve(r)
			before, by := made, people[c.who]
			status, text := d.say(ask{by: &by, method: "POST", url: "/scrapers", body: c.body})
			if status != c.want || !strings.Contains(text, c.says) {
				t.Errorf("%d %s, want %d %s", status, text, c.want, c.says)
			}
			if (made > before) != (c.want == http.StatusAccepted) {
				t.Errorf("the handler was reached: %v", made > before)
			}
		})
	}
}

// FuzzTextsAt checks that no role encoding/json would read goes unasked.
func FuzzTextsAt(f *testing.F) {
	for _, s := range []string{
		`{"roleConfiguration":{"sourceRoleArn":"a"}}`, `{"RoleConfiguration":{"ſourceRoleArn":"a"}}`, `{"roleConfiguration":{"sourceRoleArn":"a"},"roleconfiguration":{"sourceRoleArn":"b"}}`,
		`{"roleConfiguration":null}`, `[]`, `{"roleConfiguration":{"sourceRoleArn":{}}}`, "{\"roleConfiguration\":{\"sourceRoleArn\":\"\xff\"}}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var in struct {
			RoleConfiguration struct {
				SourceRoleARN string `json:"sourceRoleArn"`
			} `json:"roleConfiguration"`
		}
		if json.Unmarshal(data, &in) != nil || in.RoleConfiguration.SourceRoleARN == "" {
			return
		}
		if got := textsAt(data, []string{"roleConfiguration", "sourceRoleArn"}); !slices.Contains(got, in.RoleConfiguration.SourceRoleARN) {
			t.Errorf("%s: asked about %q, used %q", data, got, in.RoleConfiguration.SourceRoleARN)
		}
	})
}
