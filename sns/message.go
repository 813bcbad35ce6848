package sns

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/hearth-metrics/hearth"
)

// Bounds of a message.
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
const (
	maxMessage    = 256 << 10 // body and attributes together
	maxSubject    = 100
	maxAttributes = 100
)

type messageType string

const (
	notification             messageType = "Notification"
	subscriptionConfirmation messageType = "SubscriptionConfirmation"
	unsubscribeConfirmation  messageType = "UnsubscribeConfirmation"
)

// An Attribute is a typed value beside a message. A Binary one is in base64.
type Attribute struct {
	Type  string `json:"Type"`
	Value string `json:"Value"`
}

// A message is what is delivered, to however many endpoints.
type message struct {
	ID         string               `json:"id"`
	Topic      hearth.ARN           `json:"topic"`
	Kind       messageType          `json:"kind"`
	Subject    string               `json:"subject,omitempty"`
	Body       string               `json:"body"`
	Bodies     map[string]string    `json:"bodies,omitempty"` // by protocol, where they differ
	Attributes map[string]Attribute `json:"attributes,omitempty"`
	Token      string               `json:"token,omitempty"`
	Time       time.Time            `json:"time"`

	Workspace hearth.WorkspaceID `json:"workspace,omitempty"` // whose alert it tells
	RequestID hearth.RequestID   `json:"request,omitempty"`   // that published it

	tree any // the parsed body
}

func (r *Room) newMessage(topic hearth.ARN, kind messageType) *message {
	return &message{ID: uuid.NewString(), Topic: topic, Kind: kind, Time: r.opts.Now().UTC()}
}

// body is the text for a protocol.
func (m *message) body(protocol string) string {
	if b, ok := m.Bodies[protocol]; ok {
		return b
	}
	return m.Body
}

// attributeValues are what filter policies compare: an array attribute has
// several values.
func (m *message) attributeValues(path []string) []any {
	a, ok := m.Attributes[path[0]]
	if !ok || len(path) != 1 {
		return nil
	}
	kind, _, _ := strings.Cut(a.Type, ".")
	switch {
	case a.Type == "String.Array":
		if tree, ok := readTree(a.Value); ok {
			return valuesAt(tree, nil)
		}
		return []any{a.Value}
	case kind == "Number":
		return []any{json.Number(a.Value)}
	case kind == "Binary":
		return nil
	}
	return []any{a.Value}
}

// bodyTree is the body as JSON; false if it is no object.
func (m *message) bodyTree() (any, bool) {
	if m.tree == nil {
		m.tree, _ = readTree(m.Body)
	}
	_, ok := m.tree.(map[string]any)
	return m.tree, ok
}

func readTree(text string) (v any, ok bool) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return nil, false
	}
	_, err := d.Token()
	return v, err == io.EOF
}

// A Message is what a caller publishes. Structured says that Body is a JSON
// object of texts by protocol, with one called default.
type Message struct {
	Topic      hearth.ARN
	Subject    string
	Body       string
	Structured bool
	Attributes map[string]Attribute
}

// Size is what counts against the greatest size of a message.
func (m *Message) Size() int {
	n := len(m.Body)
	for name, a := range m.Attributes {
		n += len(name) + len(a.Type) + len(a.Value)
	}
	return n
}

func (m *Message) check() error {
	switch {
	case m.Body == "":
		return invalid("Message", "Empty message")
	case !utf8.ValidString(m.Body):
		return invalid("Message", "it is not UTF-8")
	case m.Size() > maxMessage:
		return invalid("Message", "Message too long")
	case !goodSubject(m.Subject):
		return invalid("Subject", "want at most 100 printable ASCII characters, without line breaks, that begin with no blank")
	case len(m.Attributes) > maxAttributes:
		return invalid("MessageAttributes", "there are more than "+strconv.Itoa(maxAttributes))
	}
	for name, a := range m.Attributes {
		if err := a.check(name); err != nil {
			return err
		}
	}
	return nil
}

// goodSubject applies AWS's rules; no subject is a good one.
func goodSubject(s string) bool {
	return len(s) <= maxSubject && strings.IndexFunc(s, notASCII) < 0 && !strings.HasPrefix(s, " ")
}

func notASCII(c rune) bool { return c < ' ' || c > '~' }

var (
	attributeName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)
	attributeType = regexp.MustCompile(`^(String|String\.Array|Number|Binary)(\.[\x21-\x7e]+)?$`)
)

func (a Attribute) check(name string) error {
	lower := strings.ToLower(name)
	switch {
	case len(name) > 256 || !attributeName.MatchString(name) || strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon."):
		return badAttribute("The message attribute name '" + clip(name) + "' is invalid.")
	case len(a.Type) > 256 || !attributeType.MatchString(a.Type):
		return badAttribute("The message attribute '" + name + "' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.")
	case a.Value == "":
		return badAttribute("The message attribute '" + name + "' must contain non-empty message attribute value for message attribute type '" + a.Type + "'.")
	case !utf8.ValidString(a.Value):
		return badAttribute("The message attribute '" + name + "' is not UTF-8.")
	}
	return a.checkValue(name)
}

func (a Attribute) checkValue(name string) error {
	kind, _, _ := strings.Cut(a.Type, ".")
	switch kind {
	case "Number":
		if _, err := strconv.ParseFloat(a.Value, 64); err != nil || strings.ContainsAny(a.Value, "xXpP_nNiI") {
			return badAttribute("Could not cast message attribute '" + name + "' value to number.")
		}
	case "Binary":
		if _, err := base64.StdEncoding.DecodeString(a.Value); err != nil {
			return badAttribute("The message attribute '" + name + "' is not base64.")
		}
	}
	return nil
}

func badAttribute(msg string) error {
	return &hearth.Error{Kind: hearth.Invalid, Type: ParameterValue, Msg: msg}
}

// ParameterValue is the Type of errors about values of message attributes.
const ParameterValue = "parameter value"

// byProtocol reads a structured body.
func byProtocol(body string) (fallback string, bodies map[string]string, err error) {
	var all map[string]json.RawMessage
	d := json.NewDecoder(bytes.NewReader([]byte(body)))
	if d.Decode(&all) != nil {
		return "", nil, invalid("Message", "Message Structure - JSON message body failed to parse")
	}
	bodies = map[string]string{}
	for protocol, raw := range all {
		var text string
		if json.Unmarshal(raw, &text) == nil && text != "" {
			bodies[protocol] = text
		}
	}
	fallback, ok := bodies["default"]
	if !ok {
		return "", nil, invalid("Message", "Message Structure - No default entry in JSON message body")
	}
	delete(bodies, "default")
	return fallback, bodies, nil
}
