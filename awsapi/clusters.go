package awsapi

import (
	"context"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/cluster"
)

// The path of a cluster among Hearth's own operations.
const clusterPath = "/hearth/v1/clusters/{name}"

// clusterRows register clusters with what EKS has no words for, and tell how they
// are.
func (s *Server) clusterRows() []row {
	return []row{
		op("POST", "/hearth/v1/clusters", 200, "hearth:RegisterCluster", account, s.equipCluster),
		op("GET", "/hearth/v1/clusters", 200, "hearth:ListClusters", account, s.summarizeClusters),
		op("GET", clusterPath, 200, "hearth:DescribeCluster", ownCluster, s.summarizeCluster),
		op("PUT", clusterPath, 200, "hearth:UpdateCluster", ownCluster, s.updateCluster),
		op("POST", clusterPath+"/check", 200, "hearth:CheckCluster", ownCluster, s.checkCluster),
	}
}

type equipInput struct {
	Name       string            `json:"name"`
	Tags       map[string]string `json:"tags"`
	Provider   string            `json:"provider"`
	Kubeconfig string            `json:"kubeconfig"` // with its files inlined
	Context    string            `json:"context"`
	Issuer     string            `json:"oidcIssuer"`
	Pin        bool              `json:"oidcProvider"`
	Unchecked  bool              `json:"noCheck"`
}

// mayPin asks for the right to make identity providers: whose keys are trusted,
// they become the account's roles.
func (s *Server) mayPin(r *request, wanted bool) error {
	if !wanted {
		return nil
	}
	a := s.access(r)
	a.Action, a.Resource = "iam:CreateOpenIDConnectProvider", hearth.ARN{Partition: "aws", Service: "iam", Account: r.caller.Account, Resource: "oidc-provider/*"}
	return s.ask(r, a)
}

func (s *Server) equipCluster(ctx context.Context, r *request) (any, error) {
	if s.opts.Clusters == nil {
		return nil, notServed(r.row.action)
	}
	var in equipInput
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	if in.Kubeconfig == "" {
		return nil, invalidField("kubeconfig", "must not be empty")
	}
	if err := s.mayPin(r, in.Pin); err != nil {
		return nil, err
	}
	c, err := s.opts.Clusters.Register(ctx, cluster.Registration{
		Name: in.Name, Tags: in.Tags, Provider: in.Provider, Kubeconfig: in.Kubeconfig, Context: in.Context,
		Issuer: in.Issuer, PinIssuer: in.Pin, Unchecked: in.Unchecked,
	})
	if err != nil {
		return nil, err
	}
	return s.summary(ctx, c)
}

func (s *Server) updateCluster(ctx context.Context, r *request) (any, error) {
	var in equipInput
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	if err := s.mayPin(r, in.Pin); err != nil {
		return nil, err
	}
	c, err := s.opts.Clusters.Update(ctx, r.param("name"), cluster.Update{
		Kubeconfig: in.Kubeconfig, Context: in.Context, Issuer: in.Issuer, PinIssuer: in.Pin, Unchecked: in.Unchecked,
	})
	if err != nil {
		return nil, err
	}
	return s.summary(ctx, c)
}

// clusterSummary is what the browser shows of a cluster.
type clusterSummary struct {
	Name       string            `json:"name"`
	ARN        string            `json:"arn"`
	Status     hearth.Status     `json:"status"`
	Endpoint   string            `json:"endpoint,omitempty"`
	Version    string            `json:"version,omitempty"`
	Issuer     string            `json:"oidcIssuer,omitempty"`
	Pinned     bool              `json:"oidcProvider"`
	Credential string            `json:"credential,omitempty"` // token, client certificate, password
	Tags       map[string]string `json:"tags"`
	CreatedAt  time.Time         `json:"createdAt"`
	UpdatedAt  *time.Time        `json:"kubeconfigAt,omitempty"`
	Scrapers   []string          `json:"scrapers"`
	Healthy    *bool             `json:"healthy,omitempty"` // not there until the cluster was asked
	Report     *reportBody       `json:"report,omitempty"`
}

// reportBody is what a check found.
type reportBody struct {
	At            time.Time           `json:"checkedAt"`
	Unreachable   string              `json:"unreachable,omitempty"`
	Version       string              `json:"version,omitempty"`
	Issuer        string              `json:"oidcIssuer,omitempty"`
	IssuerError   string              `json:"oidcIssuerError,omitempty"`
	PinError      string              `json:"oidcProviderError,omitempty"`
	SkewSeconds   float64             `json:"clockSkewSeconds"`
	User          string              `json:"collectorUser,omitempty"`   // whom the next two tell of: one that a scraper is
	Groups        []string            `json:"collectorGroups,omitempty"` // that user's, by its mapping
	Impersonation string              `json:"impersonationError,omitempty"`
	Gaps          []rbacv1.PolicyRule `json:"gaps"`
	GapsYAML      string              `json:"gapsYaml,omitempty"` // what closes them, for kubectl apply
	AWSAuth       []cluster.Mapping   `json:"awsAuth"`
	AWSAuthError  string              `json:"awsAuthError,omitempty"`
	Unverified    bool                `json:"insecureSkipTlsVerify,omitempty"`
}

func reportOf(p *cluster.Report) (*reportBody, error) {
	b := &reportBody{
		At: p.At, Unreachable: p.Trouble, Version: p.Version, Issuer: p.Issuer, IssuerError: p.NoIssuer, PinError: p.NotPinned, SkewSeconds: p.Skew.Seconds(),
		User: p.Who.User, Groups: p.Who.Groups, Impersonation: p.NoActing, Gaps: p.Gaps, AWSAuth: p.AWSAuth, AWSAuthError: p.NoAWSAuth, Unverified: p.Unverified,
	}
	if b.Gaps == nil {
		b.Gaps = []rbacv1.PolicyRule{}
	}
	if b.AWSAuth == nil {
		b.AWSAuth = []cluster.Mapping{}
	}
	var err error
	b.GapsYAML, err = p.Remedy()
	return b, err
}

func (s *Server) summary(ctx context.Context, c *cluster.Cluster) (*clusterSummary, error) {
	scrapers, err := s.opts.Clusters.ScrapersOf(ctx, c.ARN())
	if err != nil {
		return nil, err
	}
	out := &clusterSummary{
		Name: c.Name, ARN: c.ARN().String(), Status: c.Status(), Endpoint: c.Server, Version: c.Version, Issuer: c.Issuer, Pinned: c.Pinned,
		Credential: c.Credential, Tags: tagsBody(c.Tags), CreatedAt: c.Created, Scrapers: scrapers,
	}
	if out.Scrapers == nil {
		out.Scrapers = []string{}
	}
	if !c.Updated.IsZero() {
		out.UpdatedAt = &c.Updated
	}
	if p := s.opts.Clusters.LastReport(c.ARN()); p != nil {
		healthy := p.Healthy()
		out.Healthy = &healthy
		out.Report, err = reportOf(p)
	}
	return out, err
}

func (s *Server) summarizeCluster(ctx context.Context, r *request) (any, error) {
	c, err := s.opts.Clusters.Cluster(ctx, cluster.ARN(r.caller, r.param("name")))
	if err != nil {
		return nil, err
	}
	return s.summary(ctx, c)
}

func (s *Server) summarizeClusters(ctx context.Context, r *request) (any, error) {
	if s.opts.Clusters == nil {
		return nil, notServed(r.row.action)
	}
	q := r.query()
	p := q.paging()
	if q.err != nil {
		return nil, q.err
	}
	all, next, err := s.opts.Clusters.List(ctx, p)
	if err != nil {
		return nil, err
	}
	out := struct {
		Clusters []*clusterSummary `json:"clusters"`
		Next     *string           `json:"nextToken,omitempty"`
	}{[]*clusterSummary{}, orNothing(next)}
	for _, c := range all {
		b, err := s.summary(ctx, c)
		if err != nil {
			return nil, err
		}
		out.Clusters = append(out.Clusters, b)
	}
	return out, nil
}

// checkCluster asks the cluster now.
func (s *Server) checkCluster(ctx context.Context, r *request) (any, error) {
	p, err := s.opts.Clusters.Check(ctx, r.param("name"))
	if err != nil {
		return nil, err
	}
	return reportOf(p)
}
