package kube

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"
)

// An authority signs a cluster's certificates.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	a := &authority{key: key, cert: template("kubernetes")}
	a.cert.IsCA, a.cert.BasicConstraintsValid = true, true
	a.cert.KeyUsage |= x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("sign the authority's certificate: %w", err)
	}
	a.cert, err = x509.ParseCertificate(der)
	return a, err
}

func template(name string, organisations ...string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name, Organization: organisations},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// thumbprint is the SHA-1 of the certificate, in hexadecimal.
func (a *authority) thumbprint() string {
	sum := sha1.Sum(a.cert.Raw)
	return hex.EncodeToString(sum[:])
}

// issue makes a key and a certificate for it, both PEM.
func (a *authority) issue(cert *x509.Certificate) (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, a.cert, private.Public(), a.key)
	if err != nil {
		return nil, nil, fmt.Errorf("sign a certificate for %s: %w", cert.Subject, err)
	}
	key, err = keyPEM(private)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), key, err
}

func keyPEM(key crypto.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// server is the API server's certificate. The authority's follows it, so that a
// client sees the whole chain.
func (a *authority) server() (chain, key []byte, err error) {
	cert := template("kube-apiserver")
	cert.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	cert.DNSNames = []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
	cert.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	chain, key, err = a.issue(cert)
	return append(chain, a.pem()...), key, err
}

// client is the certificate of a user, who is in the groups.
func (a *authority) client(user string, groups ...string) (certificate, key []byte, err error) {
	cert := template(user, groups...)
	cert.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return a.issue(cert)
}

// writeKeys writes what the API server reads at its start.
func (c *Cluster) writeKeys() error {
	chain, key, err := c.ca.server()
	if err != nil {
		return err
	}
	issuer, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	issuerKey, err := keyPEM(issuer)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(issuer.Public())
	if err != nil {
		return err
	}
	for name, text := range map[string][]byte{
		"ca.pem": c.ca.pem(), "server.pem": chain, "server.key": key, "issuer.key": issuerKey,
		"issuer.pub": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}),
	} {
		if err := os.WriteFile(c.path(name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}
