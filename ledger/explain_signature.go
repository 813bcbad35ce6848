package ledger

import (
	"fmt"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
)

// signature sets what the client claims beside what the server found.
func (t *text) signature() {
	t.known("signed how", hearth.DetailAuth)
	t.known("access key", hearth.DetailAccessKey)
	t.known("scope", hearth.DetailScope)
	t.versus("region", hearth.DetailClaimedRegion, hearth.DetailExpectedRegion)
	t.versus("service", hearth.DetailClaimedService, hearth.DetailExpectedService)
	t.known("signed headers", hearth.DetailSignedHeaders)
	t.clocks()
	t.versus("body's SHA-256", hearth.DetailClaimedBody, hearth.DetailBody)
	t.known("body's bytes", hearth.DetailBodyBytes)
	t.missing()
	t.block("The server reads the request as follows; compare it with what the client signed (aws --debug shows that):",
		t.take(hearth.DetailCanonical))
	t.block("and the string to sign as:", t.take(hearth.DetailStringToSign))
}

// versus tells a pair of details: what the client said and what was right.
func (t *text) versus(label, claimed, right string) {
	c, r := t.take(claimed), t.take(right)
	if c == "" && r == "" {
		return
	}
	if c == "" {
		c = "(none)"
	}
	t.field(label, "client says "+c)
	if r != "" {
		t.field("", "server says "+r)
	}
}

// clocks tells both clocks. Where the signature failed for another reason, the
// client's is in the string to sign.
func (t *text) clocks() {
	client, server := t.take(hearth.DetailClientTime), t.take(hearth.DetailServerTime)
	skew, allowed := t.take(hearth.DetailSkew), t.take(hearth.DetailExpires)
	if at, ok := signedAt(t.e.Detail(hearth.DetailStringToSign)); ok && client == "" {
		client, server = hearth.DetailTime(at), hearth.DetailTime(t.e.Time)
		skew = at.Sub(t.e.Time).Round(time.Millisecond).String()
	}
	if client == "" || server == "" {
		return
	}
	t.field("client's clock", client)
	t.field("server's clock", server)
	if d, err := time.ParseDuration(skew); err == nil {
		t.field("skew", ahead(d)+allowance(allowed))
	}
}

func signedAt(stringToSign string) (time.Time, bool) {
	_, rest, _ := strings.Cut(stringToSign, "\n")
	stamp, _, _ := strings.Cut(rest, "\n")
	at, err := time.Parse("20060102T150405Z", stamp)
	return at, err == nil
}

func ahead(d time.Duration) string {
	switch {
	case d == 0:
		return "none"
	case d < 0:
		return fmt.Sprintf("client is %v behind", -d)
	}
	return fmt.Sprintf("client is %v ahead", d)
}

func allowance(allowed string) string {
	if allowed == "" {
		return ""
	}
	return ", allowed are " + allowed
}

func (t *text) missing() {
	for _, d := range t.e.Details {
		if d.Name == hearth.DetailMissing {
			t.field("not received", d.Value+" (the client signed it)")
		}
	}
	t.told[hearth.DetailMissing] = true
}

// hintsFor says what usually stands behind such an event, likeliest first.
func hintsFor(e hearth.Event) []string {
	switch {
	case e.Detail(hearth.DetailCanonical) != "":
		return mismatchHints(e)
	case e.Detail(hearth.DetailSkew) != "":
		return skewHints(e)
	case e.Detail(hearth.DetailExpectedRegion) != "":
		return []string{fmt.Sprintf("Wrong region: set %s in the client (AWS_REGION, --region, sigv4.region).", e.Detail(hearth.DetailExpectedRegion))}
	case e.Detail(hearth.DetailExpectedService) != "":
		return []string{fmt.Sprintf("Wrong service name: sign for %q (awscurl --service, sigv4.service_name).", e.Detail(hearth.DetailExpectedService))}
	case e.Detail(hearth.DetailClaimedBody) != "":
		return []string{"Body changed: something between client and server compressed, decompressed or rewrote it."}
	case e.Kind == hearth.EventDenied && e.Detail(hearth.DetailAuth) == "none" && !strings.HasPrefix(e.Detail(hearth.DetailAction), "sts:AssumeRoleWith"):
		return []string{"The client sent no signature: Prometheus needs a sigv4 section, Grafana its SigV4 auth switched on, curl should be awscurl --service aps."}
	case e.Kind == hearth.EventRejected:
		return sampleHints(e)
	case e.Kind == hearth.EventScrape:
		return scrapeHints(e)
	}
	return nil
}

func mismatchHints(e hearth.Event) []string {
	var hints []string
	if e.Detail(hearth.DetailMissing) != "" {
		hints = append(hints, "Proxy removed a header: the client signed one that did not arrive (listed above).")
	}
	hints = append(hints,
		fmt.Sprintf("Wrong secret: the client's secret for access key %s is not the one kept here. This is the usual cause.", orUnknown(e.Detail(hearth.DetailAccessKey))),
		"Proxy changed a header: compare each signed header above with what the client sent, host and its port first.")
	if path := e.Detail(hearth.DetailPath); strings.Contains(path, "%") || strings.Contains(path, "//") {
		hints = append(hints, "Path re-encoded: a proxy or client that decodes % or tidies slashes signs another path than the one above.")
	}
	if n := e.Detail(hearth.DetailBodyBytes); n != "" && n != "0" {
		hints = append(hints, "Body changed: the last line above is the SHA-256 of the body as it arrived; it must be the one the client hashed.")
	}
	if region, service, ok := scopeParts(e.Detail(hearth.DetailScope)); ok {
		hints = append(hints, fmt.Sprintf("Wrong region or service name: the scope says region %q, service %q; the client must derive its key from the same.", region, service))
	}
	return hints
}

func orUnknown(s string) string {
	if s == "" {
		return "(unknown)"
	}
	return s
}

func scopeParts(scope string) (region, service string, ok bool) {
	p := strings.Split(scope, "/")
	if len(p) != 4 {
		return "", "", false
	}
	return p[1], p[2], true
}

func skewHints(e hearth.Event) []string {
	d, err := time.ParseDuration(e.Detail(hearth.DetailSkew))
	switch {
	case err != nil:
		return nil
	case d > 0:
		return []string{"Clock skew: the client's clock is fast, or the server's slow; let both follow NTP."}
	case e.Detail(hearth.DetailAuth) == "presigned":
		return []string{"The presigned URL is older than the lifetime it was given; make a new one."}
	}
	return []string{
		"Clock skew: the client's clock is slow, or the server's fast; let both follow NTP.",
		"The request was held up or sent again with its old signature; a client must sign each attempt anew.",
	}
}
