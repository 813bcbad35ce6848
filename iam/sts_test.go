package iam

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/hearth-metrics/hearth"
)

const writerARN = "arn:aws:iam::111111111111:role/writer"

func (h *house) assume(p hearth.Principal, in AssumeInput) (*Credentials, error) {
	if in.RoleARN == "" {
		in.RoleARN = writerARN
	}
	if in.SessionName == "" {
		in.SessionName = "pod"
	}
	return h.AssumeRole(h.t.Context(), p, in, hearth.Access{SourceIP: "10.0.0.1"})
}

// become is the principal of credentials, proven by their token.
func (h *house) become(c *Credentials) hearth.Principal {
	h.t.Helper()
	secret, p, err := h.Secret(h.t.Context(), c.AccessKeyID, c.Token)
	if err != nil || secret != c.Secret {
		h.t.Fatalf("Secret of a session: %q, %v; want %q", secret, err, c.Secret)
	}
	return p
}

func TestASessionActsAsItsRole(t *testing.T) {
	h := newHouse(t)
	role := h.make(RoleKind, "writer", mayWrite)
	c, err := h.assume(h.root(own), AssumeInput{})
	if err != nil {
		t.Fatal(err)
	}
	p := h.become(c)
	if p.ARN.String() != "arn:aws:sts::111111111111:assumed-role/writer/pod" || p.UserID != role.ID+":pod" || c.Expires != noon.Add(time.Hour) {
		t.Errorf("got %s, %s until %s", p.ARN, p.UserID, c.Expires)
	}
	h.check(p, map[string]string{"aps:RemoteWrite": "", "aps:QueryMetrics": "no identity-based policy allows the aps:QueryMetrics action"})
	h.reopen()
	h.check(h.become(c), map[string]string{"aps:RemoteWrite": ""})
	if _, err := h.own().UpdateRole(t.Context(), "writer", RoleUpdate{}); err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]func() (string, hearth.Principal, error){
		"another token":    func() (string, hearth.Principal, error) { return h.Secret(t.Context(), c.AccessKeyID, c.Token+"A") },
		"another key":      func() (string, hearth.Principal, error) { return h.Secret(t.Context(), "ASIAOTHER", c.Token) },
		"no token":         func() (string, hearth.Principal, error) { return h.Secret(t.Context(), c.AccessKeyID, "") },
		"token of nothing": func() (string, hearth.Principal, error) { return h.Secret(t.Context(), c.AccessKeyID, "////") },
		"a token too long": func() (string, hearth.Principal, error) {
			return h.Secret(t.Context(), c.AccessKeyID, strings.Repeat("A", 1<<20))
		},
		"root with a token": func() (string, hearth.Principal, error) { return h.Secret(t.Context(), "test", c.Token) },
		"altered in a place": func() (string, hearth.Principal, error) {
			return h.Secret(t.Context(), c.AccessKeyID, altered(c.Token))
		},
	} {
		_, _, err := try()
		if hearth.KindOf(err) != hearth.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	h.later(time.Hour)
	_, _, err = h.Secret(t.Context(), c.AccessKeyID, c.Token)
	kindOf(t, err, hearth.Unauthenticated, "expired")
}

func altered(token string) string {
	b, _ := base64.StdEncoding.DecodeString(token)
	b[len(b)/2] ^= 1
	return base64.StdEncoding.EncodeToString(b)
}

func TestASessionEndsWithItsRole(t *testing.T) {
	h := newHouse(t)
	h.make(RoleKind, "writer")
	c, err := h.assume(h.root(own), AssumeInput{})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.own().Delete(t.Context(), RoleKind, "writer"); err != nil {
		t.Fatal(err)
	}
	h.make(RoleKind, "writer", mayAll) // a namesake
	_, _, err = h.Secret(t.Context(), c.AccessKeyID, c.Token)
	kindOf(t, err, hearth.NotFound, "invalid")
}

// Whoever is deleted loses what policies gave them by name; a namesake does not
// inherit it, in trust and in resource policies alike.
// Sessions are revoked as on AWS: by a denial of all that were issued before.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
func TestOlderSessionsAreRevoked(t *testing.T) {
	h := newHouse(t)
	h.make(RoleKind, "writer", mayWrite)
	old, err := h.assume(h.root(own), AssumeInput{SessionName: "old"})
	if err != nil {
		t.Fatal(err)
	}
	_, token, err := h.own().CreateBearer(t.Context(), BearerInput{Kind: RoleKind, Entity: "writer", Actions: []string{"aps:*"}})
	if err != nil {
		t.Fatal(err)
	}
	h.later(time.Minute)
	revoke := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["*"],"Resource":["*"],"Condition":{"DateLessThan":{"aws:TokenIssueTime":"` + h.now.Format("2006-01-02T15:04:05.000Z") + `"}}}]}`
	if err := h.own().PutInline(t.Context(), RoleKind, "writer", "AWSRevokeOlderSessions", revoke); err != nil {
		t.Fatal(err)
	}
	bearer, err := h.Bearer(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	const denied = "with an explicit deny in an identity-based policy"
	h.check(h.become(old), map[string]string{"aps:RemoteWrite": denied})
	h.check(bearer, map[string]string{"aps:RemoteWrite": denied})
	later, err := h.assume(h.root(own), AssumeInput{SessionName: "new"})
	if err != nil {
		t.Fatal(err)
	}
	h.check(h.become(later), map[string]string{"aps:RemoteWrite": ""})

	one := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringLike":{"aws:userid":"*:new"}}}]}`
	if err := h.own().PutInline(t.Context(), RoleKind, "writer", "Revoked-new", one); err != nil {
		t.Fatal(err)
	}
	other, err := h.assume(h.root(own), AssumeInput{SessionName: "newer"})
	if err != nil {
		t.Fatal(err)
	}
	h.check(h.become(later), map[string]string{"aps:RemoteWrite": denied})
	h.check(h.become(other), map[string]string{"aps:RemoteWrite": ""})
}

func TestNamesakesInheritNothing(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	alice := h.user("alice")
	trust := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + alice.ARN.String() + `"},"Action":"sts:AssumeRole"}}`
	if _, err := h.own().Create(ctx, RoleKind, EntityInput{Name: "writer", Trust: trust}); err != nil {
		t.Fatal(err)
	}
	open := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":["` + alice.ARN.String() + `","` + writerARN + `"]},"Action":"aps:QueryMetrics","Resource":"*"}}`
	if _, err := h.PutResourcePolicy(ctx, workspaceARN, open, ""); err != nil {
		t.Fatal(err)
	}
	c, err := h.assume(alice, AssumeInput{})
	if err != nil {
		t.Fatal(err)
	}
	h.check(alice, map[string]string{"aps:QueryMetrics": ""})
	h.check(h.become(c), map[string]string{"aps:QueryMetrics": ""})
	if err := errors.Join(h.own().DeleteAccessKey(ctx, "alice", alice.AccessKeyID), h.own().Delete(ctx, UserKind, "alice")); err != nil {
		t.Fatal(err)
	}
	again := h.user("alice")
	for range 2 {
		if again.ARN != alice.ARN {
			t.Fatalf("%s is no namesake of %s", again.ARN, alice.ARN)
		}
		_, err = h.assume(again, AssumeInput{})
		kindOf(t, err, hearth.Denied, "no resource-based policy")
		h.check(again, map[string]string{"aps:QueryMetrics": "no identity-based policy allows the aps:QueryMetrics action"})
		h.reopen()
	}
	if _, err := h.own().UpdateRole(ctx, "writer", RoleUpdate{Trust: &trust}); err != nil { // storing it again means the new one
		t.Fatal(err)
	}
	if _, err = h.assume(again, AssumeInput{}); err != nil {
		t.Error(err)
	}
}

func TestWhoMayAssume(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.make(RoleKind, "writer")
	alice := h.user("alice")
	bob := h.user("bob", mayAll)
	_, err := h.assume(alice, AssumeInput{})
	kindOf(t, err, hearth.Denied, "no identity-based policy allows the sts:AssumeRole action")
	if _, err = h.assume(bob, AssumeInput{}); err != nil {
		t.Error(err)
	}
	trust := func(doc string) {
		t.Helper()
		if _, err := h.own().UpdateRole(ctx, "writer", RoleUpdate{Trust: &doc}); err != nil {
			t.Fatal(err)
		}
	}
	trust(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + alice.ARN.String() + `"},"Action":"sts:AssumeRole"}}`)
	if _, err = h.assume(alice, AssumeInput{}); err != nil {
		t.Errorf("trusted by name: %v", err)
	}
	for _, p := range []hearth.Principal{bob, h.root(own)} { // may everything, and are not trusted
		_, err = h.assume(p, AssumeInput{})
		kindOf(t, err, hearth.Denied, "no resource-based policy allows the sts:AssumeRole action")
		_, err = h.assume(p, AssumeInput{RoleARN: "arn:aws:iam::111111111111:role/none"})
		kindOf(t, err, hearth.Denied, "no resource-based policy allows the sts:AssumeRole action")
	}
	_, err = h.assume(alice, AssumeInput{Tags: map[string]string{"a": "b"}})
	kindOf(t, err, hearth.Denied, "sts:TagSession")
	_, err = h.assume(alice, AssumeInput{SourceIdentity: "alice"})
	kindOf(t, err, hearth.Denied, "sts:SetSourceIdentity")
	_, err = h.assume(h.root(other), AssumeInput{})
	kindOf(t, err, hearth.Denied, "no resource-based policy allows the sts:AssumeRole action")

	trust(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"tenant-7"}}}}`)
	for id, ok := range map[string]bool{"tenant-7": true, "tenant-8": false, "": false} {
		if _, err := h.assume(h.root(other), AssumeInput{ExternalID: id}); (err == nil) != ok {
			t.Errorf("external id %q: %v", id, err)
		}
	}
	// A role that is not there is denied in the same words.
	_, there := h.assume(h.root(other), AssumeInput{})
	_, absent := h.assume(h.root(other), AssumeInput{RoleARN: "arn:aws:iam::111111111111:role/none"})
	a, _ := errors.AsType[*hearth.Error](there)
	b, _ := errors.AsType[*hearth.Error](absent)
	if a.Msg != b.Msg || a.Kind != b.Kind {
		t.Errorf("a role that exists: %q; one that does not: %q", a.Msg, b.Msg)
	}
	for _, arn := range []string{"arn:aws:iam::111111111111:role/x/writer", "arn:aws:iam::111111111111:role//writer", "arn:aws:iam::111111111111:role/WRITER", "arn:aws:sts::111111111111:role/writer", "arn:aws:iam:eu-west-1:111111111111:role/writer"} {
		_, err := h.assume(h.root(other), AssumeInput{RoleARN: arn, ExternalID: "tenant-7"})
		kindOf(t, err, hearth.Denied, "")
	}
}

func TestBoundsOfSessions(t *testing.T) {
	h := newHouse(t)
	h.make(RoleKind, "writer", mayAll)
	first, err := h.assume(h.root(own), AssumeInput{Tags: map[string]string{"team": "red", "own": "x"}, Transitive: []string{"team"}, SourceIdentity: "alice"})
	if err != nil {
		t.Fatal(err)
	}
	chained := h.become(first)
	for name, c := range map[string]struct {
		as    hearth.Principal
		in    AssumeInput
		words string
	}{
		"too short":        {h.root(own), AssumeInput{Duration: time.Minute}, "900"},
		"too long":         {h.root(own), AssumeInput{Duration: 13 * time.Hour}, "43200"},
		"longer than role": {h.root(own), AssumeInput{Duration: 2 * time.Hour}, "MaxSessionDuration"},
		"chained":          {chained, AssumeInput{Duration: 61 * time.Minute}, "role chaining"},
		"name":             {h.root(own), AssumeInput{SessionName: "x"}, "roleSessionName"},
		"strange name":     {h.root(own), AssumeInput{SessionName: "a/b"}, "roleSessionName"},
		"no arn":           {h.root(own), AssumeInput{RoleARN: "writer"}, "is invalid"},
		"external id":      {h.root(own), AssumeInput{ExternalID: "!"}, "externalId"},
		"identity":         {h.root(own), AssumeInput{SourceIdentity: "a"}, "sourceIdentity"},
		"transitive":       {h.root(own), AssumeInput{Transitive: []string{"x"}}, "transitiveTagKeys"},
		"another identity": {chained, AssumeInput{SourceIdentity: "bob"}, "The source identity is already set for this assume role session"},
		"another value":    {chained, AssumeInput{Tags: map[string]string{"Team": "blue"}}, "conflicts with a transitive tag key from the calling session"},
		"unknown policy":   {h.root(own), AssumeInput{PolicyARNs: []string{"arn:aws:iam::111111111111:policy/none"}}, "policyArns"},
	} {
		_, err := h.assume(c.as, c.in)
		kindOf(t, err, hearth.Invalid, c.words)
		_ = name
	}
	_, err = h.assume(h.root(own), AssumeInput{Policy: "{"})
	kindOf(t, err, hearth.Malformed, "Syntax")
	_, err = h.assume(h.root(own), AssumeInput{Policy: mayAll + strings.Repeat(" ", 2048)})
	kindOf(t, err, hearth.TooLarge, "allotted space")

	second, err := h.assume(chained, AssumeInput{SessionName: "next"})
	if err != nil {
		t.Fatal(err)
	}
	p := h.become(second)
	want := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"aps:QueryMetrics","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"red","aws:SourceIdentity":"alice","aws:PrincipalType":"AssumedRole","aws:userid":"` + p.UserID + `"},"Null":{"aws:PrincipalTag/own":"true","aws:username":"true","aws:TokenIssueTime":"false"},"ArnEquals":{"aws:PrincipalArn":"` + writerARN + `"}}}}`
	h.make(RoleKind, "reader", want)
	if err := h.own().PutInline(t.Context(), RoleKind, "writer", "p0", want); err != nil {
		t.Fatal(err)
	}
	h.check(p, map[string]string{"aps:QueryMetrics": ""})
	if second.SourceIdentity != "alice" {
		t.Errorf("source identity %q did not stay", second.SourceIdentity)
	}
}

func TestSessionPoliciesLimit(t *testing.T) {
	h := newHouse(t)
	h.make(RoleKind, "writer", mayAll)
	c, err := h.assume(h.root(own), AssumeInput{Policy: mayWrite, PolicyARNs: []string{"arn:aws:iam::aws:policy/AmazonPrometheusQueryAccess"}})
	if err != nil {
		t.Fatal(err)
	}
	h.check(h.become(c), map[string]string{"aps:RemoteWrite": "", "aps:QueryMetrics": "", "aps:DeleteWorkspace": "no session policy allows the aps:DeleteWorkspace action"})
	if c.PackedSize == 0 {
		t.Error("the policy takes no room")
	}
}

func TestSessionTokensOfUsersAndRoot(t *testing.T) {
	h := newHouse(t)
	alice := h.user("alice", mayWrite)
	c, err := h.SessionToken(t.Context(), alice, 0)
	if err != nil {
		t.Fatal(err)
	}
	p := h.become(c)
	if p.ARN != alice.ARN || c.Expires != noon.Add(12*time.Hour) {
		t.Errorf("got %s until %s", p.ARN, c.Expires)
	}
	h.check(p, map[string]string{"aps:RemoteWrite": "", "aps:QueryMetrics": "no identity-based policy allows the aps:QueryMetrics action"})
	_, err = h.SessionToken(t.Context(), p, 0)
	kindOf(t, err, hearth.Denied, "session credentials")
	_, err = h.SessionToken(t.Context(), alice, time.Minute)
	kindOf(t, err, hearth.Invalid, "900")
	c, err = h.SessionToken(t.Context(), h.root(own), 36*time.Hour)
	if err != nil || c.Expires != noon.Add(time.Hour) || !h.become(c).Root {
		t.Errorf("root's: %+v, %v", c, err)
	}
}

// An issuer is an OpenID Connect provider on a free port.
type issuer struct {
	*httptest.Server
	url     string
	keys    jose.JSONWebKeySet
	private map[string]any
	asked   atomic.Int32
	forward string // where the key set redirects to
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{private: map[string]any{}}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i.add("rsa", rsaKey, &rsaKey.PublicKey)
	mux := http.NewServeMux()
	mux.HandleFunc("/id/1"+wellKnownPath, func(w http.ResponseWriter, _ *http.Request) {
		i.asked.Add(1)
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.url, "jwks_uri": i.URL + "/keys"})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, r *http.Request) {
		if i.forward != "" {
			http.Redirect(w, r, i.forward, http.StatusFound)
			return
		}
		_ = json.NewEncoder(w).Encode(i.keys)
	})
	i.Server = httptest.NewTLSServer(mux)
	t.Cleanup(i.Close)
	i.url = i.URL + "/id/1"
	return i
}

func (i *issuer) add(id string, private, public any) {
	i.private[id] = private
	i.keys.Keys = append(i.keys.Keys, jose.JSONWebKey{Key: public, KeyID: id, Use: "sig"})
}

func (i *issuer) thumbprint() string {
	sum := sha1.Sum(i.Certificate().Raw)
	return hex.EncodeToString(sum[:])
}

// sign makes a token of a service account.
func (i *issuer) sign(t *testing.T, alg jose.SignatureAlgorithm, key any, id string, edit func(map[string]any)) string {
	t.Helper()
	c := map[string]any{
		"iss": i.url, "aud": []string{"sts.amazonaws.com"}, "sub": "system:serviceaccount:prometheus:ingest",
		"iat": noon.Unix(), "nbf": noon.Unix(), "exp": noon.Add(time.Hour).Unix(),
	}
	if edit != nil {
		edit(c)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: id}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(c).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// irsa is a house with an issuer that writes for one service account.
func irsa(t *testing.T, edit ...func(*Options)) (*house, *issuer) {
	i := newIssuer(t)
	dial := func(o *Options) {
		o.Dial = (&net.Dialer{}).DialContext
		o.Roots = append(o.Roots, RootKey{Account: "333333333333", ID: "AKIATHIRD", Secret: "x"})
	}
	h := newHouse(t, append([]func(*Options){dial}, edit...)...)
	h.now = time.Now().Truncate(time.Second) // certificates have dates
	p, err := h.own().CreateProvider(t.Context(), ProviderInput{URL: i.url, ClientIDs: []string{"sts.amazonaws.com"}, Thumbprints: []string{strings.ToUpper(i.thumbprint())}})
	if err != nil {
		t.Fatal(err)
	}
	trust := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"` + p.ARN().String() + `"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"` + p.URL + `:sub":"system:serviceaccount:prometheus:ingest","` + p.URL + `:aud":"sts.amazonaws.com"}}}}`
	if _, err := h.own().Create(t.Context(), RoleKind, EntityInput{Name: "writer", Trust: trust}); err != nil {
		t.Fatal(err)
	}
	if err := h.own().PutInline(t.Context(), RoleKind, "writer", "p", mayWrite); err != nil {
		t.Fatal(err)
	}
	return h, i
}

func (h *house) exchange(token string) (*WebIdentity, error) {
	return h.AssumeWithWebIdentity(h.t.Context(), WebIdentityInput{RoleARN: writerARN, SessionName: "pod", Token: token}, hearth.Access{})
}

// current moves a token's times to the house's clock.
func (h *house) current(edit func(map[string]any)) func(map[string]any) {
	return func(c map[string]any) {
		now := h.clock()
		c["iat"], c["nbf"], c["exp"] = now.Unix(), now.Unix(), now.Add(time.Hour).Unix()
		if edit != nil {
			edit(c)
		}
	}
}

func TestAServiceAccountBecomesItsRole(t *testing.T) {
	h, i := irsa(t)
	got, err := h.exchange(i.sign(t, jose.RS256, i.private["rsa"], "rsa", h.current(nil)))
	if err != nil {
		t.Fatal(errors.Unwrap(err), err)
	}
	if got.Subject != "system:serviceaccount:prometheus:ingest" || got.Audience != "sts.amazonaws.com" || !strings.HasPrefix(got.Provider, "arn:aws:iam::111111111111:oidc-provider/127.0.0.1:") {
		t.Errorf("got %+v", got)
	}
	p := h.become(&got.Credentials)
	h.check(p, map[string]string{"aps:RemoteWrite": "", "aps:QueryMetrics": "no identity-based policy allows the aps:QueryMetrics action"})
	err = h.Authorize(t.Context(), p, hearth.Access{Action: "aps:QueryMetrics", Resource: workspaceARN})
	d, _ := errors.AsType[*Denial](err)
	if len(d.Chain) != 1 || !strings.Contains(d.Chain[0], "system:serviceaccount:prometheus:ingest assumed "+writerARN) || !strings.Contains(d.Chain[0], ":sub [system:serviceaccount:prometheus:ingest] holds") {
		t.Errorf("the chain does not say how it came to be: %q", d.Chain)
	}
	if n := i.asked.Load(); n != 1 {
		t.Errorf("the issuer was asked %d times", n)
	}
}

func TestTokensThatProveNothing(t *testing.T) {
	h, i := irsa(t)
	key := i.private["rsa"].(*rsa.PrivateKey)
	foreign, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(edit func(map[string]any)) string { return i.sign(t, jose.RS256, key, "rsa", h.current(edit)) }
	good := sign(nil)
	parts := strings.Split(good, ".")
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
	for name, c := range map[string]struct {
		token, words string
		kind         hearth.Kind
	}{
		"another namespace": {sign(func(c map[string]any) { c["sub"] = "system:serviceaccount:default:ingest" }), "no resource-based policy", hearth.Denied},
		"another audience":  {sign(func(c map[string]any) { c["aud"] = "vault" }), "Incorrect token audience", hearth.Unauthenticated},
		"authorized party":  {sign(func(c map[string]any) { c["azp"] = "somebody" }), "Incorrect token audience", hearth.Unauthenticated},
		"expired":           {sign(func(c map[string]any) { c["exp"] = h.clock().Unix() }), "Token expired", hearth.Unauthenticated},
		"no expiry":         {sign(func(c map[string]any) { delete(c, "exp") }), "exp", hearth.Unauthenticated},
		"not yet":           {sign(func(c map[string]any) { c["nbf"] = h.clock().Add(time.Hour).Unix() }), "not valid yet", hearth.Unauthenticated},
		"from the future":   {sign(func(c map[string]any) { c["iat"] = h.clock().Add(time.Hour).Unix() }), "future", hearth.Unauthenticated},
		"no subject":        {sign(func(c map[string]any) { delete(c, "sub") }), "no subject", hearth.Unauthenticated},
		"another issuer":    {sign(func(c map[string]any) { c["iss"] = "https://example.org" }), "No OpenIDConnect provider found", hearth.Unauthenticated},
		"issuer over http":  {sign(func(c map[string]any) { c["iss"] = strings.Replace(i.url, "https", "http", 1) }), "No OpenIDConnect provider found", hearth.Unauthenticated},
		"issuer with slash": {sign(func(c map[string]any) { c["iss"] = i.url + "/" }), "No OpenIDConnect provider found", hearth.Unauthenticated},
		"altered":           {parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"`+i.url+`","sub":"root","aud":"sts.amazonaws.com","exp":99999999999}`)) + "." + parts[2], "verify the signature", hearth.Unauthenticated},
		"another key":       {i.sign(t, jose.RS256, foreign, "rsa", h.current(nil)), "verify the signature", hearth.Unauthenticated},
		"unknown key id":    {i.sign(t, jose.RS256, key, "nobody", h.current(nil)), "verify the signature", hearth.Unauthenticated},
		"no algorithm":      {none, "not a valid JWT", hearth.Unauthenticated},
		"secret algorithm":  {i.sign(t, jose.HS256, public, "rsa", h.current(nil)), "not a valid JWT", hearth.Unauthenticated},
		"not a token":       {"abcd", "not a valid JWT", hearth.Unauthenticated},
		"huge":              {strings.Repeat("a", 20_001), "20000", hearth.Invalid},
		"empty":             {"", "webIdentityToken", hearth.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.exchange(c.token)
			kindOf(t, err, c.kind, c.words)
		})
	}
	if _, err := h.exchange(good); err != nil {
		t.Errorf("and the good one: %v", err)
	}
	_, err = h.AssumeWithWebIdentity(t.Context(), WebIdentityInput{RoleARN: "arn:aws:iam::333333333333:role/writer", SessionName: "pod", Token: good}, hearth.Access{})
	kindOf(t, err, hearth.Unauthenticated, "No OpenIDConnect provider found in your account")
}

func TestIssuersChangeTheirKeys(t *testing.T) {
	h, i := irsa(t)
	if _, err := h.exchange(i.sign(t, jose.RS256, i.private["rsa"], "rsa", h.current(nil))); err != nil {
		t.Fatal(err)
	}
	fresh, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i.add("ec", fresh, &fresh.PublicKey)
	token := func() string { return i.sign(t, jose.ES256, fresh, "ec", h.current(nil)) }
	_, err = h.exchange(token())
	kindOf(t, err, hearth.Unauthenticated, "verify the signature") // too soon to ask again
	h.later(keysAgain)
	if _, err := h.exchange(token()); err != nil {
		t.Error(err)
	}
	if n := i.asked.Load(); n != 2 {
		t.Errorf("the issuer was asked %d times, want 2", n)
	}
	i.Close()
	h.later(2 * keysFresh)
	if _, err := h.exchange(token()); err != nil {
		t.Errorf("an issuer that is down keeps its keys: %v", err)
	}
}

func TestIssuersThatMustNotBeBelieved(t *testing.T) {
	token := func(h *house, i *issuer) string {
		return i.sign(t, jose.RS256, i.private["rsa"], "rsa", h.current(nil))
	}
	refused := func(h *house, i *issuer, words string) {
		t.Helper()
		_, err := h.exchange(token(h, i))
		kindOf(t, err, hearth.Unavailable, words)
	}
	h, i := irsa(t, func(o *Options) {
		o.Dial = func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("this address must not be reached")
		}
	})
	refused(h, i, "must not be reached")

	h, i = irsa(t, func(o *Options) { o.Dial = nil })
	refused(h, i, "not pinned")

	h, i = irsa(t)
	i.forward = "http://169.254.169.254/latest/meta-data"
	refused(h, i, "away from https")

	h, i = irsa(t)
	i.forward = i.URL + "/keys"
	refused(h, i, "redirects too often")

	h, i = irsa(t)
	arn := h.own().Providers()[0].ARN().String()
	if err := h.own().EditProvider(t.Context(), arn, func(p *Provider) { p.Thumbprints = []string{strings.Repeat("0", 40)} }); err != nil {
		t.Fatal(err)
	}
	refused(h, i, "thumbprints")
}

func TestPinnedKeysNeedNoConnection(t *testing.T) {
	h, i := irsa(t)
	text, err := json.Marshal(i.keys)
	if err != nil {
		t.Fatal(err)
	}
	i.Close()
	h.opts.Pins = map[string]string{i.url: string(text)}
	h.opts.Dial = nil
	h.reopen()
	if _, err := h.exchange(i.sign(t, jose.RS256, i.private["rsa"], "rsa", h.current(nil))); err != nil {
		t.Error(err)
	}
	h.opts.Pins = map[string]string{i.url: "{}"}
	if _, err := Open(t.Context(), h.opts); err == nil {
		t.Error("an empty key set was taken")
	}
}

func TestProvidersAreChecked(t *testing.T) {
	h, i := irsa(t)
	ctx, a := t.Context(), h.own()
	for _, url := range []string{"", "http://example.org", "https://", "https://a@b", "https://example.org?x", "example.org", "https://" + strings.Repeat("a", 255)} {
		_, err := a.CreateProvider(ctx, ProviderInput{URL: url})
		kindOf(t, err, hearth.Invalid, "url")
	}
	_, err := a.CreateProvider(ctx, ProviderInput{URL: i.url})
	kindOf(t, err, hearth.Conflict, "already exists")
	_, err = a.CreateProvider(ctx, ProviderInput{URL: "https://example.org", Thumbprints: []string{"x"}})
	kindOf(t, err, hearth.Invalid, "thumbprint")
	arn := a.Providers()[0].ARN().String()
	_, err = h.Account(other).Provider(arn)
	kindOf(t, err, hearth.NotFound, "not found")
	if err := a.DeleteProvider(ctx, arn); err != nil {
		t.Fatal(err)
	}
	kindOf(t, a.DeleteProvider(ctx, arn), hearth.NotFound, "not found")
}

// A policy names whom there is: a namesake made later would be let in.
func TestPrincipalsOfPoliciesExist(t *testing.T) {
	h := newHouse(t)
	trust := func(who string) string {
		return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + who + `"},"Action":"sts:AssumeRole"}}`
	}
	create := func(name, who string) error {
		_, err := h.own().Create(t.Context(), RoleKind, EntityInput{Name: name, Trust: trust(who)})
		return err
	}
	kindOf(t, create("a", "arn:aws:iam::111111111111:user/ghost"), hearth.Malformed, `Invalid principal in policy: "AWS":"arn:aws:iam::111111111111:user/ghost"`)
	h.make(UserKind, "ghost")
	kindOf(t, create("a", "arn:aws:iam::111111111111:user/path/ghost"), hearth.Malformed, "Invalid principal in policy")
	for i, who := range []string{"arn:aws:iam::111111111111:user/ghost", "111111111111", "arn:aws:iam::222222222222:root", "arn:aws:iam::999999999999:role/elsewhere",
		"arn:aws:iam::111111111111:role/aws-service-role/scraper.aps.amazonaws.com/x"} {
		if err := create(string(rune('a'+i)), who); err != nil {
			t.Errorf("%s: %v", who, err)
		}
	}
	bad, good := trust("arn:aws:iam::111111111111:role/none"), trust("arn:aws:iam::111111111111:role/a")
	_, err := h.own().UpdateRole(t.Context(), "b", RoleUpdate{Trust: &bad})
	kindOf(t, err, hearth.Malformed, "Invalid principal in policy")
	if _, err := h.own().UpdateRole(t.Context(), "b", RoleUpdate{Trust: &good}); err != nil {
		t.Error(err)
	}
	on := hearth.ARN{Partition: "aws", Service: "aps", Region: "eu-west-1", Account: own, Resource: "workspace/ws-00000000-0000-4000-8000-000000000001"}
	open := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:user/ghost"},"Action":"aps:QueryMetrics","Resource":"*"}}`
	_, err = h.PutResourcePolicy(t.Context(), on, open, "")
	kindOf(t, err, hearth.Malformed, "Invalid principal in policy")
}
