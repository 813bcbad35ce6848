package embedded

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hearth-metrics/hearth"
)

// deletingPrefix marks a directory whose removal has begun. What a crash leaves
// of it goes at the next start.
const deletingPrefix = ".deleting-"

// forgetAfter is how long a deletion is remembered once the files are gone and
// nobody asks for the workspace any more. What keeps deleted workspaces out for
// good is that their ids are never used again; this keeps out who learnt of one
// before.
const forgetAfter = time.Hour

// gone tells whether the workspace was deleted. It is called with mu held.
func (e *Engine) gone(id hearth.WorkspaceID) bool {
	_, gone := e.deleted[id]
	if gone {
		e.deleted[id] = e.now()
	}
	return gone
}

func (e *Engine) forgetDeletions() {
	before := e.now().Add(-forgetAfter)
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, asked := range e.deleted {
		if e.spaces[id] == nil && asked.Before(before) {
			delete(e.deleted, id)
		}
	}
}

// Delete implements engine.Engine. If ctx ends before the last pin goes, the
// workspace stays refused and Run removes its files later.
func (e *Engine) Delete(ctx context.Context, id hearth.WorkspaceID) error {
	if _, ok := hearth.ParseWorkspaceID(string(id)); !ok {
		return notFound(id)
	}
	e.mu.Lock()
	if e.phase != running {
		e.mu.Unlock()
		return stopping(id)
	}
	e.deleted[id] = e.now()
	s := e.spaces[id]
	if s == nil {
		s = newSpace(e, id)
		e.spaces[id] = s
	}
	e.doomed[s] = struct{}{}
	e.mu.Unlock()
	return e.remove(ctx, s)
}

// remove finishes the deletion of a workspace that takes no new pins.
func (e *Engine) remove(ctx context.Context, s *space) error {
	s.mu.Lock()
	s.deleting = true
	s.mu.Unlock()
	if err := s.shut(ctx); err != nil {
		return unavailable(s.id, "the workspace is still in use; its files go when it is not", err)
	}
	away := filepath.Join(e.opts.Dir, deletingPrefix+string(s.id))
	err := os.Rename(s.dir, away)
	if err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("delete workspace %s: %w", s.id, err)
	}
	e.mu.Lock()
	delete(e.spaces, s.id)
	delete(e.doomed, s)
	e.deleted[s.id] = e.now()
	e.mu.Unlock()
	if err := os.RemoveAll(away); err != nil {
		e.leftover.Store(true)
		return fmt.Errorf("delete workspace %s: %w", s.id, err)
	}
	return nil
}

// finishDeletions removes what earlier deletions left, here or in a process
// that ended before it was done.
func (e *Engine) finishDeletions() error {
	errs := []error{e.removeLeftover()}
	e.mu.Lock()
	doomed := slices.Collect(maps.Keys(e.doomed))
	e.mu.Unlock()
	for _, s := range doomed {
		if s.deletable() {
			errs = append(errs, e.remove(context.Background(), s))
		}
	}
	return errors.Join(errs...)
}

// removeLeftover reads the directory only if there is reason to: it is long.
func (e *Engine) removeLeftover() error {
	if !e.leftover.Swap(false) {
		return nil
	}
	left, err := filepath.Glob(filepath.Join(e.opts.Dir, deletingPrefix+"*"))
	errs := []error{err}
	for _, dir := range left {
		if _, ok := hearth.ParseWorkspaceID(strings.TrimPrefix(filepath.Base(dir), deletingPrefix)); ok {
			errs = append(errs, os.RemoveAll(dir))
		}
	}
	err = errors.Join(errs...)
	e.leftover.CompareAndSwap(false, err != nil)
	return err
}

// deletable tells whether the workspace was deleted while in use and no longer
// is.
func (s *space) deletable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deleting && s.change == nil && (s.live == nil || s.live.pins.Load() == 0)
}
