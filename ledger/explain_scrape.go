package ledger

import (
	"strings"

	"github.com/hearth-metrics/hearth"
)

// scrape tells which scraper, job and target an event is about, and what went wrong.
func (t *text) scrape() {
	if t.e.Kind != hearth.EventScrape {
		return
	}
	t.known("scraper", hearth.DetailScraper)
	t.known("job", hearth.DetailJob)
	t.known("target", hearth.DetailTarget)
	t.known("part", hearth.DetailComponent)
	t.known("error", hearth.DetailError)
	t.known("status", hearth.DetailState)
	t.known("samples refused", hearth.DetailSamples)
	if n := t.take(hearth.DetailOmitted); n != "" {
		t.line("  %s events of this scraper before this one were not kept.", n)
	}
}

// errorsOfScrapes are parts of the errors of Prometheus' scrape loop and of the
// connection, and what they usually mean.
var errorsOfScrapes = []struct{ part, hint string }{
	{"egress", "Hearth never connects to this address. The settings egress.… say which it may."},
	{"connection refused", "Nothing listens at that address and port: look at the port that relabelling chose."},
	{"no such host", "The name has no address where Hearth runs: names of a cluster's services mean something inside it only."},
	{"deadline exceeded", "The target did not answer within scrape_timeout."},
	{"certificate", "The target's certificate is not trusted: tls_config has ca (the text, not a file), server_name, insecure_skip_verify."},
	{"HTTP status 401", "The target wants credentials: basic_auth or authorization of the job."},
	{"HTTP status 403", "The target knows who asks and refuses: for the API server look at the user's ClusterRole."},
	{"HTTP status 404", "The target has nothing at this path: look at metrics_path, and at rules that set __metrics_path__."},
	{"HTTP status 502", "The API server's proxy did not reach what is behind it."},
	{"body size limit", "The answer is bigger than body_size_limit."},
	{"sample limit", "The answer has more samples than sample_limit after metric relabelling."},
	{"label_limit", "A series has more labels than label_limit."},
	{"target_limit", "The job has more targets than target_limit, and then none of them is taken."},
	{"unsupported Content-Type", "The answer says that it is no metrics: fallback_scrape_protocol reads it nonetheless."},
	{"Content-Type", "The answer has no Content-Type that names a format: fallback_scrape_protocol says which to take."},
}

// scrapeHints are about the error of a target, or the status of a scraper.
func scrapeHints(e hearth.Event) (hints []string) {
	text := e.Detail(hearth.DetailError)
	for _, x := range errorsOfScrapes {
		if text != "" && strings.Contains(text, x.part) {
			hints = append(hints, x.hint)
			break
		}
	}
	if id := e.Detail(hearth.DetailScraper); id != "" && (text != "" || e.Detail(hearth.DetailReason) != "") {
		hints = append(hints, "hearth scraper doctor "+id+" shows every job and target as it is now.")
	}
	return hints
}
