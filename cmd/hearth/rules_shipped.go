package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/spf13/cobra"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/rules"
)

func newShippedRules() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "Install the alerts that come with Hearth: Fargate, Kubernetes, Envoy, Hearth itself",
	}
	cmd.AddCommand(newListShipped(), newShowShipped(), newInstallShipped())
	return cmd
}

func newListShipped() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the rules that come with Hearth", Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, name := range rules.Shipped() {
				file, err := shippedRules(name)
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s\n", name)
				for _, g := range file.Groups {
					for _, r := range g.Rules {
						fmt.Fprintf(cmd.OutOrStdout(), "  %-28s %s\n", r.Alert+r.Record, r.Labels["severity"])
					}
				}
			}
			return nil
		},
	}
}

// shippedRules are the rules of a file that comes with Hearth.
func shippedRules(name string) (*rulefmt.RuleGroups, error) {
	data, err := rules.ShippedFile(name)
	if err != nil {
		return nil, err
	}
	file, faults := rules.Parse(data, hearth.Local, hearth.LimitsOf(hearth.Local))
	if len(faults) > 0 {
		return nil, fmt.Errorf("%s: %s", name, faults[0].Msg)
	}
	return file, nil
}

func newShowShipped() *cobra.Command {
	return &cobra.Command{
		Use: "show NAME", Short: "Print a rules file that comes with Hearth, to keep and to change", Args: exactly(1, "one NAME: see hearth rules list"),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := rules.ShippedFile(args[0])
			if err != nil {
				return misuse{err}
			}
			_, err = cmd.OutOrStdout().Write(data)
			return err
		},
	}
}

func newInstallShipped() *cobra.Command {
	var workspace, namespace string
	var replace bool
	cmd := &cobra.Command{
		Use:   "install NAME",
		Short: "Put rules that come with Hearth into a workspace, as a rule groups namespace",
		Long: `Create the rule groups namespace NAME with the rules of that name. A namespace
that is there with other rules is left as it is, unless --replace is given.

The workspace is the only one you have, unless --workspace names it. Endpoint and
keys are found as by hearth why.`,
		Args: exactly(1, "one NAME: see hearth rules list"),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := rules.ShippedFile(args[0])
			if err != nil {
				return misuse{err}
			}
			c, err := load(cmd, defaultConfig())
			if err != nil {
				return err
			}
			t, err := whyTarget(cmd.Context(), &c)
			if err != nil {
				return err
			}
			id, err := t.findWorkspace(cmd.Context(), workspace)
			if err != nil {
				return err
			}
			return t.install(cmd.Context(), cmd.OutOrStdout(), id, orElse(namespace, args[0]), data, replace)
		},
	}
	addFlags(cmd, defaultConfig())
	cmd.Flags().StringVar(&workspace, "workspace", "", "id or alias of the workspace")
	cmd.Flags().StringVar(&namespace, "namespace", "", "name of the namespace; that of the rules if not given")
	cmd.Flags().BoolVar(&replace, "replace", false, "replace the rules of a namespace that is there")
	return cmd
}

// install puts a rules file into a namespace of the workspace.
func (t target) install(ctx context.Context, out io.Writer, ws hearth.WorkspaceID, namespace string, data []byte, replace bool) error {
	all := "/workspaces/" + string(ws) + "/rulegroupsnamespaces"
	one := all + "/" + url.PathEscape(namespace)
	var have struct {
		Namespace struct{ Data []byte } `json:"ruleGroupsNamespace"`
	}
	there, err := t.ask(ctx, http.MethodGet, "aps", one, nil, nil, &have)
	switch {
	case err != nil:
		return err
	case there && bytes.Equal(have.Namespace.Data, data):
		fmt.Fprintf(out, "the namespace %s of %s has these rules already\n", namespace, ws)
		return nil
	case there && !replace:
		return fmt.Errorf("the namespace %s of %s has other rules: --replace replaces them, --namespace chooses another name", namespace, ws)
	}
	method, path, done := http.MethodPost, all, "installed in"
	if there {
		method, path, done = http.MethodPut, one, "replaced in"
	}
	body, err := json.Marshal(map[string]any{"name": namespace, "data": data})
	if err != nil {
		return err
	}
	if found, err := t.ask(ctx, method, "aps", path, nil, body, nil); err != nil {
		return err
	} else if !found {
		return fmt.Errorf("there is no workspace %s", ws)
	}
	fmt.Fprintf(out, "%s the namespace %s of %s\n", done, namespace, ws)
	return nil
}
