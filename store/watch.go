package store

import "sync"

// watchers tells whoever asked of changes to buckets. The zero value is ready.
type watchers struct {
	mu  sync.Mutex
	all map[string]map[chan struct{}]bool
}

func (w *watchers) add(bucket string) (<-chan struct{}, func()) {
	c := make(chan struct{}, 1) // one that was not read yet stands for all
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = map[string]map[chan struct{}]bool{}
	}
	if w.all[bucket] == nil {
		w.all[bucket] = map[chan struct{}]bool{}
	}
	w.all[bucket][c] = true
	return c, func() { w.remove(bucket, c) }
}

func (w *watchers) remove(bucket string, c chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.all[bucket], c)
	if len(w.all[bucket]) == 0 {
		delete(w.all, bucket)
	}
}

func (w *watchers) notify(buckets map[string]bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for bucket := range buckets {
		for c := range w.all[bucket] {
			select {
			case c <- struct{}{}:
			default:
			}
		}
	}
}
