package awsapi

import "github.com/hearth-metrics/hearth/iam"

// iamOp is a row of IAM: the operation is its own action.
func iamOp(name string, serve handler) row {
	return op("POST", name, 200, "iam:"+name, iamResource, serve)
}

// iamRows are the operations of AWS Identity and Access Management,
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
func (s *Server) iamRows() []row {
	rows := []row{
		iamOp("CreateUser", s.createUser), iamOp("GetUser", s.getUser), iamOp("UpdateUser", s.rename(iam.UserKind)),
		iamOp("DeleteUser", s.deleteEntity(iam.UserKind)), iamOp("ListUsers", s.listUsers),
		iamOp("CreateGroup", s.createGroup), iamOp("GetGroup", s.getGroup), iamOp("UpdateGroup", s.rename(iam.GroupKind)),
		iamOp("DeleteGroup", s.deleteEntity(iam.GroupKind)), iamOp("ListGroups", s.listGroups),
		iamOp("AddUserToGroup", s.addUserToGroup), iamOp("RemoveUserFromGroup", s.removeUserFromGroup), iamOp("ListGroupsForUser", s.listGroupsForUser),

		iamOp("CreateAccessKey", s.createAccessKey), iamOp("ListAccessKeys", s.listAccessKeys), iamOp("UpdateAccessKey", s.updateAccessKey),
		iamOp("DeleteAccessKey", s.deleteAccessKey), iamOp("GetAccessKeyLastUsed", s.getAccessKeyLastUsed),

		iamOp("CreateRole", s.createRole), iamOp("GetRole", s.getRole), iamOp("UpdateRole", s.updateRole), iamOp("UpdateRoleDescription", s.updateRoleDescription),
		iamOp("UpdateAssumeRolePolicy", s.updateAssumeRolePolicy), iamOp("DeleteRole", s.deleteEntity(iam.RoleKind)), iamOp("ListRoles", s.listRoles),
		iamOp("ListInstanceProfilesForRole", s.listInstanceProfilesForRole),

		iamOp("CreatePolicy", s.createPolicy), iamOp("GetPolicy", s.getPolicy), iamOp("ListPolicies", s.listPolicies), iamOp("DeletePolicy", s.deletePolicy),
		iamOp("CreatePolicyVersion", s.createPolicyVersion), iamOp("GetPolicyVersion", s.getPolicyVersion), iamOp("ListPolicyVersions", s.listPolicyVersions),
		iamOp("SetDefaultPolicyVersion", s.setDefaultPolicyVersion), iamOp("DeletePolicyVersion", s.deletePolicyVersion), iamOp("ListEntitiesForPolicy", s.listEntitiesForPolicy),
		iamOp("TagPolicy", s.tagPolicy), iamOp("UntagPolicy", s.untagPolicy), iamOp("ListPolicyTags", s.listPolicyTags),

		iamOp("CreateOpenIDConnectProvider", s.createProvider), iamOp("GetOpenIDConnectProvider", s.getProvider), iamOp("ListOpenIDConnectProviders", s.listProviders),
		iamOp("DeleteOpenIDConnectProvider", s.deleteProvider), iamOp("AddClientIDToOpenIDConnectProvider", s.addClientID), iamOp("RemoveClientIDFromOpenIDConnectProvider", s.removeClientID),
		iamOp("UpdateOpenIDConnectProviderThumbprint", s.updateThumbprint), iamOp("TagOpenIDConnectProvider", s.tagProvider),
		iamOp("UntagOpenIDConnectProvider", s.untagProvider), iamOp("ListOpenIDConnectProviderTags", s.listProviderTags),

		iamOp("CreateAccountAlias", s.createAccountAlias), iamOp("DeleteAccountAlias", s.deleteAccountAlias), iamOp("ListAccountAliases", s.listAccountAliases),
		iamOp("GetAccountSummary", s.getAccountSummary), iamOp("GetAccountAuthorizationDetails", s.getAccountAuthorizationDetails),
		iamOp("SimulatePrincipalPolicy", s.simulatePrincipalPolicy), iamOp("SimulateCustomPolicy", s.simulateCustomPolicy),
		iamOp("GetContextKeysForCustomPolicy", s.getContextKeysForCustomPolicy), iamOp("GetContextKeysForPrincipalPolicy", s.getContextKeysForPrincipalPolicy),
	}
	rows = append(rows, s.holderRows("User", iam.UserKind)...)
	rows = append(rows, s.holderRows("Group", iam.GroupKind)...)
	return append(rows, s.holderRows("Role", iam.RoleKind)...)
}

// holderRows are the operations that users, groups and roles have alike.
func (s *Server) holderRows(word string, kind iam.EntityKind) []row {
	rows := []row{
		iamOp("Put"+word+"Policy", s.putInline(kind)), iamOp("Get"+word+"Policy", s.getInline(kind)),
		iamOp("Delete"+word+"Policy", s.deleteInline(kind)), iamOp("List"+word+"Policies", s.listInline(kind)),
		iamOp("Attach"+word+"Policy", s.attach(kind)), iamOp("Detach"+word+"Policy", s.detach(kind)),
		iamOp("ListAttached"+word+"Policies", s.listAttached(kind)),
	}
	if kind == iam.GroupKind {
		return rows
	}
	return append(rows,
		iamOp("Put"+word+"PermissionsBoundary", s.putBoundary(kind)), iamOp("Delete"+word+"PermissionsBoundary", s.deleteBoundary(kind)),
		iamOp("Tag"+word, s.tagEntity(kind)), iamOp("Untag"+word, s.untagEntity(kind)), iamOp("List"+word+"Tags", s.listEntityTags(kind)))
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
	"DeleteLoginProfile",
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
	"GetAccountPasswordPolicy",
	"GetCredentialReport",
	"GetDelegationRequest",
	"GetHumanReadableSummary",
	"GetInstanceProfile",
	"GetLoginProfile",
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
	"ListInstanceProfiles",
	"ListMFADeviceTags",
	"ListMFADevices",
	"ListOrganizationsFeatures",
	"ListPoliciesGrantingServiceAccess",
	"ListSAMLProviderTags",
	"ListSAMLProviders",
	"ListSSHPublicKeys",
	"ListServerCertificateTags",
	"ListServerCertificates",
	"ListServiceSpecificCredentials",
	"ListSigningCertificates",
	"ListVirtualMFADevices",
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
