package sns

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// Policies reads and weighs topic policies.
type Policies interface {
	// CheckPolicy returns an error of kind Malformed about a document that is no
	// policy of the resource.
	CheckPolicy(resource hearth.ARN, document string) error

	// AuthorizeService returns nil if the resource's policy lets a service such as
	// aps.amazonaws.com do this. Otherwise the error is of kind Denied.
	AuthorizeService(ctx context.Context, service string, a hearth.Access) error
}

// A Sealer encrypts what must not be read from disk.
type Sealer interface {
	Seal(plain []byte, about string) []byte
	Open(box []byte, about string) ([]byte, error)
}

// A Mailer hands mails on. A Refusal is final; after any other error the mail is
// tried again.
type Mailer interface {
	Send(ctx context.Context, from, to string, mail []byte) error
}

// Options is what a Room needs. Store, Policies, Client and Sealer are required.
type Options struct {
	Store    store.Store
	Policies Policies
	Client   *http.Client // makes guarded connections; redirects are not followed
	Sealer   Sealer       // for the key that signs
	Mail     Mailer       // nil: nobody can subscribe by e-mail
	From     string       // sender of mails
	Profile  hearth.Profile
	Forwards []Forward // topics whose messages Amazon SNS gets, too; the first that matches counts

	ExternalURL string // what links begin with
	Recorder    hearth.Recorder

	Now     func() time.Time                     // time.Now unless a test says otherwise
	After   func(time.Duration) <-chan time.Time // time.After unless a test says otherwise
	Log     *slog.Logger                         // nil discards
	Metrics prometheus.Registerer                // nil keeps the numbers private
}

// A Room has the topics of all accounts. Its methods may be called
// concurrently. What it takes is delivered while Run runs.
type Room struct {
	opts    Options
	metrics *metrics
	queue   *queue
	signers signers
	client  *http.Client
}

// New returns a room. It starts nothing.
func New(o Options) *Room {
	if o.Recorder == nil {
		o.Recorder = hearth.NoRecord{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.After == nil {
		o.After = time.After
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Profile == "" {
		o.Profile = hearth.Local
	}
	o.ExternalURL = strings.TrimRight(o.ExternalURL, "/")
	r := &Room{opts: o, queue: newQueue(), client: withoutRedirects(o.Client)}
	r.metrics = newMetrics(o.Metrics, r.queue.size)
	return r
}

// withoutRedirects answers a redirect as what it is: no delivery.
func withoutRedirects(c *http.Client) *http.Client {
	own := *c
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// get reads a record; what is not there is store.ErrNotFound.
func get[T any](tx store.Tx, bucket, key string) (*T, error) {
	return store.Read[T](tx, bucket, key)
}

func put(tx store.Tx, bucket, key string, v any) error { return store.Write(tx, bucket, key, v) }

// page reads up to pageSize records after the token's.
func page[T any](tx store.Tx, bucket, prefix, token string) (all []*T, next string, err error) {
	after, err := afterToken(token, prefix)
	if err != nil {
		return nil, "", err
	}
	entries, err := tx.Scan(bucket, prefix, after, pageSize+1)
	if err != nil {
		return nil, "", err
	}
	if len(entries) > pageSize {
		entries = entries[:pageSize]
		next = nextToken(entries[pageSize-1].Key)
	}
	for _, e := range entries {
		v := new(T)
		if err := json.Unmarshal(e.Value, v); err != nil {
			return nil, "", fmt.Errorf("%s %s: %w", bucket, e.Key, err)
		}
		all = append(all, v)
	}
	return all, next, nil
}

// topicIn reads a topic; one that does not exist is NotFound.
func topicIn(tx store.Tx, arn hearth.ARN) (*Topic, error) {
	t, err := get[Topic](tx, topicBucket, topicKey(arn))
	if errors.Is(err, store.ErrNotFound) {
		return nil, noTopic(arn)
	}
	return t, err
}
