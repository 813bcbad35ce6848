package awsapi

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/iam"
	"github.com/hearth-metrics/hearth/ledger"
)

const (
	badMessageType = "authorization message" // of errors about messages that cannot be decoded
	maxMessage     = 10240                   // characters, as on AWS
)

// decodedDenial is what AWS shows of a denial, and Hearth's explanation of it.
type decodedDenial struct {
	Allowed      bool     `json:"allowed"`
	ExplicitDeny bool     `json:"explicitDeny"`
	Matched      itemList `json:"matchedStatements"`
	Failures     itemList `json:"failures"`
	Context      struct {
		Principal struct {
			ARN string `json:"arn"`
		} `json:"principal"`
		Action     string   `json:"action"`
		Resource   string   `json:"resource"`
		Conditions itemList `json:"conditions"`
	} `json:"context"`
	Explanation []explanation `json:"explanation"`
}

type itemList struct {
	Items []string `json:"items"`
}

type explanation struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// decodeAuthorizationMessage tells an account why a request was denied, as hearth
// why does, to whoever has only the aws CLI. The message is the request id: AWS
// seals the reason into the answers of some services (EC2 among them, Prometheus,
// Grafana and SNS not), while Hearth keeps it in the ledger and hands out the id.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
func (s *Server) decodeAuthorizationMessage(ctx context.Context, r *request) (any, error) {
	if err := r.required("EncodedMessage"); err != nil {
		return nil, err
	}
	if s.opts.Events == nil {
		return nil, notServed(r.row.action)
	}
	id := r.field("EncodedMessage")
	if len(id) > maxMessage {
		return nil, invalidField("encodedMessage", "Member must have length less than or equal to 10240")
	}
	events, err := s.opts.Events.Find(ctx, ledger.Query{Account: r.caller.Account, RequestID: hearth.RequestID(id), Kind: hearth.EventDenied, Limit: 1})
	if err != nil {
		return nil, err
	}
	if id == "" || len(events) == 0 || events[0].RequestID != hearth.RequestID(id) {
		return nil, &hearth.Error{Kind: hearth.Invalid, Type: badMessageType,
			Msg: "The message is not the id of a request of this account that was denied: it is the x-amzn-RequestId of the answer."}
	}
	text, err := json.Marshal(decodeDenial(events[0]))
	return struct{ DecodedMessage string }{string(text)}, err
}

func decodeDenial(e hearth.Event) decodedDenial {
	d := decodedDenial{Matched: itemList{[]string{}}, Failures: itemList{[]string{}}}
	d.ExplicitDeny = strings.Contains(e.Detail(iam.DetailDecision), "with an explicit deny")
	d.Context.Principal.ARN = e.Principal
	d.Context.Action, d.Context.Resource = lastDetail(e, hearth.DetailAction), e.Detail(hearth.DetailResource)
	d.Context.Conditions.Items = []string{}
	d.Explanation = []explanation{{"summary", e.Summary}}
	for _, detail := range e.Details {
		if detail.Name == iam.DetailStatement && strings.Contains(detail.Value, ", applies") {
			d.Matched.Items = append(d.Matched.Items, detail.Value)
		}
		d.Explanation = append(d.Explanation, explanation(detail))
	}
	return d
}

// lastDetail is the detail that says most: the row's action comes first, then the
// one that was asked about.
func lastDetail(e hearth.Event, name string) (value string) {
	for _, d := range e.Details {
		if d.Name == name {
			value = d.Value
		}
	}
	return value
}
