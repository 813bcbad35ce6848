package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A panel is a query as a dashboard asks it.
type panel struct {
	name, text  string
	over, every time.Duration // of a range query; zero for an instant one
}

// panels are what the dashboards of a cluster ask: counts and tops of the
// moment, then graphs of an hour or six.
var panels = []panel{
	{"i1", `count(up) by (namespace)`, 0, 0},
	{"i2", `count by (__name__) ({__name__=~".+"})`, 0, 0},
	{"i3", `topk(10, sum by (namespace, pod) (container_memory_working_set_bytes))`, 0, 0},
	{"i4", `absent(up{job="no-such-job"})`, 0, 0},
	{"i5", `sum by (node) (rate(container_cpu_usage_seconds_total[5m]) * on (namespace, pod) group_left (created_by_kind) kube_pod_info)`, 0, 0},
	{"i6", `max by (namespace) (container_memory_working_set_bytes / on (namespace, pod) kube_pod_container_resource_limits{resource="memory"})`, 0, 0},
	{"i7", `max_over_time(sum by (namespace) (rate(http_requests_total[5m]))[30m:1m])`, 0, 0},
	{"r1", `sum by (pod) (rate(http_requests_total{namespace="team-07",code="200"}[5m]))`, time.Hour, 15 * time.Second},
	{"r2", `sum by (namespace) (rate(container_cpu_usage_seconds_total[5m]))`, time.Hour, 15 * time.Second},
	{"r3", `sum by (namespace) (rate(http_requests_total{code=~"5.."}[5m])) / sum by (namespace) (rate(http_requests_total[5m]))`, time.Hour, 15 * time.Second},
	{"r4", `histogram_quantile(0.99, sum by (handler, le) (rate(http_request_duration_seconds_bucket[5m])))`, time.Hour, 15 * time.Second},
	{"r5", `histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket{namespace=~"team-0[1-3]"}[5m])))`, time.Hour, 15 * time.Second},
	{"r6", `topk(5, sum by (pod) (rate(http_requests_total[5m])))`, time.Hour, time.Minute},
	{"r7", `sum by (namespace) (rate(container_cpu_usage_seconds_total[5m]))`, 6 * time.Hour, time.Minute},
	{"r8", `quantile_over_time(0.95, go_goroutines{namespace=~"team-0."}[10m])`, time.Hour, time.Minute},
}

// ask puts the panel, ending at end, to the workspace at path.
func (p panel) ask(ctx context.Context, s *server, path string, end time.Time) ([]byte, error) {
	v := url.Values{"query": {p.text}}
	if p.every == 0 {
		v.Set("time", seconds(end))
		return s.get(ctx, path+"/api/v1/query", v)
	}
	v.Set("start", seconds(end.Add(-p.over)))
	v.Set("end", seconds(end))
	v.Set("step", strconv.Itoa(int(p.every.Seconds())))
	return s.get(ctx, path+"/api/v1/query_range", v)
}

func seconds(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// get returns the body of a successful answer.
func (s *server) get(ctx context.Context, path string, v url.Values) ([]byte, error) {
	// Signatures are made over %20, never over the plus sign of forms.
	query := strings.ReplaceAll(v.Encode(), "+", "%20")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url()+path+"?"+query, nil)
	if err != nil {
		return nil, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = &refusal{status: resp.StatusCode, text: string(body)}
	}
	return body, err
}

// number asks an instant query whose answer is one number; 0 for no answer.
func (s *server) number(ctx context.Context, path, query string, at time.Time) (float64, error) {
	body, err := panel{text: query}.ask(ctx, s, path, at)
	if err != nil {
		return 0, fmt.Errorf("ask %s: %w", query, err)
	}
	a, err := parseAnswer(body)
	if err != nil {
		return 0, err
	}
	for _, points := range a {
		if len(points) == 1 {
			return strconv.ParseFloat(points[0].value, 64)
		}
	}
	return 0, nil
}
