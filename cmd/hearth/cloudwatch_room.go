package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"syscall"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/cloudwatch"
)

// cloudwatchConfig is what the operator says about scrapers of CloudWatch.
type cloudwatchConfig struct {
	Own      bool                      `yaml:"own-credentials"`
	Metadata bool                      `yaml:"allow-metadata"`
	Prices   string                    `yaml:"prices"`
	Scrapers []cloudwatchScraperConfig `yaml:"scrapers"`
}

// A cloudwatchScraperConfig is a scraper that only the operator can change. It
// asks as this process.
type cloudwatchScraperConfig struct {
	Name      string  `yaml:"name"`
	Workspace string  `yaml:"workspace"` // an id, or an alias of the root's account: made if there is none
	File      string  `yaml:"file"`
	DailyCap  float64 `yaml:"daily-cap"`
}

func (c *Config) checkCloudWatch() error {
	names := map[string]bool{}
	for i, s := range c.CloudWatch.Scrapers {
		at := fmt.Sprintf("cloudwatch.scrapers[%d]", i)
		switch {
		case s.Name == "" || names[s.Name]:
			return fmt.Errorf("%s.name: want a name of its own", at)
		case s.Workspace == "":
			return fmt.Errorf("%s.workspace: want the id or alias of a workspace", at)
		case s.File == "":
			return fmt.Errorf("%s.file: want a CloudWatch configuration", at)
		case s.DailyCap < 0:
			return fmt.Errorf("%s.daily-cap: must not be negative", at)
		}
		names[s.Name] = true
	}
	return nil
}

func (p *program) openCloudWatch(ctx context.Context) (*cloudwatch.Room, error) {
	keys, err := p.config.keyring()
	if err != nil {
		return nil, err
	}
	sealer, err := keys.Sealer("cloudwatch credentials")
	if err != nil {
		return nil, err
	}
	prices, err := readPrices(p.config.CloudWatch.Prices)
	if err != nil {
		return nil, fmt.Errorf("cloudwatch.prices: %w", err)
	}
	fixed, err := p.fixedScrapers(ctx)
	if err != nil {
		return nil, err
	}
	r := &p.rooms
	return cloudwatch.New(cloudwatch.Options{
		Store: r.store, Workspaces: r.workspace, Append: r.ingest, Samples: r.engine, Sealer: sealer, Prices: prices,
		Own: p.config.CloudWatch.Own || p.mode == "dev", Fixed: fixed, Dial: p.config.cloudwatchDialer().DialContext, Itself: []string{p.url, p.ownURL},
		Recorder: r.ledger, Usage: &usage{program: p}, Tally: r.tally, Log: p.log, Metrics: p.registry,
	}), nil
}

// fixedScrapers are those of the configuration file.
func (p *program) fixedScrapers(ctx context.Context) ([]cloudwatch.Input, error) {
	var all []cloudwatch.Input
	for _, s := range p.config.CloudWatch.Scrapers {
		text, err := os.ReadFile(s.File)
		if err != nil {
			return nil, fmt.Errorf("cloudwatch.scrapers: %s: %w", s.Name, err)
		}
		if _, err := readCloudWatch(s.File); err != nil {
			return nil, err
		}
		id, ok := hearth.ParseWorkspaceID(s.Workspace)
		if !ok {
			caller := hearth.Caller{Account: hearth.AccountID(p.config.AWS.AccountID), Region: hearth.Region(p.config.AWS.Region)}
			made, err := p.rooms.workspace.Ensure(ctx, caller, s.Workspace)
			if err != nil {
				return nil, fmt.Errorf("cloudwatch.scrapers: %s: workspace %s: %w", s.Name, s.Workspace, err)
			}
			id = made.Workspace.ID
		}
		all = append(all, cloudwatch.Input{Workspace: id, Name: s.Name, Configuration: string(text), DailyCap: s.DailyCap})
	}
	return all, nil
}

// metadata are where EC2, ECS and EKS hand out credentials.
var metadata = []netip.Addr{
	netip.MustParseAddr("169.254.169.254"), netip.MustParseAddr("fd00:ec2::254"),
	netip.MustParseAddr("169.254.170.2"), netip.MustParseAddr("169.254.170.23"), netip.MustParseAddr("fd00:ec2::23"),
}

// cloudwatchDialer is the guarded dialer, with the metadata addresses open if the
// operator says so.
func (c *Config) cloudwatchDialer() *net.Dialer {
	d := c.dialer()
	guard := d.Control
	d.Control = func(network, address string, raw syscall.RawConn) error {
		if to, err := netip.ParseAddrPort(address); err == nil && c.CloudWatch.Metadata && slices.Contains(metadata, to.Addr().Unmap()) {
			return nil
		}
		return guard(network, address, raw)
	}
	return d
}
