package cluster

import (
	"cmp"
	"context"
	"encoding/base64"
	"maps"
	"slices"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

const maxPage = 100

// A Paging is which part of a list is wanted.
type Paging struct {
	Max   *int   // 1 to 100; nil: 100
	Token string // of the page before
}

func (p Paging) size() (int, error) {
	switch {
	case p.Max == nil:
		return maxPage, nil
	case *p.Max < 1 || *p.Max > maxPage:
		return 0, unfit("maxResults", "It must be between 1 and %d", maxPage)
	}
	return *p.Max, nil
}

// after is the key that the page begins behind.
func (p Paging) after(prefix string) (string, error) {
	if p.Token == "" {
		return prefix, nil
	}
	key, err := base64.RawURLEncoding.DecodeString(p.Token)
	if err != nil || len(key) == 0 || len(key) > 1024 {
		return "", unfit("nextToken", "It must be a token that the page before was answered with")
	}
	return prefix + string(key), nil
}

// page reads one page of records whose key has the prefix. keep chooses among
// them; nil takes all.
func page[T any](tx store.Tx, bucket, prefix string, p Paging, keep func(*T) bool) (all []*T, next string, err error) {
	size, err := p.size()
	if err != nil {
		return nil, "", err
	}
	after, err := p.after(prefix)
	if err != nil {
		return nil, "", err
	}
	entries, err := tx.Scan(bucket, prefix, after, 0)
	if err != nil {
		return nil, "", err
	}
	last := ""
	for _, e := range entries {
		v, err := decode[T](bucket, e.Key, e.Value)
		if err != nil {
			return nil, "", err
		}
		if keep != nil && !keep(v) {
			continue
		}
		if len(all) == size {
			return all, base64.RawURLEncoding.EncodeToString([]byte(strings.TrimPrefix(last, prefix))), nil
		}
		all, last = append(all, v), e.Key
	}
	return all, "", nil
}

// PageOf is one page of a short list, in the order of its keys.
func PageOf[T any](all []T, p Paging, key func(T) string) (part []T, next string, err error) {
	size, err := p.size()
	if err != nil {
		return nil, "", err
	}
	after, err := p.after("")
	if err != nil {
		return nil, "", err
	}
	all = slices.SortedFunc(slices.Values(all), func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	for _, v := range all {
		switch {
		case key(v) <= after && p.Token != "":
		case len(part) == size:
			return part, base64.RawURLEncoding.EncodeToString([]byte(key(part[size-1]))), nil
		default:
			part = append(part, v)
		}
	}
	return part, "", nil
}

// List returns the caller's clusters in their region, by name.
func (r *Room) List(ctx context.Context, p Paging) (all []*Cluster, next string, err error) {
	c := hearth.CallerFrom(ctx)
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		all, next, err = page[Cluster](tx, clusterBucket, prefixOf(c.Account, c.Region), p, nil)
		return err
	})
	return all, next, err
}

// everywhere are the clusters of all accounts.
func (r *Room) everywhere(ctx context.Context) (all []*Cluster, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		all = nil
		entries, err := tx.Scan(clusterBucket, "", "", 0)
		for _, e := range entries {
			c, err := decode[Cluster](clusterBucket, e.Key, e.Value)
			if err != nil {
				return err
			}
			all = append(all, c)
		}
		return err
	})
	return all, err
}

// Tags returns the tags of a cluster or an access entry.
func (r *Room) Tags(ctx context.Context, arn hearth.ARN) (map[string]string, error) {
	if isEntry(arn) {
		e, err := r.entryByARN(ctx, arn)
		if err != nil {
			return nil, asTagged(err)
		}
		return e.Tags, nil
	}
	c, err := r.Cluster(ctx, arn)
	if err != nil {
		return nil, asTagged(err)
	}
	return c.Tags, nil
}

// asTagged is an error as the tagging operations have it: their model has other
// codes.
func asTagged(err error) error {
	switch hearth.KindOf(err) {
	case hearth.NotFound:
		return &hearth.Error{Kind: hearth.NotFound, Type: NoResourceType, Msg: "The specified resource could not be found: " + message(err)}
	case hearth.Invalid:
		return &hearth.Error{Kind: hearth.Invalid, Type: BadTagsType, Msg: message(err)}
	}
	return err
}

// Tag adds tags, or replaces the values of those there are.
func (r *Room) Tag(ctx context.Context, arn hearth.ARN, tags map[string]string) error {
	return r.retag(ctx, arn, func(have map[string]string) { maps.Copy(have, tags) })
}

// Untag takes tags away.
func (r *Room) Untag(ctx context.Context, arn hearth.ARN, keys []string) error {
	return r.retag(ctx, arn, func(have map[string]string) {
		for _, k := range keys {
			delete(have, k)
		}
	})
}

func (r *Room) retag(ctx context.Context, arn hearth.ARN, edit func(have map[string]string)) error {
	fn := func(tags *map[string]string) error {
		have := maps.Clone(*tags)
		if have == nil {
			have = map[string]string{}
		}
		edit(have)
		*tags = have
		return checkTags(have)
	}
	if isEntry(arn) {
		return asTagged(r.changeEntryByARN(ctx, arn, func(e *Entry) error { return fn(&e.Tags) }))
	}
	_, err := r.change(ctx, arn, func(c *Cluster) error { return fn(&c.Tags) })
	return asTagged(err)
}
