package rules

import (
	"fmt"
	"maps"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// The buckets. A key of both is WORKSPACE/NAME, so that a workspace's namespaces
// lie together, by name. Files are apart from what is known of them, for lists
// are read often and files are long.
const (
	bucket     = "rules-namespaces"
	fileBucket = "rules-files"
)

// record is a namespace as the store keeps it.
type record struct {
	Workspace  hearth.WorkspaceID `json:"workspace"`
	Account    hearth.AccountID   `json:"account"`
	Region     hearth.Region      `json:"region"`
	Name       string             `json:"name"`
	Status     hearth.Status      `json:"status"`
	Reason     string             `json:"reason,omitempty"` // why it failed
	CreatedAt  time.Time          `json:"createdAt"`
	ModifiedAt time.Time          `json:"modifiedAt"`
	Version    uint64             `json:"version"` // of the file; grows with each Put
	Rules      int                `json:"rules"`
	Tags       map[string]string  `json:"tags,omitempty"`
}

func prefixOf(ws hearth.WorkspaceID) string { return string(ws) + "/" }

func keyOf(ws hearth.WorkspaceID, name string) string { return prefixOf(ws) + name }

func (rec *record) key() string { return keyOf(rec.Workspace, rec.Name) }

// failed is the status of a namespace whose file cannot be loaded, which a file
// that was accepted cannot come to unless another version of Hearth accepted it.
const failed hearth.Status = "UPDATE_FAILED"

// moving tells whether Run will end what rec is busy with in a moment.
func (rec *record) moving() bool {
	return rec.Status == hearth.Creating || rec.Status == hearth.Updating
}

// settled is the status a namespace has once Run has tried to load it.
func (rec *record) settled() hearth.Status {
	if rec.Reason != "" {
		return failed
	}
	return hearth.Active
}

func (rec *record) arn() hearth.ARN {
	return hearth.ARN{Partition: "aws", Service: "aps", Region: rec.Region, Account: rec.Account,
		Resource: "rulegroupsnamespace/" + string(rec.Workspace) + "/" + rec.Name}
}

func (rec *record) describe() Namespace {
	return Namespace{
		ARN: rec.arn(), Name: rec.Name, Status: rec.Status, Reason: rec.Reason,
		CreatedAt: rec.CreatedAt, ModifiedAt: rec.ModifiedAt, Tags: maps.Clone(rec.Tags),
	}
}

func save(tx store.Tx, rec *record) error { return store.Write(tx, bucket, rec.key(), rec) }

// load reads the record at key; nil if there is none.
func load(tx store.Tx, key string) (*record, error) { return store.Find[record](tx, bucket, key) }

func scan(tx store.Tx, prefix, after string, limit int) ([]*record, error) {
	return store.List[record](tx, bucket, prefix, after, limit)
}

// forget removes a namespace with its file.
func forget(tx store.Tx, key string) error {
	if err := tx.Delete(fileBucket, key); err != nil {
		return fmt.Errorf("delete rule groups namespace %s: %w", key, err)
	}
	if err := tx.Delete(bucket, key); err != nil {
		return fmt.Errorf("delete rule groups namespace %s: %w", key, err)
	}
	return nil
}
