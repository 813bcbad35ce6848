package sso

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hearth-metrics/hearth"
)

// What a request of a signed-in browser costs beside its work.
func BenchmarkGrafanaUser(b *testing.B) {
	h := openHouse(b, nil)
	h.users[kitchen] = []*hearth.GrafanaUser{{Workspace: kitchen, ID: 1, Login: "anna", Role: hearth.GrafanaViewer}}
	cookie, err := h.begin(b.Context(), &Session{Grafana: kitchen, User: 1, Provider: hearth.ProviderSAML, Expires: h.clock().Add(grafanaLife), Idle: int64(grafanaIdle.Seconds())})
	if err != nil {
		b.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodGet, "http://x/grafana/"+string(kitchen)+"/api/user", strings.NewReader(""))
	if err != nil {
		b.Fatal(err)
	}
	req.AddCookie(&http.Cookie{Name: h.grafanaCookie(kitchen), Value: cookie})
	ws := hearth.GrafanaWorkspace{ID: kitchen, Providers: []string{hearth.ProviderSAML}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.GrafanaUser(b.Context(), ws, req); err != nil {
			b.Fatal(err)
		}
	}
}

// What a SAML response costs to prove.
func BenchmarkReadResponse(b *testing.B) {
	h, p := openHouse(b, nil), newIDP(b)
	ws, err := h.Lookup(b.Context(), kitchen)
	if err != nil {
		b.Fatal(err)
	}
	idp, err := ParseMetadata([]byte(p.metadata()))
	if err != nil {
		b.Fatal(err)
	}
	text := p.response(reply{h: h, ws: kitchen, request: "r", sign: "both", attrs: map[string][]string{"role": {"boss"}}})
	want := &expected{audience: entityID(ws), acs: acsURL(ws), idp: idp, now: h.clock()}
	b.ReportAllocs()
	for b.Loop() {
		if _, f := readResponse(text, want); f != nil {
			b.Fatal(f)
		}
	}
}
