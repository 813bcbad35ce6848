package sns

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	httpTimeout = 15 * time.Second // AWS's
	mailTimeout = time.Minute
	maxAnswer   = 16 << 10 // read of an endpoint's answer
	keepAnswer  = 512      // of it for the ledger
)

// An outcome is how an attempt ended.
type outcome struct {
	err    error // nil: delivered
	final  bool  // trying again cannot help
	status string
	answer string // what the endpoint said, shortened
	sent   string // what was sent, shortened
	took   time.Duration
	next   time.Time
	dead   bool
}

func (o *outcome) word() string {
	switch {
	case o.err == nil:
		return "delivered"
	case o.final:
		return "refused"
	}
	return "failed"
}

// send makes one attempt, bounded in time.
func (r *Room) send(ctx context.Context, d *delivery, m *message) (o outcome) {
	limit := mailTimeout
	if strings.HasPrefix(d.Protocol, "http") || d.Protocol == protocolAWS {
		limit = httpTimeout
	}
	began := r.opts.Now()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	switch d.Protocol {
	case protocolHTTP, protocolHTTPS:
		r.sendHTTP(ctx, d, m, &o)
	case protocolAWS:
		r.sendForward(ctx, d, m, &o)
	default:
		r.sendMail(ctx, d, m, &o)
	}
	o.took = r.opts.Now().Sub(began)
	return o
}

func (r *Room) sendHTTP(ctx context.Context, d *delivery, m *message, o *outcome) {
	body, err := r.payload(ctx, d, m)
	if err != nil {
		o.err = err
		return
	}
	o.sent = string(body)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.Endpoint, bytes.NewReader(body))
	if err != nil {
		o.err, o.final = err, true
		return
	}
	setHeaders(req.Header, d, m)
	res, err := r.client.Do(req)
	if err != nil {
		o.err = err
		return
	}
	defer res.Body.Close()
	o.status = res.Status
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	o.answer = cut(strings.ToValidUTF8(string(answer), "�"), keepAnswer)
	judge(res.StatusCode, err, o)
}

// judge applies AWS's rules: a server's own errors and its plea to slow down may
// pass, everything else but success will not.
func judge(status int, err error, o *outcome) {
	switch {
	case status >= 200 && status < 300:
		if err != nil {
			o.answer = "" // it said that it has the message; the rest is of no interest
		}
	case status >= 500 || status == http.StatusTooManyRequests:
		o.err = fmt.Errorf("the endpoint answered %s", o.status)
	case status >= 300 && status < 400:
		o.err, o.final = fmt.Errorf("the endpoint answered %s: redirects are not followed", o.status), true
	default:
		o.err, o.final = fmt.Errorf("the endpoint answered %s", o.status), true
	}
}

// payload is the body of a request: the message alone, or SNS's envelope.
func (r *Room) payload(ctx context.Context, d *delivery, m *message) ([]byte, error) {
	if d.Raw {
		return []byte(m.body(d.Protocol)), nil
	}
	e, err := r.envelope(ctx, d, m)
	if err != nil {
		return nil, err
	}
	return e.text()
}

// setHeaders gives a request the headers that AWS's have. Their values are ours
// or were checked.
func setHeaders(h http.Header, d *delivery, m *message) {
	contentType := d.ContentType
	if contentType == "" {
		contentType = "text/plain; charset=UTF-8"
	}
	h.Set("Content-Type", contentType)
	h.Set("User-Agent", "Amazon Simple Notification Service Agent")
	h.Set("X-Amz-Sns-Message-Type", string(m.Kind))
	h.Set("X-Amz-Sns-Message-Id", m.ID)
	h.Set("X-Amz-Sns-Topic-Arn", d.Topic.String())
	if m.Kind != subscriptionConfirmation {
		h.Set("X-Amz-Sns-Subscription-Arn", d.arn())
	}
	if d.Raw {
		h.Set("X-Amz-Sns-Rawdelivery", "true")
	}
}

// A Refusal is a mail server's final no.
type Refusal struct {
	Code int
	Msg  string
}

func (e *Refusal) Error() string { return fmt.Sprintf("the mail server said: %d %s", e.Code, e.Msg) }

func (r *Room) sendMail(ctx context.Context, d *delivery, m *message, o *outcome) {
	if r.opts.Mail == nil {
		o.err = errors.New("this Hearth sends no mail: smtp.address is not set")
		return
	}
	mail, err := r.mail(ctx, d, m)
	if err != nil {
		o.err = err
		return
	}
	o.sent = string(mail)
	o.err = r.opts.Mail.Send(ctx, r.opts.From, d.Endpoint, mail)
	if no, ok := errors.AsType[*Refusal](o.err); ok {
		o.final, o.status = true, fmt.Sprint(no.Code)
	} else if o.err == nil {
		o.status = "250"
	}
}
