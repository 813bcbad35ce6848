package sso

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// secretBytes is how long a cookie's or ticket's secret is: nobody guesses it.
const secretBytes = 32

// newSecret mints what a browser shows to be known again: 43 characters of
// base64url.
func newSecret() string {
	var b [secretBytes]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// hashOf is all that is kept of a secret. Secrets are random, so that a fast hash
// is enough.
func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
