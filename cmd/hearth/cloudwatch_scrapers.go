package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/hearth-metrics/hearth/cloudwatch"
)

// A cloudwatchScraper as Hearth answers it.
type cloudwatchScraper struct {
	ID            string            `json:"scraperId"`
	Name          string            `json:"name"`
	Workspace     string            `json:"workspaceId"`
	DailyCap      float64           `json:"dailyCap"`
	Own           bool              `json:"hasCredentials"`
	Fixed         bool              `json:"fixed"`
	Created       time.Time         `json:"createdAt"`
	Configuration string            `json:"configuration"`
	Status        cloudwatch.Status `json:"status"`
}

// scraperFlags are what a scraper is made of.
type scraperFlags struct {
	workspace, file, name, credentials, profile string
	cap                                         float64
}

func (f *scraperFlags) bind(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.file, "file", "f", "config.yml", "configuration file of YACE's")
	cmd.Flags().Float64Var(&f.cap, "daily-cap", 0, "what CloudWatch may bill for a day (UTC) of asking, by the price table; 0: no cap")
	cmd.Flags().StringVar(&f.credentials, "credentials-file", "", "shared credentials file whose keys the scraper is given; default: it asks as Hearth itself, if the operator allows that")
	cmd.Flags().StringVar(&f.profile, "credentials-profile", "default", "profile in that file")
}

func (f *scraperFlags) body() (map[string]any, error) {
	if _, err := readCloudWatch(f.file); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(f.file)
	if err != nil {
		return nil, misuse{err}
	}
	in := map[string]any{"configuration": string(text), "dailyCap": f.cap}
	c, err := readCredentials(f.credentials, f.profile)
	if c == nil {
		return in, err
	}
	in["credentials"] = map[string]string{"accessKeyId": c.AccessKeyID, "secretAccessKey": c.Secret, "sessionToken": c.Token, "region": c.Region}
	return in, nil
}

// readCredentials reads a profile of a shared credentials file; nil without a path.
func readCredentials(path, profile string) (*cloudwatch.Credentials, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, misuse{fmt.Errorf("--credentials-file: %w", err)}
	}
	c, err := cloudwatch.ParseCredentials(string(text), profile)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

func newCloudWatchAdd() *cobra.Command {
	f := &scraperFlags{}
	cmd := &cobra.Command{
		Use:   "add -f FILE",
		Short: "Make a scraper that writes CloudWatch's datapoints into a workspace, and print its id",
		Args:  exactly(0, "no arguments"),
		RunE: withTarget(func(cmd *cobra.Command, _ []string, t target) error {
			in, err := f.body()
			if err != nil {
				return err
			}
			id, err := t.findWorkspace(cmd.Context(), f.workspace)
			if err != nil {
				return err
			}
			in["name"] = cmp.Or(f.name, strings.TrimSuffix(filepath.Base(f.file), filepath.Ext(f.file)))
			var made cloudwatchScraper
			if err := ask(cmd.Context(), t, http.MethodPost, "/hearth/v1/workspaces/"+string(id)+"/cloudwatch-scrapers", in, &made); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), made.ID)
			return err
		}),
	}
	cmd.Flags().StringVar(&f.workspace, "workspace", "", "id or alias of the workspace; default: the only one you have")
	cmd.Flags().StringVar(&f.name, "name", "", "name among the workspace's scrapers; default: that of the file")
	f.bind(cmd)
	addFlags(cmd, defaultConfig())
	return cmd
}

func newCloudWatchUpdate() *cobra.Command {
	f := &scraperFlags{}
	cmd := &cobra.Command{
		Use:   "update SCRAPER_ID -f FILE",
		Short: "Give a scraper another configuration and cap; it keeps its keys unless it is given new ones",
		Args:  exactly(1, "one SCRAPER_ID"),
		RunE: withTarget(func(cmd *cobra.Command, args []string, t target) error {
			in, err := f.body()
			if err != nil {
				return err
			}
			return ask(cmd.Context(), t, http.MethodPut, "/hearth/v1/cloudwatch-scrapers/"+args[0], in, nil)
		}),
	}
	f.bind(cmd)
	addFlags(cmd, defaultConfig())
	return cmd
}

func newCloudWatchList() *cobra.Command {
	var workspace string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the CloudWatch scrapers of a workspace",
		Args:  exactly(0, "no arguments"),
		RunE: withTarget(func(cmd *cobra.Command, _ []string, t target) error {
			id, err := t.findWorkspace(cmd.Context(), workspace)
			if err != nil {
				return err
			}
			var all struct{ Scrapers []cloudwatchScraper }
			if err := ask(cmd.Context(), t, http.MethodGet, "/hearth/v1/workspaces/"+string(id)+"/cloudwatch-scrapers", nil, &all); err != nil {
				return err
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
			fmt.Fprintln(w, "ID\tNAME\tDAILY CAP\tKEYS\tCREATED")
			for _, s := range all.Scrapers {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", s.ID, s.Name, capText(s.DailyCap), keysText(s), createdText(s))
			}
			return w.Flush()
		}),
	}
	cmd.Flags().StringVar(&workspace, "workspace", "", "id or alias of the workspace; default: the only one you have")
	addFlags(cmd, defaultConfig())
	return cmd
}

func capText(c float64) string {
	if c == 0 {
		return "none"
	}
	return fmt.Sprintf("%.2f", c)
}

func keysText(s cloudwatchScraper) string {
	if s.Own {
		return "its own"
	}
	return "Hearth's"
}

func createdText(s cloudwatchScraper) string {
	if s.Fixed {
		return "in the configuration file"
	}
	return s.Created.Format(time.RFC3339)
}

// aboutScraper is a command about one scraper.
func aboutScraper(use, short, method string, then func(io.Writer, *cloudwatchScraper) error) *cobra.Command {
	cmd := &cobra.Command{
		Use:   use + " SCRAPER_ID",
		Short: short,
		Args:  exactly(1, "one SCRAPER_ID"),
		RunE: withTarget(func(cmd *cobra.Command, args []string, t target) error {
			var s cloudwatchScraper
			if err := ask(cmd.Context(), t, method, "/hearth/v1/cloudwatch-scrapers/"+args[0], nil, &s); err != nil || then == nil {
				return err
			}
			return then(cmd.OutOrStdout(), &s)
		}),
	}
	addFlags(cmd, defaultConfig())
	return cmd
}

func newCloudWatchShow() *cobra.Command {
	return aboutScraper("show", "Print a scraper's configuration as it was given", http.MethodGet, func(out io.Writer, s *cloudwatchScraper) error {
		_, err := io.WriteString(out, s.Configuration)
		return err
	})
}

func newCloudWatchRemove() *cobra.Command {
	return aboutScraper("remove", "End a scraper; what it wrote stays", http.MethodDelete, nil)
}

func newCloudWatchDoctor() *cobra.Command {
	return aboutScraper("doctor", "Tell what a scraper finds, asks, writes and spends, and what is wrong", http.MethodGet, printDoctor)
}

// printDoctor ends with an error if something is wrong, so that scripts can ask.
func printDoctor(out io.Writer, s *cloudwatchScraper) error {
	st := &s.Status
	fmt.Fprintf(out, "%s (%s) writes into %s\n", s.ID, s.Name, s.Workspace)
	if !st.Running {
		return errors.New(st.Problem)
	}
	within := "without a cap"
	if st.DailyCap > 0 {
		within = "of " + capText(st.DailyCap)
	}
	fmt.Fprintf(out, "spent today   %.4f %s %s, about %.2f in 30 days\n\n", st.Spent.Cost, st.Currency, within, st.Month)
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "JOB\tREGION\tRESOURCES\tFOUND\tREQUESTED\tANSWERED\tABSENT\tUNFINISHED\tWRITTEN\tLATE\tREFUSED\tERRORS\tLAST POLL\tNEXT")
	for _, p := range st.Places {
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\n", p.Job, p.Region, p.Resources, p.Found, p.Requested, p.Answered, p.Absent, p.Unfinished,
			p.WrittenTotal, p.Late, p.Refused, p.Errors, clockText(p.LastPoll), clockText(p.NextPoll))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	wrong := 0
	for i := range st.Places {
		if p := &st.Places[i]; p.Found > 0 {
			for _, line := range notes(p.Unlisted, p.Unwanted) {
				fmt.Fprintf(out, "\n%s in %s: note: %s\n", p.Job, p.Region, line)
			}
		}
		for _, line := range findings(&st.Places[i]) {
			fmt.Fprintf(out, "\n%s in %s: %s\n", st.Places[i].Job, st.Places[i].Region, line)
			wrong++
		}
	}
	if wrong > 0 {
		return fmt.Errorf("the scraper has %d findings: see above", wrong)
	}
	return nil
}

// clockText is a time of day, or a dash.
func clockText(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("15:04:05")
}

// findings are what a user should know or change.
func findings(p *cloudwatch.PlaceStatus) (all []string) {
	doing := make([]string, 0, len(p.Problems))
	for what := range p.Problems {
		doing = append(doing, what)
	}
	slices.Sort(doing)
	for _, what := range doing {
		all = append(all, what+": "+p.Problems[what])
	}
	if p.Found == 0 {
		all = append(all, notes(p.Unlisted, p.Unwanted)...)
	}
	if p.Skipped > 0 {
		all = append(all, fmt.Sprintf("%d metrics belong to no resource that was found: tag their resources, or use a customNamespace job", p.Skipped))
	}
	if p.Duplicates > 0 {
		all = append(all, fmt.Sprintf("%d metrics have the same labels as another and are left out", p.Duplicates))
	}
	if p.LastRefusal != "" {
		all = append(all, "the workspace refused datapoints; the last: "+p.LastRefusal)
	}
	if by := p.ClockSkew.Abs().Round(time.Second); by > time.Minute {
		way := "ahead of"
		if p.ClockSkew < 0 {
			way = "behind"
		}
		all = append(all, fmt.Sprintf("CloudWatch's clock is %s %s this machine's: its own is followed", by, way))
	}
	return all
}

// notes are about names of the configuration that give no series: what does not
// happen, errors for instance, has no metric yet.
func notes(unlisted, unwanted []string) (all []string) {
	if len(unlisted) > 0 {
		all = append(all, "CloudWatch has no metrics called "+few(unlisted)+" there: a name may be wrong, Container Insights may be off, or nothing has been reported for two weeks")
	}
	if len(unwanted) > 0 {
		all = append(all, "CloudWatch has "+few(unwanted)+" with other dimensions only than the job's awsDimensions or dimensionNameRequirements")
	}
	return all
}

// few are the first names, and how many there are more.
func few(names []string) string {
	const most = 8
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
