package hearth

import (
	"strings"
	"testing"
)

func TestNextToken(t *testing.T) {
	list, token := "a region\x00web", NextToken("a region\x00web", "ws-1")
	altered := "A" + token[1:]
	empty := NextToken(list, "")
	for name, c := range map[string]struct{ token, list, key, wrong string }{
		"first page":   {"", list, "", ""},
		"next":         {token, list, "ws-1", ""},
		"another list": {token, "a region\x00db", "", "the same as for the page before"},
		"altered":      {altered, list, "", "was answered with"},
		"no base64":    {"!", list, "", "was answered with"},
		"no key":       {empty, list, "", "was answered with"},
		"long":         {strings.Repeat("A", 1001), list, "", "at most 1000 characters"},
	} {
		var p Problems
		key := p.CheckNextToken(&c.token, c.list)
		got := ""
		if err := p.Err(); err != nil {
			got = err.Error()
		}
		if key != c.key || !strings.Contains(got, c.wrong) || (c.wrong == "") != (got == "") {
			t.Errorf("%s: %q, %q", name, key, got)
		}
	}
}

func TestProblemsAreToldTogether(t *testing.T) {
	var p Problems
	n := 0
	p.CheckRange("maxResults", &n, 1, 10)
	p.CheckTags(map[string]string{"aws:mine": "x"})
	want := "2 validation errors detected: Value at 'maxResults' failed to satisfy constraint: Member must be between 1 and 10; " +
		`Value at 'tags' failed to satisfy constraint: The key "aws:mine" must not begin with aws:`
	if err := p.Err(); err == nil || err.Error() != want || KindOf(err) != Invalid {
		t.Errorf("%v", err)
	}
}

// A page token comes from a stranger.
func FuzzNextToken(f *testing.F) {
	f.Add(NextToken("000000000000/us-east-1/a", "00000000000000000001/ws-1"))
	f.Add("")
	f.Add("MQ")
	f.Add(strings.Repeat("A", maxPageToken+1))
	f.Fuzz(func(t *testing.T, token string) {
		var p Problems
		key := p.CheckNextToken(&token, "000000000000/us-east-1/a")
		if err := p.Err(); (err == nil) == (key == "") && token != "" {
			t.Errorf("token %q: %q, %v", token, key, err)
		}
	})
}
