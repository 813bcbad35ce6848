//go:build tools

// Package peers pins the Kubernetes API server and kubectl that tests run. It is
// a module of its own, so that nothing of it reaches the program's. Kubernetes'
// own module replaces its 31 staging modules by folders, hence the list in go.mod.
package peers

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kubectl"
)
