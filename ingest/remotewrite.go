package ingest

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/hearth-metrics/hearth"
)

// RemoteWrite takes a remote write request, 1.0 or 2.0, into the workspace of the
// request's context. The front door has authenticated it and read its body; a
// Body with a method Bytes() []byte is not copied.
func (r *Room) RemoteWrite(w http.ResponseWriter, req *http.Request) {
	p, err := r.protocol(req)
	var out outcome
	if err == nil {
		out, err = r.write(req, p)
	}
	if p == writeV2 {
		out.stored.tell(w.Header())
	}
	switch {
	case err != nil:
		r.count(p, r.fail(w, req, err))
		return
	case out.deduplicated:
		w.WriteHeader(http.StatusAccepted)
		r.count(p, http.StatusAccepted)
	case p == writeV2:
		w.WriteHeader(http.StatusNoContent)
		r.count(p, http.StatusNoContent)
	default: // as AMP answers
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusOK)
		r.count(p, http.StatusOK)
	}
}

func (r *Room) protocol(req *http.Request) (protocol, error) {
	if strings.Contains(req.URL.RawQuery, "get_vm_proto_version") {
		return writeV1, &hearth.Error{Kind: hearth.Invalid, Msg: "VictoriaMetrics' own remote write protocol is not spoken here: use Prometheus' remote write with snappy"}
	}
	return remoteWriteOf(req.Header)
}

// An outcome is what became of a request that did not fail.
type outcome struct {
	stored       written
	deduplicated bool // it came from a replica that is not listened to
}

// write parses the request and stores it.
func (r *Room) write(req *http.Request, p protocol) (outcome, error) {
	ctx := req.Context()
	ws, ok := hearth.WorkspaceFrom(ctx)
	if !ok {
		return outcome{}, &hearth.Error{Msg: "remote write without a workspace"}
	}
	body, err := bodyOf(req, ws.Limits.RequestBytes)
	if err != nil {
		return outcome{}, err
	}
	size, err := claimed(body, ws.Limits.DecodedBytes)
	if err != nil {
		return outcome{}, err
	}
	from := origin{workspace: ws, caller: hearth.CallerFrom(ctx), sender: req.UserAgent(), now: r.now()}
	w := r.workspaces.enter(ws.ID, from.now)
	defer w.leave()
	pass, err := r.gate.enter(w, int64(len(body)))
	if err != nil {
		return outcome{}, err
	}
	defer pass.leave()
	head, err := r.engine.Head(ctx, ws) // opening may take long: not while others wait for the turn
	if err != nil {
		return outcome{}, err
	}
	defer head.Release()
	if err := pass.start(ctx, 2*int64(size)); err != nil {
		return outcome{}, err
	}
	b := batches.Get().(*batch)
	x := &intake{room: r, from: from, limits: ws.Limits, head: head, batch: b, strict: p == writeV2}
	if err := x.decode(p, body, size); err != nil {
		b.recycle()
		return outcome{}, err
	}
	return x.take(ctx, w, pass)
}

// decode parses the whole request before anything of it is stored.
func (x *intake) decode(p protocol, body []byte, size int) error {
	b := x.batch
	if err := b.decompress(body, size); err != nil {
		return err
	}
	if p == writeV2 {
		x.keys = v2Keys{b: b}
		return b.decodeV2(x.limits)
	}
	x.keys = v1Keys{b: b}
	return b.decodeV1(x.limits)
}

// take stores the decoded batch and gives it back.
func (x *intake) take(ctx context.Context, w *workspace, p *pass) (out outcome, err error) {
	recycled := false
	recycle := func() {
		if !recycled {
			recycled = true
			x.batch.recycle()
			p.stop()
		}
	}
	defer recycle()
	replicated, accepted, err := x.elect(w)
	if err != nil {
		return out, err
	}
	if !accepted {
		x.room.metrics.deduped.Add(float64(len(x.batch.samples) + len(x.batch.hists)))
		return outcome{deduplicated: true}, nil
	}
	if replicated {
		x.dropReplica()
	}
	x.minTime, x.maxTime = window(x.limits, x.from.now)
	return x.store(ctx, w, recycle)
}

func (x *intake) dropReplica() {
	switch k := x.keys.(type) {
	case v1Keys:
		k.dropReplica = true
		x.keys = k
	case v2Keys:
		k.dropReplica = true
		x.keys = k
	}
}

// store resolves the series, appends their samples and commits. recycle ends the
// use of the batch: waiting for the disk needs neither it nor the processor.
func (x *intake) store(ctx context.Context, w *workspace, recycle func()) (out outcome, err error) {
	c := x.room.cacheOf(x.head)
	now := uint32(x.from.now.Unix() / int64(time.Minute/time.Second))
	rules := labelRulesOf(x.limits)
	c.checkAgainst(rules)
	c.sweep(now)
	c.resolve(x.batch, x.keys, now)
	if err := x.admit(rules); err != nil {
		return out, err
	}
	received := len(x.batch.samples) + len(x.batch.hists)
	if err := w.take(x.limits, x.from.now, received-min(received, x.refusals.total), len(x.batch.metadata)); err != nil {
		x.room.throttled(x.from.workspace.ID, received)
		x.room.events.Record(x.from.sign(rateEvent(err, received)))
		return out, err
	}
	if err := x.commit(ctx, c, now, recycle); err != nil {
		return out, err
	}
	x.count()
	x.room.report(x.from, &x.refusals, &x.sets)
	return outcome{stored: x.stored}, x.refusals.err(received)
}

// admit builds and checks the labels of series that the cache does not know.
func (x *intake) admit(rules labelRules) error {
	b := x.batch
	dropReplica := x.replicated()
	for _, i := range b.news {
		s := &b.series[i]
		pairs, err := x.keys.pairs(s, b.pairs[:0])
		b.pairs = pairs
		if err != nil {
			return err
		}
		pairs = tidy(pairs, dropReplica)
		if bad := rules.check(pairs); bad != nil {
			s.state = refused
			points := len(b.samplesOf(int(i))) + len(b.histsOf(int(i)))
			named := labels.New(pairs...)
			x.sets.refused(x.limits, named, points)
			x.refusals.distinct(bad.reason, named.Hash())
			x.refusals.add(bad, points, pairs)
			continue
		}
		s.labels, s.state = build(&b.builder, pairs), ready
	}
	if x.strict {
		x.requirePoints()
	}
	return nil
}

func (x *intake) replicated() bool {
	switch k := x.keys.(type) {
	case v1Keys:
		return k.dropReplica
	case v2Keys:
		return k.dropReplica
	}
	return false
}

// requirePoints refuses series of remote write 2.0 that have no sample, and those
// whose metadata refers to no symbol.
func (x *intake) requirePoints() {
	b := x.batch
	for i := range b.series {
		s := &b.series[i]
		if s.state != ready {
			continue
		}
		var bad *refusal
		switch {
		case len(b.samplesOf(i))+len(b.histsOf(i)) == 0:
			bad = refuse(labelInvalid, "TimeSeries must contain at least one sample or histogram")
		case max(s.about.help, s.about.unit) >= uint32(max(len(b.symbols), 1)):
			bad = refuse(labelInvalid, "metadata refers outside the symbol table")
		default:
			continue
		}
		s.state = refused
		x.sets.refused(x.limits, s.labels, 1)
		x.refusals.distinct(bad.reason, s.labels.Hash())
		x.refusals.add(bad, len(b.samplesOf(i))+len(b.histsOf(i)), pairsOf(s.labels))
	}
}

// commit appends and commits the batch.
func (x *intake) commit(ctx context.Context, c *cache, now uint32, recycle func()) error {
	x.app = x.head.AppenderV2(ctx)
	if err := x.append(ctx); err != nil {
		_ = x.app.Rollback()
		return err
	}
	c.learn(x.batch, now)
	described := x.describe(c)
	x.sets.batch(x.limits, x.batch)
	recycle()
	if err := x.app.Commit(); err != nil {
		return err
	}
	if len(described) == 0 {
		return nil
	}
	_, err := x.head.StoreMetadata(ctx, described)
	return err
}

func (x *intake) count() {
	m := x.room.metrics
	m.floats.Add(float64(x.stored.samples))
	m.histograms.Add(float64(x.stored.histograms))
	m.stored.Add(float64(x.stored.exemplars))
	x.tally()
}

// metricName returns the label __name__ without building anything.
func metricName(ls labels.Labels) string { return ls.Get(model.MetricNameLabel) }
