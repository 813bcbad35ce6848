// Package store keeps control-plane state on disk: who has which workspace,
// what it is configured to do, and the ledger. Samples live in engine.
//
// A store is a set of buckets; a bucket maps keys to values, both opaque here.
// Values come back byte for byte. docs/storage.md lists every bucket.
package store

import (
	"context"
	"errors"
	"time"
)

// ErrNotFound is returned by Tx.Get for a key that is not there.
var ErrNotFound = errors.New("store: key not found")

// A Store keeps buckets and logs. All methods may be called concurrently. A store
// that cannot write for now (a full disk) or is closed answers with kind
// Unavailable; values and keys over MaxValueBytes and MaxKeyBytes are TooLarge.
type Store interface {
	// View runs fn on one consistent snapshot.
	View(ctx context.Context, fn func(Tx) error) error

	// Update runs fn alone: no other Update overlaps it. If fn returns nil the
	// changes are on disk when Update returns nil; otherwise nothing changed. fn
	// may be run again and must have no other effects.
	Update(ctx context.Context, fn func(Tx) error) error

	// Changed returns a channel that receives (without ever blocking an Update)
	// soon after each committed change to bucket, and a function to stop it.
	Changed(bucket string) (<-chan struct{}, func())

	// AppendLog adds records to a log; Log reads them back, newest first;
	// TrimLog forgets the oldest beyond keep.
	AppendLog(ctx context.Context, log string, records []Record) error
	Log(ctx context.Context, log string, q LogQuery) ([]Record, error)
	TrimLog(ctx context.Context, log string, keep int) error

	Close() error
}

// A Tx reads and writes within one View or Update. Values it returns belong to
// the caller.
//
// A Tx belongs to one goroutine and ends with its View or Update.
type Tx interface {
	Get(bucket, key string) ([]byte, error)
	Put(bucket, key string, value []byte) error // refused in a View
	Delete(bucket, key string) error            // deleting what is not there is not an error
	// Scan returns up to limit entries whose key has prefix and sorts after
	// after, in byte order of the key. limit 0 means all.
	Scan(bucket, prefix, after string, limit int) ([]Entry, error)
}

// Entry is a key with its value.
type Entry struct {
	Key   string
	Value []byte
}

// A Record is one line of a log. Key1 and Key2 are indexed.
type Record struct {
	Seq   int64 // given by the store, ascending
	Time  time.Time
	Key1  string
	Key2  string
	Value []byte
}

// A LogQuery selects records; zero fields select all.
type LogQuery struct {
	Key1, Key2 string
	Since      time.Time // at or after
	Before     time.Time // before, not at
	BeforeSeq  int64     // the Seq of the last record of the page before
	Limit      int       // 0: 1000
}
