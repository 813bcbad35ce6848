package dashboard

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/hearth-metrics/hearth"
)

// How the path below a data source may look. Whoever sits between decodes paths
// in different ways, so what could climb or split after one more decoding goes no
// further.
var climbing = regexp.MustCompile(`(?i)%2f|%5c|%2e|%00|%25(2f|5c|2e|00|25)|\\`)

func checkRest(rest string) error {
	if climbing.MatchString(rest) {
		return bad("The path of a request to a data source must not have encoded slashes, dots, percent signs or zeros, or backslashes.")
	}
	for segment := range strings.SplitSeq(rest, "/") {
		plain, err := url.PathUnescape(segment)
		if err != nil || plain == ".." || plain == "." {
			return bad("The path of a request to a data source must not climb.")
		}
	}
	return nil
}

// What of a Prometheus may be asked through a data source, by method: reading.
var (
	reading   = regexp.MustCompile(`^/api/v1/(query|query_range|query_exemplars|labels|label/[^/]+/values|series|metadata|rules|alerts|targets/metadata|status/buildinfo|status/flags|status/config|status/runtimeinfo|format_query|parse_query)/?$`)
	asForm    = regexp.MustCompile(`^/api/v1/(query|query_range|query_exemplars|labels|series|format_query|parse_query)/?$`)
	proxyable = []string{"GET", "POST", "HEAD"}
)

// checkPrometheus refuses what does not read: a viewer must not write samples or
// delete series with the data source's credentials.
func checkPrometheus(method, rest string) error {
	ok := method == "GET" && reading.MatchString(rest) || method == "POST" && asForm.MatchString(rest)
	if ok {
		return nil
	}
	return &hearth.Error{Kind: hearth.Denied, Msg: "Through a Prometheus data source only its query API is reached: " + method + " " + rest + " is not part of it."}
}

// Proxy hands a request on to a data source and answers with what it says.
func (r *Room) Proxy(ctx context.Context, c *Call, w http.ResponseWriter) error {
	return r.proxy(ctx, c, w, "/"+c.Rest)
}

// Resource is what panels ask of a data source's backend. For Prometheus that is
// its API again.
func (r *Room) Resource(ctx context.Context, c *Call, w http.ResponseWriter) error {
	return r.proxy(ctx, c, w, "/"+c.Rest)
}

func (r *Room) proxy(ctx context.Context, c *Call, w http.ResponseWriter, rest string) error {
	s, err := r.find(ctx, c)
	if err != nil {
		return err
	}
	if err := checkRest(rest); err != nil {
		return err
	}
	switch {
	case s.prometheus():
		if err := checkPrometheus(c.HTTP.Method, rest); err != nil {
			return err
		}
	case !c.may(hearth.GrafanaEditor) && !slices.Contains(proxyable, c.HTTP.Method):
		return forbidden(levelEdit)
	}
	q := question{method: c.HTTP.Method, path: rest, query: c.HTTP.URL.RawQuery, body: c.Body, header: http.Header{}}
	for _, name := range []string{"Content-Type", "Accept"} {
		if v := c.HTTP.Header.Get(name); v != "" {
			q.header.Set(name, v)
		}
	}
	return r.forward(ctx, w, c.Workspace, s, q)
}

// Health is what Save & test answers.
func (r *Room) Health(ctx context.Context, c *Call) (any, error) {
	s, err := r.find(ctx, c)
	if err != nil {
		return nil, err
	}
	if !s.prometheus() {
		return nil, &hearth.Error{Kind: hearth.NotServed, Msg: "Data sources of type " + s.Type + " cannot be tested here: Prometheus and Amazon Managed Service for Prometheus can."}
	}
	if _, err := r.instant(ctx, c.Workspace, s, "1+1", r.opts.Now()); err != nil {
		e := queryFault(err)
		return Reply{Code: http.StatusBadRequest, Body: map[string]any{
			"status": "ERROR", "message": e.Msg, "details": map[string]any{"verboseMessage": e.Msg},
		}}, nil
	}
	return map[string]any{"status": "OK", "message": "Successfully queried the Prometheus API."}, nil
}

// Discover lists the metrics workspaces of a region that can become data sources.
func (r *Room) Discover(ctx context.Context, c *Call) (any, error) {
	region := hearth.Region(orElse(c.text("region"), string(c.Workspace.Region)))
	found, err := r.found(ctx, c.Workspace, region)
	if err != nil {
		return nil, err
	}
	s, err := r.sourcesByURL(ctx, c.id())
	if err != nil {
		return nil, err
	}
	out := []map[string]any{}
	for _, ws := range found {
		item := map[string]any{"id": ws.ID, "alias": ws.Alias, "arn": ws.ARN().String(), "region": ws.Region, "url": r.workspaceURL(ws)}
		if have := s[r.workspaceURL(ws)]; have != nil {
			item["dataSource"] = have.UID
		}
		out = append(out, item)
	}
	return map[string]any{"region": region, "workspaces": out}, nil
}

// AddDiscovered makes data sources of metrics workspaces of a region: those named,
// or all.
func (r *Room) AddDiscovered(ctx context.Context, c *Call) (any, error) {
	var in struct {
		Region     string   `json:"region"`
		Workspaces []string `json:"workspaces"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	found, err := r.found(ctx, c.Workspace, hearth.Region(orElse(in.Region, string(c.Workspace.Region))))
	if err != nil {
		return nil, err
	}
	for _, id := range in.Workspaces {
		if !slices.ContainsFunc(found, func(ws hearth.Workspace) bool { return string(ws.ID) == id }) {
			return nil, missing("no workspace %s is found in the region", id)
		}
	}
	if len(in.Workspaces) > 0 {
		found = slices.DeleteFunc(found, func(ws hearth.Workspace) bool { return !slices.Contains(in.Workspaces, string(ws.ID)) })
	}
	return r.keepDiscovered(ctx, c, found)
}
