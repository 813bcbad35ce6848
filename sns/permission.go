package sns

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"github.com/hearth-metrics/hearth"
)

// permitted are the actions that AddPermission can allow.
var permitted = []string{"*", "AddPermission", "DeleteTopic", "GetTopicAttributes", "ListSubscriptionsByTopic", "Publish", "RemovePermission", "SetTopicAttributes", "Subscribe"}

var permissionLabel = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// statement is a statement that AddPermission writes.
type statement struct {
	Sid       string
	Effect    string
	Principal struct{ AWS []string }
	Action    []string
	Resource  string
}

// policyText is a policy of which only the statements are of interest.
type policyText struct {
	Version   json.RawMessage `json:",omitempty"`
	ID        json.RawMessage `json:"Id,omitempty"`
	Statement []json.RawMessage
}

// AddPermission adds a statement to the topic's policy that lets accounts do
// actions. The label is the statement's Sid.
// https://docs.aws.amazon.com/sns/latest/api/API_AddPermission.html
func (r *Room) AddPermission(ctx context.Context, topic hearth.ARN, label string, accounts, actions []string) error {
	added, err := permission(topic, label, accounts, actions)
	if err != nil {
		return err
	}
	return r.editPolicy(ctx, topic, func(p *policyText) error {
		if p.find(label) >= 0 {
			return invalid("Label", "Statement already exists")
		}
		p.Statement = append(p.Statement, added)
		return nil
	})
}

func permission(topic hearth.ARN, label string, accounts, actions []string) (json.RawMessage, error) {
	switch {
	case !permissionLabel.MatchString(label):
		return nil, invalid("Label", "want 1 to 80 letters, digits, - or _")
	case len(accounts) == 0:
		return nil, invalid("AWSAccountId", "at least one is required")
	case len(actions) == 0:
		return nil, invalid("ActionName", "at least one is required")
	}
	s := statement{Sid: label, Effect: "Allow", Resource: topic.String()}
	for _, a := range accounts {
		if !account.MatchString(a) {
			return nil, invalid("AWSAccountId", fmt.Sprintf("%q is not twelve digits", clip(a)))
		}
		s.Principal.AWS = append(s.Principal.AWS, "arn:aws:iam::"+a+":root")
	}
	for _, a := range actions {
		if !slices.Contains(permitted, a) {
			return nil, invalid("ActionName", "Policy statement action out of service scope!")
		}
		s.Action = append(s.Action, "SNS:"+a)
	}
	return json.Marshal(s)
}

// RemovePermission takes the statement with this Sid out of the topic's policy.
func (r *Room) RemovePermission(ctx context.Context, topic hearth.ARN, label string) error {
	return r.editPolicy(ctx, topic, func(p *policyText) error {
		i := p.find(label)
		if i < 0 {
			return &hearth.Error{Kind: hearth.NotFound, Resource: topic.String(), Msg: "Statement does not exist"}
		}
		p.Statement = slices.Delete(p.Statement, i, i+1)
		return nil
	})
}

// noStatements ends the policy that is left when its last statement is removed; one that
// is set has statements.
const noStatements = `"Statement":[]}`

// find is the place of the statement with a Sid; negative if there is none.
func (p *policyText) find(sid string) int {
	return slices.IndexFunc(p.Statement, func(raw json.RawMessage) bool {
		var s struct{ Sid string }
		return json.Unmarshal(raw, &s) == nil && s.Sid == sid
	})
}

// editPolicy changes the statements of a topic's policy; the others stay byte for
// byte. The result is checked as one that is set.
func (r *Room) editPolicy(ctx context.Context, topic hearth.ARN, edit func(*policyText) error) error {
	return r.changeTopic(ctx, topic, func(t *Topic) error {
		p, err := readPolicy(t.policy())
		if err != nil {
			return err
		}
		if err := edit(p); err != nil {
			return err
		}
		text, err := json.Marshal(p)
		if err != nil {
			return err
		}
		if len(p.Statement) > 0 { // without any it allows nobody
			if err := r.checkPolicy(topic, string(text)); err != nil {
				return err
			}
		}
		if t.Attributes == nil {
			t.Attributes = map[string]string{}
		}
		t.Attributes[attrPolicy] = string(text)
		return nil
	})
}

// readPolicy reads a policy that was checked when it was set. One statement may
// stand without a list.
func readPolicy(text string) (*policyText, error) {
	var outer struct {
		Version, ID json.RawMessage
		Statement   json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &outer); err != nil {
		return nil, fmt.Errorf("read a topic's policy: %w", err)
	}
	p := &policyText{Version: outer.Version, ID: outer.ID, Statement: []json.RawMessage{}}
	if one := bytes.TrimSpace(outer.Statement); len(one) > 0 && one[0] == '{' {
		p.Statement = append(p.Statement, one)
		return p, nil
	}
	if err := json.Unmarshal(outer.Statement, &p.Statement); err != nil {
		return nil, fmt.Errorf("read a topic's policy: %w", err)
	}
	return p, nil
}
