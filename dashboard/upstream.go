package dashboard

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/hearth-metrics/hearth"
)

// JWTHeader carries who asks to the user's own Grafana.
// https://grafana.com/docs/grafana/latest/setup-grafana/configure-security/configure-authentication/jwt/
const JWTHeader = "X-JWT-Assertion"

// jwtLife is how long a proof counts: the time of one request's way.
const jwtLife = 2 * time.Minute

// UpstreamOptions is what an Upstream needs. All but Now and Log are required.
type UpstreamOptions struct {
	URL       *url.URL                           // of the user's own Grafana
	Workspace string                             // the id or name of the Grafana workspace that it stands for
	Owner     func(hearth.GrafanaWorkspace) bool // whether a name may choose the Grafana workspace
	Key       crypto.Signer                      // *rsa.PrivateKey, or *ecdsa.PrivateKey on P-256
	Issuer    string                             // what proofs say they are from
	Transport http.RoundTripper

	Now func() time.Time // time.Now unless a test says otherwise
	Log *slog.Logger     // nil discards
}

// An Upstream hands a Grafana workspace's pages and API on to a Grafana that the
// operator runs. Each request carries a short-lived signed proof of who asks and
// with which role; nothing by which people sign in to Hearth goes along.
type Upstream struct {
	opts   UpstreamOptions
	signer jose.Signer
	keys   []byte
	proxy  *httputil.ReverseProxy
}

// NewUpstream refuses keys that Grafana cannot check.
func NewUpstream(o UpstreamOptions) (*Upstream, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	algorithm, err := algorithmOf(o.Key)
	if err != nil {
		return nil, err
	}
	public := jose.JSONWebKey{Key: o.Key.Public(), Algorithm: string(algorithm), Use: "sig"}
	print, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, err
	}
	public.KeyID = base64.RawURLEncoding.EncodeToString(print)
	u := &Upstream{opts: o}
	if u.keys, err = json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public}}); err != nil {
		return nil, err
	}
	u.signer, err = jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: o.Key, KeyID: public.KeyID}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, err
	}
	u.proxy = &httputil.ReverseProxy{
		Rewrite: u.rewrite, Transport: o.Transport, FlushInterval: -1, ModifyResponse: fromUpstream, ErrorHandler: u.failed,
		ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
	}
	return u, nil
}

func algorithmOf(key crypto.Signer) (jose.SignatureAlgorithm, error) {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if k.N.BitLen() < 2048 {
			return "", errors.New("an RSA key needs at least 2048 bits")
		}
		return jose.RS256, nil
	case *ecdsa.PrivateKey:
		if k.Curve.Params().BitSize != 256 {
			return "", errors.New("an EC key must be on the curve P-256")
		}
		return jose.ES256, nil
	}
	return "", errors.New("the key must be RSA, or EC on the curve P-256")
}

// Has tells whether a Grafana workspace is handed on.
func (u *Upstream) Has(w hearth.GrafanaWorkspace) bool {
	return u.opts.Workspace == string(w.ID) || u.opts.Workspace == w.Name && u.opts.Owner(w)
}

// Keys is the JSON web key set by which Grafana checks the proofs.
func (u *Upstream) Keys() []byte { return u.keys }

// handed is what the proxy needs to know of a request.
type handed struct{ proof, path string }

type handedKey struct{}

// Serve hands a request on in the name of a user. path is the request's, still
// escaped, from /grafana/ on.
func (u *Upstream) Serve(w http.ResponseWriter, r *http.Request, path string, of hearth.GrafanaWorkspace, as hearth.GrafanaUser) error {
	proof, err := u.proof(of, as)
	if err != nil {
		return err
	}
	// Streams last longer than other answers may take.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
	u.proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), handedKey{}, handed{proof, path})))
	return nil
}

// claims are what Grafana reads of a proof.
type claims struct {
	jwt.Claims
	Login string             `json:"login"`
	Name  string             `json:"name"`
	Email string             `json:"email,omitempty"`
	Role  hearth.GrafanaRole `json:"role"`
}

func (u *Upstream) proof(of hearth.GrafanaWorkspace, as hearth.GrafanaUser) (string, error) {
	now := u.opts.Now()
	id := sha256.Sum256([]byte(string(of.ID) + "/" + as.UID + now.String()))
	return jwt.Signed(u.signer).Claims(claims{
		Claims: jwt.Claims{
			Issuer: u.opts.Issuer, Subject: as.UID, Audience: jwt.Audience{string(of.ID)}, ID: base64.RawURLEncoding.EncodeToString(id[:12]),
			IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now.Add(-30 * time.Second)), Expiry: jwt.NewNumericDate(now.Add(jwtLife)),
		},
		Login: as.Login, Name: orElse(as.Name, as.Login), Email: as.Email, Role: as.Role,
	}).Serialize()
}

// Headers of a request that could say who asks: none but ours does.
var saysWho = []string{
	"Authorization", JWTHeader, "X-Jwt-Assertion", "X-Webauth-User", "X-Webauth-Role", "X-Webauth-Name", "X-Webauth-Email", "X-Webauth-Groups", "X-Grafana-Id",
	"X-Grafana-Device-Id", "X-Hearth-Session", "X-Access-Token", "X-Dsproxy-Id-Token", "X-Real-Ip", "Proxy-Authorization",
}

func (u *Upstream) rewrite(p *httputil.ProxyRequest) {
	h, _ := p.In.Context().Value(handedKey{}).(handed)
	to := p.Out.URL
	to.Scheme, to.Host = u.opts.URL.Scheme, u.opts.URL.Host
	to.RawPath = strings.TrimRight(u.opts.URL.EscapedPath(), "/") + h.path
	if plain, err := url.PathUnescape(to.RawPath); err == nil {
		to.Path = plain
	}
	q := to.Query()
	if q.Has("auth_token") { // Grafana would take it for a proof
		q.Del("auth_token")
		to.RawQuery = q.Encode()
	}
	p.SetXForwarded()
	p.Out.Host = p.In.Host // Grafana compares it with the page's origin
	for _, name := range saysWho {
		p.Out.Header.Del(name)
	}
	withoutOwnCookies(p.Out)
	p.Out.Header.Set(JWTHeader, h.proof)
}

// ownCookie tells cookies of Hearth: they prove who somebody is to Hearth alone.
func ownCookie(name string) bool {
	name = strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(strings.TrimSpace(name)), "__host-"), "__secure-")
	return strings.HasPrefix(name, "hearth")
}

func withoutOwnCookies(r *http.Request) {
	var keep []string
	for _, line := range r.Header.Values("Cookie") {
		for part := range strings.SplitSeq(line, ";") {
			name, _, _ := strings.Cut(part, "=")
			if part = strings.TrimSpace(part); part != "" && !ownCookie(name) {
				keep = append(keep, part)
			}
		}
	}
	r.Header.Del("Cookie")
	if len(keep) > 0 {
		r.Header.Set("Cookie", strings.Join(keep, "; "))
	}
}

// fromUpstream drops cookies that would be taken for Hearth's.
func fromUpstream(res *http.Response) error {
	set := res.Header.Values("Set-Cookie")
	res.Header.Del("Set-Cookie")
	for _, c := range set {
		if name, _, _ := strings.Cut(c, "="); !ownCookie(name) {
			res.Header.Add("Set-Cookie", c)
		}
	}
	return nil
}

func (u *Upstream) failed(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	u.opts.Log.Warn("the Grafana behind --grafana.upstream does not answer", "url", u.opts.URL.Redacted(), "err", err)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadGateway)
	_, _ = fmt.Fprintf(w, `{"message":"The Grafana behind this Grafana workspace (--grafana.upstream) does not answer."}`)
}
