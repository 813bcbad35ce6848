package embedded

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/metadata"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

// metadataFile is an append-only log of what is known of metrics. A record is
// its payload's length and CRC-32C, four bytes each, little-endian, and the
// payload: metric, type, help and unit, each after its length as a uvarint.
const metadataFile = "metadata.log"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A metadataLog is read when it is first asked for.
type metadataLog struct {
	live *live

	mu     sync.Mutex
	known  map[string][]metadata.Metadata // nil until read
	f      *os.File                       // nil until written to
	length int64                          // of the records that are whole
}

func (m *metadataLog) init(l *live) { m.live = l }

func (m *metadataLog) path() string { return filepath.Join(m.live.space.dir, metadataFile) }

// StoreMetadata implements engine.Head.
func (h *head) StoreMetadata(_ context.Context, entries []engine.Metadata) (dropped int, err error) {
	m := &h.live.meta
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.load(); err != nil {
		return 0, err
	}
	fresh, dropped := m.fresh(entries, h.live.limits.Load())
	if len(fresh) == 0 {
		return dropped, nil
	}
	if h.live.e.disk.check() {
		return dropped, diskLow(h.live.space.id)
	}
	if err := m.append(fresh); err != nil {
		return dropped, unavailable(h.live.space.id, "metadata cannot be stored now: writing to disk failed", err)
	}
	for _, e := range fresh {
		m.known[e.Metric] = append(m.known[e.Metric], e.Metadata)
	}
	return dropped, nil
}

// Metadata implements engine.Head. Metrics come in the order of their names.
func (h *head) Metadata(_ context.Context, metric string) ([]engine.Metadata, error) {
	m := &h.live.meta
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.load(); err != nil {
		return nil, err
	}
	names := []string{metric}
	if metric == "" {
		names = slices.Sorted(maps.Keys(m.known))
	}
	var all []engine.Metadata
	for _, name := range names {
		for _, md := range m.known[name] {
			all = append(all, engine.Metadata{Metric: name, Metadata: md})
		}
	}
	return all, nil
}

// fresh returns the entries that are new and within the limits, and how many
// are not within them.
func (m *metadataLog) fresh(entries []engine.Metadata, limits *hearth.Limits) (fresh []engine.Metadata, dropped int) {
	added := map[string]int{} // in this call, by metric
	seen := make(map[engine.Metadata]struct{}, len(entries))
	newMetrics := 0
	for _, e := range entries {
		known := m.known[e.Metric]
		if _, again := seen[e]; again || slices.Contains(known, e.Metadata) {
			continue
		}
		seen[e] = struct{}{}
		first := len(known)+added[e.Metric] == 0
		if e.Metric == "" || over(len(e.Metric)+len(e.Help)+len(e.Unit), limits.MetadataBytes) ||
			over(len(known)+added[e.Metric]+1, limits.MetadataPerMetric) ||
			first && over(len(m.known)+newMetrics+1, limits.MetadataMetrics) {
			dropped++
			continue
		}
		if first {
			newMetrics++
		}
		added[e.Metric]++
		fresh = append(fresh, e)
	}
	return fresh, dropped
}

func over(n, limit int) bool { return limit > 0 && n > limit }

// append writes records. If that fails, what was written of them is cut off.
func (m *metadataLog) append(entries []engine.Metadata) error {
	if m.f == nil {
		f, err := os.OpenFile(m.path(), os.O_WRONLY|os.O_CREATE, fileMode)
		if err != nil {
			return err
		}
		m.f = f
	}
	var b []byte
	for _, e := range entries {
		b = appendRecord(b, e)
	}
	_, err := m.f.WriteAt(b, m.length)
	if err == nil && m.live.sync != nil {
		err = m.live.e.opts.syncFile(m.f)
	}
	if err != nil {
		return errors.Join(err, m.f.Truncate(m.length))
	}
	m.length += int64(len(b))
	return nil
}

func appendRecord(b []byte, e engine.Metadata) []byte {
	start := len(b)
	b = append(b, make([]byte, 8)...)
	for _, s := range []string{e.Metric, string(e.Type), e.Help, e.Unit} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	payload := b[start+8:]
	binary.LittleEndian.PutUint32(b[start:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(b[start+4:], crc32.Checksum(payload, castagnoli))
	return b
}

// load reads the file. Where it stops making sense it is moved aside and
// written anew with what was read.
func (m *metadataLog) load() error {
	if m.known != nil {
		return nil
	}
	b, err := os.ReadFile(m.path())
	if err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("read metadata of workspace %s: %w", m.live.space.id, err)
	}
	entries, rest := parseRecords(b)
	m.known = make(map[string][]metadata.Metadata, len(entries))
	for _, e := range entries {
		if !slices.Contains(m.known[e.Metric], e.Metadata) {
			m.known[e.Metric] = append(m.known[e.Metric], e.Metadata)
		}
	}
	m.length = int64(len(b) - len(rest))
	if len(rest) == 0 {
		return nil
	}
	return m.rewrite()
}

// rewrite saves the damaged file and makes one with the whole records.
func (m *metadataLog) rewrite() error {
	r := newRescue(m.live.e, m.live.space.id, m.live.space.dir)
	if err := r.quarantine(metadataFile, "the metadata file ends in a record that is not whole"); err != nil {
		return err
	}
	r.reportLost()
	return copyPrefix(filepath.Join(r.into, metadataFile), m.path(), m.length)
}

// parseRecords returns the records up to the first one that is not whole, and
// the bytes from there on.
func parseRecords(b []byte) (entries []engine.Metadata, rest []byte) {
	for len(b) >= 8 {
		n := uint64(binary.LittleEndian.Uint32(b))
		if n > uint64(len(b)-8) {
			break
		}
		payload := b[8 : 8+n]
		if crc32.Checksum(payload, castagnoli) != binary.LittleEndian.Uint32(b[4:]) {
			break
		}
		e, ok := parsePayload(payload)
		if !ok {
			break
		}
		entries = append(entries, e)
		b = b[8+n:]
	}
	return entries, b
}

func parsePayload(b []byte) (e engine.Metadata, ok bool) {
	var fields [4]string
	for i := range fields {
		n, used := binary.Uvarint(b)
		if used <= 0 || n > uint64(len(b)-used) {
			return e, false
		}
		fields[i] = string(b[used : used+int(n)])
		b = b[used+int(n):]
	}
	e.Metric, e.Type, e.Help, e.Unit = fields[0], model.MetricType(fields[1]), fields[2], fields[3]
	return e, len(b) == 0
}

func (m *metadataLog) close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.f == nil {
		return nil
	}
	return m.f.Close()
}
