package sns

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// repaired makes a message that SNS takes out of what an alert's templates gave,
// and says in its attributes what was changed.
// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-alertmanager-receiver-validation-truncation.html
func repaired(subject, body string, attributes map[string]string) Message {
	var p repair
	m := Message{Attributes: map[string]Attribute{}}
	m.Body = p.body(body)
	m.Subject = p.subject(subject)
	p.attributes(&m, attributes)
	p.mark(&m)
	return m
}

// A repair remembers what was changed.
type repair struct {
	truncated bool
	modified  []string
}

func (p *repair) say(format string, args ...any) {
	p.modified = append(p.modified, fmt.Sprintf(format, args...))
}

// spare is room for the attributes that tell of repairs.
const spare = 1 << 10

func (p *repair) body(s string) string {
	switch {
	case !utf8.ValidString(s):
		p.truncated = true
		p.say("Message: Error - not a valid UTF-8 encoded string")
		return "Error - not a valid UTF-8 encoded string"
	case s == "":
		p.say("Message: Error - Message should not be empty")
		return "Error - Message should not be empty"
	case len(s) > maxMessage-spare:
		p.truncated = true
		p.say("Message: Error - Message has been truncated from %d KB, because it exceeds the 256 KB size limit", (len(s)+1023)>>10)
		return cut(s, maxMessage-spare)
	}
	return s
}

func (p *repair) subject(s string) string {
	plain := strings.TrimSpace(strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ").Replace(s))
	if strings.IndexFunc(plain, notASCII) >= 0 {
		p.say("Subject: Error - contains non-printable ASCII characters")
		return "Error - contains control- or non-ASCII characters"
	}
	if len(plain) > maxSubject {
		p.say("Subject: Error - Subject has been truncated from %d characters, because it exceeds the 100 character size limit", len(plain))
		return plain[:maxSubject]
	}
	return plain
}

func (p *repair) attributes(m *Message, in map[string]string) {
	bad, much := 0, 0
	names := make([]string, 0, len(in))
	for name := range in {
		names = append(names, name)
	}
	slices.Sort(names)
	left := maxMessage - spare - len(m.Body)
	for _, name := range names {
		a := Attribute{Type: "String", Value: in[name]}
		size := len(name) + len(a.Type) + len(a.Value)
		switch {
		case a.check(name) != nil || len(m.Attributes) >= maxAttributes-2:
			bad++
		case size > left:
			much++
		default:
			left -= size
			m.Attributes[name] = a
		}
	}
	if bad > 0 {
		p.say("MessageAttribute: Error - %d of the message attributes have been removed because of invalid MessageAttributeKey or MessageAttributeValue", bad)
	}
	if much > 0 {
		p.say("MessageAttribute: Error - %d of the message attributes have been removed because the message exceeds the 256KB size limit", much)
	}
}

// mark adds the attributes that tell of repairs: modified as a list, like
// Alertmanager.
func (p *repair) mark(m *Message) {
	if p.truncated {
		m.Attributes["truncated"] = Attribute{Type: "String", Value: "true"}
	}
	if len(p.modified) == 0 {
		return
	}
	list, err := json.Marshal(p.modified)
	if err == nil {
		m.Attributes["modified"] = Attribute{Type: "String.Array", Value: string(list)}
	}
}

// cut shortens s to at most n bytes without splitting a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
