package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hearth-metrics/hearth/test/port"
)

// node runs a real node-exporter on loopback and sets NODE_PORT.
func nodeExporter(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 0 || neg {
		ts.Fatalf("usage: node")
	}
	at := port.For(scriptT{ts})
	cmd := exec.Command("prometheus-node-exporter", "--web.listen-address=127.0.0.1:"+at, "--collector.disable-defaults", "--collector.loadavg", "--collector.cpu", "--web.disable-exporter-metrics")
	ts.Check(cmd.Start())
	ts.Defer(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	ts.Setenv("NODE_PORT", at)
}

// kubestate runs a real kube-state-metrics, which asks the script's Kubernetes cluster
// about pods and nodes, on loopback and sets STATE_PORT.
func kubeState(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 0 || neg {
		ts.Fatalf("usage: kubestate")
	}
	program, err := peer("kube-state-metrics")
	ts.Check(err)
	at := port.For(scriptT{ts})
	cmd := exec.Command(program, "--kubeconfig="+ts.Getenv("KUBECONFIG"), "--resources=pods,nodes",
		"--host=127.0.0.1", "--port="+at, "--telemetry-host=127.0.0.1", "--telemetry-port="+port.For(scriptT{ts}))
	out := &safeBuffer{}
	cmd.Stdout, cmd.Stderr = out, out
	ts.Check(cmd.Start())
	ts.Defer(func() { _ = cmd.Process.Kill(); _ = cmd.Wait(); ts.Logf("kube-state-metrics: %s", out) })
	ts.Setenv("STATE_PORT", at)
}

// kubelet FILE answers /metrics/cadvisor with a file as a kubelet would, by TLS on
// this machine's own address (the API server reaches no kubelet on loopback), and
// sets KUBELET_ADDRESS and KUBELET_PORT.
func kubelet(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 || neg {
		ts.Fatalf("usage: kubelet FILE")
	}
	text, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	address := ownAddress()
	if address == "" {
		ts.Fatalf("this machine has no address but loopback")
	}
	l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	ts.Check(err)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/metrics/cadvisor") {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = w.Write(text)
	}))
	_ = s.Listener.Close()
	s.Listener = l
	s.StartTLS()
	ts.Defer(s.Close)
	_, own, err := net.SplitHostPort(l.Addr().String())
	ts.Check(err)
	ts.Setenv("KUBELET_ADDRESS", address)
	ts.Setenv("KUBELET_PORT", own)
}

// ownAddress is one of this machine's addresses that others could reach.
func ownAddress() string {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return ""
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
			return n.IP.String()
		}
	}
	return ""
}
