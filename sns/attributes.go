package sns

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hearth-metrics/hearth"
)

// Attributes of topics and subscriptions.
const (
	attrPolicy         = "Policy"
	attrDisplayName    = "DisplayName"
	attrDeliveryPolicy = "DeliveryPolicy"
	attrSignature      = "SignatureVersion"
	attrTracing        = "TracingConfig"
	attrKey            = "KmsMasterKeyId"
	attrFilter         = "FilterPolicy"
	attrFilterScope    = "FilterPolicyScope"
	attrRaw            = "RawMessageDelivery"
)

const (
	maxDisplayName = 100
	maxTopicPolicy = 30 << 10
)

// checkTopicAttribute accepts the attributes a topic can have. Those whose work
// Hearth does not do are refused by name rather than kept without effect.
func (r *Room) checkTopicAttribute(arn hearth.ARN, name, value string) error {
	switch name {
	case attrPolicy:
		return r.checkPolicy(arn, value)
	case attrDisplayName:
		if utf8.RuneCountInString(value) > maxDisplayName || strings.IndexFunc(value, notPrintable) >= 0 || !utf8.ValidString(value) {
			return invalid(name, fmt.Sprintf("want at most %d printable characters", maxDisplayName))
		}
		return nil
	case attrDeliveryPolicy:
		return checkDeliveryPolicy(value, true)
	case attrSignature:
		return oneOf(name, value, "", "1", "2")
	case attrTracing:
		return oneOf(name, value, "", "PassThrough")
	case attrKey:
		if value != "" {
			return notServed(name, "encryption by a key of AWS KMS")
		}
		return nil
	case "FifoTopic", "ContentBasedDeduplication":
		if value != "" && value != "false" {
			return notServed(name, "a FIFO topic")
		}
		return nil
	case "ArchivePolicy", "FifoThroughputScope":
		return notServed(name, "a FIFO topic")
	}
	if strings.Contains(name, "Feedback") {
		if value == "" || value == "0" { // no status of any delivery: what Terraform asks for by default
			return nil
		}
		return notServed(name, "delivery status in CloudWatch Logs (hearth why delivery has it)")
	}
	return invalid("AttributeName", "")
}

func notPrintable(c rune) bool { return !unicode.IsPrint(c) }

func oneOf(name, value string, allowed ...string) error {
	for _, a := range allowed {
		if value == a {
			return nil
		}
	}
	return invalid(name, fmt.Sprintf("%q is none of %s", clip(value), strings.Join(allowed[1:], ", ")))
}

func (r *Room) checkPolicy(arn hearth.ARN, document string) error {
	if len(document) > maxTopicPolicy {
		return invalid(attrPolicy, "Policy is too long")
	}
	if document == "" {
		return nil
	}
	if err := r.opts.Policies.CheckPolicy(arn, document); err != nil {
		if hearth.KindOf(err) == hearth.Internal {
			return err
		}
		return &hearth.Error{Kind: hearth.Invalid, Msg: "Invalid parameter: Policy Error: " + messageOf(err), Err: err}
	}
	return nil
}

// checkTags checks the tags a topic would have.
func checkTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return &hearth.Error{Kind: hearth.Quota, Type: TagLimit, Msg: "Could not complete request: tag quota of per resource exceeded"}
	}
	for k, v := range tags {
		switch {
		case k == "" || utf8.RuneCountInString(k) > 128 || !tagText(k) || strings.HasPrefix(strings.ToLower(k), "aws:"):
			return invalid("Tags", "a key must have 1 to 128 letters, digits, blanks or any of _.:/=+-@, and not begin with aws:")
		case utf8.RuneCountInString(v) > 256 || !tagText(v):
			return invalid("Tags", "a value must have at most 256 letters, digits, blanks or any of _.:/=+-@")
		}
	}
	return nil
}

func tagText(s string) bool {
	for _, c := range s {
		if !unicode.In(c, unicode.L, unicode.Z, unicode.N) && !strings.ContainsRune("_.:/=+-@", c) {
			return false
		}
	}
	return true
}

// clip keeps what strangers wrote short.
func clip(s string) string {
	if len(s) > 100 {
		return strings.ToValidUTF8(s[:100], "") + "…"
	}
	return s
}
