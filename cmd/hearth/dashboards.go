package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hearth-metrics/hearth/shipped"
)

// newDashboards is about the dashboards that come with Hearth.
func newDashboards() *cobra.Command {
	cmd := &cobra.Command{Use: "dashboards", Short: "Dashboards that come with Hearth"}
	cmd.AddCommand(&cobra.Command{
		Use: "list", Short: "List them by set", Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, f := range shipped.Dashboards("") {
				fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", f.Name, f.Title)
			}
			return nil
		},
	}, newDashboardsInstall())
	return cmd
}

func newDashboardsInstall() *cobra.Command {
	var grafana, token string
	cmd := &cobra.Command{
		Use:   "install SET --grafana WORKSPACE_ID",
		Short: "Put a set of dashboards into a Grafana workspace, over those of the same names",
		Long:  "The token is that of a service account with the role EDITOR: aws grafana create-workspace-service-account-token.",
		Args:  exactly(1, "one SET, such as fargate"),
		RunE: withTarget(func(cmd *cobra.Command, args []string, t target) error {
			all := shipped.Dashboards(args[0])
			if len(all) == 0 {
				return misuse{fmt.Errorf("no dashboards are called %q: there are %s", args[0], strings.Join(shipped.Sets(), ", "))}
			}
			if grafana == "" || token == "" {
				return misuse{errors.New("--grafana and --token-file: say which Grafana workspace, and with whose token")}
			}
			secret, err := os.ReadFile(token)
			if err != nil {
				return misuse{fmt.Errorf("--token-file: %w", err)}
			}
			for _, f := range all {
				if err := saveDashboard(cmd.Context(), t.URL+"/grafana/"+grafana, strings.TrimSpace(string(secret)), f); err != nil {
					return fmt.Errorf("%s: %w", f.Name, err)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: installed\n", f.Title)
			}
			return nil
		}),
	}
	cmd.Flags().StringVar(&grafana, "grafana", "", "id of the Grafana workspace, g-…")
	cmd.Flags().StringVar(&token, "token-file", "", "file of a service account's token")
	addFlags(cmd, defaultConfig())
	return cmd
}

// saveDashboard asks Grafana's HTTP API:
// https://grafana.com/docs/grafana/latest/developers/http_api/dashboard/
func saveDashboard(ctx context.Context, base, token string, f shipped.File) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	body, err := json.Marshal(map[string]any{"dashboard": json.RawMessage(f.Text), "overwrite": true, "message": "hearth dashboards install"})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/api/dashboards/db", bytes.NewReader(body))
	if err != nil {
		return misuse{err}
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask Hearth: %w", err)
	}
	defer res.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if res.StatusCode/100 != 2 {
		var e struct{ Message string }
		_ = json.Unmarshal(answer, &e)
		return fmt.Errorf("%s", orElse(e.Message, res.Status))
	}
	return nil
}
