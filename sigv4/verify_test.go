package sigv4

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
)

// signedText returns a signed remote write as it arrives, with its body.
func signedText(t testing.TB) string {
	t.Helper()
	body := "snappy\x01\x02"
	r := newRequest(t, http.MethodPost, "http://hearth.example:4750/workspaces/ws-1/api/v1/remote_write?a=1&b=2&q=x%2B%20%3B%25", []byte(body))
	for name, value := range map[string]string{
		"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy", "X-Prometheus-Remote-Write-Version": "0.1.0", "User-Agent": "u",
	} {
		r.Header.Set(name, value)
	}
	keys := exampleKeys
	keys.SessionToken = "session"
	signAs(t, r, []byte(body), exampleTime, keys, "us-east-1")
	var wire strings.Builder
	if err := r.Write(&wire); err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(wire.String(), "\r\n", "\n")
}

func verify(r *http.Request, k Known) error {
	s, err := Parse(r)
	if err != nil {
		return err
	}
	return new(Verifier).Verify(s, r, k)
}

func TestAnyChangeIsRefused(t *testing.T) {
	text := signedText(t)
	r, body := arrived(t, text)
	check(t, r, body, exampleTime)
	for _, c := range []struct{ name, old, new string }{
		{"method", "POST ", "PUT "},
		{"path", "ws-1", "ws-2"},
		{"path case", "remote_write", "Remote_write"},
		{"path encoded", "remote_write", "remote%5Fwrite"},
		{"trailing slash", "remote_write?", "remote_write/?"},
		{"dot segments", "/ws-1/", "/ws-2/../ws-1/"},
		{"query value", "a=1", "a=2"},
		{"query name", "a=1", "c=1"},
		{"query added", "a=1", "a=1&a=1"},
		{"query dropped", "a=1&", ""},
		{"host", "Host: hearth.example:4750", "Host: hearth.example:4751"},
		{"signed header", "0.1.0", "2.0.0"},
		{"signed header doubled", "Content-Encoding: snappy", "Content-Encoding: snappy\nContent-Encoding: snappy"},
		{"signed header dropped", "Content-Encoding: snappy\n", ""},
		{"content type", "x-protobuf", "json"},
		{"token", ": session", ": sessiom"},
		{"body", "snappy\x01\x02", "snappy\x01\x03"},
		{"time", "X-Amz-Date: 20150830T123600Z", "X-Amz-Date: 20150830T123601Z"},
		{"access key's date", "AKIDEXAMPLE/20150830", "AKIDEXAMPLE/20150831"},
		{"region", "us-east-1", "us-west-1"},
		{"service", "/aps/", "/grafana/"},
		{"signed headers", ";content-type;", ";"},
		{"signature", "Signature=", "Signature=0"},
		{"scheme", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA1 "},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed := strings.Replace(text, c.old, c.new, 1)
			if changed == text {
				t.Fatalf("nothing to change: %q", text)
			}
			r, body := arrived(t, changed)
			if err := verify(r, Known{Secret: exampleSecret, Body: body, Now: exampleTime}); hearth.KindOf(err) != hearth.Unauthenticated {
				t.Errorf("Verify = %v, want Unauthenticated", err)
			}
		})
	}
}

func TestEachSignatureDigitMatters(t *testing.T) {
	r, body := arrived(t, signedText(t))
	s, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	var v Verifier
	for i := range s.Value {
		s.Value[i] ^= 1
		if err := v.Verify(s, r, Known{Secret: exampleSecret, Body: body, Now: exampleTime}); err == nil {
			t.Errorf("byte %d of the signature may be anything", i)
		}
		s.Value[i] ^= 1
	}
}

func TestHarmlessChangesPass(t *testing.T) {
	text := signedText(t)
	for _, c := range []struct{ name, old, new string }{
		{"unsigned header", "User-Agent: u", "User-Agent: v\nVia: proxy"},
		{"query order", "a=1&b=2", "b=2&a=1"},
		{"doubled slash", "/api/v1/", "//api/v1/"},
		{"blanks", "Content-Encoding: snappy", "Content-Encoding:   snappy  "},
		{"encoding of what needs none", "a=1", "%61=1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, body := arrived(t, strings.Replace(text, c.old, c.new, 1))
			check(t, r, body, exampleTime)
		})
	}
}

func TestWrongOrReplacedSecret(t *testing.T) {
	r, body := arrived(t, signedText(t))
	s, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	var v Verifier
	for i, secret := range []string{"other", exampleSecret, "other", exampleSecret, ""} {
		err := v.Verify(s, r, Known{Secret: secret, Body: body, Now: exampleTime})
		if (err == nil) != (secret == exampleSecret) {
			t.Errorf("call %d with secret %q: %v", i, secret, err)
		}
	}
}

func TestTime(t *testing.T) {
	r, body := arrived(t, signedText(t))
	for _, c := range []struct {
		off  time.Duration // of the server's clock
		want string
	}{
		{0, ""},
		{MaxSkew, ""},
		{-MaxSkew, ""},
		{MaxSkew + time.Second, "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)"},
		{-MaxSkew - time.Second, "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + 5 min.)"},
		{24 * time.Hour, "Signature expired: 20150830T123600Z is now earlier than 20150831T123100Z (20150831T123600Z - 5 min.)"},
	} {
		err := verify(r, Known{Secret: exampleSecret, Body: body, Now: exampleTime.Add(c.off)})
		if c.want == "" {
			if err != nil {
				t.Errorf("clock off by %v: %v", c.off, err)
			}
			continue
		}
		o, ok := errors.AsType[*OutOfTime](err)
		if e, _ := errors.AsType[*hearth.Error](err); !ok || e.Msg != c.want || o.Skew() != -c.off {
			t.Errorf("clock off by %v: %v, want %q", c.off, err, c.want)
		}
	}
}

func TestScopeOfAnotherDay(t *testing.T) {
	r, _ := arrived(t, strings.Replace(signedText(t), "AKIDEXAMPLE/20150830", "AKIDEXAMPLE/20150829", 1))
	err := verify(r, Known{Secret: exampleSecret, Now: exampleTime})
	w, ok := errors.AsType[*WrongDate](err)
	if !ok || w.Scope != "20150829" || !w.Time.Equal(exampleTime) {
		t.Errorf("Verify = %v, want a WrongDate", err)
	}
}

func TestPayloads(t *testing.T) {
	const body = "a body"
	actual := fmt.Sprintf("%x", BodyOf([]byte(body)).SHA256)
	for _, c := range []struct {
		name, header, signed string
		tls                  bool
		want                 string // in the error
	}{
		{"absent", "", actual, false, ""},
		{"right", actual, actual, false, ""},
		{"right in capitals", strings.ToUpper(actual), strings.ToUpper(actual), false, ""},
		{"wrong", emptySHA256, emptySHA256, true, "does not match what was computed"},
		{"unsigned in the clear", unsignedPayload, unsignedPayload, false, "over TLS only"},
		{"unsigned over TLS", unsignedPayload, unsignedPayload, true, ""},
		{"unsigned without saying so", "", unsignedPayload, true, "does not match the signature"},
		{"streaming", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", true, "'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' is not supported"},
		{"streaming unsigned", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "", true, "'STREAMING-UNSIGNED-PAYLOAD-TRAILER' is not supported"},
		{"nonsense", "abc", "abc", true, "does not match what was computed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRequest(t, http.MethodPost, "http://h/", nil)
			if c.header != "" {
				r.Header.Set("X-Amz-Content-Sha256", c.header)
			}
			signPayload(t, r, c.signed)
			err := verify(r, Known{Secret: exampleSecret, Body: BodyOf([]byte(body)), Now: exampleTime, TLS: c.tls})
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("Verify = %v, want %q", err, c.want)
			}
		})
	}
}

func TestFindings(t *testing.T) {
	for _, c := range []struct {
		name, path, payload string
		want                string
	}{
		{"path encoded once", "/a%20b", emptySHA256, "once"},
		{"empty body signed", "/", emptySHA256, "empty body"},
		{"unsigned payload", "/", unsignedPayload, unsignedPayload},
		{"something else", "/", strings.Repeat("0", 64), ""},
	} {
		r := newRequest(t, http.MethodPost, "http://h"+c.path, nil)
		authorise(r, "h", c.path, exampleTime)
		body := BodyOf(nil)
		if c.path == "/" {
			signPayload(t, r, c.payload)
			body = BodyOf([]byte("a body"))
		}
		m, ok := errors.AsType[*Mismatch](verify(r, Known{Secret: exampleSecret, Body: body, Now: exampleTime}))
		if !ok || !strings.Contains(m.Finding, c.want) || c.want == "" && m.Finding != "" {
			t.Errorf("%s: %+v, want a finding with %q", c.name, m, c.want)
		}
	}
}

func TestDroppedHeadersAreNamed(t *testing.T) {
	text := signedText(t)
	text = strings.Replace(text, "Content-Encoding: snappy\n", "", 1)
	text = strings.Replace(text, "Content-Type: application/x-protobuf\n", "", 1)
	r, body := arrived(t, text)
	m, ok := errors.AsType[*Mismatch](verify(r, Known{Secret: exampleSecret, Body: body, Now: exampleTime}))
	if want := []string{"content-encoding", "content-type"}; !ok || !slices.Equal(m.Missing, want) {
		t.Errorf("Verify = %+v, want %v missing", m, want)
	}
}

func TestKeysAreBounded(t *testing.T) {
	var c keys
	for i := range 5 * maxKeys {
		s := &Signature{AccessKeyID: fmt.Sprint(i)}
		c.keep(s, "secret", [32]byte{})
		if len(c.young)+len(c.old) > 2*maxKeys {
			t.Fatalf("%d keys are remembered", len(c.young)+len(c.old))
		}
	}
	old := &Signature{AccessKeyID: fmt.Sprint(3*maxKeys + 1)}
	if _, kept := c.signingKey(old, "secret"); !kept {
		t.Error("a key of the older generation was forgotten")
	}
}

func TestStrangersDoNotFillTheKeys(t *testing.T) {
	var v Verifier
	r, body := arrived(t, signedText(t))
	s, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Verify(s, r, Known{Secret: "wrong", Body: body, Now: exampleTime}); err == nil {
		t.Fatal("verified")
	}
	if n := len(v.keys.young); n != 0 {
		t.Errorf("%d keys remembered of a signature that did not hold", n)
	}
}

// What the door computes by itself is crypto/hmac's.
func TestSealed(t *testing.T) {
	var key [sha256.Size]byte
	for n := range 300 {
		key[n%len(key)] += byte(n + 1)
		text := strings.Repeat("t", n)
		mac := hmac.New(sha256.New, key[:])
		mac.Write([]byte(text))
		got := sealed(&key, sha256.Sum256(append(appendPad(nil, &key, 0x36), text...)))
		if !bytes.Equal(got[:], mac.Sum(nil)) {
			t.Fatalf("%d bytes: %x, want %x", n, got, mac.Sum(nil))
		}
	}
}
