package dashboard

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// TokenPrefix is what service account tokens begin with.
const TokenPrefix = "glsa_"

// A token is the proof of a service account, or an API key. Only its hash is
// kept.
type token struct {
	ID      int64              `json:"id"`
	Hash    string             `json:"hash"`
	Name    string             `json:"name"`
	User    int64              `json:"user,omitempty"` // the service account; 0 for API keys
	Role    hearth.GrafanaRole `json:"role,omitempty"` // of API keys
	Created time.Time          `json:"created"`
	Expires time.Time          `json:"expires,omitzero"` // zero: never
	Used    time.Time          `json:"used,omitzero"`
}

const maxTokens = 1000 // of one Grafana workspace

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// newToken mints a service account token in Grafana's form: 32 letters and
// digits, and a checksum by which scanners for leaked secrets know it.
func newToken() string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	secret := make([]byte, 0, 32)
	var b [1]byte
	for len(secret) < cap(secret) {
		_, _ = rand.Read(b[:]) // never fails
		if int(b[0]) < 4*len(letters) {
			secret = append(secret, letters[int(b[0])%len(letters)])
		}
	}
	plain := TokenPrefix + string(secret)
	return plain + fmt.Sprintf("_%08x", crc32.ChecksumIEEE([]byte(plain)))
}

// newAPIKey mints an API key in the form of Grafana's: base64 of a JSON object.
func newAPIKey(name string) string {
	plain, err := json.Marshal(map[string]any{"k": rand.Text(), "n": name, "id": 1})
	if err != nil {
		panic("dashboard: " + err.Error()) // three texts
	}
	return base64.StdEncoding.EncodeToString(plain)
}

// addToken makes a token within tx and returns its text, which is told once.
func (r *Room) addToken(tx store.Tx, id hearth.GrafanaID, t *token, secret string) error {
	if err := roomFor(tx, tokenBucket, key(id), maxTokens, "tokens"); err != nil {
		return err
	}
	have, err := all[token](tx, tokenBucket, key(id))
	if err != nil {
		return err
	}
	for _, o := range have {
		if o.User == t.User && o.Name == t.Name {
			kind, what := tokenType, "service account token"
			if t.User == 0 {
				kind, what = apiKeyType, "API key"
			}
			return &hearth.Error{Kind: hearth.Conflict, Resource: t.Name, Type: kind, Msg: what + " with given name already exists"}
		}
	}
	if t.ID, err = next(tx, id, "token"); err != nil {
		return err
	}
	t.Hash, t.Created = hashOf(secret), r.opts.Now().UTC()
	return put(tx, tokenBucket, key(id, t.Hash), t)
}

func tokensOf(tx store.Tx, id hearth.GrafanaID, account int64) ([]*token, error) {
	have, err := all[token](tx, tokenBucket, key(id))
	if err != nil {
		return nil, err
	}
	have = slices.DeleteFunc(have, func(t *token) bool { return t.User != account })
	byID(have, func(t *token) int64 { return t.ID })
	return have, nil
}

func (p *problems) checkLifetime(seconds int64) {
	if seconds < 1 || seconds > 2_592_000 {
		p.Add("secondsToLive", "Member must be between 1 and 2592000")
	}
}

// A Token is what may be told of a token. Secret is told once, at its making.
type Token struct {
	ID             int64
	Name           string
	Secret         string
	Role           hearth.GrafanaRole
	Created        time.Time
	Expires        time.Time // zero: never
	Used           time.Time // zero: never
	ServiceAccount int64
}

func (r *Room) tokenOf(id hearth.GrafanaID, t *token) Token {
	used := t.Used
	r.mu.Lock()
	if at, ok := r.used[key(id, t.Hash)]; ok {
		used = at
	}
	r.mu.Unlock()
	return Token{ID: t.ID, Name: t.Name, Role: t.Role, Created: t.Created, Expires: t.Expires, Used: used, ServiceAccount: t.User}
}

// CreateToken makes a token of a service account.
func (r *Room) CreateToken(ctx context.Context, id hearth.GrafanaID, account, name string, seconds int64) (out Token, err error) {
	var p problems
	p.length("name", name, 1, 128)
	p.checkLifetime(seconds)
	if err := p.Err(); err != nil {
		return out, err
	}
	_, err = r.change(ctx, "CreateWorkspaceServiceAccountToken", id, "Service account token created.", func(tx store.Tx, rec *record) error {
		u, err := accountIn(tx, id, account)
		if err != nil {
			return err
		}
		secret := newToken()
		t := &token{Name: name, User: u.ID, Expires: rec.Modified.Add(time.Duration(seconds) * time.Second)}
		if err := r.addToken(tx, id, t, secret); err != nil {
			return err
		}
		out = r.tokenOf(id, t)
		out.Secret = secret
		return nil
	})
	return out, err
}

// Tokens lists the tokens of a service account.
func (r *Room) Tokens(ctx context.Context, id hearth.GrafanaID, account string, page Page) (out []Token, next string, err error) {
	var p problems
	p.checkID(id)
	if err := p.Err(); err != nil {
		return nil, "", err
	}
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		if _, err := mine(ctx, tx, id); err != nil {
			return err
		}
		u, err := accountIn(tx, id, account)
		if err != nil {
			return err
		}
		have, err := tokensOf(tx, id, u.ID)
		if err != nil {
			return err
		}
		have, next, err = cut(have, page, "tokens"+string(id)+account, func(t *token) string { return idKey(t.ID) })
		out = nil
		for _, t := range have {
			out = append(out, r.tokenOf(id, t))
		}
		return err
	})
	return out, next, err
}

// DeleteToken ends a token of a service account.
func (r *Room) DeleteToken(ctx context.Context, id hearth.GrafanaID, account, tokenID string) error {
	_, err := r.change(ctx, "DeleteWorkspaceServiceAccountToken", id, "Service account token deleted.", func(tx store.Tx, _ *record) error {
		u, err := accountIn(tx, id, account)
		if err != nil {
			return err
		}
		return dropToken(tx, id, u.ID, tokenID)
	})
	return err
}

func dropToken(tx store.Tx, id hearth.GrafanaID, account int64, tokenID string) error {
	have, err := tokensOf(tx, id, account)
	if err != nil {
		return err
	}
	for _, t := range have {
		if strconv.FormatInt(t.ID, 10) == tokenID {
			return tx.Delete(tokenBucket, key(id, t.Hash))
		}
	}
	return &hearth.Error{Kind: hearth.NotFound, Resource: tokenID, Type: tokenType, Msg: "service account token not found"}
}

// keyVersions are the versions of Grafana that have API keys.
// https://docs.aws.amazon.com/grafana/latest/userguide/Using-Grafana-APIs.html
var keyVersions = []string{"8.4", "9.4", "10.4"}

// CreateAPIKey makes an API key.
func (r *Room) CreateAPIKey(ctx context.Context, id hearth.GrafanaID, name, role string, seconds int64) (secret string, err error) {
	var p problems
	p.length("keyName", name, 1, 100)
	p.oneOf("keyRole", role, []string{"ADMIN", "EDITOR", "VIEWER"})
	p.checkLifetime(seconds)
	if err := p.Err(); err != nil {
		return "", err
	}
	_, err = r.change(ctx, "CreateWorkspaceApiKey", id, "API key created.", func(tx store.Tx, rec *record) error {
		if !slices.Contains(keyVersions, rec.Version) {
			p.Add("workspaceId", "Version %s has no API keys: create a service account and a token of it", rec.Version)
			return p.Err()
		}
		secret = newAPIKey(name)
		return r.addToken(tx, id, &token{Name: name, Role: roleNames[role], Expires: rec.Modified.Add(time.Duration(seconds) * time.Second)}, secret)
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// DeleteAPIKey ends an API key.
func (r *Room) DeleteAPIKey(ctx context.Context, id hearth.GrafanaID, name string) error {
	_, err := r.change(ctx, "DeleteWorkspaceApiKey", id, "API key deleted.", func(tx store.Tx, _ *record) error {
		have, err := tokensOf(tx, id, 0)
		if err != nil {
			return err
		}
		for _, t := range have {
			if t.Name == name {
				return tx.Delete(tokenBucket, key(id, t.Hash))
			}
		}
		return &hearth.Error{Kind: hearth.NotFound, Resource: name, Type: apiKeyType, Msg: "API key not found"}
	})
	return err
}

// Bearer finds who a token of a Grafana workspace stands for. One that is not of
// this Grafana workspace, or is over, is Unauthenticated.
func (r *Room) Bearer(ctx context.Context, id hearth.GrafanaID, secret string) (out hearth.GrafanaUser, err error) {
	k := key(id, hashOf(strings.TrimSpace(secret)))
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		t, err := get[token](tx, tokenBucket, k)
		if err != nil {
			return err
		}
		if t == nil {
			return &hearth.Error{Kind: hearth.Unauthenticated, Msg: "Invalid API key"}
		}
		if !t.Expires.IsZero() && !r.opts.Now().Before(t.Expires) {
			return &hearth.Error{Kind: hearth.Unauthenticated, Msg: "Expired API key"}
		}
		out, err = bearerOf(tx, id, t)
		return err
	})
	if err != nil {
		return out, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used[k] = r.opts.Now().UTC()
	return out, nil
}

func bearerOf(tx store.Tx, id hearth.GrafanaID, t *token) (hearth.GrafanaUser, error) {
	if t.User == 0 {
		return hearth.GrafanaUser{Workspace: id, UID: "api-key-" + strconv.FormatInt(t.ID, 10), Login: t.Name, Name: t.Name, Role: t.Role, ServiceAccount: true}, nil
	}
	u, err := get[user](tx, userBucket, key(id, idKey(t.User)))
	switch {
	case err != nil:
		return hearth.GrafanaUser{}, err
	case u == nil || !u.ServiceAccount:
		return hearth.GrafanaUser{}, &hearth.Error{Kind: hearth.Unauthenticated, Msg: "Invalid API key"}
	case u.Disabled:
		return hearth.GrafanaUser{}, &hearth.Error{Kind: hearth.Unauthenticated, Msg: "Service account is disabled"}
	}
	return u.plain(id), nil
}

// flushUse writes when tokens were last used.
func (r *Room) flushUse(ctx context.Context) error {
	r.mu.Lock()
	used := r.used
	r.used = map[string]time.Time{}
	r.mu.Unlock()
	if len(used) == 0 {
		return nil
	}
	return r.opts.Store.Update(ctx, func(tx store.Tx) error {
		for k, at := range used {
			t, err := get[token](tx, tokenBucket, k)
			if err != nil {
				return err
			}
			if t == nil {
				continue
			}
			t.Used = at
			if err := put(tx, tokenBucket, k, t); err != nil {
				return err
			}
		}
		return nil
	})
}
