package dashboard

import (
	"fmt"
	"strconv"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// The buckets. Keys of all but the first begin with the Grafana workspace's id
// and a slash.
const (
	workspaceBucket  = "grafana-workspaces"
	counterBucket    = "grafana-counters"
	permissionBucket = "grafana-permissions"
	userBucket       = "grafana-users"
	identityBucket   = "grafana-identities"
	tokenBucket      = "grafana-tokens"
	sourceBucket     = "grafana-data-sources"
	folderBucket     = "grafana-folders"
	dashboardBucket  = "grafana-dashboards"
	jsonBucket       = "grafana-dashboard-json"
	versionBucket    = "grafana-dashboard-versions"
	rightsBucket     = "grafana-rights"
	annotationBucket = "grafana-annotations"
	preferenceBucket = "grafana-preferences"
	starBucket       = "grafana-stars"
	teamBucket       = "grafana-teams"
	ruleBucket       = "grafana-alert-rules"
	groupBucket      = "grafana-rule-groups"
	stateBucket      = "grafana-alert-states"
	contactBucket    = "grafana-contact-points"
	alertingBucket   = "grafana-alerting"
	oldChannelBucket = "grafana-notification-channels"
	definitionBucket = "grafana-definitions"
	elementBucket    = "grafana-library-elements"
	snapshotBucket   = "grafana-snapshots"
	snapshotJSON     = "grafana-snapshot-json"
	playlistBucket   = "grafana-playlists"
	shortURLBucket   = "grafana-short-urls"
)

// ownBuckets hold what goes with a Grafana workspace.
var ownBuckets = []string{
	counterBucket, permissionBucket, userBucket, identityBucket, tokenBucket, sourceBucket, folderBucket, dashboardBucket,
	jsonBucket, versionBucket, rightsBucket, annotationBucket, preferenceBucket, starBucket, teamBucket,
	ruleBucket, groupBucket, stateBucket, contactBucket, alertingBucket,
	oldChannelBucket, definitionBucket, elementBucket, snapshotBucket, snapshotJSON, playlistBucket, shortURLBucket,
}

// key joins a Grafana workspace's id and the parts of a key below it.
func key(id hearth.GrafanaID, parts ...string) string {
	k := string(id) + "/"
	for i, p := range parts {
		if i > 0 {
			k += "/"
		}
		k += p
	}
	return k
}

// idKey writes a number so that keys sort as numbers do.
func idKey(n int64) string { return fmt.Sprintf("%012d", n) }

// get reads a record; nil if there is none.
func get[T any](tx store.Tx, bucket, key string) (*T, error) {
	return store.Find[T](tx, bucket, key)
}

func put(tx store.Tx, bucket, key string, v any) error { return store.Write(tx, bucket, key, v) }

// all reads the records whose keys have the prefix, in the order of their keys.
func all[T any](tx store.Tx, bucket, prefix string) ([]*T, error) {
	return store.List[T](tx, bucket, prefix, "", 0)
}

// deleteAll deletes the keys that have the prefix.
func deleteAll(tx store.Tx, bucket, prefix string) error {
	entries, err := tx.Scan(bucket, prefix, "", 0)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := tx.Delete(bucket, e.Key); err != nil {
			return err
		}
	}
	return nil
}

// next counts up: ids of one kind in one Grafana workspace begin at 1 and are
// never used again.
func next(tx store.Tx, id hearth.GrafanaID, kind string) (int64, error) {
	n, err := get[int64](tx, counterBucket, key(id, kind))
	if err != nil {
		return 0, err
	}
	var one int64 = 1
	if n != nil {
		one = *n + 1
	}
	return one, tx.Put(counterBucket, key(id, kind), strconv.AppendInt(nil, one, 10))
}

// roomFor refuses one more than most.
func roomFor(tx store.Tx, bucket, prefix string, most int, what string) error {
	entries, err := tx.Scan(bucket, prefix, "", most)
	if err != nil || len(entries) < most {
		return err
	}
	return &hearth.Error{Kind: hearth.Quota, Type: what, Msg: fmt.Sprintf("The Grafana workspace has %d %s already, which is the most it may have.", most, what)}
}
