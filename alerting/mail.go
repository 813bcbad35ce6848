package alerting

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/notify/email"
	commoncfg "github.com/prometheus/common/config"
)

// mail sends one rendered message by SMTP. Upstream's integration makes its own
// connections, which nothing guards; otherwise this does what that does.
func (s *sender) mail(ctx context.Context, c *config.EmailConfig) (retry bool, err error) {
	from, to, err := addresses(c)
	if err != nil {
		return false, err
	}
	text, err := compose(c)
	if err != nil {
		return false, err
	}
	conn, err := s.connect(ctx, c)
	if err != nil {
		return true, fmt.Errorf("connect to %s: %w", c.Smarthost, err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	client, err := smtp.NewClient(conn, c.Smarthost.Host)
	if err != nil {
		return true, err
	}
	if err := greet(client, c); err != nil {
		return true, err
	}
	if err := deliver(client, from, to, text); err != nil {
		return true, err
	}
	_ = client.Quit() // the message was taken
	return false, nil
}

// withSubject adds upstream's subject where the definition has none.
func withSubject(c *config.EmailConfig) *config.EmailConfig {
	out := *c
	out.Headers = maps.Clone(c.Headers)
	if out.Headers == nil {
		out.Headers = map[string]string{}
	}
	if _, ok := out.Headers["Subject"]; !ok {
		out.Headers["Subject"] = config.DefaultEmailSubject
	}
	return &out
}

func addresses(c *config.EmailConfig) (from string, to []string, err error) {
	one, err := mail.ParseAddress(c.From)
	if err != nil {
		return "", nil, fmt.Errorf("parse 'from' address: %w", err)
	}
	many, err := mail.ParseAddressList(c.To)
	if err != nil {
		return "", nil, fmt.Errorf("parse 'to' addresses: %w", err)
	}
	for _, a := range many {
		to = append(to, a.Address)
	}
	return one.Address, to, nil
}

func (s *sender) connect(ctx context.Context, c *config.EmailConfig) (net.Conn, error) {
	conn, err := s.dial(ctx, "tcp", c.Smarthost.String())
	if err != nil {
		return nil, err
	}
	implicit := c.Smarthost.Port == "465"
	if c.ForceImplicitTLS != nil {
		implicit = *c.ForceImplicitTLS
	}
	if !implicit {
		return conn, nil
	}
	conf, err := tlsOf(c)
	if err != nil {
		conn.Close()
		return nil, err
	}
	secure := tls.Client(conn, conf)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return secure, nil
}

func tlsOf(c *config.EmailConfig) (*tls.Config, error) {
	var from commoncfg.TLSConfig
	if c.TLSConfig != nil {
		from = *c.TLSConfig
	}
	conf, err := commoncfg.NewTLSConfig(&from)
	if err != nil {
		return nil, fmt.Errorf("TLS configuration: %w", err)
	}
	if conf.ServerName == "" {
		conf.ServerName = c.Smarthost.Host
	}
	return conf, nil
}

// greet brings the connection to where a message can be sent.
func greet(client *smtp.Client, c *config.EmailConfig) error {
	if c.Hello != "" {
		if err := client.Hello(c.Hello); err != nil {
			return fmt.Errorf("send EHLO command: %w", err)
		}
	}
	if _, secure := client.TLSConnectionState(); !secure && (c.RequireTLS == nil || *c.RequireTLS) {
		if ok, _ := client.Extension("STARTTLS"); !ok {
			return fmt.Errorf("'require_tls' is true (default) but %q does not advertise the STARTTLS extension", c.Smarthost)
		}
		conf, err := tlsOf(c)
		if err != nil {
			return err
		}
		if err := client.StartTLS(conf); err != nil {
			return fmt.Errorf("send STARTTLS command: %w", err)
		}
	}
	ok, mechanisms := client.Extension("AUTH")
	if !ok || c.AuthUsername == "" {
		return nil
	}
	auth, err := authOf(c, mechanisms)
	if err != nil {
		return err
	}
	return client.Auth(auth)
}

func authOf(c *config.EmailConfig, mechanisms string) (smtp.Auth, error) {
	for _, m := range strings.Fields(mechanisms) {
		switch {
		case m == "CRAM-MD5" && c.AuthSecret != "":
			return smtp.CRAMMD5Auth(c.AuthUsername, string(c.AuthSecret)), nil
		case m == "PLAIN" && c.AuthPassword != "":
			return smtp.PlainAuth(c.AuthIdentity, c.AuthUsername, string(c.AuthPassword), c.Smarthost.Host), nil
		case m == "LOGIN" && c.AuthPassword != "":
			return email.LoginAuth(c.AuthUsername, string(c.AuthPassword)), nil
		}
	}
	return nil, fmt.Errorf("the mail server offers %s, for none of which the definition has a secret", mechanisms)
}

func deliver(client *smtp.Client, from string, to []string, text []byte) error {
	if err := client.Mail(from); err != nil {
		return fmt.Errorf("send MAIL command: %w", err)
	}
	for _, a := range to {
		if err := client.Rcpt(a); err != nil {
			return fmt.Errorf("send RCPT command: %w", err)
		}
	}
	w, err := client.Data()
	if err != nil {
		return fmt.Errorf("send DATA command: %w", err)
	}
	if _, err := w.Write(text); err != nil {
		return errors.Join(err, w.Close())
	}
	return w.Close()
}

// compose writes the message with upstream's headers and parts.
func compose(c *config.EmailConfig) ([]byte, error) {
	var out, body bytes.Buffer
	headers := map[string]string{"Subject": "", "To": c.To, "From": c.From, "Message-Id": "<" + uuid.NewString() + "@hearth>"}
	for name, value := range c.Headers {
		headers[textproto.CanonicalMIMEHeaderKey(name)] = value
	}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		value := strings.NewReplacer("\r", "", "\n", " ").Replace(headers[name]) // labels must not add headers
		fmt.Fprintf(&out, "%s: %s\r\n", strings.NewReplacer("\r", "", "\n", "", ":", "").Replace(name), mime.QEncoding.Encode("utf-8", value))
	}
	parts := multipart.NewWriter(&body)
	for _, p := range []struct{ kind, text string }{{"text/plain", c.Text}, {"text/html", c.HTML}} {
		if p.text == "" {
			continue
		}
		if err := addPart(parts, p.kind, p.text); err != nil {
			return nil, err
		}
	}
	if err := parts.Close(); err != nil {
		return nil, err
	}
	fmt.Fprintf(&out, "Date: %s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative;  boundary=%s\r\n\r\n",
		time.Now().Format(time.RFC1123Z), parts.Boundary())
	return append(out.Bytes(), body.Bytes()...), nil
}

func addPart(parts *multipart.Writer, kind, text string) error {
	w, err := parts.CreatePart(textproto.MIMEHeader{
		"Content-Transfer-Encoding": {"quoted-printable"},
		"Content-Type":              {kind + "; charset=UTF-8"},
	})
	if err != nil {
		return err
	}
	q := quotedprintable.NewWriter(w)
	if _, err := q.Write([]byte(text)); err != nil {
		return err
	}
	return q.Close()
}
