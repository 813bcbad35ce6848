package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hearth-metrics/hearth"
)

// A Policy is an access policy that may be associated with access entries.
type Policy struct {
	Name string
	role string              // Kubernetes' own ClusterRole of the same rights
	own  []rbacv1.PolicyRule // or the rules of one that is made
}

// ARN names the policy.
func (p Policy) ARN() string { return policyARN + p.Name }

const policyARN = "arn:aws:eks::aws:cluster-access-policy/"

// AccessPolicies are those served, by name. They take effect through Kubernetes'
// own RBAC. docs/decisions/0067-access-policies-are-rbac.md
func AccessPolicies() []Policy {
	return []Policy{
		{Name: "AmazonEKSAdminPolicy", role: "admin"},
		{Name: "AmazonEKSClusterAdminPolicy", role: "cluster-admin"},
		{Name: "AmazonEKSEditPolicy", role: "edit"},
		{Name: "AmazonEKSViewPolicy", role: "view"},
		{Name: "AmazonPrometheusScraperPolicy", own: CollectorRules()},
	}
}

func policyOf(arn string) (Policy, error) {
	for _, p := range AccessPolicies() {
		if p.ARN() == arn {
			return p, nil
		}
	}
	return Policy{}, &hearth.Error{Kind: hearth.NotFound, Type: EntryType,
		Msg: "The specified policyArn could not be found. You can view the access policies that are served with 'list-access-policies'."}
}

// An Association is a policy that an access entry has, in the whole cluster or in
// some namespaces.
type Association struct {
	Policy     string    `json:"policy"`
	Namespaces []string  `json:"namespaces,omitempty"` // none: the whole cluster
	Associated time.Time `json:"associated"`
	Modified   time.Time `json:"modified"`
}

func (e *Entry) association(policy string) int {
	return slices.IndexFunc(e.Policies, func(a Association) bool { return a.Policy == policy })
}

// A Scope is where a policy counts.
type Scope struct {
	Type       string // cluster or namespace
	Namespaces []string
}

const maxNamespaces = 100

func (s Scope) check() error {
	switch s.Type {
	case "cluster":
		if len(s.Namespaces) > 0 {
			return unfit("accessScope.namespaces", "Namespaces belong to the type namespace only")
		}
		return nil
	case "namespace":
	default:
		return unfit("accessScope.type", "It must be cluster or namespace")
	}
	if len(s.Namespaces) == 0 || len(s.Namespaces) > maxNamespaces {
		return unfit("accessScope.namespaces", "The type namespace needs 1 to %d namespaces", maxNamespaces)
	}
	for _, n := range s.Namespaces {
		if len(n) > 63 || !dnsLabel(n) {
			return unfit("accessScope.namespaces", "%q is not the name of a namespace", clip(n))
		}
	}
	return nil
}

func dnsLabel(n string) bool {
	return n != "" && strings.Trim(n, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && n[0] != '-' && n[len(n)-1] != '-'
}

// Associate gives an access entry a policy, or another scope for one it has. The
// cluster is told first: what it refuses is not stored.
func (r *Room) Associate(ctx context.Context, name, principal, policy string, scope Scope) (*Entry, *Association, error) {
	e, err := r.Entry(ctx, name, principal)
	if err != nil {
		return nil, nil, err
	}
	p, err := policyOf(policy)
	if err != nil {
		return nil, nil, err
	}
	if err := scope.check(); err != nil {
		return nil, nil, err
	}
	now := r.opts.Now().UTC()
	a := Association{Policy: policy, Namespaces: scope.Namespaces, Associated: now, Modified: now}
	if i := e.association(policy); i >= 0 {
		a.Associated = e.Policies[i].Associated
		if err := r.unbind(ctx, e, p, e.Policies[i].Namespaces); err != nil {
			return nil, nil, err
		}
	}
	if err := r.bind(ctx, e, p, a.Namespaces); err != nil {
		return nil, nil, err
	}
	e, err = r.changeEntry(ctx, e.Cluster, e.Principal, func(e *Entry) error {
		if i := e.association(policy); i >= 0 {
			e.Policies[i] = a
		} else {
			e.Policies = append(e.Policies, a)
		}
		return nil
	})
	return e, &a, err
}

// Disassociate takes a policy from an access entry.
func (r *Room) Disassociate(ctx context.Context, name, principal, policy string) error {
	e, err := r.Entry(ctx, name, principal)
	if err != nil {
		return err
	}
	i := e.association(policy)
	if i < 0 {
		return &hearth.Error{Kind: hearth.NotFound, Type: EntryType, Resource: name,
			Msg: "The specified policyArn is not associated with the access entry. You can view those that are with 'list-associated-access-policies'."}
	}
	p, err := policyOf(policy)
	if err != nil {
		return err
	}
	if err := r.unbind(ctx, e, p, e.Policies[i].Namespaces); err != nil {
		return err
	}
	_, err = r.changeEntry(ctx, e.Cluster, e.Principal, func(e *Entry) error {
		e.Policies = slices.DeleteFunc(e.Policies, func(a Association) bool { return a.Policy == policy })
		return nil
	})
	return err
}

// revoke takes back all that an entry's policies gave.
func (r *Room) revoke(ctx context.Context, e *Entry) error {
	for _, a := range e.Policies {
		p, err := policyOf(a.Policy)
		if err != nil {
			return err
		}
		if err := r.unbind(ctx, e, p, a.Namespaces); err != nil {
			return err
		}
	}
	return nil
}

const (
	rbacPath = "/apis/rbac.authorization.k8s.io/v1"
	manager  = "hearth"
)

// bindingName is unique for an entry and a policy.
func (e *Entry) bindingName(p Policy) string {
	sum := sha256.Sum256([]byte(e.ID + p.Name))
	return "hearth:" + strings.ToLower(p.Name) + ":" + hex.EncodeToString(sum[:6])
}

func (p Policy) roleName() string {
	if p.role != "" {
		return p.role
	}
	return "hearth:" + strings.ToLower(p.Name)
}

func meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Labels: map[string]string{"app.kubernetes.io/managed-by": manager}}
}

// bind makes the entry's group have the policy's role.
func (r *Room) bind(ctx context.Context, e *Entry, p Policy, namespaces []string) error {
	w, err := r.wire(ctx, e.Cluster, Identity{})
	if err != nil {
		return err
	}
	if p.own != nil {
		role := &rbacv1.ClusterRole{TypeMeta: metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "ClusterRole"}, ObjectMeta: meta(p.roleName()), Rules: p.own}
		if err := w.ensure(ctx, rbacPath+"/clusterroles", role.Name, role); err != nil {
			return notGranted(err)
		}
	}
	for path, b := range bindings(e, p, namespaces) {
		if err := w.ensure(ctx, path, e.bindingName(p), b); err != nil {
			return notGranted(err)
		}
	}
	return nil
}

// bindings are the objects that make a policy count, by the collection they
// belong to.
func bindings(e *Entry, p Policy, namespaces []string) map[string]any {
	subjects := []rbacv1.Subject{{Kind: rbacv1.GroupKind, APIGroup: rbacv1.GroupName, Name: e.policyGroup()}}
	ref := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: p.roleName()}
	typed := func(kind string) metav1.TypeMeta {
		return metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: kind}
	}
	if len(namespaces) == 0 {
		return map[string]any{rbacPath + "/clusterrolebindings": &rbacv1.ClusterRoleBinding{
			TypeMeta: typed("ClusterRoleBinding"), ObjectMeta: meta(e.bindingName(p)), Subjects: subjects, RoleRef: ref}}
	}
	all := map[string]any{}
	for _, n := range namespaces {
		all[rbacPath+"/namespaces/"+n+"/rolebindings"] = &rbacv1.RoleBinding{
			TypeMeta: typed("RoleBinding"), ObjectMeta: meta(e.bindingName(p)), Subjects: subjects, RoleRef: ref}
	}
	return all
}

// ensure creates an object, or replaces the one of that name.
func (w *wire) ensure(ctx context.Context, collection, name string, object any) error {
	_, err := w.ask(ctx, http.MethodPost, collection, object, nil)
	if statusOf(err) != http.StatusConflict {
		return err
	}
	_, err = w.ask(ctx, http.MethodPut, collection+"/"+url.PathEscape(name), object, nil)
	return err
}

func (r *Room) unbind(ctx context.Context, e *Entry, p Policy, namespaces []string) error {
	w, err := r.wire(ctx, e.Cluster, Identity{})
	if err != nil {
		return err
	}
	for path := range bindings(e, p, namespaces) {
		_, err := w.ask(ctx, http.MethodDelete, path+"/"+url.PathEscape(e.bindingName(p)), nil, nil)
		if err != nil && statusOf(err) != http.StatusNotFound {
			return notGranted(err)
		}
	}
	return nil
}

// notGranted tells why a policy does not count in the cluster.
func notGranted(err error) error {
	if statusOf(err) == 0 {
		return err
	}
	return &hearth.Error{Kind: hearth.Invalid, Type: RequestType, Err: err,
		Msg: fmt.Sprintf("The access policy cannot take effect: %s. Its rights are given by RBAC objects that the kubeconfig's user makes, who needs the rights to do so", strings.TrimSuffix(message(err), "."))}
}
