package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
	"time"
)

// MaxSkew is how far a client's clock may be from the server's, either way.
const MaxSkew = 5 * time.Minute

// A Verifier proves signatures. Its zero value is ready; it must not be copied,
// and may be used concurrently. It remembers the keys of signatures that held.
type Verifier struct {
	keys    keys
	scratch sync.Pool // *[]byte, for canonical requests
}

// Known is what a Verifier must be told besides the request and its signature.
type Known struct {
	Secret string // of the access key the signature names
	Body   Body   // as received, before any decoding
	Now    time.Time
	TLS    bool // nobody between the client and us could have changed the body
}

// Verify returns nil if whoever signed r with s holds the secret, signed within
// MaxSkew (or the lifetime of a presigned request), and covered r as it
// arrived. s must come from Parse of the same r. All errors are Unauthenticated
// and carry a *WrongDate, *OutOfTime, *Incomplete, *WrongBody or *Mismatch.
//
// The caller has found the secret by the access key and, for temporary ones,
// by the token: a token is not always among the signed headers.
func (v *Verifier) Verify(s *Signature, r *http.Request, k Known) error {
	if err := s.checkTime(k.Now); err != nil {
		return err
	}
	payload, err := s.payload(k)
	if err != nil {
		return err
	}
	key, kept := v.keys.signingKey(s, k.Secret)
	first := specReading(r, s)
	p := proof{r: r, s: s, key: key, size: k.Body.Size}
	buf := v.buffer()
	defer v.scratch.Put(buf)
	p.buf = *buf
	holds := p.holds(first, payload) || p.holdsAny(readings(r, s, first), payload)
	*buf = p.buf
	if !holds {
		return mismatch(p.explain(first, payload))
	}
	if !kept {
		v.keys.keep(s, k.Secret, key)
	}
	return nil
}

func (v *Verifier) buffer() *[]byte {
	if b, ok := v.scratch.Get().(*[]byte); ok && cap(*b) <= 64<<10 {
		return b
	}
	b := make([]byte, 0, 2<<10)
	return &b
}

func (s *Signature) checkTime(now time.Time) error {
	if string(s.Time.AppendFormat(make([]byte, 0, len(dateLayout)), dateLayout)) != s.Date {
		return wrongDate(s)
	}
	if s.Time.After(now.Add(MaxSkew)) {
		return early(s.Time, now, MaxSkew)
	}
	lifetime := MaxSkew
	if s.Presigned {
		lifetime = s.Expires
	}
	if now.After(s.Time.Add(lifetime)) {
		return expired(s.Time, now, lifetime)
	}
	return nil
}

// payload returns what stands for the body in the canonical request.
func (s *Signature) payload(k Known) (string, error) {
	var buf [2 * sha256.Size]byte
	hex.Encode(buf[:], k.Body.SHA256[:])
	switch claimed := s.claimedBody; {
	case claimed == "" && string(buf[:]) == emptySHA256:
		return emptySHA256, nil
	case claimed == "":
		return string(buf[:]), nil
	case claimed == unsignedPayload && k.TLS:
		return claimed, nil
	case claimed == unsignedPayload:
		return "", incomplete("'" + unsignedPayload + "' is accepted over TLS only; sign the body's SHA-256.")
	case strings.HasPrefix(claimed, "STREAMING-"):
		return "", incomplete("'" + claimed + "' is not supported; sign the whole body's SHA-256.")
	case !strings.EqualFold(claimed, string(buf[:])):
		return "", wrongBody(claimed, string(buf[:]), k.Body.Size)
	default:
		return claimed, nil
	}
}

// A proof tries readings of one request against one key.
type proof struct {
	r    *http.Request
	s    *Signature
	key  [sha256.Size]byte
	size int64
	buf  []byte
}

// holds tells in constant time whether the signature fits the reading.
func (p *proof) holds(v reading, payload string) bool {
	p.buf = appendCanonical(p.buf[:0], p.r, p.s, v, payload, p.size)
	sum := sha256.Sum256(p.buf)
	p.buf = appendStringToSign(appendPad(p.buf[:0], &p.key, 0x36), p.s, sum)
	mac := sealed(&p.key, sha256.Sum256(p.buf))
	p.buf = append(p.buf[:0], mac[:]...)
	return hmac.Equal(p.buf, p.s.Value[:])
}

func (p *proof) holdsAny(vs []reading, payload string) bool {
	for _, v := range vs {
		if p.holds(v, payload) {
			return true
		}
	}
	return false
}

func appendStringToSign(b []byte, s *Signature, canonical [sha256.Size]byte) []byte {
	b = append(b, algorithm+"\n"...)
	b = s.Time.AppendFormat(b, timeLayout)
	b = append(b, '\n')
	b = append(b, s.Date...)
	b = append(b, '/')
	b = append(b, s.Region...)
	b = append(b, '/')
	b = append(b, s.Service...)
	b = append(b, "/"+terminator+"\n"...)
	return hex.AppendEncode(b, canonical[:])
}

// explain says what the server read, and what the signature would have fitted.
func (p *proof) explain(v reading, payload string) *Mismatch {
	canonical := appendCanonical(nil, p.r, p.s, v, payload, p.size)
	m := &Mismatch{
		Canonical:    string(canonical),
		StringToSign: string(appendStringToSign(nil, p.s, sha256.Sum256(canonical))),
		Finding:      p.finding(v, payload),
	}
	for _, name := range p.s.SignedHeaders {
		if headerValues(p.r, name, p.size) == nil {
			m.Missing = append(m.Missing, name)
		}
	}
	return m
}

func (p *proof) finding(v reading, payload string) string {
	once := v
	once.path, _ = target(p.r)
	switch {
	case once != v && p.holds(once, payload):
		return "the client encoded the path once, as for S3; it must be encoded twice"
	case payload != emptySHA256 && p.holds(v, emptySHA256):
		return "the client signed an empty body"
	case payload != unsignedPayload && p.holds(v, unsignedPayload):
		return "the client signed " + unsignedPayload + " without saying so in X-Amz-Content-Sha256"
	}
	return ""
}
