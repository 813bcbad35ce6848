package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"strings"
	"sync"
)

// maxKeys bounds each of the two generations of remembered keys.
const maxKeys = 1024

// keys remembers signing keys, which cost four hashes to derive and change once
// a day. Only keys whose signature held are kept, so strangers cannot push out
// what clients use.
type keys struct {
	mu         sync.Mutex
	young, old map[scope]signingKey
}

type scope struct{ accessKeyID, date, region, service string }

// A signingKey is good for one secret only: a key that was replaced must stop
// working at once.
type signingKey struct {
	secret string
	key    [sha256.Size]byte
}

// signingKey returns the key to verify s with; kept tells that it was known.
func (c *keys) signingKey(s *Signature, secret string) (key [sha256.Size]byte, kept bool) {
	k, ok := c.find(scopeOf(s))
	if ok && subtle.ConstantTimeCompare([]byte(k.secret), []byte(secret)) == 1 {
		return k.key, true
	}
	return derive(s, secret), false
}

func scopeOf(s *Signature) scope { return scope{s.AccessKeyID, s.Date, s.Region, s.Service} }

// clone lets go of the header that the parts were cut from.
func (s scope) clone() scope {
	return scope{strings.Clone(s.accessKeyID), strings.Clone(s.date), strings.Clone(s.region), strings.Clone(s.service)}
}

func (c *keys) find(at scope) (signingKey, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k, ok := c.young[at]; ok {
		return k, true
	}
	k, ok := c.old[at]
	if ok {
		c.put(at.clone(), k)
	}
	return k, ok
}

func (c *keys) keep(s *Signature, secret string, key [sha256.Size]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(scopeOf(s).clone(), signingKey{secret, key})
}

// put needs c.mu. When the young are too many they become the old ones, and the
// old ones, unused since, are forgotten.
func (c *keys) put(at scope, k signingKey) {
	if len(c.young) >= maxKeys {
		c.old, c.young = c.young, nil
	}
	if c.young == nil {
		c.young = make(map[scope]signingKey)
	}
	c.young[at] = k
}

// derive makes the signing key of s's scope.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
func derive(s *Signature, secret string) (key [sha256.Size]byte) {
	sum := []byte("AWS4" + secret)
	for _, part := range []string{s.Date, s.Region, s.Service, terminator} {
		mac := hmac.New(sha256.New, sum)
		mac.Write([]byte(part))
		sum = mac.Sum(nil)
	}
	copy(key[:], sum)
	return key
}

// appendPad begins what the inner hash of an HMAC is of, and sealed makes the HMAC
// of that hash. crypto/hmac does the same with five allocations, which at the door
// cost as much as the hashing. https://www.rfc-editor.org/rfc/rfc2104
func appendPad(b []byte, key *[sha256.Size]byte, with byte) []byte {
	from := len(b)
	b = append(b, key[:]...)
	b = append(b, make([]byte, sha256.BlockSize-sha256.Size)...)
	for i := range b[from:] {
		b[from+i] ^= with
	}
	return b
}

func sealed(key *[sha256.Size]byte, inner [sha256.Size]byte) [sha256.Size]byte {
	b := make([]byte, 0, sha256.BlockSize+sha256.Size)
	return sha256.Sum256(append(appendPad(b, key, 0x5c), inner[:]...))
}
