package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/hearth-metrics/hearth"
)

// WasOpen lists the workspaces that were open when the engine last stopped, in
// whatever way it stopped.
func (e *Engine) WasOpen() ([]hearth.WorkspaceID, error) {
	entries, err := os.ReadDir(e.opts.Dir)
	if err != nil {
		return nil, fmt.Errorf("list workspaces: %w", err)
	}
	var ids []hearth.WorkspaceID
	for _, d := range entries {
		id, ok := hearth.ParseWorkspaceID(d.Name())
		if !ok || !d.IsDir() {
			continue
		}
		if z := readSize(filepath.Join(e.opts.Dir, d.Name())); z.Warm || !z.Clean {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// Warm opens workspaces, as many at a time as the entrance lets in, so that the first request need not
// wait for replay. Opened tells after each how many of them are done; it may be
// nil, and it may be called concurrently. A workspace that does not open is
// reported in the error and does not keep the others from it. Once ctx ends,
// nothing more is opened.
func (e *Engine) Warm(ctx context.Context, all []hearth.Workspace, opened func(done int)) error {
	var (
		g    errgroup.Group
		done atomic.Int64
		errs = make([]error, len(all))
	)
	g.SetLimit(cap(e.entrance.all))
	for i, ws := range all {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error {
			h, err := e.Head(ctx, ws)
			if err == nil {
				h.Release()
			}
			errs[i] = err
			if n := done.Add(1); opened != nil {
				opened(int(n))
			}
			return nil
		})
	}
	return errors.Join(g.Wait(), ctx.Err(), errors.Join(errs...))
}
