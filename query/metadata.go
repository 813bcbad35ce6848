package query

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/prometheus/prometheus/model/metadata"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/engine"
)

func metadataAnswer(_ *Room, rd *reading, w *answer, r *http.Request) error {
	limit, err := formLimit(r.Form, "limit")
	if err != nil {
		return err
	}
	perMetric, err := formLimit(r.Form, "limit_per_metric")
	if err != nil {
		return err
	}
	h, err := rd.open(r.Context())
	if err != nil {
		return err
	}
	known, err := h.Metadata(r.Context(), r.Form.Get("metric"))
	if err != nil {
		return err
	}
	writeData(w, byMetric(known, limit, perMetric))
	return nil
}

// formLimit reads a limit as Prometheus does: any whole number, and none is -1.
func formLimit(form url.Values, name string) (int, error) {
	s := form.Get(name)
	if s == "" {
		return -1, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, &hearth.Error{Kind: hearth.Invalid, Msg: name + " must be a number"}
	}
	return n, nil
}

// byMetric groups what is known by metric: at most limit metrics (none if 0, all
// if negative), at most perMetric entries of each (all unless positive).
func byMetric(known []engine.Metadata, limit, perMetric int) map[string][]metadata.Metadata {
	all := make(map[string][]metadata.Metadata)
	for _, m := range known {
		have, started := all[m.Metric]
		if !started && limit >= 0 && len(all) >= limit {
			continue
		}
		if perMetric > 0 && len(have) >= perMetric || slices.Contains(have, m.Metadata) {
			continue
		}
		all[m.Metric] = append(have, m.Metadata)
	}
	return all
}
