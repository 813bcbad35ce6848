package awsapi

import (
	"context"
	"net/http"
	"regexp"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/sns"
)

const (
	maxBatch      = 10
	maxBatchBytes = 256 << 10
)

var batchID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

type batchDone struct{ Id, MessageId string }

type batchFailed struct {
	Id, Code, Message string
	SenderFault       bool
}

// batchEntry is one message of a batch.
type batchEntry struct {
	id      string
	message sns.Message
	err     error
}

// publishBatch publishes up to ten messages, each by itself.
func (s *Server) publishBatch(ctx context.Context, r *request) (any, error) {
	topic, err := r.topicOf("TopicArn")
	if err != nil {
		return nil, err
	}
	if _, err := s.opts.SNS.Topic(ctx, topic); err != nil {
		return nil, err
	}
	entries, err := r.batch()
	if err != nil {
		return nil, err
	}
	var out struct {
		Successful memberList[batchDone]
		Failed     memberList[batchFailed]
	}
	for _, e := range entries {
		id := ""
		if e.err == nil {
			e.message.Topic = topic
			id, e.err = s.opts.SNS.PublishMessage(ctx, e.message)
		}
		if e.err != nil {
			f := failureOf(r.service, e.err)
			out.Failed.Member = append(out.Failed.Member, batchFailed{e.id, f.code, f.msg, f.status < http.StatusInternalServerError})
			continue
		}
		out.Successful.Member = append(out.Successful.Member, batchDone{e.id, id})
	}
	return out, nil
}

// batch reads the entries; what is wrong with the batch as a whole is an error.
func (r *request) batch() ([]batchEntry, error) {
	var out []batchEntry
	seen, size := map[string]bool{}, 0
	for i := 1; i <= maxMembers; i++ {
		at := memberAt("PublishBatchRequestEntries", i)
		id, ok := r.form[at+".Id"]
		if !ok {
			break
		}
		e := batchEntry{id: id[0]}
		switch {
		case !batchID.MatchString(e.id):
			return nil, batchFault("InvalidBatchEntryId", "The Id of a batch entry in a batch request doesn't abide by the specification.")
		case seen[e.id]:
			return nil, batchFault("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.")
		}
		seen[e.id] = true
		e.message, e.err = r.message(at + ".")
		size += e.message.Size()
		out = append(out, e)
	}
	switch {
	case len(out) == 0:
		return nil, batchFault("EmptyBatchRequest", "The batch request doesn't contain any entries.")
	case len(out) > maxBatch:
		return nil, batchFault("TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible (more than 10).")
	case size > maxBatchBytes:
		return nil, batchFault("BatchRequestTooLong", "The length of all the batch messages put together is more than the limit.")
	}
	return out, nil
}

func batchFault(code, msg string) error {
	return &hearth.Error{Kind: hearth.Invalid, Type: code, Msg: msg}
}
