package awsapi

import (
	"net/http"

	"github.com/hearth-metrics/hearth/sns"
)

// snsOp is a row of SNS.
func snsOp(name string, on target, serve handler) row {
	return op("POST", name, 200, "sns:"+name, on, serve)
}

// snsRows are the operations of Amazon Simple Notification Service,
// https://docs.aws.amazon.com/sns/latest/api/API_Operations.html, and three
// pages for whoever gets a message: they have no keys.
func (s *Server) snsRows() []row {
	return []row{
		snsOp("CreateTopic", snsTopic, s.createTopic), snsOp("DeleteTopic", snsTopic, s.deleteTopic), snsOp("ListTopics", account, s.listTopics),
		snsOp("GetTopicAttributes", snsTopic, s.getTopicAttributes), snsOp("SetTopicAttributes", snsTopic, s.setTopicAttributes),
		snsOp("AddPermission", snsTopic, s.addPermission), snsOp("RemovePermission", snsTopic, s.removePermission),
		snsOp("Subscribe", snsTopic, s.subscribe), snsOp("ListSubscriptions", account, s.listSubscriptions), snsOp("ListSubscriptionsByTopic", snsTopic, s.listSubscriptionsByTopic),
		snsOp("GetSubscriptionAttributes", snsSubscription, s.getSubscriptionAttributes), snsOp("SetSubscriptionAttributes", snsSubscription, s.setSubscriptionAttributes),
		snsOp("ConfirmSubscription", snsLink, s.confirmSubscription), snsOp("Unsubscribe", snsLink, s.unsubscribe),
		snsOp("Publish", snsTopic, s.publish), snsOp("PublishBatch", snsTopic, s.publishBatch),
		snsOp("TagResource", snsTopic, s.tagTopic), snsOp("UntagResource", snsTopic, s.untagTopic), snsOp("ListTagsForResource", snsTopic, s.listTagsOfTopic),

		{method: "GET", path: "/sns/unsubscribe", action: "sns:UnsubscribePage", on: snsPage, pass: s.unsubscribePage, extension: true},
		{method: "POST", path: "/sns/unsubscribe", action: "sns:UnsubscribePage", on: snsPage, pass: s.unsubscribeByPage, extension: true},
		{method: "GET", path: "/sns/{file}", action: "sns:GetSigningCertificate", on: snsPage, pass: s.signingCertificate, extension: true},
	}
}

// snsRefused are the operations that are known and not served: telephones,
// mobile push and data protection.
func snsRefused() []row {
	var rows []row
	for _, name := range snsNotServed {
		rows = append(rows, row{method: http.MethodPost, path: name, action: "sns:" + name})
	}
	return refuse(account, rows)
}

var snsNotServed = []string{
	"CheckIfPhoneNumberIsOptedOut",
	"CreatePlatformApplication",
	"CreatePlatformEndpoint",
	"CreateSMSSandboxPhoneNumber",
	"DeleteEndpoint",
	"DeletePlatformApplication",
	"DeleteSMSSandboxPhoneNumber",
	"GetDataProtectionPolicy",
	"GetEndpointAttributes",
	"GetPlatformApplicationAttributes",
	"GetSMSAttributes",
	"GetSMSSandboxAccountStatus",
	"ListEndpointsByPlatformApplication",
	"ListOriginationNumbers",
	"ListPhoneNumbersOptedOut",
	"ListPlatformApplications",
	"ListSMSSandboxPhoneNumbers",
	"OptInPhoneNumber",
	"PutDataProtectionPolicy",
	"SetEndpointAttributes",
	"SetPlatformApplicationAttributes",
	"SetSMSAttributes",
	"VerifySMSSandboxPhoneNumber",
}

// snsFaults are SNS's codes for kinds of failures with a type of their own.
var snsFaults = map[string]fault{
	sns.TopicLimit:        {"TopicLimitExceeded", http.StatusForbidden},
	sns.SubscriptionLimit: {"SubscriptionLimitExceeded", http.StatusForbidden},
	sns.TagLimit:          {"TagLimitExceeded", http.StatusBadRequest},
	sns.TaggedResource:    {"ResourceNotFound", http.StatusNotFound},
	sns.ParameterValue:    {"ParameterValueInvalid", http.StatusBadRequest},

	"InvalidBatchEntryId":          {"InvalidBatchEntryId", http.StatusBadRequest},
	"BatchEntryIdsNotDistinct":     {"BatchEntryIdsNotDistinct", http.StatusBadRequest},
	"EmptyBatchRequest":            {"EmptyBatchRequest", http.StatusBadRequest},
	"TooManyEntriesInBatchRequest": {"TooManyEntriesInBatchRequest", http.StatusBadRequest},
	"BatchRequestTooLong":          {"BatchRequestTooLong", http.StatusBadRequest},
}
