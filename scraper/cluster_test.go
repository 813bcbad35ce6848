package scraper

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/prometheus/discovery/kubernetes"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/test/kube"
)

const orchard = "arn:aws:eks:eu-west-1:000000000000:cluster/orchard"

// A road is an administrator's way to a cluster, which can be cut, hang, or lack
// rights.
type road struct {
	config    *rest.Config
	real      http.RoundTripper
	cut, hang atomic.Bool
	lists     atomic.Int64                        // of pods, that reached the API server
	gaps      atomic.Pointer[[]rbacv1.PolicyRule] // of aps-collector-user
	mapped    atomic.Pointer[mapping]

	mu   sync.Mutex
	came map[string]int // requests by who made them
}

// A mapping makes a role somebody.
type mapping struct {
	role string
	Identity
}

func newRoad(t *testing.T, kubeconfig string) *road {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	w := &road{came: map[string]int{}}
	if w.real, err = rest.TransportFor(config); err != nil {
		t.Fatal(err)
	}
	w.config = &rest.Config{Host: config.Host, Transport: w, QPS: -1}
	return w
}

func (w *road) RoundTrip(r *http.Request) (*http.Response, error) {
	switch {
	case w.cut.Load():
		return nil, errors.New("the way is cut")
	case w.hang.Load():
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	if r.URL.Path == "/api/v1/pods" {
		w.lists.Add(1)
	}
	return w.real.RoundTrip(r)
}

func (w *road) Identity(_ context.Context, _, role hearth.ARN) (Identity, error) {
	if who := w.mapped.Load(); who != nil && role.String() == who.role {
		return who.Identity, nil
	}
	return Identity{User: "aps-collector-user"}, nil
}

// Collector's configuration says in a header who comes.
func (w *road) Collector(_ context.Context, _ hearth.ARN, who Identity) (*rest.Config, error) {
	return &rest.Config{Host: w.config.Host, Transport: &walker{w, who}, QPS: -1}, nil
}

// A walker is one identity on a road.
type walker struct {
	road *road
	who  Identity
}

func (k *walker) RoundTrip(r *http.Request) (*http.Response, error) {
	k.road.mu.Lock()
	k.road.came[k.who.key()]++
	k.road.mu.Unlock()
	return k.road.RoundTrip(r)
}

func (w *road) Gaps(ctx context.Context, _ hearth.ARN, who Identity, _ []rbacv1.PolicyRule) ([]rbacv1.PolicyRule, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.config.Host+"/version", nil)
	if err != nil {
		return nil, err
	}
	res, err := w.RoundTrip(req)
	if err != nil {
		return nil, &hearth.Error{Kind: hearth.Unavailable, Msg: "The API server does not answer", Err: err}
	}
	defer res.Body.Close()
	if g := w.gaps.Load(); g != nil && who.User == "aps-collector-user" {
		return *g, nil
	}
	return nil, nil
}

func pod(name, ip string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: default}\nstatus:\n  phase: Running\n  podIP: %s\n  podIPs: [{ip: %s}]\n", name, ip, ip)
}

func putPod(c *kube.Cluster, name, ip string) {
	c.Apply(fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: default}\nspec:\n  nodeName: node-1\n  automountServiceAccountToken: false\n  containers: [{name: c, image: i, ports: [{containerPort: 80}]}]\n", name))
	c.ApplyStatus(pod(name, ip))
}

// Scrapers of a cluster share one watch; what they know outlives an API server
// that hangs, goes away and comes back; rights that go and come are noticed.
func TestCluster(t *testing.T) {
	c := kube.Start(t, kube.Options{})
	w := newRoad(t, c.Kubeconfig)
	b := newBed(t, func(o *Options) { o.Clusters = w })
	b.run()
	putPod(c, "first", "192.0.2.11")
	text := "scrape_configs:\n- job_name: pods\n  kubernetes_sd_configs: [{role: pod}]\n"
	missing := []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"list", "watch"}}}
	w.gaps.Store(&missing)
	var ids []string
	for range 20 {
		d, err := b.Create(b.as(), CreateInput{Configuration: []byte(text), Source: &Source{EKS: &EKSSource{Cluster: orchard}}, Destination: kitchen.ARN().String()})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, d.ID)
	}
	b.until("a reason", func() bool {
		s, why := b.status(ids[0])
		return s == hearth.Creating && why == "User aps-collector-user may not: list and watch pods. hearth scraper doctor "+ids[0]+" --yaml prints the ClusterRole to apply."
	})
	if w.lists.Load() != 0 {
		t.Error("pods were listed without the right")
	}
	if y := b.doctor(ids[0]).Missing; !strings.Contains(y, `resources: ["pods"]`) || !strings.Contains(y, `verbs: ["list", "watch"]`) {
		t.Errorf("ClusterRole %s", y)
	}
	w.gaps.Store(nil)
	discovered := func(id string, n int) func() bool {
		return func() bool { j := b.doctor(id).Jobs; return len(j) == 1 && j[0].Discovered == n }
	}
	for _, id := range ids {
		b.until("ACTIVE", func() bool { s, _ := b.status(id); return s == hearth.Active })
		b.until("the pod", discovered(id, 1))
	}
	if n := w.lists.Load(); n > 4 { // a list and a watch, perhaps begun anew
		t.Errorf("%d lists and watches of pods for 20 scrapers, want one each", n)
	}
	if n := b.watches.count(); n != 1 {
		t.Errorf("%d feeds, want 1", n)
	}

	w.hang.Store(true)
	b.until("a reason of a hanging API server", func() bool {
		s, why := b.status(ids[0])
		return s == updateFailed && strings.Contains(why, "does not answer")
	})
	if !discovered(ids[0], 1)() {
		t.Error("what was discovered went with the API server")
	}
	w.hang.Store(false)
	b.until("ACTIVE after hanging", func() bool { s, _ := b.status(ids[0]); return s == hearth.Active })

	c.Restart()
	putPod(c, "second", "192.0.2.12")
	b.until("a pod made after a restart", discovered(ids[3], 2))
	c.Run("delete", "pod", "first", "--force", "--grace-period=0")

	w.gaps.Store(&missing)
	b.until("rights that went", func() bool {
		s, why := b.status(ids[0])
		return s == updateFailed && strings.Contains(why, "list and watch pods")
	})
	w.gaps.Store(nil)
	b.until("rights that came back", func() bool { s, _ := b.status(ids[0]); return s == hearth.Active })
	b.until("the pod that went", discovered(ids[0], 1))

	for _, id := range ids {
		if _, err := b.Delete(b.as(), id, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// Each role's discovery finds its objects by our informers as it would by
// Prometheus' own.
func TestRoles(t *testing.T) {
	c := kube.Start(t, kube.Options{})
	b := newBed(t, func(o *Options) { o.Clusters = newRoad(t, c.Kubeconfig) })
	b.run()
	c.Apply("apiVersion: v1\nkind: Node\nmetadata: {name: node-1, labels: {zone: a}}\n")
	c.ApplyStatus("apiVersion: v1\nkind: Node\nmetadata: {name: node-1}\nstatus:\n  addresses: [{type: InternalIP, address: 192.0.2.9}]\n  daemonEndpoints: {kubeletEndpoint: {Port: 10250}}\n")
	putPod(c, "web", "192.0.2.11")
	c.Apply("apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: default}\nspec:\n  ports: [{name: http, port: 80}]\n")
	c.Apply("apiVersion: v1\nkind: Endpoints\nmetadata: {name: web, namespace: default}\nsubsets:\n- addresses: [{ip: 192.0.2.11, targetRef: {kind: Pod, name: web, namespace: default}}]\n  ports: [{name: http, port: 80}]\n")
	c.Apply("apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\naddressType: IPv4\nmetadata: {name: web-1, namespace: default, labels: {kubernetes.io/service-name: web}}\nendpoints: [{addresses: [192.0.2.11], targetRef: {kind: Pod, name: web, namespace: default}}]\nports: [{name: http, port: 80}]\n")
	c.Apply("apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web, namespace: default}\nspec:\n  rules: [{host: web.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]\n")
	var text strings.Builder
	text.WriteString("scrape_configs:\n")
	want := map[kubernetes.Role]string{
		kubernetes.RoleNode: "__meta_kubernetes_node_label_zone", kubernetes.RolePod: "__meta_kubernetes_node_label_zone",
		kubernetes.RoleService: "__meta_kubernetes_service_name", kubernetes.RoleEndpoint: "__meta_kubernetes_pod_name",
		kubernetes.RoleEndpointSlice: "__meta_kubernetes_pod_name", kubernetes.RoleIngress: "__meta_kubernetes_ingress_host",
	}
	for role, label := range want {
		fmt.Fprintf(&text, "- job_name: %s\n  kubernetes_sd_configs: [{role: %s, namespaces: {names: [default]}", role, role)
		if role == kubernetes.RolePod {
			text.WriteString(", attach_metadata: {node: true, namespace: true}")
		}
		fmt.Fprintf(&text, "}]\n  relabel_configs:\n  - {source_labels: [%s], regex: .+, action: keep}\n", label)
	}
	d, err := b.Create(b.as(), CreateInput{Configuration: []byte(text.String()), Source: &Source{EKS: &EKSSource{Cluster: orchard}}, Destination: kitchen.ARN().String()})
	if err != nil {
		t.Fatal(err)
	}
	b.until("one target a role", func() bool {
		jobs := b.doctor(d.ID).Jobs
		for _, j := range jobs {
			if j.Kept == 0 {
				return false
			}
		}
		return len(jobs) == len(want)
	})
}

// A scraper whose role is mapped is who the mapping says, with the rights of that
// user; another in the same cluster has none of them.
func TestMappedRole(t *testing.T) {
	c := kube.Start(t, kube.Options{})
	w := newRoad(t, c.Kubeconfig)
	w.gaps.Store(&[]rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"list", "watch"}}})
	b := newBed(t, func(o *Options) { o.Clusters = w })
	b.run()
	putPod(c, "first", "192.0.2.11")
	var made [2]Description
	for i := range made {
		d, err := b.Create(b.as(), CreateInput{Configuration: []byte("scrape_configs:\n- job_name: pods\n  kubernetes_sd_configs: [{role: pod}]\n"),
			Source: &Source{EKS: &EKSSource{Cluster: orchard}}, Destination: kitchen.ARN().String()})
		if err != nil {
			t.Fatal(err)
		}
		made[i] = d
	}
	seen := func(id string) int {
		if jobs := b.doctor(id).Jobs; len(jobs) == 1 {
			return jobs[0].Discovered
		}
		return -1
	}
	lacks := func(id, user string) func() bool {
		return func() bool {
			_, why := b.status(id)
			return strings.HasPrefix(why, "User "+user+" may not: list and watch pods.")
		}
	}
	for _, d := range made {
		b.until("both lack the right", lacks(d.ID, "aps-collector-user"))
	}
	picker := Identity{User: "picker", Groups: []string{"orchard", "fruit"}}
	w.mapped.Store(&mapping{made[0].Role, picker})
	b.until("the mapped one sees the pod", func() bool { s, _ := b.status(made[0].ID); return s == hearth.Active && seen(made[0].ID) == 1 })
	if d := b.doctor(made[0].ID); d.User != "picker" || len(d.Groups) != 2 {
		t.Errorf("the doctor says it is %s %v", d.User, d.Groups)
	}
	b.until("the other one still lacks the right", lacks(made[1].ID, "aps-collector-user"))
	if seen(made[1].ID) != 0 {
		t.Error("the other one borrows the mapping")
	}
	w.mu.Lock()
	if w.came["fruit"] != 0 || w.came[picker.key()] == 0 || w.came["aps-collector-user"] != 0 {
		t.Errorf("requests by %v", w.came)
	}
	w.mu.Unlock()
	w.mapped.Store(nil)
	b.until("who lost the mapping lacks the right again", lacks(made[0].ID, "aps-collector-user"))
	w.gaps.Store(nil)
	for _, d := range made {
		b.until("both see the pod", func() bool { return seen(d.ID) == 1 })
	}
	b.until("one watch for two of the same user", func() bool { return b.watches.count() == 1 })
}
