package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// generatorConnections is how many requests are under way at a time.
const generatorConnections = 4

// A sender writes a load to one place.
type sender struct {
	server *server
	path   string // before /api/v1
	load   *load
	acked  atomic.Int64 // samples answered 2xx
	sent   atomic.Int64 // samples in requests begun

	mu        sync.Mutex
	latencies []time.Duration
}

// post sends one batch of one round.
func (s *sender) post(ctx context.Context, round, batch int) error {
	n := int64(s.load.samples[batch])
	s.sent.Add(n)
	begun := time.Now()
	if err := s.server.write(ctx, s.path, s.load.protocol, s.load.bodies[round][batch]); err != nil {
		return err
	}
	took := time.Since(begun)
	s.acked.Add(n)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latencies = append(s.latencies, took)
	return nil
}

// together is how many rounds connections may drift apart: less than makes a
// sample too old to be taken.
const together = 20

// rounds sends rounds from up to but without to, as fast as they are taken.
func (s *sender) rounds(ctx context.Context, from, to int) error {
	for ; from < to; from += together {
		if err := s.stretch(ctx, from, min(to, from+together)); err != nil {
			return err
		}
	}
	return nil
}

// stretch sends some rounds. Each series has its connection, so its samples come
// in order.
func (s *sender) stretch(ctx context.Context, from, to int) error {
	g, ctx := errgroup.WithContext(ctx)
	for c := range generatorConnections {
		g.Go(func() error {
			for r := from; r < to; r++ {
				for b := c; b < len(s.load.samples); b += generatorConnections {
					if err := s.post(ctx, r, b); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// forget drops the latencies so far.
func (s *sender) forget() { s.latencies = nil }

// quantile is the latency that the share q of requests stayed below.
func (s *sender) quantile(q float64) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return quantile(s.latencies, q)
}

func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	all = slices.Sorted(slices.Values(all))
	return all[min(len(all)-1, int(q*float64(len(all))))]
}

// write sends one remote-write request.
func (s *server) write(ctx context.Context, path string, p protocol, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url()+path+"/api/v1/"+s.peer.write, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", p.contentType)
	req.Header.Set("Content-Encoding", "snappy")
	req.Header.Set("X-Prometheus-Remote-Write-Version", p.version)
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = &refusal{status: resp.StatusCode, text: string(text)}
	}
	return err
}
