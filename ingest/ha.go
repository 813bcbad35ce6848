package ingest

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/hearth-metrics/hearth"
)

// failover is how long an elected replica may be silent before another is
// elected.
// https://docs.aws.amazon.com/prometheus/latest/userguide/Send-high-availability-data.html
const failover = 30 * time.Second

// elections remember which replica of each cluster is listened to.
type elections struct {
	mu      sync.Mutex
	leaders map[string]leader
}

type leader struct {
	replica string
	heard   time.Time
}

// accept tells whether samples of this replica are taken now, electing it if no
// other replica of the cluster was heard lately.
func (e *elections) accept(cluster, replica string, clusters int, now time.Time) (bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	l, known := e.leaders[cluster]
	switch {
	case known && l.replica == replica:
	case known && now.Sub(l.heard) <= failover:
		return false, nil
	case !known && len(e.leaders) >= clusters:
		return false, &hearth.Error{Kind: hearth.Invalid, Quota: "L-110BFC6B", Msg: fmt.Sprintf("too many HA clusters (limit: %d)", clusters)}
	}
	if e.leaders == nil {
		e.leaders = map[string]leader{}
	}
	e.leaders[strings.Clone(cluster)] = leader{strings.Clone(replica), now}
	return true, nil
}

// haLabels finds the two labels that make a sender one of several replicas.
func haLabels(pairs []labels.Label) (cluster, replica string) {
	for _, p := range pairs {
		switch p.Name {
		case clusterLabel:
			cluster = p.Value
		case replicaLabel:
			replica = p.Value
		}
	}
	return cluster, replica
}

// elect decides by its first series whether the request comes from a replica
// that is listened to. replicated says that the replica label must go.
func (x *intake) elect(w *workspace) (replicated, accepted bool, err error) {
	b := x.batch
	if x.limits.HAClusters <= 0 || len(b.series) == 0 {
		return false, true, nil
	}
	b.pairs, err = x.keys.pairs(&b.series[0], b.pairs[:0])
	if err != nil {
		return false, true, nil // reported where all series are read
	}
	cluster, replica := haLabels(b.pairs)
	if cluster == "" || replica == "" || max(len(cluster), len(replica)) > 4<<10 {
		return false, true, nil
	}
	accepted, err = w.ha.accept(cluster, replica, x.limits.HAClusters, x.from.now)
	return true, accepted, err
}
