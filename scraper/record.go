package scraper

import (
	"fmt"
	"maps"
	"regexp"
	"time"

	"github.com/google/uuid"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// The buckets. A key of each is ACCOUNT/REGION/ID. Configurations are apart from
// what is known of them, for lists are read often and configurations are long.
const (
	bucket        = "scrapers"
	configBucket  = "scraper-configurations"
	loggingBucket = "scraper-logging"
)

// record is a scraper as the store keeps it.
type record struct {
	ID          string            `json:"id"`
	Account     hearth.AccountID  `json:"account"`
	Region      hearth.Region     `json:"region"`
	Alias       string            `json:"alias,omitempty"`
	Role        string            `json:"role"` // ARN
	Status      hearth.Status     `json:"status"`
	Reason      string            `json:"reason,omitempty"`
	CreatedAt   time.Time         `json:"createdAt"`
	ModifiedAt  time.Time         `json:"modifiedAt"`
	Version     uint64            `json:"version"` // grows with each change of what is collected, or where to
	Source      Source            `json:"source"`
	Destination string            `json:"destination"` // a workspace's ARN
	Roles       Roles             `json:"roles"`
	Tags        map[string]string `json:"tags,omitempty"`
}

// The stages of a scraper's life that only scrapers have.
const (
	updateFailed hearth.Status = "UPDATE_FAILED"
)

// IsID tells whether a text is the id of a scraper, there or not.
func IsID(text string) bool { return idPattern.MatchString(text) }

var idPattern = regexp.MustCompile(`^s-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

func newID() string { return "s-" + uuid.NewString() }

func regionPrefix(a hearth.AccountID, r hearth.Region) string {
	return string(a) + "/" + string(r) + "/"
}

func keyOf(a hearth.AccountID, r hearth.Region, id string) string { return regionPrefix(a, r) + id }

func (rec *record) key() string { return keyOf(rec.Account, rec.Region, rec.ID) }

func (rec *record) arn() hearth.ARN { return arnOf(rec.Account, rec.Region, rec.ID) }

func arnOf(a hearth.AccountID, r hearth.Region, id string) hearth.ARN {
	return hearth.ARN{Partition: "aws", Service: "aps", Region: r, Account: a, Resource: "scraper/" + id}
}

// roleOf names the service-linked role of a scraper. Its suffix is, as AWS's, the
// beginning of a UUID: the scraper's.
func roleOf(account hearth.AccountID, id string, roles Roles) string {
	name := "AWSServiceRoleForAmazonPrometheusScraper_"
	if roles != (Roles{}) {
		name = "AWSServiceRoleForAmazonPrometheusScraperInternal_"
	}
	return "arn:aws:iam::" + string(account) + ":role/aws-service-role/scraper.aps.amazonaws.com/" + name + id[len("s-"):][:15]
}

// moving tells whether Run will end what rec is busy with in a moment.
func (rec *record) moving() bool { return rec.Status == hearth.Updating }

func (rec *record) describe() Description {
	return Description{
		ID: rec.ID, ARN: rec.arn(), Alias: rec.Alias, Role: rec.Role, Status: rec.Status, Reason: rec.Reason,
		CreatedAt: rec.CreatedAt, ModifiedAt: rec.ModifiedAt, Source: rec.Source, Destination: rec.Destination,
		Roles: rec.Roles, Tags: maps.Clone(rec.Tags),
	}
}

func save(tx store.Tx, rec *record) error { return store.Write(tx, bucket, rec.key(), rec) }

// load reads the record at key; nil if there is none.
func load(tx store.Tx, key string) (*record, error) { return store.Find[record](tx, bucket, key) }

func scan(tx store.Tx, prefix string) ([]*record, error) {
	return store.List[record](tx, bucket, prefix, "", 0)
}

// forget removes a scraper with all that goes with it.
func forget(tx store.Tx, key string) error {
	for _, b := range []string{configBucket, loggingBucket, bucket} {
		if err := tx.Delete(b, key); err != nil {
			return fmt.Errorf("delete scraper %s: %w", key, err)
		}
	}
	return nil
}
