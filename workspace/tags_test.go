package workspace

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hearth-metrics/hearth"
)

func TestTags(t *testing.T) {
	f := newFixture(t, nil)
	d := f.create(t, me(t), "a") // tags do not wait for ACTIVE
	want := func(want map[string]string) {
		t.Helper()
		got, err := f.Tags(me(t), d.ARN())
		if err != nil {
			t.Fatalf("Tags: %v", err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Tags (-want +got):\n%s", diff)
		}
		if ws, err := f.Lookup(t.Context(), d.ID); err != nil || len(ws.Tags) != len(want) {
			t.Errorf("Lookup: tags %v, %v", ws.Tags, err)
		}
	}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	want(map[string]string{})
	do(f.Tag(me(t), d.ARN(), map[string]string{"a": "1", "b": "2"}))
	want(map[string]string{"a": "1", "b": "2"})
	do(f.Tag(me(t), d.ARN(), map[string]string{"b": "3", "c": ""}))
	want(map[string]string{"a": "1", "b": "3", "c": ""})
	do(f.Tag(me(t), d.ARN(), map[string]string{}))
	do(f.Untag(me(t), d.ARN(), []string{"a", "not there", "c"}))
	want(map[string]string{"b": "3"})
	do(f.Untag(me(t), d.ARN(), []string{"b"}))
	want(map[string]string{})
	do(f.Tag(me(t), d.ARN(), tags(50)))
	e := wantKind(t, "the 51st tag", f.Tag(me(t), d.ARN(), map[string]string{"one more": ""}), hearth.Invalid)
	if diff := cmp.Diff([]string{"tags"}, members(e)); diff != "" {
		t.Errorf("the 51st tag: members blamed (-want +got):\n%s", diff)
	}
	do(f.Tag(me(t), d.ARN(), map[string]string{"key-7": "changed"}))
	f.restart(t)
	changed := tags(50)
	changed["key-7"] = "changed"
	want(changed)
}

func TestTagsRefused(t *testing.T) {
	f := newFixture(t, nil)
	d := f.active(t, me(t), "a")
	arn := func(change func(*hearth.ARN)) hearth.ARN {
		a := d.ARN()
		change(&a)
		return a
	}
	for name, c := range map[string]struct {
		arn  hearth.ARN
		kind hearth.Kind
	}{
		"another service":    {arn(func(a *hearth.ARN) { a.Service = "grafana" }), hearth.Invalid},
		"another resource":   {arn(func(a *hearth.ARN) { a.Resource = "scraper/s-1" }), hearth.Invalid},
		"no resource":        {arn(func(a *hearth.ARN) { a.Resource = "workspace/" }), hearth.Invalid},
		"another partition":  {arn(func(a *hearth.ARN) { a.Partition = "hearth" }), hearth.Invalid},
		"no such workspace":  {arn(func(a *hearth.ARN) { a.Resource = "workspace/None" }), hearth.NotFound},
		"another account's":  {arn(func(a *hearth.ARN) { a.Account = "000000000001" }), hearth.NotFound},
		"another region's":   {arn(func(a *hearth.ARN) { a.Region = "eu-west-1" }), hearth.NotFound},
		"something below it": {arn(func(a *hearth.ARN) { a.Resource += "/x" }), hearth.NotFound},
	} {
		wantKind(t, "Tag: "+name, f.Tag(me(t), c.arn, map[string]string{"k": "v"}), c.kind)
		wantKind(t, "Untag: "+name, f.Untag(me(t), c.arn, []string{"k"}), c.kind)
		_, err := f.Tags(me(t), c.arn)
		wantKind(t, "Tags: "+name, err, c.kind)
	}
	wantKind(t, "tags null", f.Tag(me(t), d.ARN(), nil), hearth.Invalid)
	wantKind(t, "51 tags", f.Tag(me(t), d.ARN(), tags(51)), hearth.Invalid)
	wantKind(t, "aws: tag", f.Tag(me(t), d.ARN(), map[string]string{"aws:k": "v"}), hearth.Invalid)
	wantKind(t, "no keys", f.Untag(me(t), d.ARN(), nil), hearth.Invalid)
	wantKind(t, "aws: key", f.Untag(me(t), d.ARN(), []string{"aws:k"}), hearth.Invalid)
	wantKind(t, "odd key", f.Untag(me(t), d.ARN(), []string{"k;"}), hearth.Invalid)
	if err := f.Delete(me(t), d.ID, nil); err != nil {
		t.Fatal(err)
	}
	wantKind(t, "while it is being deleted", f.Tag(me(t), d.ARN(), map[string]string{"k": "v"}), hearth.NotFound)
}
