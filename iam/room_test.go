package iam

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

const (
	own   hearth.AccountID = "111111111111"
	other hearth.AccountID = "222222222222"

	mayWrite  = `{"Version":"2012-10-17","Statement":[{"Sid":"Write","Effect":"Allow","Action":"aps:RemoteWrite","Resource":"*"}]}`
	mayQuery  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"aps:QueryMetrics","Resource":"*"}]}`
	mayAll    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	trustsOwn = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]}]}`
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// A house is a room with a clock, on a store of its own.
type house struct {
	*Room
	t    testing.TB
	opts Options

	mu  sync.Mutex
	now time.Time
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) later(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func newHouse(t testing.TB, edit ...func(*Options)) *house {
	t.Helper()
	s, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "hearth.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	keys, err := ParseKeyring(NewKeyringText())
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, now: noon}
	h.opts = Options{Store: s, Keys: keys, Now: h.clock, Roots: []RootKey{{own, "test", "test"}, {other, "AKIAOTHERROOT0000000", "other"}}}
	for _, e := range edit {
		e(&h.opts)
	}
	h.reopen()
	return h
}

// reopen is a restart.
func (h *house) reopen() {
	h.t.Helper()
	r, err := Open(h.t.Context(), h.opts)
	if err != nil {
		h.t.Fatal(err)
	}
	h.Room = r
}

func (h *house) own() *Account { return h.Account(own) }

func (h *house) make(kind EntityKind, name string, documents ...string) *Entity {
	h.t.Helper()
	in := EntityInput{Name: name}
	if kind == RoleKind {
		in.Trust = trustsOwn
	}
	e, err := h.own().Create(h.t.Context(), kind, in)
	if err != nil {
		h.t.Fatal(err)
	}
	for i, d := range documents {
		if err := h.own().PutInline(h.t.Context(), kind, name, "p"+string(rune('0'+i)), d); err != nil {
			h.t.Fatal(err)
		}
	}
	return e
}

// user makes a user with a key, and returns whom the key proves.
func (h *house) user(name string, documents ...string) hearth.Principal {
	h.t.Helper()
	h.make(UserKind, name, documents...)
	k, secret, err := h.own().CreateAccessKey(h.t.Context(), name)
	if err != nil {
		h.t.Fatal(err)
	}
	got, p, err := h.Secret(h.t.Context(), k.ID, "")
	if err != nil || got != secret {
		h.t.Fatalf("Secret: %q, %v", got, err)
	}
	return p
}

func (h *house) root(a hearth.AccountID) hearth.Principal {
	for _, k := range h.opts.Roots {
		if k.Account == a {
			return rootPrincipal(a, k.ID)
		}
	}
	return hearth.Principal{}
}

var workspaceARN = hearth.ARN{Partition: "aws", Service: "aps", Region: "eu-west-1", Account: own, Resource: "workspace/ws-1"}

// may asks and says why not; empty if it is allowed.
func (h *house) may(p hearth.Principal, action string, edit ...func(*hearth.Access)) string {
	a := hearth.Access{Action: action, Resource: workspaceARN, Region: "eu-west-1", SourceIP: "10.0.0.1"}
	for _, e := range edit {
		e(&a)
	}
	err := h.Authorize(h.t.Context(), p, a)
	if err == nil {
		return ""
	}
	if hearth.KindOf(err) != hearth.Denied {
		h.t.Fatalf("Authorize: %v is not Denied", err)
	}
	e, _ := errors.AsType[*hearth.Error](err)
	return e.Msg
}

// check compares what may be done with what should be.
func (h *house) check(p hearth.Principal, want map[string]string) {
	h.t.Helper()
	for action, why := range want {
		if got := h.may(p, action); got != why {
			h.t.Errorf("%s, %s: got %q, want %q", p.ARN, action, got, why)
		}
	}
}

func kindOf(t testing.TB, err error, want hearth.Kind, words string) {
	t.Helper()
	if hearth.KindOf(err) != want || !strings.Contains(err.Error(), words) {
		t.Errorf("got error %v (kind %d), want kind %d with %q", err, hearth.KindOf(err), want, words)
	}
}

func TestWhatAUserMayDo(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	p := h.user("alice", mayWrite)
	no := "no identity-based policy allows the aps:QueryMetrics action"
	h.check(p, map[string]string{"aps:RemoteWrite": "", "aps:QueryMetrics": no})

	h.make(GroupKind, "readers")
	if err := h.own().Attach(ctx, GroupKind, "readers", "arn:aws:iam::aws:policy/AmazonPrometheusQueryAccess"); err != nil {
		t.Fatal(err)
	}
	h.check(p, map[string]string{"aps:QueryMetrics": no})
	if err := h.own().AddToGroup(ctx, "READERS", "Alice"); err != nil {
		t.Fatal(err)
	}
	h.check(p, map[string]string{"aps:QueryMetrics": "", "aps:GetLabels": ""})

	bound, err := h.own().CreatePolicy(ctx, PolicyInput{Name: "bound", Document: mayQuery})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.own().SetBoundary(ctx, UserKind, "alice", bound.ARN().String()); err != nil {
		t.Fatal(err)
	}
	limited := map[string]string{"aps:QueryMetrics": "", "aps:RemoteWrite": "no permissions boundary allows the aps:RemoteWrite action"}
	h.check(p, limited)
	h.reopen()
	h.check(p, limited)
	if err := h.own().RemoveFromGroup(ctx, "readers", "alice"); err != nil {
		t.Fatal(err)
	}
	h.check(p, map[string]string{"aps:QueryMetrics": no})
}

func TestANewDefaultVersionCounts(t *testing.T) {
	h := newHouse(t)
	ctx, p := t.Context(), h.user("alice")
	m, err := h.own().CreatePolicy(ctx, PolicyInput{Name: "work", Document: mayWrite})
	if err != nil {
		t.Fatal(err)
	}
	arn := m.ARN().String()
	if err := h.own().Attach(ctx, UserKind, "alice", arn); err != nil {
		t.Fatal(err)
	}
	v2, err := h.own().CreateVersion(ctx, arn, mayQuery, false)
	if err != nil || v2.ID != "v2" {
		t.Fatalf("CreateVersion: %+v, %v", v2, err)
	}
	h.check(p, map[string]string{"aps:RemoteWrite": ""})
	if err := h.own().SetDefaultVersion(ctx, arn, "v2"); err != nil {
		t.Fatal(err)
	}
	h.check(p, map[string]string{"aps:QueryMetrics": "", "aps:RemoteWrite": "no identity-based policy allows the aps:RemoteWrite action"})
	kindOf(t, h.own().DeleteVersion(ctx, arn, "v2"), hearth.InUse, "default version")
	kindOf(t, h.own().DeletePolicy(ctx, arn), hearth.InUse, "attached to entities")
	for range 3 {
		if _, err := h.own().CreateVersion(ctx, arn, mayQuery, false); err != nil {
			t.Fatal(err)
		}
	}
	_, err = h.own().CreateVersion(ctx, arn, mayQuery, false)
	kindOf(t, err, hearth.Quota, "up to 5 versions")
	if err := h.own().Detach(ctx, UserKind, "alice", arn); err != nil {
		t.Fatal(err)
	}
	kindOf(t, h.own().DeletePolicy(ctx, arn), hearth.InUse, "more than one version")
	for _, v := range []string{"v1", "v3", "v4", "v5"} {
		if err := h.own().DeleteVersion(ctx, arn, v); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.own().DeletePolicy(ctx, arn); err != nil {
		t.Error(err)
	}
}

func TestThingsGoInOrder(t *testing.T) {
	h := newHouse(t)
	ctx, a := t.Context(), h.own()
	p := h.user("alice", mayWrite)
	h.make(GroupKind, "g")
	steps := []struct {
		words string
		undo  func() error
	}{
		{"remove users from group", func() error { return a.RemoveFromGroup(ctx, "g", "alice") }},
		{"detach all policies", func() error {
			return a.Detach(ctx, UserKind, "alice", "arn:aws:iam::aws:policy/AmazonPrometheusFullAccess")
		}},
		{"delete policies first", func() error { return a.DeleteInline(ctx, UserKind, "alice", "p0") }},
		{"delete access keys", func() error { return a.DeleteAccessKey(ctx, "alice", p.AccessKeyID) }},
	}
	if err := errors.Join(a.AddToGroup(ctx, "g", "alice"), a.Attach(ctx, UserKind, "alice", "arn:aws:iam::aws:policy/AmazonPrometheusFullAccess")); err != nil {
		t.Fatal(err)
	}
	kindOf(t, a.Delete(ctx, GroupKind, "g"), hearth.InUse, "remove users from group")
	for _, s := range steps {
		kindOf(t, a.Delete(ctx, UserKind, "alice"), hearth.InUse, s.words)
		if err := s.undo(); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Delete(ctx, UserKind, "alice"); err != nil {
		t.Fatal(err)
	}
	kindOf(t, a.Delete(ctx, UserKind, "alice"), hearth.NotFound, "The user with name alice cannot be found.")
	_, _, err := h.Secret(ctx, p.AccessKeyID, "")
	kindOf(t, err, hearth.NotFound, "invalid")
}

func TestNamesAndDocumentsAreChecked(t *testing.T) {
	h := newHouse(t)
	ctx, a := t.Context(), h.own()
	h.make(RoleKind, "writer")
	create := func(kind EntityKind, in EntityInput) error { _, err := a.Create(ctx, kind, in); return err }
	for name, c := range map[string]struct {
		err   error
		kind  hearth.Kind
		words string
	}{
		"exists in another case": {create(RoleKind, EntityInput{Name: "WRITER", Trust: trustsOwn}), hearth.Conflict, "Role with name WRITER already exists."},
		"no name":                {create(UserKind, EntityInput{}), hearth.Invalid, "userName"},
		"long name":              {create(UserKind, EntityInput{Name: strings.Repeat("a", 65)}), hearth.Invalid, "64"},
		"strange name":           {create(UserKind, EntityInput{Name: "a/b"}), hearth.Invalid, "userName"},
		"strange path":           {create(UserKind, EntityInput{Name: "a", Path: "team"}), hearth.Invalid, "path"},
		"reserved tag":           {create(UserKind, EntityInput{Name: "a", Tags: map[string]string{"aws:x": "y"}}), hearth.Invalid, "tags.key"},
		"no trust":               {create(RoleKind, EntityInput{Name: "a"}), hearth.Malformed, "Syntax errors"},
		"short sessions":         {create(RoleKind, EntityInput{Name: "a", Trust: trustsOwn, MaxSession: time.Minute}), hearth.Invalid, "maxSessionDuration"},
		"no such boundary":       {create(UserKind, EntityInput{Name: "a", Boundary: "arn:aws:iam::111111111111:policy/none"}), hearth.NotFound, "Scope ARN"},
		"inline too long":        {a.PutInline(ctx, RoleKind, "writer", "p", strings.Replace(mayWrite, "Write", strings.Repeat("W", 11_000), 1)), hearth.Quota, "Maximum policy size of 10240 bytes"},
		"inline with principal":  {a.PutInline(ctx, RoleKind, "writer", "p", trustsOwn), hearth.Malformed, "should not specify a principal"},
		"attach nothing":         {a.Attach(ctx, RoleKind, "writer", "arn:aws:iam::111111111111:policy/none"), hearth.NotFound, "not attachable"},
		"detach nothing":         {a.Detach(ctx, RoleKind, "writer", "arn:aws:iam::111111111111:policy/none"), hearth.NotFound, "was not found"},
		"get nobody":             {func() error { _, err := a.Get(RoleKind, "none"); return err }(), hearth.NotFound, "The role with name none cannot be found."},
		"another account's":      {func() error { _, err := h.Account(other).Get(RoleKind, "writer"); return err }(), hearth.NotFound, "cannot be found"},
		"bad alias":              {a.SetAlias(ctx, "-x-"), hearth.Invalid, "accountAlias"},
	} {
		t.Run(name, func(t *testing.T) { kindOf(t, c.err, c.kind, c.words) })
	}
}

// The profile aws-strict has AWS's default quotas, local what AWS raises them to.
func TestStrictQuotas(t *testing.T) {
	for profile, want := range map[hearth.Profile]quotas{
		hearth.AWSStrict: {policies: 1500, attached: 10, trustSize: 2048}, hearth.Local: {policies: 5000, attached: 20, trustSize: 8192},
	} {
		h := newHouse(t, func(o *Options) { o.Profile = profile })
		h.make(UserKind, "alice", mayWrite)
		h.make(RoleKind, "long", mayWrite)
		n := 0
		for ; n <= want.attached; n++ {
			p, err := h.own().CreatePolicy(t.Context(), PolicyInput{Name: fmt.Sprint("p", n), Document: mayWrite})
			if err != nil {
				t.Fatal(err)
			}
			if err := h.own().Attach(t.Context(), UserKind, "alice", p.ARN().String()); err != nil {
				kindOf(t, err, hearth.Quota, fmt.Sprintf("Cannot exceed quota for PoliciesPerUser: %d", want.attached))
				break
			}
		}
		if n != want.attached {
			t.Errorf("%s: %d policies were attached, want %d", profile, n, want.attached)
		}
		trust := `{"Version":"2012-10-17","Statement":[{"Sid":"%s","Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"sts:AssumeRole"}]}`
		fill := want.trustSize - size(trust) + len("%s")
		for extra := range 2 {
			document := fmt.Sprintf(trust, strings.Repeat("x", fill+extra))
			_, err := h.own().UpdateRole(t.Context(), "long", RoleUpdate{Trust: &document})
			if (err == nil) != (extra == 0) || err != nil && hearth.KindOf(err) != hearth.Quota {
				t.Errorf("%s: a trust policy of %d characters: %v", profile, size(document), err)
			}
		}
		if got := h.own().Quotas()[3].Most; got != want.policies || h.quotas.policies != got {
			t.Errorf("%s: %d policies, want %d", profile, got, want.policies)
		}
	}
}

// One account's policies leave room for another's.
func TestQuotasAreOfEachAccount(t *testing.T) {
	h := newHouse(t)
	h.quotas.policies = 2
	for _, a := range []*Account{h.own(), h.Account(other)} {
		for i := range 3 {
			_, err := a.CreatePolicy(t.Context(), PolicyInput{Name: fmt.Sprint("p", i), Document: mayWrite})
			if (err == nil) != (i < 2) {
				t.Errorf("policy %d of %s: %v", i, a.id, err)
			}
		}
	}
}

func TestRenamesAreFollowed(t *testing.T) {
	h := newHouse(t)
	ctx, a := t.Context(), h.own()
	p := h.user("alice", mayWrite)
	h.make(GroupKind, "g", mayQuery)
	if err := errors.Join(a.AddToGroup(ctx, "g", "alice"), a.Rename(ctx, GroupKind, "g", "h", "/x/"), a.Rename(ctx, UserKind, "alice", "alicia", "")); err != nil {
		t.Fatal(err)
	}
	h.reopen()
	_, now, err := h.Secret(ctx, p.AccessKeyID, "")
	if err != nil {
		t.Fatal(err)
	}
	if want := "arn:aws:iam::111111111111:user/alicia"; now.ARN.String() != want || now.UserID != p.UserID {
		t.Errorf("got %s (%s), want %s (%s)", now.ARN, now.UserID, want, p.UserID)
	}
	h.check(now, map[string]string{"aps:RemoteWrite": "", "aps:QueryMetrics": ""})
	members, err := a.Members("h")
	if err != nil || len(members) != 1 || members[0].Name != "alicia" {
		t.Errorf("Members: %v, %v", members, err)
	}
}

func TestKeysStopAtOnce(t *testing.T) {
	h := newHouse(t)
	ctx, p := t.Context(), h.user("alice", mayWrite)
	if err := h.own().SetAccessKey(ctx, "alice", p.AccessKeyID, false); err != nil {
		t.Fatal(err)
	}
	_, _, err := h.Secret(ctx, p.AccessKeyID, "")
	kindOf(t, err, hearth.NotFound, "invalid")
	if err := h.own().SetAccessKey(ctx, "alice", p.AccessKeyID, true); err != nil {
		t.Fatal(err)
	}
	if _, _, err = h.Secret(ctx, p.AccessKeyID, ""); err != nil {
		t.Error(err)
	}
	if _, _, err = h.own().CreateAccessKey(ctx, "alice"); err != nil {
		t.Error(err)
	}
	_, _, err = h.own().CreateAccessKey(ctx, "alice")
	kindOf(t, err, hearth.Quota, "AccessKeysPerUser: 2")
}

func TestLastUseOutlivesARestart(t *testing.T) {
	h := newHouse(t)
	p := h.user("alice", mayWrite)
	h.check(p, map[string]string{"aps:RemoteWrite": ""})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Run(ctx); err != nil {
		t.Fatal(err)
	}
	h.reopen()
	user, use, err := h.own().AccessKeyLastUsed(p.AccessKeyID)
	if want := (&Use{Time: noon, Service: "aps", Region: "eu-west-1"}); err != nil || user != "alice" || !cmp.Equal(use, want) {
		t.Errorf("got %s, %v, %v; want alice, %v", user, use, err, want)
	}
}

func TestSecretsAreSealedOnDisk(t *testing.T) {
	h := newHouse(t)
	h.make(UserKind, "alice")
	k, secret, err := h.own().CreateAccessKey(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	err = h.opts.Store.View(t.Context(), func(tx store.Tx) error {
		raw, err := tx.Get(accessKeyBucket, k.ID)
		if strings.Contains(string(raw), secret) {
			t.Error("the secret is readable in the store")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	wrong, _ := ParseKeyring(NewKeyringText())
	o := h.opts
	o.Keys = wrong
	if _, err := Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), "key file") {
		t.Errorf("with another key file: %v; want an error that says so", err)
	}
}

func TestAKeyringGrows(t *testing.T) {
	text := NewKeyringText()
	old, err := ParseKeyring(text)
	if err != nil {
		t.Fatal(err)
	}
	box := old.seal(forAccessKeys, []byte("secret"), "AKIA")
	text, err = RotateKeyringText(text)
	if err != nil {
		t.Fatal(err)
	}
	k, err := ParseKeyring(text)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.open(forAccessKeys, box, "AKIA"); string(got) != "secret" {
		t.Errorf("what the old key sealed: %q, %v", got, err)
	}
	if k.seal(forAccessKeys, nil, "")[0] != 2 {
		t.Error("the new key does not seal")
	}
	for name, err := range map[string]error{
		"another purpose": second(k.open(forSessions, box, "AKIA")),
		"another name":    second(k.open(forAccessKeys, box, "AKIB")),
		"cut short":       second(k.open(forAccessKeys, box[:5], "AKIA")),
		"nothing":         second(k.open(forAccessKeys, nil, "AKIA")),
		"an unknown key":  second(k.open(forAccessKeys, append([]byte{9}, box[1:]...), "AKIA")),
	} {
		if !errors.Is(err, errNotSealed) {
			t.Errorf("%s: %v, want errNotSealed", name, err)
		}
	}
	for _, bad := range []string{"", "x", "0 AAAA", "1 short", "1 !", text + strings.SplitAfter(text, "\n")[1]} {
		if _, err := ParseKeyring(bad); err == nil {
			t.Errorf("ParseKeyring(%q) accepted it", bad)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestAResourcePolicyLetsAnotherAccountIn(t *testing.T) {
	h := newHouse(t)
	ctx, stranger := t.Context(), h.root(other)
	no := "no resource-based policy allows the aps:QueryMetrics action"
	h.check(stranger, map[string]string{"aps:QueryMetrics": no})
	doc := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"aps:*","Resource":"` + workspaceARN.String() + `"}]}`
	_, err := h.PutResourcePolicy(ctx, workspaceARN, doc, "wrong")
	kindOf(t, err, hearth.Conflict, "revisionId")
	rev, err := h.PutResourcePolicy(ctx, workspaceARN, doc, NoPolicy)
	if err != nil {
		t.Fatal(err)
	}
	h.check(stranger, map[string]string{"aps:QueryMetrics": "", "aps:DeleteWorkspace": "no resource-based policy allows the aps:DeleteWorkspace action"})
	h.reopen()
	h.check(stranger, map[string]string{"aps:QueryMetrics": ""})
	kindOf(t, h.DeleteResourcePolicy(ctx, workspaceARN, "wrong"), hearth.Conflict, "revisionId")
	if err := h.DeleteResourcePolicy(ctx, workspaceARN, rev); err != nil {
		t.Fatal(err)
	}
	h.check(stranger, map[string]string{"aps:QueryMetrics": no})
	_, err = h.ResourcePolicy(workspaceARN)
	kindOf(t, err, hearth.NotFound, "not found")
	_, err = h.PutResourcePolicy(ctx, workspaceARN, strings.Replace(doc, "ws-1", "ws-2", 1), "")
	kindOf(t, err, hearth.Malformed, "Statement 1, element Resource")
}

func TestConditionsOfARequest(t *testing.T) {
	h := newHouse(t)
	p := h.user("alice")
	if err := h.own().Tag(t.Context(), UserKind, "alice", map[string]string{"Team": "red"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		condition string
		edit      func(*hearth.Access)
		want      bool
	}{
		{`{"StringEquals":{"aws:username":"alice"}}`, nil, true},
		{`{"StringEquals":{"aws:userid":"` + p.UserID + `"}}`, nil, true},
		{`{"StringEquals":{"aws:PrincipalType":"User"}}`, nil, true},
		{`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/al*"}}`, nil, true},
		{`{"StringEquals":{"aws:PrincipalAccount":"111111111111","aws:ResourceAccount":"111111111111"}}`, nil, true},
		{`{"StringEquals":{"aws:PrincipalTag/team":"red"}}`, nil, true},
		{`{"StringEquals":{"aws:ResourceTag/team":"${aws:PrincipalTag/team}"}}`, func(a *hearth.Access) { a.ResourceTags = map[string]string{"team": "red"} }, true},
		{`{"StringEquals":{"aws:ResourceTag/team":"${aws:PrincipalTag/team}"}}`, func(a *hearth.Access) { a.ResourceTags = map[string]string{"team": "blue"} }, false},
		{`{"StringEquals":{"aws:RequestTag/env":"prod"},"ForAllValues:StringEquals":{"aws:TagKeys":["env"]}}`, func(a *hearth.Access) { a.RequestTags = map[string]string{"env": "prod"} }, true},
		{`{"ForAllValues:StringEquals":{"aws:TagKeys":["env"]}}`, func(a *hearth.Access) { a.TagKeys = []string{"env", "cost"} }, false},
		{`{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`, nil, true},
		{`{"Bool":{"aws:SecureTransport":"true"}}`, nil, false},
		{`{"Bool":{"aws:SecureTransport":"true"}}`, func(a *hearth.Access) { a.TLS = true }, true},
		{`{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}`, nil, true},
		{`{"DateGreaterThan":{"aws:CurrentTime":"2026-11-21T11:59:59Z"},"NumericLessThan":{"aws:EpochTime":1795262401}}`, nil, true},
		{`{"StringLike":{"aws:UserAgent":"Prometheus/*"}}`, func(a *hearth.Access) { a.UserAgent = "Prometheus/3.1" }, true},
		{`{"Null":{"aws:TokenIssueTime":"true","aws:MultiFactorAuthPresent":"true","aws:SourceIdentity":"true"}}`, nil, true},
		{`{"StringEquals":{"iam:PassedToService":"aps.amazonaws.com"}}`, func(a *hearth.Access) { a.Context = map[string]string{"iam:PassedToService": "aps.amazonaws.com"} }, true},
		{`{"StringEquals":{"iam:PassedToService":"aps.amazonaws.com"}}`, nil, false},
		{`{"ArnEquals":{"aws:SourceArn":"arn:aws:sns:*:*:t"}}`, func(a *hearth.Access) { a.Context = map[string]string{"aws:SourceArn": "arn:aws:sns:r:1:t"} }, true},
	} {
		doc := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"aps:QueryMetrics","Resource":"*","Condition":` + c.condition + `}}`
		if err := h.own().PutInline(t.Context(), UserKind, "alice", "c", doc); err != nil {
			t.Fatal(err)
		}
		edit := c.edit
		if edit == nil {
			edit = func(*hearth.Access) {}
		}
		if why := h.may(p, "aps:QueryMetrics", edit); (why == "") != c.want {
			t.Errorf("%s: allowed %v (%s), want %v", c.condition, why == "", why, c.want)
		}
	}
}

func TestADenialExplainsItself(t *testing.T) {
	h := newHouse(t)
	p := h.user("alice", `{"Version":"2012-10-17","Statement":[
		{"Sid":"Office","Effect":"Allow","Action":"aps:Query*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"192.168.0.0/16"}}},
		{"Sid":"Other","Effect":"Allow","Action":"aps:QueryMetrics","Resource":"arn:aws:aps:*:*:workspace/ws-2"}]}`)
	err := h.Authorize(t.Context(), p, hearth.Access{Action: "aps:QueryMetrics", Resource: workspaceARN, SourceIP: "10.0.0.1"})
	d, ok := errors.AsType[*Denial](err)
	if !ok {
		t.Fatalf("no Denial in %v", err)
	}
	var got []string
	for _, x := range d.Details(own) {
		got = append(got, x.Name+": "+x.Value)
	}
	want := []string{
		"statement: identity-based policy inline policy p0 of user alice, statement 1 (Office): Allow, does not apply: IpAddress aws:SourceIp [192.168.0.0/16] fails: it is [10.0.0.1]",
		"statement: identity-based policy inline policy p0 of user alice, statement 2 (Other): Allow, does not apply: Resource arn:aws:aps:*:*:workspace/ws-2",
		"decision: denied because no identity-based policy allows the aps:QueryMetrics action",
		"remedy: statement 1 (Office) of inline policy p0 of user alice would allow it but for IpAddress aws:SourceIp [192.168.0.0/16] fails: it is [10.0.0.1]. Fulfil the condition, or add the statement to a policy of arn:aws:iam::111111111111:user/alice.",
		`add_statement: {"Effect":"Allow","Action":"aps:QueryMetrics","Resource":"arn:aws:aps:eu-west-1:111111111111:workspace/ws-1"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("details (-want +got):\n%s", diff)
	}
	// The statement it names is enough.
	doc := `{"Version":"2012-10-17","Statement":` + d.Remedy.Statement + `}`
	if err := h.own().PutInline(t.Context(), UserKind, "alice", "remedy", doc); err != nil {
		t.Fatal(err)
	}
	h.check(p, map[string]string{"aps:QueryMetrics": ""})
}

func TestBearerTokensAreBoundToTheirActions(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.make(RoleKind, "reader", mayAll)
	b, token, err := h.own().CreateBearer(ctx, BearerInput{Kind: RoleKind, Entity: "reader", Actions: []string{"aps:Query*"}, Expires: noon.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	h.reopen()
	p, err := h.Bearer(ctx, token)
	if err != nil {
		t.Fatal(err)
	}
	h.check(p, map[string]string{"aps:QueryMetrics": "", "aps:RemoteWrite": "no session policy allows the aps:RemoteWrite action"})
	grant := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + p.ARN.String() + `"},"Action":"aps:RemoteWrite","Resource":"*"}}`
	if _, err := h.PutResourcePolicy(ctx, workspaceARN, grant, ""); err != nil {
		t.Fatal(err)
	}
	h.check(p, map[string]string{"aps:RemoteWrite": "no session policy allows the aps:RemoteWrite action"})
	for _, wrong := range []string{"", "hearth_", token + "x", token[:len(token)-1], strings.TrimPrefix(token, BearerPrefix)} {
		_, err := h.Bearer(ctx, wrong)
		kindOf(t, err, hearth.NotFound, "invalid")
	}
	h.later(time.Hour)
	_, err = h.Bearer(ctx, token)
	kindOf(t, err, hearth.Unauthenticated, "expired")
	if err := h.own().RevokeBearer(ctx, b.ID); err != nil {
		t.Fatal(err)
	}
	_, err = h.Bearer(ctx, token)
	kindOf(t, err, hearth.NotFound, "invalid")
	if left := h.own().Bearers(); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

// A token that lacks the action is said to, whether or not its principal has it.
func TestTokensRemedy(t *testing.T) {
	h := newHouse(t)
	const another = "make one with hearth token create --actions aps:QueryMetrics."
	for name, c := range map[string]struct{ may, advice, statement string }{
		"all":    {mayAll, "The bearer token is for other actions: " + another, ""},
		"writer": {mayWrite, "Add the statement to a policy of arn:aws:iam::111111111111:role/writer. The bearer token is for other actions, too: " + another, "aps:QueryMetrics"},
	} {
		h.make(RoleKind, name, c.may)
		_, token, err := h.own().CreateBearer(t.Context(), BearerInput{Kind: RoleKind, Entity: name, Actions: []string{"aps:RemoteWrite"}, Expires: noon.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		p, err := h.Bearer(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		d, ok := errors.AsType[*Denial](h.Authorize(t.Context(), p, hearth.Access{Action: "aps:QueryMetrics", Resource: workspaceARN}))
		if !ok || d.Remedy.Advice != c.advice || (d.Remedy.Statement != "") != (c.statement != "") {
			t.Errorf("%s: %v, remedy %+v; want %q", name, ok, d.Remedy, c.advice)
		}
	}
}

func TestSimulations(t *testing.T) {
	h := newHouse(t)
	e := h.make(RoleKind, "writer", mayWrite)
	got, err := h.own().Simulate(Simulation{SourceARN: e.ARN().String(), Actions: []string{"aps:RemoteWrite", "aps:QueryMetrics"}, Policies: []string{
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"aps:QueryMetrics","Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/env":"prod"}}}}`}})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || !got[0].Decision.Allowed || got[1].Decision.Allowed || !slices.Equal(got[1].Missing, []string{"aws:RequestTag/env"}) {
		t.Errorf("got %+v", got)
	}
	_, err = h.own().Simulate(Simulation{SourceARN: "arn:aws:iam::111111111111:role/none", Actions: []string{"a:b"}})
	kindOf(t, err, hearth.NotFound, "cannot be found")
	keys, err := ContextKeys([]string{`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"a:b","Resource":"arn:aws:s3:::${aws:username}","Condition":{"StringEquals":{"aws:SourceIp":"${x:y}"}}}}`})
	if err != nil || !slices.Equal(keys, []string{"aws:SourceIp", "aws:username", "x:y"}) {
		t.Errorf("ContextKeys: %v, %v", keys, err)
	}
}

func BenchmarkSecretAndAuthorize(b *testing.B) {
	h := newHouse(b)
	p := h.user("alice", mayWrite)
	ctx := b.Context()
	b.Run("user", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, who, err := h.Secret(ctx, p.AccessKeyID, "")
			if err != nil || h.Authorize(ctx, who, hearth.Access{Action: "aps:RemoteWrite", Resource: workspaceARN}) != nil {
				b.Fatal("denied")
			}
		}
	})
	h.make(RoleKind, "writer", mayWrite)
	c, err := h.AssumeRole(ctx, h.root(own), AssumeInput{RoleARN: "arn:aws:iam::111111111111:role/writer", SessionName: "pod", Policy: mayWrite}, hearth.Access{})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("session", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, who, err := h.Secret(ctx, c.AccessKeyID, c.Token)
			if err != nil || h.Authorize(ctx, who, hearth.Access{Action: "aps:RemoteWrite", Resource: workspaceARN}) != nil {
				b.Fatal("denied")
			}
		}
	})
}
