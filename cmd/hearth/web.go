package main

import (
	"fmt"

	"github.com/hearth-metrics/hearth/web"
)

// newPages is the browser app, told where it stands.
func (p *program) newPages() (*web.App, error) {
	app, err := web.New(web.Options{ExternalURL: p.url, Region: p.config.AWS.Region, Version: version})
	if err != nil {
		return nil, fmt.Errorf("browser app: %w", err)
	}
	return app, nil
}
