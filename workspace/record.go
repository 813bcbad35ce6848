package workspace

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strconv"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// The buckets. A key of workspaces is ACCOUNT/REGION/CREATED/ID, CREATED being
// nanoseconds since 1970 in twenty digits, so that a region's workspaces lie
// together, oldest first. Revision counts the changes to all of them.
const (
	bucket         = "workspaces"
	revisionBucket = "workspaces-revision"
	revisionKey    = "revision"
)

// record is a workspace as the store keeps it.
type record struct {
	ID        hearth.WorkspaceID `json:"id"`
	Account   hearth.AccountID   `json:"account"`
	Region    hearth.Region      `json:"region"`
	Alias     string             `json:"alias,omitempty"`
	CreatedAt time.Time          `json:"createdAt"`
	Status    hearth.Status      `json:"status"`
	Tags      map[string]string  `json:"tags,omitempty"`
	Config    settings           `json:"configuration"`
}

// settings are what the owner configured; nil is the default, whatever it is by
// then.
type settings struct {
	Updating          bool       `json:"updating,omitempty"`
	LabelSets         []labelSet `json:"limitsPerLabelSet,omitempty"`
	RetentionDays     *int       `json:"retentionPeriodInDays,omitempty"`
	OutOfOrderSeconds *int       `json:"outOfOrderTimeWindowInSeconds,omitempty"`
	RuleOffsetSeconds *int       `json:"ruleQueryOffsetInSeconds,omitempty"`
}

type labelSet struct {
	Labels    map[string]string `json:"labelSet"`
	MaxSeries int64             `json:"maxSeries"`
}

// regionPrefix is what the keys of an account's workspaces in a region start
// with. A region is any name a client signs for, so it is escaped.
func regionPrefix(account hearth.AccountID, region hearth.Region) string {
	return url.PathEscape(string(account)) + "/" + url.PathEscape(string(region)) + "/"
}

func (rec *record) key() string {
	created := max(rec.CreatedAt.UnixNano(), 0)
	return fmt.Sprintf("%s%020d/%s", regionPrefix(rec.Account, rec.Region), created, rec.ID)
}

// busy tells whether a change is under way that another must wait for.
func (rec *record) busy() bool { return rec.Status != hearth.Active || rec.Config.Updating }

// moving tells whether Run will end what rec is busy with in a moment.
// Deleting may take longer.
func (rec *record) moving() bool { return rec.Status == hearth.Creating || rec.Config.Updating }

func (rec *record) clone() *record {
	c := *rec
	c.Tags = maps.Clone(rec.Tags)
	return &c // settings are replaced as a whole, never changed in place
}

func save(tx store.Tx, rec *record) error { return store.Write(tx, bucket, rec.key(), rec) }

// load reads the record at key; nil if there is none.
func load(tx store.Tx, key string) (*record, error) { return store.Find[record](tx, bucket, key) }

func scan(tx store.Tx, prefix, after string, limit int) ([]*record, error) {
	return store.List[record](tx, bucket, prefix, after, limit)
}

func revision(tx store.Tx) (uint64, error) {
	buf, err := tx.Get(revisionBucket, revisionKey)
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the workspaces' revision: %w", err)
	}
	return strconv.ParseUint(string(buf), 10, 64)
}

// nextRevision counts one change. Whoever saves or deletes a record calls it in
// the same Update.
func nextRevision(tx store.Tx) (uint64, error) {
	rev, err := revision(tx)
	if err != nil {
		return 0, err
	}
	rev++
	return rev, tx.Put(revisionBucket, revisionKey, strconv.AppendUint(nil, rev, 10))
}
