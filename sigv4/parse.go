package sigv4

import (
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bounds on what a stranger may make us look at.
const (
	maxAuthorization = 16 << 10
	maxSignedHeaders = 128
	maxScopePart     = 128
	maxExpires       = 7 * 24 * time.Hour
)

// claims are the parts of a signature before they are understood; in a header
// and in a query they differ only in name.
type claims struct {
	credential, signedHeaders, signature string

	problems []string
}

func (c *claims) fault(sentence string) { c.problems = append(c.problems, sentence) }

// parseHeader reads "AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…".
func parseHeader(r *http.Request, auth string) (*Signature, error) {
	if len(auth) > maxAuthorization {
		return nil, incomplete("Authorization header is too long.")
	}
	name, params, _ := strings.Cut(auth, " ")
	if name != algorithm {
		return nil, incomplete("Unsupported AWS 'algorithm': '" + name + "'. Only " + algorithm + " is supported.")
	}
	c := headerClaims(params)
	s := &Signature{Token: r.Header.Get("X-Amz-Security-Token")}
	if !headerTime(r, s) {
		c.fault("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	s.claimedBody = one(&c, r.Header, "X-Amz-Content-Sha256")
	return s.fill(&c)
}

func headerClaims(params string) claims {
	var c claims
	for part := range strings.SplitSeq(params, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch key {
		case "Credential":
			c.set(&c.credential, key, value)
		case "SignedHeaders":
			c.set(&c.signedHeaders, key, value)
		case "Signature":
			c.set(&c.signature, key, value)
		}
	}
	c.require("Authorization header requires 'Credential' parameter.", c.credential)
	c.require("Authorization header requires 'Signature' parameter.", c.signature)
	c.require("Authorization header requires 'SignedHeaders' parameter.", c.signedHeaders)
	return c
}

func (c *claims) set(field *string, name, value string) {
	if *field != "" {
		c.fault("'" + name + "' is given twice.")
	}
	*field = value
}

func (c *claims) require(sentence, value string) {
	if value == "" {
		c.fault(sentence)
	}
}

// headerTime takes the time from X-Amz-Date or else from Date. Whichever it is,
// it is part of the string to sign.
func headerTime(r *http.Request, s *Signature) (ok bool) {
	if v := r.Header["X-Amz-Date"]; len(v) > 0 {
		s.Time, ok = parseStamp(v[0])
		return ok && len(v) == 1
	}
	v := r.Header.Get("Date")
	if s.Time, ok = parseStamp(v); ok {
		return true
	}
	for _, layout := range []string{http.TimeFormat, time.RFC1123Z, time.RFC850, time.ANSIC} {
		if t, err := time.Parse(layout, v); err == nil {
			s.Time = t.UTC()
			return true
		}
	}
	return false
}

func parseStamp(v string) (time.Time, bool) {
	if len(v) != len(timeLayout) { // time.Parse would take fractions of a second
		return time.Time{}, false
	}
	t, err := time.Parse(timeLayout, v)
	return t, err == nil
}

func one(c *claims, h http.Header, name string) string {
	v := h[name]
	if len(v) > 1 {
		c.fault("'" + name + "' is given twice.")
	}
	if len(v) == 0 {
		return ""
	}
	return v[0]
}

// presigned tells whether a raw query claims to carry a signature.
func presigned(query string) bool {
	if !strings.Contains(query, "X-Amz-") {
		return false
	}
	for pair := range strings.SplitSeq(query, "&") {
		switch name, _, _ := strings.Cut(pair, "="); name {
		case "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature":
			return true
		}
	}
	return false
}

// parseQuery reads a presigned request.
func parseQuery(r *http.Request, query string) (*Signature, error) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return nil, incomplete("Query-string signatures are accepted for GET and HEAD requests only.")
	}
	p, err := authParams(query)
	if err != nil {
		return nil, err
	}
	if a := p["X-Amz-Algorithm"]; a != algorithm {
		return nil, incomplete("Unsupported AWS 'algorithm': '" + a + "'. Only " + algorithm + " is supported.")
	}
	c := claims{credential: p["X-Amz-Credential"], signedHeaders: p["X-Amz-SignedHeaders"], signature: p["X-Amz-Signature"]}
	c.require("AWS query-string parameters must include 'X-Amz-Credential'.", c.credential)
	c.require("AWS query-string parameters must include 'X-Amz-Signature'.", c.signature)
	c.require("AWS query-string parameters must include 'X-Amz-SignedHeaders'.", c.signedHeaders)
	s := &Signature{Presigned: true, Token: p["X-Amz-Security-Token"], claimedBody: p["X-Amz-Content-Sha256"]}
	if s.claimedBody == "" {
		s.claimedBody = one(&c, r.Header, "X-Amz-Content-Sha256")
	}
	var ok bool
	if s.Time, ok = parseStamp(p["X-Amz-Date"]); !ok {
		c.fault("AWS query-string parameters must include 'X-Amz-Date', as YYYYMMDD'T'HHMMSS'Z'.")
	}
	if s.Expires, ok = parseExpires(p["X-Amz-Expires"]); !ok {
		c.fault("AWS query-string parameters must include 'X-Amz-Expires', between 1 and 604800 seconds.")
	}
	return s.fill(&c)
}

// authParams collects the X-Amz-… parameters of a raw query.
func authParams(query string) (map[string]string, error) {
	p := make(map[string]string, 8)
	for pair := range strings.SplitSeq(query, "&") {
		name, raw, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "X-Amz-") {
			continue
		}
		value, err := url.QueryUnescape(raw)
		if _, twice := p[name]; twice || err != nil {
			return nil, incomplete("Query-string parameter '" + name + "' is given twice or is not percent-encoded.")
		}
		p[name] = value
	}
	return p, nil
}

func parseExpires(v string) (time.Duration, bool) {
	n, err := strconv.ParseUint(v, 10, 32)
	d := time.Duration(n) * time.Second
	return d, err == nil && d >= time.Second && d <= maxExpires
}

// fill completes s from c, or returns everything that is wrong with c at once.
func (s *Signature) fill(c *claims) (*Signature, error) {
	if c.credential != "" && !s.parseCredential(c.credential) {
		c.fault("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, and end in '" + terminator + "'.")
	}
	if c.signedHeaders != "" {
		s.parseSignedHeaders(c)
	}
	if n, err := hex.Decode(s.Value[:], clip(c.signature, 2*len(s.Value))); c.signature != "" &&
		(err != nil || n != len(s.Value) || len(c.signature) != 2*n) {
		c.fault("Signature must be 64 hexadecimal digits.")
	}
	if len(c.problems) > 0 {
		return nil, incomplete(c.problems...)
	}
	return s, nil
}

func clip(v string, n int) []byte { return []byte(v[:min(len(v), n)]) }

func (s *Signature) parseCredential(v string) bool {
	p, ok := fiveParts(v)
	if !ok || p[0] == "" || len(p[1]) != len(dateLayout) || p[3] == "" || p[4] != terminator {
		return false
	}
	for _, part := range p {
		if len(part) > maxScopePart || !visible(part) {
			return false
		}
	}
	s.AccessKeyID, s.Date, s.Region, s.Service = p[0], p[1], p[2], p[3]
	return true
}

// fiveParts splits v at its four slashes.
func fiveParts(v string) (p [5]string, ok bool) {
	for i := range 4 {
		if p[i], v, ok = strings.Cut(v, "/"); !ok {
			return p, false
		}
	}
	p[4] = v
	return p, !strings.Contains(v, "/")
}

func visible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func (s *Signature) parseSignedHeaders(c *claims) {
	if strings.Count(c.signedHeaders, ";") >= maxSignedHeaders {
		c.fault("SignedHeaders names too many headers.")
		return
	}
	s.SignedHeaders = strings.Split(c.signedHeaders, ";")
	host := false
	for i, name := range s.SignedHeaders {
		host = host || name == "host"
		if !headerName(name) || slices.Contains(s.SignedHeaders[:i], name) {
			c.fault("SignedHeaders must name each header once, in lower case.")
			return
		}
	}
	if !host {
		c.fault("'Host' must be a 'SignedHeader' in the AWS Authorization.")
	}
}

// headerName tells whether s is a header's name in lower case.
func headerName(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return s != ""
}
