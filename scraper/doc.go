// Package scraper keeps managed collectors, which AMP calls scrapers, and
// collects for them: it discovers targets (in a Kubernetes cluster, by DNS, by
// HTTP, or as written), relabels and scrapes them with Prometheus' own libraries,
// and appends the samples to a workspace. It can tell of each scraper where its
// samples are lost: the doctor.
//
// Invariants: every connection goes through the guarded dialer; a cluster's
// credentials go to its API server only; what a target may answer, and how many
// targets, jobs and regular expressions there may be, is bounded; a scraper that
// is not changed keeps its scrape loops.
package scraper
