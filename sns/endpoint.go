package sns

import (
	"net/mail"
	"net/url"
	"strings"
)

const (
	maxEndpoint = 2048
	maxAddress  = 254
)

// The protocols that are served.
const (
	protocolEmail     = "email"
	protocolEmailJSON = "email-json"
	protocolHTTP      = "http"
	protocolHTTPS     = "https"
)

// checkEndpoint returns the endpoint in the form it is kept in.
func (r *Room) checkEndpoint(protocol, endpoint string) (string, error) {
	switch protocol {
	case protocolEmail, protocolEmailJSON:
		if r.opts.Mail == nil {
			return "", invalid("Protocol", "this Hearth sends no mail: the operator sets smtp.address and smtp.from")
		}
		return endpoint, checkAddress(endpoint)
	case protocolHTTP, protocolHTTPS:
		return endpoint, checkURL(protocol, endpoint)
	case "sqs", "lambda", "sms", "application", "firehose":
		return "", notServed("Protocol", "the protocol "+protocol)
	}
	return "", invalid("Protocol", "Does not support this protocol string: "+clip(protocol))
}

// checkAddress accepts a bare address that cannot be more than one header's or
// command's worth of text.
func checkAddress(s string) error {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || a.Name != "" || len(s) > maxAddress || strings.IndexFunc(s, unsafeInAddress) >= 0 {
		return invalid("Endpoint", "Email address is not valid")
	}
	return nil
}

func unsafeInAddress(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune(`<>"\,;`, c) }

func checkURL(protocol, s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || len(s) > maxEndpoint:
		return invalid("Endpoint", "not a URL")
	case u.Scheme != protocol:
		return invalid("Endpoint", "Endpoint must match the specified protocol")
	case u.Hostname() == "" || u.Opaque != "" || u.Fragment != "":
		return invalid("Endpoint", "want "+protocol+"://HOST/PATH")
	case u.User != nil:
		return notServed("Endpoint", "a user name or password in the URL")
	}
	return nil
}

// laneOf names the destination whose slowness must not be others': the host.
// All mail goes to one server, and what is forwarded to Amazon.
func laneOf(endpoint string) string {
	if strings.HasPrefix(endpoint, "arn:") {
		return protocolAWS
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return "mail"
	}
	return strings.ToLower(u.Host)
}
