package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

const (
	maxEntries = 1000 // of a cluster
	maxGroups  = 100  // of an entry
	standard   = "STANDARD"
)

// An Entry says who a role or user is in a cluster.
// https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html
type Entry struct {
	Cluster   hearth.ARN        `json:"cluster"`
	Principal hearth.ARN        `json:"principal"`
	ID        string            `json:"id"`
	Username  string            `json:"username"`
	Groups    []string          `json:"groups,omitempty"`
	Tags      map[string]string `json:"tags,omitempty"`
	Created   time.Time         `json:"created"`
	Modified  time.Time         `json:"modified"`
	Policies  []Association     `json:"policies,omitempty"`
}

// ARN names the entry: access-entry/CLUSTER/role/ACCOUNT/NAME/ID.
func (e *Entry) ARN() hearth.ARN {
	a := e.Cluster
	a.Resource = entryPath(e.Cluster, e.Principal) + "/" + e.ID
	return a
}

func entryPath(cluster, principal hearth.ARN) string {
	kind, name, _ := strings.Cut(withoutPath(principal.Resource), "/")
	return "access-entry/" + nameOf(cluster) + "/" + kind + "/" + string(principal.Account) + "/" + name
}

// EntryARN is the ARN of a principal's access entry in a cluster of the caller. One
// that does not exist has * for its id.
func (r *Room) EntryARN(ctx context.Context, c hearth.Caller, name, principal string) hearth.ARN {
	cluster := ARN(c, name)
	none := hearth.ARN{Partition: "aws", Service: "eks", Region: c.Region, Account: c.Account, Resource: "access-entry/" + clip(name) + "/*"}
	p, err := principalOf(principal)
	if err != nil {
		return none
	}
	if e, err := r.entryOf(ctx, cluster, p); err == nil && e != nil {
		return e.ARN()
	}
	none.Resource = entryPath(cluster, p) + "/*"
	return none
}

func isEntry(arn hearth.ARN) bool { return strings.HasPrefix(arn.Resource, "access-entry/") }

// identity is who the entry's principal is: its user, its groups, and the group
// that its access policies are bound to.
func (e *Entry) identity() Identity {
	id := Identity{User: expand(e.Username, e.Principal), Groups: slices.Clone(e.Groups)}
	if len(e.Policies) > 0 {
		id.Groups = append(id.Groups, e.policyGroup())
	}
	return id
}

// policyGroup is a group that nobody else is in.
func (e *Entry) policyGroup() string { return "hearth:access-entry:" + e.ID }

func entryKey(cluster, principal hearth.ARN) string {
	key, _ := keyOf(cluster)
	p := principal
	p.Resource = withoutPath(principal.Resource)
	return key + "/" + p.String()
}

// An EntryInput describes a new access entry.
type EntryInput struct {
	Principal string
	Username  string // empty: EKS' own for the principal
	Groups    []string
	Type      string // STANDARD or empty; nodes are EKS' own
	Tags      map[string]string
	Token     string // makes the request idempotent
}

// principalOf reads the ARN of who an entry is about.
func principalOf(text string) (hearth.ARN, error) {
	arn, err := hearth.ParseARN(text)
	kind, name, _ := strings.Cut(arn.Resource, "/")
	root := arn.Resource == "root"
	switch {
	case err != nil || len(text) > 1024 || arn.Service != "iam" || !twelveDigits(string(arn.Account)):
	case root || (kind == "role" || kind == "user") && name != "":
		return arn, nil
	}
	return arn, unfit("principalArn", "The principalArn parameter format is not valid: it is the ARN of an IAM role or user")
}

func twelveDigits(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}

// reserved begin names that belong to Kubernetes and EKS.
var reserved = []string{"system:", "eks:", "aws:", "amazon:", "iam:", "hearth:"}

func checkSubject(field, name string) error {
	if name == "" || len(name) > 512 || strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return unfit(field, "A name has 1 to 512 printable characters")
	}
	for _, p := range reserved {
		if strings.HasPrefix(name, p) {
			return unfit(field, "The name %q must not begin with %s", clip(name), p)
		}
	}
	return nil
}

func checkGroups(groups []string) error {
	if len(groups) > maxGroups {
		return unfit("kubernetesGroups", "An access entry has at most %d groups", maxGroups)
	}
	for _, g := range groups {
		if err := checkSubject("kubernetesGroups", g); err != nil {
			return err
		}
	}
	return nil
}

// usernameFor is EKS' own name for a principal.
func usernameFor(p hearth.ARN) string {
	if name, ok := strings.CutPrefix(withoutPath(p.Resource), "role/"); ok {
		return "arn:aws:sts::" + string(p.Account) + ":assumed-role/" + name + "/{{SessionName}}"
	}
	return p.String()
}

func (in *EntryInput) check() (hearth.ARN, error) {
	p, err := principalOf(in.Principal)
	if err != nil {
		return p, err
	}
	if in.Type != "" && in.Type != standard {
		return p, &hearth.Error{Kind: hearth.Invalid, Type: RequestType,
			Msg: fmt.Sprintf("type: Access entries of type %s are for nodes that EKS runs itself; only STANDARD is served", clip(in.Type))}
	}
	if in.Username == "" {
		in.Username = usernameFor(p)
	} else if err := checkSubject("username", in.Username); err != nil {
		return p, err
	}
	if err := checkGroups(in.Groups); err != nil {
		return p, err
	}
	return p, checkTags(in.Tags)
}

// CreateEntry makes an access entry in a cluster of the caller. A second request
// with the same token gets the first one's answer.
func (r *Room) CreateEntry(ctx context.Context, name string, in EntryInput) (e *Entry, err error) {
	cluster := ARN(hearth.CallerFrom(ctx), name)
	p, err := in.check()
	if err != nil {
		return nil, err
	}
	now := r.opts.Now().UTC()
	made := &Entry{Cluster: cluster, Principal: p, ID: uuid.NewString(), Username: in.Username, Groups: in.Groups, Tags: in.Tags, Created: now, Modified: now}
	err = r.opts.Store.Update(ctx, func(tx store.Tx) error {
		if _, err := clusterIn(tx, cluster); err != nil {
			return err
		}
		text, err := store.Once(tx, "CreateAccessEntry "+cluster.String(), in.Token, fingerprintOf(in), now, tokenWindow, func() ([]byte, error) {
			if err := admitEntry(tx, made); err != nil {
				return nil, err
			}
			if err := put(tx, entryBucket, entryKey(cluster, p), made); err != nil {
				return nil, err
			}
			return json.Marshal(made)
		})
		if err != nil {
			return err
		}
		e, err = decode[Entry](entryBucket, p.String(), text)
		return err
	})
	return e, err
}

// admitEntry refuses a second entry of a principal, and one too many.
func admitEntry(tx store.Tx, e *Entry) error {
	name := nameOf(e.Cluster)
	if _, err := entryIn(tx, e.Cluster, e.Principal); err == nil {
		return &hearth.Error{Kind: hearth.Conflict, Type: EntryType, Resource: name, Msg: "The specified access entry resource is already in use on this cluster."}
	} else if hearth.KindOf(err) != hearth.NotFound {
		return err
	}
	key, _ := keyOf(e.Cluster)
	have, err := tx.Scan(entryBucket, key+"/", "", maxEntries)
	if err == nil && len(have) >= maxEntries {
		return &hearth.Error{Kind: hearth.Quota, Type: EntryType, Resource: name, Msg: "The cluster has as many access entries as it may have"}
	}
	return err
}

func entryIn(tx store.Tx, cluster, principal hearth.ARN) (*Entry, error) {
	e, err := get[Entry](tx, entryBucket, entryKey(cluster, principal))
	if errors.Is(err, store.ErrNotFound) {
		return nil, &hearth.Error{Kind: hearth.NotFound, Type: EntryType, Resource: nameOf(cluster),
			Msg: "The specified principalArn could not be found. You can view your available access entries with 'list-access-entries'."}
	}
	return e, err
}

// entryOf is the entry of a role; nil if there is none.
func (r *Room) entryOf(ctx context.Context, cluster, role hearth.ARN) (e *Entry, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		e, err = entryIn(tx, cluster, role)
		return err
	})
	if hearth.KindOf(err) == hearth.NotFound {
		return nil, nil
	}
	return e, err
}

// Entry returns an access entry of a cluster of the caller.
func (r *Room) Entry(ctx context.Context, name, principal string) (e *Entry, err error) {
	cluster := ARN(hearth.CallerFrom(ctx), name)
	p, err := principalOf(principal)
	if err != nil {
		return nil, asRequest(err)
	}
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		if _, err := clusterIn(tx, cluster); err != nil {
			return err
		}
		e, err = entryIn(tx, cluster, p)
		return err
	})
	return e, err
}

// asRequest is for operations whose model has no InvalidParameterException.
func asRequest(err error) error {
	return &hearth.Error{Kind: hearth.Invalid, Type: RequestType, Msg: message(err)}
}

// changeEntry edits one that exists. edit may be run again.
func (r *Room) changeEntry(ctx context.Context, cluster, principal hearth.ARN, edit func(e *Entry) error) (e *Entry, err error) {
	err = r.opts.Store.Update(ctx, func(tx store.Tx) error {
		if _, err := clusterIn(tx, cluster); err != nil {
			return err
		}
		if e, err = entryIn(tx, cluster, principal); err != nil {
			return err
		}
		if err := edit(e); err != nil {
			return err
		}
		return put(tx, entryBucket, entryKey(cluster, principal), e)
	})
	return e, err
}

// An EntryUpdate is what to change; nil and empty stay as they are.
type EntryUpdate struct {
	Username string
	Groups   []string
}

// UpdateEntry changes the user or the groups of an access entry.
func (r *Room) UpdateEntry(ctx context.Context, name, principal string, in EntryUpdate) (*Entry, error) {
	p, err := principalOf(principal)
	if err != nil {
		return nil, err
	}
	if in.Username != "" {
		if err := checkSubject("username", in.Username); err != nil {
			return nil, err
		}
	}
	if err := checkGroups(in.Groups); err != nil {
		return nil, err
	}
	return r.changeEntry(ctx, ARN(hearth.CallerFrom(ctx), name), p, func(e *Entry) error {
		if in.Username != "" {
			e.Username = in.Username
		}
		if in.Groups != nil {
			e.Groups = in.Groups
		}
		e.Modified = r.opts.Now().UTC()
		return nil
	})
}

// Entries lists the principals that have access entries; with a policy, those it
// is associated with.
func (r *Room) Entries(ctx context.Context, name, policy string, p Paging) (all []string, next string, err error) {
	cluster := ARN(hearth.CallerFrom(ctx), name)
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		if _, err := clusterIn(tx, cluster); err != nil {
			return err
		}
		key, _ := keyOf(cluster)
		entries, token, err := page(tx, entryBucket, key+"/", p, func(e *Entry) bool { return policy == "" || e.association(policy) >= 0 })
		all, next = nil, token
		for _, e := range entries {
			all = append(all, e.Principal.String())
		}
		return err
	})
	return all, next, err
}

// DeleteEntry deletes an access entry, and takes back what its policies gave.
func (r *Room) DeleteEntry(ctx context.Context, name, principal string) error {
	e, err := r.Entry(ctx, name, principal)
	if err != nil {
		return err
	}
	if len(e.Policies) > 0 {
		if err := r.revoke(ctx, e); err != nil {
			return err
		}
	}
	return r.opts.Store.Update(ctx, func(tx store.Tx) error {
		return tx.Delete(entryBucket, entryKey(e.Cluster, e.Principal))
	})
}

// entryByARN finds the entry that has the ARN.
func (r *Room) entryByARN(ctx context.Context, arn hearth.ARN) (e *Entry, err error) {
	p := strings.Split(arn.Resource, "/")
	if len(p) != 6 || arn.Service != "eks" {
		return nil, unfit("resourceArn", "It is not the ARN of a cluster or an access entry")
	}
	cluster := ARN(hearth.Caller{Account: arn.Account, Region: arn.Region}, p[1])
	principal := hearth.ARN{Partition: "aws", Service: "iam", Account: hearth.AccountID(p[3]), Resource: p[2] + "/" + p[4]}
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		if e, err = entryIn(tx, cluster, principal); err == nil && e.ARN() != arn {
			return &hearth.Error{Kind: hearth.NotFound, Type: EntryType, Resource: p[1], Msg: "no access entry has this ARN"}
		}
		return err
	})
	return e, err
}

func (r *Room) changeEntryByARN(ctx context.Context, arn hearth.ARN, edit func(e *Entry) error) error {
	e, err := r.entryByARN(ctx, arn)
	if err != nil {
		return err
	}
	_, err = r.changeEntry(ctx, e.Cluster, e.Principal, edit)
	return err
}
