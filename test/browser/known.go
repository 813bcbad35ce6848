package main

import (
	"fmt"
	"math"
	"time"

	"github.com/prometheus/prometheus/prompb"
)

// step is how far apart the known samples are.
const step = 15 * time.Second

// A known series is a name, labels and a value at each time; where the value is no
// number there is no sample. One with a histogram has that instead.
type known struct {
	labels    map[string]string
	value     func(t time.Time) float64
	histogram func(t time.Time) prompb.Histogram
	traced    time.Duration // how often a sample has an exemplar; 0: never
}

// wave is a sine between low and high with a period, shifted by a phase in turns.
func wave(low, high float64, period time.Duration, phase float64) func(time.Time) float64 {
	return func(t time.Time) float64 {
		turn := float64(t.UnixNano()) / float64(period)
		return low + (high-low)*(0.5+0.5*math.Sin(2*math.Pi*(turn+phase)))
	}
}

func constant(v float64) func(time.Time) float64 { return func(time.Time) float64 { return v } }

// epoch is when counters began.
const epoch = 1_790_000_000

// climbing is a counter that grows by rate a second, exactly, also where that is a part of one.
func climbing(rate float64) func(time.Time) float64 {
	return func(t time.Time) float64 { return math.Round(rate*float64(t.Unix()-epoch)*1e6) / 1e6 }
}

// gaps has a value for twenty minutes of each half hour.
func gaps(t time.Time) float64 {
	if t.Unix()%1800 < 600 {
		return math.NaN()
	}
	return 5
}

// native is a native histogram that gets, each second, 1, 2 and 1 observations in the
// buckets up to 1, 2 and 4 seconds.
func native(t time.Time) prompb.Histogram {
	n := float64(t.Unix() - epoch)
	return prompb.Histogram{
		Count: &prompb.Histogram_CountFloat{CountFloat: 4 * n}, ZeroCount: &prompb.Histogram_ZeroCountFloat{},
		Sum: 8 * n, PositiveSpans: []prompb.BucketSpan{{Offset: 0, Length: 3}}, PositiveCounts: []float64{n, 2 * n, n},
		Timestamp: t.UnixMilli(),
	}
}

// switching is 0, 1 or 2, an hour of each.
func switching(t time.Time) float64 { return float64((t.Unix() / 3600) % 3) }

func metric(name string, value func(time.Time) float64, pairs ...string) known {
	labels := map[string]string{"__name__": name}
	for i := 0; i+1 < len(pairs); i += 2 {
		labels[pairs[i]] = pairs[i+1]
	}
	return known{labels: labels, value: value}
}

// knownSeries are what the journeys in the browser ask for. Constants have values
// that are easy to find on a page: 1536 is 1.5 KiB, 42.5 is 42.5%.
func knownSeries() []known {
	all := []known{
		metric("demo_bytes", constant(1536), "job", "demo"),
		metric("demo_percent", constant(42.5), "job", "demo"),
		metric("demo_seconds", constant(0.0125), "job", "demo"),
		metric("demo_state", switching, "job", "demo", "unit", "pump"),
		metric("demo_state", func(t time.Time) float64 { return switching(t.Add(time.Hour)) }, "job", "demo", "unit", "fan"),
		metric("up", constant(1), "job", "demo", "instance", "a:9100"),
		metric("up", constant(1), "job", "demo", "instance", "b:9100"),
		metric("up", constant(0), "job", "demo", "instance", "c:9100"),
		metric("demo_gaps", gaps, "job", "demo"),
		metric("demo_below", wave(-50, 50, time.Hour, 0), "job", "demo"),
		{labels: map[string]string{"__name__": "demo_native_seconds", "job": "demo"}, histogram: native},
	}
	for i, size := range []string{"small", "middle", "large"} {
		all = append(all, metric("demo_powers", constant(math.Pow(100, float64(i))), "job", "demo", "size", size))
	}
	for i, instance := range []string{"a:9100", "b:9100", "c:9100"} {
		phase := float64(i) / 3
		all = append(all,
			metric("demo_load", wave(10, 90, 2*time.Hour, phase), "job", "demo", "instance", instance),
			metric("demo_share", constant(float64(20+20*i)), "job", "demo", "instance", instance),
			metric("demo_requests_total", climbing(float64(10*(i+1))), "job", "demo", "instance", instance, "code", "200"),
			metric("demo_requests_total", climbing(float64(i+1)), "job", "demo", "instance", instance, "code", "500"),
		)
	}
	return append(all, buckets()...)
}

// buckets are a classic histogram whose middle buckets grow fastest.
func buckets() []known {
	bounds := []string{"0.01", "0.05", "0.1", "0.5", "1", "5", "+Inf"}
	rates := []float64{1, 4, 14, 24, 28, 29, 29}
	var all []known
	for i, le := range bounds {
		all = append(all, metric("demo_latency_seconds_bucket", climbing(rates[i]), "job", "demo", "le", le))
		if le == "0.5" {
			all[i].traced = 10 * time.Minute
		}
	}
	return append(all, metric("demo_latency_seconds_count", climbing(29), "job", "demo"), metric("demo_latency_seconds_sum", climbing(9), "job", "demo"))
}

// A writing is series and from when on they have samples.
type writing struct {
	series  []known
	history time.Duration
}

// writings are all that is known: what the journeys ask for, for more than a day, and
// what exporters of the world say, for some hours.
func writings() ([]writing, error) {
	others, err := fed()
	return []writing{{knownSeries(), history}, {others, feedHistory}}, err
}

// requests are the samples of all until now, a part of the time each, for what is older
// than what is there is refused.
func requests(all []writing, now time.Time) []*prompb.WriteRequest {
	const part = 4 * time.Hour
	var out []*prompb.WriteRequest
	for from := now.Add(-history).Truncate(step); from.Before(now); from = from.Add(part) {
		r := &prompb.WriteRequest{}
		for _, w := range all {
			begin := now.Add(-w.history).Truncate(step)
			if begin.Before(from) {
				begin = from
			}
			r.Timeseries = append(r.Timeseries, w.request(begin, earlier(from.Add(part), now)).Timeseries...)
		}
		out = append(out, r)
	}
	return out
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func (w writing) request(from, until time.Time) *prompb.WriteRequest {
	r := &prompb.WriteRequest{}
	for _, k := range w.series {
		s := prompb.TimeSeries{Labels: sorted(k.labels)}
		for t := from; t.Before(until); t = t.Add(step) {
			if k.histogram != nil {
				s.Histograms = append(s.Histograms, k.histogram(t))
			} else if v := k.value(t); !math.IsNaN(v) {
				s.Samples = append(s.Samples, prompb.Sample{Timestamp: t.UnixMilli(), Value: v})
			}
			if k.traced != 0 && t.Truncate(k.traced).Equal(t) {
				s.Exemplars = append(s.Exemplars, prompb.Exemplar{Labels: []prompb.Label{{Name: "trace_id", Value: fmt.Sprintf("trace-%d", t.Unix())}}, Value: 0.25, Timestamp: t.UnixMilli()})
			}
		}
		if len(s.Samples)+len(s.Histograms) > 0 {
			r.Timeseries = append(r.Timeseries, s)
		}
	}
	return r
}
