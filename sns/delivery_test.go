package sns

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"path"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hearth-metrics/hearth"
)

// verified parses an envelope and checks its signature with the certificate it
// names, as a receiver does.
func (h *house) verified(text string) envelope {
	h.t.Helper()
	var e envelope
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		h.t.Fatalf("%v: %s", err, text)
	}
	if !strings.HasPrefix(e.SigningCertURL, "http://hearth.test:4750/sns/SimpleNotificationService-") {
		h.t.Fatalf("certificate at %s", e.SigningCertURL)
	}
	pemText, err := h.Certificate(h.t.Context(), path.Base(e.SigningCertURL))
	if err != nil {
		h.t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(pemText))
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		h.t.Fatal(err)
	}
	sig, err := base64.StdEncoding.DecodeString(e.Signature)
	if err != nil {
		h.t.Fatal(err)
	}
	hash, sum := crypto.SHA1, sha1.Sum([]byte(stringToSign(e)))
	digest := sum[:]
	if e.SignatureVersion == "2" {
		long := sha256.Sum256([]byte(stringToSign(e)))
		hash, digest = crypto.SHA256, long[:]
	}
	if err := rsa.VerifyPKCS1v15(cert.PublicKey.(*rsa.PublicKey), hash, digest, sig); err != nil {
		h.t.Errorf("signature: %v", err)
	}
	return e
}

// stringToSign is written from AWS's description, apart from the room's own.
func stringToSign(e envelope) string {
	if e.Type == "Notification" {
		s := "Message\n" + e.Message + "\nMessageId\n" + e.MessageId + "\n"
		if e.Subject != "" {
			s += "Subject\n" + e.Subject + "\n"
		}
		return s + "Timestamp\n" + e.Timestamp + "\nTopicArn\n" + e.TopicArn + "\nType\n" + string(e.Type) + "\n"
	}
	return "Message\n" + e.Message + "\nMessageId\n" + e.MessageId + "\nSubscribeURL\n" + e.SubscribeURL + "\nTimestamp\n" + e.Timestamp +
		"\nToken\n" + e.Token + "\nTopicArn\n" + e.TopicArn + "\nType\n" + string(e.Type) + "\n"
}

// An endpoint is asked, confirms, gets what is published, and says goodbye.
func TestTheLifeOfAnHTTPSubscription(t *testing.T) {
	for _, version := range []string{"1", "2"} {
		h := newHouse(t)
		topic := h.topic("alerts", map[string]string{"SignatureVersion": version})
		end := newSink(t, nil)
		h.run()
		s, err := h.Subscribe(h.as(own), topic, "http", end.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		h.eventually("the question", 0, func() bool { return end.count() == 1 })
		req, body := end.at(0)
		e := h.verified(body)
		if e.Type != "SubscriptionConfirmation" || e.SignatureVersion != version || req.Header.Get("x-amz-sns-message-type") != "SubscriptionConfirmation" {
			t.Errorf("question: %+v %v", e, req.Header)
		}
		if !strings.Contains(e.SubscribeURL, "Token="+e.Token) || s.ListedARN() != "PendingConfirmation" {
			t.Errorf("question: %+v", e)
		}
		if _, err := h.Confirm(t.Context(), topic, e.Token, false, false); err != nil {
			t.Fatal(err)
		}
		id := h.say(topic, "it burns <&>")
		h.eventually("the message", 0, func() bool { return end.count() == 2 })
		req, body = end.at(1)
		e = h.verified(body)
		if e.Message != "it burns <&>" || e.Subject != "Subject" || e.MessageId != id || req.Header.Get("x-amz-sns-subscription-arn") != s.ARN() {
			t.Errorf("message: %+v %v", e, req.Header)
		}
		if err := h.Unsubscribe(t.Context(), topic, s.ID, false); err != nil {
			t.Fatal(err)
		}
		h.eventually("the farewell", 0, func() bool { return end.count() == 3 })
		_, body = end.at(2)
		if e = h.verified(body); e.Type != "UnsubscribeConfirmation" {
			t.Errorf("farewell: %+v", e)
		}
		h.say(topic, "nobody hears")
		if back, err := h.Confirm(t.Context(), topic, e.Token, false, false); err != nil || back.ARN() != s.ARN() {
			t.Errorf("coming back: %v", err)
		}
		h.eventually("an empty queue", 0, func() bool { d, m := h.left(); return d == 0 && m == 0 })
		if end.count() != 3 {
			t.Errorf("%d requests", end.count())
		}
	}
}

func TestRawDelivery(t *testing.T) {
	h := newHouse(t)
	topic := h.topic("alerts", nil)
	end := newSink(t, nil)
	h.subscribed(topic, "http", end.URL, map[string]string{"RawMessageDelivery": "true", "DeliveryPolicy": `{"requestPolicy":{"headerContentType":"application/json"}}`})
	h.run()
	id := h.say(topic, `{"a":1}`)
	h.eventually("the message", 0, func() bool { return h.outcomes(id) == "published delivered" })
	req, body := end.at(end.count() - 1)
	if body != `{"a":1}` || req.Header.Get("x-amz-sns-rawdelivery") != "true" || req.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s %v", body, req.Header)
	}
}

// What a server cannot do now is tried again; what it will not do, is not.
func TestRetries(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		want   string
		dead   int
	}{
		{"its own trouble", 503, "published failed failed failed dead-letter", 1},
		{"too many", 429, "published failed failed failed dead-letter", 1},
		{"refused", 403, "published dead-letter", 1},
		{"elsewhere", 302, "published dead-letter", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			topic := h.topic("alerts", nil)
			reached := newSink(t, nil)
			end := newSink(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", reached.URL)
				w.WriteHeader(c.status)
			})
			h.subscribed(topic, "http", end.URL, nil)
			id := h.say(topic, "hello")
			h.run()
			h.eventually("the end", 10*time.Second, func() bool { return h.outcomes(id) == c.want })
			h.eventually("an empty queue", 0, func() bool { d, m := h.left(); return d == 0 && m == 0 })
			if h.dead() != c.dead || reached.count() != 0 {
				t.Errorf("%d dead letters, want %d; the redirect was followed %d times", h.dead(), c.dead, reached.count())
			}
		})
	}
}

// A retry waits for its time, and gets through when the endpoint is well.
func TestRetryWaits(t *testing.T) {
	h := newHouse(t)
	topic := h.topic("alerts", nil)
	var tried atomic.Bool
	end := newSink(t, func(w http.ResponseWriter, _ *http.Request) {
		if tried.CompareAndSwap(false, true) {
			w.WriteHeader(500)
			_, _ = w.Write([]byte("out of tea"))
		}
	})
	h.subscribed(topic, "http", end.URL, nil)
	id := h.say(topic, "hello")
	h.run()
	h.eventually("the first attempt", 0, func() bool { return h.outcomes(id) == "published failed" })
	e := h.last(id)
	if e.Detail(hearth.DetailAnswer) != "out of tea" || e.Detail(hearth.DetailNextAttempt) != hearth.DetailTime(noon.Add(20*time.Second)) {
		t.Errorf("ledger: %+v", e)
	}
	h.eventually("the clock", time.Second, func() bool { return h.clock.Now().Equal(noon.Add(19 * time.Second)) })
	if h.outcomes(id) != "published failed" {
		t.Errorf("tried early: %s", h.outcomes(id))
	}
	h.eventually("the second attempt", time.Second, func() bool { return h.outcomes(id) == "published failed delivered" })
	if e = h.last(id); e.Detail(hearth.DetailAttempt) != "2" || !strings.Contains(e.Detail(hearth.DetailPayload), "hello") {
		t.Errorf("ledger: %+v", e)
	}
}

// An endpoint that answers without end costs what is read of it.
func TestEndlessAnswer(t *testing.T) {
	h := newHouse(t)
	topic := h.topic("alerts", nil)
	sent := make(chan int, 1)
	end := newSink(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10737418240")
		block, n := bytes.Repeat([]byte("x"), 64<<10), 0
		for {
			k, err := w.Write(block)
			if n += k; err != nil {
				sent <- n
				return
			}
		}
	})
	h.subscribed(topic, "http", end.URL, nil)
	id := h.say(topic, "hello")
	h.run()
	h.eventually("delivery", 0, func() bool { return h.outcomes(id) == "published delivered" })
	if n := <-sent; n > 64<<20 {
		t.Errorf("%d bytes were taken", n)
	}
}

// An endpoint that hangs holds its own workers and nobody else's.
func TestHangingEndpointHoldsOnlyItsLane(t *testing.T) {
	h := newHouse(t)
	let := make(chan struct{})
	hang := newSink(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-let:
		case <-r.Context().Done():
		}
	})
	defer close(let)
	good := newSink(t, nil)
	slow, quick := h.topic("slow", nil), h.topic("quick", nil)
	h.subscribed(slow, "http", hang.URL, nil)
	h.subscribed(quick, "http", good.URL, nil)
	for range 3 * maxWorkers {
		h.say(slow, "hello")
	}
	stop := h.run()
	h.eventually("a full lane", 0, func() bool { return hang.count() >= maxLaneWorkers })
	for i := range 20 {
		id := h.say(quick, fmt.Sprint(i))
		h.eventually("others' delivery", 0, func() bool { return h.outcomes(id) == "published delivered" })
	}
	if hang.count() > maxLaneWorkers {
		t.Errorf("%d workers hang on one host", hang.count())
	}
	began := time.Now()
	stop()
	if took := time.Since(began); took > httpTimeout*2/3 {
		t.Errorf("stopping took %s", took)
	}
	if d, _ := h.left(); d != 3*maxWorkers {
		t.Errorf("%d deliveries are left, want %d", d, 3*maxWorkers)
	}
}

// The request gives up by itself.
func TestHTTPAttemptsEnd(t *testing.T) {
	h := newHouse(t)
	hang := newSink(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	topic := h.topic("alerts", nil)
	d := &delivery{Message: "m", Subscription: "s", Topic: topic, Protocol: "http", Endpoint: hang.URL}
	o := h.send(ctx, d, h.newMessage(topic, notification))
	if o.err == nil || o.final {
		t.Errorf("%+v", o)
	}
}

// What was accepted is delivered by the next start, retries go on where they
// were, and nothing is done twice.
func TestRestart(t *testing.T) {
	h := newHouse(t)
	topic := h.topic("alerts", nil)
	var up atomic.Bool
	end := newSink(t, func(w http.ResponseWriter, _ *http.Request) {
		if !up.Load() {
			w.WriteHeader(503)
		}
	})
	h.subscribed(topic, "http", end.URL, nil)
	stop := h.run()
	id := h.say(topic, "hello")
	h.eventually("a failure", 0, func() bool { return h.outcomes(id) == "published failed" })
	stop()
	waiting := h.say(topic, "never tried before the restart")
	up.Store(true)
	h.Room = New(h.opts)
	h.run()
	h.eventually("the new one", 0, func() bool { return h.outcomes(waiting) == "published delivered" })
	if h.outcomes(id) != "published failed" {
		t.Errorf("tried early: %s", h.outcomes(id))
	}
	h.eventually("the old one", time.Second, func() bool { return h.outcomes(id) == "published failed delivered" })
	h.eventually("an empty queue", 0, func() bool { d, m := h.left(); return d == 0 && m == 0 })
}

// Where connections may go is the client's to say; what it refuses is tried
// again and then a dead letter, and the reason is in the ledger.
func TestGuardedClient(t *testing.T) {
	h := newHouse(t)
	h.opts.Client = &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, fmt.Errorf("egress: connections to 169.254.169.254 are never made")
	}}}
	h.Room = New(h.opts)
	topic := h.topic("alerts", nil)
	h.subscribed(topic, "http", "http://169.254.169.254/latest", nil)
	id := h.say(topic, "hello")
	h.run()
	h.eventually("the end", 10*time.Second, func() bool { return strings.HasSuffix(h.outcomes(id), "dead-letter") })
	if !strings.Contains(h.last(id).Detail(hearth.DetailError), "never made") {
		t.Errorf("%+v", h.last(id))
	}
}

func TestDelays(t *testing.T) {
	delays := func(p retryPolicy) string {
		var out []string
		for n := 1; ; n++ {
			d, ok := p.delay(n)
			if !ok {
				return strings.Join(out, " ")
			}
			out = append(out, d.Round(time.Second).String())
		}
	}
	for _, c := range []struct {
		name string
		p    retryPolicy
		want string
	}{
		{"AWS's default", httpRetries, "20s 20s 20s"},
		{"none", retryPolicy{Min: 1, Max: 1}, ""},
		{"phases", retryPolicy{Min: 5, Max: 25, Retries: 8, NoDelay: 1, MinDelay: 2, MaxDelay: 2, Function: "linear"}, "0s 5s 5s 5s 15s 25s 25s 25s"},
		{"exponential", retryPolicy{Min: 1, Max: 16, Retries: 5, Function: "exponential"}, "1s 2s 4s 8s 16s"},
		{"mail", mailRetries, "10s 10s 10s 16s 25s 39s 1m2s 1m37s 2m33s 4m2s 6m21s 10m0s" + strings.Repeat(" 10m0s", 38)},
	} {
		if got := delays(c.p); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
