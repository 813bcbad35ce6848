// Package engine is the contract of a metrics engine: where samples live.
//
// Invariants every engine keeps, and engine/enginetest checks:
//   - nothing of one workspace is visible through another's Head;
//   - once Commit has returned nil, the samples survive kill -9 of the process
//     (and a power cut, if the engine was asked for disk durability);
//   - a deleted workspace refuses appends, and its files are gone soon after.
package engine

import (
	"context"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/storage"

	"github.com/hearth-metrics/hearth"
)

// An Engine keeps the samples of many workspaces. All methods may be called
// concurrently.
type Engine interface {
	// Head opens the workspace's samples, on first use or after it was closed
	// for idleness, and pins them open until Release. Kinds: NotFound for a
	// deleted workspace, Unavailable while starting, stopping or when the most
	// workspaces allowed are pinned open.
	Head(ctx context.Context, ws hearth.Workspace) (Head, error)

	// Delete refuses further Heads of the workspace at once, waits for those
	// pinned, and removes every file. Deleting what is not there is not an error.
	Delete(ctx context.Context, ws hearth.WorkspaceID) error

	// Stats tells how big a workspace is without opening it: a closed workspace
	// answers with what it had when it was closed.
	Stats(ctx context.Context, ws hearth.WorkspaceID) (Stats, error)

	// Close ends all work, flushes and closes every workspace.
	Close() error
}

// A Head is one workspace's samples, pinned open. It must be released exactly
// once, after every appender and querier made from it is done.
//
// An appender takes a sample of a series whose reference it gave out with empty
// labels, too. If the series has left memory since, the error is
// tsdb.ErrInvalidSample, and the sample must be given again with its labels.
type Head interface {
	storage.AppendableV2
	storage.Queryable
	storage.ChunkQueryable
	storage.ExemplarQueryable

	// Local returns the state that the write path keeps beside an open
	// workspace: the value make returned on the first call since the workspace
	// was opened. It is forgotten when the workspace closes, and with it the
	// series references in it. If the value has the method
	// SeriesDropped([]storage.SeriesRef), it is called after series left memory;
	// it must not call back into the Head.
	Local(make func() any) any

	// StoreMetadata keeps what is known of metrics, durable like samples.
	// Entries beyond the workspace's limits are dropped and counted in the result.
	StoreMetadata(ctx context.Context, entries []Metadata) (dropped int, err error)
	// Metadata returns what is known of metric, or of all if metric is "".
	Metadata(ctx context.Context, metric string) ([]Metadata, error)

	// Stats tells how big the workspace is now.
	Stats() Stats
	// Cardinality returns the metrics, label names and label pairs with the most
	// series in memory, at most n of each: /api/v1/status/tsdb.
	Cardinality(n int) (Cardinality, error)

	Release()
}

// Metadata is the help, type and unit of a metric family.
type Metadata struct {
	Metric string
	metadata.Metadata
}

// Stats are sizes of one workspace.
type Stats struct {
	ActiveSeries          int64   // series in memory: sampled within about the last two hours
	NativeHistogramSeries int64   // of these
	LabelSets             []int64 // active series per Limits.LabelSets entry, same order
	Samples               uint64  // appended since the process started
	MinTime, MaxTime      int64   // milliseconds; MinTime > MaxTime if empty
	DiskBytes             int64
	Open                  bool
}

// Cardinality is what makes a workspace big, most first.
type Cardinality struct {
	NumSeries, NumLabelPairs, NumLabelValues uint64
	ChunkCount                               int64
	MinTime, MaxTime                         int64
	SeriesByMetric                           []Count
	ValuesByLabel                            []Count
	BytesByLabel                             []Count
	SeriesByLabelPair                        []Count
}

// Count is a name and how many.
type Count struct {
	Name  string
	Value uint64
}

// A LimitError is what an appender returns when a new series would go over one
// of the workspace's limits. The series is not created; samples of known series
// still go in.
type LimitError struct {
	Reason string // AWS's discard reason: per_user_series_limit, per_labelset_series_limit, …
	Limit  int64
	Labels labels.Labels
}

func (e *LimitError) Error() string {
	return e.Reason + ": no new series " + e.Labels.String()
}
