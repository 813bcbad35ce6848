package iam

import (
	"crypto/cipher"
)

// A Sealer encrypts what another room must not leave readable on disk.
type Sealer struct {
	keys    *Keyring
	purpose purpose
}

// Sealer returns a sealer for one purpose; what it seals, another's cannot open.
func (k *Keyring) Sealer(about string) (*Sealer, error) {
	own := &Keyring{keys: k.keys, newest: k.newest, aeads: map[sealed]cipher.AEAD{}}
	for id, key := range k.keys {
		if err := own.cipher(id, key, purpose(about)); err != nil {
			return nil, err
		}
	}
	return &Sealer{keys: own, purpose: purpose(about)}, nil
}

// Seal encrypts plain. about is not hidden, but must be the same to open it.
func (s *Sealer) Seal(plain []byte, about string) []byte {
	return s.keys.seal(s.purpose, plain, about)
}

// Open is Seal's reverse.
func (s *Sealer) Open(box []byte, about string) ([]byte, error) {
	return s.keys.open(s.purpose, box, about)
}
