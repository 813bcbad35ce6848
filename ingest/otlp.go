package ingest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/otlptranslator"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/storage/remote/otlptranslator/prometheusremotewrite"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"

	"github.com/hearth-metrics/hearth"
)

// OTLP takes metrics by the OpenTelemetry protocol, translated as Prometheus
// does. AMP has no such entry: it is an extension, and refused in profile
// aws-strict.
// https://prometheus.io/docs/guides/opentelemetry/
func (r *Room) OTLP(w http.ResponseWriter, req *http.Request) {
	p, gzipped, err := otlpOf(req.Header)
	if r.profile == hearth.AWSStrict {
		err = &hearth.Error{Kind: hearth.NotServed, Msg: "OTLP is an extension of Hearth that the profile aws-strict leaves out, for AMP has none"}
	}
	if err == nil {
		err = r.otlp(req, p, gzipped)
	}
	if err != nil {
		r.count(p, r.fail(w, req, err))
		return
	}
	r.count(p, http.StatusOK)
	if p == otlpJSON {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}")
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf") // an empty ExportMetricsServiceResponse
	w.WriteHeader(http.StatusOK)
}

// otlp reads and stores one request.
func (r *Room) otlp(req *http.Request, p protocol, gzipped bool) error {
	ctx := req.Context()
	ws, ok := hearth.WorkspaceFrom(ctx)
	if !ok {
		return &hearth.Error{Msg: "OTLP without a workspace"}
	}
	body, err := bodyOf(req, ws.Limits.RequestBytes)
	if err != nil {
		return err
	}
	now := r.now()
	w := r.workspaces.enter(ws.ID, now)
	defer w.leave()
	pass, err := r.gate.enter(w, int64(len(body)))
	if err != nil {
		return err
	}
	defer pass.leave()
	head, err := r.engine.Head(ctx, ws) // opening may take long: not while others wait for the turn
	if err != nil {
		return err
	}
	defer head.Release()
	if err := pass.start(ctx, otlpCost(body, gzipped, ws.Limits)); err != nil {
		return err
	}
	if gzipped {
		if body, err = gunzip(body, ws.Limits.DecodedBytes); err != nil {
			return err
		}
	}
	export, err := parseOTLP(p, body, ws.Limits)
	if err != nil {
		return err
	}
	return r.storeOTLP(ctx, ws, req.UserAgent(), export)
}

// otlpCost estimates what the request will hold.
func otlpCost(body []byte, gzipped bool, l hearth.Limits) int64 {
	n := int64(len(body))
	if gzipped {
		n = min(20*n, max(l.DecodedBytes, n))
	}
	return 4 * n
}

func gunzip(body []byte, limit int64) ([]byte, error) {
	if limit <= 0 {
		limit = maxDecoded
	}
	zr, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, malformed("the body is not gzip")
	}
	out, err := io.ReadAll(io.LimitReader(zr, limit+1))
	if err != nil {
		return nil, malformed("the body is not valid gzip: it is truncated or damaged")
	}
	return out, tooBig(int64(len(out)), limit)
}

func parseOTLP(p protocol, body []byte, l hearth.Limits) (pmetricotlp.ExportRequest, error) {
	export := pmetricotlp.NewExportRequest()
	measure, parse := measureOTLP, export.UnmarshalProto
	if p == otlpJSON {
		measure, parse = measureJSON, export.UnmarshalJSON
	}
	if err := measure(body, l); err != nil {
		return export, err
	}
	if err := parse(body); err != nil {
		return export, &hearth.Error{Kind: hearth.Malformed, Msg: "the body is not an OTLP metrics request", Err: err}
	}
	return export, nil
}

// storeOTLP translates the metrics and appends them like any other writer of the
// program.
func (r *Room) storeOTLP(ctx context.Context, ws hearth.Workspace, sender string, export pmetricotlp.ExportRequest) error {
	app := &tolerant{guarded: r.Appendable(ws, sender).AppenderV2(ctx).(*guarded)}
	conv := prometheusremotewrite.NewPrometheusConverter(app)
	_, err := conv.FromMetrics(ctx, export.Metrics(), otlpSettings())
	if app.failed != nil || ctx.Err() != nil {
		_ = app.Rollback()
		return errors.Join(app.failed, ctx.Err())
	}
	if cerr := app.Commit(); cerr != nil {
		return cerr
	}
	if err != nil { // data points that cannot be translated, beside good ones
		return &hearth.Error{Kind: hearth.Invalid, Msg: "some data points could not be translated, all others are stored: " + clip(err.Error())}
	}
	return app.x.refusals.err(app.offered)
}

func otlpSettings() prometheusremotewrite.Settings {
	return prometheusremotewrite.Settings{
		AddMetricSuffixes:                    otlptranslator.UnderscoreEscapingWithSuffixes.ShouldAddSuffixes(),
		PromoteResourceAttributes:            prometheusremotewrite.NewPromoteResourceAttributes(config.OTLPConfig{}),
		LookbackDelta:                        5 * time.Minute,
		LabelNameUnderscoreSanitization:      true,
		LabelNamePreserveMultipleUnderscores: true,
	}
}

// tolerant hides refusals from the translator, which would stop at the first, and
// keeps errors that are about more than one sample.
type tolerant struct {
	*guarded
	offered int
	failed  error
}

func (a *tolerant) Append(ref storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, o storage.AOptions) (storage.SeriesRef, error) {
	if a.failed != nil {
		return 0, a.failed
	}
	a.offered++
	got, err := a.guarded.Append(ref, ls, st, t, v, h, fh, o)
	if _, ok := errors.AsType[*errRefused](err); ok {
		return 0, nil
	}
	a.failed = err
	return got, err
}
