package sns

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"
)

// A retryPolicy says when a failed delivery is tried again, in seconds: first at
// once, then after the least delay, then after growing ones, then after the
// greatest.
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
type retryPolicy struct {
	Min      int    `json:"minDelayTarget"`
	Max      int    `json:"maxDelayTarget"`
	Retries  int    `json:"numRetries"`
	MaxDelay int    `json:"numMaxDelayRetries"`
	NoDelay  int    `json:"numNoDelayRetries"`
	MinDelay int    `json:"numMinDelayRetries"`
	Function string `json:"backoffFunction"`
}

// httpRetries and mailRetries are AWS's defaults: three more attempts in a
// minute, and fifty over six hours.
var (
	httpRetries = retryPolicy{Min: 20, Max: 20, Retries: 3, Function: "linear"}
	mailRetries = retryPolicy{Min: 10, Max: 600, Retries: 50, MinDelay: 2, MaxDelay: 38, Function: "exponential"}
)

// UnmarshalJSON gives what is left out its default.
func (p *retryPolicy) UnmarshalJSON(b []byte) error {
	type plain retryPolicy
	with := plain(httpRetries)
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&with); err != nil {
		return err
	}
	*p = retryPolicy(with)
	return nil
}

// delay is how long to wait before retry n, from 1; false says that there is
// none.
func (p *retryPolicy) delay(n int) (time.Duration, bool) {
	growing := p.Retries - p.NoDelay - p.MinDelay - p.MaxDelay
	switch at := n - p.NoDelay - p.MinDelay; {
	case n > p.Retries:
		return 0, false
	case n <= p.NoDelay:
		return 0, true
	case at <= 0:
		return seconds(p.Min), true
	case at > growing:
		return seconds(p.Max), true
	case growing == 1:
		return seconds(p.Min), true
	default:
		return time.Duration(p.grow(float64(at-1)/float64(growing-1)) * float64(time.Second)), true
	}
}

// grow goes from the least delay to the greatest as x goes from 0 to 1.
func (p *retryPolicy) grow(x float64) float64 {
	least, most := float64(p.Min), float64(p.Max)
	switch p.Function {
	case "exponential", "geometric":
		return math.Max(least, 1) * math.Pow(most/math.Max(least, 1), x)
	case "arithmetic":
		return least + (most-least)*x*x
	}
	return least + (most-least)*x
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// check applies AWS's rules.
func (p *retryPolicy) check() error {
	const day = 3600
	switch {
	case p.Min < 1 || p.Max > day || p.Min > p.Max:
		return invalid(attrDeliveryPolicy, fmt.Sprintf("want 1 <= minDelayTarget <= maxDelayTarget <= %d", day))
	case p.Retries < 0 || p.Retries > 100:
		return invalid(attrDeliveryPolicy, "want 0 <= numRetries <= 100")
	case p.NoDelay < 0 || p.MinDelay < 0 || p.MaxDelay < 0 || p.NoDelay+p.MinDelay+p.MaxDelay > p.Retries:
		return invalid(attrDeliveryPolicy, "numNoDelayRetries, numMinDelayRetries and numMaxDelayRetries together must not exceed numRetries")
	}
	return oneOf(attrDeliveryPolicy, p.Function, "", "linear", "arithmetic", "geometric", "exponential")
}

// A throttle is how many deliveries a second an endpoint takes.
type throttle struct {
	PerSecond int `json:"maxReceivesPerSecond"`
}

// A deliveryPolicy is that of a subscription, or of a topic's HTTP endpoints.
type deliveryPolicy struct {
	Healthy  *retryPolicy   `json:"healthyRetryPolicy,omitempty"`
	Sickly   *retryPolicy   `json:"sicklyRetryPolicy,omitempty"`
	Throttle *throttle      `json:"throttlePolicy,omitempty"`
	Request  *requestPolicy `json:"requestPolicy,omitempty"`
}

type requestPolicy struct {
	ContentType string `json:"headerContentType"`
}

// topicDelivery is the policy of a topic.
type topicDelivery struct {
	HTTP struct {
		Healthy         *retryPolicy   `json:"defaultHealthyRetryPolicy"`
		Sickly          *retryPolicy   `json:"defaultSicklyRetryPolicy"`
		Throttle        *throttle      `json:"defaultThrottlePolicy"`
		Request         *requestPolicy `json:"defaultRequestPolicy"`
		DisableOverride bool           `json:"disableSubscriptionOverrides"`
	} `json:"http"`
}

func strictly(text string, v any) error {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return invalid(attrDeliveryPolicy, err.Error())
	}
	if _, err := d.Token(); err != io.EOF {
		return invalid(attrDeliveryPolicy, "there is more text after the JSON object")
	}
	return nil
}

func checkDeliveryPolicy(text string, ofTopic bool) error {
	if text == "" {
		return nil
	}
	p, _, err := readDeliveryPolicy(text, ofTopic)
	if err != nil {
		return err
	}
	for _, retry := range []*retryPolicy{p.Healthy, p.Sickly} {
		if retry == nil {
			continue
		}
		if err := retry.check(); err != nil {
			return err
		}
	}
	if p.Throttle != nil {
		return notServed(attrDeliveryPolicy, "a throttle policy")
	}
	if p.Request != nil && !contentTypes[p.Request.ContentType] {
		return invalid(attrDeliveryPolicy, "headerContentType is none that AWS allows")
	}
	return nil
}

// contentTypes are those AWS allows.
var contentTypes = map[string]bool{
	"application/json": true, "text/plain": true, "text/html": true, "text/css": true, "text/xml": true, "text/csv": true,
	"application/xml": true, "application/soap+xml": true, "application/x-www-form-urlencoded": true, "application/octet-stream": true,
	"application/atom+xml": true, "application/xhtml+xml": true, "text/richtext": true, "text/calendar": true, "text/javascript": true,
	"text/plain; charset=UTF-8": true, "application/json; charset=UTF-8": true,
}

func readDeliveryPolicy(text string, ofTopic bool) (p deliveryPolicy, overrides bool, err error) {
	if text == "" {
		return p, true, nil
	}
	if !ofTopic {
		return p, true, strictly(text, &p)
	}
	var t topicDelivery
	err = strictly(text, &t)
	return deliveryPolicy{t.HTTP.Healthy, t.HTTP.Sickly, t.HTTP.Throttle, t.HTTP.Request}, !t.HTTP.DisableOverride, err
}

// effectivePolicy joins a subscription's policy with its topic's and AWS's
// default. Texts were checked when they were set.
func effectivePolicy(topic, subscription string) deliveryPolicy {
	p, overrides, _ := readDeliveryPolicy(topic, true)
	if own, _, err := readDeliveryPolicy(subscription, false); err == nil && overrides {
		if own.Healthy != nil {
			p.Healthy = own.Healthy
		}
		if own.Request != nil {
			p.Request = own.Request
		}
	}
	if p.Healthy == nil {
		fallback := httpRetries
		p.Healthy = &fallback
	}
	return p
}
