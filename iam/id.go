package iam

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
)

// The beginnings of unique ids.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
var idPrefix = map[EntityKind]string{UserKind: "AIDA", GroupKind: "AGPA", RoleKind: "AROA"}

const (
	managedPrefix   = "ANPA"
	accessKeyPrefix = "AKIA"
	sessionPrefix   = "ASIA"
	bearerPrefix    = "ABIA"
)

// newID is the prefix and sixteen letters and digits that nobody can guess.
func newID(prefix string) string {
	b := make([]byte, 10)
	_, _ = rand.Read(b) // never fails
	return prefix + base32.StdEncoding.EncodeToString(b)
}

// newSecret is forty characters, as AWS's secret access keys are.
func newSecret() string {
	b := make([]byte, 30)
	_, _ = rand.Read(b) // never fails
	return base64.StdEncoding.EncodeToString(b)
}
