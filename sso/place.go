package sso

import (
	"net/url"
	"strings"
)

// maxPlace is how long a path may be that people come back to.
const maxPlace = 2048

// place is a path, with query and fragment, that people come back to after they
// signed in. It is below the Grafana workspace or the console: whatever could lead
// elsewhere is not taken, and the start page is its stead.
func place(text string) string {
	const start = "/"
	if len(text) > maxPlace || !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//") {
		return start
	}
	for _, c := range text {
		if c <= ' ' || c == 0x7f || c == '\\' || c > 0x7e {
			return start
		}
	}
	u, err := url.Parse(text)
	if err != nil || u.Host != "" || u.Scheme != "" || u.User != nil || u.Opaque != "" {
		return start
	}
	for segment := range strings.SplitSeq(u.Path, "/") { // of the decoded path
		if segment == ".." || segment == "." {
			return start
		}
	}
	if strings.Contains(u.Path, "//") || strings.ContainsAny(u.Path, "\\\r\n\x00") {
		return start
	}
	return u.String()
}
