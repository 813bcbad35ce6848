// Package awsapi is the front door: it finds out which service a request is
// for and which operation, who signed it and whether they may, and only then
// lets a room answer. It alone knows AWS's error codes and wire formats.
//
// Every operation is a row of a table, and one loop serves all rows:
//
//	request id → service → row → body, capped → signature → rights → region → handler → answer
//
// A handler cannot forget to ask, for it is reached only through the loop. An
// operation of a service's model is either served by a row or stands among the
// refused rows, which answer a typed error; docs/operations.md lists both.
//
// A row whose request names roles for a service to act as says so, and the loop
// asks for iam:PassRole on each:
//
//	op("POST", "/workspaces", 202, "grafana:CreateWorkspace", account, s.create).passes("grafana.amazonaws.com", "workspaceRoleArn")
//
// What a request may learn before it has proven who sent it is: whether such a
// path exists. Workspaces of other accounts are indistinguishable from those
// that do not exist; the ledger holds the reason under the request id.
package awsapi

//go:generate go test -run ^TestOperationsPage$ . -update
