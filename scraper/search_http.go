package scraper

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"

	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	sdhttp "github.com/prometheus/prometheus/discovery/http"
	"github.com/prometheus/prometheus/discovery/targetgroup"
)

// maxTargetsBody bounds the answer of a search by HTTP, in bytes.
const maxTargetsBody = 32 << 20

// An httpSearch asks a server for targets.
// https://prometheus.io/docs/prometheus/latest/http_sd/
type httpSearch struct {
	conf   *sdhttp.SDConfig
	client *http.Client
	had    int // groups of the last answer
}

func (c *collector) newHTTPSearch(conf *sdhttp.SDConfig) (*httpSearch, error) {
	client, err := promconfig.NewClientFromConfig(conf.HTTPClientConfig, "http_sd", c.httpOptions()...)
	if err != nil {
		return nil, fmt.Errorf("HTTP client: %w", err)
	}
	return &httpSearch{conf: conf, client: client}, nil
}

// look asks once. Groups that the answer before had and this one has not come
// empty.
func (s *httpSearch) look(ctx context.Context) ([]*targetgroup.Group, error) {
	text, err := s.ask(ctx)
	if err != nil {
		return nil, err
	}
	groups, err := readTargets(text)
	if err != nil {
		return nil, err
	}
	for i, g := range groups {
		g.Source = s.source(i)
		g.Labels[model.MetaLabelPrefix+"url"] = model.LabelValue(s.conf.URL)
	}
	now := len(groups)
	for i := now; i < s.had; i++ {
		groups = append(groups, &targetgroup.Group{Source: s.source(i)})
	}
	s.had = now
	return groups, nil
}

func (s *httpSearch) source(i int) string { return s.conf.URL + ":" + strconv.Itoa(i) }

func (s *httpSearch) ask(ctx context.Context) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.conf.URL, http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "hearth")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("X-Prometheus-Refresh-Interval-Seconds", strconv.FormatFloat(time.Duration(s.conf.RefreshInterval).Seconds(), 'f', -1, 64))
	res, err := s.client.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // the URL, which may hold a password, is told apart
		}
		return nil, err
	}
	defer res.Body.Close()
	kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	switch {
	case res.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the server answers %s", res.Status)
	case err != nil || kind != "application/json":
		return nil, fmt.Errorf("the answer's Content-Type is %q, not application/json", res.Header.Get("Content-Type"))
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxTargetsBody+1))
	if err == nil && len(text) > maxTargetsBody {
		err = fmt.Errorf("the answer is longer than %d bytes", maxTargetsBody)
	}
	return text, err
}

// readTargets decodes a list of groups, with as many targets as a scraper may have.
func readTargets(text []byte) ([]*targetgroup.Group, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return nil, errors.New(`the answer is no list of groups such as [{"targets": ["10.0.0.1:80"], "labels": {}}]`)
	}
	var out []*targetgroup.Group
	total := 0
	for d.More() {
		var g *struct {
			Targets []string       `json:"targets"`
			Labels  model.LabelSet `json:"labels"`
		}
		if err := d.Decode(&g); err != nil {
			return nil, fmt.Errorf("group %d: %w", len(out)+1, err)
		}
		if g == nil {
			return nil, fmt.Errorf("group %d is null", len(out)+1)
		}
		if total += max(1, len(g.Targets)); total > maxTargets {
			return nil, fmt.Errorf("the answer has more than %d targets", maxTargets)
		}
		one := &targetgroup.Group{Labels: g.Labels}
		if one.Labels == nil {
			one.Labels = model.LabelSet{}
		}
		for _, t := range g.Targets {
			one.Targets = append(one.Targets, model.LabelSet{model.AddressLabel: model.LabelValue(t)})
		}
		out = append(out, one)
	}
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("the end of the answer is missing: %w", err)
	}
	return out, nil
}

// redacted is a URL without its password.
func redacted(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Redacted()
}
