package awsapi

import (
	"errors"
	"net/http"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/cluster"
	"github.com/hearth-metrics/hearth/dashboard"
	"github.com/hearth-metrics/hearth/iam"
	"github.com/hearth-metrics/hearth/sso"
)

// A fault is how one service spells one kind of failure.
type fault struct {
	code   string
	status int
}

// internalText is all a caller learns of a failure that is ours.
const internalText = "An internal error occurred. The request id tells the operator where to look."

// faults turns a kind into the service's code and status. The pairs come from
// the service models: a quota is 402 in AMP and 409 in IAM. What a service does
// not list here is taken from its protocol.
var faults = map[string]map[hearth.Kind]fault{
	"aps": {
		hearth.NotFound: {"ResourceNotFoundException", http.StatusNotFound},
		hearth.Conflict: {"ConflictException", http.StatusConflict},
		hearth.InUse:    {"ConflictException", http.StatusConflict},
		hearth.Quota:    {"ServiceQuotaExceededException", http.StatusPaymentRequired},
		// docs/decisions/0021-operations-not-served.md
		hearth.NotServed: {"ValidationException", http.StatusBadRequest},
	},
	"grafana": {
		hearth.NotFound:  {"ResourceNotFoundException", http.StatusNotFound},
		hearth.Conflict:  {"ConflictException", http.StatusConflict},
		hearth.InUse:     {"ConflictException", http.StatusConflict},
		hearth.Quota:     {"ServiceQuotaExceededException", http.StatusPaymentRequired},
		hearth.NotServed: {"ValidationException", http.StatusBadRequest},
	},
	"iam": {
		hearth.NotFound: {"NoSuchEntity", http.StatusNotFound},
		hearth.Conflict: {"EntityAlreadyExists", http.StatusConflict},
		hearth.InUse:    {"DeleteConflict", http.StatusConflict},
		hearth.Quota:    {"LimitExceeded", http.StatusConflict},
	},
	"sns": {
		hearth.Internal:  {"InternalError", http.StatusInternalServerError},
		hearth.Invalid:   {"InvalidParameter", http.StatusBadRequest},
		hearth.Malformed: {"InvalidParameter", http.StatusBadRequest},
		hearth.NotFound:  {"NotFound", http.StatusNotFound},
		hearth.Denied:    {"AuthorizationError", http.StatusForbidden},
		hearth.Quota:     {"TopicLimitExceeded", http.StatusForbidden},
		hearth.Throttled: {"Throttled", http.StatusTooManyRequests},
	},
	"eks": {
		hearth.Internal:    {"ServerException", http.StatusInternalServerError},
		hearth.Invalid:     {"InvalidParameterException", http.StatusBadRequest},
		hearth.Malformed:   {"InvalidParameterException", http.StatusBadRequest},
		hearth.NotFound:    {"ResourceNotFoundException", http.StatusNotFound},
		hearth.Conflict:    {"ResourceInUseException", http.StatusConflict},
		hearth.InUse:       {"ResourceInUseException", http.StatusConflict},
		hearth.Quota:       {"ResourceLimitExceededException", http.StatusBadRequest},
		hearth.NotServed:   {"InvalidRequestException", http.StatusBadRequest},
		hearth.Unavailable: {"ServiceUnavailableException", http.StatusServiceUnavailable},
	},
	"monitoring": monitoringFaults,
	"hearth": {
		hearth.NotFound: {"ResourceNotFoundException", http.StatusNotFound},
		hearth.Conflict: {"ConflictException", http.StatusConflict},
		hearth.InUse:    {"ConflictException", http.StatusConflict},
		hearth.Quota:    {"ServiceQuotaExceededException", http.StatusPaymentRequired},
	},
}

// typed are the pairs that depend on what the failure is about, too: a service
// may have several codes for one kind.
var typed = map[string]map[string]fault{
	grafanaHTTP: {
		dashboard.VersionMismatch: {dashboard.VersionMismatch, http.StatusPreconditionFailed},
		dashboard.NameExists:      {dashboard.NameExists, http.StatusPreconditionFailed},
		dashboard.Provisioned:     {dashboard.Provisioned, http.StatusBadRequest},
	},
	"iam": {
		iam.DocumentType: {"MalformedPolicyDocument", http.StatusBadRequest},
		"input":          {"InvalidInput", http.StatusBadRequest},
	},
	"hearth": {
		sso.SignInType: {"SignInRequired", http.StatusUnauthorized},
	},
	"sns":        snsFaults,
	"monitoring": {dataQueryType: {"ValidationError", http.StatusBadRequest}},
	"eks": {
		cluster.RequestType:    {"InvalidRequestException", http.StatusBadRequest},
		cluster.NoResourceType: {"NotFoundException", http.StatusNotFound},
		cluster.BadTagsType:    {"BadRequestException", http.StatusBadRequest},
	},
	"sts": {
		iam.DocumentType:       {"MalformedPolicyDocument", http.StatusBadRequest},
		iam.PackedType:         {"PackedPolicyTooLarge", http.StatusBadRequest},
		iam.IdentityTokenType:  {"InvalidIdentityToken", http.StatusBadRequest},
		iam.ExpiredTokenType:   {"ExpiredTokenException", http.StatusBadRequest},
		iam.IdentityIssuerType: {"IDPCommunicationError", http.StatusBadRequest},
		badMessageType:         {"InvalidAuthorizationMessageException", http.StatusBadRequest},
		"parameter":            {"InvalidParameterValue", http.StatusBadRequest},
	},
}

// common are the codes every service of a protocol shares,
// https://docs.aws.amazon.com/prometheus/latest/APIReference/CommonErrors.html
var common = map[protocol]map[hearth.Kind]fault{
	restJSON: {
		hearth.Internal:        {"InternalServerException", http.StatusInternalServerError},
		hearth.Invalid:         {"ValidationException", http.StatusBadRequest},
		hearth.Malformed:       {"ValidationException", http.StatusBadRequest},
		hearth.Unauthenticated: {"UnrecognizedClientException", http.StatusForbidden},
		hearth.Denied:          {"AccessDeniedException", http.StatusForbidden},
		hearth.Throttled:       {"ThrottlingException", http.StatusTooManyRequests},
		hearth.TooLarge:        {"RequestEntityTooLargeException", http.StatusRequestEntityTooLarge},
		hearth.Unsupported:     {"UnsupportedMediaTypeException", http.StatusUnsupportedMediaType},
		hearth.NotServed:       {"UnknownOperationException", http.StatusNotFound},
		hearth.Unavailable:     {"ServiceUnavailableException", http.StatusServiceUnavailable},
		hearth.Timeout:         {"RequestTimeoutException", http.StatusRequestTimeout},
	},
	queryXML: {
		hearth.Internal:        {"InternalFailure", http.StatusInternalServerError},
		hearth.Invalid:         {"ValidationError", http.StatusBadRequest},
		hearth.Malformed:       {"MalformedInput", http.StatusBadRequest},
		hearth.Unauthenticated: {"InvalidClientTokenId", http.StatusForbidden},
		hearth.Denied:          {"AccessDenied", http.StatusForbidden},
		hearth.Throttled:       {"Throttling", http.StatusBadRequest},
		hearth.TooLarge:        {"RequestEntityTooLarge", http.StatusRequestEntityTooLarge},
		hearth.NotServed:       {"InvalidAction", http.StatusBadRequest},
		hearth.Unavailable:     {"ServiceUnavailable", http.StatusServiceUnavailable},
		hearth.Timeout:         {"RequestTimeout", http.StatusRequestTimeout},
	},
	grafanaJSON: {
		hearth.Internal:        {"internal", http.StatusInternalServerError},
		hearth.Invalid:         {"bad-request", http.StatusBadRequest},
		hearth.Malformed:       {"bad-request", http.StatusBadRequest},
		hearth.NotFound:        {"not-found", http.StatusNotFound},
		hearth.Conflict:        {"conflict", http.StatusConflict},
		hearth.InUse:           {"conflict", http.StatusConflict},
		hearth.Unauthenticated: {"unauthorized", http.StatusUnauthorized},
		hearth.Denied:          {"forbidden", http.StatusForbidden},
		hearth.Quota:           {"quota-reached", http.StatusForbidden},
		hearth.Throttled:       {"too-many-requests", http.StatusTooManyRequests},
		hearth.TooLarge:        {"too-large", http.StatusRequestEntityTooLarge},
		hearth.Unsupported:     {"unsupported-media-type", http.StatusUnsupportedMediaType},
		hearth.NotServed:       {"not-implemented", http.StatusNotImplemented},
		hearth.Unavailable:     {"unavailable", http.StatusServiceUnavailable},
		hearth.Timeout:         {"timeout", http.StatusGatewayTimeout},
	},
	awsJSON: {
		hearth.Internal:        {"InternalFailure", http.StatusInternalServerError},
		hearth.Malformed:       {"SerializationException", http.StatusBadRequest},
		hearth.Unauthenticated: {"UnrecognizedClientException", http.StatusBadRequest},
		hearth.Denied:          {"AccessDeniedException", http.StatusBadRequest},
		hearth.TooLarge:        {"RequestEntityTooLargeException", http.StatusRequestEntityTooLarge},
		hearth.NotServed:       {"UnknownOperationException", http.StatusBadRequest},
		hearth.Unavailable:     {"ServiceUnavailable", http.StatusServiceUnavailable},
		hearth.Timeout:         {"RequestTimeoutException", http.StatusRequestTimeout},
	},
}

// faultOf looks a kind up for a service. Every kind has an answer: at worst
// that of an internal failure.
func faultOf(svc *service, k hearth.Kind) fault {
	if f, ok := faults[svc.name][k]; ok {
		return f
	}
	if f, ok := common[svc.protocol][k]; ok {
		return f
	}
	return common[svc.protocol][hearth.Internal]
}

// A refusal is an answer of the front door itself, with AWS's code for it. The
// caller gets code and msg; the details are for the ledger.
type refusal struct {
	code    string
	status  int
	msg     string
	denied  bool // proven, but not allowed: AWS spells the body {"Message"}
	details []hearth.Detail
	summary string           // for the ledger; empty: msg
	reason  string           // a short word for the metric; empty: not counted as denied
	account hearth.AccountID // whose ledger it goes to; empty: the caller's
	denial  *iam.Denial      // why, if it is known
}

func (f *refusal) Error() string { return f.code + ": " + f.msg }

// A failure is what is told to the caller, whatever the protocol.
type failure struct {
	fault
	kind hearth.Kind
	msg  string
	err  *hearth.Error // nil for a refusal
	cap  bool          // {"Message"} rather than {"message"}
}

// failureOf is the caller's view of err.
func failureOf(svc *service, err error) failure {
	if f, ok := errors.AsType[*refusal](err); ok {
		return failure{fault: fault{f.code, f.status}, kind: kindOf(f), msg: f.msg, cap: f.denied}
	}
	e, ok := errors.AsType[*hearth.Error](err)
	if !ok || e.Kind == hearth.Internal {
		return failure{fault: faultOf(svc, hearth.Internal), kind: hearth.Internal, msg: internalText}
	}
	f, ok := typed[svc.name][e.Type]
	if !ok {
		f = faultOf(svc, e.Kind)
	}
	return failure{fault: f, kind: e.Kind, msg: e.Msg, err: e}
}

func kindOf(f *refusal) hearth.Kind {
	switch {
	case f.denied:
		return hearth.Denied
	case f.status == http.StatusForbidden, f.status == http.StatusUnauthorized:
		return hearth.Unauthenticated
	}
	return hearth.Invalid
}

func asError(err error) (*hearth.Error, bool) { return errors.AsType[*hearth.Error](err) }
