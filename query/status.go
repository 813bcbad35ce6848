package query

import (
	"fmt"
	"net/http"
	"strconv"

	v1 "github.com/prometheus/prometheus/web/api/v1"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

func buildAnswer(q *Room, _ *reading, w *answer, _ *http.Request) error {
	writeData(w, q.build)
	return nil
}

// mostCardinality is Prometheus' bound on /api/v1/status/tsdb?limit=.
const mostCardinality = 10_000

func tsdbAnswer(_ *Room, rd *reading, w *answer, r *http.Request) error {
	limit := 10
	if s := r.Form.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return &hearth.Error{Kind: hearth.Invalid, Msg: "limit must be a positive number"}
		}
		if n > mostCardinality {
			return &hearth.Error{Kind: hearth.Invalid, Msg: fmt.Sprintf("limit must not exceed %d", mostCardinality)}
		}
		limit = n
	}
	h, err := rd.open(r.Context())
	if err != nil {
		return err
	}
	c, err := h.Cardinality(limit)
	if err != nil {
		return err
	}
	writeData(w, tsdbStatus(c))
	return nil
}

func tsdbStatus(c engine.Cardinality) v1.TSDBStatus {
	return v1.TSDBStatus{
		HeadStats: v1.HeadStats{
			NumSeries:     c.NumSeries,
			NumLabelPairs: int(c.NumLabelPairs),
			ChunkCount:    c.ChunkCount,
			MinTime:       c.MinTime,
			MaxTime:       c.MaxTime,
		},
		SeriesCountByMetricName:     tsdbStats(c.SeriesByMetric),
		LabelValueCountByLabelName:  tsdbStats(c.ValuesByLabel),
		MemoryInBytesByLabelName:    tsdbStats(c.BytesByLabel),
		SeriesCountByLabelValuePair: tsdbStats(c.SeriesByLabelPair),
	}
}

func tsdbStats(counts []engine.Count) []v1.TSDBStat {
	all := make([]v1.TSDBStat, len(counts))
	for i, c := range counts {
		all[i] = v1.TSDBStat{Name: c.Name, Value: c.Value}
	}
	return all
}
