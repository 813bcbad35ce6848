package sns

import (
	"bytes"
	"context"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
)

// defaultSubject is AWS's, for messages without one.
const defaultSubject = "AWS Notification Message"

// mail is a whole mail of a message: headers and text.
func (r *Room) mail(ctx context.Context, d *delivery, m *message) ([]byte, error) {
	text, err := r.mailText(ctx, d, m)
	if err != nil {
		return nil, err
	}
	var h mailHead
	h.field("From", (&mail.Address{Name: title(d), Address: r.opts.From}).String())
	h.field("To", d.Endpoint)
	h.field("Subject", mime.QEncoding.Encode("utf-8", oneLine(mailSubject(m))))
	h.field("Date", m.Time.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	h.field("Message-ID", "<"+m.ID+"."+d.Subscription+"@"+domainOf(r.opts.From)+">")
	h.field("Auto-Submitted", "auto-generated")
	h.field("X-Amz-Sns-Message-Id", m.ID)
	if m.Kind == notification {
		h.field("List-Unsubscribe", "<"+r.unsubscribePage(d)+">")
		h.field("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	}
	h.field("MIME-Version", "1.0")
	h.field("Content-Type", "text/plain; charset=utf-8")
	return h.with(text)
}

func mailSubject(m *message) string {
	switch {
	case m.Kind == subscriptionConfirmation:
		return "AWS Notification - Subscription Confirmation"
	case m.Kind == unsubscribeConfirmation:
		return "AWS Notification - Unsubscribe Confirmation"
	case m.Subject != "":
		return m.Subject
	}
	return defaultSubject
}

func title(d *delivery) string {
	if d.Title != "" {
		return oneLine(d.Title)
	}
	return "AWS Notifications"
}

// mailText is what the mail says.
func (r *Room) mailText(ctx context.Context, d *delivery, m *message) (string, error) {
	switch {
	case m.Kind == subscriptionConfirmation:
		return "You have chosen to subscribe to the topic:\n" + d.Topic.String() + "\n\n" +
			"To confirm this subscription, open this link (it works for two days):\n" + r.subscribeURL(d, m) + "\n\n" +
			"If you did not ask for this, do nothing: no further mail follows.\n", nil
	case m.Kind == unsubscribeConfirmation:
		return "Your subscription below has been deactivated:\n" + d.arn() + "\n\n" +
			"If it was deactivated in error, open this link within two days:\n" + r.subscribeURL(d, m) + "\n", nil
	case d.Protocol == protocolEmailJSON:
		e, err := r.envelope(ctx, d, m)
		if err != nil {
			return "", err
		}
		text, err := e.text()
		return string(text) + "\n", err
	}
	return strings.TrimRight(m.body(d.Protocol), "\n") + "\n\n--\n" +
		"Sent " + when(m.Time) + " by the topic " + d.Topic.String() + "\n" +
		"To stop receiving these notifications, open:\n" + r.unsubscribePage(d) + "\n", nil
}

// A mailHead is the headers of a mail. Whatever a value is, it stays one header.
type mailHead struct{ b bytes.Buffer }

func (h *mailHead) field(name, value string) {
	h.b.WriteString(name + ": " + oneLine(value) + "\r\n")
}

// maxHeader bounds one header's value; mail allows lines of 998 bytes.
const maxHeader = 900

// oneLine turns line breaks and other control characters into blanks.
func oneLine(s string) string {
	s = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c == 0x85 || c == 0x2028 || c == 0x2029 {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(s, "?"))
	return strings.TrimSpace(cut(s, maxHeader))
}

// with adds the text: as it is if every mail server can carry it, else
// quoted-printable.
func (h *mailHead) with(text string) ([]byte, error) {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	if plain(text) {
		h.field("Content-Transfer-Encoding", "7bit")
		h.b.WriteString("\r\n" + strings.ReplaceAll(text, "\n", "\r\n"))
		return h.b.Bytes(), nil
	}
	h.field("Content-Transfer-Encoding", "quoted-printable")
	h.b.WriteString("\r\n")
	w := quotedprintable.NewWriter(&h.b)
	if _, err := w.Write([]byte(text)); err != nil {
		return nil, err
	}
	return h.b.Bytes(), w.Close()
}

// plain tells whether a text is ASCII in lines that SMTP carries.
func plain(text string) bool {
	for line := range strings.SplitSeq(text, "\n") {
		if len(line) > 990 || strings.IndexFunc(line, func(c rune) bool { return c != '\t' && notASCII(c) }) >= 0 {
			return false
		}
	}
	return true
}

func domainOf(address string) string {
	_, domain, ok := strings.Cut(address, "@")
	if !ok || domain == "" {
		return "localhost"
	}
	return domain
}
