package hearth

// A Tallied names something of a workspace that is counted minute by minute, by the
// name that AWS vends it under in CloudWatch:
// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-CW-usage-metrics.html
type Tallied string

// What is counted. The text behind a name says what tells counts of it apart.
const (
	TallyDiscardedSamples            Tallied = "DiscardedSamples"            // discard reason
	TallyDiscardedSeries             Tallied = "DiscardedSeries"             // discard reason
	TallyDiscardedSamplesPerLabelSet Tallied = "DiscardedSamplesPerLabelSet" // label set
	TallyDiscardedSeriesPerLabelSet  Tallied = "DiscardedSeriesPerLabelSet"  // label set
	TallyIngestedPerLabelSet         Tallied = "IngestionRatePerLabelSet"    // label set
	TallyHistograms                  Tallied = "NativeHistogramIngestionRate"
	TallyHistogramBuckets            Tallied = "NativeHistogramIngestedBucketsRate"
	TallyHistogramsReduced           Tallied = "NativeHistogramReducedResolutionCount"
	TallyOutOfOrder                  Tallied = "OutOfOrderIngestionRate"
	TallyOutOfOrderAge               Tallied = "OutOfOrderSampleAge" // measured, in seconds
	TallyQuerySamples                Tallied = "QuerySamplesProcessed"
	TallyRuleEvaluations             Tallied = "RuleEvaluations"           // NAMESPACE;GROUP
	TallyRuleFailures                Tallied = "RuleEvaluationFailures"    // NAMESPACE;GROUP
	TallyRuleMissed                  Tallied = "RuleGroupIterationsMissed" // NAMESPACE;GROUP
	TallyAlertsReceived              Tallied = "AlertManagerAlertsReceived"
	TallyNotificationsFailed         Tallied = "AlertManagerNotificationsFailed"    // integration; empty: of all
	TallyNotificationsThrottled      Tallied = "AlertManagerNotificationsThrottled" // integration; empty: of all
	TallyRequests                    Tallied = "TPS"                                // action, without aps:
)

// A Tally counts what workspaces did and had done to them. Its methods may be called
// concurrently and do not block.
type Tally interface {
	// Count adds n to what was counted of a thing in this minute. of tells counts of
	// the same thing apart, and is one of a bounded set; empty where nothing does.
	Count(ws WorkspaceID, what Tallied, of string, n float64)

	// Measure adds one value of a thing whose spread is told.
	Measure(ws WorkspaceID, what Tallied, value float64)
}

// NoTally is a Tally that counts nothing.
type NoTally struct{}

// Count counts nothing.
func (NoTally) Count(WorkspaceID, Tallied, string, float64) {}

// Measure measures nothing.
func (NoTally) Measure(WorkspaceID, Tallied, float64) {}
