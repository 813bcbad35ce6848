package cluster

import (
	"context"
	"net/http"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/hearth-metrics/hearth"
)

// A Mapping is a line of the ConfigMap aws-auth: the role or user with this ARN is
// the cluster's user Username, in Groups. eksctl create iamidentitymapping writes
// it.
type Mapping struct {
	ARN      string   `json:"arn"`
	Username string   `json:"username"`
	Groups   []string `json:"groups,omitempty"`
}

const (
	awsAuthPath  = "/api/v1/namespaces/kube-system/configmaps/aws-auth"
	awsAuthFresh = 5 * time.Second // how long it is good
	maxMappings  = 1000
)

// mappings are the aws-auth of one cluster, remembered for a moment: each request
// to the API server needs them.
type mappings struct {
	mu  sync.Mutex
	at  time.Time
	all []Mapping
	err error
}

// AWSAuth reads the cluster's aws-auth as the kubeconfig's own user. A cluster
// without one, as any but EKS is at first, has no mappings.
func (r *Room) AWSAuth(ctx context.Context, cluster hearth.ARN) ([]Mapping, error) {
	w, err := r.wire(ctx, cluster, Identity{})
	if err != nil {
		return nil, err
	}
	var m corev1.ConfigMap
	_, err = w.ask(ctx, http.MethodGet, awsAuthPath, nil, &m)
	switch {
	case statusOf(err) == http.StatusNotFound:
		return nil, nil
	case err != nil:
		return nil, err
	}
	return mappingsIn(m.Data)
}

func mappingsIn(data map[string]string) ([]Mapping, error) {
	type line struct {
		RoleARN  string   `json:"rolearn"`
		UserARN  string   `json:"userarn"`
		Username string   `json:"username"`
		Groups   []string `json:"groups"`
	}
	var all []Mapping
	for _, key := range []string{"mapRoles", "mapUsers"} {
		var lines []line
		if err := yaml.Unmarshal([]byte(data[key]), &lines); err != nil {
			return nil, unfit("aws-auth", "%s of the ConfigMap kube-system/aws-auth cannot be read: %s", key, clip(err.Error()))
		}
		for _, l := range lines {
			if l.RoleARN == "" {
				l.RoleARN = l.UserARN
			}
			if len(all) == maxMappings {
				return all, nil
			}
			all = append(all, Mapping{ARN: l.RoleARN, Username: l.Username, Groups: l.Groups})
		}
	}
	return all, nil
}

// recentAWSAuth is AWSAuth, good for a moment. One that the kubeconfig may not read
// is empty: hearth cluster check says so.
func (r *Room) recentAWSAuth(ctx context.Context, cluster hearth.ARN) ([]Mapping, error) {
	l, err := r.link(ctx, cluster)
	if err != nil {
		return nil, err
	}
	m := &l.mappings
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.at.IsZero() && r.opts.Now().Sub(m.at) < awsAuthFresh {
		return m.all, m.err
	}
	all, err := r.AWSAuth(ctx, cluster)
	switch {
	case ctx.Err() != nil:
		return all, err
	case statusOf(err) == http.StatusForbidden:
		all, err = nil, nil
	case hearth.KindOf(err) == hearth.Unavailable && !m.at.IsZero() && m.err == nil:
		all, err = m.all, nil // an API server that is unwell for a while keeps its mappings
	}
	m.at, m.all, m.err = r.opts.Now(), all, err
	return all, err
}
