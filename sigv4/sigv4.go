// Package sigv4 verifies AWS Signature Version 4 on requests that have arrived.
//
// It does no I/O, has no clock and decides nothing about regions, services or
// rights: it reads who claims to have signed what (Parse), and proves or
// refutes the claim once the caller has found the secret (Verifier.Verify).
//
// Invariants:
//   - exactly the headers that the client lists are verified, and host is among
//     them;
//   - the body is covered as it arrived, still compressed; a body the signature
//     does not cover passes over TLS only, and signed chunks never;
//   - every reading of a request that is tried is one that a real client signs
//     (see readings) and means the same to this server as the request itself.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
package sigv4

import (
	"crypto/sha256"
	"net/http"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	timeLayout = "20060102T150405Z"
	dateLayout = "20060102"

	unsignedPayload = "UNSIGNED-PAYLOAD"
	emptySHA256     = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// A Signature is what a request claims about who signed it. Nothing in it is
// proven before Verify has returned nil.
type Signature struct {
	AccessKeyID string
	Date        string // of the scope, YYYYMMDD
	Region      string // may be empty: some old clients sign without one
	Service     string

	Time          time.Time     // when the client says it signed, by its clock
	Expires       time.Duration // of a presigned request; otherwise zero
	SignedHeaders []string      // lower case, in the client's order
	Token         string        // session token; empty for long-term keys
	Presigned     bool          // the signature is in the query
	Value         [sha256.Size]byte

	claimedBody string // X-Amz-Content-Sha256, if sent
}

// Scope returns the credential scope, DATE/REGION/SERVICE/aws4_request.
func (s *Signature) Scope() string {
	return s.Date + "/" + s.Region + "/" + s.Service + "/" + terminator
}

// Body is what Verify needs to know of a request's body as it arrived.
type Body struct {
	SHA256 [sha256.Size]byte
	Size   int64
}

// BodyOf measures b.
func BodyOf(b []byte) Body {
	return Body{SHA256: sha256.Sum256(b), Size: int64(len(b))}
}

// Parse reads the signature from r's Authorization header or, for GET and HEAD,
// from its query. A request without either, or with an Authorization of another
// scheme, gives an error that is ErrUnsigned; one that is wrongly made gives an
// *Incomplete. Both are Unauthenticated.
func Parse(r *http.Request) (*Signature, error) {
	auth := r.Header["Authorization"]
	_, query := target(r)
	inHeader := len(auth) > 0 && strings.HasPrefix(auth[0], "AWS")
	switch inQuery := presigned(query); {
	case !inHeader && !inQuery:
		return nil, unsigned()
	case inHeader && inQuery:
		return nil, incomplete("A request must be signed in the 'Authorization' header or in the query string, not in both.")
	case inHeader && len(auth) > 1:
		return nil, incomplete("A request must have one 'Authorization' header only.")
	case inQuery:
		return parseQuery(r, query)
	}
	return parseHeader(r, auth[0])
}

// target returns the request's path and query as they arrived, before anything
// decoded them.
func target(r *http.Request) (path, query string) {
	if strings.HasPrefix(r.RequestURI, "/") {
		path, query, _ = strings.Cut(r.RequestURI, "?")
		return path, query
	}
	path = r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	return path, r.URL.RawQuery
}
