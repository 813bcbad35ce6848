package scraper

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
)

// The indexes that Prometheus' discoverers look things up by, under its names.
var (
	byNamespace = cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc}

	indexPods = cache.Indexers{
		cache.NamespaceIndex: cache.MetaNamespaceIndexFunc,
		"node":               keyOfPod(func(p *corev1.Pod) string { return p.Spec.NodeName }),
		"replicaset":         keyOfPod(func(p *corev1.Pod) string { return controller(p, "ReplicaSet") }),
		"job":                keyOfPod(func(p *corev1.Pod) string { return controller(p, "Job") }),
	}

	indexEndpoints = cache.Indexers{
		cache.NamespaceIndex: cache.MetaNamespaceIndexFunc,
		"pod":                func(o any) ([]string, error) { return podsBehind(referencesOf(o)), nil },
		"node":               func(o any) ([]string, error) { return nodesBehind(referencesOf(o)), nil },
	}

	indexSlices = cache.Indexers{
		cache.NamespaceIndex: cache.MetaNamespaceIndexFunc,
		"service": func(o any) ([]string, error) {
			s, ok := o.(*discoveryv1.EndpointSlice)
			if !ok || s.Labels[discoveryv1.LabelServiceName] == "" {
				return nil, nil
			}
			return []string{s.Namespace + "/" + s.Labels[discoveryv1.LabelServiceName]}, nil
		},
		"node": func(o any) ([]string, error) { return nodesBehind(referencesOf(o)), nil },
	}
)

func keyOfPod(key func(*corev1.Pod) string) cache.IndexFunc {
	return func(o any) ([]string, error) {
		p, ok := o.(*corev1.Pod)
		if !ok {
			return nil, nil
		}
		if k := key(p); k != "" {
			return []string{k}, nil
		}
		return nil, nil
	}
}

// controller names the object of a kind that manages a pod.
func controller(p *corev1.Pod, kind string) string {
	owner := metav1.GetControllerOf(p)
	if owner == nil || owner.Kind != kind {
		return ""
	}
	return p.Namespace + "/" + owner.Name
}

// A reference is what an address of an endpoint leads to.
type reference struct {
	to   *corev1.ObjectReference
	node *string
}

func referencesOf(o any) (all []reference) {
	switch o := o.(type) {
	//lint:ignore SA1019 the role's own object
	case *corev1.Endpoints:
		for _, s := range o.Subsets {
			for _, a := range s.Addresses {
				all = append(all, reference{a.TargetRef, a.NodeName})
			}
		}
	case *discoveryv1.EndpointSlice:
		for _, e := range o.Endpoints {
			all = append(all, reference{e.TargetRef, e.NodeName})
		}
	}
	return all
}

func podsBehind(all []reference) (names []string) {
	for _, r := range all {
		if r.to != nil && r.to.Kind == "Pod" {
			names = append(names, r.to.Namespace+"/"+r.to.Name)
		}
	}
	return names
}

func nodesBehind(all []reference) (names []string) {
	for _, r := range all {
		switch {
		case r.to != nil && r.to.Kind == "Pod" && r.node != nil:
			names = append(names, *r.node)
		case r.to != nil && r.to.Kind == "Node":
			names = append(names, r.to.Name)
		}
	}
	return names
}
