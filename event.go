package hearth

import (
	"strconv"
	"time"
)

// The names of an event's details. Rooms record under these names and the
// ledger explains by them, so a detail has one spelling everywhere. Times are
// written by DetailTime, numbers in decimal.
const (
	DetailReason = "reason"        // AWS's discard reason, or the code of a refusal
	DetailHint   = "hint"          // what to try; may appear more than once
	DetailRemedy = "remedy"        // what would allow what was denied
	DetailAdd    = "add_statement" // the statement that would
	DetailCount  = "count"         // how many things the event stands for; 1 if absent
	DetailSince  = "since"         // when the first of those counted happened
	DetailError  = "error"         // the error as the log has it

	// Who asked, and how.
	DetailMethod    = "method"
	DetailPath      = "path" // as received, still escaped
	DetailRemote    = "remote"
	DetailUserAgent = "user_agent"
	DetailAction    = "action"   // aps:QueryMetrics
	DetailResource  = "resource" // ARN
	DetailService   = "service"
	DetailAuth      = "auth" // sigv4, presigned, bearer, session, none
	DetailStatus    = "status"

	// A signature that did not hold.
	DetailAccessKey       = "access_key_id" // as claimed
	DetailScope           = "scope"         // as claimed: DATE/REGION/SERVICE/aws4_request
	DetailClaimedRegion   = "claimed_region"
	DetailExpectedRegion  = "expected_region"
	DetailClaimedService  = "claimed_service"
	DetailExpectedService = "expected_service"
	DetailSignedHeaders   = "signed_headers"
	DetailCanonical       = "server_canonical_request"
	DetailStringToSign    = "server_string_to_sign"
	DetailHeader          = "header" // a header as received, NAME: VALUE; may appear more than once
	DetailMissing         = "missing"
	DetailClientTime      = "client_time"
	DetailServerTime      = "server_time"
	DetailSkew            = "skew" // client minus server, a Go duration
	DetailExpires         = "expires"
	DetailClaimedBody     = "claimed_body_sha256"
	DetailBody            = "body_sha256" // of the body as received
	DetailBodyBytes       = "body_bytes"

	// A sample that was refused.
	DetailMetric     = "metric"
	DetailLabels     = "labels"
	DetailSampleTime = "sample_time"
	DetailLastTime   = "last_time"  // the series' newest sample
	DetailLimitTime  = "limit_time" // the oldest or newest time that would have been taken
	DetailLimit      = "limit"
	DetailActual     = "actual" // what stood against the limit
	DetailSamples    = "samples"
	DetailSender     = "sender"

	// A query that was stopped.
	DetailQuery = "query"
	DetailStart = "start"
	DetailEnd   = "end"
	DetailStep  = "step"

	// A rule whose evaluation changed something.
	DetailRule      = "rule"
	DetailRuleGroup = "rule_group"
	DetailNamespace = "namespace"
	DetailEvaluated = "evaluated" // the slot, which alerts have as their time
	DetailResult    = "result"    // what the expression gave
	DetailState     = "state"     // {LABELS} BEFORE -> AFTER: REASON; may appear more than once
	DetailOmitted   = "omitted"   // how many more states changed
	DetailFolder    = "folder"    // the uid of the folder of a Grafana-managed rule

	// A notification. The reason is one of grouped, silenced, inhibited, muted,
	// inactive, delivered, failing, failed, refused.
	DetailDelivery    = "delivery"    // its id: the same for all attempts
	DetailAlert       = "alert"       // an alert's labels; may appear more than once
	DetailReceiver    = "receiver"    //
	DetailIntegration = "integration" // webhook[0]
	DetailRoute       = "route"       // its matchers, from the root
	DetailGroup       = "group"       // the labels it was grouped by
	DetailWait        = "wait"        // how long it waits for others, a Go duration
	DetailCause       = "cause"       // why now: first notification, repeat interval elapsed
	DetailSilence     = "silence"     // the id of one that holds; may appear more than once
	DetailInhibitor   = "inhibitor"   // the fingerprint of an alert that inhibits
	DetailInterval    = "interval"    // the name of a time interval
	DetailAttempts    = "attempts"    //
	DetailPayload     = "payload"     // what was sent, cut short if long
	DetailFingerprint = "fingerprint" // of the alert before it
	DetailMessage     = "message_id"  // of the message it was published as; the request id of its events

	// A message on its way to an endpoint.
	DetailTopic        = "topic"        // ARN
	DetailSubscription = "subscription" // ARN
	DetailProtocol     = "protocol"
	DetailEndpoint     = "endpoint"
	DetailSubject      = "subject"
	DetailPublisher    = "published_by" // the request that published it
	DetailOutcome      = "outcome"      // published, delivered, failed, refused, dropped, dead-letter
	DetailAttempt      = "attempt"      // from 1
	DetailNextAttempt  = "next_attempt"
	DetailTook         = "took"
	DetailAnswer       = "answer" // the endpoint's, shortened

	// A scraper and what it scrapes. The error is the target's.
	DetailScraper   = "scraper"
	DetailJob       = "job"
	DetailTarget    = "target"    // its URL
	DetailComponent = "component" // SERVICE_DISCOVERY, COLLECTOR or EXPORTER, as in AWS's log lines
	// A sign-in. The value that was found is the actual one.
	DetailProvider     = "provider"          // SAML, AWS_SSO, LOCAL, KEYS, LINK
	DetailGrafana      = "grafana_workspace" // its id
	DetailIssuer       = "issuer"
	DetailSubjectID    = "subject_id"
	DetailLogin        = "login"
	DetailSSOID        = "sso_id" // as UpdatePermissions names the person
	DetailGroups       = "groups"
	DetailAttribute    = "attribute" // of an assertion
	DetailExpected     = "expected"
	DetailOrganization = "organization"
	DetailRole         = "role"    // what the assertion gives
	DetailGranted      = "granted" // the role in the Grafana workspace
	DetailAssertion    = "assertion_id"
	DetailSession      = "session_id"

	// Configuration that changed.
	DetailBefore = "before"
	DetailAfter  = "after"
	DetailFile   = "file"
)

// Detail returns the value of the event's first detail called name; empty if
// there is none.
func (e Event) Detail(name string) string {
	for _, d := range e.Details {
		if d.Name == name {
			return d.Value
		}
	}
	return ""
}

// DetailTime writes t as details carry times: RFC 3339 in UTC, milliseconds if
// it has any.
func DetailTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999Z07:00") }

// DetailMillis is DetailTime for a sample's timestamp. Times outside the years
// RFC 3339 can spell are written as the number of milliseconds.
func DetailMillis(ms int64) string {
	t := time.UnixMilli(ms).UTC()
	if y := t.Year(); y < 1 || y > 9999 {
		return strconv.FormatInt(ms, 10)
	}
	return DetailTime(t)
}
