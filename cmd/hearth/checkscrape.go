package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/scraper"
)

func newCheckScrape() *cobra.Command {
	var cluster, role string
	cmd := &cobra.Command{
		Use:   "scrape FILE [--cluster NAME]",
		Short: "Check a scrape configuration, and preview what it finds now",
		Long: `Check a scrape configuration as aws amp create-scraper would, then look for its
targets, and follow each through the relabelling rules. Nothing is scraped or made.
With --cluster a running Hearth is asked, which looks into that registered cluster
with the rights of a scraper that is still to be made, or has the role of --role.`,
		Args: exactly(1, "one FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := load(cmd, defaultConfig())
			if err != nil {
				return err
			}
			text, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			if cluster == "" {
				return checkScrape(cmd, &c, args[0], text)
			}
			t, err := whyTarget(cmd.Context(), &c)
			if err != nil {
				return err
			}
			in := map[string]any{"source": map[string]any{"eksConfiguration": map[string]any{"clusterArn": cluster}},
				"scrapeConfiguration": map[string]any{"configurationBlob": scraper.Unwrap(text)}}
			if role != "" {
				in["roleConfiguration"] = map[string]any{"sourceRoleArn": role}
			}
			var p scraper.Preview
			if err := ask(cmd.Context(), t, http.MethodPost, "/hearth/v1/scrape-previews", in, &p); err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			return printPreview(cmd.OutOrStdout(), args[0], &p)
		},
	}
	cmd.Flags().StringVar(&role, "role", "", "with --cluster: look as a scraper with this role, by the role's mapping or access entry")
	cmd.Flags().StringVar(&cluster, "cluster", "", "name of a registered cluster to look into")
	addFlags(cmd, defaultConfig())
	return cmd
}

// checkScrape checks a file without a running Hearth. Discoveries that need no
// cluster are tried from here.
func checkScrape(cmd *cobra.Command, c *Config, path string, text []byte) error {
	var source scraper.Source
	profile := hearth.Profile(c.Profile)
	inCluster := strings.Contains(string(scraper.Unwrap(text)), "kubernetes_sd_configs")
	switch {
	case inCluster:
		source.EKS = &scraper.EKSSource{}
	case profile == hearth.AWSStrict:
		source.VPC = &scraper.VPCSource{}
	}
	if err := scraper.Check(scraper.Unwrap(text), profile, source); err != nil {
		return faultsIn(cmd.ErrOrStderr(), path, err)
	}
	if inCluster {
		fmt.Fprintf(cmd.OutOrStdout(), "%s: fine. --cluster NAME shows what it finds in a registered cluster.\n", path)
		return nil
	}
	room := scraper.New(scraper.Options{Profile: profile, Dial: c.dialer().DialContext})
	p, err := room.Preview(cmd.Context(), text, source, "")
	if err != nil {
		return err
	}
	return printPreview(cmd.OutOrStdout(), path, &p)
}

// faultsIn tells what is wrong with a file, a line each.
func faultsIn(out io.Writer, path string, err error) error {
	e, ok := errors.AsType[*hearth.Error](err)
	if !ok || len(e.Fields) == 0 {
		return err
	}
	for _, f := range e.Fields {
		fmt.Fprintf(out, "%s: %s\n", path, f.Msg)
	}
	return fmt.Errorf("%s in 1 scrape configuration", count(len(e.Fields), "fault"))
}

func printPreview(out io.Writer, path string, p *scraper.Preview) error {
	out = plainWriter{out}
	warnings := 0
	for i := range p.Jobs {
		if p.Trouble != "" && p.Jobs[i].Discovered == 0 {
			continue // it says nothing about the job
		}
		printJobPreview(out, &p.Jobs[i])
		warnings += len(p.Jobs[i].Warnings)
	}
	if p.Trouble != "" {
		return fmt.Errorf("%s is fine, but its cluster cannot be looked into: %s", path, p.Trouble)
	}
	rights := ""
	if p.Missing != "" {
		fmt.Fprintf(out, "\nRights are missing. This gives them, with kubectl apply -f:\n\n%s", p.Missing)
		rights = "; in the cluster rights are missing"
	}
	fmt.Fprintf(out, "\n%s: fine: %s, %s%s\n", path, count(len(p.Jobs), "job"), count(warnings, "warning"), rights)
	return nil
}

func printJobPreview(out io.Writer, j *scraper.JobPreview) {
	fmt.Fprintf(out, "job %s: %s discovered, %d kept\n", j.Job, count(j.Discovered, "target"), j.Kept)
	for _, r := range j.Rules {
		fmt.Fprintf(out, "  rule %d  %s: reached %d, matched %d, changed %d, dropped %d\n", r.Rule, r.Text, r.Reached, r.Matched, r.Changed, r.Dropped)
	}
	for _, t := range j.Targets {
		fmt.Fprintf(out, "  target %s\n    found   %s\n", orElse(t.Address, "(no address)"), t.Labels)
		for _, s := range t.Steps {
			if s.Drop {
				fmt.Fprintf(out, "    rule %d  drops it\n", s.Rule)
			} else {
				fmt.Fprintf(out, "    rule %d  %s\n", s.Rule, s.Labels)
			}
		}
		if t.URL != "" {
			fmt.Fprintf(out, "    scraped %s as %s\n", t.URL, t.Final)
		}
	}
	if j.Invalid > 0 {
		fmt.Fprintf(out, "  %d invalid: %s\n", j.Invalid, j.Why)
	}
	if n := j.Discovered - len(j.Targets); n > 0 {
		fmt.Fprintf(out, "  … and %d more targets\n", n)
	}
	for _, w := range j.Warnings {
		fmt.Fprintf(out, "  ! %s\n", w)
	}
}
