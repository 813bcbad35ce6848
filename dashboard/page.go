package dashboard

import (
	"slices"

	"github.com/hearth-metrics/hearth"
)

const maxPage = 100

// cut returns the part of a list that page asks for. The list is sorted by key;
// a token belongs to the list called name.
func cut[T any](list []T, page Page, name string, keyOf func(T) string) (part []T, next string, err error) {
	var p problems
	size := maxPage
	if page.Max != nil {
		size = *page.Max
		if size < 1 || size > maxPage {
			p.Add("maxResults", "Member must be between 1 and %d", maxPage)
		}
	}
	after := p.CheckNextToken(page.Token, name)
	if err := p.Err(); err != nil {
		return nil, "", err
	}
	from := 0
	if after != "" {
		from = len(list)
		if i := slices.IndexFunc(list, func(v T) bool { return keyOf(v) > after }); i >= 0 {
			from = i
		}
	}
	part = list[from:]
	if len(part) > size {
		part = part[:size]
		next = hearth.NextToken(name, keyOf(part[size-1]))
	}
	return part, next, nil
}
