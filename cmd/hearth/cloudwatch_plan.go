package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/hearth-metrics/hearth/cloudwatch"
)

// newCloudWatchPlan tells what polling would cost, before it does.
func newCloudWatchPlan() *cobra.Command {
	var path, prices, credentials, profile string
	var every time.Duration
	cmd := &cobra.Command{
		Use:   "plan -f FILE",
		Short: "Find the metrics of a configuration and tell what asking for them costs a month",
		Long: `Asks AWS once for resources and lists of metrics, as a poll does, but for no
datapoint. By default the cost is that of a scraper, which asks for each metric
once a period; --every is for an exporter, which asks for all at each interval.

AWS is asked as the SDKs do, or with the keys of --credentials-file.`,
		Args: exactly(0, "no arguments but -f FILE"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readCloudWatch(path)
			if err != nil {
				return err
			}
			table, err := readPrices(prices)
			if err != nil {
				return err
			}
			if every < 0 {
				return misuse{errors.New("--every: must not be negative")}
			}
			access := cloudwatch.Access{}
			if access.Credentials, err = readCredentials(credentials, profile); err != nil {
				return err
			}
			if err := refuseItself(cmd.Context(), c); err != nil {
				return err
			}
			log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn}))
			plan := cloudwatch.MakePlan(cmd.Context(), cloudwatch.PlanOptions{Config: c, Access: access, Prices: table, Every: every, Log: log})
			return printPlan(cmd.OutOrStdout(), plan)
		},
	}
	cmd.Flags().StringVarP(&path, "file", "f", "config.yml", "configuration file")
	cmd.Flags().DurationVar(&every, "every", 0, "an exporter's --scraping-interval, such as 5m; 0: a scraper's cost")
	cmd.Flags().StringVar(&credentials, "credentials-file", "", "shared credentials file whose keys AWS is asked with; default: as the SDKs do")
	cmd.Flags().StringVar(&profile, "credentials-profile", "default", "profile in that file")
	cmd.Flags().StringVar(&prices, "cost.prices", "", "YAML file of prices that replace the shipped ones")
	return cmd
}

// refuseItself refuses to ask a Hearth for what only AWS has: in a shell that hearth
// env has set up, AWS_ENDPOINT_URL or AWS_PROFILE leads there.
func refuseItself(ctx context.Context, c *cloudwatch.Config) error {
	of, _, err := targetOfProfile()
	if err != nil {
		return err
	}
	at := orElse(endpointOfEnvironment(), of.URL)
	vended := !slices.ContainsFunc(c.Jobs, func(j cloudwatch.Job) bool { return j.Namespace != "AWS/Usage" && j.Namespace != "AWS/Prometheus" })
	ignored := strings.EqualFold(os.Getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), "true")
	if at == "" || ignored || vended || modeAt(ctx, at) == "" {
		return nil
	}
	return misuse{fmt.Errorf("the environment leads to Hearth (%s), which knows no metrics of AWS: AWS is asked with AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true before the command and its keys in --credentials-file, or in a shell without AWS_ENDPOINT_URL and AWS_PROFILE", at)}
}

// printPlan ends with an error if a place cannot be planned: its cost is not in
// the sum.
func printPlan(out io.Writer, p *cloudwatch.Plan) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "JOB\tREGION\tRESOURCES\tSERIES\tMETRICS/H\tREQUESTS/H\tDATAPOINTS/H\t"+p.Currency+"/MONTH")
	problems := 0
	for _, at := range p.Places {
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%.0f\t%.0f\t%.0f\t%.2f\n", at.Job, at.Region, at.Resources, at.Series, at.Metrics, at.Requests, at.Datapoints, at.Month)
		problems += len(at.Problems)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%.2f %s in 30 days, at most %.2f of it covered by the account's free requests\n", p.Month, p.Currency, p.Free)
	for _, at := range p.Places {
		if at.Skipped > 0 {
			fmt.Fprintf(out, "%s in %s: %d metrics belong to no resource that was found (is it tagged?) and are left out\n", at.Job, at.Region, at.Skipped)
		}
		for _, line := range notes(at.Unlisted, at.Unwanted) {
			fmt.Fprintf(out, "%s in %s: note: %s\n", at.Job, at.Region, line)
		}
		for _, err := range at.Problems {
			fmt.Fprintf(out, "%s in %s: %v\n", at.Job, at.Region, err)
		}
	}
	if problems > 0 {
		return fmt.Errorf("%d parts of the plan are missing: see above", problems)
	}
	return nil
}
