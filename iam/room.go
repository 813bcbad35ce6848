package iam

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// The buckets. docs/storage.md describes them.
const (
	entityBucket    = "iam-entities"          // ACCOUNT/KIND/NAME
	policyBucket    = "iam-policies"          // ARN
	accessKeyBucket = "iam-access-keys"       // access key id
	providerBucket  = "iam-providers"         // ARN
	accountBucket   = "iam-accounts"          // ACCOUNT
	resourceBucket  = "iam-resource-policies" // ARN
	bearerBucket    = "iam-bearer-tokens"     // token id
)

// Options is what a Room needs. Store and Keys are required.
type Options struct {
	Store store.Store
	Keys  *Keyring
	Roots []RootKey // each account of this Hearth has one

	Profile hearth.Profile // AWSStrict: AWS's own quotas

	Dial Dial              // for the keys of identity providers; nil: only pinned keys count
	Pins map[string]string // key sets (JWKS) by issuer, for issuers that cannot be reached

	Elsewhere map[string]Elsewhere // by service: who keeps the policies of its resources

	Now func() time.Time // time.Now unless a test says otherwise
	Log *slog.Logger     // nil discards
}

// A RootKey is an access key of an account's root.
type RootKey struct {
	Account hearth.AccountID
	ID      string
	Secret  string
}

// Room knows all accounts. It answers Secret and Authorize from memory; changes
// go to the store first. All methods may be called concurrently.
type Room struct {
	opts  Options
	roots map[string]RootKey

	quotas   quotas
	changing sync.Mutex // held by the one change under way

	mu sync.RWMutex // guards what follows
	state
	compiled map[entityKey]*compiled // policies of entities, made when first asked for

	sessions  sessionCache
	discovery discovery
	parsed    parsed
}

// state is everything that is stored, as it is used.
type state struct {
	entities  map[entityKey]*Entity
	policies  map[string]*ManagedPolicy // by ARN, AWS's own not among them
	keys      map[string]*AccessKey     // by id
	providers map[string]*Provider      // by ARN
	accounts  map[hearth.AccountID]*accountRecord
	resources map[string]*ResourceDocument // by ARN
	bearers   map[string]*BearerToken      // by id
}

func newState() state {
	return state{
		entities: map[entityKey]*Entity{}, policies: map[string]*ManagedPolicy{}, keys: map[string]*AccessKey{},
		providers: map[string]*Provider{}, accounts: map[hearth.AccountID]*accountRecord{},
		resources: map[string]*ResourceDocument{}, bearers: map[string]*BearerToken{},
	}
}

// Open reads what is stored and returns the room. It starts nothing.
func Open(ctx context.Context, o Options) (*Room, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	r := &Room{opts: o, roots: map[string]RootKey{}, quotas: quotasOf(o.Profile), state: newState(), compiled: map[entityKey]*compiled{}}
	if err := r.discovery.init(o); err != nil {
		return nil, err
	}
	for _, k := range o.Roots {
		r.roots[k.ID] = k
	}
	if err := o.Store.View(ctx, r.load); err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	return r, nil
}

func (r *Room) load(tx store.Tx) error {
	for _, load := range []func(store.Tx) error{
		loader(entityBucket, (*Entity).read, r.putEntity),
		loader(policyBucket, (*ManagedPolicy).read, r.putPolicy),
		loader(accessKeyBucket, r.readKey, r.putKey),
		loader(providerBucket, (*Provider).read, r.putProvider),
		loader(accountBucket, func(*accountRecord) error { return nil }, r.putAccount),
		loader(resourceBucket, (*ResourceDocument).read, r.putResource),
		loader(bearerBucket, func(*BearerToken) error { return nil }, r.putBearer),
	} {
		if err := load(tx); err != nil {
			return err
		}
	}
	return nil
}

// loader returns what reads a bucket's records one by one.
func loader[T any](bucket string, read func(*T) error, put func(*T)) func(store.Tx) error {
	return func(tx store.Tx) error {
		entries, err := tx.Scan(bucket, "", "", 0)
		if err != nil {
			return err
		}
		for _, e := range entries {
			v := new(T)
			if err := json.Unmarshal(e.Value, v); err != nil {
				return fmt.Errorf("%s %s: %w", bucket, e.Key, err)
			}
			if err := read(v); err != nil {
				return fmt.Errorf("%s %s: %w", bucket, e.Key, err)
			}
			put(v)
		}
		return nil
	}
}

func (s *state) putEntity(e *Entity)             { s.entities[e.key()] = e }
func (s *state) putPolicy(p *ManagedPolicy)      { s.policies[p.ARN().String()] = p }
func (s *state) putKey(k *AccessKey)             { s.keys[k.ID] = k }
func (s *state) putProvider(p *Provider)         { s.providers[p.ARN().String()] = p }
func (s *state) putAccount(a *accountRecord)     { s.accounts[a.ID] = a }
func (s *state) putResource(d *ResourceDocument) { s.resources[d.ARN] = d }
func (s *state) putBearer(b *BearerToken)        { s.bearers[b.ID] = b }

// Account is the room as one account sees it.
func (r *Room) Account(id hearth.AccountID) *Account { return &Account{r, id} }

// An Account has users, groups, roles, policies and identity providers. Errors:
// NotFound, Conflict (it exists already), InUse, Malformed (a document), Invalid,
// Quota.
type Account struct {
	room *Room
	id   hearth.AccountID
}

type accountRecord struct {
	ID    hearth.AccountID `json:"id"`
	Alias string           `json:"alias,omitempty"`
}

// A change is what one operation does, to the store and then to memory.
type change struct {
	*Room
	now    time.Time
	writes []write
	apply  []func(*state)
}

type write struct {
	bucket, key string
	value       []byte // nil deletes
}

// change runs fn, and makes what it asked for true if it returns nil. Only one
// change is under way at a time, so fn may look at the state without a lock.
func (r *Room) change(ctx context.Context, fn func(c *change) error) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	c := &change{Room: r, now: r.opts.Now().UTC().Truncate(time.Second)}
	if err := fn(c); err != nil {
		return err
	}
	if len(c.writes) == 0 {
		return nil
	}
	if err := r.opts.Store.Update(ctx, c.write); err != nil {
		return fmt.Errorf("save accounts: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, apply := range c.apply {
		apply(&r.state)
	}
	r.compiled = map[entityKey]*compiled{}
	return nil
}

func (c *change) write(tx store.Tx) error {
	for _, w := range c.writes {
		var err error
		if w.value == nil {
			err = tx.Delete(w.bucket, w.key)
		} else {
			err = tx.Put(w.bucket, w.key, w.value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// put notes a record to be written, and how memory learns of it.
func (c *change) put(bucket, key string, v any, apply func(*state)) error {
	value, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("save %s %s: %w", bucket, key, err)
	}
	c.writes = append(c.writes, write{bucket, key, value})
	c.apply = append(c.apply, apply)
	return nil
}

func (c *change) remove(bucket, key string, apply func(*state)) {
	c.writes = append(c.writes, write{bucket, key, nil})
	c.apply = append(c.apply, apply)
}

func (c *change) putEntity(e *Entity) error {
	return c.put(entityBucket, e.key().String(), e, func(s *state) { s.putEntity(e) })
}

func (c *change) removeEntity(e *Entity) {
	c.remove(entityBucket, e.key().String(), func(s *state) { delete(s.entities, e.key()) })
}

// entity returns a copy to change.
func (c *change) entity(a hearth.AccountID, kind EntityKind, name string) (*Entity, error) {
	e, ok := c.entities[entityKey{a, kind, lower(name)}]
	if !ok {
		return nil, noEntity(kind, name)
	}
	return e.clone(), nil
}
