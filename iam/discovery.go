package iam

import (
	"context"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Dial connects to an address that somebody else chose; it refuses those that
// must not be reached.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

const (
	maxDiscovery  = 1 << 20          // bytes of a discovery document or key set
	maxRedirects  = 3                //
	fetchTimeout  = 10 * time.Second // for both together
	keysFresh     = time.Hour        // how long a key set is good
	keysAgain     = 30 * time.Second // how soon an unknown key may be looked for again
	maxIssuers    = 1024             // whose keys are remembered
	wellKnownPath = "/.well-known/openid-configuration"
)

// discovery fetches and remembers the keys of issuers.
type discovery struct {
	dial Dial
	pins map[string]*jose.JSONWebKeySet
	now  func() time.Time

	mu      sync.Mutex
	issuers map[string]*issuerKeys
}

// issuerKeys are an issuer's keys. Its lock is held while they are fetched, so
// that one fetch serves all who wait.
type issuerKeys struct {
	mu      sync.Mutex
	set     *jose.JSONWebKeySet
	fetched time.Time // when they were last asked for, successfully or not
	err     error
}

func (d *discovery) init(o Options) error {
	d.dial, d.now, d.issuers, d.pins = o.Dial, o.Now, map[string]*issuerKeys{}, map[string]*jose.JSONWebKeySet{}
	for issuer, text := range o.Pins {
		path, err := issuerPath(issuer)
		if err != nil {
			return err
		}
		set, err := readKeySet([]byte(text))
		if err != nil {
			return fmt.Errorf("pinned keys of %s: %w", issuer, err)
		}
		d.pins[path] = set
	}
	return nil
}

// keys returns the provider's keys; with again, they are newer than those that
// did not have the key.
func (d *discovery) keys(ctx context.Context, p *Provider, again bool) (*jose.JSONWebKeySet, error) {
	if set, ok := d.pins[p.URL]; ok {
		return set, nil
	}
	if p.Keys != "" {
		return readKeySet([]byte(p.Keys))
	}
	k := d.issuer(p)
	k.mu.Lock()
	defer k.mu.Unlock()
	age := d.now().Sub(k.fetched)
	if age < keysAgain || !again && k.set != nil && age < keysFresh {
		return k.set, k.err
	}
	set, err := d.fetch(ctx, p)
	k.fetched = d.now()
	if err != nil && k.set != nil && age < 24*keysFresh {
		return k.set, nil // an issuer that is down for a while keeps its keys
	}
	k.set, k.err = set, err
	return k.set, k.err
}

// issuer is per provider, not per URL: accounts do not trust each other's
// certificates.
func (d *discovery) issuer(p *Provider) *issuerKeys {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := p.ARN().String() + fmt.Sprint(p.Thumbprints)
	k := d.issuers[key]
	if k == nil {
		if len(d.issuers) >= maxIssuers {
			d.issuers = map[string]*issuerKeys{}
		}
		k = &issuerKeys{}
		d.issuers[key] = k
	}
	return k
}

// fetch asks the issuer where its keys are, and gets them.
func (d *discovery) fetch(ctx context.Context, p *Provider) (*jose.JSONWebKeySet, error) {
	if d.dial == nil {
		return nil, errors.New("no connection may be made to it, and its keys are not pinned")
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	client := d.client(p)
	defer client.CloseIdleConnections()
	var doc struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	text, err := get(ctx, client, "https://"+p.URL+wellKnownPath)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("its discovery document is not JSON: %w", err)
	}
	if doc.Issuer != "https://"+p.URL {
		return nil, fmt.Errorf("its discovery document is of another issuer: %q", clip(doc.Issuer))
	}
	if text, err = get(ctx, client, doc.Keys); err != nil {
		return nil, err
	}
	return readKeySet(text)
}

func readKeySet(text []byte) (*jose.JSONWebKeySet, error) {
	set := &jose.JSONWebKeySet{}
	if err := json.Unmarshal(text, set); err != nil {
		return nil, fmt.Errorf("not a JSON Web Key Set: %w", err)
	}
	set.Keys = slices.DeleteFunc(set.Keys, func(k jose.JSONWebKey) bool { return !k.Valid() || !k.IsPublic() })
	if len(set.Keys) == 0 {
		return nil, errors.New("there is no public key in its key set")
	}
	return set, nil
}

func get(ctx context.Context, client *http.Client, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	if req.URL.Scheme != "https" {
		return nil, fmt.Errorf("%q is not https", clip(url))
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", clip(url), res.Status)
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxDiscovery+1))
	if err == nil && len(text) > maxDiscovery {
		err = fmt.Errorf("%s is longer than %d bytes", clip(url), maxDiscovery)
	}
	return text, err
}

// client trusts the machine's authorities and the certificates whose thumbprints
// the provider has. Every connection, also after a redirect, is made by dial.
func (d *discovery) client(p *Provider) *http.Client {
	transport := &http.Transport{
		DialContext:           d.dial,
		TLSHandshakeTimeout:   fetchTimeout,
		ResponseHeaderTimeout: fetchTimeout,
		TLSClientConfig: &tls.Config{
			MinVersion:         tls.VersionTLS12,
			InsecureSkipVerify: true, // VerifyConnection does it
			VerifyConnection:   func(s tls.ConnectionState) error { return trusted(s, p.Thumbprints, d.now()) },
		},
	}
	return &http.Client{Transport: transport, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects || req.URL.Scheme != "https" {
			return errors.New("it redirects too often, or away from https")
		}
		return nil
	}}
}

// trusted accepts a chain that ends in an authority of the machine or in a
// certificate with one of the thumbprints. The name and dates must be right in
// any case. AWS does the same, https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_verify-thumbprint.html
func trusted(s tls.ConnectionState, thumbprints []string, now time.Time) error {
	if len(s.PeerCertificates) == 0 {
		return errors.New("it shows no certificate")
	}
	leaf := s.PeerCertificates[0]
	between := x509.NewCertPool()
	for _, c := range s.PeerCertificates[1:] {
		between.AddCert(c)
	}
	o := x509.VerifyOptions{DNSName: s.ServerName, Intermediates: between, CurrentTime: now}
	_, err := leaf.Verify(o)
	if err == nil {
		return nil
	}
	for _, c := range s.PeerCertificates {
		sum := sha1.Sum(c.Raw)
		if !slices.Contains(thumbprints, hex.EncodeToString(sum[:])) {
			continue
		}
		o.Roots = x509.NewCertPool()
		o.Roots.AddCert(c)
		if _, err := leaf.Verify(o); err == nil {
			return nil
		}
	}
	return fmt.Errorf("its certificate is not trusted, and has none of the provider's thumbprints: %w", err)
}
