package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// tokenWindow is how long a request token stands for its first answer.
const tokenWindow = 8 * time.Hour

// A Registration is what a cluster is registered with. Without a kubeconfig it
// waits for one, as EKS' connector waits for its agent.
type Registration struct {
	Name       string
	Tags       map[string]string
	Provider   string // one of the model's; OTHER if empty
	RoleARN    string // of the connector
	Token      string // makes the request idempotent
	Kubeconfig string // with its files inlined
	Context    string // of the kubeconfig; its current one if empty
	Issuer     string // of service accounts' tokens; empty: the API server is asked
	PinIssuer  bool   // make the account's identity provider, with the cluster's keys
	Unchecked  bool   // take a kubeconfig whose API server cannot be reached now
}

// Register adds a cluster to the caller's account and region. With a kubeconfig
// the API server is asked first, and what it refuses is not registered. A cluster
// that waits for its kubeconfig takes it here, too.
func (r *Room) Register(ctx context.Context, in Registration) (*Cluster, error) {
	caller := hearth.CallerFrom(ctx)
	if err := checkRegistration(caller, in); err != nil {
		return nil, err
	}
	c := &Cluster{
		Account: caller.Account, Region: caller.Region, Name: in.Name, Tags: in.Tags, Created: r.opts.Now().UTC(),
		Provider: in.Provider, RoleARN: in.RoleARN, Issuer: in.Issuer, Given: in.Issuer != "",
	}
	if in.Provider == "" {
		c.Provider = "OTHER"
	}
	if in.Kubeconfig != "" {
		if err := r.equip(ctx, c, in); err != nil {
			return nil, err
		}
	}
	answer, err := r.insert(ctx, c, in)
	if err != nil {
		return nil, err
	}
	r.record(ctx, answer, "Cluster registered.")
	return answer, nil
}

func checkRegistration(caller hearth.Caller, in Registration) error {
	if err := checkName(caller, in.Name); err != nil {
		return err
	}
	if in.Provider != "" && !slices.Contains(connectors, in.Provider) {
		return unfit("connectorConfig.provider", "It must be one of %s", strings.Join(connectors, ", "))
	}
	if in.RoleARN != "" && !rolePattern.MatchString(in.RoleARN) {
		return unfit("connectorConfig.roleArn", "It must be the ARN of a role: arn:aws:iam::ACCOUNT:role/NAME")
	}
	if in.Issuer != "" {
		if err := checkIssuer(in.Issuer); err != nil {
			return err
		}
	}
	return checkTags(in.Tags)
}

// equip gives c what the kubeconfig and the API server say.
func (r *Room) equip(ctx context.Context, c *Cluster, in Registration) error {
	a, err := readKubeconfig(in.Kubeconfig, in.Context)
	if err != nil {
		return err
	}
	if c.Sealed, err = r.seal(a, c.ARN()); err != nil {
		return err
	}
	c.Server, c.CA, c.Credential, c.Updated = a.Server, a.CA, a.kind(), r.opts.Now().UTC()
	l, err := r.newLink(a)
	if err != nil {
		return err
	}
	defer l.transport.CloseIdleConnections()
	w := l.wire(c.Name, Identity{})
	err = r.discover(ctx, c, w)
	switch {
	case err != nil && !in.Unchecked:
		return invalidKubeconfig(err)
	case in.PinIssuer && err == nil:
		err = r.pin(ctx, c, w)
		c.Pinned = err == nil
		return err
	}
	c.Pinned = in.PinIssuer && err != nil // once it is reached
	return nil
}

// discover asks a cluster for its version and its issuer. An issuer that may not
// be asked for stays unknown: only describing the cluster needs it.
func (r *Room) discover(ctx context.Context, c *Cluster, w *wire) error {
	_, version, _, err := w.version(ctx)
	if err != nil {
		return err
	}
	c.Version, c.Reached = version, true
	if c.Given {
		return nil
	}
	issuer, err := w.issuer(ctx)
	switch {
	case err == nil:
		c.Issuer = issuer
	case hearth.KindOf(err) == hearth.Unavailable && statusOf(err) == 0:
		return err
	}
	return nil
}

// invalidKubeconfig is what whoever registers is told of a cluster that was not
// reached: it is the request that is wrong.
func invalidKubeconfig(err error) error {
	if hearth.KindOf(err) == hearth.Internal {
		return err
	}
	return unfit("kubeconfig", "%s. --no-check registers it all the same", strings.TrimSuffix(message(err), "."))
}

// insert stores c unless the name is taken.
func (r *Room) insert(ctx context.Context, c *Cluster, in Registration) (*Cluster, error) {
	var answer *Cluster
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		text, err := store.Once(tx, "RegisterCluster "+prefixOf(c.Account, c.Region), in.Token, in.fingerprint(), r.opts.Now(), tokenWindow, func() ([]byte, error) {
			if err := r.admit(tx, c); err != nil {
				return nil, err
			}
			if err := putCluster(tx, c); err != nil {
				return nil, err
			}
			return json.Marshal(c)
		})
		if err != nil {
			return err
		}
		answer, err = decode[Cluster](clusterBucket, c.Name, text)
		return err
	})
	return answer, err
}

// admit refuses a name that is taken and one cluster too many.
func (r *Room) admit(tx store.Tx, c *Cluster) error {
	old, err := clusterIn(tx, c.ARN())
	switch {
	case err == nil && (len(old.Sealed) > 0 || len(c.Sealed) == 0):
		return &hearth.Error{Kind: hearth.Conflict, Type: ResourceType, Resource: c.Name, Msg: "Cluster already exists with name: " + c.Name}
	case err == nil: // it waited for this
		c.Created, c.Provider, c.RoleARN = old.Created, old.Provider, old.RoleARN
		return nil
	case hearth.KindOf(err) != hearth.NotFound:
		return err
	}
	most := maxClusters
	if r.opts.Profile == hearth.AWSStrict {
		most = maxClustersStrict
	}
	have, err := tx.Scan(clusterBucket, prefixOf(c.Account, c.Region), "", most)
	if err == nil && len(have) >= most {
		return &hearth.Error{Kind: hearth.Quota, Type: ResourceType, Resource: c.Name, Msg: "This region has as many registered clusters as it may have"}
	}
	return err
}

// fingerprint tells requests apart that come with the same token.
func (in Registration) fingerprint() string { return fingerprintOf(in) }

// fingerprintOf is that of a request: of strings, lists and maps of strings.
func fingerprintOf(in any) string {
	text, _ := json.Marshal(in) // of such never fails
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// An Update is what may be changed of a cluster.
type Update struct {
	Kubeconfig, Context string // empty: stays
	Issuer              string // empty: stays, or is asked for again
	PinIssuer           bool
	Unchecked           bool
}

// Update gives a cluster another kubeconfig or issuer. It counts for every
// request from then on; nothing that uses the cluster has to be told.
func (r *Room) Update(ctx context.Context, name string, in Update) (*Cluster, error) {
	arn := ARN(hearth.CallerFrom(ctx), name)
	old, err := r.Cluster(ctx, arn)
	if err != nil {
		return nil, err
	}
	c := *old
	if in.Issuer != "" {
		if err := checkIssuer(in.Issuer); err != nil {
			return nil, err
		}
		c.Issuer, c.Given = in.Issuer, true
	}
	if err := r.refit(ctx, &c, in); err != nil {
		return nil, err
	}
	made, err := r.change(ctx, arn, func(now *Cluster) error {
		tags, created := now.Tags, now.Created
		*now = c
		now.Tags, now.Created = tags, created
		return nil
	})
	if err != nil {
		return nil, err
	}
	r.record(ctx, made, "Cluster updated.")
	return made, nil
}

func (r *Room) refit(ctx context.Context, c *Cluster, in Update) error {
	if in.Kubeconfig != "" {
		was := *c
		c.Pinned = false
		err := r.equip(ctx, c, Registration{Kubeconfig: in.Kubeconfig, Context: in.Context, PinIssuer: in.PinIssuer, Unchecked: in.Unchecked})
		c.Pinned = c.Pinned || was.Pinned && c.Issuer == was.Issuer
		return err
	}
	if !in.PinIssuer {
		return nil
	}
	w, err := r.wire(ctx, c.ARN(), Identity{})
	if err == nil {
		err = r.discover(ctx, c, w)
	}
	if err == nil {
		err = r.pin(ctx, c, w)
	}
	c.Pinned = err == nil
	return err
}

// Deregister forgets a cluster with its credentials and access entries. Scrapers
// stay: they are bound to the ARN, and a cluster that is registered again under
// the name is scraped again.
func (r *Room) Deregister(ctx context.Context, name string) (*Cluster, error) {
	arn := ARN(hearth.CallerFrom(ctx), name)
	var c *Cluster
	err := r.opts.Store.Update(ctx, func(tx store.Tx) (err error) {
		if c, err = clusterIn(tx, arn); err != nil {
			return err
		}
		key, _ := keyOf(arn)
		entries, err := tx.Scan(entryBucket, key+"/", "", 0)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := tx.Delete(entryBucket, e.Key); err != nil {
				return err
			}
		}
		return tx.Delete(clusterBucket, key)
	})
	if err != nil {
		return nil, err
	}
	r.dropLink(arn)
	r.record(ctx, c, "Cluster deregistered.")
	return c, nil
}

// activation is the id that EKS gives a connector: the same for the same cluster.
func (c *Cluster) Activation() string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(c.ARN().String()+c.Created.String())).String()
}

// record writes a change into the ledger.
func (r *Room) record(ctx context.Context, c *Cluster, summary string) {
	who := hearth.CallerFrom(ctx)
	r.opts.Recorder.Record(hearth.Event{
		Time: r.opts.Now(), RequestID: who.RequestID, Account: c.Account, Principal: who.Principal.ARN.String(),
		Kind: hearth.EventChanged, Summary: summary, Details: []hearth.Detail{{Name: hearth.DetailResource, Value: c.ARN().String()}},
	})
}
