package iam

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/hearth-metrics/hearth"
)

// A session is what a session token says: everything about it, so that nothing
// needs to be stored. The token is sealed; nobody else can make or read one.
type session struct {
	AccessKeyID string           `json:"k"`
	Account     hearth.AccountID `json:"a"`
	Kind        EntityKind       `json:"t,omitempty"` // of whom; empty: the account's root
	Entity      string           `json:"e,omitempty"` // the role's or user's name, in lower case
	EntityID    string           `json:"i,omitempty"` // a namesake made later is somebody else
	Name        string           `json:"n,omitempty"` // of a role's session
	Issued      int64            `json:"s"`
	Expires     int64            `json:"x"`

	SourceIdentity string            `json:"o,omitempty"`
	Tags           map[string]string `json:"g,omitempty"`
	Transitive     []string          `json:"r,omitempty"` // keys of tags that a session made from this one inherits
	Policy         string            `json:"p,omitempty"`
	PolicyARNs     []string          `json:"q,omitempty"`
	Provider       string            `json:"f,omitempty"` // ARN of the provider whose token it came of
	Chain          []string          `json:"c,omitempty"` // who assumed it, the first one first, and what trust asked for

	policy *Policy
	bearer bool // stands for a bearer token, which nothing grants more than its actions

	service *compiled // of a service role, which is no entity of the account
}

// maxToken bounds what is decoded; AWS asks for room for 4096 and more.
const maxToken = 16 << 10

// token seals the session.
func (r *Room) token(s *session) (string, error) {
	plain, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(r.opts.Keys.seal(forSessions, plain, s.AccessKeyID)), nil
}

// noSession is of tokens that are not ours, or not of this access key.
func noSession() error {
	return &hearth.Error{Kind: hearth.NotFound, Msg: "The security token included in the request is invalid."}
}

// ExpiredType is the Type of errors about credentials that have had their time.
const ExpiredType = "expired token"

func expired() error {
	return &hearth.Error{Kind: hearth.Unauthenticated, Type: ExpiredType, Msg: "The security token included in the request is expired"}
}

// open reads a token and finds the secret that goes with it.
func (r *Room) openToken(accessKeyID, token string) (*cachedSession, error) {
	if c, ok := r.sessions.find(accessKeyID); ok && subtle.ConstantTimeCompare([]byte(c.token), []byte(token)) == 1 {
		return c, nil
	}
	if len(token) > maxToken {
		return nil, noSession()
	}
	box, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		return nil, noSession()
	}
	plain, err := r.opts.Keys.open(forSessions, box, accessKeyID)
	if err != nil {
		return nil, noSession()
	}
	s := &session{}
	if err := json.Unmarshal(plain, s); err != nil {
		return nil, noSession()
	}
	if s.Policy != "" {
		if s.policy, err = Parse(IdentityPolicy, s.Policy); err != nil {
			return nil, noSession()
		}
	}
	c := &cachedSession{session: s, token: strings.Clone(token), secret: r.opts.Keys.sessionSecret(box[0], accessKeyID)}
	r.sessions.keep(strings.Clone(accessKeyID), c)
	return c, nil
}

func (s *session) over(now time.Time) bool { return now.Unix() >= s.Expires }

// sessionCache remembers opened tokens. Only genuine ones are kept, and no more
// than two generations of them.
type sessionCache struct {
	mu         sync.Mutex
	young, old map[string]*cachedSession
}

type cachedSession struct {
	*session
	token, secret string
}

const maxSessions = 4096

func (c *sessionCache) find(id string) (*cachedSession, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, ok := c.young[id]; ok {
		return s, true
	}
	s, ok := c.old[id]
	if ok {
		c.put(id, s)
	}
	return s, ok
}

func (c *sessionCache) keep(id string, s *cachedSession) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(id, s)
}

// put needs c.mu.
func (c *sessionCache) put(id string, s *cachedSession) {
	if len(c.young) >= maxSessions {
		c.old, c.young = c.young, nil
	}
	if c.young == nil {
		c.young = map[string]*cachedSession{}
	}
	c.young[id] = s
}
