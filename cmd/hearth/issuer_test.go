package main

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"os"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/rogpeppe/go-internal/testscript"
)

// issuer URL makes the keys of an OpenID Connect issuer and writes the public
// ones to jwks.json.
func issuer(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 || neg {
		ts.Fatalf("usage: issuer URL")
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	ts.Check(err)
	text, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "1", Use: "sig"}}})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("jwks.json"), text, 0o600))
	private, err := json.Marshal(jose.JSONWebKey{Key: key, KeyID: "1"})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("issuer.json"), private, 0o600))
	ts.Setenv("ISSUER", args[0])
}

// token SUBJECT AUDIENCE LIFETIME writes a token of the issuer to the file token.
func identityToken(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 || neg {
		ts.Fatalf("usage: token SUBJECT AUDIENCE LIFETIME")
	}
	lifetime, err := time.ParseDuration(args[2])
	ts.Check(err)
	var key jose.JSONWebKey
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("issuer.json")), &key))
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, nil)
	ts.Check(err)
	now := time.Now()
	text, err := jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: ts.Getenv("ISSUER"), Subject: args[0], Audience: jwt.Audience{args[1]},
		IssuedAt: jwt.NewNumericDate(now.Add(-time.Minute)), Expiry: jwt.NewNumericDate(now.Add(lifetime)),
	}).Serialize()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("token"), []byte(text), 0o600))
}
