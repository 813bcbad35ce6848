package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// The buckets. docs/storage.md describes them.
const (
	clusterBucket = "clusters"               // ACCOUNT/REGION/NAME
	entryBucket   = "cluster-access-entries" // ACCOUNT/REGION/NAME/PRINCIPAL
)

// The types of resources that errors are about.
const (
	ResourceType   = "cluster"
	EntryType      = "access-entry"
	RequestType    = "request"      // Invalid: right in form, but not possible here
	NoResourceType = "untagged"     // NotFound, of the tagging operations
	BadTagsType    = "invalid tags" // Invalid, of the tagging operations
)

// A Cluster is a Kubernetes cluster that was registered.
type Cluster struct {
	Account  hearth.AccountID  `json:"account"`
	Region   hearth.Region     `json:"region"`
	Name     string            `json:"name"`
	Tags     map[string]string `json:"tags,omitempty"`
	Created  time.Time         `json:"created"`
	Provider string            `json:"provider,omitempty"` // EKS_ANYWHERE, GKE, OTHER …
	RoleARN  string            `json:"role_arn,omitempty"` // of the connector; kept, not used

	Server  string `json:"server,omitempty"`  // of the API server
	CA      string `json:"ca,omitempty"`      // PEM; empty: the machine's authorities
	Version string `json:"version,omitempty"` // 1.35
	Issuer  string `json:"issuer,omitempty"`  // of service accounts' tokens
	Given   bool   `json:"given,omitempty"`   // the issuer was given, not discovered
	Pinned  bool   `json:"pinned,omitempty"`  // the account's identity provider follows the cluster's keys
	Reached bool   `json:"reached,omitempty"` // at least once

	Sealed     []byte    `json:"sealed,omitempty"` // the access; none until there is a kubeconfig
	Credential string    `json:"credential,omitempty"`
	Updated    time.Time `json:"updated,omitzero"` // when the kubeconfig came
}

// ARN names the cluster as EKS does.
func (c *Cluster) ARN() hearth.ARN {
	return ARN(hearth.Caller{Account: c.Account, Region: c.Region}, c.Name)
}

// ARN names a cluster of the caller's account and region.
func ARN(c hearth.Caller, name string) hearth.ARN {
	return hearth.ARN{Partition: "aws", Service: "eks", Region: c.Region, Account: c.Account, Resource: "cluster/" + name}
}

// Status is ACTIVE once the API server was reached, and PENDING before.
func (c *Cluster) Status() hearth.Status {
	if c.Reached {
		return hearth.Active
	}
	return "PENDING"
}

func prefixOf(account hearth.AccountID, region hearth.Region) string {
	return string(account) + "/" + string(region) + "/"
}

// keyOf is where the ARN's cluster is kept; what names no cluster has no key.
func keyOf(arn hearth.ARN) (string, bool) {
	name, ok := strings.CutPrefix(arn.Resource, "cluster/")
	return prefixOf(arn.Account, arn.Region) + name, ok && arn.Service == "eks" && clusterName.MatchString(name)
}

func nameOf(arn hearth.ARN) string { return strings.TrimPrefix(arn.Resource, "cluster/") }

// noCluster has EKS' text.
func noCluster(name string) error {
	return &hearth.Error{Kind: hearth.NotFound, Type: ResourceType, Resource: name, Msg: "No cluster found for name: " + name + "."}
}

func clusterIn(tx store.Tx, arn hearth.ARN) (*Cluster, error) {
	key, ok := keyOf(arn)
	if !ok {
		return nil, noCluster(clip(nameOf(arn)))
	}
	c, err := get[Cluster](tx, clusterBucket, key)
	if errors.Is(err, store.ErrNotFound) {
		return nil, noCluster(nameOf(arn))
	}
	return c, err
}

func putCluster(tx store.Tx, c *Cluster) error {
	key, _ := keyOf(c.ARN())
	return put(tx, clusterBucket, key, c)
}

// Cluster returns one; NotFound if no cluster has the ARN.
func (r *Room) Cluster(ctx context.Context, arn hearth.ARN) (c *Cluster, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		c, err = clusterIn(tx, arn)
		return err
	})
	return c, err
}

// change edits a cluster that exists.
func (r *Room) change(ctx context.Context, arn hearth.ARN, edit func(c *Cluster) error) (c *Cluster, err error) {
	err = r.opts.Store.Update(ctx, func(tx store.Tx) error {
		if c, err = clusterIn(tx, arn); err != nil {
			return err
		}
		if err := edit(c); err != nil {
			return err
		}
		return putCluster(tx, c)
	})
	return c, err
}

// get reads a record; what is not there is store.ErrNotFound.
func get[T any](tx store.Tx, bucket, key string) (*T, error) {
	return store.Read[T](tx, bucket, key)
}

func decode[T any](bucket, key string, data []byte) (*T, error) {
	v := new(T)
	if err := json.Unmarshal(data, v); err != nil {
		return nil, fmt.Errorf("%s %s: %w", bucket, key, err)
	}
	return v, nil
}

func put(tx store.Tx, bucket, key string, v any) error { return store.Write(tx, bucket, key, v) }

// clip keeps what strangers wrote short.
func clip(s string) string {
	if len(s) > 200 {
		return s[:200] + "…"
	}
	return s
}
