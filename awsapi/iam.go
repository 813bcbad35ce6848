package awsapi

import "github.com/hearth-metrics/hearth/iam"

// iamOp is a row of IAM: the operation is its own action. about is the one member of
// the form that names what it is done to: what else the form names, nobody asked for.
func iamOp(name, about string, serve handler) row {
	r := op("POST", name, 200, "iam:"+name, iamResource, serve)
	r.about = about
	return r
}

// iamRows are the operations of AWS Identity and Access Management,
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
func (s *Server) iamRows() []row {
	rows := []row{
		iamOp("CreateUser", "UserName", s.createUser), iamOp("GetUser", "UserName", s.getUser), iamOp("UpdateUser", "UserName", s.rename(iam.UserKind)),
		iamOp("DeleteUser", "UserName", s.deleteEntity(iam.UserKind)), iamOp("ListUsers", "", s.listUsers),
		iamOp("CreateGroup", "GroupName", s.createGroup), iamOp("GetGroup", "GroupName", s.getGroup), iamOp("UpdateGroup", "GroupName", s.rename(iam.GroupKind)),
		iamOp("DeleteGroup", "GroupName", s.deleteEntity(iam.GroupKind)), iamOp("ListGroups", "", s.listGroups),
		iamOp("AddUserToGroup", "GroupName", s.addUserToGroup), iamOp("RemoveUserFromGroup", "GroupName", s.removeUserFromGroup), iamOp("ListGroupsForUser", "UserName", s.listGroupsForUser),

		iamOp("CreateAccessKey", "UserName", s.createAccessKey), iamOp("ListAccessKeys", "UserName", s.listAccessKeys), iamOp("UpdateAccessKey", "UserName", s.updateAccessKey),
		iamOp("DeleteAccessKey", "UserName", s.deleteAccessKey), iamOp("GetAccessKeyLastUsed", "", s.getAccessKeyLastUsed),

		iamOp("CreateRole", "RoleName", s.createRole), iamOp("GetRole", "RoleName", s.getRole), iamOp("UpdateRole", "RoleName", s.updateRole), iamOp("UpdateRoleDescription", "RoleName", s.updateRoleDescription),
		iamOp("UpdateAssumeRolePolicy", "RoleName", s.updateAssumeRolePolicy), iamOp("DeleteRole", "RoleName", s.deleteEntity(iam.RoleKind)), iamOp("ListRoles", "", s.listRoles),
		iamOp("ListInstanceProfilesForRole", "RoleName", s.listInstanceProfilesForRole),

		iamOp("CreatePolicy", "", s.createPolicy), iamOp("GetPolicy", "PolicyArn", s.getPolicy), iamOp("ListPolicies", "", s.listPolicies), iamOp("DeletePolicy", "PolicyArn", s.deletePolicy),
		iamOp("CreatePolicyVersion", "PolicyArn", s.createPolicyVersion), iamOp("GetPolicyVersion", "PolicyArn", s.getPolicyVersion), iamOp("ListPolicyVersions", "PolicyArn", s.listPolicyVersions),
		iamOp("SetDefaultPolicyVersion", "PolicyArn", s.setDefaultPolicyVersion), iamOp("DeletePolicyVersion", "PolicyArn", s.deletePolicyVersion), iamOp("ListEntitiesForPolicy", "PolicyArn", s.listEntitiesForPolicy),
		iamOp("TagPolicy", "PolicyArn", s.tagPolicy), iamOp("UntagPolicy", "PolicyArn", s.untagPolicy), iamOp("ListPolicyTags", "PolicyArn", s.listPolicyTags),

		iamOp("CreateOpenIDConnectProvider", "", s.createProvider), iamOp("GetOpenIDConnectProvider", "OpenIDConnectProviderArn", s.getProvider), iamOp("ListOpenIDConnectProviders", "", s.listProviders),
		iamOp("DeleteOpenIDConnectProvider", "OpenIDConnectProviderArn", s.deleteProvider), iamOp("AddClientIDToOpenIDConnectProvider", "OpenIDConnectProviderArn", s.addClientID), iamOp("RemoveClientIDFromOpenIDConnectProvider", "OpenIDConnectProviderArn", s.removeClientID),
		iamOp("UpdateOpenIDConnectProviderThumbprint", "OpenIDConnectProviderArn", s.updateThumbprint), iamOp("TagOpenIDConnectProvider", "OpenIDConnectProviderArn", s.tagProvider),
		iamOp("UntagOpenIDConnectProvider", "OpenIDConnectProviderArn", s.untagProvider), iamOp("ListOpenIDConnectProviderTags", "OpenIDConnectProviderArn", s.listProviderTags),

		iamOp("CreateAccountAlias", "", s.createAccountAlias), iamOp("DeleteAccountAlias", "", s.deleteAccountAlias), iamOp("ListAccountAliases", "", s.listAccountAliases),
		iamOp("GetAccountSummary", "", s.getAccountSummary), iamOp("GetAccountAuthorizationDetails", "", s.getAccountAuthorizationDetails),
		iamOp("SimulatePrincipalPolicy", "PolicySourceArn", s.simulatePrincipalPolicy), iamOp("SimulateCustomPolicy", "", s.simulateCustomPolicy),
		iamOp("GetContextKeysForCustomPolicy", "", s.getContextKeysForCustomPolicy), iamOp("GetContextKeysForPrincipalPolicy", "PolicySourceArn", s.getContextKeysForPrincipalPolicy),
	}
	rows = append(rows, s.absentRows()...)
	rows = append(rows, s.holderRows("User", iam.UserKind)...)
	rows = append(rows, s.holderRows("Group", iam.GroupKind)...)
	return append(rows, s.holderRows("Role", iam.RoleKind)...)
}

// holderRows are the operations that users, groups and roles have alike.
func (s *Server) holderRows(word string, kind iam.EntityKind) []row {
	rows := []row{
		iamOp("Put"+word+"Policy", nameMember[kind], s.putInline(kind)), iamOp("Get"+word+"Policy", nameMember[kind], s.getInline(kind)),
		iamOp("Delete"+word+"Policy", nameMember[kind], s.deleteInline(kind)), iamOp("List"+word+"Policies", nameMember[kind], s.listInline(kind)),
		iamOp("Attach"+word+"Policy", nameMember[kind], s.attach(kind)), iamOp("Detach"+word+"Policy", nameMember[kind], s.detach(kind)),
		iamOp("ListAttached"+word+"Policies", nameMember[kind], s.listAttached(kind)),
	}
	if kind == iam.GroupKind {
		return rows
	}
	return append(rows,
		iamOp("Put"+word+"PermissionsBoundary", nameMember[kind], s.putBoundary(kind)), iamOp("Delete"+word+"PermissionsBoundary", nameMember[kind], s.deleteBoundary(kind)),
		iamOp("Tag"+word, nameMember[kind], s.tagEntity(kind)), iamOp("Untag"+word, nameMember[kind], s.untagEntity(kind)), iamOp("List"+word+"Tags", nameMember[kind], s.listEntityTags(kind)))
}

// iamRefused are the operations that are known and not served: passwords, second
// factors, certificates, instance profiles, SAML, service-linked roles,
// organizations and reports.
func iamRefused() []row {
	var rows []row
	for _, name := range iamNotServed {
		rows = append(rows, row{method: "POST", path: name, action: "iam:" + name})
	}
	return refuse(iamResource, rows)
}

var iamNotServed = []string{
	"AcceptDelegationRequest",
	"AddRoleToInstanceProfile",
	"AssociateDelegationRequest",
	"ChangePassword",
	"CreateDelegationRequest",
	"CreateInstanceProfile",
	"CreateLoginProfile",
	"CreateSAMLProvider",
	"CreateServiceLinkedRole",
	"CreateServiceSpecificCredential",
	"CreateVirtualMFADevice",
	"DeactivateMFADevice",
	"DeleteAccountPasswordPolicy",
	"DeleteInstanceProfile",
	"DeleteSAMLProvider",
	"DeleteSSHPublicKey",
	"DeleteServerCertificate",
	"DeleteServiceLinkedRole",
	"DeleteServiceSpecificCredential",
	"DeleteSigningCertificate",
	"DeleteVirtualMFADevice",
	"DisableOrganizationsRootCredentialsManagement",
	"DisableOrganizationsRootSessions",
	"DisableOutboundWebIdentityFederation",
	"EnableMFADevice",
	"EnableOrganizationsRootCredentialsManagement",
	"EnableOrganizationsRootSessions",
	"EnableOutboundWebIdentityFederation",
	"GenerateCredentialReport",
	"GenerateOrganizationsAccessReport",
	"GenerateServiceLastAccessedDetails",
	"GetCredentialReport",
	"GetDelegationRequest",
	"GetHumanReadableSummary",
	"GetMFADevice",
	"GetOrganizationsAccessReport",
	"GetOutboundWebIdentityFederationInfo",
	"GetSAMLProvider",
	"GetSSHPublicKey",
	"GetServerCertificate",
	"GetServiceLastAccessedDetails",
	"GetServiceLastAccessedDetailsWithEntities",
	"GetServiceLinkedRoleDeletionStatus",
	"ListDelegationRequests",
	"ListInstanceProfileTags",
	"ListMFADeviceTags",
	"ListOrganizationsFeatures",
	"ListPoliciesGrantingServiceAccess",
	"ListSAMLProviderTags",
	"ListServerCertificateTags",
	"RejectDelegationRequest",
	"RemoveRoleFromInstanceProfile",
	"ResetServiceSpecificCredential",
	"ResyncMFADevice",
	"SendDelegationToken",
	"SetSecurityTokenServicePreferences",
	"TagInstanceProfile",
	"TagMFADevice",
	"TagSAMLProvider",
	"TagServerCertificate",
	"UntagInstanceProfile",
	"UntagMFADevice",
	"UntagSAMLProvider",
	"UntagServerCertificate",
	"UpdateAccountPasswordPolicy",
	"UpdateDelegationRequest",
	"UpdateLoginProfile",
	"UpdateSAMLProvider",
	"UpdateSSHPublicKey",
	"UpdateServerCertificate",
	"UpdateServiceSpecificCredential",
	"UpdateSigningCertificate",
	"UploadSSHPublicKey",
	"UploadServerCertificate",
	"UploadSigningCertificate",
}
