package alerting

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/prometheus/alertmanager/config"

	"github.com/hearth-metrics/hearth"
)

// What a message to a topic may have,
// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-alertmanager-receiver-validation-truncation.html
const (
	messageBytes = 256<<10 - spareBytes // message and attributes together
	spareBytes   = 1 << 10              // for the attributes that tell what was changed
	subjectChars = 100
)

// publish sends one rendered message to its topic.
func (s *sender) publish(ctx context.Context, c *config.SNSConfig) (retry bool, err error) {
	if s.am.room.opts.Publisher == nil {
		return false, fmt.Errorf("no topics are kept here")
	}
	m := validated(c.Subject, c.Message, c.Attributes)
	for _, w := range m.warnings {
		s.am.warn("message_modified", w, hearth.Detail{Name: hearth.DetailReceiver, Value: s.in.receiver})
	}
	id, err := s.am.room.opts.Publisher.Publish(ctx, s.am.ws, c.TopicARN, m.subject, m.body, m.attributes)
	if t, ok := ctx.Value(attemptsKey{}).(*attempts); ok {
		t.message, t.subject, t.payload = id, m.subject, cut(m.body, payloadBytes) // as it can be sent again
	}
	switch hearth.KindOf(err) {
	case hearth.Denied:
		e := fmt.Errorf("Notify for alerts failed, %w", err)
		s.am.warn("publish_denied", hearth.Said(e), hearth.Detail{Name: hearth.DetailReceiver, Value: s.in.receiver})
		return false, e
	case hearth.NotFound, hearth.Invalid, hearth.Malformed, hearth.TooLarge:
		return false, err
	}
	return err != nil, err
}

// A message is what goes to a topic, made valid. What was changed stands in its
// attributes and, in AWS's words, in warnings.
type message struct {
	subject, body string
	attributes    map[string]string
	warnings      []string

	modified  []string
	truncated bool
}

func validated(subject, body string, attributes map[string]string) *message {
	m := &message{attributes: map[string]string{}}
	room := m.takeAttributes(attributes)
	m.takeBody(body, room)
	m.takeSubject(subject)
	if m.truncated {
		m.attributes["truncated"] = "true"
	}
	if len(m.modified) > 0 {
		m.attributes["modified"] = strings.Join(m.modified, ", ")
	}
	return m
}

func (m *message) modify(warning, format string, args ...any) {
	m.modified = append(m.modified, fmt.Sprintf(format, args...))
	m.warnings = append(m.warnings, warning)
}

func (m *message) takeBody(body string, room int) {
	switch {
	case !utf8.ValidString(body):
		m.truncated = true
		m.modify("Message has been modified because the content was not a valid UTF-8 encoded string.", "Message: Error - not a valid UTF-8 encoded string")
		body = "Error - not a valid UTF-8 encoded string"
	case strings.TrimSpace(body) == "":
		m.modify("Message has been modified because the content was empty.", "Message: Error - Message should not be empty")
		body = "Error - Message should not be empty"
	case len(body) > room:
		m.truncated = true
		short := whole(body, room)
		m.modify(fmt.Sprintf("Message has been truncated because it exceeds size limit, originSize=%dK, truncatedSize=%dK", kilobytes(body), kilobytes(short)),
			"Message: Error - Message has been truncated from %d KB, because it exceeds the 256 KB size limit", kilobytes(body))
		body = short
	}
	m.body = body
}

func kilobytes(s string) int { return (len(s) + 1023) >> 10 }

// whole cuts s to at most n bytes and leaves no half character.
func whole(s string, n int) string {
	for n > 0 && n < len(s) && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:min(n, len(s))]
}

// takeSubject drops line breaks, which templates are full of, before it judges.
func (m *message) takeSubject(subject string) {
	s := strings.Join(strings.FieldsFunc(subject, func(r rune) bool { return r == '\n' || r == '\r' }), " ")
	s = strings.TrimSpace(s)
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		m.modify("Subject has been modified because it contains control or non-ASCII characters.", "Subject: Error - contains non-printable ASCII characters")
		s = "Error - contains control- or non-ASCII characters"
	}
	if len(s) > subjectChars {
		m.modify(fmt.Sprintf("Subject has been truncated because it exceeds size limit, originSize=%d, truncatedSize=%d", len(s), subjectChars),
			"Subject: Error - Subject has been truncated from %d characters, because it exceeds the 100 character size limit", len(s))
		s = s[:subjectChars]
	}
	m.subject = s
}

var attributeName = regexp.MustCompile(`^[A-Za-z0-9_\-]+(\.[A-Za-z0-9_\-]+)*$`)

func validAttribute(name, value string) bool {
	lower := strings.ToLower(name)
	return len(name) <= 256 && attributeName.MatchString(name) && !strings.HasPrefix(lower, "aws.") && !strings.HasPrefix(lower, "amazon.") &&
		value != "" && utf8.ValidString(value) && !strings.ContainsFunc(value, controls)
}

func controls(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' }

// maxAttributes is how many attributes SNS takes; two may tell of changes.
const maxAttributes = 10 - 2

// takeAttributes takes the valid ones as long as there is room, and returns what
// room is left.
func (m *message) takeAttributes(in map[string]string) int {
	room, bad, much := messageBytes, 0, 0
	for _, name := range slices.Sorted(maps.Keys(in)) {
		value := in[name]
		size := len(name) + len("String") + len(value)
		switch {
		case !validAttribute(name, value) || len(m.attributes) == maxAttributes:
			bad++
		case size > room-minBody:
			much++
		default:
			room -= size
			m.attributes[name] = value
		}
	}
	if bad > 0 {
		m.modify(fmt.Sprintf("MessageAttributes has been removed because of invalid key/value, numberOfRemovedAttributes=%d", bad),
			"MessageAttribute: Error - %d of the message attributes have been removed because of invalid MessageAttributeKey or MessageAttributeValue", bad)
	}
	if much > 0 {
		m.modify(fmt.Sprintf("MessageAttributes has been removed because of message size limit, numberOfRemovedAttributes=%d", much),
			"MessageAttribute: Error - %d of the message attributes have been removed because of the message size exceeds the 256KB size limit", much)
	}
	return room
}

// minBody is what attributes leave of a message.
const minBody = 4 << 10
