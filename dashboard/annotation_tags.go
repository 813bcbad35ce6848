package dashboard

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/hearth-metrics/hearth/store"
)

type annotationTag struct {
	Tag   string `json:"tag"`
	Count int64  `json:"count"`
}

// maxTagsCounted bounds what one request holds.
const maxTagsCounted = 10_000

// AnnotationTags counts the tags of annotations that who asks may see, those with the
// text tag in them, the most frequent first.
// https://grafana.com/docs/grafana/latest/developers/http_api/annotations/
func (r *Room) AnnotationTags(ctx context.Context, c *Call) (any, error) {
	limit, err := c.number("limit", 100)
	if err != nil {
		return nil, err
	}
	wanted := strings.ToLower(c.text("tag"))
	var counts map[string]int64
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		counts = map[string]int64{}
		seen := map[string]bool{}
		return eachAnnotation(tx, c.id(), func(a *annotation) {
			if _, known := seen[a.Dashboard]; !known {
				_, err := c.seenDashboard(tx, a.Dashboard, levelView)
				seen[a.Dashboard] = a.Dashboard == "" || err == nil
			}
			for _, t := range a.Tags {
				if _, known := counts[t]; !known && len(counts) >= maxTagsCounted {
					continue
				}
				if seen[a.Dashboard] && strings.Contains(strings.ToLower(t), wanted) {
					counts[t]++
				}
			}
		})
	})
	tags := []annotationTag{}
	for t, n := range counts {
		tags = append(tags, annotationTag{t, n})
	}
	slices.SortFunc(tags, func(a, b annotationTag) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Tag, b.Tag))
	})
	tags = tags[:min(int64(len(tags)), max(limit, 0))]
	return underResult(map[string]any{"tags": tags}), err
}

// AddGraphiteAnnotation makes an annotation in Graphite's form: what happened, when in
// seconds, and tags, as a list or parted by spaces.
func (r *Room) AddGraphiteAnnotation(ctx context.Context, c *Call) (any, error) {
	var in struct {
		What string          `json:"what"`
		When int64           `json:"when"`
		Data string          `json:"data"`
		Tags json.RawMessage `json:"tags"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.What == "" {
		return nil, invalid("what", "must not be empty")
	}
	var tags []string
	var text string
	if json.Unmarshal(in.Tags, &text) == nil {
		tags = strings.Fields(text)
	} else if err := json.Unmarshal(in.Tags, &tags); err != nil && in.Tags != nil {
		return nil, invalid("tags", "must be a list of texts, or one text")
	}
	whole := annotationInput{Text: &in.What, Tags: tags}
	if in.Data != "" {
		whole.Text = new(in.What + "\n" + in.Data)
	}
	if in.When > 0 {
		whole.Time = new(in.When * 1000)
	}
	id, err := r.addAnnotation(ctx, c, &whole)
	return map[string]any{"message": "Graphite annotation added", "id": id}, err
}
