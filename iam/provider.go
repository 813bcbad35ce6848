package iam

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
)

// A Provider is an OpenID Connect issuer an account trusts to say who somebody
// is, in tokens meant for one of the client ids.
type Provider struct {
	Account     hearth.AccountID  `json:"account"`
	URL         string            `json:"url"` // without https://
	ClientIDs   []string          `json:"client_ids,omitempty"`
	Thumbprints []string          `json:"thumbprints,omitempty"` // SHA-1 of certificates, in lower case
	Created     time.Time         `json:"created"`
	Tags        map[string]string `json:"tags,omitempty"`

	Keys  string `json:"keys,omitempty"`  // a JSON Web Key Set: the only keys that count; empty: the issuer is asked
	Owner string `json:"owner,omitempty"` // whose keys they are: the ARN of a cluster
}

// ARN names the provider.
func (p *Provider) ARN() hearth.ARN {
	return hearth.ARN{Partition: "aws", Service: "iam", Account: p.Account, Resource: "oidc-provider/" + p.URL}
}

func (p *Provider) read() error { return nil }

func (p *Provider) clone() *Provider {
	c := *p
	c.ClientIDs, c.Thumbprints, c.Tags = slices.Clone(p.ClientIDs), slices.Clone(p.Thumbprints), cloneMap(p.Tags)
	return &c
}

func (p *Provider) check() error {
	if len(p.ClientIDs) > maxClientIDs {
		return overQuota("Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: %d", maxClientIDs)
	}
	for _, id := range p.ClientIDs {
		if id == "" || len(id) > 255 {
			return invalid("clientIDList", "Member must have length between 1 and 255")
		}
	}
	if len(p.Thumbprints) > maxThumbprints {
		return invalid("thumbprintList", fmt.Sprintf("Thumbprint list must contain fewer than %d entries.", maxThumbprints+1))
	}
	for i, t := range p.Thumbprints {
		if !thumbprintForm.MatchString(t) {
			return invalid("thumbprintList", "Member must be 40 hexadecimal characters")
		}
		p.Thumbprints[i] = lower(t)
	}
	if p.Keys != "" {
		if _, err := readKeySet([]byte(p.Keys)); err != nil {
			return invalid("keys", err.Error())
		}
	}
	return checkTags(p.Tags)
}

// ProviderInput describes a new identity provider.
type ProviderInput struct {
	URL                    string
	ClientIDs, Thumbprints []string
	Tags                   map[string]string
}

// issuerPath checks an issuer's URL and returns it without https://.
func issuerPath(raw string) (string, error) {
	u, err := url.Parse(raw)
	rest, https := strings.CutPrefix(raw, "https://")
	if err != nil || !https || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || len(raw) > 255 {
		return "", invalid("url", "Invalid Open ID Connect Provider URL: it must be https://HOST/PATH without a query")
	}
	return strings.TrimSuffix(rest, "/"), nil
}

// CreateProvider makes an account trust an issuer.
func (a *Account) CreateProvider(ctx context.Context, in ProviderInput) (*Provider, error) {
	path, err := issuerPath(in.URL)
	if err != nil {
		return nil, err
	}
	p := (&Provider{Account: a.id, URL: path, ClientIDs: in.ClientIDs, Thumbprints: in.Thumbprints, Tags: in.Tags}).clone()
	if err := p.check(); err != nil {
		return nil, err
	}
	return p, a.room.change(ctx, func(c *change) error {
		if _, ok := c.providers[p.ARN().String()]; ok {
			return &hearth.Error{Kind: hearth.Conflict, Type: "provider", Resource: p.URL, Msg: fmt.Sprintf("Provider with url https://%s already exists.", p.URL)}
		}
		if len(c.providersOf(a.id)) >= maxProviders {
			return overQuota("Cannot exceed quota for OpenIdConnectProvidersPerAccount: %d", maxProviders)
		}
		p.Created = c.now
		return c.put(providerBucket, p.ARN().String(), p, func(s *state) { s.putProvider(p) })
	})
}

func (s *state) providersOf(a hearth.AccountID) (out []*Provider) {
	for _, p := range s.providers {
		if p.Account == a {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(x, y *Provider) int { return strings.Compare(x.URL, y.URL) })
	return out
}

// Providers are the account's identity providers, by URL.
func (a *Account) Providers() []*Provider {
	a.room.mu.RLock()
	defer a.room.mu.RUnlock()
	return a.room.providersOf(a.id)
}

// Provider returns one by its ARN.
func (a *Account) Provider(arn string) (*Provider, error) {
	a.room.mu.RLock()
	defer a.room.mu.RUnlock()
	return a.room.provider(a.id, arn)
}

func (s *state) provider(a hearth.AccountID, arn string) (*Provider, error) {
	p, ok := s.providers[arn]
	if !ok || p.Account != a {
		return nil, &hearth.Error{Kind: hearth.NotFound, Type: "provider", Resource: arn, Msg: fmt.Sprintf("OpenIDConnect Provider not found for arn %s", clip(arn))}
	}
	return p, nil
}

// EditProvider changes a provider's client ids, thumbprints or tags.
func (a *Account) EditProvider(ctx context.Context, arn string, fn func(p *Provider)) error {
	return a.room.change(ctx, func(c *change) error {
		old, err := c.provider(a.id, arn)
		if err != nil {
			return err
		}
		p := old.clone()
		fn(p)
		if err := p.check(); err != nil {
			return err
		}
		return c.put(providerBucket, arn, p, func(s *state) { s.putProvider(p) })
	})
}

// DeleteProvider ends the trust; sessions that came of it last until they expire.
func (a *Account) DeleteProvider(ctx context.Context, arn string) error {
	return a.room.change(ctx, func(c *change) error {
		if _, err := c.provider(a.id, arn); err != nil {
			return err
		}
		c.remove(providerBucket, arn, func(s *state) { delete(s.providers, arn) })
		return nil
	})
}
