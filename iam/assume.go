package iam

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hearth-metrics/hearth"
)

// Credentials are temporary. Role and RoleID are empty for GetSessionToken.
type Credentials struct {
	AccessKeyID, Secret, Token string
	Expires                    time.Time
	ARN                        hearth.ARN // of the session
	ID                         string     // AROA…:NAME
	SourceIdentity             string
	PackedSize                 int // of session policies and tags, in percent of what is allowed
}

// AssumeInput asks for a role's session.
type AssumeInput struct {
	RoleARN, SessionName, Policy string
	PolicyARNs                   []string
	Duration                     time.Duration // an hour if zero
	Tags                         map[string]string
	Transitive                   []string
	ExternalID, SourceIdentity   string
}

// The bounds of sessions.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const (
	shortest         = 15 * time.Minute
	chainedLongest   = time.Hour
	userLongest      = 36 * time.Hour
	userDefault      = 12 * time.Hour
	maxSessionPolicy = 2048
	maxSessionARNs   = 10
	maxChain         = 8
)

// AssumeRole makes a session of a role for who asks.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func (r *Room) AssumeRole(_ context.Context, p hearth.Principal, in AssumeInput, access hearth.Access) (*Credentials, error) {
	arn, err := checkAssume(in.RoleARN, in.SessionName)
	if err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	w := r.caller(&p)
	s := &session{
		Name: in.SessionName, Policy: in.Policy, PolicyARNs: in.PolicyARNs, Tags: cloneMap(in.Tags),
		Transitive: in.Transitive, SourceIdentity: in.SourceIdentity,
	}
	chained := w.Kind == Session
	if chained {
		if err := in.sheds(w.session); err != nil {
			return nil, err
		}
		s.inherit(w.session)
	}
	access.RequestTags = s.Tags
	ask := assumption{room: r, who: &w, access: access, keys: in.keys(s), session: s, duration: in.Duration, chained: chained}
	return ask.assume(arn, "sts:AssumeRole")
}

func (in *AssumeInput) check() error {
	switch {
	case in.ExternalID != "" && (len(in.ExternalID) < 2 || len(in.ExternalID) > 1224 || !externalID.MatchString(in.ExternalID)):
		return invalid("externalId", `Member must have 2 to 1224 characters of [\w+=,.@:\/-]`)
	case in.SourceIdentity != "" && (len(in.SourceIdentity) < 2 || checkName("sourceIdentity", in.SourceIdentity, 64) != nil):
		return invalid("sourceIdentity", `Member must have 2 to 64 characters of [\w+=,.@-]`)
	}
	for _, key := range in.Transitive {
		if _, ok := findTag(in.Tags, key); !ok {
			return invalid("transitiveTagKeys", "Each key must be the key of a tag in this request: "+clip(key)+" is not")
		}
	}
	return checkTags(in.Tags)
}

// sheds refuses to change what a chained session cannot shed.
func (in *AssumeInput) sheds(from *session) error {
	if in.SourceIdentity != "" && from.SourceIdentity != "" {
		return &hearth.Error{Kind: hearth.Invalid, Msg: "The source identity is already set for this assume role session"}
	}
	for _, key := range from.Transitive {
		if _, ok := findTag(in.Tags, key); ok {
			return &hearth.Error{Kind: hearth.Invalid, Type: "parameter",
				Msg: "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session."}
		}
	}
	return nil
}

// inherit takes over what a chained session cannot shed.
func (s *session) inherit(from *session) {
	if from.SourceIdentity != "" {
		s.SourceIdentity = from.SourceIdentity
	}
	for _, key := range from.Transitive {
		if v, ok := findTag(from.Tags, key); ok {
			AddTags(s.Tags, map[string]string{key: v[0]})
			s.Transitive = append(s.Transitive, key)
		}
	}
	s.Chain = slices.Clone(from.Chain)
}

func (in *AssumeInput) keys(s *session) Values {
	v := Values{}
	v.Set("sts:RoleSessionName", in.SessionName)
	if in.ExternalID != "" {
		v.Set("sts:ExternalId", in.ExternalID)
	}
	if s.SourceIdentity != "" {
		v.Set("sts:SourceIdentity", s.SourceIdentity)
	}
	if len(s.Transitive) > 0 {
		v.Set("sts:TransitiveTagKeys", s.Transitive...)
	}
	return v
}

// checkAssume checks the members that both ways of assuming a role have.
func checkAssume(roleARN, name string) (hearth.ARN, error) {
	if len(name) < 2 {
		return hearth.ARN{}, invalid("roleSessionName", "Member must have length greater than or equal to 2")
	}
	if err := checkName("roleSessionName", name, 64); err != nil {
		return hearth.ARN{}, err
	}
	arn, err := hearth.ParseARN(roleARN)
	if err != nil {
		return arn, &hearth.Error{Kind: hearth.Invalid, Msg: clip(roleARN) + " is invalid"}
	}
	return arn, nil
}

// An assumption is one attempt to become a role.
type assumption struct {
	room        *Room
	who         *caller
	access      hearth.Access
	keys        Values
	session     *session
	duration    time.Duration
	chained     bool
	webIdentity bool
}

// assume asks the role's trust policy and the caller's own, and makes the
// session. A role that does not exist is denied like one that does not trust.
func (a *assumption) assume(arn hearth.ARN, action string) (*Credentials, error) {
	role := a.room.role(arn)
	var trust []Source
	if role != nil {
		trust = []Source{{Name: "trust policy of " + role.title(), Policy: role.trust}}
		a.access.ResourceTags = role.Tags
	}
	var d Decision
	for _, act := range a.actions(action) {
		var err error
		if d, err = a.ask(arn, act, trust); err != nil {
			return nil, err
		}
	}
	if role == nil { // was denied above: there is no trust policy that could allow it
		return nil, fmt.Errorf("assume %s: allowed without a role", arn)
	}
	lifetime, err := a.lifetime(role)
	if err != nil {
		return nil, err
	}
	size, err := a.room.checkSessionPolicies(role.Account, a.session)
	if err != nil {
		return nil, err
	}
	a.remember(role, &d)
	got, err := a.room.issue(a.session, role, lifetime)
	if err == nil {
		got.PackedSize = size
	}
	return got, err
}

// actions are what the caller must be allowed: tags and a source identity have
// actions of their own.
func (a *assumption) actions(action string) []string {
	out := []string{action}
	if len(a.session.Tags) > 0 {
		out = append(out, "sts:TagSession")
	}
	if a.session.SourceIdentity != "" {
		out = append(out, "sts:SetSourceIdentity")
	}
	slices.Reverse(out) // the one asked for decides last
	return out
}

func (a *assumption) ask(arn hearth.ARN, action string, trust []Source) (Decision, error) {
	q := Question{Who: a.who.Identity, Action: action, Resource: arn, Trust: true,
		Keys: &requestKeys{who: a.who, access: &a.access, now: a.room.opts.Now(), further: a.keys}}
	a.access.Action, a.access.Resource = action, arn
	ps := a.who.policies()
	ps.Resource = trust
	d := Evaluate(&q, &ps)
	if !d.Allowed {
		return d, a.room.denial(&q, &ps, a.who)
	}
	return Explain(&q, &ps), nil
}

// role finds a role by its whole ARN, path included.
func (r *Room) role(arn hearth.ARN) *Entity {
	name, ok := strings.CutPrefix(arn.Resource, "role/")
	if !ok || arn.Service != "iam" || arn.Region != "" {
		return nil
	}
	name = name[strings.LastIndexByte(name, '/')+1:]
	r.mu.RLock()
	defer r.mu.RUnlock()
	e := r.entities[entityKey{arn.Account, RoleKind, lower(name)}]
	if e == nil || e.ARN() != arn {
		return nil
	}
	return e
}

func (a *assumption) lifetime(role *Entity) (time.Duration, error) {
	d := a.duration
	switch {
	case d == 0:
		return time.Hour, nil
	case d < shortest:
		return 0, invalid("durationSeconds", "Member must have value greater than or equal to 900")
	case d > 12*time.Hour:
		return 0, invalid("durationSeconds", "Member must have value less than or equal to 43200")
	case a.chained && d > chainedLongest:
		return 0, &hearth.Error{Kind: hearth.Invalid, Msg: "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"}
	case d > role.MaxSession:
		return 0, &hearth.Error{Kind: hearth.Invalid, Msg: "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."}
	}
	return d, nil
}

// PackedType is the Type of errors about session policies that are too long.
const PackedType = "packed policy"

// checkSessionPolicies reads a session's policies and says how much of the room
// for them is used, in percent.
func (r *Room) checkSessionPolicies(account hearth.AccountID, s *session) (percent int, err error) {
	n := utf8.RuneCountInString(s.Policy)
	if n > maxSessionPolicy {
		return 0, &hearth.Error{Kind: hearth.TooLarge, Type: PackedType, Msg: fmt.Sprintf("Packed size of session policy and tags consumes %d%% of allotted space.", n*100/maxSessionPolicy)}
	}
	if s.Policy != "" {
		if s.policy, err = Parse(IdentityPolicy, s.Policy); err != nil {
			return 0, err
		}
	}
	if len(s.PolicyARNs) > maxSessionARNs {
		return 0, invalid("policyArns", fmt.Sprintf("Member must have length less than or equal to %d", maxSessionARNs))
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, arn := range s.PolicyARNs {
		if _, ok := r.policy(account, arn); !ok {
			return 0, invalid("policyArns", "There is no policy "+clip(arn))
		}
	}
	for k, v := range maps.All(s.Tags) {
		n += len(k) + len(v)
	}
	return n * 100 / maxSessionPolicy, nil
}

// remember writes into the session who assumed it, and why they could: the
// trust policy's conditions with their verdicts.
func (a *assumption) remember(role *Entity, d *Decision) {
	who := a.who.ARN
	if a.webIdentity {
		who = a.who.Name + " " + a.who.userID
	}
	step := who + " assumed " + role.ARN().String()
	for _, t := range d.Trace {
		if t.Layer == ResourceLayer && t.Applies {
			step += "; " + t.Statement.Name() + " of the trust policy applied"
			for _, c := range t.Conditions {
				step += "; " + c.String()
			}
		}
	}
	if len(step) > 600 {
		step = strings.ToValidUTF8(step[:600], "") + "…"
	}
	if len(a.session.Chain) < maxChain {
		a.session.Chain = append(a.session.Chain, step)
	}
}

// issue makes the credentials of a session; e is nil for the account's root.
func (r *Room) issue(s *session, e *Entity, lifetime time.Duration) (*Credentials, error) {
	now := r.opts.Now()
	s.AccessKeyID = newID(sessionPrefix)
	s.Issued, s.Expires = now.Unix(), now.Add(lifetime).Unix()
	if e != nil {
		s.Account, s.Kind, s.Entity, s.EntityID = e.Account, e.Kind, lower(e.Name), e.ID
	}
	token, err := r.token(s)
	if err != nil {
		return nil, fmt.Errorf("make a session token: %w", err)
	}
	c := &Credentials{
		AccessKeyID: s.AccessKeyID, Secret: r.opts.Keys.sessionSecret(r.opts.Keys.newest, s.AccessKeyID), Token: token,
		Expires: time.Unix(s.Expires, 0).UTC(), SourceIdentity: s.SourceIdentity,
	}
	if e != nil && e.Kind == RoleKind {
		c.ARN, c.ID = sessionARN(e, s.Name), e.ID+":"+s.Name
	}
	return c, nil
}

// SessionToken makes temporary credentials of the caller's own long-term ones.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
func (r *Room) SessionToken(_ context.Context, p hearth.Principal, duration time.Duration) (*Credentials, error) {
	w := r.caller(&p)
	longest, lifetime := userLongest, userDefault
	switch {
	case w.session != nil:
		return nil, &hearth.Error{Kind: hearth.Denied, Type: "session", Msg: "Cannot call GetSessionToken with session credentials"}
	case w.Kind == Root:
		longest, lifetime = time.Hour, time.Hour
	}
	if duration != 0 {
		if duration < shortest || duration > userLongest {
			return nil, invalid("durationSeconds", "Member must have value between 900 and 129600")
		}
		lifetime = min(duration, longest)
	}
	return r.issue(&session{Account: p.Account}, w.entity, lifetime)
}
