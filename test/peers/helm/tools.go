//go:build tools

// Package peers pins the chart renderer that tests of in-cluster senders use. It is a module of its own, so that nothing of
// it reaches the program's.
package peers

import _ "helm.sh/helm/v3/cmd/helm"
