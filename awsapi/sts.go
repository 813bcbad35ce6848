package awsapi

import "context"

// stsRows are the operations of the AWS Security Token Service.
func (s *Server) stsRows() []row {
	return []row{
		op("POST", "GetCallerIdentity", 200, "sts:GetCallerIdentity", anyPrincipal, s.getCallerIdentity),
	}
}

// stsRefused are the operations that are known and not served yet. Those with a
// web identity or a SAML assertion are unsigned: the token is the proof.
func stsRefused() []row {
	return refuse(anyPrincipal, []row{
		{method: "POST", path: "AssumeRole", action: "sts:AssumeRole"},
		{method: "POST", path: "AssumeRoleWithSAML", action: "sts:AssumeRoleWithSAML", on: unsigned},
		{method: "POST", path: "AssumeRoleWithWebIdentity", action: "sts:AssumeRoleWithWebIdentity", on: unsigned},
		{method: "POST", path: "AssumeRoot", action: "sts:AssumeRoot"},
		{method: "POST", path: "DecodeAuthorizationMessage", action: "sts:DecodeAuthorizationMessage"},
		{method: "POST", path: "GetAccessKeyInfo", action: "sts:GetAccessKeyInfo"},
		{method: "POST", path: "GetDelegatedAccessToken", action: "sts:GetDelegatedAccessToken"},
		{method: "POST", path: "GetFederationToken", action: "sts:GetFederationToken"},
		{method: "POST", path: "GetSessionToken", action: "sts:GetSessionToken"},
		{method: "POST", path: "GetWebIdentityToken", action: "sts:GetWebIdentityToken"},
	})
}

type callerIdentity struct {
	ARN     string `xml:"Arn"`
	UserID  string `xml:"UserId"`
	Account string `xml:"Account"`
}

// getCallerIdentity needs no permission: not even a policy that denies it does.
func (s *Server) getCallerIdentity(_ context.Context, r *request) (any, error) {
	p := r.caller.Principal
	return callerIdentity{ARN: p.ARN.String(), UserID: p.UserID, Account: string(p.Account)}, nil
}
