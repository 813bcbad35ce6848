package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/sns"
)

// mailFolder is where `hearth dev` puts mails if there is no mail server.
func (c *Config) mailFolder() string { return filepath.Join(c.Storage.Path, "mail") }

// mailTo says where mails go.
func mailTo(c *Config) string { return orElse(c.SMTP.Address, c.mailFolder()) }

func (c *Config) checkMail() error {
	m := &c.SMTP
	if m.StartTLS != "always" && m.StartTLS != "never" {
		return fmt.Errorf("smtp.starttls: %q is none of always, never", m.StartTLS)
	}
	if a, err := mail.ParseAddress(m.From); err != nil || a.Address != m.From {
		return fmt.Errorf("smtp.from: %q is not an address such as alerts@example.org", m.From)
	}
	if m.Address == "" {
		return nil
	}
	if _, _, err := net.SplitHostPort(m.Address); err != nil {
		return fmt.Errorf("smtp.address: %w", err)
	}
	if (m.Username == "") != (m.PasswordFile == "") {
		return errors.New("smtp.username and smtp.password-file go together: one of them is empty")
	}
	return nil
}

// mailer sends mails to the configured server; without one `hearth dev` puts
// them into a folder, and `hearth serve` has none.
func (p *program) mailer() (sns.Mailer, error) {
	m := &p.config.SMTP
	switch {
	case m.Address == "" && p.mode == "dev":
		return sns.NewMaildir(p.config.mailFolder())
	case m.Address == "":
		return nil, nil
	}
	return &sns.SMTP{
		Address: m.Address, Username: m.Username, Plain: m.StartTLS == "never",
		Password: func() (string, error) {
			text, err := os.ReadFile(m.PasswordFile)
			return strings.TrimRight(string(text), "\r\n"), err
		},
	}, nil
}

// guardedClient makes the requests that a user's configuration causes.
func (c *Config) guardedClient() *http.Client {
	return &http.Client{
		Timeout: time.Minute,
		Transport: &http.Transport{
			DialContext:            c.dialer().DialContext,
			TLSHandshakeTimeout:    10 * time.Second,
			ResponseHeaderTimeout:  15 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConnsPerHost:    4,
			MaxIdleConns:           64,
			IdleConnTimeout:        time.Minute,
			DisableCompression:     true, // no answer is bigger than it looks
		},
	}
}

func (p *program) openSNS() (*sns.Room, error) {
	keys, err := p.config.keyring()
	if err != nil {
		return nil, err
	}
	sealer, err := keys.Sealer("sns signing key")
	if err != nil {
		return nil, err
	}
	mailer, err := p.mailer()
	if err != nil {
		return nil, err
	}
	forwards, err := p.config.forwards(context.Background())
	if err != nil {
		return nil, err
	}
	o := sns.Options{
		Store: p.rooms.store, Policies: p.rooms.iam, Client: p.config.guardedClient(), Sealer: sealer, From: p.config.SMTP.From, Forwards: forwards,
		Profile: hearth.Profile(p.config.Profile), ExternalURL: p.url, Recorder: p.rooms.ledger, Log: p.log, Metrics: p.registry,
	}
	if mailer != nil {
		o.Mail = mailer
	}
	return sns.New(o), nil
}
