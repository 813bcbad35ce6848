package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/prompb"
)

// TestIsolation loads two workspaces with the same metric and different
// everything else, then looks for the one's words in each answer of the other's.
func TestIsolation(t *testing.T) {
	r := startHearth(t)
	now := time.Now().UnixMilli()
	words := []string{"apple", "banana"}
	ids := map[string]string{}
	for _, word := range words {
		ids[word] = r.create(t, word)
		series := one(now, float64(len(word)), "__name__", "fruit", "kind_"+word, "value_"+word, "metric", "same")
		series.Exemplars = []prompb.Exemplar{{Labels: []prompb.Label{{Name: "trace_" + word, Value: "id_" + word}}, Value: 1, Timestamp: now}}
		request := &prompb.WriteRequest{
			Timeseries: []prompb.TimeSeries{series, one(now, 1, "__name__", "only_"+word)},
			Metadata:   []prompb.MetricMetadata{{MetricFamilyName: "fruit", Type: prompb.MetricMetadata_GAUGE, Help: "help of " + word}},
		}
		body, err := request.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		code, _, answer := r.call(t.Context(), "POST", "/workspaces/"+ids[word]+"/api/v1/remote_write", "aps", remoteWrite1, snappy.Encode(nil, body))
		if code != http.StatusOK {
			t.Fatalf("write: %d %s", code, answer)
		}
	}
	span := fmt.Sprintf("&start=%d&end=%d", now/1000-60, now/1000+60)
	for i, word := range words {
		other := words[1-i]
		for _, path := range []string{
			"query?query=fruit", "query?query=" + url.QueryEscape(`{__name__=~".+"}`),
			"query?query=" + url.QueryEscape(`count by (__name__) ({__name__=~".+"})`),
			"query_range?step=15&query=fruit" + span, "query?query=fruit&stats=all",
			"labels?match[]=fruit" + span, "labels", "label/__name__/values", "label/kind_" + other + "/values",
			"series?match[]=" + url.QueryEscape(`{__name__=~".+"}`) + span, "metadata", "metadata?metric=fruit",
			"query_exemplars?query=fruit" + span, "status/tsdb",
		} {
			code, _, answer := r.call(t.Context(), "GET", "/workspaces/"+ids[word]+"/api/v1/"+path, "aps", nil, nil)
			if code != http.StatusOK {
				t.Errorf("%s: %d %s", path, code, answer)
			}
			if bytes.Contains(answer, []byte(other)) {
				t.Errorf("%s in the workspace of %s tells about %s: %s", path, word, other, answer)
			}
			own := bytes.Contains(answer, []byte(word))
			if expected := path != "label/kind_"+other+"/values"; own != expected {
				t.Errorf("%s: its own data seen %t, want %t: %s", path, own, expected, answer)
			}
		}
	}
}
