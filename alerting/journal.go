package alerting

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/nflog/nflogpb"
	"github.com/prometheus/alertmanager/silence/silencepb"
	"google.golang.org/protobuf/encoding/protodelim"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// A journal brings what an Alertmanager must remember into the store. Upstream
// tells it of each change, as it would tell its peers; flush makes the changes
// durable, and whoever waits for them calls it.
type journal struct {
	store store.Store
	ws    hearth.WorkspaceID

	flushing sync.Mutex // held by the one flush that writes
	mu       sync.Mutex
	pending  map[place][]byte // nil value: deleted
}

type place struct{ bucket, key string }

func newJournal(s store.Store, ws hearth.WorkspaceID) *journal {
	return &journal{store: s, ws: ws, pending: map[place][]byte{}}
}

func (j *journal) put(bucket, name string, value []byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.pending[place{bucket, string(j.ws) + "/" + name}] = value
}

// silence takes a changed silence as upstream sends it to peers.
func (j *journal) silence(b []byte) {
	m := new(silencepb.MeshSilence)
	if err := protodelim.UnmarshalFrom(bufio.NewReader(bytes.NewReader(b)), m); err == nil && m.Silence != nil {
		j.put(silences, m.Silence.Id, b)
	}
}

// notification takes a changed entry of the notification log.
func (j *journal) notification(b []byte) {
	m := new(nflogpb.MeshEntry)
	if err := protodelim.UnmarshalFrom(bufio.NewReader(bytes.NewReader(b)), m); err == nil && m.Entry != nil {
		j.put(notified, entryName(m.Entry), b)
	}
}

func entryName(e *nflogpb.Entry) string {
	r := e.GetReceiver()
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %d", e.GroupKey, r.GetGroupName(), r.GetIntegration(), r.GetIdx()))
	return hex.EncodeToString(sum[:16])
}

// alert takes an alert that was posted.
func (j *journal) alert(a *alert.Alert) error {
	buf, err := json.Marshal(a)
	if err != nil {
		return err
	}
	j.put(posted, a.Fingerprint().String(), buf)
	return nil
}

// flush writes what is pending. When it returns nil, everything put before the
// call is on disk. After an error it is still pending.
func (j *journal) flush(ctx context.Context) error {
	j.flushing.Lock()
	defer j.flushing.Unlock()
	j.mu.Lock()
	batch := j.pending
	j.pending = map[place][]byte{}
	j.mu.Unlock()
	if len(batch) == 0 {
		return nil
	}
	err := j.store.Update(ctx, func(tx store.Tx) error { return j.write(tx, batch) })
	if err != nil {
		j.mu.Lock()
		maps.Copy(batch, j.pending) // what came meanwhile is newer
		j.pending = batch
		j.mu.Unlock()
		return fmt.Errorf("remember alert manager state: %w", err)
	}
	return nil
}

func (j *journal) write(tx store.Tx, batch map[place][]byte) error {
	_, err := tx.Get(definitions, string(j.ws))
	if errors.Is(err, store.ErrNotFound) {
		return nil // deleted meanwhile: nothing is remembered of it
	}
	if err != nil {
		return err
	}
	for p, value := range batch {
		if value == nil {
			err = tx.Delete(p.bucket, p.key)
		} else {
			err = tx.Put(p.bucket, p.key, value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// memory is what the store remembers of an Alertmanager.
type memory struct {
	silences, notified bytes.Buffer // as upstream's snapshots
	alerts             []*alert.Alert
}

// recall reads it. Entries that cannot be read are left out and logged: one bad
// entry must not silence a workspace's alerts.
func (j *journal) recall(ctx context.Context, log *slog.Logger) (*memory, error) {
	m := &memory{}
	err := j.store.View(ctx, func(tx store.Tx) error {
		*m = memory{}
		for _, bucket := range stateBuckets {
			entries, err := tx.Scan(bucket, string(j.ws)+"/", "", 0)
			if err != nil {
				return err
			}
			for _, e := range entries {
				if err := m.take(bucket, e.Value); err != nil {
					log.Error("alert manager state left out", "bucket", bucket, "key", e.Key, "err", err)
				}
			}
		}
		return nil
	})
	return m, err
}

func (m *memory) take(bucket string, value []byte) error {
	in := bufio.NewReader(bytes.NewReader(value))
	switch bucket {
	case silences:
		s := new(silencepb.MeshSilence)
		if err := protodelim.UnmarshalFrom(in, s); err != nil || s.Silence == nil {
			return errors.Join(err, errors.New("not a silence"))
		}
		m.silences.Write(value)
	case notified:
		e := new(nflogpb.MeshEntry)
		if err := protodelim.UnmarshalFrom(in, e); err != nil || e.GetEntry().GetReceiver() == nil {
			return errors.Join(err, errors.New("not an entry of the notification log"))
		}
		m.notified.Write(value)
	case posted:
		a := new(alert.Alert)
		if err := json.Unmarshal(value, a); err != nil {
			return err
		}
		m.alerts = append(m.alerts, a)
	}
	return nil
}

// expire removes what is past from the store.
func (j *journal) expire(ctx context.Context, now time.Time) error {
	return j.store.Update(ctx, func(tx store.Tx) error {
		for _, bucket := range stateBuckets {
			entries, err := tx.Scan(bucket, string(j.ws)+"/", "", 0)
			if err != nil {
				return err
			}
			for _, e := range entries {
				if !past(bucket, e.Value, now) {
					continue
				}
				if err := tx.Delete(bucket, e.Key); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func past(bucket string, value []byte, now time.Time) bool {
	in := bufio.NewReader(bytes.NewReader(value))
	switch bucket {
	case silences:
		s := new(silencepb.MeshSilence)
		return protodelim.UnmarshalFrom(in, s) != nil || s.ExpiresAt.AsTime().Before(now)
	case notified:
		e := new(nflogpb.MeshEntry)
		return protodelim.UnmarshalFrom(in, e) != nil || e.ExpiresAt.AsTime().Before(now)
	}
	a := new(alert.Alert)
	return json.Unmarshal(value, a) != nil || a.EndsAt.Before(now.Add(-resolvedKept))
}

// resolvedKept is how long a resolved alert is remembered, so that a restart
// does not lose the notification of its end.
const resolvedKept = time.Hour
