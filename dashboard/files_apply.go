package dashboard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hearth-metrics/hearth"
	"github.com/hearth-metrics/hearth/store"
)

// kept tells whether a file keeps the dashboard, and people may not change it.
func (d *dash) kept() bool { return d.Provider != "" && !d.UI }

// release makes a dashboard that a file kept an ordinary one.
func (d *dash) release() { d.Provider, d.File, d.Sum, d.UI, d.Stay = "", "", "", false, false }

// asFiles is the call in whose name files change a Grafana workspace.
func asFiles(w hearth.GrafanaWorkspace) *Call {
	return &Call{Workspace: w, User: hearth.GrafanaUser{Workspace: w.ID, Login: "provisioning", Role: hearth.GrafanaAdmin}}
}

// applyDashboards makes a Grafana workspace have the dashboards of files: each in
// one change, so that a wrong file changes nothing and keeps no other from counting.
func (r *Room) applyDashboards(ctx context.Context, w hearth.GrafanaWorkspace, want []*found, gone func(*dash) bool) (faults []Fault, err error) {
	c := asFiles(w)
	have := map[string]*dash{}
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		list, err := all[dash](tx, dashboardBucket, key(w.ID))
		for _, d := range list {
			if d.Provider != "" {
				have[d.Provider+"\x00"+d.File] = d
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, f := range want {
		wanted[f.provider.Name+"\x00"+f.name] = true
	}
	// What is gone goes first: a file that was renamed keeps its dashboard's uid.
	for k, d := range have {
		if wanted[k] || !gone(d) {
			continue
		}
		if err := r.dropKept(ctx, w.ID, d, want); err != nil {
			return nil, err
		}
	}
	for _, f := range want {
		if f.err != nil {
			continue // told already
		}
		err := r.applyFile(ctx, c, f, have[f.provider.Name+"\x00"+f.name])
		if _, ok := asFault(err); ok {
			faults = append(faults, Fault{File: f.path, Msg: err.Error()})
			err = nil
		}
		if err != nil {
			return faults, fmt.Errorf("%s: %w", f.path, err)
		}
	}
	return faults, nil
}

// asFault tells errors that the file is to blame for.
func asFault(err error) (*hearth.Error, bool) {
	e, ok := errors.AsType[*hearth.Error](err)
	return e, ok && e.Kind != hearth.Internal && e.Kind != hearth.Unavailable
}

// dropKept deletes a dashboard whose file is gone, or lets it be if the provider says
// so. One that another file has now waits for that.
func (r *Room) dropKept(ctx context.Context, id hearth.GrafanaID, was *dash, want []*found) error {
	for _, f := range want {
		if f.err == nil && f.uid == was.UID {
			return nil
		}
	}
	return r.opts.Store.Update(ctx, func(tx store.Tx) error {
		d, err := get[dash](tx, dashboardBucket, key(id, was.UID))
		if err != nil || d == nil || d.Provider != was.Provider || d.File != was.File {
			return err
		}
		if d.Stay {
			d.release()
			return put(tx, dashboardBucket, key(id, d.UID), d)
		}
		r.opts.Log.Info("a dashboard's provisioning file is gone, and so is the dashboard", "grafana_workspace", id, "dashboard", d.UID, "file", d.File)
		return dropDashboard(tx, id, d)
	})
}

func (r *Room) applyFile(ctx context.Context, c *Call, f *found, have *dash) error {
	p := f.provider
	if have != nil && have.Sum == f.sum && have.UI == p.UI && have.Stay == p.Stay && (have.UID == f.uid || f.uid == "") {
		return nil
	}
	raw, err := f.load()
	if err != nil {
		return bad("%v", err)
	}
	err = r.opts.Store.Update(ctx, func(tx store.Tx) error { return r.saveFile(tx, c, f, raw, have) })
	if err == nil {
		r.metrics.provisioned.Inc()
		r.opts.Log.Info("a provisioning file made or changed a dashboard", "grafana_workspace", c.id(), "file", f.path)
	}
	return err
}

// saveFile saves the dashboard of a file within tx, over one of the same uid that
// people made.
func (r *Room) saveFile(tx store.Tx, c *Call, f *found, raw []byte, have *dash) error {
	h, err := readHead(raw)
	if err != nil {
		return err
	}
	old, err := r.fileMeans(tx, c.id(), f, have)
	if err != nil {
		return err
	}
	to, err := r.fileFolder(tx, c, f)
	if err != nil {
		return err
	}
	same, err := r.namesake(tx, c.id(), h.Title, to, old)
	if err != nil {
		return err
	}
	if same != nil {
		return bad("the folder has another dashboard with the title %q, whose uid is %s", h.Title, same.UID)
	}
	keep := &keeper{provider: f.provider, file: f.name, sum: f.sum}
	if old != nil && old.Sum == f.sum && old.Provider == f.provider.Name && old.File == f.name && old.Folder == to {
		keep.mark(old) // only what the provider says of it changed
		return put(tx, dashboardBucket, key(c.id(), old.UID), old)
	}
	_, err = r.keepDashboard(tx, c, h, old, to, save{JSON: bytes.Clone(raw), Keeper: keep, Message: "provisioning file " + f.name})
	return err
}

// fileMeans finds the dashboard that a file is about: the one with its uid, or, if
// it has none, the one that it made before.
func (r *Room) fileMeans(tx store.Tx, id hearth.GrafanaID, f *found, have *dash) (*dash, error) {
	if f.uid == "" {
		if have == nil {
			return nil, nil
		}
		return get[dash](tx, dashboardBucket, key(id, have.UID))
	}
	if have != nil && have.UID != f.uid {
		if err := dropDashboard(tx, id, have); err != nil { // the file is about another one now
			return nil, err
		}
	}
	return get[dash](tx, dashboardBucket, key(id, f.uid))
}

// fileFolder finds or makes the folder of a file.
func (r *Room) fileFolder(tx store.Tx, c *Call, f *found) (uid string, err error) {
	if f.folder == "" {
		return "", nil
	}
	list, err := all[folder](tx, folderBucket, key(c.id()))
	if err != nil {
		return "", err
	}
	for _, o := range list {
		if f.provider.UID != "" && o.UID == f.provider.UID || f.provider.UID == "" && o.Parent == "" && strings.EqualFold(o.Title, f.folder) {
			return o.UID, nil
		}
	}
	made, err := r.addFolder(tx, c, f.provider.UID, f.folder, "")
	if err != nil {
		return "", err
	}
	return made.UID, nil
}

// A keeper is the file that keeps a dashboard.
type keeper struct {
	provider *provider
	file     string
	sum      string
}

func (k *keeper) mark(d *dash) {
	d.Provider, d.File, d.Sum, d.UI, d.Stay = k.provider.Name, k.file, k.sum, k.provider.UI, k.provider.Stay
}

// applySources makes a Grafana workspace have the data sources of files, each file in
// one change.
func (r *Room) applySources(ctx context.Context, w hearth.GrafanaWorkspace, s *setup) (faults []Fault, err error) {
	broken := map[string]bool{}
	for _, f := range s.sources {
		broken[f.name] = broken[f.name] || f.broken
	}
	var stray []string // files that are gone
	err = r.opts.Store.View(ctx, func(tx store.Tx) error {
		list, err := sourcesIn(tx, w.ID)
		for _, have := range list {
			if _, known := broken[have.File]; s.whole && have.File != "" && !known && !slices.Contains(stray, have.File) {
				stray = append(stray, have.File)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	files := slices.Clone(s.sources)
	for _, name := range stray {
		files = append(files, &sourceFile{name: name})
	}
	for _, f := range files {
		if broken[f.name] {
			continue
		}
		err := r.applySourceFile(ctx, w.ID, f)
		if _, ok := asFault(err); ok {
			faults = append(faults, Fault{File: f.name, Msg: err.Error()})
			err = nil
		}
		if err != nil {
			return faults, fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return faults, nil
}

var errNothing = errors.New("nothing to change")

// applySourceFile changes nothing if there is nothing to change.
func (r *Room) applySourceFile(ctx context.Context, id hearth.GrafanaID, f *sourceFile) error {
	err := r.opts.Store.Update(ctx, func(tx store.Tx) error {
		changed := false
		for _, in := range f.sources {
			did, err := r.keepSource(tx, id, f, in)
			if err != nil {
				return err
			}
			changed = changed || did
		}
		did, err := dropStraySources(tx, id, f)
		if err == nil && !changed && !did {
			err = errNothing
		}
		return err
	})
	if errors.Is(err, errNothing) {
		return nil
	}
	if err == nil {
		r.metrics.provisioned.Inc()
		r.opts.Log.Info("a provisioning file changed data sources", "grafana_workspace", id, "file", f.name)
	}
	return err
}

// keepSource makes or changes a data source of a file within tx. It tells whether
// there was something to change.
func (r *Room) keepSource(tx store.Tx, id hearth.GrafanaID, f *sourceFile, in *fileSource) (changed bool, err error) {
	list, err := sourcesIn(tx, id)
	if err != nil {
		return false, err
	}
	var s *source
	for _, o := range list {
		if in.UID != "" && o.UID == in.UID || in.UID == "" && o.Name == in.Name {
			s = o
		}
	}
	if s == nil {
		input := in.sourceInput
		if s, err = r.addSource(tx, id, &input); err != nil {
			return false, err
		}
		s.File, s.Prune, s.ReadOnly = f.name, f.prune, !in.editable
		return true, put(tx, sourceBucket, key(id, s.UID), s)
	}
	same, err := r.sameSource(id, s, f, in)
	if err != nil || same {
		return false, err
	}
	s.Sealed = nil // the file has all the secrets
	r.apply(id, s, &in.sourceInput)
	s.File, s.Prune, s.ReadOnly = f.name, f.prune, !in.editable
	s.Version++
	return true, putSource(tx, id, s)
}

// sameSource tells whether a data source is as its file has it.
func (r *Room) sameSource(id hearth.GrafanaID, s *source, f *sourceFile, in *fileSource) (bool, error) {
	if s.File != f.name || s.Prune != f.prune || s.ReadOnly == in.editable || s.Name != in.Name || s.Type != in.Type || s.Access != orElse(in.Access, "proxy") ||
		s.URL != in.URL || s.User != in.User || s.Database != in.Database || s.BasicAuth != in.BasicAuth || s.BasicAuthUser != in.BasicAuthUser ||
		s.WithCredentials != in.WithCredentials || in.Default && !s.Default || !bytes.Equal(s.JSON, in.JSON) {
		return false, nil
	}
	secrets := map[string]string{}
	for name := range s.Sealed {
		v, err := r.secret(id, s, name)
		if err != nil {
			return false, err
		}
		secrets[name] = v
	}
	want := maps.Clone(in.Secure)
	maps.DeleteFunc(want, func(_, v string) bool { return v == "" })
	return maps.Equal(secrets, want), nil
}

// dropStraySources deletes data sources that the file says to delete, and those it
// does not have any more, if it prunes; the rest becomes ordinary.
func dropStraySources(tx store.Tx, id hearth.GrafanaID, f *sourceFile) (changed bool, err error) {
	list, err := sourcesIn(tx, id)
	if err != nil {
		return false, err
	}
	kept, remove := map[string]bool{}, map[string]bool{}
	for _, in := range f.sources {
		kept[in.Name] = true
	}
	for _, name := range f.remove {
		remove[name] = true
	}
	for _, s := range list {
		stray := s.File == f.name && !kept[s.Name]
		switch {
		case remove[s.Name] || stray && s.Prune:
			err = tx.Delete(sourceBucket, key(id, s.UID))
		case stray:
			s.File, s.ReadOnly, s.Prune = "", false, false
			err = put(tx, sourceBucket, key(id, s.UID), s)
		default:
			continue
		}
		changed = true
		if err != nil {
			return changed, err
		}
	}
	return changed, nil
}
