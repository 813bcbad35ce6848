package cloudwatch

import (
	"github.com/prometheus/client_golang/prometheus"
)

// calls are YACE's counters of what it asked AWS, by its names and with its helps.
type calls struct {
	requests, errors             *prometheus.CounterVec // by CloudWatch's operation
	getMetricData, getStatistics prometheus.Counter
	metrics, duplicates          prometheus.Counter
	services                     map[string]prometheus.Counter // by the SDK's name of the service
}

const noHelp = "Help is not implemented yet."

func newCalls() *calls {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "yace_cloudwatch_" + name, Help: help})
	}
	vec := func(name, help string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "yace_cloudwatch_" + name, Help: help}, []string{"api_name"})
	}
	const replaced = "DEPRECATED: replaced by yace_cloudwatch_requests_total with api_name label"
	return &calls{
		requests: vec("requests_total", "Number of calls made to the CloudWatch APIs"), errors: vec("request_errors", noHelp),
		getMetricData: counter("getmetricdata_requests_total", replaced), getStatistics: counter("getmetricstatistics_requests_total", replaced),
		metrics:    counter("getmetricdata_metrics_requested_total", "Number of metrics requested from the CloudWatch GetMetricData API which is how AWS bills"),
		duplicates: counter("duplicate_metrics_filtered", noHelp),
		services: map[string]prometheus.Counter{
			"Resource Groups Tagging API": counter("resourcegrouptaggingapi_requests_total", noHelp),
			"Auto Scaling":                counter("autoscalingapi_requests_total", noHelp),
			"Elastic Load Balancing v2":   counter("targetgroupapi_requests_total", noHelp),
			"API Gateway":                 counter("apigatewayapi_requests_total", ""),
			"EC2":                         counter("ec2api_requests_total", noHelp),
			"Database Migration Service":  counter("dmsapi_requests_total", noHelp),
			"Storage Gateway":             counter("storagegatewayapi_requests_total", noHelp),
		},
	}
}

// called counts one call.
func (c *calls) called(service, operation string, err error) {
	if n := c.services[service]; n != nil {
		n.Inc()
	}
	if service != "CloudWatch" {
		return
	}
	c.requests.WithLabelValues(operation).Inc()
	if err != nil {
		c.errors.WithLabelValues(operation).Inc()
	}
	switch operation {
	case "GetMetricData":
		c.getMetricData.Inc()
	case "GetMetricStatistics":
		c.getStatistics.Inc()
	}
}

func (c *calls) collectors() []prometheus.Collector {
	all := []prometheus.Collector{c.requests, c.errors, c.getMetricData, c.getStatistics, c.metrics, c.duplicates}
	for _, n := range c.services {
		all = append(all, n)
	}
	return all
}

// collectors are what was spent, as series.
func (s *spending) collectors(scraper string) []prometheus.Collector {
	labels := prometheus.Labels{"currency": s.prices.Currency}
	if scraper != "" {
		labels["scraper"] = scraper
	}
	gauge := func(name, help string, of func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "hearth_cloudwatch_" + name, Help: help, ConstLabels: labels}, of)
	}
	return []prometheus.Collector{
		gauge("spent_today", "What CloudWatch will bill for this day's (UTC) calls, by the price table.", func() float64 { return s.snapshot().Cost }),
		gauge("daily_cap", "What may be spent a day; 0: no cap.", func() float64 { return s.cap }),
		gauge("predicted_month", "What calls like those of today so far cost in 30 days.", s.predicted),
		gauge("capped", "1 while the day's cap keeps CloudWatch from being asked.", func() float64 {
			if s.snapshot().Capped {
				return 1
			}
			return 0
		}),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "hearth_cloudwatch_spent_total", Help: "What CloudWatch will bill for all calls since the start, by the price table.", ConstLabels: labels}, s.sum),
	}
}
