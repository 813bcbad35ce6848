package cluster

import (
	"crypto/sha256"
	"fmt"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

// RBAC is the YAML that gives a user the rules in the whole cluster, for kubectl
// apply -f -.
func RBAC(role, binding, user string, rules []rbacv1.PolicyRule) (string, error) {
	text, err := yaml.Marshal(rules)
	if err != nil {
		return "", err
	}
	name, err := yaml.Marshal(user)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: %s
rules:
%s---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: %s
subjects:
- kind: User
  name: %s  apiGroup: rbac.authorization.k8s.io
roleRef:
  kind: ClusterRole
  name: %s
  apiGroup: rbac.authorization.k8s.io
`, role, text, binding, name, role), nil
}

// The names that AWS' guide gives the collector's rights.
const (
	collectorRole    = "aps-collector-role"
	collectorBinding = "aps-collector-user-role-binding"
)

// bindingOf names a user's binding; kubectl apply of one leaves another's alone.
func bindingOf(user string) string {
	if user == CollectorUser {
		return collectorBinding
	}
	return fmt.Sprintf("%s-%x", collectorBinding, sha256.Sum256([]byte(user)))[:len(collectorBinding)+9]
}

// Remedy is the YAML that gives the collector's user what it lacks; empty if it
// lacks nothing. It has all the collector's rules, so that applying it keeps those
// that were there.
func (p *Report) Remedy() (string, error) {
	switch {
	case p.NoActing != "" && p.Impersonator != "":
		return RBAC("hearth-impersonator", "hearth-impersonator", p.Impersonator, ImpersonationRules())
	case len(p.Gaps) > 0:
		return RBAC(collectorRole, bindingOf(p.Who.User), p.Who.User, CollectorRules())
	}
	return "", nil
}
