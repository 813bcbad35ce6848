package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// A clusterView is a cluster as Hearth's own operations tell it.
type clusterView struct {
	Name       string            `json:"name"`
	ARN        string            `json:"arn"`
	Status     string            `json:"status"`
	Endpoint   string            `json:"endpoint"`
	Version    string            `json:"version"`
	Issuer     string            `json:"oidcIssuer"`
	Pinned     bool              `json:"oidcProvider"`
	Credential string            `json:"credential"`
	Tags       map[string]string `json:"tags"`
	Created    time.Time         `json:"createdAt"`
	Scrapers   []string          `json:"scrapers"`
	Healthy    *bool             `json:"healthy"`
	Report     *clusterReport    `json:"report"`
}

// A clusterReport is what a check found.
type clusterReport struct {
	At            time.Time `json:"checkedAt"`
	Unreachable   string    `json:"unreachable"`
	Version       string    `json:"version"`
	Issuer        string    `json:"oidcIssuer"`
	IssuerError   string    `json:"oidcIssuerError"`
	PinError      string    `json:"oidcProviderError"`
	Skew          float64   `json:"clockSkewSeconds"`
	User          string    `json:"collectorUser"`
	Groups        []string  `json:"collectorGroups"`
	Impersonation string    `json:"impersonationError"`
	Gaps          []struct {
		Groups    []string `json:"apiGroups"`
		Resources []string `json:"resources"`
		URLs      []string `json:"nonResourceURLs"`
		Verbs     []string `json:"verbs"`
	} `json:"gaps"`
	YAML    string `json:"gapsYaml"`
	AWSAuth []struct {
		ARN      string   `json:"arn"`
		Username string   `json:"username"`
		Groups   []string `json:"groups"`
	} `json:"awsAuth"`
	AWSAuthError string `json:"awsAuthError"`
	Unverified   bool   `json:"insecureSkipTlsVerify"`
}

const clustersPath = "/hearth/v1/clusters"

func newCluster() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cluster",
		Short: "Kubernetes clusters that scrapers collect from",
		Long: `Register Kubernetes clusters, EKS or any other, so that scrapers collect from
them and pods are given roles. aws eks describe-cluster shows them, too.`,
	}
	cmd.AddCommand(newClusterRegister(), newClusterUpdate(), newClusterList(), newClusterShow(), newClusterCheck(), newClusterRemove())
	return cmd
}

// clusterFlags are those of every cluster command.
func clusterFlags(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().String("region", "", "region of the cluster; that of AWS_REGION or aws.region if empty")
	addFlags(cmd, defaultConfig())
	return cmd
}

// withRegion is withTarget for the region of --region.
func withRegion(run func(cmd *cobra.Command, args []string, t target) error) func(*cobra.Command, []string) error {
	return withTarget(func(cmd *cobra.Command, args []string, t target) error {
		if region, err := cmd.Flags().GetString("region"); err == nil && region != "" {
			t.Region = region
		}
		return run(cmd, args, t)
	})
}

// clusterAsk is what a cluster is registered or updated with.
type clusterAsk struct {
	Name       string            `json:"name,omitempty"`
	Tags       map[string]string `json:"tags,omitempty"`
	Provider   string            `json:"provider,omitempty"`
	Kubeconfig string            `json:"kubeconfig,omitempty"`
	Issuer     string            `json:"oidcIssuer,omitempty"`
	Pin        bool              `json:"oidcProvider,omitempty"`
	Unchecked  bool              `json:"noCheck,omitempty"`
}

// clusterSource is where a kubeconfig comes from, and what is wanted with it.
type clusterSource struct {
	file, context string
	ask           clusterAsk
}

func (s *clusterSource) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.file, "kubeconfig", "", "the kubeconfig; the files it names are read here and put in")
	cmd.Flags().StringVar(&s.context, "context", "", "context of the kubeconfig; its current one if empty")
	cmd.Flags().StringVar(&s.ask.Issuer, "oidc-issuer", "", "issuer of the tokens of service accounts; the API server is asked if empty")
	cmd.Flags().BoolVar(&s.ask.Pin, "oidc-provider", false, "make the IAM identity provider for the issuer, with the cluster's own keys")
	cmd.Flags().BoolVar(&s.ask.Unchecked, "no-check", false, "take a kubeconfig whose API server cannot be reached now")
}

func newClusterRegister() *cobra.Command {
	var s clusterSource
	cmd := &cobra.Command{
		Use:   "register NAME --kubeconfig FILE",
		Short: "Register a cluster under a name",
		Args:  exactly(1, "one NAME"),
		RunE: withRegion(func(cmd *cobra.Command, args []string, t target) error {
			if s.file == "" {
				return misuse{errors.New("cluster register: --kubeconfig is missing")}
			}
			s.ask.Name = args[0]
			return s.send(cmd, t, http.MethodPost, clustersPath, "registered")
		}),
	}
	s.flags(cmd)
	cmd.Flags().StringToStringVar(&s.ask.Tags, "tags", nil, "tags, KEY=VALUE,…")
	cmd.Flags().StringVar(&s.ask.Provider, "provider", "", "what runs it: EKS_ANYWHERE, GKE, AKS, OPENSHIFT, RANCHER, OTHER, …")
	return clusterFlags(cmd)
}

func newClusterUpdate() *cobra.Command {
	var s clusterSource
	cmd := &cobra.Command{
		Use:   "update NAME [--kubeconfig FILE]",
		Short: "Give a cluster another kubeconfig or issuer; whatever uses it goes on",
		Args:  exactly(1, "one NAME"),
		RunE: withRegion(func(cmd *cobra.Command, args []string, t target) error {
			if s.file == "" && s.ask.Issuer == "" && !s.ask.Pin {
				return misuse{errors.New("cluster update: one of --kubeconfig, --oidc-issuer and --oidc-provider is needed")}
			}
			return s.send(cmd, t, http.MethodPut, clustersPath+"/"+url.PathEscape(args[0]), "updated")
		}),
	}
	s.flags(cmd)
	return clusterFlags(cmd)
}

func (s *clusterSource) send(cmd *cobra.Command, t target, method, path, done string) error {
	if s.file != "" {
		var err error
		if s.ask.Kubeconfig, err = wholeKubeconfig(s.file, s.context); err != nil {
			return err
		}
	}
	var c clusterView
	if err := ask(cmd.Context(), t, method, path, s.ask, &c); err != nil {
		return err
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "Cluster %s is %s: %s\n", c.Name, done, c.ARN)
	return err
}

func newClusterList() *cobra.Command {
	return clusterFlags(&cobra.Command{
		Use:   "list",
		Short: "List the clusters of the region",
		Args:  exactly(0, "no arguments"),
		RunE: withRegion(func(cmd *cobra.Command, _ []string, t target) error {
			var all []clusterView
			for next := ""; ; {
				var page struct {
					Clusters  []clusterView
					NextToken string
				}
				if err := ask(cmd.Context(), t, http.MethodGet, clustersPath+"?"+url.Values{"nextToken": {next}}.Encode(), nil, &page); err != nil {
					return err
				}
				all, next = append(all, page.Clusters...), page.NextToken
				if next == "" {
					return printClusters(cmd.OutOrStdout(), all)
				}
			}
		}),
	})
}

func printClusters(out io.Writer, all []clusterView) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tSTATUS\tHEALTH\tVERSION\tSCRAPERS\tENDPOINT")
	for _, c := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\n", c.Name, c.Status, c.health(), orElse(c.Version, "-"), len(c.Scrapers), orElse(c.Endpoint, "-"))
	}
	return w.Flush()
}

// health is one word for the newest check.
func (c *clusterView) health() string {
	switch {
	case c.Report == nil:
		return "unknown"
	case c.Report.Unreachable != "":
		return "unreachable"
	case c.Report.Impersonation != "":
		return "no-impersonation"
	case len(c.Report.Gaps) > 0:
		return "rbac-gaps"
	}
	return "ok"
}

func newClusterShow() *cobra.Command {
	return clusterFlags(&cobra.Command{
		Use:   "show NAME",
		Short: "Show what is known of a cluster, as JSON; credentials are never shown",
		Args:  exactly(1, "one NAME"),
		RunE: withRegion(func(cmd *cobra.Command, args []string, t target) error {
			var c json.RawMessage
			if err := ask(cmd.Context(), t, http.MethodGet, clustersPath+"/"+url.PathEscape(args[0]), nil, &c); err != nil {
				return err
			}
			enc := json.NewEncoder(cmd.OutOrStdout())
			enc.SetIndent("", "  ")
			return enc.Encode(c)
		}),
	})
}

func newClusterRemove() *cobra.Command {
	return clusterFlags(&cobra.Command{
		Use:   "remove NAME",
		Short: "Forget a cluster and its credentials; the cluster itself is left alone",
		Args:  exactly(1, "one NAME"),
		RunE: withRegion(func(cmd *cobra.Command, args []string, t target) error {
			if err := askService(cmd.Context(), t, "eks", http.MethodDelete, "/cluster-registrations/"+url.PathEscape(args[0]), nil, nil); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "Cluster %s is removed.\n", args[0])
			return err
		}),
	})
}

func newClusterCheck() *cobra.Command {
	var only bool
	cmd := &cobra.Command{
		Use:   "check NAME",
		Short: "Ask a cluster everything that collecting from it depends on",
		Long: `Ask a cluster everything that collecting from it depends on: is its API server
reached, may the collector's user be impersonated and what may it do, who issues
tokens, is the clock right, what is in aws-auth. The exit code is 1 if scrapers
cannot work. What is missing is printed as YAML to apply; with --yaml only that:

  hearth cluster check NAME --yaml | kubectl apply -f -`,
		Args: exactly(1, "one NAME"),
		RunE: withRegion(func(cmd *cobra.Command, args []string, t target) error {
			var p clusterReport
			if err := ask(cmd.Context(), t, http.MethodPost, clustersPath+"/"+url.PathEscape(args[0])+"/check", nil, &p); err != nil {
				return err
			}
			if only {
				_, err := io.WriteString(cmd.OutOrStdout(), p.YAML)
				return err
			}
			p.print(cmd.OutOrStdout())
			return p.verdict(args[0])
		}),
	}
	cmd.Flags().BoolVar(&only, "yaml", false, "print nothing but the YAML that closes the gaps")
	return clusterFlags(cmd)
}

// print is the report as people read it.
func (p *clusterReport) print(out io.Writer) {
	line := func(name, trouble, fine string) {
		if trouble != "" {
			fmt.Fprintf(out, "%-14s PROBLEM: %s\n", name, trouble)
		} else {
			fmt.Fprintf(out, "%-14s %s\n", name, fine)
		}
	}
	line("API server", p.Unreachable, "reached, "+p.Version)
	if p.Unreachable != "" {
		return
	}
	if p.Unverified {
		line("certificate", "it is not verified: the kubeconfig has insecure-skip-tls-verify", "")
	}
	skew := ""
	if p.Skew != 0 {
		skew = fmt.Sprintf("the API server's clock is %s ahead of Hearth's", time.Duration(p.Skew*float64(time.Second)))
	}
	line("clock", skew, "agrees")
	line("impersonation", p.Impersonation, p.user()+" can be impersonated")
	if p.Impersonation == "" {
		line("rights", p.missing(), p.user()+" may do all that a collector needs")
	}
	line("issuer", p.IssuerError, orElse(p.Issuer, "unknown"))
	if p.PinError != "" {
		line("IAM provider", p.PinError, "")
	}
	line("aws-auth", p.AWSAuthError, fmt.Sprintf("%d mappings", len(p.AWSAuth)))
	for _, m := range p.AWSAuth {
		fmt.Fprintf(out, "  %s is %s %s\n", m.ARN, m.Username, strings.Join(m.Groups, ","))
	}
	if p.YAML != "" {
		fmt.Fprintf(out, "\n# Apply this with kubectl:\n%s", p.YAML)
	}
}

// user is who scrapers are; the first that lacks something, if one does.
func (p *clusterReport) user() string {
	return strings.Join(append([]string{orElse(p.User, "aps-collector-user")}, p.Groups...), ", in group ")
}

func (p *clusterReport) missing() string {
	var all []string
	for _, g := range p.Gaps {
		group := strings.Trim(strings.Join(g.Groups, ","), ",")
		if group != "" {
			group = " of " + group
		}
		all = append(all, strings.Join(g.Verbs, ",")+" "+strings.Join(append(g.Resources, g.URLs...), ",")+group)
	}
	if len(all) == 0 {
		return ""
	}
	return p.user() + " may not: " + strings.Join(all, "; ")
}

func (p *clusterReport) verdict(name string) error {
	if p.Unreachable != "" || p.Impersonation != "" || len(p.Gaps) > 0 {
		return fmt.Errorf("scrapers cannot collect from cluster %s", name)
	}
	return nil
}
