package query

import (
	"context"
	"net/http"
	"time"

	"github.com/grafana/regexp"
	promroute "github.com/prometheus/common/route"
	"github.com/prometheus/prometheus/config"
	v1 "github.com/prometheus/prometheus/web/api/v1"
)

// newAPI builds the one Prometheus API. Its constructor renders two OpenAPI
// documents, which is why there is one and why it is built late.
// What it would serve beyond the routes of table is never reached, so nothing is
// given to it for that.
func (q *Room) newAPI() http.Handler {
	api := v1.NewAPI(
		guarded{q}, workspaces{},
		nil, nil, // appendables
		workspaces{},
		func(context.Context) v1.ScrapePoolsRetriever { return nil },
		func(context.Context) v1.TargetRetriever { return nil },
		func(context.Context) v1.AlertmanagerRetriever { return nil },
		func() config.Config { return config.Config{} },
		nil, // flags
		v1.GlobalURLOptions{},
		func(f http.HandlerFunc) http.HandlerFunc { return f },
		nil, "", // no administration of a TSDB
		false, false, 0,
		q.log,
		func(context.Context) v1.RulesRetriever { return nil },
		0, 0, 0, // remote read
		false,
		regexp.MustCompile(`^$`), // no other origin is let in
		func() (v1.RuntimeInfo, error) { return v1.RuntimeInfo{}, nil },
		nil, // build information is ours
		nil, nil,
		nil, nil, // metrics
		nil,        // statistics as Prometheus renders them
		false, nil, // remote write
		false, false, false,
		false,
		5*time.Minute,
		false, false,
		nil, // status codes as Prometheus has them
		nil,
		v1.OpenAPIOptions{},
		q.parser,
	)
	for _, c := range q.codecs {
		api.InstallCodec(c)
	}
	router := promroute.New()
	api.Register(router.WithPrefix("/api/v1"))
	return router
}

// fromAPI lets Prometheus' API answer.
func fromAPI(q *Room, rd *reading, w *answer, r *http.Request) error {
	r.Header.Del("Accept-Encoding") // compressed by answer
	a := &apiAnswer{answer: w, rd: rd}
	q.api().ServeHTTP(a, r)
	if a.dropped {
		return rd.failure
	}
	return nil
}
