package workspace

import (
	"context"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

const (
	defaultPage = 100
	maxPage     = 1000
	scanAtOnce  = 500
)

// ListInput is what ListWorkspaces takes.
type ListInput struct {
	Alias      *string // prefix of the aliases wanted; nil: all
	MaxResults *int    // 1 to 1000; nil: 100
	NextToken  *string // of the page before
}

// A Page is a part of a list, oldest workspace first. NextToken is empty on the
// last one.
type Page struct {
	Workspaces []Description
	NextToken  string
}

// List returns the caller's workspaces, oldest first. Workspaces made while a
// caller pages appear on a later page; none appears twice or is left out.
func (r *Room) List(ctx context.Context, in ListInput) (Page, error) {
	var p problems
	alias := p.checkAlias(in.Alias)
	p.CheckRange("maxResults", in.MaxResults, 1, maxPage)
	c := hearth.CallerFrom(ctx)
	pos := position{prefix: regionPrefix(c.Account, c.Region), alias: alias}
	pos.after = p.CheckNextToken(in.NextToken, pos.list())
	if err := p.Err(); err != nil {
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
		page.Workspaces = append(page.Workspaces, describe(r.entry(rec)))
	}
	return page, nil
}

// page returns up to n records after pos.
func (r *Room) page(ctx context.Context, pos position, n int) ([]*record, error) {
	var found []*record
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		found = nil
		for after := pos.prefix + pos.after; len(found) < n; {
			some, err := scan(tx, pos.prefix, after, pos.atOnce(n-len(found)))
			if err != nil || len(some) == 0 {
				return err
			}
			for _, rec := range some {
				if strings.HasPrefix(rec.Alias, pos.alias) && len(found) < n {
					found = append(found, rec)
				}
			}
			after = some[len(some)-1].key()
		}
		return nil
	})
	return found, err
}

// position is where a page begins: after a key of one region, among the aliases
// with one prefix.
type position struct {
	prefix string
	alias  string
	after  string // the key without prefix
}

// atOnce is how many records to read when n are missing: just these, unless a
// filter will drop some.
func (pos position) atOnce(n int) int {
	if pos.alias == "" {
		return n
	}
	return max(n, scanAtOnce)
}

// list tells the list, for its tokens.
func (pos position) list() string { return pos.prefix + "\x00" + pos.alias }
