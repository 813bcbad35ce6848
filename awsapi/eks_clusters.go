package awsapi

import (
	"context"
	"encoding/base64"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/cluster"
)

// clusterBody is a cluster as EKS tells it. One that was registered with a
// kubeconfig looks like EKS' own, so that eksctl takes it; one that was announced
// by RegisterCluster has its connector.
type clusterBody struct {
	Name        string            `json:"name"`
	ARN         string            `json:"arn"`
	CreatedAt   epoch             `json:"createdAt"`
	Version     string            `json:"version,omitempty"`
	Endpoint    string            `json:"endpoint,omitempty"`
	Identity    *identityBody     `json:"identity,omitempty"`
	Status      hearth.Status     `json:"status"`
	CA          *certificateBody  `json:"certificateAuthority,omitempty"`
	Tags        map[string]string `json:"tags"`
	Connector   *connectorBody    `json:"connectorConfig,omitempty"`
	Health      *healthBody       `json:"health,omitempty"`
	AccessModes accessBody        `json:"accessConfig"`
}

type identityBody struct {
	OIDC struct {
		Issuer string `json:"issuer"`
	} `json:"oidc"`
}

type certificateBody struct {
	Data string `json:"data"` // eksctl reads it even if it is empty
}

type connectorBody struct {
	ActivationID string `json:"activationId"`
	Provider     string `json:"provider"`
	RoleARN      string `json:"roleArn"`
}

type healthBody struct {
	Issues []issueBody `json:"issues"`
}

type issueBody struct {
	Code        string   `json:"code"`
	Message     string   `json:"message"`
	ResourceIDs []string `json:"resourceIds"`
}

type accessBody struct {
	Mode string `json:"authenticationMode"`
}

type clusterAnswer struct {
	Cluster clusterBody `json:"cluster"`
}

func (s *Server) clusterAnswer(c *cluster.Cluster) clusterAnswer {
	b := clusterBody{
		Name: c.Name, ARN: c.ARN().String(), CreatedAt: epoch(c.Created), Version: c.Version, Endpoint: c.Server, Status: c.Status(),
		Tags: tagsBody(c.Tags), AccessModes: accessBody{"API_AND_CONFIG_MAP"}, Health: &healthBody{Issues: s.issues(c)},
	}
	if c.Issuer != "" {
		b.Identity = &identityBody{}
		b.Identity.OIDC.Issuer = c.Issuer
	}
	if c.Server != "" {
		b.CA = &certificateBody{Data: base64.StdEncoding.EncodeToString([]byte(c.CA))}
	}
	if c.RoleARN != "" {
		b.Connector = &connectorBody{ActivationID: c.Activation(), Provider: c.Provider, RoleARN: c.RoleARN}
	}
	return clusterAnswer{b}
}

// issues are what is known to be wrong with a cluster.
func (s *Server) issues(c *cluster.Cluster) []issueBody {
	out := []issueBody{}
	add := func(code, text string) {
		if text != "" {
			out = append(out, issueBody{code, text, []string{c.ARN().String()}})
		}
	}
	if len(c.Sealed) == 0 {
		add("ClusterUnreachable", "It has no kubeconfig yet: hearth cluster register "+c.Name+" --kubeconfig FILE gives it one.")
	}
	if p := s.opts.Clusters.LastReport(c.ARN()); p != nil {
		add("ClusterUnreachable", p.Trouble)
		add("AccessDenied", p.NoActing)
	}
	return out
}

type registerClusterInput struct {
	Name      *string           `json:"name"`
	Token     string            `json:"clientRequestToken"`
	Tags      map[string]string `json:"tags"`
	Connector *struct {
		RoleARN  string `json:"roleArn"`
		Provider string `json:"provider"`
	} `json:"connectorConfig"`
}

func (s *Server) registerCluster(ctx context.Context, r *request) (any, error) {
	if s.opts.Clusters == nil {
		return nil, notServed(r.row.action)
	}
	var in registerClusterInput
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	switch {
	case in.Name == nil:
		return nil, invalidField("name", "must not be null")
	case in.Connector == nil || in.Connector.RoleARN == "" || in.Connector.Provider == "":
		return nil, invalidField("connectorConfig", "must have roleArn and provider")
	}
	c, err := s.opts.Clusters.Register(ctx, cluster.Registration{
		Name: *in.Name, Tags: in.Tags, Provider: in.Connector.Provider, RoleARN: in.Connector.RoleARN, Token: in.Token,
	})
	if err != nil {
		return nil, err
	}
	return s.clusterAnswer(c), nil
}

func (s *Server) describeCluster(ctx context.Context, r *request) (any, error) {
	c, err := s.opts.Clusters.Cluster(ctx, cluster.ARN(r.caller, r.param("name")))
	if err != nil {
		return nil, err
	}
	return s.clusterAnswer(c), nil
}

func (s *Server) deregisterCluster(ctx context.Context, r *request) (any, error) {
	c, err := s.opts.Clusters.Deregister(ctx, r.param("name"))
	if err != nil {
		return nil, err
	}
	out := s.clusterAnswer(c)
	out.Cluster.Status = hearth.Deleting
	return out, nil
}

// paging reads maxResults and nextToken.
func (q *query) paging() cluster.Paging {
	return cluster.Paging{Max: q.number("maxResults"), Token: deref(q.text("nextToken"))}
}

// listClusters names all clusters: that they are registered ones, which AWS leaves
// out unless include is all, is true of every cluster here.
func (s *Server) listClusters(ctx context.Context, r *request) (any, error) {
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
		Clusters []string `json:"clusters"`
		Next     *string  `json:"nextToken,omitempty"`
	}{[]string{}, orNothing(next)}
	for _, c := range all {
		out.Clusters = append(out.Clusters, c.Name)
	}
	return out, nil
}

// eksMembers are what an error of EKS carries: all of its model have clusterName.
func (f failure) eksMembers() any {
	b := struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
		Cluster string `json:"clusterName,omitempty"`
	}{Type: f.code, Message: f.msg}
	if f.err != nil && (f.err.Type == cluster.ResourceType || f.err.Type == cluster.EntryType) {
		b.Cluster = f.err.Resource
	}
	return b
}
