package iam

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A Keyring seals what must not be read from disk, or by whoever carries it.
// The newest key seals, every key opens; so a key is replaced by adding one.
type Keyring struct {
	keys   map[byte][]byte
	newest byte
	aeads  map[sealed]cipher.AEAD
}

// sealed is what one cipher is for: a key and a purpose. A text sealed for one
// purpose cannot be opened for another.
type sealed struct {
	key     byte
	purpose purpose
}

type purpose string

const (
	forAccessKeys purpose = "access key"
	forSessions   purpose = "session token"
	forSecrets    purpose = "session secret"
)

const keyBytes = 32

// errNotSealed is of a text that no key here has sealed for that purpose.
var errNotSealed = errors.New("not sealed with a key of this Hearth")

// NewKeyringText returns the text of a keyring with one new key.
func NewKeyringText() string {
	return "# The keys that seal secrets; the last one seals. Keep the file, or all secrets are lost.\n" + keyLine(1)
}

// RotateKeyringText adds a new key to a keyring's text.
func RotateKeyringText(text string) (string, error) {
	k, err := ParseKeyring(text)
	if err != nil {
		return "", err
	}
	if k.newest == 255 {
		return "", errors.New("the keyring is full: it has had 255 keys")
	}
	return strings.TrimRight(text, "\n") + "\n" + keyLine(int(k.newest)+1), nil
}

func keyLine(id int) string {
	key := make([]byte, keyBytes)
	_, _ = rand.Read(key) // never fails
	return fmt.Sprintf("%d %s\n", id, base64.StdEncoding.EncodeToString(key))
}

// ParseKeyring reads lines of a number and 32 bytes in base64.
func ParseKeyring(text string) (*Keyring, error) {
	k := &Keyring{keys: map[byte][]byte{}, aeads: map[sealed]cipher.AEAD{}}
	for i, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		if err := k.add(fields); err != nil {
			return nil, fmt.Errorf("keyring, line %d: %w", i+1, err)
		}
	}
	if k.newest == 0 {
		return nil, errors.New("the keyring has no key")
	}
	return k, nil
}

func (k *Keyring) add(fields []string) error {
	id, err := strconv.ParseUint(fields[0], 10, 8)
	if err != nil || id == 0 || len(fields) != 2 {
		return errors.New("want a number from 1 to 255 and a key")
	}
	key, err := base64.StdEncoding.DecodeString(fields[1])
	if err != nil || len(key) != keyBytes {
		return fmt.Errorf("the key is not %d bytes in base64", keyBytes)
	}
	if _, twice := k.keys[byte(id)]; twice {
		return fmt.Errorf("key %d is there twice", id)
	}
	k.keys[byte(id)] = key
	k.newest = max(k.newest, byte(id))
	for _, p := range []purpose{forAccessKeys, forSessions} {
		if err := k.cipher(byte(id), key, p); err != nil {
			return err
		}
	}
	return nil
}

func (k *Keyring) cipher(id byte, key []byte, p purpose) error {
	sub, err := hkdf.Key(sha256.New, key, nil, "hearth "+string(p), keyBytes)
	if err != nil {
		return err
	}
	block, err := aes.NewCipher(sub)
	if err != nil {
		return err
	}
	aead, err := cipher.NewGCM(block)
	k.aeads[sealed{id, p}] = aead
	return err
}

// seal encrypts plain. about is not hidden, but must be the same to open it.
func (k *Keyring) seal(p purpose, plain []byte, about string) []byte {
	aead := k.aeads[sealed{k.newest, p}]
	out := make([]byte, 1+aead.NonceSize(), 1+aead.NonceSize()+len(plain)+aead.Overhead())
	out[0] = k.newest
	_, _ = rand.Read(out[1:]) // never fails
	return aead.Seal(out, out[1:], plain, []byte(about))
}

// open is seal's reverse; whatever was not sealed here is errNotSealed.
func (k *Keyring) open(p purpose, box []byte, about string) ([]byte, error) {
	if len(box) == 0 {
		return nil, errNotSealed
	}
	aead := k.aeads[sealed{box[0], p}]
	if aead == nil || len(box) < 1+aead.NonceSize() {
		return nil, errNotSealed
	}
	nonce, text, _ := cutAt(box[1:], aead.NonceSize())
	plain, err := aead.Open(nil, nonce, text, []byte(about))
	if err != nil {
		return nil, errNotSealed
	}
	return plain, nil
}

func cutAt(b []byte, n int) (before, after []byte, ok bool) {
	if len(b) < n {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}

// sessionSecret is the secret access key of a session: who knows the key file
// knows it, so that it need not travel in the token.
func (k *Keyring) sessionSecret(id byte, accessKeyID string) string {
	mac := hmac.New(sha256.New, bytes.Join([][]byte{k.keys[id], []byte(forSecrets)}, []byte{0}))
	mac.Write([]byte(accessKeyID))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))[:40]
}
