package main

import (
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Feeds are texts of series as exporters of the world name them, a series a line:
//
//	# a comment
//	@ job="node", instance="a"      labels of all that follow
//	node_load1 1.5                  a constant
//	node_forks_total +10            a counter that grows by 10 a second
//	node_temp{sensor="1"} ~40..60   a wave between the two, two hours long
//	node_time_seconds t-60          the time of the sample, a minute earlier
//
//go:embed testdata/feeds
var feeds embed.FS

var (
	feedLine  = regexp.MustCompile(`^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$`)
	feedLabel = regexp.MustCompile(`(\w+)="([^"]*)"`)
)

// fed are the series of all feeds.
func fed() ([]known, error) {
	var all []known
	err := fs.WalkDir(feeds, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := feeds.ReadFile(path)
		if err != nil {
			return err
		}
		found, err := parseFeed(string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, found...)
		return nil
	})
	return all, err
}

func parseFeed(text string) ([]known, error) {
	var all []known
	var common string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if labels, ok := strings.CutPrefix(line, "@"); ok {
			common = labels
			continue
		}
		parts := feedLine.FindStringSubmatch(line)
		if parts == nil {
			return nil, fmt.Errorf("no series: %s", line)
		}
		value, err := fedValue(parts[3])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", line, err)
		}
		var pairs []string
		for _, l := range append(feedLabel.FindAllStringSubmatch(common, -1), feedLabel.FindAllStringSubmatch(parts[2], -1)...) {
			pairs = append(pairs, l[1], l[2])
		}
		all = append(all, metric(parts[1], value, pairs...))
	}
	return all, nil
}

func fedValue(text string) (func(time.Time) float64, error) {
	if text[0] == 't' {
		earlier, err := strconv.ParseFloat("0"+text[1:], 64)
		if text != "t" {
			earlier, err = strconv.ParseFloat(text[1:], 64)
		}
		return func(t time.Time) float64 { return float64(t.Unix()) + earlier }, err
	}
	if low, high, ok := strings.Cut(strings.TrimPrefix(text, "~"), ".."); ok {
		l, err := strconv.ParseFloat(low, 64)
		if err != nil {
			return nil, err
		}
		h, err := strconv.ParseFloat(high, 64)
		return wave(l, h, 2*time.Hour, 0), err
	}
	n, err := strconv.ParseFloat(text, 64)
	if text[0] == '+' {
		return climbing(n), err
	}
	return constant(n), err
}
