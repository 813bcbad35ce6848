package awsapi

import (
	"context"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/cloudwatch"
)

const (
	scrapersOf = "/hearth/v1/workspaces/{workspaceId}/cloudwatch-scrapers"
	scraperAt  = "/hearth/v1/cloudwatch-scrapers/{cloudwatchScraperId}"
)

// cloudwatchRows are Hearth's own: scrapers of CloudWatch.
func (s *Server) cloudwatchRows() []row {
	return []row{
		op("POST", scrapersOf, 200, "hearth:CreateCloudWatchScraper", hearthWorkspace, s.createCloudWatchScraper),
		op("GET", scrapersOf, 200, "hearth:ListCloudWatchScrapers", hearthWorkspace, s.listCloudWatchScrapers),
		op("GET", scraperAt, 200, "hearth:DescribeCloudWatchScraper", cwScraper, s.describeCloudWatchScraper),
		op("PUT", scraperAt, 200, "hearth:UpdateCloudWatchScraper", cwScraper, s.updateCloudWatchScraper),
		op("DELETE", scraperAt, 200, "hearth:DeleteCloudWatchScraper", cwScraper, s.deleteCloudWatchScraper),
	}
}

// mayHearthWorkspace asks about the workspace in the path of one of Hearth's own
// operations: it is named as AMP names it.
func (s *Server) mayHearthWorkspace(r *request, id hearth.WorkspaceID) error {
	arn := hearth.ARN{Partition: "aws", Service: "aps", Region: r.caller.Region, Account: r.caller.Account, Resource: "workspace/" + string(id)}
	if w, err := s.opts.Workspaces.Lookup(r.http.Context(), id); err == nil && w.Account == r.caller.Account {
		arn = w.ARN()
	}
	return s.mayOwn(r, arn)
}

// mayCloudWatch asks about the workspace that the scraper writes into. To other
// accounts it looks like one that does not exist.
func (s *Server) mayCloudWatch(r *request) error {
	if s.opts.CloudWatch == nil {
		return s.may(r, accountARN(r), nil)
	}
	c, err := s.opts.CloudWatch.Scraper(r.http.Context(), r.param("cloudwatchScraperId"))
	switch {
	case hearth.KindOf(err) == hearth.NotFound || err == nil && c.Account != r.caller.Account:
		return s.may(r, callerARN(r, "cloudwatch-scraper/"+clip(r.param("cloudwatchScraperId"))), nil)
	case err != nil:
		return err
	}
	return s.mayHearthWorkspace(r, c.Workspace)
}

type credentialsInput struct {
	AccessKeyID string `json:"accessKeyId"`
	Secret      string `json:"secretAccessKey"`
	Token       string `json:"sessionToken"`
	Region      string `json:"region"`
}

type cloudwatchInput struct {
	Name          string            `json:"name"`
	Configuration string            `json:"configuration"`
	DailyCap      float64           `json:"dailyCap"`
	Credentials   *credentialsInput `json:"credentials"`
}

func (in *cloudwatchInput) scraper() (cloudwatch.Input, error) {
	out := cloudwatch.Input{Name: in.Name, Configuration: in.Configuration, DailyCap: in.DailyCap}
	if in.Configuration == "" {
		return out, invalidField("configuration", "must not be empty")
	}
	if c := in.Credentials; c != nil {
		if c.AccessKeyID == "" || c.Secret == "" {
			return out, invalidField("credentials", "must have accessKeyId and secretAccessKey")
		}
		out.Credentials = &cloudwatch.Credentials{AccessKeyID: c.AccessKeyID, Secret: c.Secret, Token: c.Token, Region: c.Region}
	}
	return out, nil
}

type cloudwatchBody struct {
	ID             string             `json:"scraperId"`
	Name           string             `json:"name"`
	Workspace      hearth.WorkspaceID `json:"workspaceId"`
	DailyCap       float64            `json:"dailyCap"`
	OwnCredentials bool               `json:"hasCredentials"`
	Fixed          bool               `json:"fixed"` // in Hearth's configuration file
	Created        *time.Time         `json:"createdAt,omitempty"`
	Configuration  string             `json:"configuration,omitempty"`
	Status         *cloudwatch.Status `json:"status,omitempty"`
}

func cloudwatchBodyOf(c *cloudwatch.Scraper) cloudwatchBody {
	b := cloudwatchBody{ID: c.ID, Name: c.Name, Workspace: c.Workspace, DailyCap: c.DailyCap, OwnCredentials: c.HasCredentials(), Fixed: c.Fixed()}
	if !c.Created.IsZero() {
		b.Created = &c.Created
	}
	return b
}

// hearthWorkspaceOf is the workspace in the path, if it is the caller's.
func (s *Server) hearthWorkspaceOf(r *request) (hearth.Workspace, error) {
	w, err := s.opts.Workspaces.Lookup(r.http.Context(), r.workspaceID())
	if hearth.KindOf(err) == hearth.NotFound && err != nil || err == nil && w.Account != r.caller.Account {
		return w, &hearth.Error{Kind: hearth.NotFound, Resource: string(r.workspaceID()), Type: "workspace", Msg: "Workspace not found"}
	}
	return w, err
}

func (s *Server) createCloudWatchScraper(ctx context.Context, r *request) (any, error) {
	if s.opts.CloudWatch == nil {
		return nil, notServed(r.row.action)
	}
	w, err := s.hearthWorkspaceOf(r)
	if err != nil {
		return nil, err
	}
	var in cloudwatchInput
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	want, err := in.scraper()
	if err != nil {
		return nil, err
	}
	c, err := s.opts.CloudWatch.Create(ctx, w, want)
	if err != nil {
		return nil, err
	}
	return cloudwatchBodyOf(c), nil
}

func (s *Server) listCloudWatchScrapers(ctx context.Context, r *request) (any, error) {
	if s.opts.CloudWatch == nil {
		return nil, notServed(r.row.action)
	}
	w, err := s.hearthWorkspaceOf(r)
	if err != nil {
		return nil, err
	}
	all, err := s.opts.CloudWatch.Scrapers(ctx, w.ID)
	if err != nil {
		return nil, err
	}
	out := struct {
		Scrapers []cloudwatchBody `json:"scrapers"`
	}{[]cloudwatchBody{}}
	for _, c := range all {
		out.Scrapers = append(out.Scrapers, cloudwatchBodyOf(c))
	}
	return out, nil
}

// ownScraper is the scraper in the path, if it is the caller's.
func (s *Server) ownScraper(ctx context.Context, r *request) (*cloudwatch.Scraper, error) {
	if s.opts.CloudWatch == nil {
		return nil, notServed(r.row.action)
	}
	c, err := s.opts.CloudWatch.Scraper(ctx, r.param("cloudwatchScraperId"))
	if err == nil && c.Account != r.caller.Account {
		return nil, &hearth.Error{Kind: hearth.NotFound, Resource: r.param("cloudwatchScraperId"), Type: "cloudwatch-scraper", Msg: "there is no CloudWatch scraper of this id"}
	}
	return c, err
}

func (s *Server) describeCloudWatchScraper(ctx context.Context, r *request) (any, error) {
	c, err := s.ownScraper(ctx, r)
	if err != nil {
		return nil, err
	}
	b, status := cloudwatchBodyOf(c), s.opts.CloudWatch.Status(c)
	b.Configuration, b.Status = c.Configuration, &status
	return b, nil
}

func (s *Server) updateCloudWatchScraper(ctx context.Context, r *request) (any, error) {
	c, err := s.ownScraper(ctx, r)
	if err != nil {
		return nil, err
	}
	var in cloudwatchInput
	if err := r.decode(&in); err != nil {
		return nil, err
	}
	want, err := in.scraper()
	if err != nil {
		return nil, err
	}
	if c, err = s.opts.CloudWatch.Update(ctx, c.ID, want); err != nil {
		return nil, err
	}
	return cloudwatchBodyOf(c), nil
}

func (s *Server) deleteCloudWatchScraper(ctx context.Context, r *request) (any, error) {
	c, err := s.ownScraper(ctx, r)
	if err != nil {
		return nil, err
	}
	return struct{}{}, s.opts.CloudWatch.Delete(ctx, c.ID)
}
