package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
)

// measure runs web/test/perf.mjs, which prints a table of figures. It is started
// from the repository's folder.
func (f *fixture) measure(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "node", filepath.Join("test", "perf.mjs"))
	cmd.Dir = "web"
	cmd.Env = append(os.Environ(), "HEARTH_URL="+f.url, "HEARTH_GRAFANA="+f.grafana, "HEARTH_KEY="+f.key, "HEARTH_PASSWORD="+password)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}
