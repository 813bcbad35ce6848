package awsapi

import (
	"context"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/scraper"
)

type logDestination struct {
	CloudWatch *struct {
		LogGroup string `json:"logGroupArn"`
	} `json:"cloudWatchLogs,omitempty"`
}

type scraperComponent struct {
	Type   string           `json:"type"`
	Config *componentConfig `json:"config,omitempty"`
}

type componentConfig struct {
	Options map[string]string `json:"options,omitempty"`
}

func (s *Server) updateScraperLogging(ctx context.Context, r *request) (any, error) {
	var in struct {
		Destination *logDestination    `json:"loggingDestination"`
		Components  []scraperComponent `json:"scraperComponents"`
	}
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	if in.Destination == nil || in.Destination.CloudWatch == nil {
		return nil, invalidField("loggingDestination", "must have one of cloudWatchLogs")
	}
	want := scraper.Logging{LogGroup: in.Destination.CloudWatch.LogGroup}
	if in.Components != nil {
		want.Components = []scraper.Component{}
	}
	for _, c := range in.Components {
		one := scraper.Component{Type: c.Type}
		if c.Config != nil {
			one.Options = c.Config.Options
		}
		want.Components = append(want.Components, one)
	}
	if err := s.opts.Scrapers.SetLogging(ctx, r.param("scraperId"), want); err != nil {
		return nil, err
	}
	return struct {
		Status statusBody `json:"status"`
	}{statusBody{hearth.Active}}, nil
}

func (s *Server) describeScraperLogging(ctx context.Context, r *request) (any, error) {
	l, err := s.opts.Scrapers.LoggingOf(ctx, r.param("scraperId"))
	if err != nil {
		return nil, err
	}
	out := struct {
		Destination logDestination     `json:"loggingDestination"`
		ModifiedAt  epoch              `json:"modifiedAt"`
		Components  []scraperComponent `json:"scraperComponents"`
		ID          string             `json:"scraperId"`
		Status      statusBody         `json:"status"`
	}{ModifiedAt: epoch(l.ModifiedAt), Components: []scraperComponent{}, ID: r.param("scraperId"), Status: statusBody{hearth.Active}}
	out.Destination.CloudWatch = &struct {
		LogGroup string `json:"logGroupArn"`
	}{l.LogGroup}
	for _, c := range l.Components {
		one := scraperComponent{Type: c.Type}
		if len(c.Options) > 0 {
			one.Config = &componentConfig{c.Options}
		}
		out.Components = append(out.Components, one)
	}
	return out, nil
}

func (s *Server) deleteScraperLogging(ctx context.Context, r *request) (any, error) {
	q := r.query()
	token := q.text("clientToken")
	if q.err != nil {
		return nil, q.err
	}
	return nil, s.opts.Scrapers.DeleteLogging(ctx, r.param("scraperId"), token)
}
