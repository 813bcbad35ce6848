package sso

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// No response that a stranger makes up is proven, and none brings the program
// down.
func FuzzSAMLResponse(f *testing.F) {
	h, p := openHouse(f, nil), newIDP(f)
	h.saml(p, kitchen)
	for _, sign := range []string{"none", "assertion", "response", "both"} {
		f.Add([]byte(mustText(f, p.document(reply{h: h, ws: kitchen, request: "r", sign: sign, assertion: "_a"}))))
	}
	ws, err := h.Lookup(f.Context(), kitchen)
	if err != nil {
		f.Fatal(err)
	}
	idp, err := ParseMetadata([]byte(p.metadata()))
	if err != nil {
		f.Fatal(err)
	}
	want := &expected{audience: entityID(ws), acs: acsURL(ws), idp: idp, now: h.clock()}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, refused := readResponse(base64.StdEncoding.EncodeToString(text), want)
		if refused == nil && got.assertion.Subject.NameID.Value != "anna" {
			t.Errorf("proven: %+v", got.assertion.Subject.NameID)
		}
	})
}

// Metadata is read or refused.
func FuzzMetadata(f *testing.F) {
	f.Add([]byte(newIDP(f).metadata()))
	f.Add([]byte(`<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata"><EntityDescriptor entityID="x"/></EntitiesDescriptor>`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if p, err := ParseMetadata(text); err == nil && (p.EntityID == "" || len(p.Certificates) == 0 || p.SignOn == "" && p.SignOnPost == "") {
			t.Errorf("incomplete: %+v", p)
		}
	})
}

// Wherever a RelayState leads, it is below the workspace.
func FuzzRelayState(f *testing.F) {
	for _, s := range []string{"/d/x?y#z", "//e", `/\e`, "/%2e%2e/", "/a/../b", "http://e", "/\t", "/%5c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p := place(s)
		base, _ := url.Parse("https://hearth.example.org/grafana/g-0123456789/")
		u, err := base.Parse("https://hearth.example.org/grafana/g-0123456789" + p)
		if err != nil || u.Host != base.Host || !strings.HasPrefix(u.Path, "/grafana/g-0123456789/") || strings.ContainsAny(p, "\r\n\\ ") {
			t.Errorf("place(%q) = %q: %v, %v", s, p, u, err)
		}
		if again := place(p); again != p {
			t.Errorf("place(%q) = %q, and of that %q", s, p, again)
		}
	})
}

// A token that was not signed by the provider, for this sign-in, is no identity.
func FuzzIDToken(f *testing.F) {
	h, o := oidcHouse(f)
	o.nonce = "n"
	good := o.sign(jose.RS256, o.key, o.claims(time.Now().Add(time.Hour)))
	f.Add(good)
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("a.b.c")
	p, err := h.oidc.discover(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if c, refused := h.oidc.verify(h.oidc.context(t.Context()), p, token, "n"); refused == nil && c.Subject != "u-1" {
			t.Errorf("%+v", c)
		}
	})
}
