package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// What is polled: as many services as make the metrics wanted, with ten each.
const (
	pollEvery   = 20 * time.Second // of both exporters
	polls       = 2                // that are measured, after one to begin
	polledNames = "CpuReserved CpuUtilized DesiredTaskCount MemoryReserved MemoryUtilized NetworkRxBytes NetworkTxBytes PendingTaskCount RunningTaskCount TaskCount"
)

// cloudwatch is a CloudWatch and tagging API with one value for every metric, as
// AWS's API references have them.
type cloudwatch struct {
	address  string
	services int

	mu       sync.Mutex
	asked    int // metrics of GetMetricData
	requests int
}

// newCloudWatch listens until ctx ends.
func newCloudWatch(ctx context.Context, metrics int) (*cloudwatch, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &cloudwatch{address: l.Addr().String(), services: metrics / len(strings.Fields(polledNames))}
	s := &http.Server{Handler: c, ReadHeaderTimeout: time.Minute}
	context.AfterFunc(ctx, func() { _ = s.Close() })
	go func() { _ = s.Serve(l) }()
	return c, nil
}

func (c *cloudwatch) seen() (asked, requests int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked, c.requests
}

func (c *cloudwatch) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 4<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	c.requests++
	c.mu.Unlock()
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), "GetResources") {
		c.resources(w, body)
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	switch form.Get("Action") {
	case "GetCallerIdentity":
		fmt.Fprint(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account><Arn>arn</Arn><UserId>u</UserId></GetCallerIdentityResult></GetCallerIdentityResponse>`)
	case "ListAccountAliases":
		fmt.Fprint(w, `<ListAccountAliasesResponse><ListAccountAliasesResult><IsTruncated>false</IsTruncated><AccountAliases></AccountAliases></ListAccountAliasesResult></ListAccountAliasesResponse>`)
	case "ListMetrics":
		c.list(w, form)
	case "GetMetricData":
		c.data(w, form)
	default:
		http.Error(w, "nobody expected "+form.Get("Action"), http.StatusBadRequest)
	}
}

// resources is a page of a hundred services.
func (c *cloudwatch) resources(w http.ResponseWriter, body []byte) {
	var in struct{ PaginationToken string }
	if err := json.Unmarshal(body, &in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	from, _ := strconv.Atoi(in.PaginationToken)
	out := struct {
		PaginationToken        string
		ResourceTagMappingList []map[string]any
	}{}
	to := min(from+100, c.services)
	for i := from; i < to; i++ {
		out.ResourceTagMappingList = append(out.ResourceTagMappingList, map[string]any{
			"ResourceARN": fmt.Sprintf("arn:aws:ecs:us-east-1:123456789012:service/demo/service-%d", i), "Tags": []map[string]string{{"Key": "env", "Value": "prod"}}})
	}
	if to < c.services {
		out.PaginationToken = strconv.Itoa(to)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(out)
}

// list is a page of five hundred metrics.
func (c *cloudwatch) list(w http.ResponseWriter, form url.Values) {
	from, _ := strconv.Atoi(form.Get("NextToken"))
	to := min(from+500, c.services)
	var b strings.Builder
	b.WriteString("<ListMetricsResponse><ListMetricsResult><Metrics>")
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "<member><Namespace>ECS/ContainerInsights</Namespace><MetricName>%s</MetricName><Dimensions><member><Name>ClusterName</Name><Value>demo</Value></member>"+
			"<member><Name>ServiceName</Name><Value>service-%d</Value></member></Dimensions></member>", form.Get("MetricName"), i)
	}
	b.WriteString("</Metrics>")
	if to < c.services {
		fmt.Fprintf(&b, "<NextToken>%d</NextToken>", to)
	}
	b.WriteString("</ListMetricsResult></ListMetricsResponse>")
	_, _ = io.WriteString(w, b.String())
}

func (c *cloudwatch) data(w http.ResponseWriter, form url.Values) {
	at := time.Now().Truncate(5 * time.Minute).Add(-5 * time.Minute).UTC().Format(time.RFC3339)
	var b strings.Builder
	b.WriteString("<GetMetricDataResponse><GetMetricDataResult><MetricDataResults>")
	n := 0
	for ; ; n++ {
		id := form.Get("MetricDataQueries.member." + strconv.Itoa(n+1) + ".Id")
		if id == "" {
			break
		}
		fmt.Fprintf(&b, "<member><Id>%s</Id><Label>l</Label><StatusCode>Complete</StatusCode><Timestamps><member>%s</member></Timestamps><Values><member>%d</member></Values></member>", id, at, n)
	}
	b.WriteString("</MetricDataResults></GetMetricDataResult></GetMetricDataResponse>")
	_, _ = io.WriteString(w, b.String())
	c.mu.Lock()
	c.asked += n
	c.mu.Unlock()
}

func polledConfig() string {
	var b strings.Builder
	b.WriteString("apiVersion: v1alpha1\ndiscovery:\n  jobs:\n  - regions: [us-east-1]\n    type: ECS/ContainerInsights\n    dimensionNameRequirements: [ClusterName, ServiceName]\n    metrics:\n")
	for name := range strings.FieldsSeq(polledNames) {
		fmt.Fprintf(&b, "    - {name: %s, statistics: [Average], period: 300, length: 300}\n", name)
	}
	return b.String()
}

// exporters are Hearth as an exporter, and YACE in Prometheus' place.
func (b *bench) exporter(ctx context.Context, p *peer, c *cloudwatch) (*peer, error) {
	q := *p
	verb := []string{"cloudwatch"}
	if p == b.prometheus {
		bin, err := output(ctx, b.root, filepath.Join(b.root, "test", "peers", "build"), "yace")
		if err != nil {
			return nil, err
		}
		q.bin, verb = bin, nil
	}
	q.config = polledConfig()
	q.env = []string{"AWS_ENDPOINT_URL=http://" + c.address, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=" + region, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=none", "AWS_SHARED_CREDENTIALS_FILE=none", "AWS_PROFILE=", "AWS_DISABLE_REQUEST_COMPRESSION=true"}
	q.args = func(s *server) []string {
		return append(verb, "--config.file="+filepath.Join(s.dir, "config.yml"), "--listen-address="+s.addr, "--scraping-interval="+strconv.Itoa(int(pollEvery.Seconds())))
	}
	q.client = func(int) (*http.Client, error) { return &http.Client{Timeout: time.Minute}, nil }
	return &q, nil
}

// polled measures what polls of all metrics cost, each with one scrape of the page.
func (b *bench) polled(ctx context.Context, p *peer) (figures, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c, err := newCloudWatch(ctx, b.polledMetrics)
	if err != nil {
		return nil, err
	}
	if p, err = b.exporter(ctx, p, c); err != nil {
		return nil, err
	}
	dir, err := b.folder()
	if err != nil {
		return nil, err
	}
	s, err := start(p, dir, b.core)
	if err != nil {
		return nil, err
	}
	defer b.discard(s)
	began := time.Now()
	if err := s.awaitSeries(ctx, b.polledMetrics); err != nil {
		return nil, err
	}
	first := time.Since(began)
	used, err := s.cpu()
	if err != nil {
		return nil, err
	}
	asked, requests := c.seen()
	for range polls {
		if err := pause(ctx, pollEvery); err != nil {
			return nil, err
		}
		if err := s.awaitSeries(ctx, b.polledMetrics); err != nil {
			return nil, err
		}
	}
	now, err := s.cpu()
	if err != nil {
		return nil, err
	}
	m, err := s.memory()
	if err != nil {
		return nil, err
	}
	askedNow, requestsNow := c.seen()
	if askedNow == asked {
		return nil, errors.New("nothing was polled")
	}
	rounds := float64(askedNow-asked) / float64(b.polledMetrics)
	return figures{"CPU": (now - used).Seconds() * 1000 / rounds, "wall": first.Seconds() * 1000, "memory": float64(m.anonymous) / (1 << 20), "peak": float64(m.peak) / (1 << 20),
		"requests": float64(requestsNow-requests) / rounds}, nil
}

// awaitSeries scrapes the page until it has as many series of CloudWatch.
func (s *server) awaitSeries(ctx context.Context, n int) error {
	next := time.Now()
	return s.poll(ctx, func() (bool, error) {
		if time.Now().Before(next) {
			return false, nil
		}
		next = time.Now().Add(200 * time.Millisecond)
		resp, err := s.client.Get(s.url() + "/metrics")
		if err != nil {
			return false, nil
		}
		defer resp.Body.Close()
		page, err := io.ReadAll(resp.Body)
		return strings.Count(string(page), "\naws_ecs_containerinsights_") >= n, err
	})
}

func (b *bench) runPolled(ctx context.Context) error {
	return b.alternate("cloudwatch", func(p *peer) (figures, error) { return b.polled(ctx, p) })
}
