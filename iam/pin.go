package iam

import (
	"context"
	"fmt"
	"slices"

	"github.com/hearth-metrics/hearth"
)

// PinProvider makes an account trust an issuer, for tokens meant for the client
// ids and signed with one of just these keys (a JSON Web Key Set); the issuer
// itself is never asked. The provider that the owner made before gets the keys. One
// that somebody else made is a Conflict, for its keys are not the owner's to say.
func (r *Room) PinProvider(ctx context.Context, account hearth.AccountID, issuer, owner string, clientIDs []string, keys []byte) error {
	path, err := issuerPath(issuer)
	if err != nil {
		return err
	}
	want := &Provider{Account: account, URL: path, ClientIDs: clientIDs, Keys: string(keys), Owner: owner}
	if have, err := r.Account(account).Provider(want.ARN().String()); err == nil && have.Owner == owner && have.Keys == want.Keys && containsAll(have.ClientIDs, clientIDs) {
		return nil // as nearly always
	}
	return r.change(ctx, func(c *change) error {
		p := want.clone()
		if old, ok := c.providers[want.ARN().String()]; ok {
			if old.Owner != owner {
				return &hearth.Error{Kind: hearth.Conflict, Type: "provider", Resource: path,
					Msg: fmt.Sprintf("Provider with url https://%s already exists, and its keys are not this cluster's to say.", path)}
			}
			p = old.clone()
			p.Keys = want.Keys
			for _, id := range clientIDs {
				if !slices.Contains(p.ClientIDs, id) {
					p.ClientIDs = append(p.ClientIDs, id)
				}
			}
		} else {
			if len(c.providersOf(account)) >= maxProviders {
				return overQuota("Cannot exceed quota for OpenIdConnectProvidersPerAccount: %d", maxProviders)
			}
			p.Created = c.now
		}
		if err := p.check(); err != nil {
			return err
		}
		return c.put(providerBucket, p.ARN().String(), p, func(s *state) { s.putProvider(p) })
	})
}

func containsAll(have, want []string) bool {
	return !slices.ContainsFunc(want, func(w string) bool { return !slices.Contains(have, w) })
}
