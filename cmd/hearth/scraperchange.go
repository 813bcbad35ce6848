package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/scraper"
)

// A scraperChange is what a scraper is made or changed with.
type scraperChange struct {
	workspace, file, alias, cluster, sourceRole, targetRole string
	tags                                                    map[string]string
	wait                                                    time.Duration
}

func (f *scraperChange) flags(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().StringVar(&f.workspace, "workspace", "", "id of the workspace that samples go to")
	cmd.Flags().StringVar(&f.file, "config", "", "the scrape configuration: global and scrape_configs of a Prometheus configuration")
	cmd.Flags().StringVar(&f.alias, "alias", "", "a name for people")
	cmd.Flags().StringVar(&f.sourceRole, "source-role-arn", "", "role of the cluster's account that the scraper reads as")
	cmd.Flags().StringVar(&f.targetRole, "target-role-arn", "", "role of the workspace's account that the scraper writes as")
	cmd.Flags().DurationVar(&f.wait, "wait", 0, "how long to wait until the scraper is ACTIVE; 0 does not wait")
	return clusterFlags(cmd)
}

// A scraperAsk is the body of CreateScraper and UpdateScraper. What is nil is not
// said.
type scraperAsk struct {
	Alias         string              `json:"alias,omitempty"`
	Configuration *askedConfiguration `json:"scrapeConfiguration,omitempty"`
	Source        *scraper.Source     `json:"source,omitempty"`
	Destination   *askedDestination   `json:"destination,omitempty"`
	Roles         *scraper.Roles      `json:"roleConfiguration,omitempty"`
	Tags          map[string]string   `json:"tags,omitempty"`
	Token         string              `json:"clientToken"` // so that a repeated request makes no second scraper
}

type askedConfiguration struct {
	Blob []byte `json:"configurationBlob"`
}

type askedDestination struct {
	AMP struct {
		Workspace string `json:"workspaceArn"`
	} `json:"ampConfiguration"`
}

// ask is what the flags say. The ARN of a workspace in another account may stand
// for its id.
func (f *scraperChange) ask(cmd *cobra.Command, t target) (out scraperAsk, err error) {
	out = scraperAsk{Alias: f.alias, Tags: f.tags, Token: rand.Text()}
	if f.file != "" {
		text, err := os.ReadFile(f.file)
		if err != nil {
			return out, misuse{err}
		}
		out.Configuration = &askedConfiguration{text}
	}
	if f.sourceRole != "" || f.targetRole != "" {
		out.Roles = &scraper.Roles{Source: f.sourceRole, Target: f.targetRole}
	}
	if f.workspace != "" {
		out.Destination = &askedDestination{}
		out.Destination.AMP.Workspace, err = workspaceARN(cmd.Context(), t, f.workspace)
	}
	if f.cluster != "" && err == nil {
		var c struct {
			ARN string `json:"arn"`
		}
		err = ask(cmd.Context(), t, http.MethodGet, clustersPath+"/"+url.PathEscape(f.cluster), nil, &c)
		out.Source = &scraper.Source{EKS: &scraper.EKSSource{Cluster: c.ARN, Subnets: []string{}}}
	}
	return out, err
}

// workspaceARN is that of a workspace of the account, or what is an ARN already.
func workspaceARN(ctx context.Context, t target, id string) (string, error) {
	if _, err := hearth.ParseARN(id); err == nil {
		return id, nil
	}
	var d struct {
		Workspace struct{ ARN string }
	}
	err := askService(ctx, t, "aps", http.MethodGet, "/workspaces/"+url.PathEscape(id), nil, &d)
	return d.Workspace.ARN, err
}

func newScraperCreate() *cobra.Command {
	var f scraperChange
	cmd := &cobra.Command{
		Use:   "create --workspace ID --config FILE",
		Short: "Make a scraper, with or without a cluster, and print its id",
		Long: `Make a scraper. Without --cluster it has no source, which aws amp create-scraper
cannot say: its configuration names its targets by static_configs, dns_sd_configs
and http_sd_configs. hearth check scrape FILE shows beforehand what it would scrape.`,
		Args: exactly(0, "no arguments"),
		RunE: withRegion(func(cmd *cobra.Command, _ []string, t target) error {
			if f.workspace == "" || f.file == "" {
				return misuse{fmt.Errorf("creating a scraper needs --workspace and --config")}
			}
			in, err := f.ask(cmd, t)
			if err != nil {
				return err
			}
			var made listedScraper
			if err := askService(cmd.Context(), t, "aps", http.MethodPost, "/scrapers", in, &made); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), made.ScraperID)
			return f.until(cmd, t, made.ScraperID)
		}),
	}
	cmd.Flags().StringVar(&f.cluster, "cluster", "", "name of the registered cluster to collect from; none if empty")
	cmd.Flags().StringToStringVar(&f.tags, "tags", nil, "tags, as KEY=VALUE,…")
	return f.flags(cmd)
}

func newScraperUpdate() *cobra.Command {
	var f scraperChange
	cmd := &cobra.Command{
		Use:   "update SCRAPER_ID",
		Short: "Change what a scraper collects, or where it goes",
		Long: `Change a scraper. What no flag says stays as it is, and targets that the new
configuration has as the old one had them go on being scraped.`,
		Args: exactly(1, "one SCRAPER_ID"),
		RunE: withRegion(func(cmd *cobra.Command, args []string, t target) error {
			in, err := f.ask(cmd, t)
			if err != nil {
				return err
			}
			if err := askService(cmd.Context(), t, "aps", http.MethodPut, scraperURL(args[0]), in, nil); err != nil {
				return err
			}
			return f.until(cmd, t, args[0])
		}),
	}
	return f.flags(cmd)
}

func newScraperDelete() *cobra.Command {
	return clusterFlags(&cobra.Command{
		Use:   "delete SCRAPER_ID",
		Short: "End a scraper; its series are marked stale",
		Args:  exactly(1, "one SCRAPER_ID"),
		RunE: withRegion(func(cmd *cobra.Command, args []string, t target) error {
			return askService(cmd.Context(), t, "aps", http.MethodDelete, scraperURL(args[0]), nil, nil)
		}),
	})
}

func scraperURL(id string) string { return "/scrapers/" + url.PathEscape(id) }

// until waits for a scraper to be ACTIVE, if that is wanted. What it waits for is
// the error when time is up.
func (f *scraperChange) until(cmd *cobra.Command, t target, id string) error {
	if f.wait <= 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), f.wait)
	defer cancel()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		var d struct{ Scraper listedScraper }
		if err := askService(cmd.Context(), t, "aps", http.MethodGet, scraperURL(id), nil, &d); err != nil {
			return err
		}
		if d.Scraper.Status.StatusCode == string(hearth.Active) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("scraper %s is %s: %s", id, d.Scraper.Status.StatusCode, orElse(d.Scraper.StatusReason, "no reason is known"))
		}
	}
}
