package workspace

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hearth-metrics/hearth"
)

// strangers are callers who do not have the workspaces of me.
func strangers(t *testing.T) map[string]context.Context {
	return map[string]context.Context{
		"another account":                   as(t, "000000000001", "us-east-1"),
		"another region":                    as(t, "000000000000", "us-east-2"),
		"a region with a longer name":       as(t, "000000000000", "us-east-1/0"),
		"a region whose name is a key's":    as(t, "000000000000", "us-east-1/00000000000000000000"),
		"a region that is a part of mine":   as(t, "000000000000", "us-east"),
		"an account that is a part of mine": as(t, "00000000000", "us-east-1"),
		"nobody":                            t.Context(),
	}
}

func (f *fixture) aliases(t *testing.T, ctx context.Context, in ListInput) []string {
	t.Helper()
	page, err := f.List(ctx, in)
	if err != nil {
		t.Fatalf("List: %v", err)
	}
	return aliases(page)
}

func aliases(page Page) []string {
	all := []string{}
	for _, d := range page.Workspaces {
		all = append(all, d.Alias)
	}
	return all
}

func TestListFilter(t *testing.T) {
	f := newFixture(t, nil)
	for _, alias := range []string{"kitchen", "kit", "Kitchen", "bath", "k%", "k_x", "kitchen"} {
		f.create(t, me(t), alias)
	}
	if _, err := f.Create(me(t), CreateInput{}); err != nil { // without alias
		t.Fatal(err)
	}
	for prefix, want := range map[string][]string{
		"k":       {"kitchen", "kit", "k%", "k_x", "kitchen"},
		"kitchen": {"kitchen", "kitchen"},
		" kit ":   {"kitchen", "kit", "kitchen"},
		"K":       {"Kitchen"},
		"k%":      {"k%"},
		"k_":      {"k_x"},
		"none":    {},
	} {
		if diff := cmp.Diff(want, f.aliases(t, me(t), ListInput{Alias: &prefix})); diff != "" {
			t.Errorf("prefix %q (-want +got):\n%s", prefix, diff)
		}
	}
	if got := f.aliases(t, me(t), ListInput{}); len(got) != 8 {
		t.Errorf("without a filter: %q", got)
	}
}

func TestListRefuses(t *testing.T) {
	f := newFixture(t, nil)
	for range 3 {
		f.create(t, me(t), "a")
	}
	page, err := f.List(me(t), ListInput{MaxResults: ptr(1)})
	if err != nil {
		t.Fatal(err)
	}
	token := page.NextToken
	for name, c := range map[string]struct {
		ctx    context.Context
		in     ListInput
		member string
	}{
		"no results":           {me(t), ListInput{MaxResults: ptr(0)}, "maxResults"},
		"negative results":     {me(t), ListInput{MaxResults: ptr(-1)}, "maxResults"},
		"1001 results":         {me(t), ListInput{MaxResults: ptr(1001)}, "maxResults"},
		"empty alias":          {me(t), ListInput{Alias: ptr("")}, "alias"},
		"long alias":           {me(t), ListInput{Alias: ptr(strings.Repeat("a", 101))}, "alias"},
		"long token":           {me(t), ListInput{NextToken: ptr(strings.Repeat("a", 1001))}, "nextToken"},
		"no token of ours":     {me(t), ListInput{NextToken: ptr("token")}, "nextToken"},
		"token cut off":        {me(t), ListInput{NextToken: ptr(token[:4])}, "nextToken"},
		"token of a later one": {me(t), ListInput{NextToken: ptr(base64.RawURLEncoding.EncodeToString([]byte("2" + strings.Repeat("x", 30))))}, "nextToken"},
		"another filter":       {me(t), ListInput{NextToken: &token, Alias: ptr("a")}, "nextToken"},
		"another region":       {as(t, "000000000000", "eu-west-1"), ListInput{NextToken: &token}, "nextToken"},
		"another account":      {as(t, "000000000001", "us-east-1"), ListInput{NextToken: &token}, "nextToken"},
	} {
		_, err := f.List(c.ctx, c.in)
		if diff := cmp.Diff([]string{c.member}, members(wantKind(t, name, err, hearth.Invalid))); diff != "" {
			t.Errorf("%s: members blamed (-want +got):\n%s", name, diff)
		}
	}
	for _, in := range []ListInput{{MaxResults: ptr(1000), NextToken: ptr("")}, {MaxResults: ptr(7), NextToken: &token}} {
		if _, err := f.List(me(t), in); err != nil {
			t.Errorf("List(%+v): %v", in, err)
		}
	}
	if len(token) > 1000 || strings.Contains(token, string(page.Workspaces[0].ID)) {
		t.Errorf("the token is not opaque or too long: %q", token)
	}
}

func TestListPages(t *testing.T) {
	f := newFixture(t, nil)
	var want []string
	for i := range 2*defaultPage + 5 {
		alias := fmt.Sprintf("even-%d", i)
		if i%2 == 1 {
			alias = fmt.Sprintf("odd-%d", i)
		}
		f.create(t, me(t), alias)
		want = append(want, alias)
	}
	if page, err := f.List(me(t), ListInput{}); err != nil || len(page.Workspaces) != defaultPage || page.NextToken == "" {
		t.Errorf("without maxResults: %d workspaces, token %q, %v; want 100 and a token", len(page.Workspaces), page.NextToken, err)
	}
	for _, size := range []int{1, 7, len(want) - 1, len(want), maxPage} {
		if diff := cmp.Diff(want, f.allPages(t, ListInput{MaxResults: &size}, nil)); diff != "" {
			t.Errorf("pages of %d (-want +got):\n%s", size, diff)
		}
	}
	var odd []string
	for i := 1; i < len(want); i += 2 {
		odd = append(odd, want[i])
	}
	if diff := cmp.Diff(odd, f.allPages(t, ListInput{MaxResults: ptr(10), Alias: ptr("odd")}, nil)); diff != "" {
		t.Errorf("filtered pages (-want +got):\n%s", diff)
	}
}

func (f *fixture) allPages(t *testing.T, in ListInput, between func()) []string {
	t.Helper()
	var all []string
	for {
		page, err := f.List(me(t), in)
		if err != nil {
			t.Fatalf("List: %v", err)
		}
		all = append(all, aliases(page)...)
		if page.NextToken == "" {
			return all
		}
		in.NextToken = &page.NextToken
		if between != nil {
			between()
		}
	}
}

// Workspaces come and go while someone pages: none that stays is seen twice or
// missed.
func TestListPagesWhileOthersChange(t *testing.T) {
	f := newFixture(t, nil)
	f.run(t)
	const stay = 30
	var doomed []Description
	var want []string
	for i := range stay {
		f.create(t, me(t), fmt.Sprintf("stay-%d", i))
		want = append(want, fmt.Sprintf("stay-%d", i))
		doomed = append(doomed, f.create(t, me(t), "doomed"))
	}
	added := 0
	all := f.allPages(t, ListInput{MaxResults: ptr(4)}, func() {
		if added < 10 {
			f.create(t, me(t), "new")
			added++
		}
		if len(doomed) > 0 {
			if err := f.Delete(me(t), doomed[0].ID, nil); err != nil {
				t.Fatal(err)
			}
			doomed = doomed[1:]
		}
	})
	var stayed []string
	news := 0
	for _, alias := range all {
		switch {
		case strings.HasPrefix(alias, "stay-"):
			stayed = append(stayed, alias)
		case alias == "new":
			news++
		}
	}
	if diff := cmp.Diff(want, stayed); diff != "" {
		t.Errorf("workspaces that stayed (-want +got):\n%s", diff)
	}
	if news != added {
		t.Errorf("%d of %d workspaces made while paging appeared", news, added)
	}
}
