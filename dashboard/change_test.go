package dashboard

import (
	"context"
	"sync"
	"testing"

	"github.com/hearth-metrics/hearth"
)

// Changes of one Grafana workspace that are made at once, as Terraform makes them, wait
// for each other; none is refused because of another.
func TestChangesAtOnce(t *testing.T) {
	s := openShelf(t)
	caller := hearth.WithCaller(t.Context(), hearth.Caller{Account: "000000000000", Region: "us-east-1"})
	running, stop := context.WithCancel(t.Context())
	var room sync.WaitGroup
	room.Go(func() { _ = s.Run(running) })
	defer func() { stop(); room.Wait() }()
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			for range 2 {
				if err := s.Configure(caller, s.id, `{"plugins":{"pluginAdminEnabled":false}}`, nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}
