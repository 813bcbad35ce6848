package embedded

import (
	"log/slog"
	"os"
	"testing"

	"github.com/hearth-metrics/hearth/engine"
	"github.com/hearth-metrics/hearth/engine/enginetest"
)

// testLog shows what goes wrong and not what goes on.
func testLog() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
}

func openEngine(t testing.TB, o Options) *Engine {
	t.Helper()
	if o.Log == nil {
		o.Log = testLog()
	}
	e, err := Open(o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return e
}

func TestEngine(t *testing.T) {
	for _, d := range []Durability{Process, Disk} {
		t.Run(string(d), func(t *testing.T) {
			enginetest.Run(t, func(t *testing.T, o enginetest.Options) engine.Engine {
				return openEngine(t, Options{Dir: o.Dir, MaxOpen: o.MaxOpen, Durability: d})
			})
		})
	}
}
