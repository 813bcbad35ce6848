package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hearth-metrics/hearth"
)

const (
	onceBucket  = "once"
	onceExpiry  = "once-expiry" // sorts tokens by when they expire
	sweptAtOnce = 4             // more than one, so that sweeping catches up
)

// first is the answer that a token stands for.
type first struct {
	Fingerprint string    `json:"fingerprint"`
	Expires     time.Time `json:"expires"`
	Result      []byte    `json:"result"`
}

// Once makes a request idempotent. It runs do and returns its result, unless the
// same token was used in the same scope within the window: then it returns the
// first result again if the fingerprints (of the request's content) are equal,
// and a Conflict if not. An empty token just runs do. An error of do is not
// remembered, for the Update it ends in changes nothing.
//
// do must make its changes through tx, so that the change and the memory of it
// are one.
func Once(tx Tx, scope, token, fingerprint string, now time.Time, window time.Duration, do func() ([]byte, error)) ([]byte, error) {
	if token == "" {
		return do()
	}
	if err := sweep(tx, now); err != nil {
		return nil, err
	}
	key := scope + "\x00" + token
	old, err := recall(tx, key)
	if err != nil {
		return nil, err
	}
	if old != nil && now.Before(old.Expires) {
		return old.again(fingerprint, token)
	}
	result, err := do()
	if err != nil {
		return nil, err
	}
	return result, remember(tx, key, old, first{Fingerprint: fingerprint, Expires: now.Add(window).UTC(), Result: result})
}

func (f *first) again(fingerprint, token string) ([]byte, error) {
	if f.Fingerprint != fingerprint {
		return nil, &hearth.Error{Kind: hearth.Conflict, Resource: token, Type: "clientToken",
			Msg: "The clientToken was used before, for a request with other content. Use a new token for a new request."}
	}
	return f.Result, nil
}

func recall(tx Tx, key string) (*first, error) {
	buf, err := tx.Get(onceBucket, key)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f := new(first)
	if err := json.Unmarshal(buf, f); err != nil {
		return nil, fmt.Errorf("read an idempotency token: %w", err)
	}
	return f, nil
}

func remember(tx Tx, key string, old *first, f first) error {
	buf, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("write an idempotency token: %w", err)
	}
	if old != nil {
		if err := tx.Delete(onceExpiry, expiryKey(old.Expires, key)); err != nil {
			return err
		}
	}
	if err := tx.Put(onceExpiry, expiryKey(f.Expires, key), []byte(key)); err != nil {
		return err
	}
	return tx.Put(onceBucket, key, buf)
}

// sweep forgets the oldest few tokens that have expired.
func sweep(tx Tx, now time.Time) error {
	oldest, err := tx.Scan(onceExpiry, "", "", sweptAtOnce)
	if err != nil {
		return err
	}
	for _, e := range oldest {
		if e.Key > expiryKey(now, "") {
			return nil
		}
		if err := tx.Delete(onceBucket, string(e.Value)); err != nil {
			return err
		}
		if err := tx.Delete(onceExpiry, e.Key); err != nil {
			return err
		}
	}
	return nil
}

func expiryKey(t time.Time, key string) string {
	return fmt.Sprintf("%020d/%s", max(t.UnixNano(), 0), key)
}
