package awsapi

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/sns"
)

// entries is a map in a form: NAME.entry.1.key and .value. A key that is given
// twice is refused.
func (r *request) entries(name string) (map[string]string, error) {
	out := map[string]string{}
	for i := 1; i <= maxMembers; i++ {
		at := name + ".entry." + strconv.Itoa(i)
		key, ok := r.form[at+".key"]
		if !ok {
			break
		}
		if _, twice := out[key[0]]; twice {
			return nil, invalidParameter(name, "the key "+clip(key[0])+" is given twice")
		}
		out[key[0]] = r.field(at + ".value")
	}
	return out, nil
}

func invalidParameter(name, why string) error {
	return &hearth.Error{Kind: hearth.Invalid, Msg: "Invalid parameter: " + name + " Reason: " + why, Fields: []hearth.Field{{Name: name, Msg: why}}}
}

// entryList is a map in an answer, in order of its keys.
type entryList struct {
	Entry []entryShape `xml:"entry"`
}

type entryShape struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

func entriesOf(m map[string]string) entryList {
	out := entryList{Entry: []entryShape{}}
	for k, v := range m {
		out.Entry = append(out.Entry, entryShape{k, v})
	}
	slices.SortFunc(out.Entry, func(a, b entryShape) int { return strings.Compare(a.Key, b.Key) })
	return out
}

// topicOf is the topic that the form names.
func (r *request) topicOf(member string) (hearth.ARN, error) {
	if err := r.required(member); err != nil {
		return hearth.ARN{}, err
	}
	return sns.ParseTopicARN(member, r.field(member))
}

func (s *Server) createTopic(ctx context.Context, r *request) (any, error) {
	if err := r.required("Name"); err != nil {
		return nil, err
	}
	attributes, err := r.entries("Attributes")
	if err != nil {
		return nil, err
	}
	tags, err := r.tagged("Tags")
	if err != nil {
		return nil, err
	}
	if r.field("DataProtectionPolicy") != "" {
		return nil, invalidParameter("DataProtectionPolicy", "data protection is not served by this version of Hearth")
	}
	arn, err := s.opts.SNS.CreateTopic(ctx, r.field("Name"), attributes, tags)
	if err != nil {
		return nil, err
	}
	return struct{ TopicArn string }{arn.String()}, nil
}

func (s *Server) deleteTopic(ctx context.Context, r *request) (any, error) {
	arn, err := r.topicOf("TopicArn")
	if err != nil {
		return nil, err
	}
	return nil, s.opts.SNS.DeleteTopic(ctx, arn)
}

type topicShape struct{ TopicArn string }

func (s *Server) listTopics(ctx context.Context, r *request) (any, error) {
	if s.opts.SNS == nil {
		return nil, notServed(r.row.action)
	}
	all, next, err := s.opts.SNS.Topics(ctx, r.field("NextToken"))
	if err != nil {
		return nil, err
	}
	return struct {
		Topics    memberList[topicShape]
		NextToken string `xml:",omitempty"`
	}{memberListOf(all, func(t *sns.Topic) topicShape { return topicShape{t.ARN.String()} }), next}, nil
}

func (s *Server) getTopicAttributes(ctx context.Context, r *request) (any, error) {
	arn, err := r.topicOf("TopicArn")
	if err != nil {
		return nil, err
	}
	all, err := s.opts.SNS.TopicAttributes(ctx, arn)
	if err != nil {
		return nil, err
	}
	return struct{ Attributes entryList }{entriesOf(all)}, nil
}

func (s *Server) setTopicAttributes(ctx context.Context, r *request) (any, error) {
	arn, err := r.topicOf("TopicArn")
	if err != nil {
		return nil, err
	}
	if err := r.required("AttributeName"); err != nil {
		return nil, err
	}
	return nil, s.opts.SNS.SetTopicAttribute(ctx, arn, r.field("AttributeName"), r.field("AttributeValue"))
}

func (s *Server) tagTopic(ctx context.Context, r *request) (any, error) {
	arn, err := r.topicOf("ResourceArn")
	if err != nil {
		return nil, err
	}
	tags, err := r.tagged("Tags")
	if err != nil {
		return nil, err
	}
	return struct{}{}, s.opts.SNS.Tag(ctx, arn, tags)
}

func (s *Server) untagTopic(ctx context.Context, r *request) (any, error) {
	arn, err := r.topicOf("ResourceArn")
	if err != nil {
		return nil, err
	}
	return struct{}{}, s.opts.SNS.Untag(ctx, arn, r.listed("TagKeys"))
}

func (s *Server) listTagsOfTopic(ctx context.Context, r *request) (any, error) {
	arn, err := r.topicOf("ResourceArn")
	if err != nil {
		return nil, err
	}
	tags, err := s.opts.SNS.Tags(ctx, arn)
	if err != nil {
		return nil, err
	}
	return struct{ Tags memberList[tagShape] }{allTags(tags)}, nil
}

// message reads what is to be published. at is where it stands in the form:
// empty, or the name of a batch's entry with a dot.
func (r *request) message(at string) (sns.Message, error) {
	m := sns.Message{Subject: r.field(at + "Subject"), Body: r.field(at + "Message"), Attributes: map[string]sns.Attribute{}}
	switch structure := r.field(at + "MessageStructure"); structure {
	case "":
	case "json":
		m.Structured = true
	default:
		return m, invalidParameter("MessageStructure", "must be json if it is given")
	}
	for _, member := range []string{"MessageDeduplicationId", "MessageGroupId"} {
		if r.field(at+member) != "" {
			return m, invalidParameter(member, "The request includes "+member+" parameter that is not valid for this topic type")
		}
	}
	for i := 1; i <= maxMembers; i++ {
		entry := fmt.Sprintf("%sMessageAttributes.entry.%d.", at, i)
		name, ok := r.form[entry+"Name"]
		if !ok {
			break
		}
		value := r.field(entry + "Value.StringValue")
		if value == "" {
			value = r.field(entry + "Value.BinaryValue")
		}
		m.Attributes[name[0]] = sns.Attribute{Type: r.field(entry + "Value.DataType"), Value: value}
	}
	return m, nil
}

// publishedTo is the member that names the topic of a message.
func publishedTo(r *request) string {
	if r.field("TopicArn") == "" && r.field("TargetArn") != "" {
		return "TargetArn"
	}
	return "TopicArn"
}

func (s *Server) publish(ctx context.Context, r *request) (any, error) {
	if r.field("PhoneNumber") != "" {
		return nil, invalidParameter("PhoneNumber", "text messages are not served by this version of Hearth")
	}
	member := publishedTo(r)
	if r.field(member) == "" {
		return nil, invalidParameter("TopicArn or TargetArn", "no value for required parameter")
	}
	m, err := r.message("")
	if err != nil {
		return nil, err
	}
	if m.Topic, err = r.topicOf(member); err != nil {
		return nil, err
	}
	id, err := s.opts.SNS.PublishMessage(ctx, m)
	if err != nil {
		return nil, err
	}
	return struct{ MessageId string }{id}, nil
}
