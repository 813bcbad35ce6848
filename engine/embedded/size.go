package embedded

import (
	"encoding/json"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/hearth-metrics/hearth/engine"
)

// sizeFile holds a workspace's size, in its directory.
const sizeFile = "size.json"

// A size is what a workspace had when it was last looked at, so that it can be
// told without opening it and so that it is opened with tables that fit. Losing
// it loses no sample.
type size struct {
	Clean     bool  `json:"clean"` // closed without trouble since it was last opened
	Warm      bool  `json:"warm"`  // open when the engine stopped
	Exemplars int64 `json:"exemplars,omitempty"`

	Series      int64   `json:"series"`
	Histograms  int64   `json:"native_histogram_series,omitempty"`
	LabelSets   []int64 `json:"label_sets,omitempty"`
	MinTime     int64   `json:"min_time"`
	MaxTime     int64   `json:"max_time"`
	DiskBytes   int64   `json:"disk_bytes"`
	OldestBlock int64   `json:"oldest_block,omitempty"` // its end, if there is one
}

// emptySize is that of a workspace never opened.
var emptySize = size{Clean: true, MinTime: math.MaxInt64, MaxTime: math.MinInt64}

// readSize returns the recorded size. Without a readable record a workspace
// that has files counts as not closed cleanly.
func readSize(dir string) size {
	b, err := os.ReadFile(filepath.Join(dir, sizeFile))
	z := emptySize
	if err == nil && json.Unmarshal(b, &z) == nil {
		return z
	}
	z = emptySize
	_, err = os.Stat(filepath.Join(dir, "wal"))
	z.Clean = os.IsNotExist(err)
	return z
}

func (z *size) write(dir string) error {
	b, err := json.Marshal(z)
	if err != nil {
		return err
	}
	tmp := filepath.Join(dir, sizeFile+".new")
	if err := os.WriteFile(tmp, b, fileMode); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(dir, sizeFile))
}

func (z *size) take(st engine.Stats) {
	z.Series, z.Histograms, z.LabelSets = st.ActiveSeries, st.NativeHistogramSeries, st.LabelSets
	z.MinTime, z.MaxTime, z.DiskBytes = st.MinTime, st.MaxTime, st.DiskBytes
}

func (z *size) stats() engine.Stats {
	return engine.Stats{
		ActiveSeries: z.Series, NativeHistogramSeries: z.Histograms, LabelSets: z.LabelSets,
		MinTime: z.MinTime, MaxTime: z.MaxTime, DiskBytes: z.DiskBytes,
	}
}

// keepSize changes the recorded size. A failure is only logged: the record can
// be done without.
func (l *live) keepSize(change func(*size)) {
	l.sizeMu.Lock()
	defer l.sizeMu.Unlock()
	change(&l.size)
	l.size.OldestBlock = oldestBlock(l.db)
	if err := l.size.write(l.space.dir); err != nil {
		l.e.log.Warn("record workspace size", "workspace", l.space.id, "err", err)
	}
}

// dirBytes adds up the files below dir.
func dirBytes(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // gone meanwhile
		}
		if info, err := d.Info(); err == nil {
			n += info.Size()
		}
		return nil
	})
	return n
}
