package store

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Read returns the record that is kept as JSON at key; ErrNotFound if there is none.
func Read[T any](tx Tx, bucket, key string) (*T, error) {
	data, err := tx.Get(bucket, key)
	if errors.Is(err, ErrNotFound) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("read %s %s: %w", bucket, key, err)
	}
	return decode[T](bucket, key, data)
}

// Find is Read, and nil where there is none.
func Find[T any](tx Tx, bucket, key string) (*T, error) {
	v, err := Read[T](tx, bucket, key)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return v, err
}

// Write keeps a record as JSON at key.
func Write(tx Tx, bucket, key string, record any) error {
	data, err := json.Marshal(record)
	if err == nil {
		err = tx.Put(bucket, key, data)
	}
	if err != nil {
		return fmt.Errorf("write %s %s: %w", bucket, key, err)
	}
	return nil
}

// List returns records that are kept as JSON, as Tx.Scan does: up to limit of those
// whose keys begin with prefix and come after a key; all if limit is 0.
func List[T any](tx Tx, bucket, prefix, after string, limit int) ([]*T, error) {
	entries, err := tx.Scan(bucket, prefix, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", bucket, err)
	}
	all := make([]*T, 0, len(entries))
	for _, e := range entries {
		v, err := decode[T](bucket, e.Key, e.Value)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

func decode[T any](bucket, key string, data []byte) (*T, error) {
	v := new(T)
	if err := json.Unmarshal(data, v); err != nil {
		return nil, fmt.Errorf("read %s %s: %w", bucket, key, err)
	}
	return v, nil
}
