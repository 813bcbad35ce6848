package embedded

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/oklog/ulid/v2"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/wlog"
)

// repairs is how many ways of repairing are tried, gentlest first.
const repairs = 3

// repair does the next more drastic thing after an opening failed.
func (r *rescue) repair(try int) error {
	switch try {
	case 0:
		return errors.Join(r.repairLogs(), r.repairBlocks())
	case 1: // both are copies of what the log has
		return errors.Join(r.quarantineAll("chunk_snapshot.*"), r.quarantineAll("chunks_head"))
	default:
		return errors.Join(r.quarantineAll("wal/checkpoint.*"), r.quarantineAll("wbl"))
	}
}

func (r *rescue) quarantineAll(pattern string) error {
	found, err := filepath.Glob(filepath.Join(r.dir, filepath.FromSlash(pattern)))
	if err != nil {
		return err
	}
	for _, path := range found {
		rel, err := filepath.Rel(r.dir, path)
		if err != nil {
			return err
		}
		if err := r.quarantine(rel, "the workspace did not open with it"); err != nil {
			return err
		}
	}
	return nil
}

// A numbered file is one of a sequence: a log segment or a head chunk file.
type numbered struct {
	n   int
	rel string
}

// sequence lists the numbered files of a directory in order.
func (r *rescue) sequence(dir string) ([]numbered, error) {
	entries, err := os.ReadDir(filepath.Join(r.dir, dir))
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	var files []numbered
	for _, d := range entries {
		if n, err := strconv.Atoi(d.Name()); err == nil && n >= 0 && d.Type().IsRegular() {
			files = append(files, numbered{n, filepath.Join(dir, d.Name())})
		}
	}
	slices.SortFunc(files, func(a, b numbered) int { return a.n - b.n })
	return files, nil
}

// logDirs lists the directories that hold log segments.
func (r *rescue) logDirs() []string {
	dirs := []string{"wal", wlog.WblDirName}
	checkpoints, err := filepath.Glob(filepath.Join(r.dir, "wal", "checkpoint.*"))
	if err != nil {
		return dirs
	}
	for _, c := range checkpoints {
		if !strings.HasSuffix(c, ".tmp") {
			dirs = append(dirs, filepath.Join("wal", filepath.Base(c)))
		}
	}
	return dirs
}

// widestGap is how many missing segments are stood in for by empty ones. A file
// numbered further on does not belong to the log.
const widestGap = 1000

// fillGaps makes empty segments where some are missing: the TSDB would refuse
// to open a log with a gap, while the segments around it are good.
func (r *rescue) fillGaps() error {
	for _, dir := range r.logDirs() {
		files, err := r.sequence(dir)
		if err != nil {
			return err
		}
		for i := 1; i < len(files); i++ {
			if err := r.fillGap(dir, files[i-1].n, files[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *rescue) fillGap(dir string, after int, before numbered) error {
	if before.n-after > widestGap {
		return r.quarantine(before.rel, "its number does not continue the log")
	}
	for n := after + 1; n < before.n; n++ {
		f, err := createFile(wlog.SegmentName(filepath.Join(r.dir, dir), n))
		if err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

// repairLogs reads all segments and cuts each at its first damaged record. The
// segments after it stay, unlike with the TSDB's own repair.
func (r *rescue) repairLogs() error {
	for _, dir := range r.logDirs() {
		files, err := r.sequence(dir)
		if err != nil {
			return err
		}
		for _, f := range files {
			if err := r.repairSegment(f.rel); err != nil {
				return fmt.Errorf("repair %s: %w", f.rel, err)
			}
		}
	}
	return nil
}

func (r *rescue) repairSegment(rel string) error {
	path := filepath.Join(r.dir, rel)
	good, damage, err := goodBytes(path)
	if err != nil || damage == nil {
		return err
	}
	if err := r.quarantine(rel, "a log segment is damaged: "+damage.Error()); err != nil {
		return err
	}
	return copyPrefix(filepath.Join(r.into, rel), path, good)
}

// goodBytes returns how much of a segment can be read, and what is wrong after
// that; damage is nil if nothing is.
func goodBytes(path string) (good int64, damage, err error) {
	s, err := wlog.OpenReadSegment(path)
	if err != nil {
		return 0, nil, err
	}
	in := wlog.NewSegmentBufReader(s)
	defer in.Close()
	reader := wlog.NewReader(in)
	for reader.Next() {
		good = reader.Offset()
	}
	if c, ok := errors.AsType[*wlog.CorruptionErr](reader.Err()); ok {
		return good, c.Err, nil
	}
	return good, nil, reader.Err()
}

// repairChunks moves head chunk files aside from the first one on that is no
// such file: the TSDB would not start, and the log has their samples.
func (r *rescue) repairChunks() error {
	files, err := r.sequence("chunks_head")
	if err != nil {
		return err
	}
	for i, f := range files {
		if (i == 0 || f.n == files[i-1].n+1) && chunkFile(filepath.Join(r.dir, f.rel)) {
			continue
		}
		for _, f := range files[i:] {
			if err := r.quarantine(f.rel, "a file of finished chunks is damaged; the log has its samples"); err != nil {
				return err
			}
		}
		return nil
	}
	return nil
}

// chunkFile tells whether the file begins as a head chunk file must.
func chunkFile(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var b [chunks.HeadChunkFileHeaderSize]byte
	if _, err := io.ReadFull(f, b[:]); err != nil {
		return false
	}
	return binary.BigEndian.Uint32(b[:]) == chunks.MagicHeadChunks && b[chunks.MagicChunksSize] == 1
}

// repairBlocks moves blocks aside that cannot be opened.
func (r *rescue) repairBlocks() error {
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return err
	}
	for _, d := range entries {
		if _, err := ulid.ParseStrict(d.Name()); err != nil || !d.IsDir() {
			continue
		}
		b, err := tsdb.OpenBlock(nil, filepath.Join(r.dir, d.Name()), nil, nil)
		if err == nil {
			err = b.Close()
		}
		if err == nil || outside(err) {
			continue
		}
		if err := r.quarantine(d.Name(), "a block is damaged: "+err.Error()); err != nil {
			return err
		}
	}
	return nil
}
