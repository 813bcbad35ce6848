package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/dashboard"
)

func newCheckDashboard() *cobra.Command {
	var workspace string
	cmd := &cobra.Command{
		Use:   "dashboard FILE… [--workspace ID]",
		Short: "Check dashboards, and whether a workspace has what they ask for",
		Long: `Check dashboards of Grafana's JSON: whether they are whole, which panels are not
drawn, which queries do not parse, which variables are used by nothing or are not
there. A folder stands for the .json files below it. With --workspace a running
Hearth is asked which of the metrics the workspace has. Lines that begin with !
are worth a look; the others are faults.`,
		Args: atLeastOne("FILE…"),
		RunE: func(cmd *cobra.Command, args []string) error {
			files, err := dashboardFiles(args)
			if err != nil {
				return err
			}
			c, err := load(cmd, defaultConfig())
			if err != nil {
				return err
			}
			var have []string
			if workspace != "" {
				if have, err = metricsOf(cmd.Context(), &c, workspace); err != nil {
					return err
				}
			}
			wrong := 0
			for _, path := range files {
				n, err := checkDashboard(cmd.OutOrStdout(), cmd.ErrOrStderr(), path, workspace != "", have)
				if err != nil {
					return err
				}
				wrong += n
			}
			if wrong > 0 {
				return fmt.Errorf("%s in %s", count(wrong, "fault"), count(len(files), "dashboard"))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&workspace, "workspace", "", "id of the metrics workspace that should have the metrics, ws-…")
	addFlags(cmd, defaultConfig())
	return cmd
}

// dashboardFiles are the files named, and those below the folders named.
func dashboardFiles(args []string) (files []string, err error) {
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, arg)
			continue
		}
		err = filepath.WalkDir(arg, func(path string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() && filepath.Ext(path) == ".json" {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there are no .json files in %v", args)
	}
	return files, nil
}

// metricsOf asks a running Hearth for the names of a workspace's metrics.
func metricsOf(ctx context.Context, c *Config, workspace string) ([]string, error) {
	if _, ok := hearth.ParseWorkspaceID(workspace); !ok {
		return nil, misuse{fmt.Errorf("--workspace: %q is not the id of a metrics workspace, ws-…", workspace)}
	}
	t, err := whyTarget(ctx, c)
	if err != nil {
		return nil, err
	}
	var told struct {
		Data []string `json:"data"`
	}
	found, err := t.ask(ctx, http.MethodGet, "aps", "/workspaces/"+workspace+"/api/v1/label/__name__/values", nil, nil, &told)
	if err == nil && !found {
		err = fmt.Errorf("there is no workspace %s", workspace)
	}
	return told.Data, err
}

// checkDashboard tells what is found in one file, and counts the faults.
func checkDashboard(out, errs io.Writer, path string, ask bool, have []string) (faults int, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	r, err := dashboard.Lint(raw)
	if err != nil {
		fmt.Fprintf(errs, "%s: %v\n", path, err)
		return 1, nil
	}
	found := r.Findings
	if ask {
		found = append(found, r.Without(have)...)
	}
	warnings := 0
	for _, f := range found {
		if f.Fault {
			faults++
			fmt.Fprintf(errs, "%s: %s\n", path, f)
		} else {
			warnings++
			fmt.Fprintf(out, "%s: ! %s\n", path, f)
		}
	}
	if faults == 0 {
		fmt.Fprintf(out, "%s: fine: %q, %s, %s, %s, %s to look at\n", path, r.Title, count(r.Panels, "panel"), several(r.Queries, "query", "queries"), count(len(r.Metrics), "metric"), several(warnings, "thing", "things"))
	}
	return faults, nil
}

func several(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
