package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// profileSeconds is how long a CPU profile lasts, unless what it is of is slow.
const profileSeconds = 5

// profile records a CPU profile while something runs, if the user asked for
// them. The function it returns waits for its end.
func (b *bench) profile(ctx context.Context, s *server, what string) func() {
	return b.profileFor(ctx, s, what, profileSeconds)
}

func (b *bench) profileFor(ctx context.Context, s *server, what string, seconds int) func() {
	if b.profiles == "" {
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.record(ctx, s, what, "profile?seconds="+strconv.Itoa(seconds))
	}()
	return func() { <-done }
}

// heapProfile records what is on the heap, if the user asked for profiles.
func (b *bench) heapProfile(ctx context.Context, s *server, what string) {
	if b.profiles != "" {
		b.record(ctx, s, what+"-heap", "heap?gc=1")
	}
}

func (b *bench) record(ctx context.Context, s *server, what, profile string) {
	name := strings.ToLower(s.peer.name) + "-" + what + ".pprof"
	text, err := s.pprof(ctx, profile)
	if err == nil {
		err = os.WriteFile(filepath.Join(b.profiles, name), text, 0o644)
	}
	if err != nil {
		b.log.Warn("no profile", "of", name, "err", err)
	}
}
