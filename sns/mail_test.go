package sns

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"mime"
	"net"
	"net/mail"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
)

// A mailServer speaks enough SMTP to take mails, with STARTTLS and AUTH.
type mailServer struct {
	addr  string
	roots *x509.CertPool

	mu    sync.Mutex
	mails []string
	auth  string
	reply map[string]string // other answers than yes, by verb
}

func newMailServer(t testing.TB, startTLS bool, reply map[string]string) *mailServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cert, roots := selfSigned(t)
	s := &mailServer{addr: l.Addr().String(), roots: roots, reply: reply}
	var conns sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); conns.Wait() })
	conns.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { s.serve(conn, startTLS, cert) })
		}
	})
	return s
}

func selfSigned(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

func (s *mailServer) serve(conn net.Conn, startTLS bool, cert tls.Certificate) {
	defer func() { _ = conn.Close() }()
	text := textproto.NewConn(conn)
	_ = text.PrintfLine("220 sink")
	for {
		line, err := text.ReadLine()
		if err != nil {
			return
		}
		verb := strings.ToUpper(strings.Fields(line + " x")[0])
		switch other := s.reply[verb]; {
		case other == "hang":
			_, _ = text.ReadLine() // until the client goes
			return
		case other != "":
			_ = text.PrintfLine("%s", other)
		case verb == "EHLO" && startTLS:
			_ = text.PrintfLine("250-sink")
			_ = text.PrintfLine("250-AUTH PLAIN")
			_ = text.PrintfLine("250 STARTTLS")
		case verb == "STARTTLS":
			_ = text.PrintfLine("220 go")
			conn, startTLS = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}}), true
			text = textproto.NewConn(conn)
		case verb == "AUTH":
			s.mu.Lock()
			s.auth = line
			s.mu.Unlock()
			_ = text.PrintfLine("235 welcome")
		case verb == "DATA":
			_ = text.PrintfLine("354 go")
			body, err := text.ReadDotBytes()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.mails = append(s.mails, string(body))
			s.mu.Unlock()
			_ = text.PrintfLine("250 taken")
		case verb == "QUIT":
			_ = text.PrintfLine("221 bye")
			return
		default:
			_ = text.PrintfLine("250 fine")
		}
	}
}

func (s *mailServer) taken() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.mails...)
}

func TestSMTP(t *testing.T) {
	secret := func() (string, error) { return "secret", nil }
	for _, c := range []struct {
		name     string
		startTLS bool
		reply    map[string]string
		use      func(*SMTP)
		want     string // of the error; empty: it is taken
		final    bool
	}{
		{"TLS and a password", true, nil, func(s *SMTP) { s.Username, s.Password = "me", secret }, "", false},
		{"in clear, as asked", false, nil, func(s *SMTP) { s.Plain = true }, "", false},
		{"no STARTTLS", false, nil, func(*SMTP) {}, "offers no STARTTLS", false},
		{"nobody we know", true, nil, func(s *SMTP) { s.TLS = nil }, "certificate", false},
		{"no password file", true, nil, func(s *SMTP) {
			s.Username, s.Password = "me", func() (string, error) { return "", os.ErrNotExist }
		}, "password of the mail server", false},
		{"wrong password", true, map[string]string{"AUTH": "535 no"}, func(s *SMTP) { s.Username, s.Password = "me", secret }, "sign in", false},
		{"no such person", false, map[string]string{"RCPT": "550 no such user"}, func(s *SMTP) { s.Plain = true }, "550 recipient: no such user", true},
		{"full mailbox", false, map[string]string{"RCPT": "452 full"}, func(s *SMTP) { s.Plain = true }, `452 "full"`, false},
		{"stalls at the greeting", false, map[string]string{"EHLO": "hang"}, func(s *SMTP) { s.Plain = true }, "i/o timeout", false},
		{"stalls at the mail", false, map[string]string{"DATA": "hang"}, func(s *SMTP) { s.Plain = true }, "i/o timeout", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := newMailServer(t, c.startTLS, c.reply)
			s := &SMTP{Address: server.addr, TLS: &tls.Config{RootCAs: server.roots}}
			c.use(s)
			limit := time.Minute
			if c.want == "i/o timeout" {
				limit = time.Second
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			err := s.Send(ctx, "a@example.org", "b@example.org", []byte("Subject: x\r\n\r\nhello\r\n.\r\n"))
			if c.want == "" {
				if got := server.taken(); err != nil || len(got) != 1 || !strings.Contains(got[0], "hello\n.\n") {
					t.Errorf("%v, taken %q", err, got)
				}
				return
			}
			_, final := errors.AsType[*Refusal](err)
			if err == nil || !strings.Contains(err.Error(), c.want) || final != c.final {
				t.Errorf("%v (final: %v), want %q (final: %v)", err, final, c.want, c.final)
			}
		})
	}
}

// A mail server that stalls, or is away, delays mails; it loses none, and gets
// each once.
func TestMailWaitsForItsServer(t *testing.T) {
	h := newHouse(t)
	topic := h.topic("alerts", nil)
	h.subscribed(topic, "email", "me@example.org", nil)
	h.box.fail(errTest)
	id := h.say(topic, "hello")
	h.run()
	h.eventually("a few failures", time.Second, func() bool { return strings.Count(h.outcomes(id), "failed") >= 4 })
	h.box.fail(nil)
	h.eventually("delivery", time.Second, func() bool { return strings.HasSuffix(h.outcomes(id), "delivered") })
	if got := h.box.all(); len(got) != 1 {
		t.Errorf("%d mails", len(got))
	}
}

func TestMailRefusedForGood(t *testing.T) {
	h := newHouse(t)
	topic := h.topic("alerts", nil)
	h.subscribed(topic, "email", "me@example.org", nil)
	h.box.fail(&Refusal{550, "no such user"})
	id := h.say(topic, "hello")
	h.run()
	h.eventually("the end", time.Second, func() bool { return h.outcomes(id) == "published dead-letter" })
	h.eventually("an empty queue", 0, func() bool { d, m := h.left(); return d == 0 && m == 0 })
	if h.dead() != 1 {
		t.Errorf("%d dead letters", h.dead())
	}
}

// What mails say, and that nobody who publishes can add a header.
func TestMails(t *testing.T) {
	h := newHouse(t)
	topic := h.topic("alerts", map[string]string{"DisplayName": "On call"})
	h.subscribed(topic, "email", "me@example.org", nil)
	if _, err := h.Subscribe(h.as(own), topic, "email", "new@example.org", nil); err != nil {
		t.Fatal(err)
	}
	h.run()
	h.eventually("the question", 0, func() bool { return len(h.box.all()) == 1 })
	m := parsed(t, h.box.all()[0])
	if m.head.Get("Subject") != "AWS Notification - Subscription Confirmation" || m.head.Get("To") != "new@example.org" ||
		m.head.Get("From") != `"On call" <hearth@example.org>` || !strings.Contains(m.body, "http://hearth.test:4750/?Action=ConfirmSubscription&TopicArn=") {
		t.Errorf("%v\n%s", m.head, m.body)
	}
	if _, err := h.Publish(t.Context(), hearth.Workspace{Account: own}, topic.String(), "Fire\r\nBcc: all@example.org", "hello", nil); hearth.KindOf(err) != hearth.Invalid {
		t.Errorf("a subject of two lines: %v", err)
	}
	evil := "Bcc: all@example.org"
	for _, c := range []struct{ subject, body, want string }{
		{"Fire", "hello\n\n" + evil, "Fire"},
		{"", "ünïcödé", defaultSubject},
		{"Fire", "hello\r\n.\r\n" + evil, "Fire"},
		{"Dach", strings.Repeat("x", 2000), "Dach"},
	} {
		had := len(h.box.all())
		if _, err := h.Publish(t.Context(), hearth.Workspace{Account: own}, topic.String(), c.subject, c.body, nil); err != nil {
			t.Fatal(err)
		}
		h.eventually("a mail", 0, func() bool { return len(h.box.all()) > had })
		text := h.box.all()[had]
		m := parsed(t, text)
		if m.head.Get("Subject") != c.want || m.head.Get("Bcc") != "" || !strings.Contains(text, "\r\nList-Unsubscribe: <http://hearth.test:4750/sns/unsubscribe?") {
			t.Errorf("%q: %v", c.subject, m.head)
		}
		if m.head.Get("Content-Transfer-Encoding") == "7bit" && !strings.Contains(strings.ReplaceAll(m.body, "\r\n", "\n"), strings.ReplaceAll(c.body, "\r\n", "\n")) {
			t.Errorf("%q: body %q", c.body, m.body)
		}
		for line := range strings.SplitSeq(text, "\n") {
			if len(line) > 999 || !strings.HasSuffix(line, "\r") && line != "" && !strings.HasSuffix(text, line) {
				t.Errorf("line %.80q", line)
			}
		}
	}
}

type readMail struct {
	head mail.Header
	body string
}

func parsed(t testing.TB, text string) readMail {
	t.Helper()
	m, err := mail.ReadMessage(bufio.NewReader(strings.NewReader(text)))
	if err != nil {
		t.Fatalf("%v: %q", err, text)
	}
	body, err := io.ReadAll(m.Body)
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	m.Header["Subject"] = []string{subject}
	return readMail{m.Header, string(body)}
}

func TestEmailJSON(t *testing.T) {
	h := newHouse(t)
	topic := h.topic("alerts", nil)
	h.subscribed(topic, "email-json", "me@example.org", nil)
	h.run()
	id, err := h.PublishMessage(h.as(own), Message{Topic: topic, Body: `{"default":"plain","email-json":"for programs"}`, Structured: true})
	if err != nil {
		t.Fatal(err)
	}
	h.eventually("a mail", 0, func() bool { return len(h.box.all()) == 1 })
	body := parsed(t, h.box.all()[0]).body
	if e := h.verified(body); e.Message != "for programs" || e.MessageId != id || e.UnsubscribeURL == "" {
		t.Errorf("%+v", e)
	}
}

func TestAddresses(t *testing.T) {
	for s, good := range map[string]bool{
		"me@example.org": true, "a.b+c@x.example.org": true, "o'brien@example.org": true,
		"": false, "me": false, "me@example.org\r\nBcc: x@y": false, "Me <me@example.org>": false, "<me@example.org>": false,
		"me@example.org, you@example.org": false, "mé@example.org": false, `"a b"@example.org`: false, "me@ex ample.org": false,
		strings.Repeat("a", 250) + "@example.org": false,
	} {
		if err := checkAddress(s); (err == nil) != good {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestMaildir(t *testing.T) {
	dir := t.TempDir()
	m, err := NewMaildir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := m.Send(t.Context(), "", "", []byte("Subject: x\r\n\r\nhello")); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "new", "*"))
	if err != nil || len(files) != 2 {
		t.Fatalf("%v %v", files, err)
	}
	if tmp, _ := filepath.Glob(filepath.Join(dir, "tmp", "*")); len(tmp) != 0 {
		t.Errorf("left behind: %v", tmp)
	}
}
