package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/hearth-metrics/hearth/scraper"
)

func newScraper() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "scraper",
		Short: "Managed collectors: make them, list them, and ask why they bring no metrics",
		Long: `Managed collectors. The aws CLI makes them, too (aws amp create-scraper), but
not without a cluster or network as source.`,
	}
	cmd.AddCommand(newScraperCreate(), newScraperUpdate(), newScraperDelete(), newScraperList(), newDoctor())
	return cmd
}

func newScraperList() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the scrapers of the account and region",
		Args:  exactly(0, "no arguments"),
		RunE: withTarget(func(cmd *cobra.Command, _ []string, t target) error {
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
			fmt.Fprintln(w, "ID\tALIAS\tSTATUS\tSOURCE\tWORKSPACE\tREASON")
			next := ""
			for {
				page, err := scrapersPage(cmd, t, next)
				if err != nil {
					return err
				}
				for _, s := range page.Scrapers {
					s.print(w)
				}
				if next = page.NextToken; next == "" {
					return w.Flush()
				}
			}
		}),
	}
	addFlags(cmd, defaultConfig())
	return cmd
}

// A listedScraper is one of ListScrapers.
type listedScraper struct {
	ScraperID    string
	Alias        string
	Status       struct{ StatusCode string }
	StatusReason string
	Source       scraper.Source
	Destination  struct {
		AmpConfiguration struct{ WorkspaceArn string }
	}
}

type listedScrapers struct {
	Scrapers  []listedScraper
	NextToken string
}

func scrapersPage(cmd *cobra.Command, t target, next string) (page listedScrapers, err error) {
	path := "/scrapers"
	if next != "" {
		path += "?nextToken=" + url.QueryEscape(next)
	}
	err = askService(cmd.Context(), t, "aps", http.MethodGet, path, nil, &page)
	return page, err
}

func (s listedScraper) print(w io.Writer) {
	source := "-"
	switch {
	case s.Source.EKS != nil:
		source = afterSlash(s.Source.EKS.Cluster)
	case s.Source.VPC != nil && len(s.Source.VPC.Subnets) > 0:
		source = "vpc"
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", s.ScraperID, orElse(s.Alias, "-"), s.Status.StatusCode, source,
		afterSlash(s.Destination.AmpConfiguration.WorkspaceArn), s.StatusReason)
}

func afterSlash(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }

func newDoctor() *cobra.Command {
	var all, only bool
	cmd := &cobra.Command{
		Use:   "doctor SCRAPER_ID",
		Short: "Tell, job by job, how far targets and samples come, and where they are lost",
		Example: "  hearth scraper doctor s-0123\n" +
			"  hearth scraper doctor s-0123 --yaml | kubectl apply -f -",
		Args: exactly(1, "one SCRAPER_ID"),
		RunE: withTarget(func(cmd *cobra.Command, args []string, t target) error {
			var d scraper.Diagnosis
			if err := ask(cmd.Context(), t, http.MethodGet, "/hearth/v1/scrapers/"+url.PathEscape(args[0])+"/doctor", nil, &d); err != nil {
				return err
			}
			out := plainWriter{cmd.OutOrStdout()}
			if only {
				_, err := io.WriteString(out, d.Missing)
				return err
			}
			printDiagnosis(out, &d, all)
			return nil
		}),
	}
	cmd.Flags().BoolVar(&all, "all", false, "list targets that are up, too")
	cmd.Flags().BoolVar(&only, "yaml", false, "print nothing but the ClusterRole and binding that give missing rights")
	addFlags(cmd, defaultConfig())
	return cmd
}

func printDiagnosis(out io.Writer, d *scraper.Diagnosis, all bool) {
	fmt.Fprintf(out, "scraper %s into %s\nstatus  %s\n", d.ID, afterSlash(d.Destination), d.Status)
	if d.Reason != "" {
		fmt.Fprintf(out, "reason  %s\n", d.Reason)
	}
	if d.User != "" {
		fmt.Fprintf(out, "user    %s\n", strings.Join(append([]string{d.User}, d.Groups...), ", in group "))
	}
	for i := range d.Jobs {
		printJob(out, &d.Jobs[i], all)
	}
	for _, h := range d.Hints {
		fmt.Fprintf(out, "\n! %s\n", h)
	}
	if d.Missing != "" {
		fmt.Fprintf(out, "\nRights are missing. This gives them, with kubectl apply -f:\n\n%s", d.Missing)
	}
}

func printJob(out io.Writer, j *scraper.JobReport, all bool) {
	fmt.Fprintf(out, "\njob %s\n", j.Job)
	step := func(what string, n any) { fmt.Fprintf(out, "  %-28s %v\n", what, n) }
	step("targets discovered", j.Discovered)
	if j.Trouble != "" {
		step("- the discovery fails", j.Trouble)
	}
	for _, r := range j.Dropped {
		step(fmt.Sprintf("- dropped by rule %d", r.Rule), fmt.Sprintf("%d  %s  (for example %s)", r.Targets, r.Text, orElse(r.Example, "one without an address")))
	}
	if j.Invalid > 0 {
		step("- invalid", fmt.Sprintf("%d  %s", j.Invalid, j.Why))
	}
	step("targets kept", j.Kept)
	if j.Over > 0 {
		step("- more than a scraper may have", j.Over)
	}
	if j.Duplicate > 0 {
		step("- the same as another, or new", j.Duplicate)
	}
	step("targets up", j.Up)
	if j.Down > 0 {
		step("- down", j.Down)
	}
	if j.Waiting > 0 {
		step("- not scraped yet", j.Waiting)
	}
	step("samples of the last scrapes", j.Scraped)
	step("- after metric relabelling", j.Relabelled)
	step("- accepted by the workspace", j.Accepted)
	if j.Refused > 0 {
		step("- refused by the workspace", j.Refused)
	}
	for _, t := range j.Targets {
		if t.Health != "up" || t.Refusal != "" || all {
			printTarget(out, t)
		}
	}
	if j.Omitted > 0 {
		fmt.Fprintf(out, "  … and %d more\n", j.Omitted)
	}
}

func printTarget(out io.Writer, t scraper.TargetReport) {
	health := t.Health
	if t.Last == nil {
		health = "waiting"
	}
	fmt.Fprintf(out, "  %-7s %s", health, t.URL)
	if t.Error != "" {
		fmt.Fprintf(out, "  %s", t.Error)
	}
	if t.Refusal != "" {
		fmt.Fprintf(out, "  refused: %s", t.Refusal)
	}
	fmt.Fprintln(out)
}
