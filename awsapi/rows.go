package awsapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/hearth-metrics/hearth"
)

// A row is one operation: how it is asked for, what right it needs on which
// resource, and who answers.
type row struct {
	method string
	path   string // escaped; {name} stands for one segment. Query protocols: the Action
	code   int    // status of success; 0 for rows of the data plane and refused ones
	action string // the IAM action
	on     target
	serve  handler // control plane
	pass   passer  // data plane

	about     string             // of IAM: the member of the form that names what it is done to
	passing   passing            // roles the request hands to a service
	role      hearth.GrafanaRole // the least one; of rows of a Grafana workspace
	extension bool               // of Hearth: AWS has no such operation
}

// op is a row of the control plane.
func op(method, path string, code int, action string, on target, serve handler) row {
	return row{method: method, path: path, code: code, action: action, on: on, serve: serve}
}

// A handler answers a control-plane operation: a value to encode (nil for an
// empty body), or an error.
type handler func(ctx context.Context, r *request) (any, error)

// A passer answers a data-plane request by itself.
type passer func(w http.ResponseWriter, r *request)

// A target says what an operation is done to, and so which question the
// authoriser is asked.
type target int

const (
	nobody          target = iota // the zero row stays shut
	anyPrincipal                  // whoever has proven who they are
	unsigned                      // anyone at all
	account                       // no resource in particular
	ownWorkspace                  // {workspaceId}, of the caller's account and region
	ownNamespace                  // the rule groups namespace {name} of {workspaceId}
	newScraper                    // what the scraper in the body reads and writes
	ownScraper                    // {scraperId}, of the caller's account and region
	taggedResource                // {resourceArn}
	dataWorkspace                 // {workspaceId}, of whichever account it is
	ownEvents                     // the account's part of the ledger
	iamResource                   // what the form names, in the caller's account
	snsTopic                      // the topic in the form
	snsSubscription               // the subscription in the form
	snsLink                       // the same, for whoever holds the link; who signs must have the right
	snsPage                       // anyone at all
	hearthWorkspace               // {workspaceId} of one of Hearth's own operations
	cwScraper                     // the workspace that {cloudwatchScraperId} writes into
	ownGrafana                    // the Grafana workspace {workspaceId}, of the caller's account and region
	grafanaUser                   // a user of the Grafana workspace {grafanaId} with the row's role
	grafanaOpen                   // anyone at all who knows the Grafana workspace {grafanaId}
	ownCluster                    // the cluster {name} of the caller
	ownEntry                      // the access entry of {principalArn} in it
	eksTagged                     // {resourceArn}, a cluster or an access entry
	signIn                        // anyone at all
)

// operation is the row's name without its service: DescribeWorkspace.
func (r *row) operation() string {
	_, name, _ := strings.Cut(r.action, ":")
	return name
}

// ours marks a row that only Hearth has.
func (r row) ours() row {
	r.extension = true
	return r
}

// refused says that the operation is known and not served yet.
func (r *row) refused() bool { return r.serve == nil && r.pass == nil }

// page says that the row has a path of its own in a service that has forms
// otherwise.
func (r *row) page() bool { return r.on == snsPage }

// data says that there is a row and it belongs to the data plane of a workspace.
func (r *row) data() bool { return r != nil && r.on == dataWorkspace }

// careless says that clients join this row's URLs without care for slashes.
func (r *row) careless() bool { return r.data() || r.on == grafanaUser && r.serve != nil }
