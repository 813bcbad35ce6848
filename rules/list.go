package rules

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

const (
	defaultPage  = 100
	maxPage      = 1000
	maxPageToken = 1000
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
	p.checkRange("maxResults", in.MaxResults, 1, maxPage)
	if in.Name != nil {
		p.checkName(*in.Name)
	}
	pos := place{prefix: prefixOf(id), name: deref(in.Name)}
	p.checkNextToken(in.NextToken, &pos)
	if err := p.err(); err != nil {
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
		page.NextToken = pos.token(recs[size-1].key())
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

// A token is a version, eight bytes that tell which list it belongs to, and the
// last key it was given out for.
const tokenVersion = "1"

func (pos place) token(key string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(tokenVersion + pos.list() + strings.TrimPrefix(key, pos.prefix)))
}

func (pos place) list() string {
	sum := sha256.Sum256([]byte(pos.prefix + "\x00" + pos.name))
	return string(sum[:8])
}

func (p *problems) checkNextToken(token *string, pos *place) {
	if token == nil || *token == "" {
		return
	}
	buf, err := base64.RawURLEncoding.DecodeString(*token)
	if err != nil || len(*token) > maxPageToken || !strings.HasPrefix(string(buf), tokenVersion) || len(buf) <= len(tokenVersion)+8 {
		p.add("nextToken", "Member must be a token that the page before was answered with")
		return
	}
	list, after := string(buf[len(tokenVersion):][:8]), string(buf[len(tokenVersion)+8:])
	if list != pos.list() {
		p.add("nextToken", "The other parameters must be the same as for the page before")
		return
	}
	pos.after = after
}
