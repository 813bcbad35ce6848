package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// An archiveWriter writes a backup: a tar archive whose last entry has the checksums
// of those before it, as sha256sum prints them.
type archiveWriter struct {
	tar     *tar.Writer
	sums    strings.Builder
	written int64
}

func newArchiveWriter(w io.Writer) *archiveWriter { return &archiveWriter{tar: tar.NewWriter(w)} }

// file adds size bytes of r.
func (a *archiveWriter) file(name string, size int64, r io.Reader) error {
	if err := a.tar.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o600, Size: size, ModTime: time.Now().Truncate(time.Second)}); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(a.tar, sum), io.LimitReader(r, size))
	a.written += n
	if err == nil && n < size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	fmt.Fprintf(&a.sums, "%x  %s\n", sum.Sum(nil), name)
	return nil
}

func (a *archiveWriter) bytes(name string, b []byte) error {
	return a.file(name, int64(len(b)), bytes.NewReader(b))
}

// path adds a file of the disk, which may grow meanwhile.
func (a *archiveWriter) path(name, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return a.file(name, info.Size(), f)
}

// close adds the checksums and ends the archive.
func (a *archiveWriter) close() error {
	if err := a.bytes(sumsName, []byte(a.sums.String())); err != nil {
		return err
	}
	return a.tar.Close()
}

// Bounds on what a backup may make its reader hold in memory.
const (
	maxManifestBytes = 64 << 10
	maxSumsBytes     = 256 << 20
)

// An archive is what was found in a backup that is whole.
type archive struct {
	manifest   manifest
	files      int
	bytes      int64
	workspaces map[string]bool
}

// An archiveReader reads a backup entry by entry.
type archiveReader struct {
	archive
	keep func(name string, r io.Reader) error // nil only checks
	sums map[string]string                    // of what was read, in hex
	done bool                                 // the checksums were there, and right
}

// readArchive reads the backup at path to its end, hands each file to keep if that is
// not nil, and holds the checksums against what it read. A file that is no backup, is
// cut off or was changed is refused.
func readArchive(ctx context.Context, path string, keep func(name string, r io.Reader) error) (archive, error) {
	f, err := os.Open(path)
	if err != nil {
		return archive{}, err
	}
	defer f.Close()
	a := archiveReader{keep: keep, sums: map[string]string{}, archive: archive{workspaces: map[string]bool{}}}
	if err := a.all(ctx, f); err != nil {
		return archive{}, fmt.Errorf("%s: %w", path, err)
	}
	return a.archive, nil
}

func (a *archiveReader) all(ctx context.Context, r io.Reader) error {
	entries := tar.NewReader(bufio.NewReaderSize(r, 1<<20))
	for first := true; ; first = false {
		h, err := entries.Next()
		switch {
		case errors.Is(err, io.EOF) && a.done:
			return ctx.Err()
		case err != nil && first:
			return fmt.Errorf("it is not a backup of Hearth: %w", err)
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return errors.New("the backup is cut off: its end is missing")
		case err != nil:
			return fmt.Errorf("the backup is damaged: %w", err)
		case first && h.Name != manifestName:
			return fmt.Errorf("it is not a backup of Hearth: it begins with %q", h.Name)
		case a.done:
			return fmt.Errorf("the backup is damaged: %q comes after its end", h.Name)
		}
		if err := a.entry(h, entries); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// entry reads one entry whole.
func (a *archiveReader) entry(h *tar.Header, r io.Reader) error {
	if h.Typeflag != tar.TypeReg || !filepath.IsLocal(h.Name) || strings.ContainsAny(h.Name, "\\\n") {
		return fmt.Errorf("the backup is damaged: it has no business with %q", h.Name)
	}
	if _, twice := a.sums[h.Name]; twice {
		return fmt.Errorf("the backup is damaged: it has %q twice", h.Name)
	}
	sum := sha256.New()
	r = io.TeeReader(r, sum)
	var err error
	switch h.Name {
	case manifestName:
		err = a.readManifest(r)
	case sumsName:
		return a.readSums(r)
	default:
		err = a.readFile(h, r)
	}
	if err == nil {
		_, err = io.Copy(io.Discard, r) // what keep left
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the backup is cut off: its end is missing")
	}
	a.sums[h.Name] = hex.EncodeToString(sum.Sum(nil))
	return err
}

func (a *archiveReader) readManifest(r io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(r, maxManifestBytes))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &a.manifest); err != nil || a.manifest.Format < 1 || len(a.manifest.Hearth) > 100 {
		return fmt.Errorf("it is not a backup of Hearth: %s cannot be read", manifestName)
	}
	if a.manifest.Format > archiveFormat {
		return fmt.Errorf("a newer Hearth (%q) wrote this backup: its format is %d and this program knows %d", a.manifest.Hearth, a.manifest.Format, archiveFormat)
	}
	return nil
}

func (a *archiveReader) readFile(h *tar.Header, r io.Reader) error {
	a.files++
	a.bytes += h.Size
	if rest, ok := strings.CutPrefix(h.Name, samplesDir+"/"); ok {
		if id, _, _ := strings.Cut(rest, "/"); !isUsage(id) {
			a.workspaces[id] = true
		}
	}
	if a.keep == nil {
		return nil
	}
	return a.keep(h.Name, r)
}

// isUsage tells of the samples that are no workspace of anybody's: an account's usage.
func isUsage(id string) bool { return strings.HasPrefix(id, "ws-00000000-0000-0000-0000-") }

// readSums compares the checksums, which must be of all that was read and no more.
func (a *archiveReader) readSums(r io.Reader) error {
	lines := bufio.NewScanner(io.LimitReader(r, maxSumsBytes))
	n := 0
	for ; lines.Scan(); n++ {
		sum, name, ok := strings.Cut(lines.Text(), "  ")
		if got, read := a.sums[name]; !ok || !read {
			return fmt.Errorf("the backup is damaged: %q is missing from it", name)
		} else if got != sum {
			return fmt.Errorf("the backup is damaged: the checksum of %q does not hold", name)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("the backup is damaged: %w", err)
	}
	if n != len(a.sums) || n < 2 {
		return fmt.Errorf("the backup is damaged: it has checksums of %d files out of %d", n, len(a.sums))
	}
	a.done = true
	return nil
}
