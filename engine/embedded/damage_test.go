package embedded

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/prometheus/tsdb"

	"github.com/hearth-metrics/hearth"
)

// notes is a Recorder that remembers.
type notes struct {
	mu  sync.Mutex
	all []hearth.Event
}

func (n *notes) Record(e hearth.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, e)
}

// files lists the files that were reported.
func (n *notes) files() (names []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, e := range n.all {
		if e.Kind == hearth.EventStorageTrouble && e.Workspace != "" {
			names = append(names, e.Detail(hearth.DetailFile))
		}
	}
	return names
}

// A crashed workspace is an image of the files of one that was written to and
// never closed: 40 commits in small log segments, over more than two finished
// chunks and a block.
type crashed struct {
	dir string // of the engine
	ws  hearth.Workspace
}

func (c crashed) path(elem ...string) string {
	return filepath.Join(append([]string{c.dir, string(c.ws.ID)}, elem...)...)
}

// crash makes one; commits are numbered from 1 to last.
func crash(t *testing.T, last int64) crashed {
	t.Helper()
	c := crashed{dir: t.TempDir(), ws: testWorkspace()}
	e := openEngine(t, Options{Dir: t.TempDir(), tune: func(o *tsdb.Options) {
		o.WALSegmentSize, o.SamplesPerChunk = 32<<10, 10
	}})
	defer e.Close()
	h, err := e.Head(t.Context(), c.ws)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Release()
	for k := range last {
		if err := commitNumber(h, k+1); err != nil {
			t.Fatal(err)
		}
	}
	h.(*head).live.tidy(t.Context())
	if err := os.CopyFS(c.dir, os.DirFS(e.opts.Dir)); err != nil {
		t.Fatal(err)
	}
	return c
}

// list returns the files of a directory of the workspace, in order.
func (c crashed) list(t *testing.T, dir string) (paths []string) {
	t.Helper()
	entries, err := os.ReadDir(c.path(dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range entries {
		if d.Type().IsRegular() {
			paths = append(paths, c.path(dir, d.Name()))
		}
	}
	return paths
}

// lastFull returns the last segment that holds anything.
func (c crashed) lastFull(t *testing.T) string {
	t.Helper()
	for _, p := range slices.Backward(c.list(t, "wal")) {
		if sizeOf(t, p) > 0 {
			return p
		}
	}
	t.Fatal("no segment holds anything")
	return ""
}

func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// open opens the damaged workspace, checks that it takes and answers, and
// returns what survived and which files were reported.
func (c crashed) open(t *testing.T) (commits map[int64]bool, reported []string) {
	t.Helper()
	n := &notes{}
	e := openEngine(t, Options{Dir: c.dir, Recorder: n})
	defer e.Close()
	commits = map[int64]bool{}
	for ts := range floats(t, e, c.ws)["3"] {
		commits[ts/1000] = true
	}
	h, err := e.Head(context.Background(), c.ws)
	if err != nil {
		t.Fatalf("Head: %v", err)
	}
	defer h.Release()
	if err := commitNumber(h, 1_000_000); err != nil {
		t.Errorf("a damaged workspace takes no samples: %v", err)
	}
	return commits, n.files()
}

// wantCommits fails unless all commits from 1 to last are there, but for at
// most lost of them.
func wantCommits(t *testing.T, got map[int64]bool, last int64, lost int) {
	t.Helper()
	missing := []int64{}
	for k := range last {
		if !got[k+1] {
			missing = append(missing, k+1)
		}
	}
	if len(missing) > lost {
		t.Errorf("%d commits are gone (%v), want at most %d", len(missing), missing, lost)
	}
}

func edit(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(b), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A log cut at any place opens by itself and loses what was cut and no more.
func TestTornLogOpens(t *testing.T) {
	for _, cut := range []int64{1, 2, 6, 7, 8, 33, 100, 250, 400, 999} {
		c := crash(t, 60)
		tail := c.lastFull(t)
		whole := sizeOf(t, tail)
		if err := os.Truncate(tail, max(0, whole-cut)); err != nil {
			t.Fatal(err)
		}
		got, reported := c.open(t)
		wantCommits(t, got, 60, 2+int(cut/100))
		if cut%7 != 0 && cut > 8 && len(reported) == 0 && got[60] {
			t.Errorf("cut %d: nothing was reported", cut)
		}
		again, _ := c.open(t) // and it stays open to be opened
		if len(again) < len(got) {
			t.Errorf("cut %d: %d commits at first, %d when opened again", cut, len(got), len(again))
		}
	}
}

// Damage in the middle of the log loses the rest of one segment, not the
// segments after it, and the damaged file is kept.
func TestDamageInsideTheLog(t *testing.T) {
	c := crash(t, 400)
	segments := c.list(t, "wal")
	if len(segments) < 4 {
		t.Fatalf("%d segments, want more to damage", len(segments))
	}
	victim := segments[2]
	was, err := os.ReadFile(victim)
	if err != nil {
		t.Fatal(err)
	}
	edit(t, victim, func(b []byte) []byte { b[len(b)/2] ^= 0xff; return b })
	got, reported := c.open(t)
	if !got[400] || !got[1] {
		t.Errorf("damage in segment 2 of %d: first commit there: %v, last: %v", len(segments), got[1], got[400])
	}
	kept, err := filepath.Glob(c.path(quarantineDir, "*", "wal", filepath.Base(victim)))
	if err != nil || len(kept) != 1 || sizeOf(t, kept[0]) != int64(len(was)) {
		t.Errorf("quarantine has %v (%v), want the whole segment of %d bytes", kept, err, len(was))
	}
	if !slices.Contains(reported, "wal/"+filepath.Base(victim)) {
		t.Errorf("reported %v, want the segment", reported)
	}
}

// Empty, torn, missing and strange files never stop a workspace from opening,
// and lose nothing that another file has.
func TestDamagedFilesOpen(t *testing.T) {
	const last = 100
	for _, d := range []struct {
		name   string
		damage func(*testing.T, crashed)
		lost   int
	}{
		{"empty last segment", func(t *testing.T, c crashed) {
			writeFile(t, c.path("wal", "00000099"), nil)
		}, 0},
		{"segment numbered far on", func(t *testing.T, c crashed) {
			writeFile(t, c.path("wal", "90000000"), []byte("what is this"))
		}, 0},
		{"empty chunk file at the end", func(t *testing.T, c crashed) {
			writeFile(t, c.path("chunks_head", "000009"), nil)
		}, 0},
		{"first chunk file emptied", func(t *testing.T, c crashed) {
			writeFile(t, c.list(t, "chunks_head")[0], nil)
		}, 0},
		{"chunk file of garbage", func(t *testing.T, c crashed) {
			edit(t, c.list(t, "chunks_head")[0], func(b []byte) []byte { return []byte(strings.Repeat("garbage", 100)) })
		}, 0},
		{"torn chunk file", func(t *testing.T, c crashed) {
			edit(t, c.list(t, "chunks_head")[0], func(b []byte) []byte { return b[:700] })
		}, 0},
		{"damaged chunk", func(t *testing.T, c crashed) {
			edit(t, c.list(t, "chunks_head")[0], func(b []byte) []byte { b[300] ^= 0xff; return b })
		}, 0},
		{"no size file", func(t *testing.T, c crashed) { remove(t, c.path(sizeFile)) }, 0},
		{"size file of garbage", func(t *testing.T, c crashed) { writeFile(t, c.path(sizeFile), []byte("{")) }, 0},
		{"metadata of garbage", func(t *testing.T, c crashed) { writeFile(t, c.path(metadataFile), []byte("garbage here")) }, 0},
		{"block without content", func(t *testing.T, c crashed) {
			mkdir(t, c.path("01JB0000000000000000000000"))
			writeFile(t, c.path("01JB0000000000000000000000", "meta.json"), []byte(`{"ulid":"01JB0000000000000000000000","minTime":0,"maxTime":1,"version":1}`))
		}, 0},
		{"snapshot of garbage", func(t *testing.T, c crashed) {
			mkdir(t, c.path("chunk_snapshot.000000.0000000001"))
			writeFile(t, c.path("chunk_snapshot.000000.0000000001", "00000000"), []byte("garbage here"))
		}, 0},
		{"checkpoint of garbage", func(t *testing.T, c crashed) {
			mkdir(t, c.path("wal", "checkpoint.00000000"))
			writeFile(t, c.path("wal", "checkpoint.00000000", "00000000"), []byte("garbage here"))
			remove(t, c.path("wal", "00000000"))
		}, last},
		{"staging left by a crash", func(t *testing.T, c crashed) {
			mkdir(t, c.path(stagingDir, "wal"))
			if err := os.Rename(c.path("wal", "00000000"), c.path(stagingDir, "wal", "00000000")); err != nil {
				t.Fatal(err)
			}
		}, 0},
	} {
		t.Run(d.name, func(t *testing.T) {
			c := crash(t, last)
			d.damage(t, c)
			got, _ := c.open(t)
			wantCommits(t, got, last, d.lost)
			if left, _ := os.Stat(c.path(stagingDir)); left != nil {
				t.Errorf("the staging directory is left")
			}
		})
	}
}

// A damaged workspace that was closed cleanly is not read through before it is
// opened; the damage is found while opening, and the TSDB's own repair, which
// would drop the rest of the log, is undone.
func TestDamageAfterACleanStop(t *testing.T) {
	c := crash(t, 400)
	segments := c.list(t, "wal")
	edit(t, segments[1], func(b []byte) []byte { b[len(b)/2] ^= 0xff; return b })
	z := emptySize
	if err := z.write(c.path()); err != nil {
		t.Fatal(err)
	}
	got, reported := c.open(t)
	if !got[400] || !got[1] || len(reported) == 0 {
		t.Errorf("first commit there: %v, last: %v, reported %v", got[1], got[400], reported)
	}
}

func TestDamagedBlockGoesAside(t *testing.T) {
	dir, ws := t.TempDir(), testWorkspace()
	e := openEngine(t, Options{Dir: dir})
	writeHours(t, e, ws, 9)
	upkeepNow(t, e, ws)
	blocks, err := filepath.Glob(filepath.Join(dir, string(ws.ID), "01*"))
	if err != nil || len(blocks) == 0 {
		t.Fatalf("blocks: %v, %v", blocks, err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(blocks[0], "index"), []byte("garbage"))
	n := &notes{}
	e = openEngine(t, Options{Dir: dir, Recorder: n})
	defer e.Close()
	if got := floats(t, e, ws)["1"]; len(got) == 0 {
		t.Error("nothing of the rest is there")
	}
	if !slices.Contains(n.files(), filepath.Base(blocks[0])) {
		t.Errorf("reported %v, want block %s", n.files(), filepath.Base(blocks[0]))
	}
}

func writeFile(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}
