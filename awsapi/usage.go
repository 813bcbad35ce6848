package awsapi

import (
	"context"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

// Usage tells the sizes of workspaces.
type Usage interface {
	Stats(ctx context.Context, id hearth.WorkspaceID) (engine.Stats, error)
}

// usageRows tell how big a workspace is against its limits.
func (s *Server) usageRows() []row {
	return []row{
		op("GET", "/hearth/v1/workspaces/{workspaceId}/usage", 200, "hearth:DescribeWorkspaceUsage", hearthWorkspace, s.workspaceUsage),
	}
}

// usageBody is a workspace's size. Limits of 0 do not limit.
type usageBody struct {
	ActiveSeries    int64          `json:"activeSeries"` // sampled within about the last two hours
	SeriesLimit     int64          `json:"activeSeriesLimit"`
	NativeHistogram int64          `json:"nativeHistogramSeries"`
	LabelSets       []labelSetUsed `json:"labelSets"`
	Samples         uint64         `json:"samplesAppended"` // since Hearth started; two readings give a rate
	RateLimit       float64        `json:"ingestRateLimit"` // samples a second
	Burst           int            `json:"ingestBurst"`
	DiskBytes       int64          `json:"diskBytes"`
	Oldest          *time.Time     `json:"oldestSample,omitempty"`
	Newest          *time.Time     `json:"newestSample,omitempty"`
	At              time.Time      `json:"at"`
}

// labelSetUsed is what one of the workspace's limits per label set counts.
type labelSetUsed struct {
	LabelSet map[string]string `json:"labelSet"`
	Active   int64             `json:"activeSeries"`
	Max      int64             `json:"maxSeries"`
}

func (s *Server) workspaceUsage(ctx context.Context, r *request) (any, error) {
	if s.opts.Usage == nil {
		return nil, notServed(r.row.action)
	}
	w, err := s.hearthWorkspaceOf(r)
	if err != nil {
		return nil, err
	}
	st, err := s.opts.Usage.Stats(ctx, w.ID)
	if err != nil {
		return nil, err
	}
	b := usageBody{
		ActiveSeries: st.ActiveSeries, SeriesLimit: w.Limits.ActiveSeries, NativeHistogram: st.NativeHistogramSeries, LabelSets: labelSetsUsed(w.Limits.LabelSets, st.LabelSets),
		Samples: st.Samples, RateLimit: w.Limits.IngestRate, Burst: w.Limits.IngestBurst, DiskBytes: st.DiskBytes, At: s.opts.Now().UTC(),
	}
	if st.MinTime <= st.MaxTime {
		oldest, newest := time.UnixMilli(st.MinTime).UTC(), time.UnixMilli(st.MaxTime).UTC()
		b.Oldest, b.Newest = &oldest, &newest
	}
	return b, nil
}

// labelSetsUsed joins limits with their counts. A limit that is newer than the
// counts has none yet.
func labelSetsUsed(limits []hearth.LabelSetLimit, counts []int64) []labelSetUsed {
	out := []labelSetUsed{}
	for i, l := range limits {
		u := labelSetUsed{LabelSet: tagsBody(l.Labels), Max: l.MaxSeries}
		if i < len(counts) {
			u.Active = counts[i]
		}
		out = append(out, u)
	}
	return out
}
