package workspace

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hearth-metrics/hearth"
)

// members are the names of the fields an Invalid error blames.
func members(e *hearth.Error) []string {
	var names []string
	for _, f := range e.Fields {
		names = append(names, f.Name)
	}
	return names
}

func tags(n int) map[string]string {
	m := map[string]string{}
	for i := range n {
		m[fmt.Sprintf("key-%d", i)] = "value"
	}
	return m
}

func TestCreateAccepts(t *testing.T) {
	f := newFixture(t, nil)
	for name, c := range map[string]struct {
		in    CreateInput
		alias string
	}{
		"nothing":                  {CreateInput{}, ""},
		"one character":            {CreateInput{Alias: ptr("a")}, "a"},
		"100 characters":           {CreateInput{Alias: ptr(strings.Repeat("a", 100))}, strings.Repeat("a", 100)},
		"100 characters of 4 byte": {CreateInput{Alias: ptr(strings.Repeat("😀", 100))}, strings.Repeat("😀", 100)},
		"blanks around":            {CreateInput{Alias: ptr("  my kitchen\t\n")}, "my kitchen"},
		"100 and blanks":           {CreateInput{Alias: ptr(" " + strings.Repeat("a", 100) + " ")}, strings.Repeat("a", 100)},
		"50 tags":                  {CreateInput{Tags: tags(50)}, ""},
		"no tags":                  {CreateInput{Tags: map[string]string{}}, ""},
		"odd tags":                 {CreateInput{Tags: map[string]string{"日本 _.:/=+-@": "é 1", strings.Repeat("k", 128): strings.Repeat("v", 256), "empty": "", "awsome": "aws:ok"}}, ""},
		"shortest token":           {CreateInput{Token: ptr("!")}, ""},
		"longest token":            {CreateInput{Token: ptr(strings.Repeat("~", 64))}, ""},
	} {
		d, err := f.Create(me(t), c.in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d.Alias != c.alias || d.Status != hearth.Creating || d.CreatedAt.Before(start) {
			t.Errorf("%s: alias %q, %s, made %s", name, d.Alias, d.Status, d.CreatedAt)
		}
		if diff := cmp.Diff(len(c.in.Tags), len(d.Tags)); diff != "" {
			t.Errorf("%s: tags (-want +got):\n%s", name, diff)
		}
		if _, ok := hearth.ParseWorkspaceID(string(d.ID)); !ok {
			t.Errorf("%s: id %q", name, d.ID)
		}
		if want := "arn:aws:aps:us-east-1:000000000000:workspace/" + string(d.ID); d.ARN().String() != want {
			t.Errorf("%s: ARN %s; want %s", name, d.ARN(), want)
		}
	}
}

func TestCreateRefuses(t *testing.T) {
	f := newFixture(t, nil)
	for name, c := range map[string]struct {
		in     CreateInput
		member string
	}{
		"empty alias":         {CreateInput{Alias: ptr("")}, "alias"},
		"blank alias":         {CreateInput{Alias: ptr(" \t ")}, "alias"},
		"101 characters":      {CreateInput{Alias: ptr(strings.Repeat("a", 101))}, "alias"},
		"control character":   {CreateInput{Alias: ptr("a\x1b[2Jb")}, "alias"},
		"alias not UTF-8":     {CreateInput{Alias: ptr("a\xff")}, "alias"},
		"51 tags":             {CreateInput{Tags: tags(51)}, "tags"},
		"empty tag key":       {CreateInput{Tags: map[string]string{"": "v"}}, "tags"},
		"long tag key":        {CreateInput{Tags: map[string]string{strings.Repeat("k", 129): "v"}}, "tags"},
		"long tag value":      {CreateInput{Tags: map[string]string{"k": strings.Repeat("v", 257)}}, "tags"},
		"odd tag key":         {CreateInput{Tags: map[string]string{"a;b": "v"}}, "tags"},
		"odd tag value":       {CreateInput{Tags: map[string]string{"k": "a\nb"}}, "tags"},
		"tag value not UTF-8": {CreateInput{Tags: map[string]string{"k": "\xff"}}, "tags"},
		"aws: tag":            {CreateInput{Tags: map[string]string{"aws:k": "v"}}, "tags"},
		"AWS: tag":            {CreateInput{Tags: map[string]string{"AWS:k": "v"}}, "tags"},
		"empty token":         {CreateInput{Token: ptr("")}, "clientToken"},
		"long token":          {CreateInput{Token: ptr(strings.Repeat("t", 65))}, "clientToken"},
		"token with a space":  {CreateInput{Token: ptr("a b")}, "clientToken"},
		"token not ASCII":     {CreateInput{Token: ptr("é")}, "clientToken"},
		"no key ARN":          {CreateInput{KMSKeyARN: ptr("arn:aws:kms:us-east-1:1:key/a")}, "kmsKeyArn"},
		"short key ARN":       {CreateInput{KMSKeyARN: ptr("")}, "kmsKeyArn"},
		"long key ARN":        {CreateInput{KMSKeyARN: ptr("arn:aws:kms:us-east-1:000000000000:key/" + strings.Repeat("a", 2048))}, "kmsKeyArn"},
		"a good key ARN":      {CreateInput{KMSKeyARN: ptr("arn:aws:kms:us-east-1:000000000000:key/0123-abcd")}, "kmsKeyArn"},
	} {
		_, err := f.Create(me(t), c.in)
		e := wantKind(t, name, err, hearth.Invalid)
		if diff := cmp.Diff([]string{c.member}, members(e)); diff != "" {
			t.Errorf("%s: members blamed (-want +got):\n%s", name, diff)
		}
		if !strings.HasPrefix(e.Msg, "1 validation error detected: Value at '"+c.member+"'") {
			t.Errorf("%s: %q", name, e.Msg)
		}
	}
	_, err := f.Create(me(t), CreateInput{Alias: ptr(""), Token: ptr(""), Tags: tags(51)})
	if e := wantKind(t, "three mistakes", err, hearth.Invalid); len(e.Fields) != 3 || !strings.HasPrefix(e.Msg, "3 validation errors detected: ") {
		t.Errorf("three mistakes: %q", e.Msg)
	}
	if page, err := f.List(me(t), ListInput{}); err != nil || len(page.Workspaces) != 0 {
		t.Errorf("a refused request made something: %v, %v", page, err)
	}
	if got := f.events.take(); len(got) != 0 {
		t.Errorf("a refused request is in the ledger as a change: %v", got)
	}
}

func TestCreateNeedsCaller(t *testing.T) {
	f := newFixture(t, nil)
	if _, err := f.Create(t.Context(), CreateInput{}); err == nil || hearth.KindOf(err) != hearth.Internal {
		t.Errorf("Create without a caller: %v", err)
	}
}

func TestCreateQuota(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.Profile = hearth.AWSStrict })
	var last Description
	for range maxWorkspaces {
		last = f.active(t, me(t), "a")
	}
	_, err := f.Create(me(t), CreateInput{})
	e := wantKind(t, "the 26th", err, hearth.Quota)
	if e.Quota != "L-8873DB23" || e.Msg != "Limit exceeded. Maximum workspaces per account." {
		t.Errorf("the 26th: quota %q, %q", e.Quota, e.Msg)
	}
	f.create(t, as(t, "000000000000", "us-east-10"), "another region")
	f.create(t, as(t, "000000000001", "us-east-1"), "another account")
	f.run(t)
	if err := f.Delete(me(t), last.ID, nil); err != nil {
		t.Fatal(err)
	}
	await(t, "the workspace to be gone", func() bool { return f.status(t, last.ID) == "gone" })
	f.create(t, me(t), "room again")

	f = newFixture(t, nil)
	for range maxWorkspaces + 1 {
		f.create(t, me(t), "profile local has no quota")
	}
}

func TestCreateOnce(t *testing.T) {
	f := newFixture(t, nil)
	in := CreateInput{Alias: ptr("a"), Tags: map[string]string{"k": "v", "l": "w"}, Token: ptr("token")}
	first, err := f.Create(me(t), in)
	if err != nil {
		t.Fatal(err)
	}
	f.step(t)
	f.restart(t)
	again, err := f.Create(me(t), in)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("the same request again (-want +got):\n%s", diff)
	}
	if got := len(f.events.take()); got != 1 {
		t.Errorf("%d events; want one", got)
	}
	_, err = f.Create(me(t), CreateInput{Alias: ptr("b"), Token: ptr("token")})
	wantKind(t, "the token for another request", err, hearth.Conflict)
	for name, ctx := range map[string]hearth.Caller{
		"another region":  {Account: "000000000000", Region: "eu-west-1"},
		"another account": {Account: "000000000001", Region: "us-east-1"},
	} {
		if d, err := f.Create(hearth.WithCaller(t.Context(), ctx), in); err != nil || d.ID == first.ID {
			t.Errorf("%s with the same token: %s, %v; want a new workspace", name, d.ID, err)
		}
	}
	f.clock.advance(tokenWindow)
	if d, err := f.Create(me(t), in); err != nil || d.ID == first.ID {
		t.Errorf("the token after its window: %s, %v; want a new workspace", d.ID, err)
	}
}

func TestDescribeRefusesStrangers(t *testing.T) {
	f := newFixture(t, nil)
	d := f.active(t, me(t), "a")
	for name, id := range map[string]hearth.WorkspaceID{
		"the text None":  "None",
		"another id":     hearth.NewWorkspaceID(),
		"path traversal": "../../etc/passwd",
		"64 characters":  hearth.WorkspaceID(strings.Repeat("w", 64)),
	} {
		_, err := f.Describe(me(t), id)
		if e := wantKind(t, name, err, hearth.NotFound); e.Resource != string(id) || e.Type != resourceType {
			t.Errorf("%s: about %q, type %q", name, e.Resource, e.Type)
		}
	}
	for name, id := range map[string]hearth.WorkspaceID{
		"empty": "", "65 characters": hearth.WorkspaceID(strings.Repeat("w", 65)), "no letter or digit": "...---",
	} {
		_, err := f.Describe(me(t), id)
		wantKind(t, name, err, hearth.Invalid)
	}
	for name, ctx := range strangers(t) {
		_, err := f.Describe(ctx, d.ID)
		wantKind(t, "Describe from "+name, err, hearth.NotFound)
		_, err = f.Configuration(ctx, d.ID)
		wantKind(t, "Configuration from "+name, err, hearth.NotFound)
		_, err = f.UpdateConfiguration(ctx, d.ID, ConfigurationInput{RetentionDays: ptr(1)})
		wantKind(t, "UpdateConfiguration from "+name, err, hearth.NotFound)
		wantKind(t, "SetAlias from "+name, f.SetAlias(ctx, d.ID, AliasInput{Alias: ptr("b")}), hearth.NotFound)
		wantKind(t, "Delete from "+name, f.Delete(ctx, d.ID, nil), hearth.NotFound)
		wantKind(t, "Tag from "+name, f.Tag(ctx, d.ARN(), map[string]string{"k": "v"}), hearth.NotFound)
		wantKind(t, "Untag from "+name, f.Untag(ctx, d.ARN(), []string{"k"}), hearth.NotFound)
		_, err = f.Tags(ctx, d.ARN())
		wantKind(t, "Tags from "+name, err, hearth.NotFound)
		page, err := f.List(ctx, ListInput{})
		if err != nil || len(page.Workspaces) != 0 {
			t.Errorf("List from %s: %v, %v", name, page, err)
		}
	}
	if got, err := f.Describe(me(t), d.ID); err != nil || got.Alias != "a" || got.Status != hearth.Active {
		t.Errorf("afterwards: %+v, %v", got, err)
	}
}

func TestEnsure(t *testing.T) {
	f := newFixture(t, nil)
	caller := hearth.Caller{Account: "000000000000", Region: "us-east-1"}
	ensure := func() Description {
		t.Helper()
		d, err := f.Ensure(t.Context(), caller, "demo")
		if err != nil {
			t.Fatalf("Ensure: %v", err)
		}
		return d
	}
	f.create(t, me(t), "demo-2")
	f.create(t, as(t, "000000000000", "eu-west-1"), "demo")
	d := ensure()
	if d.Alias != "demo" || d.Account != caller.Account || d.Region != caller.Region {
		t.Errorf("Ensure made %+v", d)
	}
	if again := ensure(); again.ID != d.ID {
		t.Errorf("Ensure again: %s; want %s", again.ID, d.ID)
	}
	f.restart(t)
	if again := ensure(); again.ID != d.ID {
		t.Errorf("Ensure after a restart: %s; want %s", again.ID, d.ID)
	}
	f.step(t)
	if err := f.Delete(me(t), d.ID, nil); err != nil {
		t.Fatal(err)
	}
	if again := ensure(); again.ID == d.ID {
		t.Error("Ensure returns a workspace that is being deleted")
	}
}

func TestCreateKeepsNoMapOfTheCaller(t *testing.T) {
	f := newFixture(t, nil)
	mine := map[string]string{"k": "v"}
	d, err := f.Create(me(t), CreateInput{Tags: mine})
	if err != nil {
		t.Fatal(err)
	}
	mine["k"] = "changed"
	if ws, err := f.Lookup(t.Context(), d.ID); err != nil || ws.Tags["k"] != "v" {
		t.Errorf("Lookup: tags %v, %v", ws.Tags, err)
	}
	if got, err := f.Describe(me(t), d.ID); err != nil || !got.CreatedAt.Equal(d.CreatedAt) || got.CreatedAt.Location() != time.UTC {
		t.Errorf("Describe: made %s, %v; want %s", got.CreatedAt, err, d.CreatedAt)
	}
}
