package iam

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hearth-metrics/hearth"
)

// A ManagedPolicy can be attached to several entities. It keeps up to five
// versions, one of which counts.
type ManagedPolicy struct {
	Account     hearth.AccountID  `json:"account"` // aws for AWS's own
	Name        string            `json:"name"`
	Path        string            `json:"path"`
	ID          string            `json:"id"`
	Description string            `json:"description,omitempty"`
	Created     time.Time         `json:"created"`
	Updated     time.Time         `json:"updated"`
	Tags        map[string]string `json:"tags,omitempty"`
	Default     string            `json:"default"` // v1
	Next        int               `json:"next"`    // number of the next version: none is used twice
	Versions    []Version         `json:"versions"`
}

// A Version is one of a managed policy's documents.
type Version struct {
	ID       string    `json:"id"`
	Document string    `json:"document"`
	Created  time.Time `json:"created"`

	policy *Policy
}

// awsAccount stands for the account in the ARNs of AWS's own policies.
const awsAccount hearth.AccountID = "aws"

// ARN names the policy.
func (p *ManagedPolicy) ARN() hearth.ARN {
	return hearth.ARN{Partition: "aws", Service: "iam", Account: p.Account, Resource: "policy" + p.Path + p.Name}
}

func (p *ManagedPolicy) read() (err error) {
	for i := range p.Versions {
		if p.Versions[i].policy, err = Parse(IdentityPolicy, p.Versions[i].Document); err != nil {
			return fmt.Errorf("policy %s, version %s: %w", p.Name, p.Versions[i].ID, err)
		}
	}
	return nil
}

func (p *ManagedPolicy) version(id string) (int, bool) {
	at := slices.IndexFunc(p.Versions, func(v Version) bool { return v.ID == id })
	return at, at >= 0
}

// current is the version that counts.
func (p *ManagedPolicy) current() *Version {
	if at, ok := p.version(p.Default); ok {
		return &p.Versions[at]
	}
	return nil
}

func (p *ManagedPolicy) clone() *ManagedPolicy {
	c := *p
	c.Tags = cloneMap(p.Tags)
	c.Versions = slices.Clone(p.Versions)
	return &c
}

//go:embed managed.json
var managedJSON []byte

// awsPolicies are AWS's own policies about what Hearth serves, as AWS publishes
// them.
var awsPolicies = sync.OnceValue(func() map[string]*ManagedPolicy {
	var in map[string]struct {
		Path, Version    string
		Created, Updated time.Time
		Document         json.RawMessage
	}
	if err := json.Unmarshal(managedJSON, &in); err != nil {
		panic(fmt.Sprintf("iam: managed.json: %v", err)) // the program's own file
	}
	out := map[string]*ManagedPolicy{}
	for name, d := range in {
		sum := sha256.Sum256([]byte(name))
		p := &ManagedPolicy{
			Account: awsAccount, Name: name, Path: d.Path, ID: managedPrefix + base32.StdEncoding.EncodeToString(sum[:10]),
			Created: d.Created, Updated: d.Updated, Default: d.Version,
			Versions: []Version{{ID: d.Version, Document: string(d.Document), Created: d.Updated}},
		}
		if err := p.read(); err != nil {
			panic("iam: managed.json: " + err.Error())
		}
		out[p.ARN().String()] = p
	}
	return out
})

// policy finds a managed policy that account a may use.
func (s *state) policy(a hearth.AccountID, arn string) (*ManagedPolicy, bool) {
	if p, ok := awsPolicies()[arn]; ok {
		return p, true
	}
	p, ok := s.policies[arn]
	if !ok || p.Account != a {
		return nil, false
	}
	return p, true
}

func noPolicy(arn string) error {
	return &hearth.Error{Kind: hearth.NotFound, Type: "policy", Resource: arn, Msg: fmt.Sprintf("Policy %s was not found.", clip(arn))}
}

// PolicyInput describes a new managed policy.
type PolicyInput struct {
	Name, Path, Description, Document string
	Tags                              map[string]string
}

// CreatePolicy makes a managed policy with its first version.
func (a *Account) CreatePolicy(ctx context.Context, in PolicyInput) (*ManagedPolicy, error) {
	if err := checkName("policyName", in.Name, 128); err != nil {
		return nil, err
	}
	path, err := checkPath(in.Path)
	if err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	if err := checkDescription(in.Description); err != nil {
		return nil, err
	}
	v, err := newVersion(in.Document)
	if err != nil {
		return nil, err
	}
	p := &ManagedPolicy{
		Account: a.id, Name: in.Name, Path: path, ID: newID(managedPrefix), Description: in.Description,
		Tags: cloneMap(in.Tags), Next: 1,
	}
	return p, a.room.change(ctx, func(c *change) error {
		if c.policyNamed(a.id, in.Name) {
			return &hearth.Error{Kind: hearth.Conflict, Type: "policy", Resource: in.Name,
				Msg: fmt.Sprintf("A policy called %s already exists. Duplicate names are not allowed.", in.Name)}
		}
		if c.countPolicies(a.id) >= c.quotas.policies {
			return overQuota("Cannot exceed quota for PoliciesPerAccount: %d", c.quotas.policies)
		}
		p.Created = c.now
		p.add(v, true, c.now)
		return c.putManaged(p)
	})
}

// countPolicies counts the policies of an account's own.
func (s *state) countPolicies(a hearth.AccountID) (n int) {
	for _, p := range s.policies {
		if p.Account == a {
			n++
		}
	}
	return n
}

func (s *state) policyNamed(a hearth.AccountID, name string) bool {
	for _, p := range s.policies {
		if p.Account == a && strings.EqualFold(p.Name, name) {
			return true
		}
	}
	return false
}

func newVersion(document string) (Version, error) {
	policy, err := Parse(IdentityPolicy, document)
	if err != nil {
		return Version{}, err
	}
	if size(document) > maxPolicySize {
		return Version{}, overQuota("Cannot exceed quota for PolicySize: %d", maxPolicySize)
	}
	return Version{Document: document, policy: policy}, nil
}

// add gives the version its number.
func (p *ManagedPolicy) add(v Version, asDefault bool, now time.Time) Version {
	v.ID, v.Created = fmt.Sprintf("v%d", p.Next), now
	p.Next++
	p.Versions = append(p.Versions, v)
	if asDefault {
		p.Default = v.ID
	}
	p.Updated = now
	return v
}

func (c *change) putManaged(p *ManagedPolicy) error {
	return c.put(policyBucket, p.ARN().String(), p, func(s *state) { s.putPolicy(p) })
}

// editPolicy changes one of the account's own policies.
func (a *Account) editPolicy(ctx context.Context, arn string, fn func(c *change, p *ManagedPolicy) error) error {
	return a.room.change(ctx, func(c *change) error {
		p, ok := c.policy(a.id, arn)
		switch {
		case !ok:
			return noPolicy(arn)
		case p.Account == awsAccount:
			return &hearth.Error{Kind: hearth.Denied, Resource: arn, Msg: "because AWS's managed policies cannot be changed"}
		}
		p = p.clone()
		if err := fn(c, p); err != nil {
			return err
		}
		return c.putManaged(p)
	})
}

// CreateVersion adds a document to a policy.
func (a *Account) CreateVersion(ctx context.Context, arn, document string, asDefault bool) (v Version, err error) {
	if v, err = newVersion(document); err != nil {
		return v, err
	}
	return v, a.editPolicy(ctx, arn, func(c *change, p *ManagedPolicy) error {
		if len(p.Versions) >= maxVersions {
			return overQuota("A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.", maxVersions)
		}
		v = p.add(v, asDefault, c.now)
		return nil
	})
}

// SetDefaultVersion says which version counts.
func (a *Account) SetDefaultVersion(ctx context.Context, arn, id string) error {
	return a.editPolicy(ctx, arn, func(c *change, p *ManagedPolicy) error {
		if _, ok := p.version(id); !ok {
			return noVersion(arn, id)
		}
		p.Default, p.Updated = id, c.now
		return nil
	})
}

// DeleteVersion forgets a version that does not count.
func (a *Account) DeleteVersion(ctx context.Context, arn, id string) error {
	return a.editPolicy(ctx, arn, func(c *change, p *ManagedPolicy) error {
		at, ok := p.version(id)
		switch {
		case !ok:
			return noVersion(arn, id)
		case p.Default == id:
			return inUse(arn, "Cannot delete the default version of a policy.")
		}
		p.Versions, p.Updated = slices.Delete(p.Versions, at, at+1), c.now
		return nil
	})
}

func noVersion(arn, id string) error {
	return &hearth.Error{Kind: hearth.NotFound, Type: "policy version", Resource: arn,
		Msg: fmt.Sprintf("Policy %s version %s does not exist or is not attachable.", clip(arn), clip(id))}
}

// DeletePolicy removes a policy that nobody uses and that has one version.
func (a *Account) DeletePolicy(ctx context.Context, arn string) error {
	return a.room.change(ctx, func(c *change) error {
		p, ok := c.policies[arn]
		switch {
		case !ok || p.Account != a.id:
			return noPolicy(arn)
		case len(c.users(arn)) > 0 || len(c.bounded(arn)) > 0:
			return inUse(arn, "Cannot delete a policy attached to entities.")
		case len(p.Versions) > 1:
			return inUse(arn, "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")
		}
		c.remove(policyBucket, arn, func(s *state) { delete(s.policies, arn) })
		return nil
	})
}

// users are the entities a policy is attached to; bounded those it limits.
func (s *state) users(arn string) (out []*Entity) {
	for _, e := range s.entities {
		if slices.Contains(e.Attached, arn) {
			out = append(out, e)
		}
	}
	return out
}

func (s *state) bounded(arn string) (out []*Entity) {
	for _, e := range s.entities {
		if e.Boundary == arn {
			out = append(out, e)
		}
	}
	return out
}

// TagPolicy and UntagPolicy change a policy's tags.
func (a *Account) TagPolicy(ctx context.Context, arn string, tags map[string]string) error {
	return a.editPolicy(ctx, arn, func(_ *change, p *ManagedPolicy) error {
		AddTags(p.Tags, tags)
		return checkTags(p.Tags)
	})
}

// UntagPolicy removes tags; ones that are not there are no error.
func (a *Account) UntagPolicy(ctx context.Context, arn string, keys []string) error {
	return a.editPolicy(ctx, arn, func(_ *change, p *ManagedPolicy) error {
		RemoveTags(p.Tags, keys)
		return nil
	})
}

// PolicyUse is a managed policy and how often it is in use in the account.
type PolicyUse struct {
	*ManagedPolicy
	Attachments int
	Boundaries  int
}

// Policy returns a managed policy, AWS's own included.
func (a *Account) Policy(arn string) (PolicyUse, error) {
	a.room.mu.RLock()
	defer a.room.mu.RUnlock()
	p, ok := a.room.policy(a.id, arn)
	if !ok {
		return PolicyUse{}, noPolicy(arn)
	}
	return a.use(p), nil
}

func (a *Account) use(p *ManagedPolicy) PolicyUse {
	arn, u := p.ARN().String(), PolicyUse{ManagedPolicy: p}
	for _, e := range a.room.entities {
		if e.Account != a.id {
			continue
		}
		if slices.Contains(e.Attached, arn) {
			u.Attachments++
		}
		if e.Boundary == arn {
			u.Boundaries++
		}
	}
	return u
}

// Policies lists the account's own policies, AWS's, or both, by name.
func (a *Account) Policies(own, aws bool, pathPrefix string) []PolicyUse {
	a.room.mu.RLock()
	defer a.room.mu.RUnlock()
	var out []PolicyUse
	add := func(p *ManagedPolicy) {
		if strings.HasPrefix(p.Path, pathPrefix) {
			out = append(out, a.use(p))
		}
	}
	for _, p := range a.room.policies {
		if own && p.Account == a.id {
			add(p)
		}
	}
	for _, p := range awsPolicies() {
		if aws {
			add(p)
		}
	}
	slices.SortFunc(out, func(x, y PolicyUse) int { return strings.Compare(x.Name+x.Path, y.Name+y.Path) })
	return out
}

// UsersOf are the entities a policy is attached to (boundary false) or limits.
func (a *Account) UsersOf(arn string, boundary bool) ([]*Entity, error) {
	if _, err := a.Policy(arn); err != nil {
		return nil, err
	}
	return a.list(func(e *Entity) bool {
		if boundary {
			return e.Boundary == arn
		}
		return slices.Contains(e.Attached, arn)
	}), nil
}
