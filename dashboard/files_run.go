package dashboard

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// filesTick is how often it is looked whether it is time for provisioning files.
const filesTick = time.Second

// A provisioner keeps Grafana workspaces as files say.
type provisioner struct {
	room  *Room
	scan  folderScan
	due   time.Time
	woken chan struct{}
	told  map[string]bool // faults, by Grafana workspace
}

func newProvisioner(r *Room) *provisioner {
	return &provisioner{room: r, woken: make(chan struct{}, 1), told: map[string]bool{}}
}

// wake lets the next look be now.
func (p *provisioner) wake() {
	select {
	case p.woken <- struct{}{}:
	default:
	}
}

// run looks at the files until ctx is done: at their providers' shortest interval,
// and when a Grafana workspace was made.
func (p *provisioner) run(ctx context.Context) error {
	tick := time.NewTicker(filesTick)
	defer tick.Stop()
	for {
		if now := p.room.opts.Now(); !now.Before(p.due) {
			if err := p.look(ctx); err != nil && ctx.Err() == nil {
				p.room.metrics.failures.Inc()
				p.room.opts.Log.Error("provisioning files are not carried out; trying again", "err", err)
			}
		}
		if p.room.opts.Files == "" {
			<-ctx.Done() // what files kept was let go; there is nothing more to do
			return nil
		}
		select {
		case <-tick.C:
		case <-p.woken:
			p.due = time.Time{}
		case <-ctx.Done():
			return nil
		}
	}
}

// look compares the files with what every Grafana workspace has, and corrects it.
func (p *provisioner) look(ctx context.Context) error {
	r := p.room
	every := int64(defaultEvery)
	defer func() { p.due = r.opts.Now().Add(time.Duration(every) * time.Second) }()
	recs, err := r.records(ctx)
	if err != nil {
		return err
	}
	s, list, unread := p.read(&every)
	faults := 0
	for _, rec := range recs {
		if rec.Status != hearth.Active {
			continue
		}
		w := r.workspace(rec)
		if r.opts.Files == "" || r.opts.FilesFor != nil && !r.opts.FilesFor(w) {
			if err := r.releaseAll(ctx, w.ID); err != nil {
				return err
			}
			continue
		}
		n, err := p.apply(ctx, w, s, list, unread)
		if err != nil {
			return err
		}
		faults += n
	}
	r.metrics.faults.Set(float64(faults))
	return nil
}

// read reads the files. every becomes the shortest interval of a provider.
func (p *provisioner) read(every *int64) (s *setup, list []*found, unread map[string]bool) {
	r := p.room
	s = &setup{}
	if r.opts.Files == "" {
		return s, nil, nil
	}
	if _, err := os.Stat(r.opts.Files); err != nil {
		s.fault(r.opts.Files, plainPathError(err))
		return s, nil, nil // not whole: nothing is gone
	}
	s = readSetup(r.opts.Files, r.opts.Env)
	for _, pr := range s.providers {
		*every = min(*every, pr.Every)
	}
	var faults []Fault
	list, unread, faults = p.scan.look(s.providers)
	s.faults = append(s.faults, faults...)
	return s, list, unread
}

// apply makes one Grafana workspace as the files say, and tells how many faults they
// have.
func (p *provisioner) apply(ctx context.Context, w hearth.GrafanaWorkspace, s *setup, list []*found, unread map[string]bool) (int, error) {
	faults, err := p.room.applySources(ctx, w, s)
	if err != nil {
		return 0, err
	}
	named := map[string]bool{}
	for _, pr := range s.providers {
		named[pr.Name] = true
	}
	gone := func(d *dash) bool { return !unread[d.Provider] && (named[d.Provider] || s.whole) }
	more, err := p.room.applyDashboards(ctx, w, list, gone)
	if err != nil {
		return 0, err
	}
	faults = append(append(faults, more...), s.faults...)
	p.tell(w, faults)
	return len(faults), nil
}

// tell writes faults into the log and the ledger once: when they come up.
func (p *provisioner) tell(w hearth.GrafanaWorkspace, faults []Fault) {
	now := map[string]bool{}
	for _, f := range faults {
		k := string(w.ID) + " " + f.String()
		now[k] = true
		if p.told[k] {
			continue
		}
		p.room.opts.Log.Warn("a provisioning file is wrong, and does not count", "grafana_workspace", w.ID, "file", f.File, "err", f.Msg)
		p.room.opts.Recorder.Record(hearth.Event{
			Time: p.room.opts.Now(), Account: w.Account, Kind: hearth.EventWarning, Summary: fmt.Sprintf("A provisioning file of a Grafana workspace is wrong, and does not count: %s", f),
			Details: []hearth.Detail{
				{Name: hearth.DetailResource, Value: w.ARN().String()}, {Name: hearth.DetailPath, Value: f.File}, {Name: hearth.DetailError, Value: f.Msg},
				{Name: hearth.DetailHint, Value: "hearth check dashboard FILE tells more about a dashboard."},
			},
		})
	}
	for k := range p.told {
		if len(k) > len(w.ID) && k[:len(w.ID)] == string(w.ID) && !now[k] {
			delete(p.told, k)
		}
	}
	for k := range now {
		p.told[k] = true
	}
}

// releaseAll makes everything that files kept in a Grafana workspace ordinary: no
// file is for it any more.
func (r *Room) releaseAll(ctx context.Context, id hearth.GrafanaID) error {
	kept := func(tx store.Tx) (boards []*dash, sources []*source, err error) {
		list, err := all[dash](tx, dashboardBucket, key(id))
		if err != nil {
			return nil, nil, err
		}
		for _, d := range list {
			if d.Provider != "" {
				boards = append(boards, d)
			}
		}
		all, err := sourcesIn(tx, id)
		for _, s := range all {
			if s.File != "" {
				sources = append(sources, s)
			}
		}
		return boards, sources, err
	}
	n := 0
	err := r.opts.Store.View(ctx, func(tx store.Tx) error {
		boards, sources, err := kept(tx)
		n = len(boards) + len(sources)
		return err
	})
	if err != nil || n == 0 {
		return err
	}
	return r.opts.Store.Update(ctx, func(tx store.Tx) error {
		boards, sources, err := kept(tx)
		if err != nil {
			return err
		}
		for _, d := range boards {
			d.release()
			if err := put(tx, dashboardBucket, key(id, d.UID), d); err != nil {
				return err
			}
		}
		for _, s := range sources {
			s.File, s.ReadOnly, s.Prune = "", false, false
			if err := put(tx, sourceBucket, key(id, s.UID), s); err != nil {
				return err
			}
		}
		return nil
	})
}
