package awsapi

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/hearth-metrics/hearth"
)

// A service is one AWS API: a signing name, a protocol and its operations.
type service struct {
	name     string // as in a credential scope
	title    string
	protocol protocol
	version  string // query protocol: the API version that goes with Action
	router   *router
	actions  map[string]*row // query protocol
	served   bool            // at least one operation
}

// A protocol is how a service spells requests and answers.
type protocol int

const (
	restJSON protocol = iota
	queryXML
	grafanaJSON // Grafana's own API
	awsJSON     // 1.1, and for CloudWatch also CBOR
)

// title, protocol and version of each service a request may be for, by signing
// name.
var known = []service{
	{name: "aps", title: "Amazon Managed Service for Prometheus", protocol: restJSON},
	{name: "sts", title: "AWS Security Token Service", protocol: queryXML, version: "2011-06-15"},
	{name: "hearth", title: "Hearth", protocol: restJSON},
	{name: "grafana", title: "Amazon Managed Grafana", protocol: restJSON},
	{name: "iam", title: "AWS Identity and Access Management", protocol: queryXML, version: "2010-05-08"},
	{name: "sns", title: "Amazon Simple Notification Service", protocol: queryXML, version: "2010-03-31"},
	{name: grafanaHTTP, title: "a Grafana workspace", protocol: grafanaJSON},
	{name: "eks", title: "Amazon Elastic Kubernetes Service", protocol: restJSON},
	{name: "monitoring", title: "Amazon CloudWatch", protocol: awsJSON, version: "2010-08-01"},
	{name: "tagging", title: "AWS Resource Groups Tagging API", protocol: awsJSON},
	{name: "logs", title: "Amazon CloudWatch Logs", protocol: awsJSON},
}

// namespace is the XML namespace of a query-protocol service.
func (s *service) namespace() string {
	scheme := "https"
	if s.name == "sns" || s.name == "monitoring" {
		scheme = "http"
	}
	return scheme + "://" + s.name + ".amazonaws.com/doc/" + s.version + "/"
}

// newServices builds the tables.
func (s *Server) newServices() map[string]*service {
	rows := s.tables()
	all := make(map[string]*service, len(known))
	for _, k := range known {
		svc := k
		svc.served = len(rows[k.name]) > 0
		svc.router = &router{}
		if svc.protocol == queryXML || svc.name == "monitoring" {
			svc.actions, svc.router = byAction(rows[k.name]), newRouter(pagesOf(rows[k.name]))
		} else {
			svc.router = newRouter(rows[k.name])
		}
		all[k.name] = &svc
	}
	return all
}

// tables are all rows, served and refused, by service.
func (s *Server) tables() map[string][]*row {
	all := map[string][]*row{}
	for _, rows := range [][]row{
		s.apsRows(), s.dataRows(), s.iamRows(), s.stsRows(), s.snsRows(), s.hearthRows(), s.tokenRows(), s.cloudwatchRows(), s.monitoringRows(), monitoringRefused(), s.usageRows(), s.checkRows(), s.signInRows(), s.sessionRows(), s.eksRows(), s.clusterRows(), s.doctorRows(),
		s.grafanaRows(), s.grafanaHTTPRows(),
		apsRefused(), dataRefused(), iamRefused(), stsRefused(), snsRefused(), eksRefused(),
	} {
		for i := range rows {
			name, _, _ := strings.Cut(rows[i].action, ":")
			if name == "cloudwatch" {
				name = "monitoring" // as it is signed for
			}
			if strings.HasPrefix(rows[i].path, "/hearth/") {
				name = "hearth" // some need a right of the service that they tell of
			}
			all[name] = append(all[name], &rows[i])
		}
	}
	return all
}

func byAction(rows []*row) map[string]*row {
	m := make(map[string]*row, len(rows))
	for _, r := range rows {
		if !r.page() {
			m[r.operation()] = r
		}
	}
	return m
}

// pagesOf are the rows of a query-protocol service that have paths of their own.
func pagesOf(rows []*row) []*row {
	return slices.DeleteFunc(slices.Clone(rows), func(r *row) bool { return !r.page() })
}

// selectService finds the service a request is for: by virtual host, by the
// signing name in the credential scope, by the literal path. It returns nil for
// a request that only the Action in its form can tell.
func (s *Server) selectService(r *request) *service {
	byToken := r.http.Header.Get("Authorization") != ""
	if m, _ := s.signIns.exact(r.http.Method, r.path); m.row != nil && r.sig == nil && !(byToken && m.row.operation() == "LoginSession") {
		return s.services["hearth"]
	}
	if strings.HasPrefix(r.path, "/grafana/g-") && grafanaPath.MatchString(r.path) {
		return s.services[grafanaHTTP]
	}
	if svc := s.byHost(r.http.Host); svc != nil {
		return svc
	}
	if svc := s.services[r.claimedService()]; svc != nil && svc.protocol != grafanaJSON {
		return svc
	}
	return s.byPath(r.http.URL.Path)
}

// byHost reads hosts such as aps-workspaces.eu-west-1.example.org. The host
// Hearth itself is reached by never counts: monitoring.example.org is a likely
// name for a machine that runs Hearth.
func (s *Server) byHost(host string) *service {
	label, rest, ok := strings.Cut(host, ".")
	if !ok || host == s.ownHost {
		return nil
	}
	if label == "aps-workspaces" {
		label = "aps"
	}
	svc := s.services[label]
	if svc == nil || svc.protocol == grafanaJSON {
		return nil
	}
	region, _, _ := strings.Cut(rest, ".")
	if rest == s.ownHost || awsRegion.MatchString(region) || region == "amazonaws" {
		return svc
	}
	return nil
}

// awsRegion tells names such as us-east-1 and us-gov-west-1 from names that
// people give to machines.
var awsRegion = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)?-(north|south|east|west|central|northeast|northwest|southeast|southwest)-[0-9]$`)

func (s *Server) byPath(path string) *service {
	path = strings.TrimLeft(path, "/")
	first, rest, _ := strings.Cut(path, "/")
	if first == "versions" || first == "workspaces" && strings.HasPrefix(rest, "g-") {
		return s.services["grafana"]
	}
	switch first {
	case "workspaces", "scrapers", "scraperconfiguration", "tags":
		return s.services["aps"]
	case "clusters", "cluster-registrations", "cluster-versions", "access-policies", "addons", "eks-anywhere-subscriptions":
		return s.services["eks"]
	case "hearth":
		return s.services["hearth"]
	case "sns":
		return s.services["sns"]
	}
	return nil
}

// byForm finds the service of a query-protocol request by its Version, which
// every such form carries; unsigned ones have nothing else.
func (s *Server) byForm(form url.Values) *service {
	version := form.Get("Version")
	if form.Get("Action") == "" {
		return nil
	}
	for _, svc := range s.services {
		if svc.version != "" && svc.version == version {
			return svc
		}
	}
	return nil
}

// unknownOperation is the answer to a path or action that no row has.
func unknownOperation(msg string) error {
	return &refusal{code: "UnknownOperationException", status: http.StatusNotFound, msg: msg}
}

// notServed is the answer to an operation Hearth knows and does not serve yet.
func notServed(what string) error {
	return &hearth.Error{Kind: hearth.NotServed, Resource: what, Msg: what + " is not served by this version of Hearth. docs/operations.md lists what is."}
}
