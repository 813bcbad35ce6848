package store

import (
	"context"
	"time"
)

// Await waits, at most for limit, until busy says no. It asks anew whenever the
// bucket changes. A caller that does not come to see it decides by itself what to
// do with what is still busy.
func Await(ctx context.Context, s Store, bucket string, limit time.Duration, busy func(Tx) bool) {
	changed, stop := s.Changed(bucket)
	defer stop()
	late := time.NewTimer(limit)
	defer late.Stop()
	for {
		still := false
		err := s.View(ctx, func(tx Tx) error {
			still = busy(tx)
			return nil
		})
		if err != nil || !still {
			return
		}
		select {
		case <-changed:
		case <-late.C:
			return
		case <-ctx.Done():
			return
		}
	}
}
