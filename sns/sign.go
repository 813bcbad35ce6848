package sns

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // signature version 1 is SHA-1
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"sync"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// A signer proves that a message comes from this Hearth.
type signer struct {
	ID          string    `json:"id"`
	Certificate string    `json:"certificate"` // PEM
	Key         []byte    `json:"key"`         // sealed
	Until       time.Time `json:"until"`

	key *rsa.PrivateKey
}

// signers holds the signer in use, made when first needed: a key costs a
// quarter of a second.
type signers struct {
	mu  sync.Mutex
	use *signer
}

const (
	signerLife  = 5 * 365 * 24 * time.Hour
	signerSpare = 30 * 24 * time.Hour // a new one is made this long before the end
	keyBits     = 2048
)

// signer returns the signer in use; the stored one, else a new one.
func (r *Room) signer(ctx context.Context) (*signer, error) {
	r.signers.mu.Lock()
	defer r.signers.mu.Unlock()
	now := r.opts.Now()
	if s := r.signers.use; s != nil && s.fresh(now) {
		return s, nil
	}
	s, err := r.storedSigner(ctx, now)
	if err == nil && s == nil {
		s, err = r.makeSigner(ctx, now)
	}
	if err != nil {
		return nil, fmt.Errorf("key that signs messages: %w", err)
	}
	r.signers.use = s
	return s, nil
}

func (s *signer) fresh(now time.Time) bool { return now.Add(signerSpare).Before(s.Until) }

// storedSigner is the stored one that lasts longest; nil if none is fresh and
// can be opened.
func (r *Room) storedSigner(ctx context.Context, now time.Time) (best *signer, err error) {
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		entries, err := tx.Scan(signerBucket, "", "", 0)
		if err != nil {
			return err
		}
		for _, e := range entries {
			s := &signer{}
			if err := json.Unmarshal(e.Value, s); err != nil {
				return fmt.Errorf("%s %s: %w", signerBucket, e.Key, err)
			}
			if s.fresh(now) && (best == nil || s.Until.After(best.Until)) && r.openSigner(s) {
				best = s
			}
		}
		return nil
	})
	return best, err
}

// openSigner tells whether the sealed key could be opened: after the keyring was
// lost a new signer is made.
func (r *Room) openSigner(s *signer) bool {
	der, err := r.opts.Sealer.Open(s.Key, s.ID)
	if err != nil {
		r.opts.Log.Warn("the key that signs messages cannot be opened; a new one is made", "certificate", s.ID, "err", err)
		return false
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	s.key, _ = key.(*rsa.PrivateKey)
	return err == nil && s.key != nil
}

func (r *Room) makeSigner(ctx context.Context, now time.Time) (*signer, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, err
	}
	s := &signer{ID: randomHex(16), Until: now.Add(signerLife).UTC(), key: key}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	s.Key = r.opts.Sealer.Seal(der, s.ID)
	if s.Certificate, err = certificate(key, s, now); err != nil {
		return nil, err
	}
	return s, r.opts.Store.Update(ctx, func(tx store.Tx) error { return put(tx, signerBucket, s.ID, s) })
}

func certificate(key *rsa.PrivateKey, s *signer, now time.Time) (string, error) {
	serial, ok := new(big.Int).SetString(s.ID, 16)
	if !ok {
		return "", errors.New("no serial number")
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Hearth notifications"},
		NotBefore: now.Add(-time.Hour), NotAfter: s.Until, KeyUsage: x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), err
}

// sign signs a text: RSA over SHA-1 in version 1, over SHA-256 in version 2.
func (s *signer) sign(text, version string) (string, error) {
	hash, sum := crypto.SHA256, sum256(text)
	if version != "2" {
		old := sha1.Sum([]byte(text)) //nolint:gosec // as above
		hash, sum = crypto.SHA1, old[:]
	}
	out, err := rsa.SignPKCS1v15(rand.Reader, s.key, hash, sum)
	return base64.StdEncoding.EncodeToString(out), err
}

func sum256(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

var certificateFile = regexp.MustCompile(`^SimpleNotificationService-([0-9a-f]{32})\.pem$`)

// Certificate returns, in PEM, the certificate that SigningCertURL names. A name
// of none is NotFound.
func (r *Room) Certificate(ctx context.Context, file string) (string, error) {
	none := &hearth.Error{Kind: hearth.NotFound, Msg: "no such certificate"}
	match := certificateFile.FindStringSubmatch(file)
	if match == nil {
		return "", none
	}
	var s *signer
	err := r.opts.Store.View(ctx, func(tx store.Tx) (err error) {
		s, err = get[signer](tx, signerBucket, match[1])
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return "", none
	}
	if err != nil {
		return "", err
	}
	return s.Certificate, nil
}
