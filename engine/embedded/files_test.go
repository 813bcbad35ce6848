package embedded

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/metadata"

	"github.com/hearth-metrics/hearth/engine"
)

// Samples are their owner's alone, whatever the mode of the folder above, and
// also where an earlier version made the directory.
func TestOnlyTheOwnerReads(t *testing.T) {
	dir, ws := filepath.Join(t.TempDir(), "workspaces"), testWorkspace()
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	e := openEngine(t, Options{Dir: dir})
	h := pinHead(t, e, ws)
	if err := commitNumber(h, 1); err != nil {
		t.Fatal(err)
	}
	md := engine.Metadata{Metric: "up", Metadata: metadata.Metadata{Type: model.MetricTypeGauge}}
	if _, err := h.StoreMetadata(t.Context(), []engine.Metadata{md}); err != nil {
		t.Fatal(err)
	}
	h.Release()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	in := filepath.Join(dir, string(ws.ID))
	for path, want := range map[string]fs.FileMode{
		dir: 0o700, in: 0o700, filepath.Join(in, metadataFile): 0o600, filepath.Join(in, sizeFile): 0o600,
	} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", filepath.Base(path), got, want)
		}
	}
}
