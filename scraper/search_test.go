package scraper

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/hearth-metrics/hearth"
)

// A nameServer answers by UDP what a test puts into it.
type nameServer struct {
	mu      sync.Mutex
	records map[string][]dnsmessage.ResourceBody // by type and name; a name that is not there is NXDOMAIN
	broken  bool                                 // SERVFAIL for all
}

func (s *nameServer) put(kind dnsmessage.Type, name string, bodies ...dnsmessage.ResourceBody) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if bodies == nil {
		delete(s.records, kind.String()+" "+name)
		return
	}
	s.records[kind.String()+" "+name] = bodies
}

func (s *nameServer) fail(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = yes
}

// resolver starts the server, and returns who asks just it.
func (s *nameServer) resolver(t *testing.T) *net.Resolver {
	t.Helper()
	s.records = map[string][]dnsmessage.ResourceBody{}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if out := s.answer(buf[:n]); out != nil {
				_, _ = conn.WriteTo(out, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return plainDial(ctx, "udp", conn.LocalAddr().String())
	}}
}

func (s *nameServer) answer(question []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(question) != nil || len(m.Questions) != 1 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q := m.Questions[0]
	m.Response, m.Additionals = true, nil
	bodies, ok := s.records[q.Type.String()+" "+q.Name.String()]
	switch {
	case s.broken:
		m.RCode = dnsmessage.RCodeServerFailure
	case !ok:
		m.RCode = dnsmessage.RCodeNameError
	}
	for _, b := range bodies {
		m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1}, Body: b})
	}
	out, err := m.Pack()
	if err != nil {
		return nil
	}
	return out
}

func portOf(t *testing.T, address string) (host string, port uint16) {
	t.Helper()
	host, text, err := net.SplitHostPort(address)
	if err == nil {
		_, err = fmt.Sscan(text, &port)
	}
	if err != nil {
		t.Fatal(err)
	}
	return host, port
}

// Records become targets with Prometheus' labels; a name that is gone takes its
// targets along, a server that fails does not and is told of; what a name points to
// is dialled through the guard.
func TestDNSSearch(t *testing.T) {
	ns := &nameServer{}
	b := newBed(t, func(o *Options) { o.Resolver, o.Dial = ns.resolver(t), guardedDial })
	b.run()
	_, port := portOf(t, serve(t, "kettle 1\n"))
	local := dnsmessage.MustNewName("localhost.")
	ns.put(dnsmessage.TypeSRV, "_m._tcp.test.", &dnsmessage.SRVResource{Port: port, Target: local})
	ns.put(dnsmessage.TypeA, "web.test.", &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}}, &dnsmessage.AResource{A: [4]byte{169, 254, 169, 254}})
	ns.put(dnsmessage.TypeMX, "mail.test.", &dnsmessage.MXResource{MX: local})
	ns.put(dnsmessage.TypeNS, "zone.test.", &dnsmessage.NSResource{NS: local})
	relabel := func(label string) string {
		return "  relabel_configs: [{source_labels: [__meta_dns_name, " + label + "], target_label: found}]\n"
	}
	d := b.create(fmt.Sprintf("global: {scrape_interval: 200ms}\nscrape_configs:\n"+
		"- job_name: srv\n  dns_sd_configs: [{names: [_m._tcp.test.], refresh_interval: 100ms}]\n"+relabel("__meta_dns_srv_record_target, __meta_dns_srv_record_port")+
		"- job_name: a\n  dns_sd_configs: [{names: [web.test., nowhere.test.], type: A, port: %[1]d, refresh_interval: 100ms}]\n"+relabel("__meta_dns_srv_record_target")+
		"- job_name: mx\n  dns_sd_configs: [{names: [mail.test.], type: MX, port: %[1]d, refresh_interval: 100ms}]\n"+relabel("__meta_dns_mx_record_target")+
		"- job_name: ns\n  dns_sd_configs: [{names: [zone.test.], type: NS, port: %[1]d, refresh_interval: 100ms}]\n"+relabel("__meta_dns_ns_record_target"), port))
	for job, found := range map[string]string{
		"srv": fmt.Sprintf("_m._tcp.test.;localhost.;%d", port), "a": "web.test.;", "mx": "mail.test.;localhost.", "ns": "zone.test.;localhost.",
	} {
		host := map[bool]string{true: "127.0.0.1", false: "localhost"}[job == "a"]
		b.until("a sample of "+job, func() bool {
			return b.into.has(1, `__name__="kettle"`, `job="`+job+`"`, fmt.Sprintf(`instance="%s:%d"`, host, port), `found="`+found+`"`)
		})
	}
	report := func(job string) JobReport {
		for _, j := range b.doctor(d.ID).Jobs {
			if j.Job == job {
				return j
			}
		}
		return JobReport{}
	}
	b.until("the metadata address is refused", func() bool {
		for _, one := range report("a").Targets {
			if strings.Contains(one.Error, "connections to 169.254.169.254 are never made") {
				return true
			}
		}
		return false
	})
	ns.fail(true)
	b.until("the doctor tells why", func() bool { return strings.Contains(report("a").Trouble, "server misbehaving") })
	if j := report("srv"); j.Discovered != 1 {
		t.Errorf("a server that fails took targets along: %+v", j)
	}
	b.until("the ledger is told", func() bool { return b.told(ServiceDiscovery, searchFailedText, "server misbehaving") })
	ns.fail(false)
	ns.put(dnsmessage.TypeSRV, "_m._tcp.test.")
	b.until("a name that is gone", func() bool { j := report("srv"); return j.Discovered == 0 && j.Trouble == "" })
	if s, why := b.status(d.ID); s != hearth.Active {
		t.Errorf("%s %s", s, why)
	}
}

// told tells whether the ledger has an event of a component.
func (b *bed) told(component, summary, text string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		if e.Detail(hearth.DetailComponent) == component && e.Summary == summary && strings.Contains(e.Detail(hearth.DetailError), text) {
			return true
		}
	}
	return false
}

// A server of targets is followed; while it fails its targets stay, and the doctor
// says how it fails.
func TestHTTPSearch(t *testing.T) {
	b := newBed(t, func(o *Options) { o.Dial = guardedDial })
	b.run()
	first, second := serve(t, "first 1\n"), serve(t, "second 2\n")
	var answer atomic.Pointer[http.HandlerFunc]
	set := func(h http.HandlerFunc) { answer.Store(&h) }
	list := func(text string) {
		set(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			_, _ = io.WriteString(w, text)
		})
	}
	list(`[{"targets": ["` + first + `"], "labels": {"room": "kitchen"}}, {"targets": ["` + second + `"]}]`)
	server := handle(t, func(w http.ResponseWriter, r *http.Request) { (*answer.Load())(w, r) })
	job := func(name, url string) string {
		return "- job_name: " + name + "\n  http_sd_configs: [{url: 'http://" + url + "/targets', refresh_interval: 100ms}]\n" +
			"  relabel_configs: [{source_labels: [__meta_url], target_label: told_by}]\n"
	}
	d := b.create("global: {scrape_interval: 200ms}\nscrape_configs:\n" + job("web", server) + job("metadata", "169.254.169.254"))
	b.until("the first", func() bool {
		return b.into.has(1, `__name__="first"`, `room="kitchen"`, `told_by="http://`+server+`/targets"`)
	})
	b.until("the second", func() bool { return b.into.has(2, `__name__="second"`) })
	web := func() JobReport { return b.doctor(d.ID).Jobs[0] }
	b.until("the guard of a discovery", func() bool {
		return strings.Contains(b.doctor(d.ID).Jobs[1].Trouble, "connections to 169.254.169.254 are never made")
	})
	for _, c := range []struct {
		name string
		h    http.HandlerFunc
		want string
	}{
		{"an error", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }, "418"},
		{"a page", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, "not application/json"},
		{"a redirect to metadata", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/latest", http.StatusFound)
		}, "connections to 169.254.169.254 are never made"},
		{"an endless answer", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for line := strings.Repeat(" ", 1<<20); ; {
				if _, err := io.WriteString(w, line); err != nil {
					return
				}
			}
		}, "longer than"},
	} {
		set(c.h)
		b.until(c.name, func() bool { return strings.Contains(web().Trouble, c.want) })
		if j := web(); j.Discovered != 2 {
			t.Errorf("%s: %+v", c.name, j)
		}
	}
	b.until("the ledger is told", func() bool { return b.told(ServiceDiscovery, searchFailedText, "418") })
	list(`[{"targets": ["` + first + `"]}]`)
	b.until("one group less", func() bool { j := web(); return j.Discovered == 1 && j.Trouble == "" })
}

func TestReadTargets(t *testing.T) {
	for text, want := range map[string]string{
		`{}`: "no list", `[null]`: "group 1 is null", `[{"targets": [1]}]`: "group 1", `[{"target": ["a"]}]`: "unknown field", `[{"targets": ["a"]}`: "the end",
		`[{"labels": {"a": 1}}]`: "group 1", `[` + strings.Repeat(`{},`, maxTargets) + `{}]`: "more than 30000",
		`[{"targets": ["` + strings.Repeat(`a","`, maxTargets) + `a"]}]`: "more than 30000", ``: "no list",
	} {
		if _, err := readTargets([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", clip(text), err, want)
		}
	}
}

func FuzzReadTargets(f *testing.F) {
	f.Add([]byte(`[{"targets": ["a:1", "b"], "labels": {"x": "y"}}, {}]`))
	f.Add([]byte(`[{"targets": null}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		groups, err := readTargets(text)
		n := 0
		for _, g := range groups {
			if g.Labels == nil {
				t.Error("a group without a place for labels")
			}
			n += len(g.Targets)
		}
		if n > maxTargets || err != nil && groups != nil {
			t.Errorf("%d targets, %v", n, err)
		}
	})
}

// A discovery may not flood who it asks.
func TestSearchBounds(t *testing.T) {
	for _, sd := range []string{"http_sd_configs: [{url: 'http://a/', refresh_interval: 10ms}]", "dns_sd_configs: [{names: [a], refresh_interval: 10ms}]"} {
		err := Check([]byte("scrape_configs:\n- job_name: j\n  "+sd+"\n"), hearth.Local, Source{})
		if err == nil || !strings.Contains(err.Error(), "refresh_interval is 10ms; the shortest is 1s") {
			t.Errorf("%s: %v", sd, err)
		}
	}
	names := strings.Repeat("a, ", maxNames) + "a"
	if err := Check([]byte("scrape_configs:\n- job_name: j\n  dns_sd_configs: [{names: ["+names+"]}]\n"), hearth.Local, Source{}); err == nil {
		t.Error("a thousand and one names are taken")
	}
}
