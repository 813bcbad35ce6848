package dashboard

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// folders makes folders called as their uids, each in the one before, below parent.
func (s *shelf) folders(parent string, uids ...string) {
	s.t.Helper()
	err := s.opts.Store.Update(s.t.Context(), func(tx store.Tx) error {
		for _, uid := range uids {
			if _, err := s.addFolder(tx, s.call(hearth.GrafanaAdmin, ""), uid, uid, parent); err != nil {
				return err
			}
			parent = uid
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// of is a call about a folder.
func (s *shelf) of(role hearth.GrafanaRole, folder, body string) *Call {
	c := s.call(role, body)
	c.Param = func(name string) string { return map[string]string{"folderUid": folder}[name] }
	return c
}

// Folders move with what is in them, and so no deeper than folders may be: rights are
// looked for that far up, and no further.
func TestFoldersDoNotMoveTooDeep(t *testing.T) {
	s := openShelf(t)
	s.folders("", "a", "b", "c")
	s.folders("", "x", "y")
	if _, err := s.MoveFolder(t.Context(), s.of(hearth.GrafanaEditor, "x", `{"parentUid":"c"}`)); err == nil || !strings.Contains(err.Error(), "nested deeper") {
		t.Errorf("two levels into the third: %v", err)
	}
	for _, to := range []string{"b", "", "a"} {
		if _, err := s.MoveFolder(t.Context(), s.of(hearth.GrafanaEditor, "x", `{"parentUid":"`+to+`"}`)); err != nil {
			t.Errorf("two levels into %q: %v", to, err)
		}
	}
	if _, err := s.MoveFolder(t.Context(), s.of(hearth.GrafanaEditor, "a", `{"parentUid":"y"}`)); err == nil {
		t.Error("a folder is in itself")
	}
}

// A folder whose rights are narrower than those of the folder it is in does not go
// with that by somebody who may not delete it.
func TestDeletingAFolderAsksForThoseInIt(t *testing.T) {
	s := openShelf(t)
	s.folders("", "open", "closed")
	if _, err := s.SetFolderRights(t.Context(), s.of(hearth.GrafanaAdmin, "closed", `{"items":[{"role":"Viewer","permission":1}]}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DeleteFolder(t.Context(), s.of(hearth.GrafanaEditor, "open", "")); hearth.KindOf(err) != hearth.Denied {
		t.Errorf("an editor: %v", err)
	}
	if _, err := s.Folder(t.Context(), s.of(hearth.GrafanaViewer, "closed", "")); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if _, err := s.DeleteFolder(t.Context(), s.of(hearth.GrafanaAdmin, "open", "")); err != nil {
		t.Errorf("an administrator: %v", err)
	}
}

func TestWindow(t *testing.T) {
	list := []int{1, 2, 3, 4, 5}
	for _, c := range []struct {
		limit, page int64
		want        string
	}{{2, 1, "[1 2]"}, {2, 3, "[5]"}, {2, 4, "[]"}, {0, 0, "[1 2 3 4 5]"}, {-1, -1, "[1 2 3 4 5]"}, {5000, math.MaxInt64, "[]"}, {2, math.MaxInt64/2 + 2, "[]"}, {math.MaxInt64, 1, "[1 2 3 4 5]"}} {
		if got := fmt.Sprint(window(list, c.limit, c.page)); got != c.want {
			t.Errorf("%d, %d: %s, want %s", c.limit, c.page, got, c.want)
		}
	}
}

// A group is replaced as one, its rules in their order, with titles that another one
// in it had before; and many rules take no time.
func TestRuleGroupsAreReplaced(t *testing.T) {
	s := openShelf(t)
	s.folders("", "f")
	rule := func(uid, title string) string {
		return fmt.Sprintf(`{"uid":%q,"title":%q,"condition":"A","data":[{"refId":"A","datasourceUid":"__expr__","model":{"type":"math","expression":"1"}}]}`, uid, title)
	}
	set := func(rules ...string) (string, error) {
		c := s.of(hearth.GrafanaEditor, "f", `{"interval":30,"rules":[`+strings.Join(rules, ",")+`]}`)
		param := c.Param
		c.Param = func(name string) string { return orElse(map[string]string{"group": "g"}[name], param(name)) }
		out, err := s.SetRuleGroup(t.Context(), c)
		g, _ := out.(groupBody)
		var titles []string
		for _, a := range g.Rules {
			titles = append(titles, a.UID+" "+a.Title)
		}
		return strings.Join(titles, ", "), err
	}
	for _, step := range []struct {
		rules []string
		want  string
	}{
		{[]string{rule("a", "A"), rule("b", "B")}, "a A, b B"}, {[]string{rule("b", "B"), rule("a", "A")}, "b B, a A"}, {[]string{rule("c", "A"), rule("b", "B")}, "c A, b B"},
	} {
		if got, err := set(step.rules...); err != nil || got != step.want {
			t.Errorf("%s, %v; want %s", got, err, step.want)
		}
	}
	if got, err := set(rule("x", "Same"), rule("y", "Same")); hearth.KindOf(err) != hearth.Conflict {
		t.Errorf("two of one title: %s, %v", got, err)
	}
	var many []string
	for i := range 500 {
		many = append(many, rule("", fmt.Sprint("rule ", i)))
	}
	began := time.Now()
	if _, err := set(many...); err != nil || time.Since(began) > 20*time.Second {
		t.Errorf("%d rules: %v, in %s", len(many), err, time.Since(began))
	}
}

func TestTagsAreBounded(t *testing.T) {
	tags, err := json.Marshal(strings.Split(strings.Repeat("x,", maxTags), ","))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := readHead([]byte(`{"title":"t","tags":` + string(tags) + `}`)); hearth.KindOf(err) != hearth.Invalid {
		t.Errorf("%d tags: %v", maxTags+1, err)
	}
}
