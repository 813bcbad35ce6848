package iam

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/hearth-metrics/hearth"
)

// Authorize returns nil if p may. Otherwise the error is of kind Denied, its Msg
// completes AWS's sentence, and its Err is a *Denial.
func (r *Room) Authorize(ctx context.Context, p hearth.Principal, a hearth.Access) error {
	w := r.caller(&p)
	q := Question{Who: w.Identity, Action: a.Action, Resource: a.Resource, Keys: &requestKeys{who: &w, access: &a, now: r.opts.Now()}}
	if a.Resource.Account == awsAccount {
		q.Owner = p.Account // AWS's managed policies are everybody's
	}
	q.Tethered = w.session != nil && w.session.bearer
	ps := w.policies()
	r.withResource(&q, &ps)
	if err := r.withElsewhere(ctx, &q, &ps); err != nil {
		return err
	}
	if d := Evaluate(&q, &ps); !d.Allowed {
		return r.denial(&q, &ps, &w)
	}
	r.used(&p, &a)
	return nil
}

func (w *caller) policies() Policies {
	return Policies{Identity: w.identity, Boundary: w.boundary, Session: w.sessionPolicies}
}

// used notes that a long-term key was used.
func (r *Room) used(p *hearth.Principal, a *hearth.Access) {
	r.mu.RLock()
	k := r.keys[p.AccessKeyID]
	r.mu.RUnlock()
	if k != nil {
		k.touch(r.opts.Now(), a.Action, a.Region)
	}
}

// A Denial explains a refusal to whoever may know.
type Denial struct {
	Action, Resource string
	Principal        string
	Decision         Decision
	Remedy           Remedy
	Chain            []string // how the session came to be, the first step first
	Owner            hearth.AccountID
}

func (d *Denial) Error() string {
	return d.Principal + " may not " + d.Action + " on " + d.Resource + ": " + d.Decision.Because(d.Action)
}

// Names of the details that explain a denial.
const (
	DetailSession   = "session"
	DetailStatement = "statement"
	DetailDecision  = "decision"
	DetailRemedy    = "remedy"
	DetailAdd       = "add_statement"
)

// maxTraced bounds how many statements a denial tells of.
const maxTraced = 40

// Details are for the ledger of account a: the session, statement by statement,
// the decision, and what would allow it. What a resource's policy says is only
// for the account that has the resource.
func (d *Denial) Details(a hearth.AccountID) []hearth.Detail {
	var out []hearth.Detail
	for _, step := range d.Chain {
		out = append(out, hearth.Detail{Name: DetailSession, Value: step})
	}
	for _, t := range d.Decision.Trace {
		if len(out) < maxTraced && (t.Layer != ResourceLayer || a == d.Owner) {
			out = append(out, hearth.Detail{Name: DetailStatement, Value: t.String()})
		}
	}
	if d.Decision.By == ResourceLayer && a != d.Owner {
		return append(out, hearth.Detail{Name: DetailDecision, Value: "denied " + d.Decision.Because(d.Action)})
	}
	out = append(out, hearth.Detail{Name: DetailDecision, Value: "denied " + d.Decision.Because(d.Action)},
		hearth.Detail{Name: DetailRemedy, Value: d.Remedy.Advice})
	if d.Remedy.Statement != "" {
		out = append(out, hearth.Detail{Name: DetailAdd, Value: d.Remedy.Statement})
	}
	return out
}

// DetailsOfResource are for the account that has the resource: what its policy
// said, and nothing of the caller's own policies.
func (d *Denial) DetailsOfResource() []hearth.Detail {
	var out []hearth.Detail
	for _, t := range d.Decision.Trace {
		if len(out) < maxTraced && t.Layer == ResourceLayer {
			out = append(out, hearth.Detail{Name: DetailStatement, Value: t.String()})
		}
	}
	return out
}

// denial is the error of a question that was answered no.
func (r *Room) denial(q *Question, ps *Policies, w *caller) error {
	d := Explain(q, ps)
	n := &Denial{
		Action: q.Action, Resource: q.Resource.String(), Principal: q.Who.ARN, Decision: d,
		Remedy: Smallest(q, &d), Owner: q.owner(),
	}
	if n.Principal == "" {
		n.Principal = q.Who.Name
	}
	if w != nil && w.session != nil {
		n.Chain = w.session.Chain
	}
	msg := strings.TrimPrefix(d.Because(q.Action), "because ")
	return &hearth.Error{Kind: hearth.Denied, Resource: n.Resource, Msg: msg, Err: n}
}

// encodedDenial is what sts:DecodeAuthorizationMessage shows, in AWS's form.
type encodedDenial struct {
	Allowed      bool `json:"allowed"`
	ExplicitDeny bool `json:"explicitDeny"`
	Matched      struct {
		Items []matchedStatement `json:"items"`
	} `json:"matchedStatements"`
	Failures struct {
		Items []string `json:"items"`
	} `json:"failures"`
	Context struct {
		Principal struct {
			ID  string `json:"id"`
			ARN string `json:"arn"`
		} `json:"principal"`
		Action   string `json:"action"`
		Resource string `json:"resource"`
	} `json:"context"`
	Account hearth.AccountID `json:"account,omitempty"` // whose denial it is; not shown
}

type matchedStatement struct {
	ID       string `json:"statementId"`
	Effect   string `json:"effect"`
	SourceID string `json:"sourcePolicyId"`
}

// Encode seals what a denial was about, for the account that may decode it.
func (r *Room) Encode(d *Denial, account hearth.AccountID) string {
	e := encodedDenial{ExplicitDeny: d.Decision.Explicit, Account: account}
	e.Context.Principal.ARN, e.Context.Action, e.Context.Resource = d.Principal, d.Action, d.Resource
	e.Matched.Items = []matchedStatement{}
	for _, t := range d.Decision.Trace {
		if t.Applies && len(e.Matched.Items) < maxTraced {
			e.Matched.Items = append(e.Matched.Items, matchedStatement{t.Statement.Sid, t.Statement.Effect(), t.Source})
		}
	}
	e.Failures.Items = []string{}
	plain, err := json.Marshal(e)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(r.opts.Keys.seal(forDenials, plain, ""))
}

// maxEncoded is the longest message AWS takes.
const maxEncoded = 10240

// BadMessageType is the Type of errors about messages that cannot be decoded.
const BadMessageType = "authorization message"

// Decode opens a message for the account it was encoded for.
func (a *Account) Decode(message string) (string, error) {
	bad := &hearth.Error{Kind: hearth.Invalid, Type: BadMessageType, Msg: "The encoded message is invalid."}
	box, err := base64.RawURLEncoding.DecodeString(message)
	if err != nil || len(message) > maxEncoded {
		return "", bad
	}
	plain, err := a.room.opts.Keys.open(forDenials, box, "")
	if err != nil {
		return "", bad
	}
	var e encodedDenial
	if json.Unmarshal(plain, &e) != nil || e.Account != a.id {
		return "", bad
	}
	e.Account = ""
	out, err := json.Marshal(e)
	return string(out), err
}
