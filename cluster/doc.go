// Package cluster keeps the Kubernetes clusters that were registered: how their
// API servers are reached, who a scraper is in them, and who issues the tokens of
// their service accounts.
//
// Credentials stay in the room: they are sealed at rest, are never answered, and
// leave only in requests to the API server they belong to, over connections that
// the guarded dialer makes. Nothing that a kubeconfig names is run or opened here.
package cluster
