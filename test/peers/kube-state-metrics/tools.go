//go:build tools

// Package peers pins the exporter of Kubernetes objects that scrapers are tested with. It is a module of its own, so that nothing of
// it reaches the program's.
package peers

import _ "k8s.io/kube-state-metrics/v2"
