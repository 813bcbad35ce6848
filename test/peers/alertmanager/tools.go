//go:build tools

// Package peers pins the Alertmanager and amtool that tests compare with. It is a
// module of its own, so that nothing of it reaches the program's.
package peers

import (
	_ "github.com/prometheus/alertmanager/cmd/alertmanager"
	_ "github.com/prometheus/alertmanager/cmd/amtool"
)
