package ingest

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/hearth-metrics/hearth"
)

const (
	replicaLabel = "__replica__"
	clusterLabel = "cluster"
)

// maxLabelBytes bounds a series' names and values where the workspace sets no
// limit; the engine's encoding ends at 16 MiB.
const maxLabelBytes = 1 << 20

// labelRules are the limits a series' labels are checked against, once.
type labelRules struct{ names, bytes, nameBytes, valueBytes int }

func labelRulesOf(l hearth.Limits) labelRules {
	r := labelRules{l.LabelNamesPerSeries, l.LabelBytes, l.LabelNameBytes, l.LabelValueBytes}
	if r.bytes <= 0 || r.bytes > maxLabelBytes {
		r.bytes = maxLabelBytes
	}
	return r
}

// text is the engine's own encoding of ls: each name and value, in order of the
// names, behind its length in one byte (or 255 and three bytes).
func text(ls labels.Labels) string { return *(*string)(unsafe.Pointer(&ls)) }

// Another encoding of labels.Labels, chosen by build tag, would make text wrong:
// then this map has the key false twice and does not compile.
var _ = map[bool]struct{}{false: {}, labels.ImplementationName == "stringlabels": {}}

// yolo views bytes of the request as a string. It must not outlive the request.
func yolo(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// tidy drops empty labels and, if asked, the replica label, and sorts.
// An empty label is the same as none: https://prometheus.io/docs/concepts/data_model/
func tidy(pairs []labels.Label, dropReplica bool) []labels.Label {
	sorted := true
	kept := pairs[:0]
	for _, p := range pairs {
		if p.Value == "" && p.Name != "" || dropReplica && p.Name == replicaLabel {
			continue
		}
		if n := len(kept); n > 0 && kept[n-1].Name > p.Name {
			sorted = false
		}
		kept = append(kept, p)
	}
	if !sorted {
		slices.SortStableFunc(kept, func(a, b labels.Label) int { return strings.Compare(a.Name, b.Name) })
	}
	return kept
}

// check refuses the labels of a new series, sorted and without empty ones.
func (r labelRules) check(pairs []labels.Label) *refusal {
	size, named := 0, false
	for i, p := range pairs {
		if bad := r.checkLabel(p); bad != nil {
			return bad
		}
		if i > 0 && pairs[i-1].Name == p.Name {
			return refuse(duplicateLabels, fmt.Sprintf("duplicate label name: %q", clip(p.Name)))
		}
		named = named || p.Name == model.MetricNameLabel
		size += len(p.Name) + len(p.Value)
	}
	switch {
	case !named:
		return refuse(missingName, "series has no metric name (label __name__)")
	case r.names > 0 && len(pairs) > r.names:
		return refuse(tooManyLabels, fmt.Sprintf("series has too many labels (actual: %d, limit: %d)", len(pairs), r.names)).bound(r.names, len(pairs))
	case size > r.bytes:
		return refuse(valueTooLong, fmt.Sprintf("the labels of the series are too big together (actual: %d bytes, limit: %d bytes)", size, r.bytes)).bound(r.bytes, size)
	}
	return nil
}

func (r labelRules) checkLabel(p labels.Label) *refusal {
	switch {
	case p.Name == "":
		return refuse(labelInvalid, "label name is empty")
	case !utf8.ValidString(p.Name):
		return refuse(labelInvalid, fmt.Sprintf("label name is not valid UTF-8: %q", clip(p.Name)))
	case !utf8.ValidString(p.Value) && p.Name == model.MetricNameLabel:
		return refuse(nameInvalid, fmt.Sprintf("metric name is not valid UTF-8: %q", clip(p.Value)))
	case !utf8.ValidString(p.Value):
		return refuse(labelInvalid, fmt.Sprintf("value of label %q is not valid UTF-8", clip(p.Name)))
	case r.nameBytes > 0 && len(p.Name) > r.nameBytes:
		return refuse(labelInvalid, fmt.Sprintf("label name too long (actual: %d bytes, limit: %d bytes): %q", len(p.Name), r.nameBytes, clip(p.Name))).bound(r.nameBytes, len(p.Name))
	case r.valueBytes > 0 && len(p.Value) > r.valueBytes:
		return refuse(valueTooLong, fmt.Sprintf("value of label %q too long (actual: %d bytes, limit: %d bytes)", clip(p.Name), len(p.Value), r.valueBytes)).bound(r.valueBytes, len(p.Value))
	}
	return nil
}

// build makes labels that outlive the request.
func build(b *labels.ScratchBuilder, pairs []labels.Label) labels.Labels {
	b.Reset()
	for _, p := range pairs {
		b.Add(p.Name, p.Value)
	}
	return b.Labels()
}

// spell writes pairs as a selector does, clipped, for messages. Bytes that are
// not UTF-8 are escaped.
func spell(pairs []labels.Label) string {
	var s strings.Builder
	s.WriteByte('{')
	for i, p := range pairs {
		if i > 0 {
			s.WriteString(", ")
		}
		if s.Len() > maxSpelled {
			s.WriteString("…")
			break
		}
		fmt.Fprintf(&s, "%s=%q", clip(strings.ToValidUTF8(p.Name, "\uFFFD")), clip(p.Value))
	}
	s.WriteByte('}')
	return s.String()
}

// maxSpelled bounds a series in a message, maxClip one name or value of it.
const (
	maxSpelled = 1024
	maxClip    = 200
)

func clip(s string) string {
	if len(s) <= maxClip {
		return s
	}
	n := maxClip
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
