package hearth

import "time"

// Limits bound what one workspace may hold, take in and ask. Zero means no
// limit, unless the field says otherwise. Names and codes follow
// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP_quotas.html
type Limits struct {
	// What it holds.
	ActiveSeries          int64           // L-5A151448
	NativeHistogramSeries int64           // L-EDA8C93C
	LabelSets             []LabelSetLimit // at most 100 (L-2C2449DB)
	MetadataMetrics       int             // L-40DA9328
	MetadataPerMetric     int
	MetadataBytes         int // of one entry
	Retention             time.Duration
	HAClusters            int // L-110BFC6B

	// What it takes in.
	IngestRate             float64 // samples/s (L-F4BCE0BA); a request is taken whole or not at all
	IngestBurst            int     // samples the bucket holds
	LabelNamesPerSeries    int     // L-CDA4AB0F
	LabelBytes             int     // all names and values of a series together (L-8E142053)
	LabelNameBytes         int
	LabelValueBytes        int
	RequestBytes           int64         // body as received (L-B71C1602)
	DecodedBytes           int64         // body once decompressed
	RequestSeries          int           // series in one request
	RequestSamples         int           // samples in one request
	MaxSampleAge           time.Duration // older is greater_than_max_sample_age
	MaxFuture              time.Duration // how far ahead of the clock a sample may be
	OutOfOrderWindow       time.Duration // 0: nothing out of order (L-719BEE64)
	NativeHistogramBuckets int

	// What it may ask.
	QueryRange       time.Duration // end minus start
	QueryTimeout     time.Duration
	QuerySamples     int // samples in memory at once
	QueryConcurrency int
	QueryTextBytes   int
	QueryNesting     int
	QuerySelectors   int
	SubquerySteps    int64 // steps of one subquery
	EvaluatedSteps   int64 // product over nested subqueries and the range's own steps
	QuerySeries      int   // series one selector may fetch
	QueryMemory      int64 // bytes accounted to one query
	RuleQueryOffset  time.Duration
}

// A LabelSetLimit bounds the series whose labels include Labels. An empty
// Labels is the bucket of all series that no other set takes. MaxSeries 0
// counts without refusing.
type LabelSetLimit struct {
	Labels    map[string]string
	MaxSeries int64
}

// LimitsOf returns the limits a new workspace has under profile p.
func LimitsOf(p Profile) Limits {
	l := Limits{
		LabelSets:              nil,
		MetadataMetrics:        20_000,
		MetadataPerMetric:      10,
		MetadataBytes:          1 << 10,
		Retention:              150 * 24 * time.Hour,
		HAClusters:             500,
		LabelNamesPerSeries:    150,
		LabelBytes:             7 << 10,
		LabelNameBytes:         1 << 10,
		LabelValueBytes:        4 << 10,
		RequestBytes:           10 << 20,
		DecodedBytes:           64 << 20,
		RequestSeries:          100_000,
		RequestSamples:         500_000,
		MaxFuture:              10 * time.Minute,
		OutOfOrderWindow:       time.Minute,
		NativeHistogramBuckets: 1_000,
		QueryTimeout:           2 * time.Minute,
		QuerySamples:           50_000_000,
		QueryConcurrency:       20,
		QueryTextBytes:         64 << 10,
		QueryNesting:           200,
		QuerySelectors:         200,
		SubquerySteps:          11_000,
		EvaluatedSteps:         11_000 * 100,
		QuerySeries:            1_000_000,
		QueryMemory:            2 << 30,
		RuleQueryOffset:        time.Minute,
	}
	if p == AWSStrict {
		l.ActiveSeries = 50_000_000
		l.NativeHistogramSeries = 5_000_000
		l.IngestRate = 1_666_666
		l.IngestBurst = 1_666_666
		l.RequestBytes = 1_000_000
		l.DecodedBytes = 16 << 20
		l.MaxSampleAge = time.Hour
		l.NativeHistogramBuckets = 200
		l.QueryRange = 95 * 24 * time.Hour
		l.QueryTimeout = time.Minute
		l.QuerySeries = 12_000_000
	}
	return l
}
