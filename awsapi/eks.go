package awsapi

// The path of a cluster.
const eksPath = "/clusters/{name}"

// The path of an access entry.
const entryPath = eksPath + "/access-entries/{principalArn}"

// eksRows are the operations of Amazon EKS on clusters that were registered,
// https://docs.aws.amazon.com/eks/latest/APIReference/API_Operations.html
func (s *Server) eksRows() []row {
	return []row{
		op("POST", "/cluster-registrations", 200, "eks:RegisterCluster", account, s.registerCluster),
		op("DELETE", "/cluster-registrations/{name}", 200, "eks:DeregisterCluster", ownCluster, s.deregisterCluster),
		op("GET", "/clusters", 200, "eks:ListClusters", account, s.listClusters),
		op("GET", eksPath, 200, "eks:DescribeCluster", ownCluster, s.describeCluster),

		op("POST", eksPath+"/access-entries", 200, "eks:CreateAccessEntry", ownCluster, s.createAccessEntry),
		op("GET", eksPath+"/access-entries", 200, "eks:ListAccessEntries", ownCluster, s.listAccessEntries),
		op("GET", entryPath, 200, "eks:DescribeAccessEntry", ownEntry, s.describeAccessEntry),
		op("POST", entryPath, 200, "eks:UpdateAccessEntry", ownEntry, s.updateAccessEntry),
		op("DELETE", entryPath, 200, "eks:DeleteAccessEntry", ownEntry, s.deleteAccessEntry),
		op("POST", entryPath+"/access-policies", 200, "eks:AssociateAccessPolicy", ownEntry, s.associateAccessPolicy),
		op("GET", entryPath+"/access-policies", 200, "eks:ListAssociatedAccessPolicies", ownEntry, s.listAssociatedAccessPolicies),
		op("DELETE", entryPath+"/access-policies/{policyArn}", 200, "eks:DisassociateAccessPolicy", ownEntry, s.disassociateAccessPolicy),
		op("GET", "/access-policies", 200, "eks:ListAccessPolicies", account, s.listAccessPolicies),

		op("GET", "/tags/{resourceArn}", 200, "eks:ListTagsForResource", eksTagged, s.listTags),
		op("POST", "/tags/{resourceArn}", 200, "eks:TagResource", eksTagged, s.tagResource),
		op("DELETE", "/tags/{resourceArn}", 200, "eks:UntagResource", eksTagged, s.untagResource),
	}
}

// eksRefused are the operations on what only EKS itself runs.
func eksRefused() []row {
	return refuse(account, []row{
		{method: "GET", path: "/addons/configuration-schemas", action: "eks:DescribeAddonConfiguration"},
		{method: "GET", path: "/addons/supported-versions", action: "eks:DescribeAddonVersions"},
		{method: "GET", path: "/cluster-versions", action: "eks:DescribeClusterVersions"},
		{method: "POST", path: "/clusters", action: "eks:CreateCluster"},
		{method: "DELETE", path: "/clusters/{name}", action: "eks:DeleteCluster"},
		{method: "GET", path: "/clusters/{name}/addons", action: "eks:ListAddons"},
		{method: "POST", path: "/clusters/{name}/addons", action: "eks:CreateAddon"},
		{method: "DELETE", path: "/clusters/{name}/addons/{addonName}", action: "eks:DeleteAddon"},
		{method: "GET", path: "/clusters/{name}/addons/{addonName}", action: "eks:DescribeAddon"},
		{method: "POST", path: "/clusters/{name}/addons/{addonName}/update", action: "eks:UpdateAddon"},
		{method: "GET", path: "/clusters/{name}/capabilities", action: "eks:ListCapabilities"},
		{method: "POST", path: "/clusters/{name}/capabilities", action: "eks:CreateCapability"},
		{method: "DELETE", path: "/clusters/{name}/capabilities/{capabilityName}", action: "eks:DeleteCapability"},
		{method: "GET", path: "/clusters/{name}/capabilities/{capabilityName}", action: "eks:DescribeCapability"},
		{method: "POST", path: "/clusters/{name}/capabilities/{capabilityName}", action: "eks:UpdateCapability"},
		{method: "POST", path: "/clusters/{name}/encryption-config/associate", action: "eks:AssociateEncryptionConfig"},
		{method: "GET", path: "/clusters/{name}/fargate-profiles", action: "eks:ListFargateProfiles"},
		{method: "POST", path: "/clusters/{name}/fargate-profiles", action: "eks:CreateFargateProfile"},
		{method: "DELETE", path: "/clusters/{name}/fargate-profiles/{fargateProfileName}", action: "eks:DeleteFargateProfile"},
		{method: "GET", path: "/clusters/{name}/fargate-profiles/{fargateProfileName}", action: "eks:DescribeFargateProfile"},
		{method: "GET", path: "/clusters/{name}/identity-provider-configs", action: "eks:ListIdentityProviderConfigs"},
		{method: "POST", path: "/clusters/{name}/identity-provider-configs/associate", action: "eks:AssociateIdentityProviderConfig"},
		{method: "POST", path: "/clusters/{name}/identity-provider-configs/describe", action: "eks:DescribeIdentityProviderConfig"},
		{method: "POST", path: "/clusters/{name}/identity-provider-configs/disassociate", action: "eks:DisassociateIdentityProviderConfig"},
		{method: "POST", path: "/clusters/{name}/insights", action: "eks:ListInsights"},
		{method: "GET", path: "/clusters/{name}/insights-refresh", action: "eks:DescribeInsightsRefresh"},
		{method: "POST", path: "/clusters/{name}/insights-refresh", action: "eks:StartInsightsRefresh"},
		{method: "GET", path: "/clusters/{name}/insights/{id}", action: "eks:DescribeInsight"},
		{method: "GET", path: "/clusters/{name}/node-groups", action: "eks:ListNodegroups"},
		{method: "POST", path: "/clusters/{name}/node-groups", action: "eks:CreateNodegroup"},
		{method: "DELETE", path: "/clusters/{name}/node-groups/{nodegroupName}", action: "eks:DeleteNodegroup"},
		{method: "GET", path: "/clusters/{name}/node-groups/{nodegroupName}", action: "eks:DescribeNodegroup"},
		{method: "POST", path: "/clusters/{name}/node-groups/{nodegroupName}/update-config", action: "eks:UpdateNodegroupConfig"},
		{method: "POST", path: "/clusters/{name}/node-groups/{nodegroupName}/update-version", action: "eks:UpdateNodegroupVersion"},
		{method: "GET", path: "/clusters/{name}/pod-identity-associations", action: "eks:ListPodIdentityAssociations"},
		{method: "POST", path: "/clusters/{name}/pod-identity-associations", action: "eks:CreatePodIdentityAssociation"},
		{method: "DELETE", path: "/clusters/{name}/pod-identity-associations/{associationId}", action: "eks:DeletePodIdentityAssociation"},
		{method: "GET", path: "/clusters/{name}/pod-identity-associations/{associationId}", action: "eks:DescribePodIdentityAssociation"},
		{method: "POST", path: "/clusters/{name}/pod-identity-associations/{associationId}", action: "eks:UpdatePodIdentityAssociation"},
		{method: "POST", path: "/clusters/{name}/update-config", action: "eks:UpdateClusterConfig"},
		{method: "GET", path: "/clusters/{name}/updates", action: "eks:ListUpdates"},
		{method: "POST", path: "/clusters/{name}/updates", action: "eks:UpdateClusterVersion"},
		{method: "GET", path: "/clusters/{name}/updates/{updateId}", action: "eks:DescribeUpdate"},
		{method: "GET", path: "/eks-anywhere-subscriptions", action: "eks:ListEksAnywhereSubscriptions"},
		{method: "POST", path: "/eks-anywhere-subscriptions", action: "eks:CreateEksAnywhereSubscription"},
		{method: "DELETE", path: "/eks-anywhere-subscriptions/{id}", action: "eks:DeleteEksAnywhereSubscription"},
		{method: "GET", path: "/eks-anywhere-subscriptions/{id}", action: "eks:DescribeEksAnywhereSubscription"},
		{method: "POST", path: "/eks-anywhere-subscriptions/{id}", action: "eks:UpdateEksAnywhereSubscription"},
	})
}
