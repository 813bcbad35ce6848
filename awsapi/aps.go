package awsapi

import "slices"

// The path of a workspace, as control and data plane both begin.
const ws = "/workspaces/{workspaceId}"

// apsRows are the operations of Amazon Managed Service for Prometheus,
// https://docs.aws.amazon.com/prometheus/latest/APIReference/API_Operations.html
func (s *Server) apsRows() []row {
	return slices.Concat(s.rulesRows(), s.definitionRows(), s.scraperRows(), []row{
		op("POST", "/workspaces", 202, "aps:CreateWorkspace", account, s.createWorkspace),
		op("GET", "/workspaces", 200, "aps:ListWorkspaces", account, s.listWorkspaces),
		op("GET", ws, 200, "aps:DescribeWorkspace", ownWorkspace, s.describeWorkspace),
		op("DELETE", ws, 202, "aps:DeleteWorkspace", ownWorkspace, s.deleteWorkspace),
		op("POST", ws+"/alias", 204, "aps:UpdateWorkspaceAlias", ownWorkspace, s.updateWorkspaceAlias),
		op("GET", ws+"/configuration", 200, "aps:DescribeWorkspaceConfiguration", ownWorkspace, s.describeWorkspaceConfiguration),
		op("PATCH", ws+"/configuration", 202, "aps:UpdateWorkspaceConfiguration", ownWorkspace, s.updateWorkspaceConfiguration),

		op("GET", "/tags/{resourceArn}", 200, "aps:ListTagsForResource", taggedResource, s.listTags),
		op("POST", "/tags/{resourceArn}", 200, "aps:TagResource", taggedResource, s.tagResource),
		op("DELETE", "/tags/{resourceArn}", 200, "aps:UntagResource", taggedResource, s.untagResource),

		op("GET", ws+"/logging", 200, "aps:DescribeLoggingConfiguration", ownWorkspace, s.noLogging),
		op("GET", ws+"/logging/query", 200, "aps:DescribeQueryLoggingConfiguration", ownWorkspace, s.noQueryLogging),
		op("GET", ws+"/policy", 200, "aps:DescribeResourcePolicy", ownWorkspace, s.describeResourcePolicy),
		op("PUT", ws+"/policy", 202, "aps:PutResourcePolicy", ownWorkspace, s.putResourcePolicy),
		op("DELETE", ws+"/policy", 202, "aps:DeleteResourcePolicy", ownWorkspace, s.deleteResourcePolicy),
	})
}

// apsRefused are the operations that are known and not served yet.
func apsRefused() []row {
	return refuse(ownWorkspace, []row{
		{method: "POST", path: ws + "/anomalydetectors", action: "aps:CreateAnomalyDetector"},
		{method: "GET", path: ws + "/anomalydetectors", action: "aps:ListAnomalyDetectors"},
		{method: "GET", path: ws + "/anomalydetectors/{anomalyDetectorId}", action: "aps:DescribeAnomalyDetector"},
		{method: "PUT", path: ws + "/anomalydetectors/{anomalyDetectorId}", action: "aps:PutAnomalyDetector"},
		{method: "DELETE", path: ws + "/anomalydetectors/{anomalyDetectorId}", action: "aps:DeleteAnomalyDetector"},

		{method: "POST", path: ws + "/logging", action: "aps:CreateLoggingConfiguration"},
		{method: "PUT", path: ws + "/logging", action: "aps:UpdateLoggingConfiguration"},
		{method: "DELETE", path: ws + "/logging", action: "aps:DeleteLoggingConfiguration"},
		{method: "POST", path: ws + "/logging/query", action: "aps:CreateQueryLoggingConfiguration"},
		{method: "PUT", path: ws + "/logging/query", action: "aps:UpdateQueryLoggingConfiguration"},
		{method: "DELETE", path: ws + "/logging/query", action: "aps:DeleteQueryLoggingConfiguration"},
	})
}

// refuse gives the rows that do not name a target this one.
func refuse(on target, rows []row) []row {
	for i := range rows {
		if rows[i].on == nobody {
			rows[i].on = on
		}
	}
	return rows
}
