package scraper

import (
	"context"
	"log/slog"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/kubernetes"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kube "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// informers are the watches of one feed, given to Prometheus' own discoverers.
// Prometheus makes its own from an address and a configuration; ours come from
// the cluster's guarded client.
type informers struct {
	client kube.Interface
	spec   feedSpec
	failed func(error)
	all    []cache.SharedInformer
}

func newInformers(client kube.Interface, spec feedSpec, failed func(error)) *informers {
	return &informers{client: client, spec: spec, failed: failed}
}

// run watches until ctx ends.
func (in *informers) run(ctx context.Context) {
	var all sync.WaitGroup
	for _, i := range in.all {
		all.Go(func() { i.RunWithContext(ctx) })
	}
	all.Wait()
}

// wait returns true once every informer has its first list.
func (in *informers) wait(ctx context.Context) bool {
	for _, i := range in.all {
		if !cache.WaitForCacheSync(ctx.Done(), i.HasSynced) {
			return false
		}
	}
	return ctx.Err() == nil
}

// selector is what a configuration wants of the objects of one role.
func (in *informers) selector(role kubernetes.Role) (s kubernetes.SelectorConfig) {
	for _, have := range in.spec.Selectors {
		if have.Role == role {
			s = have
		}
	}
	return s
}

// informer watches objects of one kind, without what only their managers need.
func (in *informers) informer(c rest.Interface, resource, namespace string, role kubernetes.Role, object runtime.Object, index cache.Indexers) cache.SharedIndexInformer {
	s := in.selector(role)
	narrow := func(o *metav1.ListOptions) { o.LabelSelector, o.FieldSelector = s.Label, s.Field }
	lw := cache.NewFilteredListWatchFromClient(c, resource, namespace, narrow)
	i := cache.NewSharedIndexInformer(lw, object, 0, index)
	_ = i.SetTransform(slim) // fails only for one that runs
	_ = i.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) { in.failed(err) })
	in.all = append(in.all, i)
	return i
}

// slim drops what no label comes from.
func slim(object any) (any, error) {
	if m, err := meta.Accessor(object); err == nil {
		m.SetManagedFields(nil)
	}
	return object, nil
}

func (in *informers) core(resource, namespace string, role kubernetes.Role, object runtime.Object, index cache.Indexers) cache.SharedIndexInformer {
	return in.informer(in.client.CoreV1().RESTClient(), resource, namespace, role, object, index)
}

// extras are the watches that attach_metadata asks for. An absent one is nil as an
// interface, for that is what Prometheus asks.
type extras struct{ node, namespace, replicaSet, job cache.SharedInformer }

func (in *informers) extras(namespace string) (x extras) {
	m := in.spec.Attach
	if m.Node {
		x.node = in.core("nodes", "", kubernetes.RoleNode, &corev1.Node{}, nil)
	}
	if m.Namespace {
		x.namespace = in.core("namespaces", "", "", &corev1.Namespace{}, nil)
	}
	if m.Deployment {
		x.replicaSet = in.informer(in.client.AppsV1().RESTClient(), "replicasets", namespace, "", &appsv1.ReplicaSet{}, nil)
	}
	if m.Job || m.CronJob {
		x.job = in.informer(in.client.BatchV1().RESTClient(), "jobs", namespace, "", &batchv1.Job{}, nil)
	}
	return x
}

// discoverers are Prometheus' own, one for each namespace wanted.
func (in *informers) discoverers(events *prometheus.CounterVec, log *slog.Logger) []discovery.Discoverer {
	if in.spec.Role == kubernetes.RoleNode {
		return []discovery.Discoverer{kubernetes.NewNode(log, in.core("nodes", "", kubernetes.RoleNode, &corev1.Node{}, nil), events)}
	}
	names := in.spec.Namespaces
	if len(names) == 0 {
		names = []string{metav1.NamespaceAll}
	}
	var out []discovery.Discoverer
	for _, ns := range names {
		out = append(out, in.discoverer(ns, events, log))
	}
	return out
}

func (in *informers) discoverer(ns string, events *prometheus.CounterVec, log *slog.Logger) discovery.Discoverer {
	x, m := in.extras(ns), in.spec.Attach
	pods := func(index cache.Indexers) cache.SharedIndexInformer {
		return in.core("pods", ns, kubernetes.RolePod, &corev1.Pod{}, index)
	}
	services := func(index cache.Indexers) cache.SharedIndexInformer {
		return in.core("services", ns, kubernetes.RoleService, &corev1.Service{}, index)
	}
	switch in.spec.Role {
	case kubernetes.RoleEndpoint:
		//lint:ignore SA1019 the role's own object
		endpoints := in.core("endpoints", ns, kubernetes.RoleEndpoint, &corev1.Endpoints{}, indexEndpoints)
		//lint:ignore SA1019 the role's own objects
		return kubernetes.NewEndpoints(log, endpoints, services(nil), pods(nil), x.node, x.namespace, x.replicaSet, x.job, m.Deployment, m.Job, m.CronJob, events)
	case kubernetes.RoleEndpointSlice:
		slices := in.informer(in.client.DiscoveryV1().RESTClient(), "endpointslices", ns, kubernetes.RoleEndpointSlice, &discoveryv1.EndpointSlice{}, indexSlices)
		return kubernetes.NewEndpointSlice(log, slices, services(nil), pods(nil), x.node, x.namespace, x.replicaSet, x.job, m.Deployment, m.Job, m.CronJob, events)
	case kubernetes.RoleService:
		return kubernetes.NewService(log, services(byNamespace), x.namespace, events)
	case kubernetes.RoleIngress:
		ingresses := in.informer(in.client.NetworkingV1().RESTClient(), "ingresses", ns, kubernetes.RoleIngress, &networkingv1.Ingress{}, byNamespace)
		return kubernetes.NewIngress(log, ingresses, x.namespace, events)
	}
	return kubernetes.NewPod(log, pods(indexPods), x.node, x.namespace, x.replicaSet, x.job, m.Deployment, m.Job, m.CronJob, events)
}
