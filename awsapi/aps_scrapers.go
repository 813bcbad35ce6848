package awsapi

import (
	"context"
	"regexp"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/scraper"
)

const (
	scraperPath = "/scrapers/{scraperId}"
	loggingPath = scraperPath + "/logging-configuration"
)

// scraperRows are the operations of scrapers. A role's ARN in them is passed on,
// perhaps of another account: there its trust policy decides, whenever the scraper
// collects.
func (s *Server) scraperRows() []row {
	const service, source, target = "aps.amazonaws.com", "roleConfiguration.sourceRoleArn", "roleConfiguration.targetRoleArn"
	return []row{
		op("GET", "/scraperconfiguration", 200, "aps:GetDefaultScraperConfiguration", account, s.withScrapers(s.defaultConfiguration)),
		op("POST", "/scrapers", 202, "aps:CreateScraper", newScraper, s.withScrapers(s.createScraper)).passes(service, source, target).alsoAbroad(),
		op("GET", "/scrapers", 200, "aps:ListScrapers", account, s.withScrapers(s.listScrapers)),
		op("GET", scraperPath, 200, "aps:DescribeScraper", ownScraper, s.withScrapers(s.describeScraper)),
		op("PUT", scraperPath, 202, "aps:UpdateScraper", ownScraper, s.withScrapers(s.updateScraper)).passes(service, source, target).alsoAbroad(),
		op("DELETE", scraperPath, 202, "aps:DeleteScraper", ownScraper, s.withScrapers(s.deleteScraper)),
		op("GET", loggingPath, 200, "aps:DescribeScraperLoggingConfiguration", ownScraper, s.withScrapers(s.describeScraperLogging)),
		op("PUT", loggingPath, 202, "aps:UpdateScraperLoggingConfiguration", ownScraper, s.withScrapers(s.updateScraperLogging)),
		op("DELETE", loggingPath, 202, "aps:DeleteScraperLoggingConfiguration", ownScraper, s.withScrapers(s.deleteScraperLogging)),
	}
}

// withScrapers is h for a Server that has a room of scrapers.
func (s *Server) withScrapers(h handler) handler {
	return func(ctx context.Context, r *request) (any, error) {
		if s.opts.Scrapers == nil {
			return nil, notServed(r.row.action)
		}
		return h(ctx, r)
	}
}

type scraperSource struct {
	EKS *scraper.EKSSource `json:"eksConfiguration,omitempty"`
	VPC *scraper.VPCSource `json:"vpcConfiguration,omitempty"`
}

type ampDestination struct {
	WorkspaceARN string `json:"workspaceArn"`
}

// scraperDestination has the members of the newest model; of those only
// ampConfiguration can be collected into.
type scraperDestination struct {
	AMP        *ampDestination `json:"ampConfiguration,omitempty"`
	CloudWatch *struct{}       `json:"cloudWatchConfiguration,omitempty"`
}

type scrapeConfiguration struct {
	Blob *string `json:"configurationBlob"`
}

type scraperInput struct {
	Alias         *string              `json:"alias"`
	ClientToken   *string              `json:"clientToken"`
	Configuration *scrapeConfiguration `json:"scrapeConfiguration"`
	Destination   *scraperDestination  `json:"destination"`
	Exporters     []map[string]any     `json:"exporters"`
	Roles         *scraper.Roles       `json:"roleConfiguration"`
	Source        *scraperSource       `json:"source"`
	Tags          map[string]string    `json:"tags"`
}

// readScraper reads a request about a scraper. A cluster may be named by its name
// alone: then it is the caller's.
func readScraper(r *request) (*scraperInput, error) {
	in := new(scraperInput)
	if err := r.decode(in); err != nil {
		return in, err
	}
	if in.Source != nil && in.Source.EKS != nil && clusterName.MatchString(in.Source.EKS.Cluster) && r.service.name == "hearth" {
		arn := callerARN(r, "cluster/"+in.Source.EKS.Cluster)
		arn.Service = "eks"
		in.Source.EKS.Cluster = arn.String()
	}
	return in, nil
}

// clusterName is EKS' own pattern.
var clusterName = regexp.MustCompile(`^[0-9A-Za-z][A-Za-z0-9\-_]{0,99}$`)

// checkServed refuses by name what a scraper here cannot do.
func (in *scraperInput) checkServed() error {
	if in.Destination != nil && in.Destination.CloudWatch != nil {
		return invalidField("destination.cloudWatchConfiguration", "is not served: a scraper here collects into a workspace, ampConfiguration")
	}
	for _, e := range in.Exporters {
		for name := range e {
			return invalidField("exporters."+clip(name), "is not served: there are no managed exporters here; run the exporter beside what it exports, and scrape it")
		}
	}
	return nil
}

func (in *scraperInput) destination() (*string, error) {
	if in.Destination == nil {
		return nil, nil
	}
	if in.Destination.AMP == nil {
		return nil, invalidField("destination", "must have one of ampConfiguration")
	}
	return &in.Destination.AMP.WorkspaceARN, nil
}

func (in *scraperInput) configuration() ([]byte, error) {
	if in.Configuration == nil {
		return nil, nil
	}
	return blob("scrapeConfiguration.configurationBlob", in.Configuration.Blob)
}

func (in *scraperInput) source() *scraper.Source {
	if in.Source == nil {
		return nil
	}
	return &scraper.Source{EKS: in.Source.EKS, VPC: in.Source.VPC}
}

// mayCreateScraper asks about what the scraper would read and write, as AWS does:
// the right must be there for the cluster and for the workspace.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonmanagedserviceforprometheus.html
func (s *Server) mayCreateScraper(r *request) error {
	touched := touches(r)
	for _, arn := range touched {
		if err := s.may(r, arn, s.tagsOf(r, arn)); err != nil {
			return err
		}
	}
	if len(touched) > 0 {
		return nil
	}
	return s.may(r, accountARN(r), nil)
}

// mayScraper asks about the scraper in the path; whoever has it collect into
// another workspace needs the right there, too.
func (s *Server) mayScraper(r *request) error {
	arn := callerARN(r, "scraper/"+r.param("scraperId"))
	arn.Service = "aps" // also for Hearth's own operations on it
	if err := s.mayOwn(r, arn); err != nil {
		return err
	}
	if r.row.operation() != "UpdateScraper" {
		return nil
	}
	for _, arn := range touches(r) {
		if err := s.may(r, arn, s.tagsOf(r, arn)); err != nil {
			return err
		}
	}
	return nil
}

// touches are the cluster and the workspace that a request names, as far as they
// are the caller's account's. About another's its roles decide, when the scraper
// collects; without roles there it is not found.
func touches(r *request) (all []hearth.ARN) {
	in, _ := readScraper(r) // the handler says what is wrong with it
	keep := func(arn hearth.ARN, ok bool) {
		if ok && arn.Account == r.caller.Account {
			all = append(all, arn)
		}
	}
	if src := in.source(); src != nil {
		keep(src.Cluster())
	}
	if in.Destination != nil && in.Destination.AMP != nil {
		arn, err := hearth.ParseARN(in.Destination.AMP.WorkspaceARN)
		keep(arn, err == nil)
	}
	return all
}

// tagsOfScraper are the tags of a scraper; nil if the ARN names none.
func (s *Server) tagsOfScraper(r *request, arn hearth.ARN) map[string]string {
	if s.opts.Scrapers == nil {
		return nil
	}
	tags, _ := s.opts.Scrapers.TagsOf(r.http.Context(), arn)
	return tags
}

func (s *Server) defaultConfiguration(context.Context, *request) (any, error) {
	return struct {
		Configuration []byte `json:"configuration"`
	}{scraper.DefaultConfiguration()}, nil
}

// changedScraper is what Create and Update answer.
type changedScraper struct {
	ARN    string            `json:"arn"`
	ID     string            `json:"scraperId"`
	Status statusBody        `json:"status"`
	Tags   map[string]string `json:"tags"`
}

func changedScraperOf(d scraper.Description) changedScraper {
	return changedScraper{ARN: d.ARN.String(), ID: d.ID, Status: statusBody{d.Status}, Tags: tagsBody(d.Tags)}
}

func (s *Server) createScraper(ctx context.Context, r *request) (any, error) {
	in, err := readScraper(r)
	if err != nil {
		return nil, err
	}
	if err := in.checkServed(); err != nil {
		return nil, err
	}
	to, err := in.destination()
	if err != nil {
		return nil, err
	}
	if to == nil {
		return nil, invalidField("destination", "must not be null")
	}
	text, err := in.configuration()
	if err != nil {
		return nil, err
	}
	d, err := s.opts.Scrapers.Create(ctx, scraper.CreateInput{
		Alias: in.Alias, Configuration: text, Source: in.source(), Destination: *to, Roles: in.Roles, Tags: in.Tags, Token: in.ClientToken,
	})
	if err != nil {
		return nil, err
	}
	return changedScraperOf(d), nil
}

func (s *Server) updateScraper(ctx context.Context, r *request) (any, error) {
	in, err := readScraper(r)
	if err != nil {
		return nil, err
	}
	if err := in.checkServed(); err != nil {
		return nil, err
	}
	to, err := in.destination()
	if err != nil {
		return nil, err
	}
	text, err := in.configuration()
	if err != nil {
		return nil, err
	}
	if in.Configuration != nil && text == nil {
		text = []byte{}
	}
	d, err := s.opts.Scrapers.Update(ctx, scraper.UpdateInput{
		ID: r.param("scraperId"), Alias: in.Alias, Configuration: text, Destination: to, Roles: in.Roles, Token: in.ClientToken,
	})
	if err != nil {
		return nil, err
	}
	return changedScraperOf(d), nil
}

func (s *Server) deleteScraper(ctx context.Context, r *request) (any, error) {
	q := r.query()
	token := q.text("clientToken")
	if q.err != nil {
		return nil, q.err
	}
	d, err := s.opts.Scrapers.Delete(ctx, r.param("scraperId"), token)
	if err != nil {
		return nil, err
	}
	return struct {
		ID     string     `json:"scraperId"`
		Status statusBody `json:"status"`
	}{d.ID, statusBody{d.Status}}, nil
}

// scraperBody is a scraper as List and Describe tell it; List leaves the
// configuration out.
type scraperBody struct {
	Alias         *string             `json:"alias,omitempty"`
	ARN           string              `json:"arn"`
	CreatedAt     epoch               `json:"createdAt"`
	Destination   scraperDestination  `json:"destination"`
	ModifiedAt    epoch               `json:"lastModifiedAt"`
	RoleARN       string              `json:"roleArn"`
	Roles         *scraper.Roles      `json:"roleConfiguration,omitempty"`
	Configuration *configurationBytes `json:"scrapeConfiguration,omitempty"`
	ID            string              `json:"scraperId"`
	Source        scraper.Source      `json:"source"`
	Status        statusBody          `json:"status"`
	Reason        string              `json:"statusReason,omitempty"`
	Tags          map[string]string   `json:"tags"`
}

type configurationBytes struct {
	Blob []byte `json:"configurationBlob"`
}

// toldSource is a source as clients can read it: those of AWS refuse a union without
// a member, with everything around it. No source is told as a network of no subnets.
func toldSource(s scraper.Source) scraper.Source {
	if s.EKS == nil && s.VPC == nil {
		s.VPC = &scraper.VPCSource{SecurityGroups: []string{}, Subnets: []string{}}
	}
	return s
}

func scraperOf(d scraper.Description) scraperBody {
	b := scraperBody{
		Alias: orNothing(d.Alias), ARN: d.ARN.String(), CreatedAt: epoch(d.CreatedAt), Destination: scraperDestination{AMP: &ampDestination{d.Destination}},
		ModifiedAt: epoch(d.ModifiedAt), RoleARN: d.Role, ID: d.ID, Source: toldSource(d.Source), Status: statusBody{d.Status}, Reason: d.Reason, Tags: tagsBody(d.Tags),
	}
	if d.Roles != (scraper.Roles{}) {
		b.Roles = &d.Roles
	}
	return b
}

func (s *Server) describeScraper(ctx context.Context, r *request) (any, error) {
	d, err := s.opts.Scrapers.Describe(ctx, r.param("scraperId"))
	if err != nil {
		return nil, err
	}
	b := scraperOf(d)
	b.Configuration = &configurationBytes{d.Configuration}
	return struct {
		Scraper scraperBody `json:"scraper"`
	}{b}, nil
}

func (s *Server) listScrapers(ctx context.Context, r *request) (any, error) {
	q := r.query()
	in := scraper.ListInput{Filters: map[string][]string{}, MaxResults: q.number("maxResults"), NextToken: q.text("nextToken")}
	if q.err != nil {
		return nil, q.err
	}
	for name, values := range q.values { // the map of filters lies flat in the query
		if name != "maxResults" && name != "nextToken" {
			in.Filters[name] = values
		}
	}
	page, err := s.opts.Scrapers.List(ctx, in)
	if err != nil {
		return nil, err
	}
	out := struct {
		NextToken *string       `json:"nextToken,omitempty"`
		Scrapers  []scraperBody `json:"scrapers"`
	}{orNothing(page.NextToken), []scraperBody{}}
	for _, d := range page.Scrapers {
		out.Scrapers = append(out.Scrapers, scraperOf(d))
	}
	return out, nil
}
