package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hearth-metrics/hearth/cloudwatch"
)

// exporterFlags are those of YACE, by its names and with its defaults, and two of
// our own.
type exporterFlags struct {
	listen, config, format   string
	level                    string
	debug, fips              bool
	concurrency              cloudwatch.Concurrency
	interval                 int // seconds
	size                     int
	snake, profiling         bool
	features                 []string
	cap                      float64
	prices                   string
	perAPI                   bool
	list, data, statistics   int
	cloudwatchLimit, tagging int
}

// newCloudWatch is the exporter, and what is done about scrapers of CloudWatch.
func newCloudWatch() *cobra.Command {
	f := &exporterFlags{}
	cmd := &cobra.Command{
		Use:   "cloudwatch",
		Short: "CloudWatch metrics for Prometheus: an exporter with YACE's configuration, and scrapers that write into a workspace",
		Long: `Without a subcommand: an exporter that takes the place of YACE (yet another
CloudWatch exporter). It reads the same files, has the same flags, paths, series
and labels, and listens on :5000. AWS is asked as the SDKs do: by environment,
profile, web identity, container or instance.`,
		Args: exactly(0, "no arguments; or one of the subcommands"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.environment(cmd); err != nil {
				return misuse{err}
			}
			return f.run(cmd)
		},
	}
	f.bind(cmd)
	cmd.AddCommand(newCloudWatchPlan(), newCloudWatchAdd(), newCloudWatchUpdate(), newCloudWatchList(), newCloudWatchShow(), newCloudWatchRemove(), newCloudWatchDoctor(), newVerifyConfig())
	return cmd
}

func (f *exporterFlags) bind(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringVar(&f.listen, "listen-address", ":5000", "address of the page")
	fs.StringVar(&f.config, "config.file", "config.yml", "configuration file of YACE's")
	fs.BoolVar(&f.debug, "debug", false, "log everything: --log.level=debug")
	fs.StringVar(&f.level, "log.level", "info", "debug, info, warn or error")
	fs.StringVar(&f.format, "log.format", "json", "logfmt or json")
	fs.BoolVar(&f.fips, "fips", false, "ask AWS's FIPS endpoints")
	fs.IntVar(&f.cloudwatchLimit, "cloudwatch-concurrency", 5, "calls of CloudWatch at once, for each role in each region")
	fs.BoolVar(&f.perAPI, "cloudwatch-concurrency.per-api-limit-enabled", false, "bound each operation by itself instead, as the next three say")
	fs.IntVar(&f.list, "cloudwatch-concurrency.list-metrics-limit", 5, "calls of ListMetrics at once")
	fs.IntVar(&f.data, "cloudwatch-concurrency.get-metric-data-limit", 5, "calls of GetMetricData at once")
	fs.IntVar(&f.statistics, "cloudwatch-concurrency.get-metric-statistics-limit", 5, "calls of GetMetricStatistics at once")
	fs.IntVar(&f.tagging, "tag-concurrency", 5, "calls of the tagging API at once")
	fs.IntVar(&f.interval, "scraping-interval", 300, "seconds between two polls")
	fs.IntVar(&f.size, "metrics-per-query", cloudwatch.MetricsPerQuery, "metrics in one call of GetMetricData, at most 500")
	fs.BoolVar(&f.snake, "labels-snake-case", false, "labels in snake case instead of camel case")
	fs.BoolVar(&f.profiling, "profiling.enabled", false, "serve /debug/pprof")
	fs.StringSliceVar(&f.features, "enable-feature", nil, "always-return-info-metrics; aws-sdk-v2 is always on, and aws-sdk-v1 does nothing")
	fs.Float64Var(&f.cap, "cost.daily-cap", 0, "what CloudWatch may bill for a day (UTC) of asking, by the price table; 0: no cap")
	fs.StringVar(&f.prices, "cost.prices", "", "YAML file of prices that replace the shipped ones")
}

// environment reads what YACE takes from variables called like its flags.
func (f *exporterFlags) environment(cmd *cobra.Command) error {
	for _, name := range []string{"listen-address", "config.file", "debug", "scraping-interval", "metrics-per-query"} {
		value, ok := os.LookupEnv(name)
		if !ok || value == "" || cmd.Flags().Changed(name) {
			continue
		}
		if err := cmd.Flags().Set(name, value); err != nil {
			return fmt.Errorf("variable %s: %w", name, err)
		}
	}
	return f.check()
}

var logLevels = []string{"debug", "info", "warn", "error"}

func (f *exporterFlags) check() error {
	f.concurrency = cloudwatch.Concurrency{
		CloudWatch: f.cloudwatchLimit, Tagging: f.tagging, PerAPI: f.perAPI,
		ListMetrics: f.list, GetMetricData: f.data, GetMetricStatistics: f.statistics,
	}
	switch {
	case f.format != "json" && f.format != "logfmt":
		return fmt.Errorf("--log.format: %q is none of logfmt, json", f.format)
	case !slices.Contains(logLevels, f.level):
		return fmt.Errorf("--log.level: %q is none of %s", f.level, strings.Join(logLevels, ", "))
	case f.interval < 1:
		return fmt.Errorf("--scraping-interval: %d is less than a second", f.interval)
	case f.size < 1 || f.size > cloudwatch.MetricsPerQuery:
		return fmt.Errorf("--metrics-per-query: %d is not between 1 and %d", f.size, cloudwatch.MetricsPerQuery)
	case min(f.cloudwatchLimit, f.list, f.data, f.statistics, f.tagging) < 1:
		return errors.New("--cloudwatch-concurrency and --tag-concurrency: at least one call at once is needed")
	case f.cap < 0:
		return errors.New("--cost.daily-cap: must not be negative")
	}
	for _, name := range f.features {
		if name != "aws-sdk-v2" && name != "aws-sdk-v1" && name != "always-return-info-metrics" {
			return fmt.Errorf("--enable-feature: %q is none of always-return-info-metrics, aws-sdk-v2, aws-sdk-v1", name)
		}
	}
	return nil
}

func (f *exporterFlags) infos() bool {
	for _, name := range f.features {
		if name == "always-return-info-metrics" {
			return true
		}
	}
	return false
}

func (f *exporterFlags) options(c *cloudwatch.Config, log *slog.Logger) (cloudwatch.ExporterOptions, error) {
	prices, err := readPrices(f.prices)
	return cloudwatch.ExporterOptions{
		Config: c, Access: cloudwatch.Access{FIPS: f.fips}, Concurrency: f.concurrency, Interval: time.Duration(f.interval) * time.Second,
		MetricsPerQuery: f.size, SnakeCase: f.snake, AllInfos: f.infos(), Prices: prices, DailyCap: f.cap, Log: log,
	}, err
}

func readPrices(path string) (*cloudwatch.Prices, error) {
	if path == "" {
		return cloudwatch.ParsePrices(nil)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, misuse{fmt.Errorf("--cost.prices: %w", err)}
	}
	p, err := cloudwatch.ParsePrices(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// readCloudWatch reads a configuration file, telling every fault with its line.
func readCloudWatch(path string) (*cloudwatch.Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, misuse{fmt.Errorf("configuration file: %w", err)}
	}
	c, faults := cloudwatch.Parse(text)
	if len(faults) == 0 {
		return c, nil
	}
	var b strings.Builder
	for _, f := range faults {
		fmt.Fprintf(&b, "\n  %s", f)
	}
	return nil, fmt.Errorf("%s is not a valid CloudWatch configuration:%s", path, b.String())
}

func newCheckCloudWatch() *cobra.Command {
	return &cobra.Command{
		Use:   "cloudwatch FILE",
		Short: "Check a CloudWatch configuration, of YACE's form",
		Args:  exactly(1, "one FILE"),
		RunE:  func(cmd *cobra.Command, args []string) error { return checkCloudWatch(cmd, args[0]) },
	}
}

// newVerifyConfig is YACE's word for check.
func newVerifyConfig() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:     "verify-config",
		Aliases: []string{"vc"},
		Short:   "Check a configuration file, as YACE does: hearth check cloudwatch",
		Args:    exactly(0, "no arguments"),
		RunE:    func(cmd *cobra.Command, _ []string) error { return checkCloudWatch(cmd, path) },
	}
	cmd.Flags().StringVar(&path, "config.file", "config.yml", "configuration file")
	return cmd
}

func checkCloudWatch(cmd *cobra.Command, path string) error {
	c, err := readCloudWatch(path)
	if err != nil {
		return err
	}
	for _, n := range c.Notes {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s: note: %s\n", path, n)
	}
	names := 0
	for _, j := range c.Jobs {
		names += len(j.Metrics)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s: fine: %s, %s by name\n", path, count(len(c.Jobs), "job"), count(names, "metric"))
	return nil
}

// yaceArgs gives flags with one dash their second, as YACE takes both.
func yaceArgs(args []string) []string {
	if len(args) == 0 || args[0] != "cloudwatch" {
		return args
	}
	out := make([]string, 0, len(args))
	for _, a := range args {
		if len(a) > 2 && a[0] == '-' && a[1] != '-' {
			a = "-" + a
		}
		out = append(out, a)
	}
	return out
}
