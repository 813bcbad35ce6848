package sso

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/crewjam/saml"
	"github.com/crewjam/saml/samlsp"

	"github.com/hearth-metrics/hearth"
)

// An IDP is a SAML identity provider, as its metadata has it.
type IDP struct {
	EntityID     string
	SignOn       string // where people are sent to sign in; HTTP-Redirect binding
	SignOnPost   string // the same, HTTP-POST binding
	Logout       string // single logout, HTTP-Redirect binding; empty: not offered
	LogoutAnswer string // where answers about it go
	Certificates []*x509.Certificate
}

const (
	maxMetadata   = 1 << 20          // bytes
	metadataFresh = time.Hour        // how long fetched metadata is good
	metadataStale = 24 * time.Hour   // how long, if it cannot be had anew
	metadataAgain = 30 * time.Second // how soon it may be fetched again
	metadataTime  = 10 * time.Second
	maxIDPs       = 256 // whose metadata is remembered
)

func badMetadata(format string, args ...any) error {
	return &hearth.Error{Kind: hearth.Invalid, Msg: "The identity provider's metadata " + fmt.Sprintf(format, args...),
		Fields: []hearth.Field{{Name: "idpMetadata", Msg: fmt.Sprintf(format, args...)}}}
}

// ParseMetadata reads the metadata of an identity provider.
func ParseMetadata(text []byte) (*IDP, error) {
	if len(text) > maxMetadata {
		return nil, badMetadata("is longer than %d bytes", maxMetadata)
	}
	if f := checkMetadataTokens(text); f != nil {
		return nil, badMetadata("is not acceptable: %s", f.Error())
	}
	entity, err := samlsp.ParseMetadata(text)
	if err != nil {
		return nil, badMetadata("is not SAML metadata: %s", err)
	}
	if len(entity.IDPSSODescriptors) == 0 {
		return nil, badMetadata("has no IDPSSODescriptor: it is not that of an identity provider")
	}
	p := &IDP{EntityID: entity.EntityID}
	for _, d := range entity.IDPSSODescriptors {
		if err := p.read(&d); err != nil {
			return nil, err
		}
	}
	switch {
	case p.EntityID == "":
		return nil, badMetadata("has no entityID")
	case p.SignOn == "" && p.SignOnPost == "":
		return nil, badMetadata("has no SingleSignOnService with the HTTP-Redirect or the HTTP-POST binding")
	case len(p.Certificates) == 0:
		return nil, badMetadata("has no certificate for signing")
	}
	return p, nil
}

// checkMetadataTokens allows more than messages may have: federations are long.
func checkMetadataTokens(text []byte) *refused {
	f := checkTokens(text, true)
	if f != nil && strings.HasPrefix(f.summary, "The XML has more than") {
		f.summary = "it describes too many entities"
	}
	return f
}

func (p *IDP) read(d *saml.IDPSSODescriptor) error {
	for _, s := range d.SingleSignOnServices {
		switch s.Binding {
		case saml.HTTPRedirectBinding:
			p.SignOn = orElse(p.SignOn, s.Location)
		case saml.HTTPPostBinding:
			p.SignOnPost = orElse(p.SignOnPost, s.Location)
		}
	}
	for _, s := range d.SingleLogoutServices {
		if s.Binding == saml.HTTPRedirectBinding && p.Logout == "" {
			p.Logout, p.LogoutAnswer = s.Location, orElse(s.ResponseLocation, s.Location)
		}
	}
	for _, u := range []string{p.SignOn, p.SignOnPost, p.Logout, p.LogoutAnswer} {
		if u != "" && !isWeb(u) {
			return badMetadata("sends people to %q, which is no http or https address", u)
		}
	}
	for _, k := range d.KeyDescriptors {
		if k.Use != "" && k.Use != "signing" {
			continue
		}
		for _, c := range k.KeyInfo.X509Data.X509Certificates {
			cert, err := readCertificate(c.Data)
			if err != nil {
				return badMetadata("has a certificate that cannot be read: %s", err)
			}
			p.Certificates = append(p.Certificates, cert)
		}
	}
	return nil
}

func isWeb(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

func readCertificate(text string) (*x509.Certificate, error) {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// idps fetches and remembers the metadata of identity providers.
type idps struct {
	client *http.Client
	now    func() time.Time

	mu    sync.Mutex
	known map[string]*fetchedIDP // by URL
}

// fetchedIDP is fetched by one request while others wait for it.
type fetchedIDP struct {
	mu    sync.Mutex
	idp   *IDP
	at    time.Time // of idp
	tried time.Time
	err   error
}

func (p *idps) init(client *http.Client, now func() time.Time) {
	p.client, p.now, p.known = client, now, map[string]*fetchedIDP{}
}

// of returns the identity provider of a Grafana workspace. With again, its metadata
// is fetched anew, if it comes from elsewhere and was not just now.
func (p *idps) of(ctx context.Context, c *hearth.GrafanaSAML, again bool) (*IDP, error) {
	if c.MetadataURL == "" {
		return ParseMetadata([]byte(c.MetadataXML))
	}
	p.mu.Lock()
	f := p.known[c.MetadataURL]
	if f == nil {
		if len(p.known) >= maxIDPs {
			p.known = map[string]*fetchedIDP{}
		}
		f = &fetchedIDP{}
		p.known[c.MetadataURL] = f
	}
	p.mu.Unlock()
	return f.get(ctx, p, c.MetadataURL, again)
}

func (f *fetchedIDP) get(ctx context.Context, p *idps, url string, again bool) (*IDP, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := p.now()
	fresh := f.idp != nil && now.Sub(f.at) < metadataFresh && !again
	if fresh || !f.tried.IsZero() && now.Sub(f.tried) < metadataAgain {
		return f.idp, f.orError(now)
	}
	f.tried = now
	// Who asked first may go away; others wait for the same answer.
	idp, err := p.fetch(context.WithoutCancel(ctx), url)
	if err == nil {
		f.idp, f.at, f.err = idp, now, nil
		return idp, nil
	}
	f.err = err
	return f.idp, f.orError(now)
}

// orError is nil as long as what was fetched before is good enough.
func (f *fetchedIDP) orError(now time.Time) error {
	if f.idp != nil && now.Sub(f.at) < metadataStale {
		return nil
	}
	f.idp = nil
	if f.err == nil {
		return errors.New("it was not fetched yet")
	}
	return f.err
}

func (p *idps) fetch(ctx context.Context, from string) (*IDP, error) {
	ctx, cancel := context.WithTimeout(ctx, metadataTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/samlmetadata+xml, application/xml, text/xml")
	res, err := p.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", from, res.Status)
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxMetadata+1))
	if err != nil {
		return nil, err
	}
	return ParseMetadata(text)
}
