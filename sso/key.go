package sso

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/hearth-metrics/hearth/store"
)

// A signingKey signs what Hearth asks of SAML identity providers. One serves all
// Grafana workspaces.
type signingKey struct {
	ID          string    `json:"id"`
	Certificate []byte    `json:"certificate"` // DER
	Sealed      []byte    `json:"sealed"`      // the key
	Until       time.Time `json:"until"`

	key *rsa.PrivateKey
}

// keys holds the key in use, made when first needed.
type keys struct {
	mu  sync.Mutex
	use *signingKey
}

const (
	keyLife = 10 * 365 * 24 * time.Hour // identity providers pin it: a new one is work for people
	keyBits = 2048
)

// signingKey returns the key in use: the stored one, else a new one. After the
// keyring was lost a new one is made, and identity providers need the metadata
// again.
func (r *Room) signingKey(ctx context.Context) (*signingKey, error) {
	r.keys.mu.Lock()
	defer r.keys.mu.Unlock()
	now := r.opts.Now()
	if k := r.keys.use; k != nil && now.Before(k.Until) {
		return k, nil
	}
	k, err := r.storedKey(ctx, now)
	if err == nil && k == nil {
		k, err = r.makeKey(ctx, now)
	}
	if err != nil {
		return nil, fmt.Errorf("key that signs SAML requests: %w", err)
	}
	r.keys.use = k
	return k, nil
}

func (r *Room) storedKey(ctx context.Context, now time.Time) (best *signingKey, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		entries, err := tx.Scan(keyBucket, "", "", 0)
		if err != nil {
			return err
		}
		for _, e := range entries {
			k := &signingKey{}
			if err := json.Unmarshal(e.Value, k); err != nil {
				return fmt.Errorf("%s %s: %w", keyBucket, e.Key, err)
			}
			if now.Before(k.Until) && (best == nil || k.Until.After(best.Until)) && r.openKey(k) {
				best = k
			}
		}
		return nil
	})
	return best, err
}

func (r *Room) openKey(k *signingKey) bool {
	der, err := r.opts.Sealer.Open(k.Sealed, k.ID)
	if err != nil {
		r.opts.Log.Warn("the key that signs SAML requests cannot be opened; a new one is made: give identity providers the metadata again", "key", k.ID, "err", err)
		return false
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	k.key, _ = key.(*rsa.PrivateKey)
	return err == nil && k.key != nil
}

func (r *Room) makeKey(ctx context.Context, now time.Time) (*signingKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, err
	}
	k := &signingKey{ID: hashOf(newSecret())[:32], Until: now.Add(keyLife).UTC(), key: key}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	k.Sealed = r.opts.Sealer.Seal(der, k.ID)
	serial, _ := new(big.Int).SetString(k.ID, 16)
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Hearth sign-in"},
		NotBefore: now.Add(-time.Hour), NotAfter: k.Until, KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
	}
	if k.Certificate, err = x509.CreateCertificate(rand.Reader, template, template, key.Public(), key); err != nil {
		return nil, err
	}
	return k, r.opts.Store.Update(ctx, func(tx store.Tx) error { return put(tx, keyBucket, k.ID, k) })
}

// sign signs text with RSA over SHA-256, in base64.
func (k *signingKey) sign(text string) (string, error) {
	sum := sha256.Sum256([]byte(text))
	out, err := rsa.SignPKCS1v15(rand.Reader, k.key, crypto.SHA256, sum[:])
	return base64.StdEncoding.EncodeToString(out), err
}
