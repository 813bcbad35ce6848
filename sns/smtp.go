package sns

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"time"
)

// SMTP is a Mailer that hands mails to a mail server.
type SMTP struct {
	Address  string // host:port; port 465 is TLS from the first byte
	Username string // empty: no authentication
	Password func() (string, error)
	Plain    bool        // no STARTTLS; else a server without it is refused
	TLS      *tls.Config // nil: the system's roots
	Hello    string      // what we call ourselves; localhost if empty
	Dial     func(ctx context.Context, network, address string) (net.Conn, error)
}

var _ Mailer = (*SMTP)(nil)

// Send hands one mail on. The server has it when Send returns nil.
func (s *SMTP) Send(ctx context.Context, from, to string, mail []byte) error {
	conn, err := s.connect(ctx)
	if err != nil {
		return fmt.Errorf("connect to the mail server: %w", err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })() // a stalled server ends with ctx
	host, _, err := net.SplitHostPort(s.Address)
	if err != nil {
		return err
	}
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return fmt.Errorf("greet the mail server: %w", err)
	}
	defer c.Close()
	if err := s.prepare(c, host); err != nil {
		return err
	}
	return transfer(c, from, to, mail)
}

func (s *SMTP) connect(ctx context.Context) (net.Conn, error) {
	dial := s.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, "tcp", s.Address)
	if err != nil {
		return nil, err
	}
	host, port, _ := net.SplitHostPort(s.Address)
	if port != "465" {
		return conn, nil
	}
	secure := tls.Client(conn, s.tls(host))
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secure, nil
}

func (s *SMTP) tls(host string) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.TLS != nil {
		c = s.TLS.Clone()
	}
	if c.ServerName == "" {
		c.ServerName = host
	}
	return c
}

// prepare makes the session private and says who we are.
func (s *SMTP) prepare(c *smtp.Client, host string) error {
	if s.Hello != "" {
		if err := c.Hello(s.Hello); err != nil {
			return fmt.Errorf("greet the mail server: %w", err)
		}
	}
	if _, secure := c.TLSConnectionState(); !secure && !s.Plain {
		if ok, _ := c.Extension("STARTTLS"); !ok {
			return errors.New("the mail server offers no STARTTLS; smtp.starttls=never sends in clear")
		}
		if err := c.StartTLS(s.tls(host)); err != nil {
			return fmt.Errorf("start TLS with the mail server: %w", err)
		}
	}
	if s.Username == "" {
		return nil
	}
	password, err := s.Password()
	if err != nil {
		return fmt.Errorf("password of the mail server: %w", err)
	}
	if err := c.Auth(smtp.PlainAuth("", s.Username, password, host)); err != nil {
		return fmt.Errorf("sign in to the mail server: %w", err)
	}
	return nil
}

// transfer gives the mail over. A no of class 5 to the mail itself is final.
func transfer(c *smtp.Client, from, to string, mail []byte) error {
	if err := c.Mail(from); err != nil {
		return refusal("sender", err)
	}
	if err := c.Rcpt(to); err != nil {
		return refusal("recipient", err)
	}
	w, err := c.Data()
	if err != nil {
		return refusal("mail", err)
	}
	if _, err := w.Write(mail); err != nil {
		return fmt.Errorf("send the mail: %w", err)
	}
	if err := w.Close(); err != nil {
		return refusal("mail", err)
	}
	_ = c.Quit() // it has the mail; how it says goodbye does not matter
	return nil
}

func refusal(what string, err error) error {
	if e, ok := errors.AsType[*textproto.Error](err); ok && e.Code >= 500 {
		return &Refusal{Code: e.Code, Msg: what + ": " + e.Msg}
	}
	return fmt.Errorf("the mail server on the %s: %w", what, err)
}
