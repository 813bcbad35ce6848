package awsapi

import (
	"context"

	"github.com/hearth-metrics/hearth/scraper"
)

// doctorRows are Hearth's own operations on scrapers.
func (s *Server) doctorRows() []row {
	return []row{
		op("GET", "/hearth/v1/scrapers/{scraperId}/doctor", 200, "hearth:DiagnoseScraper", ownScraper, s.withScrapers(s.diagnoseScraper)),
		op("POST", "/hearth/v1/scrape-previews", 200, "hearth:PreviewScrape", newScraper, s.withScrapers(s.previewScrape)),
	}
}

func (s *Server) diagnoseScraper(ctx context.Context, r *request) (any, error) {
	return s.opts.Scrapers.Doctor(ctx, r.param("scraperId"))
}

// previewScrape takes the source and the scrapeConfiguration of CreateScraper.
func (s *Server) previewScrape(ctx context.Context, r *request) (any, error) {
	in, err := readScraper(r)
	if err != nil {
		return nil, err
	}
	text, err := in.configuration()
	if err != nil {
		return nil, err
	}
	var source scraper.Source
	if src := in.source(); src != nil {
		source = *src
	}
	role := ""
	if in.Roles != nil {
		role = in.Roles.Source
	}
	return s.opts.Scrapers.Preview(ctx, text, source, role)
}
