package cluster

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/hearth-metrics/hearth"
)

const (
	maxReviews    = 1000 // questions that one set of needs may come to
	reviewsAtOnce = 8
)

// CollectorRules are what AWS' managed collector asks of a cluster, without the
// metrics that only EKS' own control plane has.
// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-collector-how-to.html
func CollectorRules() []rbacv1.PolicyRule {
	read := []string{"get", "list", "watch"}
	return []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"nodes", "nodes/proxy", "nodes/metrics", "services", "endpoints", "pods", "ingresses", "configmaps"}, Verbs: read},
		{APIGroups: []string{"extensions", "networking.k8s.io"}, Resources: []string{"ingresses/status", "ingresses"}, Verbs: read},
		{NonResourceURLs: []string{"/metrics"}, Verbs: []string{"get"}},
	}
}

// GapsOf tells which of needs somebody may not do in the cluster now: nil if they may
// do all. Nobody is CollectorUser. What prevents asking is an error: NotFound,
// Unavailable, or Invalid with one of the types of this package.
func (r *Room) GapsOf(ctx context.Context, cluster hearth.ARN, who Identity, needs []rbacv1.PolicyRule) ([]rbacv1.PolicyRule, error) {
	if who.User == "" {
		who = Identity{User: CollectorUser}
	}
	w, err := r.wire(ctx, cluster, who)
	if err != nil {
		return nil, err
	}
	reviews := reviewsOf(needs)
	if len(reviews) > maxReviews {
		return nil, unfit("needs", "They come to %d questions, and %d are the most", len(reviews), maxReviews)
	}
	missing, err := w.review(ctx, reviews)
	if err != nil {
		return nil, err
	}
	return rulesOf(missing), nil
}

// A right is one thing to do: a verb on a resource, or on a URL.
type right struct {
	group, resource, name, url, verb string
}

func reviewsOf(needs []rbacv1.PolicyRule) (all []right) {
	for _, n := range needs {
		names := n.ResourceNames
		if len(names) == 0 {
			names = []string{""}
		}
		for _, verb := range n.Verbs {
			for _, u := range n.NonResourceURLs {
				all = append(all, right{url: u, verb: verb})
			}
			for _, group := range n.APIGroups {
				for _, resource := range n.Resources {
					for _, name := range names {
						all = append(all, right{group: group, resource: resource, name: name, verb: verb})
					}
				}
			}
			if len(all) > maxReviews {
				return all
			}
		}
	}
	return all
}

func (a right) attributes() authorizationv1.SelfSubjectAccessReviewSpec {
	if a.url != "" {
		return authorizationv1.SelfSubjectAccessReviewSpec{NonResourceAttributes: &authorizationv1.NonResourceAttributes{Path: a.url, Verb: a.verb}}
	}
	resource, sub, _ := strings.Cut(a.resource, "/")
	return authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
		Group: a.group, Resource: resource, Subresource: sub, Name: a.name, Verb: a.verb,
	}}
}

const reviewPath = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

// review asks about each right, a few at once, and returns those that are denied
// in the order they were asked for. The first question goes alone: what is wrong
// with the way itself is then found once.
func (w *wire) review(ctx context.Context, all []right) (missing []right, err error) {
	if len(all) == 0 {
		return nil, nil
	}
	denied := make([]bool, len(all))
	errs := make([]error, len(all))
	one := func(i int) { denied[i], errs[i] = w.denied(ctx, all[i]) }
	if one(0); errs[0] != nil {
		return nil, errs[0]
	}
	places := make(chan struct{}, reviewsAtOnce)
	var running sync.WaitGroup
	for i := 1; i < len(all); i++ {
		places <- struct{}{}
		running.Go(func() { one(i); <-places })
	}
	running.Wait()
	for i, a := range all {
		if errs[i] != nil {
			return nil, errs[i]
		}
		if denied[i] {
			missing = append(missing, a)
		}
	}
	return missing, nil
}

// denied asks Kubernetes whether the wire's identity may not do a.
// https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
func (w *wire) denied(ctx context.Context, a right) (bool, error) {
	ask := authorizationv1.SelfSubjectAccessReview{Spec: a.attributes()}
	ask.APIVersion, ask.Kind = "authorization.k8s.io/v1", "SelfSubjectAccessReview"
	var answer authorizationv1.SelfSubjectAccessReview
	_, err := w.ask(ctx, http.MethodPost, reviewPath, &ask, &answer)
	if statusOf(err) == http.StatusForbidden {
		return false, w.mayNotImpersonate(err)
	}
	return !answer.Status.Allowed, err
}

// mayNotImpersonate explains the one reason for which everybody's own question is
// forbidden.
func (w *wire) mayNotImpersonate(err error) error {
	return &hearth.Error{Kind: hearth.Invalid, Type: ImpersonationType, Resource: w.name, Err: err,
		Msg: fmt.Sprintf("The kubeconfig of cluster %s may not impersonate the collector's user. hearth cluster check %s prints the ClusterRole to apply", w.name, w.name)}
}

// ImpersonationRules are what the kubeconfig's own user must be allowed.
func ImpersonationRules() []rbacv1.PolicyRule {
	return []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"users", "groups"}, Verbs: []string{"impersonate"}},
	}
}

// rulesOf is reviewsOf's reverse: resources with the same missing verbs stand
// together, as people write rules.
func rulesOf(missing []right) (out []rbacv1.PolicyRule) {
	type thing struct{ group, resource, name, url string }
	verbs := map[thing][]string{}
	var order []thing
	for _, a := range missing {
		t := thing{a.group, a.resource, a.name, a.url}
		if verbs[t] == nil {
			order = append(order, t)
		}
		if !slices.Contains(verbs[t], a.verb) {
			verbs[t] = append(verbs[t], a.verb)
		}
	}
	for _, t := range order {
		i := slices.IndexFunc(out, func(r rbacv1.PolicyRule) bool {
			return t.name == "" && t.url == "" && len(r.ResourceNames) == 0 && len(r.NonResourceURLs) == 0 && r.APIGroups[0] == t.group && slices.Equal(r.Verbs, verbs[t])
		})
		switch {
		case i >= 0:
			out[i].Resources = append(out[i].Resources, t.resource)
		case t.url != "":
			out = append(out, rbacv1.PolicyRule{NonResourceURLs: []string{t.url}, Verbs: verbs[t]})
		case t.name != "":
			out = append(out, rbacv1.PolicyRule{APIGroups: []string{t.group}, Resources: []string{t.resource}, ResourceNames: []string{t.name}, Verbs: verbs[t]})
		default:
			out = append(out, rbacv1.PolicyRule{APIGroups: []string{t.group}, Resources: []string{t.resource}, Verbs: verbs[t]})
		}
	}
	return out
}

// self is the name of the wire's user; empty if the API server does not say.
func (w *wire) self(ctx context.Context) string {
	var answer authenticationv1.SelfSubjectReview
	ask := authenticationv1.SelfSubjectReview{}
	ask.APIVersion, ask.Kind = "authentication.k8s.io/v1", "SelfSubjectReview"
	if _, err := w.ask(ctx, http.MethodPost, "/apis/authentication.k8s.io/v1/selfsubjectreviews", &ask, &answer); err != nil {
		return ""
	}
	return clip(answer.Status.UserInfo.Username)
}
