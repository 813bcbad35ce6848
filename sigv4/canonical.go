package sigv4

import (
	"net/http"
	"strconv"
	"strings"
)

// A reading is one way to write down those parts of a request that clients do
// not all write alike.
type reading struct {
	path  string // canonical URI
	query string // canonical query string
	host  string
	tabs  bool // a tab inside a header is a blank
}

// AWS's reading comes first: empty path segments dropped, path encoded once
// more, query decoded, encoded and then sorted.
func specReading(r *http.Request, s *Signature) reading {
	path, query := target(r)
	if s.Presigned {
		query = withoutSignature(query)
	}
	q, ok := canonicalQuery(query)
	if !ok {
		q = queryAsSent(query)
	}
	return reading{path: encodePath(squeezePath(path)), query: q, host: r.Host}
}

// readings returns the other readings under which a signature may hold, none of
// them twice. Each stands for the very bytes that arrived or for others with
// the same meaning here, so none lets a signature be moved to another request.
//
//   - path as received, empty segments kept: aws-sdk-go (v1, v2) and with it
//     Grafana, vmagent and every prometheus/sigv4. The versions of prometheus/sigv4
//     that clean the path (some lose the trailing slash) send what they signed.
//     botocore, the aws CLI and the JavaScript SDK sign what specReading reads.
//   - query sorted before it is encoded: aws-sdk-go v1 and older v2, awscurl;
//     matters for repeated match[].
//   - query as sent, only sorted: botocore signing a URL as a string, which is
//     how small scripts in awscurl's manner work.
//   - host without the port that its scheme implies: prometheus/sigv4 v0.1 and
//     awscurl sign it so and may send it with the port.
//   - tabs inside headers as blanks: botocore; aws-sdk-go keeps them.
func readings(r *http.Request, s *Signature, first reading) []reading {
	path, query := target(r)
	if s.Presigned {
		query = withoutSignature(query)
	}
	paths := distinct(first.path, encodePath(path))
	queries := distinct(first.query, queryAsSent(query))
	if q, ok := querySortedDecoded(query); ok {
		queries = distinct(append(queries, q)...)
	}
	hosts := distinct(first.host, withoutDefaultPort(first.host))
	var all []reading
	for _, h := range hosts {
		for _, p := range paths {
			for _, q := range queries {
				all = append(all, reading{path: p, query: q, host: h})
			}
		}
	}
	if hasTab(r, s) {
		for _, v := range all {
			v.tabs = true
			all = append(all, v)
		}
	}
	return all[1:] // all but first
}

func hasTab(r *http.Request, s *Signature) bool {
	for _, name := range s.SignedHeaders {
		for _, value := range r.Header[canonicalName(name)] {
			if strings.Contains(value, "\t") {
				return true
			}
		}
	}
	return false
}

func distinct(values ...string) []string {
	var out []string
	for _, v := range values {
		known := false
		for _, o := range out {
			known = known || o == v
		}
		if !known {
			out = append(out, v)
		}
	}
	return out
}

func withoutDefaultPort(host string) string {
	if h, ok := strings.CutSuffix(host, ":443"); ok {
		return h
	}
	return strings.TrimSuffix(host, ":80")
}

// squeezePath drops empty segments but a last one. Segments "." and ".." are
// left alone, and with them the whole path: resolving them would let a
// signature be moved to a path that routes elsewhere.
func squeezePath(p string) string {
	if !strings.Contains(p, "//") || hasDotSegment(p) {
		return p
	}
	b := make([]byte, 0, len(p))
	for i := range len(p) {
		if p[i] == '/' && len(b) > 0 && b[len(b)-1] == '/' {
			continue
		}
		b = append(b, p[i])
	}
	return string(b)
}

func hasDotSegment(p string) bool {
	for seg := range strings.SplitSeq(p, "/") {
		if seg == "." || seg == ".." {
			return true
		}
	}
	return false
}

const upperHex = "0123456789ABCDEF"

// unreserved tells whether c stands for itself in a canonical request.
func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

// encodePath encodes a path that is percent-encoded already, as every service
// but S3 wants it: arn%3Aaws becomes arn%253Aaws.
func encodePath(p string) string {
	n := 0
	for i := range len(p) {
		if !unreserved(p[i]) && p[i] != '/' {
			n++
		}
	}
	if n == 0 {
		return p
	}
	b := make([]byte, 0, len(p)+2*n)
	for i := range len(p) {
		if c := p[i]; unreserved(c) || c == '/' {
			b = append(b, c)
		} else {
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return string(b)
}

// appendCanonical writes the canonical request. payload is what stands for the
// body in it.
func appendCanonical(b []byte, r *http.Request, s *Signature, v reading, payload string, size int64) []byte {
	b = append(b, r.Method...)
	b = append(b, '\n')
	b = append(b, v.path...)
	b = append(b, '\n')
	b = append(b, v.query...)
	b = append(b, '\n')
	for _, name := range s.SignedHeaders {
		b = append(b, name...)
		b = append(b, ':')
		b = appendHeader(b, r, name, v, size)
		b = append(b, '\n')
	}
	b = append(b, '\n')
	for i, name := range s.SignedHeaders {
		if i > 0 {
			b = append(b, ';')
		}
		b = append(b, name...)
	}
	b = append(b, '\n')
	return append(b, payload...)
}

// appendHeader writes all values of a header. net/http keeps some headers
// elsewhere than in r.Header.
func appendHeader(b []byte, r *http.Request, name string, v reading, size int64) []byte {
	if name == "host" {
		return appendTrimmed(b, v.host)
	}
	for i, value := range headerValues(r, name, size) {
		if i > 0 {
			b = append(b, ',')
		}
		if v.tabs {
			value = strings.ReplaceAll(value, "\t", " ")
		}
		b = appendTrimmed(b, value)
	}
	return b
}

// headerValues returns nil for a header that did not arrive. A body that a
// proxy sent on in chunks has lost its Content-Length, but its size is known.
func headerValues(r *http.Request, name string, size int64) []string {
	if values := r.Header[canonicalName(name)]; len(values) > 0 {
		return values
	}
	switch name {
	case "host":
		return []string{r.Host}
	case "content-length":
		return []string{strconv.FormatInt(size, 10)}
	case "transfer-encoding":
		return r.TransferEncoding
	}
	return nil
}

// canonicalName is name as net/http writes it. It knows the headers that every
// client signs, which net/http would spell anew for every request.
func canonicalName(name string) string {
	switch name {
	case "x-amz-date":
		return "X-Amz-Date"
	case "x-amz-security-token":
		return "X-Amz-Security-Token"
	case "x-amz-content-sha256":
		return "X-Amz-Content-Sha256"
	case "x-prometheus-remote-write-version":
		return "X-Prometheus-Remote-Write-Version"
	}
	return http.CanonicalHeaderKey(name)
}

// appendTrimmed appends v without blanks around it and with single ones inside.
func appendTrimmed(b []byte, v string) []byte {
	v = strings.Trim(v, " \t")
	if !strings.Contains(v, "  ") {
		return append(b, v...)
	}
	for i := range len(v) {
		if v[i] == ' ' && v[i-1] == ' ' {
			continue
		}
		b = append(b, v[i])
	}
	return b
}
