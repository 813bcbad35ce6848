package rules

import (
	"context"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

const (
	defaultPage = 100
	maxPage     = 1000
)

// ListInput is what ListRuleGroupsNamespaces takes.
type ListInput struct {
	Name       *string // prefix of the names wanted; nil: all
	MaxResults *int    // 1 to 1000; nil: 100
	NextToken  *string // of the page before
}

// A Page is a part of a list, without the files. NextToken is empty on the last
// one.
type Page struct {
	Namespaces []Namespace
	NextToken  string
}

// List returns the namespaces of a workspace of the caller, by name. None that
// stays while a caller pages appears twice or is left out.
func (r *Room) List(ctx context.Context, id hearth.WorkspaceID, in ListInput) (Page, error) {
	var p problems
	p.CheckRange("maxResults", in.MaxResults, 1, maxPage)
	if in.Name != nil {
		p.checkName(*in.Name)
	}
	pos := place{prefix: prefixOf(id), name: deref(in.Name)}
	pos.after = p.CheckNextToken(in.NextToken, pos.list())
	if err := p.Err(); err != nil {
		return Page{}, err
	}
	if _, err := r.own(ctx, id); err != nil {
		return Page{}, err
	}
	size := defaultPage
	if in.MaxResults != nil {
		size = *in.MaxResults
	}
	recs, err := r.page(ctx, pos, size+1) // one more tells whether there is a next page
	if err != nil {
		return Page{}, err
	}
	var page Page
	if len(recs) > size {
		recs = recs[:size]
		page.NextToken = hearth.NextToken(pos.list(), strings.TrimPrefix(recs[size-1].key(), pos.prefix))
	}
	for _, rec := range recs {
		page.Namespaces = append(page.Namespaces, rec.describe())
	}
	return page, nil
}

// page returns up to n records after pos.
func (r *Room) page(ctx context.Context, pos place, n int) ([]*record, error) {
	var found []*record
	err := r.opts.Store.View(ctx, func(tx store.Tx) (err error) {
		after := ""
		if pos.after != "" {
			after = pos.prefix + pos.after
		}
		found, err = scan(tx, pos.prefix+pos.name, after, n)
		return err
	})
	return found, err
}

// place is where a page begins: after a key of one workspace, among the names
// with one prefix.
type place struct {
	prefix string
	name   string
	after  string // the key without prefix
}

// list tells the list, for its tokens.
func (pos place) list() string { return pos.prefix + "\x00" + pos.name }
