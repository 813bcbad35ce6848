package scraper

import "sync"

// committers write the batches of scrapes in goroutines of their own. Writing the
// log needs a deep stack, for it compresses; in the loop of each of thousands of
// targets it would grow that loop's stack to 64 KB after every garbage collection,
// which costs more than the writing.
type committers struct {
	work chan commitment
	all  sync.WaitGroup
}

type commitment struct {
	commit func() error
	done   chan error
}

// commitsAtOnce is how many batches can wait for the disk together. A loop that
// finds nobody free commits by itself.
const commitsAtOnce = 32

func newCommitters() *committers { return &committers{work: make(chan commitment)} }

// start begins the work, for as long as stop is not called.
func (cs *committers) start() (stop func()) {
	end := make(chan struct{})
	for range commitsAtOnce {
		cs.all.Go(func() { cs.run(end) })
	}
	return func() { close(end); cs.all.Wait() }
}

func (cs *committers) run(end <-chan struct{}) {
	for {
		select {
		case c := <-cs.work:
			c.done <- c.commit()
		case <-end:
			return
		}
	}
}

// do commits, elsewhere if somebody is free.
func (cs *committers) do(commit func() error) error {
	c := commitment{commit, make(chan error, 1)}
	select {
	case cs.work <- c:
		return <-c.done
	default:
		return commit()
	}
}
