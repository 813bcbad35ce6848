package scraper

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

const (
	defaultPage  = 100
	maxPage      = 1000
	maxFilter    = 20  // values of one filter
	maxFilterLen = 256 // characters of a value
)

// ListInput is what ListScrapers takes.
type ListInput struct {
	// Filters select by status, sourceArn, destinationArn and alias: a scraper must
	// fit one value of each that is given.
	Filters    map[string][]string
	MaxResults *int    // 1 to 1000; nil: 100
	NextToken  *string // of the page before
}

var filterNames = []string{"status", "sourceArn", "destinationArn", "alias"}

// Filters are the names of the filters that ListScrapers knows.
func Filters() []string { return slices.Clone(filterNames) }

// A Page is a part of a list, without the configurations. NextToken is empty on
// the last one.
type Page struct {
	Scrapers  []Description
	NextToken string
}

// List returns the caller's scrapers, oldest first. None that stays while a
// caller pages appears twice or is left out.
func (r *Room) List(ctx context.Context, in ListInput) (Page, error) {
	c := hearth.CallerFrom(ctx)
	var p problems
	p.CheckRange("maxResults", in.MaxResults, 1, maxPage)
	p.checkFilters(in.Filters)
	pos := place{prefix: regionPrefix(c.Account, c.Region), filters: in.Filters}
	pos.after = p.CheckNextToken(in.NextToken, pos.list())
	if age, _, ok := strings.Cut(pos.after, "/"); pos.after != "" && (!ok || !isNumber(age)) {
		p.Add("nextToken", "Member must be a token that the page before was answered with")
	}
	if err := p.Err(); err != nil {
		return Page{}, err
	}
	size := defaultPage
	if in.MaxResults != nil {
		size = *in.MaxResults
	}
	recs, err := r.listed(ctx, pos)
	if err != nil {
		return Page{}, err
	}
	var page Page
	if len(recs) > size {
		recs = recs[:size]
		page.NextToken = hearth.NextToken(pos.list(), recs[size-1].order())
	}
	for _, rec := range recs {
		page.Scrapers = append(page.Scrapers, rec.describe())
	}
	return page, nil
}

// ScrapersOf returns the ids of the scrapers, of any account, whose source is a
// cluster; oldest first.
func (r *Room) ScrapersOf(ctx context.Context, cluster hearth.ARN) ([]string, error) {
	recs, err := r.listed(ctx, place{filters: map[string][]string{"sourceArn": {cluster.String()}}})
	ids := make([]string, 0, len(recs))
	for _, rec := range recs {
		ids = append(ids, rec.ID)
	}
	return ids, err
}

// RolesOf returns the roles of the scrapers, of any account, whose source is a cluster:
// who they are there, its mappings say. Oldest first.
func (r *Room) RolesOf(ctx context.Context, cluster hearth.ARN) ([]hearth.ARN, error) {
	recs, err := r.listed(ctx, place{filters: map[string][]string{"sourceArn": {cluster.String()}}})
	roles := make([]hearth.ARN, 0, len(recs))
	for _, rec := range recs {
		roles = append(roles, rec.role())
	}
	return roles, err
}

// listed returns all records after pos, oldest first.
func (r *Room) listed(ctx context.Context, pos place) ([]*record, error) {
	var recs []*record
	err := r.opts.Store.View(ctx, func(tx store.Tx) (err error) {
		recs, err = scan(tx, pos.prefix)
		return err
	})
	if err != nil {
		return nil, err
	}
	recs = slices.DeleteFunc(recs, func(rec *record) bool { return !rec.fits(pos.filters) || rec.order() <= pos.after })
	slices.SortFunc(recs, func(a, b *record) int { return cmp.Compare(a.order(), b.order()) })
	return recs, nil
}

// order sorts scrapers by age.
func (rec *record) order() string { return fmt.Sprintf("%020d/%s", rec.CreatedAt.UnixNano(), rec.ID) }

func (rec *record) fits(filters map[string][]string) bool {
	for name, values := range filters {
		if !slices.Contains(values, rec.filtered(name)) {
			return false
		}
	}
	return true
}

// filtered is what a filter compares.
func (rec *record) filtered(name string) string {
	switch name {
	case "status":
		return string(rec.Status)
	case "destinationArn":
		return rec.Destination
	case "alias":
		return rec.Alias
	}
	if rec.Source.EKS != nil {
		return rec.Source.EKS.Cluster
	}
	return ""
}

func (p *problems) checkFilters(filters map[string][]string) {
	for _, name := range slices.Sorted(maps.Keys(filters)) {
		if !slices.Contains(filterNames, name) {
			p.Add("filters", "%q is none of %s", name, strings.Join(filterNames, ", "))
			continue
		}
		values := filters[name]
		if len(values) > maxFilter {
			p.Add("filters", "%s must have at most %d values", name, maxFilter)
			continue
		}
		for _, v := range values {
			if len(v) < 1 || len(v) > maxFilterLen {
				p.Add("filters", "A value of %s must have 1 to %d characters", name, maxFilterLen)
			}
		}
	}
}

// place is where a page begins: after a scraper, among those that fit.
type place struct {
	prefix  string
	filters map[string][]string
	after   string // an order
}

// list tells the list, for its tokens.
func (pos place) list() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q", pos.prefix)
	for _, name := range slices.Sorted(maps.Keys(pos.filters)) {
		fmt.Fprintf(&b, " %q=%q", name, pos.filters[name])
	}
	return b.String()
}

func isNumber(s string) bool {
	_, err := strconv.ParseInt(s, 10, 64)
	return err == nil
}
