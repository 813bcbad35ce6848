package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	dashboardPanels = 30
	viewedRounds    = 241 // an hour
)

// gallery is a Grafana workspace with a data source, and many people before it.
type gallery struct {
	*server
	workspace string // path of the metrics workspace
	queries   string // URL of the Grafana workspace's /api/ds/query
	token     string // of a viewer
	source    string // uid
	bare      *http.Client
	end       time.Time
	refused   atomic.Int64 // panels asked again
}

// viewed measures what a dashboard of 30 panels before many people costs through
// a Grafana workspace, beside the same queries sent straight to the metrics
// workspace. Both are asked once before, as both keep results.
func (b *bench) viewed(ctx context.Context, p *peer) (figures, error) {
	s, path, err := b.begin(ctx, p)
	if err != nil {
		return nil, err
	}
	defer b.discard(s)
	if s.client, err = p.client(b.viewers); err != nil {
		return nil, err
	}
	end := time.Now().Truncate(time.Minute)
	w := &sender{server: s, path: path, load: b.encode(size{b.long.series / 4 / seriesPerPod * seriesPerPod, viewedRounds}, "v2", end, fullRequest)}
	if err := w.rounds(ctx, 0, w.load.rounds); err != nil {
		return nil, err
	}
	g := &gallery{server: s, workspace: path, end: end, bare: &http.Client{Transport: transport(b.viewers)}}
	if err := g.build(ctx); err != nil {
		return nil, fmt.Errorf("make a Grafana workspace: %w", err)
	}
	f := figures{}
	for _, way := range []struct {
		name string
		ask  func(context.Context, panel) error
	}{{"straight", g.straight}, {"through", g.through}} {
		if err := g.watch(ctx, 1, way.ask, new([]time.Duration)); err != nil {
			return nil, fmt.Errorf("%s: %w", way.name, err)
		}
		if err := s.rest(ctx, b.settle/4); err != nil {
			return nil, err
		}
		stop := b.profile(ctx, s, "viewers-"+way.name)
		if err := g.measure(ctx, b.viewers, way.name, way.ask, f); err != nil {
			return nil, fmt.Errorf("%s: %w", way.name, err)
		}
		stop()
	}
	f["ratio"] = f["through CPU"] / f["straight CPU"]
	return f, nil
}

func (g *gallery) measure(ctx context.Context, people int, name string, ask func(context.Context, panel) error, f figures) error {
	var took []time.Duration
	used, err := g.cpu()
	if err != nil {
		return err
	}
	if err := g.watch(ctx, people, ask, &took); err != nil {
		return err
	}
	now, err := g.cpu()
	f[name+" CPU"] = millis(now-used) / float64(people)
	f[name+" refused"] = float64(g.refused.Swap(0))
	f[name+" p50"], f[name+" p99"] = millis(quantile(took, 0.5)), millis(quantile(took, 0.99))
	return err
}

// watch has people look at the dashboard at the same time, each panel after panel.
func (g *gallery) watch(ctx context.Context, people int, ask func(context.Context, panel) error, took *[]time.Duration) error {
	all := g.dashboard()
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	for range people {
		group.Go(func() error {
			for _, p := range all {
				begun := time.Now()
				if err := g.patiently(ctx, p, ask); err != nil {
					return fmt.Errorf("panel %s: %w", p.name, err)
				}
				mu.Lock()
				*took = append(*took, time.Since(begun))
				mu.Unlock()
			}
			return nil
		})
	}
	return group.Wait()
}

// patiently asks again, as a browser does, where there are too many before.
func (g *gallery) patiently(ctx context.Context, p panel, ask func(context.Context, panel) error) error {
	for {
		err := ask(ctx, p)
		refused, ok := errors.AsType[*refusal](err)
		if !ok || refused.status != http.StatusTooManyRequests && !strings.Contains(refused.text, "too many queries") {
			return err
		}
		g.refused.Add(1)
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
}

// dashboard is every panel twice: as it is, and without negative values over half the time.
func (g *gallery) dashboard() []panel {
	all := make([]panel, 0, dashboardPanels)
	for _, p := range panels {
		half := p
		half.name, half.text, half.over = p.name+"½", "("+p.text+") >= 0", p.over/2
		all = append(all, p, half)
	}
	return all
}

func (g *gallery) straight(ctx context.Context, p panel) error {
	_, err := p.ask(ctx, g.server, g.workspace, g.end)
	return err
}

func (g *gallery) through(ctx context.Context, p panel) error {
	body, err := json.Marshal(map[string]any{
		"from": strconv.FormatInt(g.end.Add(-max(p.over, time.Hour)).UnixMilli(), 10), "to": strconv.FormatInt(g.end.UnixMilli(), 10),
		"queries": []any{map[string]any{
			"refId": "A", "datasource": map[string]any{"uid": g.source, "type": "prometheus"}, "expr": p.text, "legendFormat": "__auto",
			"instant": p.every == 0, "range": p.every != 0, "intervalMs": p.every.Milliseconds(), "maxDataPoints": 11_000,
		}},
	})
	if err != nil {
		return err
	}
	return g.grafana(ctx, "/ds/query", body, nil)
}

// grafana asks the Grafana workspace's own API.
func (g *gallery) grafana(ctx context.Context, path string, body []byte, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.queries+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+g.token)
	resp, err := g.bare.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return err
	case resp.StatusCode != http.StatusOK:
		return &refusal{status: resp.StatusCode, text: string(answer)}
	case into == nil:
		return nil
	}
	return json.Unmarshal(answer, into)
}

// build makes the Grafana workspace, a viewer's token and the data source.
func (g *gallery) build(ctx context.Context) error {
	var made struct{ Workspace struct{ ID string } }
	err := g.aws(ctx, "/workspaces", map[string]any{"accountAccessType": "CURRENT_ACCOUNT", "permissionType": "SERVICE_MANAGED",
		"authenticationProviders": []string{"SAML"}, "workspaceName": "bench"}, &made)
	if err != nil {
		return err
	}
	id := made.Workspace.ID
	g.queries = g.url() + "/grafana/" + id + "/api"
	if g.token, err = g.tokenOf(ctx, id, "ADMIN"); err != nil {
		return err
	}
	var source struct{ Datasource struct{ UID string } }
	body, err := json.Marshal(map[string]any{
		"name": "AMP", "type": "prometheus", "access": "proxy", "isDefault": true, "url": g.url() + g.workspace + "/",
		"jsonData": map[string]any{"httpMethod": "POST", "sigV4Auth": true, "sigV4AuthType": "default", "sigV4Region": region},
	})
	if err != nil {
		return err
	}
	if err := g.grafana(ctx, "/datasources", body, &source); err != nil {
		return err
	}
	if g.source = source.Datasource.UID; g.source == "" {
		return errors.New("the data source has no uid")
	}
	g.token, err = g.tokenOf(ctx, id, "VIEWER")
	return err
}

func (g *gallery) tokenOf(ctx context.Context, id, role string) (string, error) {
	var account struct{ ID string }
	if err := g.aws(ctx, "/workspaces/"+id+"/serviceaccounts", map[string]any{"name": role, "grafanaRole": role}, &account); err != nil {
		return "", err
	}
	var token struct{ ServiceAccountToken struct{ Key string } }
	err := g.aws(ctx, "/workspaces/"+id+"/serviceaccounts/"+url.PathEscape(account.ID)+"/tokens", map[string]any{"name": role, "secondsToLive": 3600}, &token)
	return token.ServiceAccountToken.Key, err
}

// aws asks the service of Grafana workspaces.
func (g *gallery) aws(ctx context.Context, path string, in, into any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	own := *g.server
	if own.client, err = signingFor("grafana", 1); err != nil {
		return err
	}
	return own.call(ctx, http.MethodPost, path, body, into)
}
