package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/awsapi"
	"github.com/hearth-metrics/hearth/dashboard"
)

// checkUpstream checks the settings of the operator's own Grafana.
func (c *Config) checkUpstream() error {
	g := &c.Grafana
	if g.Upstream == "" {
		return nil
	}
	u, err := url.Parse(g.Upstream)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("grafana.upstream: %q is not an http or https URL without user and query", g.Upstream)
	}
	if g.UpstreamFor == "" {
		return errors.New("grafana.upstream-workspace: say which Grafana workspace the Grafana at grafana.upstream stands for")
	}
	return nil
}

// newUpstream joins the operator's own Grafana; nil if there is none. The operator
// chose where it is, which may be this machine.
func (p *program) newUpstream() (awsapi.Upstream, error) {
	g := &p.config.Grafana
	if g.Upstream == "" {
		return nil, nil
	}
	to, err := url.Parse(g.Upstream)
	if err != nil {
		return nil, err
	}
	key, err := upstreamKey(orElse(g.UpstreamKeyFile, filepath.Join(p.config.Storage.Path, "grafana-upstream.pem")), g.UpstreamKeyFile == "")
	if err != nil {
		return nil, fmt.Errorf("grafana.upstream-key-file: %w", err)
	}
	own := *p.config
	own.Egress.AllowLoopback = true
	return dashboard.NewUpstream(dashboard.UpstreamOptions{
		URL: to, Workspace: g.UpstreamFor, Key: key, Issuer: p.url, Log: p.log,
		Owner: func(w hearth.GrafanaWorkspace) bool { return w.Account == hearth.AccountID(p.config.AWS.AccountID) },
		Transport: &http.Transport{
			DialContext: own.dialer().DialContext, MaxIdleConnsPerHost: 64, IdleConnTimeout: 90 * time.Second,
			TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 2 * time.Minute,
		},
	})
}

// upstreamKey reads the private key that proofs are signed with. make lets one be
// made if there is none.
func upstreamKey(path string, make bool) (crypto.Signer, error) {
	text, err := os.ReadFile(path)
	if make && errors.Is(err, os.ErrNotExist) {
		text, err = newUpstreamKey(path)
	}
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s is not a PEM file", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		if rsaKey, e := x509.ParsePKCS1PrivateKey(block.Bytes); e == nil {
			return rsaKey, nil
		}
		if ecKey, e := x509.ParseECPrivateKey(block.Bytes); e == nil {
			return ecKey, nil
		}
		return nil, fmt.Errorf("%s has no private key", path)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%s has no key that signs", path)
	}
	return signer, nil
}

func newUpstreamKey(path string) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err := f.Write(text); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return text, errors.Join(f.Sync(), f.Close())
}
